"""MMVU, validation split, 16 frames
paper: arXiv 2501.12380
year: 2025
family: video
modality: video
size: 1000
split: validation
groups: video, reasoning
aliases: mmvu
licence: see the data set's card; videos are YouTube's, under Creative Commons
metric: accuracy over all questions
official: yale-nlp/MMVU@4d54223 utils/eval_utils.py
judge: required (the authors' is gpt-4o)
published: none by SAIL-VL2's authors
prompt: frames and the authors' text for answers without reasoning; their default asks to reason step by step
differs: VLMEvalKit does not have it. The authors' judge grades every reply, also to questions with options. Here a
    reply that is nothing but a letter, or ends with the authors' "the final answer is: X", and an open one that is the
    gold answer in any case, are graded without it, as it would. Where it fails replies are wrong there, here ungraded.
    lmms-eval's rules are far too lenient (an empty reply is right, as is one word of the right option) and are not
    used. The subject of a discipline is the authors'; lmms-eval counts Materials Science as Science.
"""

import re

from sailbench import judge
from sailbench.families import asking, needs_target
from sailbench.rows import Hub, Row
from sailbench.task import Task
from sailbench.types import Reply, Sample, Score

from ._choices import present
from ._videos import FRAMES, film, record

DISCIPLINES = {
    "Science": "Astronomy, Biology, Chemistry, Electromagnetism, Geography, Mechanics, Modern Physics, Neurobiology, "
    "Thermodynamics",
    "Healthcare": "Basic Medicine, Clinical Medicine, Dentistry, Pharmacy, Preventive Medicine",
    "Humanities and Social Science": "Art, Economics, History, Law, Literature, Management",
    "Engineering": "Biomedical Engineering, Civil Engineering, Computer Science, Electrical Engineering, "
    "Electronics and Communication, Materials Science, Mechanical Engineering",
}
DISCIPLINE = {subject: discipline for discipline, own in DISCIPLINES.items() for subject in own.split(", ")}
KINDS = ("open-ended", "multiple-choice")
CHOOSE = "Answer directly with the option letter from the given choices."
SAY = "Directly output the final short answer."
LETTER_ALONE = re.compile(r"(?:.*the final answer is: *)?\W{0,3}([A-E])\W{0,3}", re.DOTALL)


def read(row: Row) -> Sample:
    chosen = row.text("question_type") == "multiple-choice"
    video = row.text("video_path", "video")
    # ".../videos/Art/0.mp4"
    folder, _, name = video.rpartition("/")
    subject = record(row, "metadata").get("subject") or folder.rpartition("/")[2].replace("_", " ")
    return Sample(
        id=row.text("id", default=str(row.number)),
        question=row.text("question"),
        target=row.text("answer"),
        media=film(row, *([video] if "://" not in video else []), f"videos/{folder.rpartition('/')[2]}/{name}"),
        choices={label: str(text) for label, text in record(row, "choices").items()} if chosen else {},
        group=present({"discipline": DISCIPLINE.get(subject, ""), "subject": subject, "kind": KINDS[chosen]}),
        extra={"kind": KINDS[chosen]},
    )


def text(sample: Sample) -> str:
    lines = "".join(f"\n{label}: {option}" for label, option in sample.choices.items())
    answer = CHOOSE if sample.choices else SAY
    return f"\nQuestion: {sample.question}{lines}\n\nDo not generate any intermediate reasoning process. {answer}\n"


def plain_answer(text: str, sample: Sample) -> str | None:
    """An answer that no judge is needed to see: a letter alone, or the gold text itself."""
    if sample.choices:
        letter = LETTER_ALONE.fullmatch(text.strip()) if len(text) < 10_000 else None
        return letter[1] if letter else None
    return sample.target if text.strip().rstrip(".").lower() == sample.target.strip().rstrip(".").lower() else None


@needs_target
def grade(sample: Sample, reply: Reply) -> Score:
    plain = plain_answer(reply.text, sample)
    if plain is not None:
        return Score(float(plain == sample.target), plain, "a plain answer")
    if not reply.text.strip():
        return Score(0.0, None, "an empty reply")
    if reply.verdict is None:
        return Score(None, None, "needs a judge: mmvu")
    value = judge.load("mmvu").read(reply.verdict)
    if value is None:
        return Score(None, None, "the judge's verdict cannot be read")
    return Score(float(value), reply.text.strip()[-80:], "what the judge said")


TASK = Task(
    read=read,
    ask=asking(text, FRAMES),
    rules={"official": grade},
    rubric="mmvu",
    sources=(Hub(repo="lmms-eval/MMVU", split="validation", media=("*.zip",)),),
)
