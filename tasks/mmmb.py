"""MMMB, six languages
paper: arXiv 2406.02539
year: 2024
family: multilingual
modality: image
size: 12000
split: test
groups: multilingual
licence: Apache-2.0 (the repository; see the data set's card)
metric: mean of the six languages' accuracies; the accuracy in each language is its own number
official: AIDC-AI/Parrot@989d6d0 VLMEvalKit/vlmeval (the authors' copy of the toolkit of August 2024)
judge: optional
prompt: question, option lines, letter hint (in Chinese where the text holds Chinese, else in English)
differs: VLMEvalKit prints one number a language, in fractions of 1, and no mean; nothing is circular. The authors'
    copy has the option rule of its time: a lone letter anywhere, replies of any length. Labels are Latin letters; the
    Cyrillic and Arabic ones are unread. The authors removed some questions, so that a language may have less than 2000.
"""

from sailbench.aggregate import SAMPLES, macro
from sailbench.extract import option_match_of_2024
from sailbench.families import by_option_match, choice, options_read_by, rule
from sailbench.rows import Row, Tsv
from sailbench.types import Sample

from ._choices import present, tabled

URL = "https://huggingface.co/datasets/AIDC-AI/Parrot-dataset/resolve/main/mmmb"
FILES = {
    "ar": "f3a18b6385f1d9701840aa42de27aead",
    "cn": "13ed82fa89730037292fcaa27f08f430",
    "en": "1cd781a71ec5a2983c090b84105d6a01",
    "pt": "548ea2b3bb2da991790386f0015d30d1",
    "ru": "ce1cc8a0533425ab0d86b326ebfc2984",
    "tr": "0733739d43090327975294292bc5cd67",
}


def read(row: Row) -> Sample:
    # "mmmb_ar" is a file here and a data set in VLMEvalKit, which numbers the rows of all six anew.
    code = row.text("SUB_DATASET", default=row.part).lower().rpartition("_")[2]
    index = row.text("original_index", "index", default=str(row.number))
    return tabled(
        row,
        id=f"{code}_{index}" if code in FILES else index,
        group=present({"language": code if code in FILES else "unknown", "category": row.text("category")}),
    )


older = options_read_by(option_match_of_2024)

TASK = choice(
    read,
    rules={"opencompass": by_option_match, "official": rule(older, verdict=older)},
    headline=macro("language"),
    metrics={"micro": SAMPLES},
    sources=tuple(Tsv(url=f"{URL}/mmmb_{code}.tsv", md5=md5) for code, md5 in FILES.items()),
    rubric="option",
)
