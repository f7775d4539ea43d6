"""OmniSpatial, test split
paper: arXiv 2506.03135
year: 2025
family: spatial
modality: image
size: 1533
split: test
groups: spatial
aliases: omnispatialbench, omnispatial_test
licence: Apache-2.0
metric: accuracy over all questions; in each of four dimensions and ten tasks too
official: qizekun/OmniSpatial@208bac2 vlms_eval/qwenvl_eval.py
judge: none here
prompt: question, option lines, letter hint, as the official wrapper words them. The authors put a system prompt with
    guidelines before the question and ask for a last line "Answer: X"
differs: VLMEvalKit reads by its rule for spatial benchmarks: tags, the last lines, phrases; with an API key it has an
    LLM grade the reply instead, which is not here. The authors' default reads the last "Answer: X" only, so that
    under their rule replies to a letter hint are unread; where there is none they take A, here the reply is wrong.
    They run the whole set five times. lmms-eval has their rule and prompt.
"""

from sailbench.families import choice, rule
from sailbench.metrics.spatial_answers import concluding_letter
from sailbench.metrics.spatial_letters import answer_line_letter
from sailbench.rows import Hub, Row, Tsv
from sailbench.types import Sample

from ._choices import letter_of, of_reply, present, tabled


def read(row: Row) -> Sample:
    return tabled(
        row,
        id=row.text("id", "index", default=str(row.number)),
        target=letter_of(row.text("gt", "answer")),
        choices=row.choices(),
        group=present({"dimension": row.text("task_type"), "task": row.text("sub_task_type")}),
    )


TASK = choice(
    read,
    rules={"opencompass": rule(of_reply(concluding_letter)), "official": rule(of_reply(answer_line_letter))},
    sources=(
        Hub(repo="pangyyyyy/OmniSpatial", split="test", media=("*.png", "*.jpg", "*.zip")),
        Tsv(
            url="https://huggingface.co/datasets/lmms-lab-si/EASI-Leaderboard-Data/resolve/main/OmniSpatialBench.tsv",
            md5="5d0896fc57c452055b020cc309ed799b",
        ),
    ),
)
