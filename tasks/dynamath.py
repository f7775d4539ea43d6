"""DynaMath, ten variants of each question
paper: arXiv 2411.00836
year: 2024
family: math_science_reasoning
modality: image
size: 5010
split: test
groups: reasoning, paper, math
licence: Apache-2.0
metric: worst case: questions (501) that are answered rightly in all ten variants; metric average: over all 5010
official: DynaMath/DynaMath@598c3c3 evaluation/opensource_json_eval.py (whose last lines are no Python)
judge: required (gpt-4o-mini, an extractor, where no short answer can be read)
published: SAIL-VL2-2B 10.18, SAIL-VL2-AnyRes-2B 10.58, SAIL-VL2-8B 17.76, SAIL-VL2-A3B 19.76,
    SAIL-VL2-2B-Thinking 20.2, SAIL-VL2-8B-Thinking 33.5, SAIL-VL2-A3B-Thinking 34.1 (all worst case)
prompt: the question alone, as the official wrapper sends it; the authors and VLMEvalKit's data set ask for JSON with a
    solution and a short answer
differs: VLMEvalKit reads the JSON's short answer or the whole reply: a number (the first word; "2π" is one, "1/2" and a
    number in JSON without quotes are not), the only letter A to E that occurs, or text that the gold text contains;
    then it asks an extractor. An empty text would be right there; here it is wrong. The authors take the short answer,
    else the last line without its last sign (so that a bare "B" or "3.142" is wrong), and find a text right that
    contains the gold text. Both allow 0.001. VLMEvalKit's own headline is the average. lmms-eval has a model judge.
"""

from sailbench.aggregate import SAMPLES, UNITS_ALL_RIGHT
from sailbench.families import choice
from sailbench.prompts import as_it_is
from sailbench.rows import Hub, Row, Tsv
from sailbench.rules.mathematics import by_short_answer, by_short_answer_in_kit, over
from sailbench.types import Sample

PLACES = (
    *("algebra", "analytic geometry", "arithmetic", "graph theory", "plane geometry", "puzzle test"),
    *("scientific figure", "solid geometry", "statistics"),
    *("elementary school", "high school", "undergraduate"),
)


def read(row: Row) -> Sample:
    question = row.text("qid", "id", "index", default=str(row.number))
    variant = row.text("varid", "question_id", default=row.part or str(row.number))
    places = {"subject": row.text("subject"), "level": row.text("knowledge_level", "level")}
    return Sample(
        id=row.text("index", default=f"{question}_{variant}"),
        question=row.text("question"),
        target=row.text("answer", "ground_truth"),
        media=row.images("decoded_image") or row.images("image"),
        # One question of the authors' has "analytic     geometry".
        group={name: " ".join(place.split()) for name, place in places.items() if place},
        unit=question,
        extra={"answer_type": row.text("answer_type")},
    )


TASK = choice(
    read,
    text=as_it_is,
    rules={"opencompass": by_short_answer_in_kit("dynamath"), "official": by_short_answer},
    headline=UNITS_ALL_RIGHT,
    metrics={
        "average": SAMPLES,
        **{f"average, {place}": over(lambda g, own=place: own in g.sample.group.values()) for place in PLACES},
    },
    rubric="dynamath",
    sources=(
        Hub(repo="kcz358/DynaMath", split="test"),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/DynaMath.tsv",
            md5="b8425ad9a7114571fc9366e013699494",
        ),
    ),
)
