"""CV-Bench, 2D and 3D
paper: arXiv 2406.16860
year: 2024
family: spatial
modality: image
size: 2638
split: test
groups: spatial, counting
aliases: cvbench, cv_bench_2d_3d
licence: Apache-2.0 (the data set's card; images keep their own)
metric: mean of 2D and 3D; 2D is the mean of the accuracies on its two image sources, 3D is the accuracy on Omni3D
official: cambrian-mllm/cambrian@539ffc3 eval/eval/ade/ade_test.py, coco/coco_test.py, omni/omni_test.py
judge: optional
prompt: question, option lines, letter hint; the official wrapper does not use the data's own `prompt` column
differs: VLMEvalKit has 2D and 3D as two data sets, prints both and no mean, and reads by its option rule. The authors
    take the first character behind the last announcement, whatever it is: "Dog" is D, "the answer is: B" a colon.
    lmms-eval prints the mean over all questions (metric micro), and reads a letter at the start only.
"""

from sailbench.aggregate import SAMPLES, macro, mean_of, within
from sailbench.extract import Found
from sailbench.families import by_option_match, choice, rule
from sailbench.metrics.spatial_letters import leading_character
from sailbench.rows import Hub, Row, Tsv
from sailbench.types import Sample

from ._choices import lettered, present, tabled


def read(row: Row) -> Sample:
    own = tabled(row)
    kind = row.text("type", "split").upper()
    return tabled(
        row,
        # The two TSV files may both count from 0.
        id=row.text("idx") or f"{kind}_{own.id}",
        target=own.target.strip("()"),
        choices=lettered(row.list("choices")) or own.choices,
        group=present({"type": kind, "source": row.text("source"), "task": row.text("task", "category")}),
    )


def as_authors_read(text: str, sample: Sample) -> Found | None:
    return leading_character(text, ".:," if in_3d(sample) else ".")


def is_letter_or_text(answer: str, sample: Sample) -> float:
    """The letter; of 3D questions also the right option's text, where that is one character."""
    text = sample.choices.get(sample.target, "")
    return float(answer == sample.target or (in_3d(sample) and answer.lower() == text))


def in_3d(sample: Sample) -> bool:
    return sample.group.get("type") == "3D"


PARTS = {"2D": within("type", "2D", macro("source")), "3D": within("type", "3D")}

TASK = choice(
    read,
    rules={"opencompass": by_option_match, "official": rule(as_authors_read, is_letter_or_text)},
    headline=mean_of(*PARTS.values()),
    metrics={**PARTS, "micro": SAMPLES},
    sources=(
        Hub(repo="nyu-visionx/CV-Bench", split="test"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/CV-Bench-2D.tsv",
            md5="a7cff4cc2857cc237ee2b89e62bccb2d",
        ),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/CV-Bench-3D.tsv",
            md5="bb94c0d568d652d15b60e001ac40a170",
        ),
    ),
    rubric="option",
)
