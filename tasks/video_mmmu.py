"""Video-MMMU, its three tracks, 16 frames
paper: arXiv 2501.13826
year: 2025
family: video
modality: video
size: 900
split: test; Adaptation is asked once more without its video (300 requests), for the knowledge gained
groups: video, reasoning
aliases: videommmu
licence: see the data set's card; the hub asks for agreement
metric: accuracy over the 900 questions, which is the mean of the three tracks; delta_knowledge is the share of what was
    missing in Adaptation without the video that the video adds, in percent
official: EvolvingLMMs-Lab/VideoMMMU@88b4ac3 lmms_eval/tasks/videommmu/utils.py
judge: none
published: none by SAIL-VL2's authors
prompt: VLMEvalKit's: frames, for Adaptation the question's image as the last of them and a text that tells so,
    question, option lines, "Please ignore the Quiz question in last frame of the video.", and a request for a line
    "Answer: ...", which the authors do not make
differs: VLMEvalKit reads what follows the last "Answer:", the authors the whole reply. Then letters before a dot or
    colon, in brackets, before a space, or option texts; of several the last, by the places of "X." if there are any, so
    that "First, A. no. B: yes" reads A. Nothing needs a boundary to its left ("NASA is" reads A). Open answers are
    MMMU's with more indicator words. An empty reply is left out of both means; here it is wrong. lmms-eval reads
    letters by priority of places. The wrapper enlarges the first frame, which a single tile undoes.
"""

from collections.abc import Mapping, Sequence

from sailbench.aggregate import Mean, Point, each, within
from sailbench.extract import Found, key_phrases
from sailbench.families import golds, needs_target, rule, with_choices
from sailbench.metrics.open_answer import open_answer_score
from sailbench.metrics.video_letters import last_punctuated_option
from sailbench.rows import Hub, Row
from sailbench.task import Rule, Task
from sailbench.types import Graded, Reply, Request, Sample, Sampling, Score

from ._choices import lettered, present
from ._videos import FRAMES, film

TRACKS = ("Perception", "Comprehension", "Adaptation")
WITHOUT_VIDEO = "Adaptation without video"
LEARN = "You should watch and learn the video content. Then apply what you learned to answer the following "
AT_END = " question. The image for this question is at the end of the video.\n"
IGNORE = "\nPlease ignore the Quiz question in last frame of the video."
ADD = "\nAdd `Answer: {Your final answer}` at the end of your reply."
INDICATORS = (
    *("could be ", "so ", "is ", "thus ", "therefore ", "final ", "answer ", "result ", "are ", "in total ", "total "),
    *("identify ", "recognize ", "calculated as ", "counted as ", "measured as ", "observed as ", "concluded as "),
    *("found to be ", "equals ", "determined to be ", "number of ", "value is ", "adds up to ", "have ", "has "),
)
FIELDS = {
    "Art": "Art, Art_Theory, Design, Music",
    "Science": "Biology, Chemistry, Geography, Math, Physics",
    "Humanities": "History, Literature, Sociology, Psychology",
    "Engineering": "Agriculture, Architecture_and_Engineering, Computer_Science, Electronics, Energy_and_Power, "
    "Materials, Mechanical_Engineering",
    "Medicine": "Basic_Medical_Science, Clinical_Medicine, Diagnostics_and_Laboratory_Medicine, Pharmacy, "
    "Public_Health",
    "Business": "Accounting, Economics, Finance, Manage, Marketing",
}
FIELD = {subject: field for field, subjects in FIELDS.items() for subject in subjects.split(", ")}


def read(row: Row) -> Sample:
    id, track = row.text("id", default=str(row.number)), row.part or row.text("category")
    subject = "_".join(id.split("_")[1:-1])
    field = FIELD.get(subject, "")
    video = row.text("video", default=f"{field}/{id}.mp4")
    films = () if track == WITHOUT_VIDEO else film(row, video, f"videos/{video}", f"{id}.mp4")
    choice = row.text("question_type") != "open"
    own = [str(option) for option in row.list("options")] if choice else []
    return Sample(
        id=f"{track}_{id}",
        question=row.text("question"),
        target=row.text("answer"),
        media=(*films, *(row.images("image") if track.startswith("Adaptation") else ())),
        choices=lettered(own),
        group=present({"track": track, "field": field, "subject": subject.replace("_", " ")}),
        # Together, so that a part of the benchmark has both where it has one.
        unit=f"Adaptation_{id}" if track.startswith("Adaptation") else "",
        extra={"track": track},
    )


def option_lines(choices: Mapping[str, str]) -> str:
    """Options that bear their letters stay as they are."""
    lettered_already = all(text.startswith(f"{label}.") for label, text in choices.items())
    return "\n".join(text if lettered_already else f"{label}. {text}" for label, text in choices.items())


def text(sample: Sample) -> str:
    asked, track = f"{sample.question}\n{option_lines(sample.choices)}", sample.extra["track"]
    if track == "Adaptation":
        own = f"multi-choice{AT_END}{asked}" if sample.choices else f"open-ended{AT_END}{sample.question}"
        return LEARN + own + ADD
    return asked + ADD if track == WITHOUT_VIDEO else asked + IGNORE + ADD


def ask(sample: Sample) -> Request:
    """Without the video the image is the only thing to see, and is looked at as images are."""
    sampling = Sampling() if sample.extra["track"] == WITHOUT_VIDEO else FRAMES
    return Request(turns=(text(sample),), media=sample.media, sampling=sampling)


def punctuated(text: str, sample: Sample) -> Found | None:
    return last_punctuated_option(text, sample.choices)


@needs_target
def by_phrases(sample: Sample, reply: Reply) -> Score:
    if not reply.text.strip():
        return Score(0.0, None, "an empty reply")
    phrases = key_phrases(reply.text, INDICATORS)
    return Score(open_answer_score(phrases, golds(sample)), "; ".join(phrases), "phrases behind key words")


by_authors = with_choices(rule(punctuated), by_phrases)


def behind_answer(own: Rule) -> Rule:
    """The rule for what follows the last "Answer:", or the whole reply where there is none."""
    return lambda sample, reply: own(sample, Reply(reply.text.rpartition("Answer:")[2].strip()))


def with_videos(graded: Sequence[Graded]) -> list[Point]:
    return each([g for g in graded if g.sample.group.get("track") != WITHOUT_VIDEO])


def knowledge_gained(graded: Sequence[Graded]) -> float | None:
    """What the video adds in Adaptation, as a share of what was wrong without it."""
    before, after = (within("track", track)(graded) for track in (WITHOUT_VIDEO, "Adaptation"))
    return None if before is None or after is None or before == 1 else (after - before) / (1 - before)


TASK = Task(
    read=read,
    ask=ask,
    rules={"opencompass": behind_answer(by_authors), "official": by_authors},
    headline=Mean(with_videos),
    metrics={
        **{track.lower(): within("track", track) for track in TRACKS},
        "adaptation_without_video": within("track", WITHOUT_VIDEO),
        "delta_knowledge": knowledge_gained,
    },
    sources=(
        *(Hub(repo="lmms-eval/VideoMMMU", config=track, part=track, media=("*.zip",)) for track in TRACKS),
        Hub(repo="lmms-eval/VideoMMMU", config="Adaptation", part=WITHOUT_VIDEO, media=("*.zip",)),
    ),
)
