"""MMSI-Bench
paper: arXiv 2505.23764
year: 2025
family: spatial
modality: multi_image
size: 1000
split: test
groups: spatial, multi_image
aliases: mmsi, mmsibench_wo_circular
licence: CC BY-NC 4.0
metric: accuracy over all questions; in each of eleven categories too
official: InternRobotics/MMSI-Bench@5de2f3d README.md (answer extraction), vlmeval/dataset/mmsi_bench.py
judge: optional
prompt: question, option lines, letter hint. The official wrapper leaves out the authors' request for back-ticks; the
    hub has the options in the question's text
differs: VLMEvalKit reads by its rule for spatial benchmarks: tags, the last lines, phrases (an article A counts as
    A); with an API key it has an LLM grade the reply instead, which is not here. The authors read the first capital A
    to D that has no word behind it, between back-ticks or braces if there are any, and ask an LLM where there is
    none. lmms-eval reads A to F in any case and asks none. VLMEvalKit once had a circular variant; the paper uses the
    plain one.
"""

from sailbench.families import choice, option, rule
from sailbench.metrics.spatial_answers import concluding_letter
from sailbench.metrics.spatial_letters import quoted_letter
from sailbench.rows import Hub, Row, Tsv
from sailbench.types import Sample

from ._choices import inline_options, of_reply, present, tabled

SHORT = {"Positional Relationship": "Pos", "Attribute": "Attr"}


def read(row: Row) -> Sample:
    own = tabled(row)
    question, choices = (own.question, own.choices) if own.choices else inline_options(own.question)
    return tabled(
        row,
        question=question,
        choices=choices,
        media=own.media or row.images("images"),
        group=present({"category": category(row.text("category", "question_type"))}),
    )


def category(name: str) -> str:
    """The toolkit's short name, Pos-Cam-Obj, of the hub's, "Positional Relationship (Cam.–Obj.)"."""
    kind, bracket, inside = name.partition(" (")
    places = inside.strip("()").replace(".", "").replace("\N{EN DASH}", "-")
    return f"{SHORT.get(kind, kind)}-{places}" if bracket else name


TASK = choice(
    read,
    rules={
        "opencompass": rule(of_reply(concluding_letter)),
        "official": rule(of_reply(quoted_letter), verdict=option),
    },
    sources=(
        Hub(repo="RunsenXu/MMSI-Bench", split="test"),
        Tsv(
            url="https://huggingface.co/datasets/lmms-lab-si/EASI-Leaderboard-Data/resolve/main/MMSIBench_wo_circular.tsv",
            md5="548c5f33f1a12948d5355d5f600749e4",
        ),
    ),
    rubric="option",
)
