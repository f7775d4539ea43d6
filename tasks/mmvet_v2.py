"""MM-Vet v2
paper: arXiv 2408.00765
year: 2024
family: general
modality: multi_image
size: 517
split: test
groups: general, multi_image
aliases: mm_vet_v2, mmvetv2
licence: CC BY-NC 4.0 (data), Apache-2.0 (code)
metric: mean grade, 0.0 to 1.0 in steps of 0.1, over all questions, in percent; the same for each capability
official: yuweihao/MM-Vet@acde843 v2/mm-vet-v2_evaluator.py
judge: required (gpt-4-0613)
prompt: the question with its images in place
differs: VLMEvalKit does not have it. The authors try five times, warmer each time, and then count 0; here a verdict
    that is no grade leaves the question ungraded, and so does one between the steps, which they take. An empty reply is
    0 without asking. The paper's numbers are means of five runs of the judge, the script's default is one. lmms-eval
    asks for reasoning first and has its judge grade by the first release's prompt, without the places of images.
"""

import re

from sailbench.families import NORMAL
from sailbench.rows import Hub, Row
from sailbench.task import Task
from sailbench.types import MEDIA_MARK, Request, Sample

from ._mmvet import CAPABILITIES, by_capability, by_judge, capabilities, spaced

# On the hub "text<IMG><image_0>text"; in the authors' file "text<IMG>v2_0_0.jpg<IMG>text".
PLACE = re.compile(r"(?:<IMG>)?<image_\d+>|<IMG>\s*[^<>\n]+\.(?:jpg|jpeg|png)\s*(?:<IMG>|$)")
SHOWN = "<image>"


def read(row: Row) -> Sample:
    needed = capabilities(row)
    return Sample(
        id=row.text("id", "question_id", default=str(row.number)),
        question=PLACE.sub(SHOWN, row.text("question").strip()).replace("<IMG>", ""),
        target=spaced(row.text("answer")),
        media=row.images("image") or row.images(*(f"image_{k}" for k in range(18))),
        group={"integration": "_".join(needed)} if needed else {},
        extra={"capabilities": needed},
    )


def ask(sample: Sample) -> Request:
    places = sample.question.count(SHOWN)
    marked = sample.question.replace(SHOWN, MEDIA_MARK)
    own = marked if places == len(sample.media) else sample.question.replace(SHOWN, "")
    return Request(turns=(own,), media=sample.media, sampling=NORMAL)


TASK = Task(
    read=read,
    ask=ask,
    rules={"official": by_judge("mmvet_v2")},
    metrics=by_capability(CAPABILITIES),
    rubric="mmvet_v2",
    sources=(Hub(repo="whyu/mm-vet-v2", split="test"),),
)
