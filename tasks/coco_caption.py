"""COCO Caption, val2017
paper: arXiv 1504.00325
year: 2015
family: caption
modality: image
size: 5000
split: val
groups: caption
aliases: coco_cap, coco2017_cap_val, coco_val
licence: annotations CC BY 4.0; images under Flickr's terms
metric: CIDEr-D times 100 (0 to 1000) of all captions, the words' weights from the references of what was graded, so
    that a part of the data does not compare with all; BLEU-1 to BLEU-4 and ROUGE-L in percent
official: salaniz/pycocoevalcap@ad63453, the COCO team's code; lmms-eval uses it
judge: none
prompt: the toolkit's "Please describe this image in general. ...", as the official wrapper sends it; it invites long
    captions, and length decides CIDEr. lmms-eval asks for a one-sentence caption of at most 64 tokens
differs: VLMEvalKit neither tokenises nor lower-cases, so that "dog." is not "dog". The official protocol tokenises
    as in the Penn Treebank, without Java: about one plain caption in 1500 comes out otherwise (metrics/penn.py).
    METEOR and SPICE, which need Java, are left out. One caption's grade is its ROUGE-L, because CIDEr is only
    defined of many; bounds suppose 0 and 10 as the CIDEr of what is ungraded.
"""

from sailbench.metrics.penn import penn_words
from sailbench.prompts import as_it_is
from sailbench.rows import Hub, Row, Tsv
from sailbench.rules.captions import as_written, by_ngrams, captions
from sailbench.types import Sample, Sampling

REQUEST = (
    "Please describe this image in general. Directly provide the description, "
    'do not include prefix like "This image depicts". '
)


def read(row: Row) -> Sample:
    hub = row.has("question_id")  # its question is another toolkit's
    return Sample(
        id=row.text("index", "question_id", "filename", default=str(row.number)),
        question=REQUEST if hub else row.text("question", default=REQUEST),
        target=tuple(map(str, row.list("answer" if row.has("answer") else "sentences"))),
        media=row.images("image"),
    )


TASK = captions(
    read,
    as_it_is,
    Sampling(),
    rules={"opencompass": by_ngrams(as_written), "official": by_ngrams(penn_words)},
    sources=(
        Hub(repo="lmms-lab-encoder/COCO-Caption2017", split="val"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/COCO_VAL.tsv",
            md5="72a5079dead060269ac222c5aa5128af",
        ),
    ),
)
