"""NExT-QA, multiple choice, 16 frames
paper: arXiv 2105.08276
year: 2021
family: video
modality: video
size: 8564
split: test
groups: paper, video
aliases: nextqa, nextqa_mc_test
licence: MIT; videos are VidOR's
metric: accuracy over all questions
official: doc-doc/NExT-QA@6b92588 eval_mc.py
judge: none
published: none by SAIL-VL2's authors
prompt: frames, question, option lines, letter hint; lmms-eval sends no hint
differs: VLMEvalKit does not have it. The authors compare numbers of options, which they read out of no text; texts are
    read by lmms-eval's rule: letters in brackets, else before a space, else before a dot, the last of several, else
    option texts in replies of more than five words. It tosses a coin where nothing is read, which is wrong here. Its
    letters need no boundary to their left ("NASA is" reads A). The authors' questions of type TP count as TN.
"""

import string

from sailbench.families import choice, options_read_by, rule
from sailbench.metrics.video_letters import last_marked_option
from sailbench.rows import Hub, Row
from sailbench.types import Sample

from ._choices import present
from ._videos import FRAMES, film

KINDS = {"C": "causal", "T": "temporal", "D": "descriptive"}
TYPES = {
    "CW": "why",
    "CH": "how",
    "TN": "before or after",
    "TP": "before or after",
    "TC": "when",
    "DC": "counting",
    "DB": "binary",
    "DL": "location",
    "DO": "other",
}


def read(row: Row) -> Sample:
    type, answer = row.text("type"), row.text("answer")
    video = row.text("video")
    return Sample(
        id="_".join(part for part in (video, row.text("qid")) if part) or str(row.number),
        question=row.text("question").strip(),
        target=string.ascii_uppercase[int(answer)] if answer.isdecimal() and int(answer) < 5 else answer,
        media=film(row, f"NExTVideo/{video}.mp4", f"{video}.mp4"),
        choices={letter: row.text(f"a{k}").strip() for k, letter in enumerate("ABCDE")},
        group=present({"kind": KINDS.get(type[:1], ""), "type": TYPES.get(type, type)}),
    )


TASK = choice(
    read,
    sampling=FRAMES,
    rules={"official": rule(options_read_by(last_marked_option))},
    sources=(Hub(repo="lmms-eval/NExTQA", config="MC", split="test", media=("*.zip",)),),
)
