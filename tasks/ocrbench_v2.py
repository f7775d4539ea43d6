"""OCRBench v2
paper: arXiv 2501.00321
year: 2024
family: document_ocr_chart
modality: image
size: 10000
split: test, English and Chinese
groups: ocr, doc, multilingual
aliases: ocrbenchv2
licence: MIT (evaluation), images keep their own
metric: mean of two scores, en_overall and cn_overall, which the authors print apart; each is the mean of its abilities
    (eight and five), each of those the mean over its questions of thirty kinds
official: Yuliang-Liu/MultimodalOCR@794c36d OCRBench_v2/eval_scripts
judge: none
prompt: the question alone. The official wrapper would ask for a single word or phrase of every page and table
differs: VLMEvalKit has the authors' scripts, on a scale of 0 to 1. METEOR, a quarter of the score of page texts and
    translations, is matched by words and stems, without nltk's third stage (synonyms from WordNet, a download), so that
    paraphrases score a little less. An empty reply is 0; the scripts give it something for a document's outline, whose
    lines they count without reading them. An option must be the only letters of the reply ("A. cat" is wrong), a short
    answer need only be contained, a chart's values are compared sign by sign. Where the scripts stop (a true text of
    no signs, a table asked for in neither HTML nor Markdown) a text is wrong and a row ungraded. Both overall scores
    are weighed by their numbers of questions in lmms-eval, which also grades an empty evaluation kind otherwise.
"""

from sailbench import prompts
from sailbench.aggregate import macro, mean_of, within
from sailbench.families import asking, needs_target
from sailbench.rows import Hub, Row, Tsv
from sailbench.task import Task
from sailbench.types import Reply, Sample, Sampling, Score

from ._ocrbench_v2 import ABILITIES, COMPARISONS, UngradableError


def read(row: Row) -> Sample:
    kind, way = row.text("type", "category"), row.text("eval")
    shown = {name: row.list(name) if row.text(name) != f"without {name}" else [] for name in ("bbox", "content")}
    return Sample(
        id=row.text("index", "id", default=str(row.number)),
        question=row.text("question"),
        target=tuple(row.list("answers" if row.has("answers") else "answer")),
        media=row.images("image") or row.images("image_path"),
        group={"type": kind, "ability": ABILITIES.get(kind, ""), "language": kind[-2:]},
        extra={
            "way": way if way in ("multiple choice", "case sensitive", "exact match", "regression") else "",
            **shown,
        },
    )


@needs_target
def grade(sample: Sample, reply: Reply) -> Score:
    compare = COMPARISONS.get(sample.group["type"])
    if compare is None:
        return Score(None, None, f"no rule for the kind {sample.group['type']!r}")
    if not reply.text.strip():
        return Score(0.0, None, "empty")
    try:
        # A tree that is more wrong than right is below 0 to the scripts and lowers their mean; a grade here is not.
        return Score(max(0.0, compare(reply.text, sample)), reply.text.strip(), "the kind's own comparison")
    except UngradableError as reason:
        return Score(None, None, str(reason))


LANGUAGES = {f"{code}_overall": within("language", code, macro("ability")) for code in ("en", "cn")}
TASK = Task(
    read=read,
    ask=asking(prompts.as_it_is, Sampling(detail="dense", max_tokens=4096)),
    rules={"opencompass": grade},
    headline=mean_of(*LANGUAGES.values()),
    metrics={
        **LANGUAGES,
        **{name: within("ability", name, macro("ability")) for name in dict.fromkeys(ABILITIES.values())},
    },
    sources=(
        Hub(repo="ling99/OCRBench_v2", split="test"),
        Tsv(
            url="https://huggingface.co/datasets/QYWH/ocrbench_v2/resolve/main/OCRBench_v2.tsv?download=true",
            md5="65d04fe07b4d4ee33e73fc8e7d4d46b0",
        ),
    ),
)
