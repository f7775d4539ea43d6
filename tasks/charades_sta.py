"""Charades-STA, when an event happens in a video, 16 frames
paper: arXiv 1705.02101
year: 2017
family: video
modality: video
size: 3720
split: test
groups: video, grounding
aliases: charades, temporal_grounding_charades
licence: annotations of jiyanggao/TALL; videos of Charades, non-commercial (AI2)
metric: temporal IoU, mean over the sentences; and the share with at least 0.3, 0.5, 0.7
official: EvolvingLMMs-Lab/lmms-eval@75571cfe lmms_eval/tasks/charades_sta/utils.py; jiyanggao/TALL@3df6794, the
    authors', ranks proposals and reads no text
judge: none
prompt: lmms-eval's: the request with its example of 24.3 - 30.4, the sentence and a full stop, "Please return its
    start time and end time." It does not tell the model when its frames are; VLMEvalKit has no such task
differs: the answer is, in this order, a range of clock times, a range of numbers ("to" is a dash everywhere), two
    clock times, the first number of each of two lines; "It starts at 5 and ends at 10." on one line, "[5, 10]" and
    "between 5 and 10" are unread. Start and end in the wrong order are swapped; unread is IoU 0. lmms-eval counts a
    sentence that occurs twice with the same video and times once; here every row counts. Its older script
    (eval_tvg.py) needs a key word and knows no range of clock times.
"""

from sailbench.aggregate import SAMPLES, part
from sailbench.families import asking, needs_target
from sailbench.metrics.intervals import interval_iou_score, read_interval
from sailbench.prompts import as_it_is
from sailbench.rows import Hub, Row
from sailbench.task import Task
from sailbench.types import Reply, Sample, Sampling, Score

REQUEST = (
    "Please find the visual event described by a sentence in the video, determining its starting and ending times. "
    "The format should be: 'The event happens in the start time - end time'. For example, The event 'person turn a "
    "light on' happens in the 24.3 - 30.4 seonds. Now I will give you the textual sentence: {}. Please return its "
    "start time and end time."
)
THRESHOLDS = (0.3, 0.5, 0.7)


def read(row: Row) -> Sample:
    return Sample(
        id=row.text("id", default=str(row.number)),
        question=REQUEST.format(row.text("caption")),
        target=tuple(float(time) for time in row.list("timestamp")),
        media=row.video(row.text("video")),
    )


@needs_target
def by_overlap(sample: Sample, reply: Reply) -> Score:
    interval = read_interval(reply.text)
    iou = interval_iou_score(interval, sample.target) if interval else 0.0
    parts = {f"R1@{least}": float(iou >= least) for least in THRESHOLDS}
    if interval is None:
        return Score(0.0, None, "no start and end found", parts)
    return Score(iou, f"{interval[0]:g} - {interval[1]:g}", "overlap in time", parts)


TASK = Task(
    read=read,
    ask=asking(as_it_is, Sampling(detail="frame", frames=16)),
    rules={"official": by_overlap},
    headline=SAMPLES,
    metrics={f"R1@{least}": part(f"R1@{least}") for least in THRESHOLDS},
    sources=(Hub(repo="lmms-eval/charades_sta", split="test", media=("Charades_v1_480_part_*.zip",)),),
)
