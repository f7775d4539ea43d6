"""AI2D, test split, labels in the diagrams replaced by letters
paper: arXiv 1603.07396
year: 2016
family: document_ocr_chart
modality: image
size: 3088
split: test
groups: opencompass, paper, chart
aliases: ai2d_test
licence: see the data set's card
metric: accuracy over all questions
official: EvolvingLMMs-Lab/lmms-eval@75571cfe lmms_eval/tasks/ai2d (the authors' work predates models that reply)
judge: optional
published: SAIL-VL2-2B 83.00, SAIL-VL2-AnyRes-2B 82.67, SAIL-VL2-8B 87.73, SAIL-VL2-A3B 86.63
prompt: question, option lines, letter hint
differs: VLMEvalKit reads by its option rule. lmms-eval takes "X." at the start, else the whole reply without its
    punctuation must be the letter, in any case: "B) leaf" and "The answer is B" are wrong. On the hub the key is a
    position from 0. The variant with labels left in (no mask) is another, easier benchmark.
"""

from sailbench.families import by_option_match, choice, options_read_by, rule
from sailbench.metrics.option_letters import letter_alone
from sailbench.rows import Hub, Row, Tsv
from sailbench.types import Sample

from ._choices import letter_of, tabled


def read(row: Row) -> Sample:
    return tabled(row, target=letter_of(row.text("answer")))


TASK = choice(
    read,
    rules={"opencompass": by_option_match, "official": rule(options_read_by(letter_alone))},
    sources=(
        Hub(repo="lmms-lab-encoder/ai2d", split="test"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/AI2D_TEST.tsv",
            md5="0f593e0d1c7df9a3d69bf1f947e71975",
        ),
    ),
    rubric="option",
)
