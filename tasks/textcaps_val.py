"""TextCaps, captions that read the text in the image, validation split
paper: arXiv 2003.12462
year: 2020
family: caption
modality: image
size: 3166
split: val
groups: caption, ocr
aliases: textcaps
licence: captions CC BY 4.0; images of Open Images, CC BY 2.0
metric: CIDEr-D times 100 (0 to 1000) of all captions, the words' weights from the references of what was graded, so
    that a part of the data does not compare with all; BLEU-1 to BLEU-4 and ROUGE-L in percent
official: salaniz/pycocoevalcap@ad63453 as EvolvingLMMs-Lab/lmms-eval@75571cfe lmms_eval/tasks/textcaps/utils.py uses it
judge: none
prompt: lmms-eval's, at most 64 tokens; nothing in it asks for the text. VLMEvalKit has no such task
differs: the official tokeniser needs Java; here it is done without, and about one plain caption in 1500 comes out
    otherwise (metrics/penn.py). METEOR and SPICE, which need Java, are left out. lmms-eval prints CIDEr from 0 to
    10. One caption's grade is its ROUGE-L, because CIDEr is only defined of many; bounds suppose 0 and 10 as the
    CIDEr of what is ungraded.
"""

from sailbench.metrics.penn import penn_words
from sailbench.prompts import as_it_is
from sailbench.rows import Hub, Row
from sailbench.rules.captions import by_ngrams, captions
from sailbench.types import Sample, Sampling

REQUEST = "Provide a one-sentence caption for the provided image."


def read(row: Row) -> Sample:
    return Sample(
        id=row.text("question_id", "image_id", default=str(row.number)),
        question=REQUEST,
        target=tuple(map(str, row.list("caption_str" if row.has("caption_str") else "reference_strs"))),
        media=row.images("image"),
    )


TASK = captions(
    read,
    as_it_is,
    Sampling(max_tokens=64),
    rules={"official": by_ngrams(penn_words)},
    sources=(Hub(repo="lmms-lab-encoder/TextCaps", split="val"),),
)
