"""ERQA
paper: arXiv 2503.20020
year: 2025
family: spatial
modality: multi_image
size: 400
split: test
groups: spatial, multi_image
aliases: erqa_test
licence: CC BY 4.0
metric: accuracy over all questions; in each of eight question types too
official: EvolvingLMMs-Lab/lmms-eval@75571cfe lmms_eval/tasks/erqa/utils.py; embodiedreasoning/ERQA (not read)
judge: none
prompt: question, which holds its options, and the wrapper's single-word line. Images stand where the question marks
    them (<image>), or where `visual_indices`, places in the question's text, put them, else in front. The official
    wrapper leaves the marks as text and would count each as one more image
differs: VLMEvalKit has two data sets of this name; the one that it finds compares the whole reply with the letter, in
    any case: "A." and "(A)" are wrong. The other (EASI's file, read by the rule for spatial benchmarks) cannot be
    reached there. lmms-eval takes the letter at the surest place, and puts all images in front.
"""

from sailbench.families import choice, rule, whole_reply
from sailbench.metrics.option_letters import surest_letter
from sailbench.prompts import for_a_phrase
from sailbench.rows import Hub, Row, Tsv
from sailbench.types import MEDIA_MARK, Sample

from ._choices import of_reply, present, tabled

MARK = "<image>"


def read(row: Row) -> Sample:
    media = row.images("image") or row.images("image_path") or row.images("images")
    places = [int(place) for place in row.list("visual_indices")]
    places = places if len(places) == len(media) and any(places) else []
    order = sorted(range(len(places)), key=places.__getitem__) or range(len(media))
    return tabled(
        row,
        id=row.text("question_id", "index", default=str(row.number)),
        media=tuple(media[i] for i in order),
        choices={},
        group=present({"type": row.text("question_type", "category")}),
        extra={"places": sorted(places)},
    )


def text(sample: Sample) -> str:
    said = for_a_phrase(sample)
    if MARK in said:
        return said.replace(MARK, MEDIA_MARK, len(sample.media))
    for place in reversed(sample.extra["places"]):
        said = said[:place] + MEDIA_MARK + said[place:]
    return said


def is_letter(answer: str, sample: Sample) -> float:
    return float(answer.lower() == sample.target.strip().lower())


TASK = choice(
    read,
    text=text,
    rules={"opencompass": rule(whole_reply, is_letter), "official": rule(of_reply(surest_letter))},
    sources=(
        Hub(repo="FlagEval/ERQA", split="test"),
        Tsv(url="https://huggingface.co/datasets/RunsenXu/ERQA/resolve/main/ERQA.tsv"),
    ),
)
