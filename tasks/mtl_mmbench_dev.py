"""Multilingual MMBench, dev split, six languages
paper: arXiv 2406.02539
year: 2024
family: multilingual
modality: image
size: 25974
split: dev
groups: multilingual
aliases: mtl_mmbench, multilingual_mmbench
licence: Apache-2.0 (the repository; see the data set's card)
metric: mean of the six languages' shares of questions that are answered rightly in every rotation of their options
official: AIDC-AI/Parrot@989d6d0 VLMEvalKit/vlmeval (the authors' copy of the toolkit of August 2024)
judge: optional
prompt: hint line if there is one, question, option lines, letter hint (in Chinese where the text holds Chinese, else
    in English)
differs: VLMEvalKit prints one number a language, in fractions of 1, and no mean. Rotations belong together within a
    language. The authors' copy has the option rule of its time: a lone letter anywhere, replies of any length. Labels
    are Latin letters; Cyrillic and Arabic ones are unread. Unread rotations go to an LLM; without one they fail.
"""

from dataclasses import replace

from sailbench.aggregate import UNITS_ALL_RIGHT, Mean, macro
from sailbench.extract import option_match_of_2024
from sailbench.families import by_option_match, circular_choice, first_of_unit, options_read_by, rule
from sailbench.rows import Row, Tsv
from sailbench.types import Sample

from . import _mmbench

URL = "https://huggingface.co/datasets/AIDC-AI/Parrot-dataset/resolve/main/mmbench"
FILES = {
    "ar": "4271b4a0d0200e1a86380a878e0d64a4",
    "cn": "2ed5135326fed02c8e51ea50dda8222f",
    "en": "d9ab776fc018b3d45785e9a5c23431c2",
    "pt": "4ddfbcd27ef12444b908c03831cd0295",
    "ru": "5ba1171ff2e68f80637bf78349e402a5",
    "tr": "4fab39d501389d3d6cc90264bb708f11",
}


def read(row: Row) -> Sample:
    # "mmbench_dev_ar" is a file here and a data set in VLMEvalKit, which numbers the rows of all six anew.
    code = row.text("SUB_DATASET", default=row.part).lower().rpartition("_")[2]
    language = code if code in FILES else "unknown"
    index = _mmbench.number(row, "original_index" if row.has("original_index") else "index")
    question = _mmbench.number(row, "g_index") if row.has("g_index") else index % _mmbench.ROTATION
    own = _mmbench.read(row)
    group = {"language": language, **own.group}
    return replace(own, id=f"{language}_{index}", unit=f"{language}_{question}", group=group)


older = options_read_by(option_match_of_2024)

TASK = circular_choice(
    read,
    rules={"opencompass": by_option_match, "official": rule(older, verdict=older)},
    headline=macro("language", UNITS_ALL_RIGHT),
    metrics={
        "plain": macro("language"),
        "first_rotation": macro("language", Mean(first_of_unit)),
        "micro": UNITS_ALL_RIGHT,
    },
    sources=tuple(Tsv(url=f"{URL}/mmbench_dev_{code}.tsv", md5=md5) for code, md5 in FILES.items()),
    rubric="option",
)
