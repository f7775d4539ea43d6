"""nocaps, captions of objects that COCO does not have, validation split
paper: arXiv 1812.08658
year: 2018
family: caption
modality: image
size: 4500
split: validation: in-domain, near-domain, out-domain
groups: caption
aliases: nocaps
licence: captions CC BY 2.0; images of Open Images, CC BY 2.0
metric: CIDEr-D times 100 (0 to 1000) of all captions, the words' weights from the references of what was graded, so
    that a part of the data does not compare with all; BLEU-1 to BLEU-4 and ROUGE-L in percent
official: salaniz/pycocoevalcap@ad63453 as EvolvingLMMs-Lab/lmms-eval@75571cfe lmms_eval/tasks/nocaps/utils.py uses it;
    the authors' evaluation server is not public
judge: none
prompt: lmms-eval's, at most 64 tokens; VLMEvalKit has no such task
differs: the official tokeniser needs Java; here it is done without, and about one plain caption in 1500 comes out
    otherwise (metrics/penn.py). METEOR and SPICE, which need Java, are left out. lmms-eval prints CIDEr from 0 to
    10. The domains (group domain) are evaluated each with the words' weights of its own references. One caption's
    grade is its ROUGE-L, because CIDEr is only defined of many; bounds suppose 0 and 10 as the CIDEr of what is
    ungraded.
"""

from sailbench.metrics.penn import penn_words
from sailbench.prompts import as_it_is
from sailbench.rows import Hub, Row
from sailbench.rules.captions import by_ngrams, captions
from sailbench.types import Sample, Sampling

REQUEST = "Provide a one-sentence caption for the provided image."


def read(row: Row) -> Sample:
    domain = row.text("image_domain", "domain")
    return Sample(
        id=row.text("image_id", default=str(row.number)),
        question=REQUEST,
        target=tuple(map(str, row.list("annotations_captions"))),
        media=row.images("image"),
        group={"domain": domain} if domain else {},
    )


TASK = captions(
    read,
    as_it_is,
    Sampling(max_tokens=64),
    rules={"official": by_ngrams(penn_words)},
    sources=(Hub(repo="lmms-lab-encoder/NoCaps", split="validation"),),
)
