"""Video-MME, without subtitles, 16 frames
paper: arXiv 2405.21075
year: 2024
family: video
modality: video
size: 2700
split: test
groups: paper, video
aliases: videomme
licence: research only, see the data set's card
metric: accuracy over all questions
official: thanku-all/parse_answer@afd52cf eval_your_results.py (named by BradyFU/Video-MME@8889f31)
judge: optional
published: SAIL-VL2-2B 57.10, SAIL-VL2-AnyRes-2B 55.30, SAIL-VL2-8B 62.70, SAIL-VL2-A3B 65.10
prompt: frames, the toolkit's request, question with its options, letter hint
differs: both rules take the first capital A to D, so that an article reads A. "Best answer:" and "The best option is"
    are never cut out, in either script, because of a missing comma. The authors leave unread replies out of the
    mean (metric answered_only); here they are wrong, as in VLMEvalKit, whose extractor for them knows no options
    at this commit and always says Z; ours reads the extractor's reply by the option rule. lmms-eval reads by
    priority of places and prefers the end. Resolution of the published values: 0.1.
"""

from sailbench.aggregate import part
from sailbench.families import by_first_capital, choice, option
from sailbench.prompts import LETTER, with_hint
from sailbench.rows import Hub, Row
from sailbench.task import Rule
from sailbench.types import Reply, Sample, Sampling, Score

REQUEST = (
    "\nThese are the frames of a video. Select the best answer to the following multiple-choice question based on the "
    "video. Respond with only the letter (A, B, C, or D) of the correct option.\n"
)
# Two of these are two phrases each, glued together in both scripts; so they are never found.
PHRASES = (
    *("The best answer is", "The correct answer is", "The answer is", "The answer"),
    *("The best option isThe correct option is", "Best answer:Best option:", "Answer:", "Option:"),
)


def read(row: Row) -> Sample:
    lines = [str(line) for line in row.list("options" if row.has("options") else "candidates")]
    groupings = ("duration", "domain", "sub_category", "task_type")
    return Sample(
        id=row.text("question_id", "index"),
        question="\n".join([row.text("question"), *lines]),
        target=row.text("answer"),
        media=row.video(f"video/{row.text('videoID', 'video')}.mp4"),
        choices={line[:1]: line[2:].strip() for line in lines},
        group={name: row.text(name) for name in groupings if row.has(name)},
    )


def text(sample: Sample) -> str:
    # The toolkit's own "Answer:" is cut by the wrapper, the space behind it stays.
    return with_hint(f"{REQUEST}Question: {sample.question} ", LETTER)


def answered(own: Rule) -> Rule:
    def grade(sample: Sample, reply: Reply) -> Score:
        score = own(sample, reply)
        return score if score.answer is None else Score(score.value, score.answer, score.why, {"answered": score.value})

    return grade


TASK = choice(
    read,
    text=text,
    sampling=Sampling(detail="frame", frames=16),
    rules={
        "opencompass": answered(by_first_capital(PHRASES, verdict=option)),
        "official": answered(by_first_capital((*PHRASES, "The correct answer", "The correct option"))),
    },
    metrics={"answered_only": part("answered")},
    sources=(Hub(repo="lmms-lab/Video-MME", config="videomme", split="test", media=("videos_chunked_*.zip",)),),
    rubric="option",
)
