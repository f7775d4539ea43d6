"""CHAIR, objects in descriptions that are not in the image; lower is better
paper: arXiv 1809.02156
year: 2018
family: hallucination
modality: image
size: unknown
split: test (papers take 500 images of COCO val2014)
groups: hallucination, caption
aliases: chair, coco_cap_chair
licence: annotations of COCO CC BY 4.0; images under Flickr's terms
metric: CHAIR_s, descriptions that name an object which is not there, in percent; CHAIR_i, such mentions among all
    mentions; recall of the objects that are there. The first two are better when lower
official: LisaAnne/Hallucination@6e4d33c utils/chair.py
judge: none
prompt: "Please describe this image in detail.", as lmms-eval; at most 512 tokens, as in papers, because CHAIR grows
    with length (lmms-eval allows 2048). VLMEvalKit has no such task
differs: the words that name COCO's 80 objects are a list of our own, about three quarters of the authors'; with
    theirs (data/synonyms.txt of their repository) laid beside the rows as synonyms.txt, it is theirs. Words are made
    singular as the authors' package does, which takes an s off singulars too: "bus" and "ties" name nothing, "buses"
    does. Mentions are counted with repetition. lmms-eval takes lemmas by part of speech instead, which differs for
    such words and for verbs, and has the recall; the authors print shares, not percent. A description that names
    no object counts as free of errors and adds nothing to CHAIR_i, which is undefined if none does (both scripts
    divide by zero). An empty one is free of errors in both scripts; here it fails and is counted as unparsed.
"""

from collections.abc import Sequence
from pathlib import Path

from sailbench.families import asking
from sailbench.metrics.coco_objects import named_objects, vocabulary
from sailbench.prompts import as_it_is
from sailbench.rows import Hub, Row
from sailbench.task import Task
from sailbench.types import Graded, Reply, Sample, Sampling, Score

REQUEST = "Please describe this image in detail."


def read(row: Row) -> Sample:
    return Sample(
        id=row.text("question_id", "image_id", default=str(row.number)),
        question=REQUEST,
        target=tuple(map(str, row.list("gt_object"))) if "gt_object" in row else None,
        media=row.images("image"),
        extra={"synonyms": synonyms(row)},
    )


def synonyms(row: Row) -> str:
    """The authors' list of words, if it lies beside the rows."""
    if row.root is None:
        return ""
    held = row.find("synonyms.txt") if row.find else row.root / "synonyms.txt"
    if isinstance(held, Path):
        return held.read_text(encoding="utf-8") if held.is_file() else ""
    return held.read().decode() if held else ""


def by_mentions(sample: Sample, reply: Reply) -> Score:
    if sample.target is None:  # an image without objects has an empty list
        return Score(None, None, "the row does not say which objects are there")
    named = named_objects(reply.text, vocabulary(sample.extra["synonyms"]))
    absent = [name for name in named if name not in sample.target]
    there = set(sample.target)
    parts = {"mentions": len(named), "absent": len(absent), "found": len(there & set(named)), "objects": len(there)}
    if not reply.text.strip():
        return Score(1.0, None, "an empty description is none without errors", parts)
    why = f"not there: {', '.join(dict.fromkeys(absent))}" if absent else "names nothing that is not there"
    return Score(float(bool(absent)), ", ".join(named), why, parts)


def ratio(graded: Sequence[Graded], some: str, all_of: str) -> float | None:
    """Over all descriptions together."""
    whole = sum(g.score.parts.get(all_of, 0) for g in graded)
    return sum(g.score.parts.get(some, 0) for g in graded) / whole if whole else None


TASK = Task(
    read=read,
    ask=asking(as_it_is, Sampling(max_tokens=512)),
    rules={"official": by_mentions},
    metrics={
        "CHAIR_i": lambda graded: ratio(graded, "absent", "mentions"),
        "recall": lambda graded: ratio(graded, "found", "objects"),
    },
    higher_is_better=False,
    sources=(Hub(repo="tsunghanwu/mscoco_chair", split="test"),),
)
