"""LongVideoBench, validation split, without subtitles, 16 frames
paper: arXiv 2407.15754
year: 2024
family: video
modality: video
size: 1337
split: validation
groups: paper, video
aliases: longvideobench, longvideobench_val_v
licence: CC BY-NC-SA 4.0; the hub asks for agreement
metric: accuracy over all questions
official: EvolvingLMMs-Lab/lmms-eval@75571cfe lmms_eval/tasks/longvideobench/utils.py, to which the authors'
    longvideobench/LongVideoBench@fc3c553 sends for evaluation; it holds a loader alone
judge: none
published: SAIL-VL2-2B 54.45, SAIL-VL2-AnyRes-2B 53.63, SAIL-VL2-8B 58.34, SAIL-VL2-A3B 59.54
prompt: frames, question, option lines, letter hint, as the official wrapper has it. The other form, for which its
    authors made it, puts the subtitles between the frames, each behind the last frame before its middle and only where
    it is spoken while a frame is shown; SAIL-VL2's authors do not say that they used it
differs: both rules take the first capital A to E, so that an article reads A. VLMEvalKit never cuts out "Best answer:"
    and "The best option is", because of missing commas, but cuts "Answer:" and "Option:", which lmms-eval does not:
    there "Answer: B" reads the A of Answer. Where no capital is found VLMEvalKit's extractor knows no options and is
    wrong, lmms-eval tosses a coin; here both are unread. Frames are VLMEvalKit's, also of videos shorter than 16 s,
    of which the authors take one a second.
"""

import string
from itertools import takewhile

from sailbench.families import by_first_capital, choice
from sailbench.rows import Hub, Row
from sailbench.types import Sample

from ._choices import lettered, present
from ._videos import FRAMES, film

# Two of these are two phrases each, glued together in VLMEvalKit's script; so they are never found.
PHRASES = ("The best answer is", "The correct answer is", "The answer is", "The answer")
KIT = (*PHRASES, "The best option isThe correct option is", "Best answer:Best option:", "Answer:", "Option:")
OWN = (*PHRASES, "The best option is", "The correct option is", "Best answer:", "Best option:")


def read(row: Row) -> Sample:
    columns = takewhile(lambda option: option not in ("", "N/A"), (row.text(f"option{k}") for k in range(5)))
    groups = {"duration": row.text("duration_group"), "question_category": row.text("question_category")}
    return Sample(
        id=row.text("id", "index", default=str(row.number)),
        question=row.text("question"),
        target=string.ascii_uppercase[int(row.text("correct_choice"))] if row.has("correct_choice") else "",
        media=film(row, f"videos/{row.text('video_path').removeprefix('./videos/')}"),
        choices=lettered(row.list("candidates") or list(columns)),
        group=present(groups),
    )


TASK = choice(
    read,
    sampling=FRAMES,
    rules={"opencompass": by_first_capital(KIT, "ABCDE"), "official": by_first_capital(OWN, "ABCDE")},
    sources=(
        Hub(
            repo="longvideobench/LongVideoBench",
            split="validation",
            media=("videos.tar.part.*", "subtitles.tar"),
        ),
    ),
)
