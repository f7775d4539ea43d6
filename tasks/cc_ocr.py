"""CC-OCR
paper: arXiv 2412.02210
year: 2024
family: document_ocr_chart
modality: image
size: 7058
split: test, four tracks of 39 sub-sets
groups: ocr, doc, multilingual
aliases: ccocr
licence: Apache-2.0 (evaluation), images keep their own
metric: mean of four tracks, each the mean of its sub-sets: F1 of words or signs per image (multi_scene_ocr,
    multi_lan_ocr), edits between trees of fields (kie), edit similarity or TEDS (doc_parsing)
official: AlibabaResearch/AdvancedLiterateMachinery@fb6187e Benchmarks/CC-OCR/evaluation
judge: none
prompt: the row's own. The official wrapper would add a request for a single word or phrase to every page and table
differs: VLMEvalKit has an older version of the document rules. It takes what stands between the first two fences
    together with the name of their language ("latex" counts as wrong text), and deletes all blanks of a table's HTML,
    so that a cell with spans becomes a tag of another name; the authors now take the ```latex or ```html fence and all
    tables. The authors print kie_f1 as well as kie and do not choose; VLMEvalKit takes kie. A KIE reply must be JSON,
    bare or in a ```json fence. Word order never counts in the OCR tracks; in multi_scene_ocr everything but a to z and
    digits is deleted, so that "é" is nothing; the authors also print the F1 over a whole sub-set (micro). lmms-eval
    averages doc_parsing over four kinds, not ten sub-sets.
"""

from collections.abc import Mapping, Sequence

from sailbench import prompts
from sailbench.aggregate import Aggregate, macro, mean_of, within
from sailbench.families import asking, needs_target
from sailbench.metrics import transcripts
from sailbench.metrics.kie import field_counts, field_tree_score, read_json
from sailbench.metrics.literals import NotLiteralError, python_literal
from sailbench.rows import Hub, Row, Tsv
from sailbench.task import Rule, Task
from sailbench.types import Graded, Reply, Sample, Sampling, Score

TRACKS = ("multi_scene_ocr", "multi_lan_ocr", "kie", "doc_parsing")
BY_SIGN = ("Arabic", "Japanese", "Korean")


def read(row: Row) -> Sample:
    kind, split = row.text("l2-category"), row.text("split")
    track = row.text("category", default=row.part) or track_of(kind)
    return Sample(
        id=row.text("index") or f"{track}/{split}/{row.text('image_name', default=str(row.number))}",
        question=row.text("question"),
        target=row.text("answer"),
        media=row.images("image"),
        group={"track": track, "subset": f"{track}/{split}"},
        extra={"kind": kind, "by_sign": "zh" in split or split in BY_SIGN},
    )


def track_of(kind: str) -> str:
    if kind in ("doc", "table", "formula", "molecular"):
        return "doc_parsing"
    if kind.endswith("_category"):
        return "kie"
    return "multi_scene_ocr" if kind.endswith("_text") else "multi_lan_ocr"


def text_score(sample: Sample, said: str) -> Score:
    words = not sample.extra["by_sign"]
    plain = words and sample.group["track"] == "multi_scene_ocr"
    counts = transcripts.token_counts(said, sample.target, words, plain)
    why = "words in common" if words else "signs in common"
    return Score(counts.f1, said.strip() or None, why, counts._asdict())


def fields_score(sample: Sample, said: str) -> Score:
    truth, found = read_json(sample.target), read_json(said)
    if not truth:
        try:
            truth = python_literal(sample.target)
        except NotLiteralError:
            return Score(None, None, "the row's own answer is no record of fields")
    counts = field_counts(found, truth)
    answer, why = (said.strip(), "edits between trees of fields") if found else (None, "no JSON")
    return Score(field_tree_score(found, truth), answer, why, counts._asdict())


def grading(documents: Mapping[str, transcripts.Comparison]) -> Rule:
    @needs_target
    def grade(sample: Sample, reply: Reply) -> Score:
        said, track = reply.text, sample.group["track"]
        if track == "kie":
            return fields_score(sample, said)
        if track != "doc_parsing":
            return text_score(sample, said)
        # A tree that is more wrong than right is below 0 to the scripts and lowers their mean; a grade here is not.
        value = max(0.0, documents[sample.extra["kind"]](said, sample.target)) if said.strip() else 0.0
        return Score(value, said.strip() or None, "likeness of the whole reply")

    return grade


def in_track(name: str, inner: Aggregate | None = None) -> Aggregate:
    return within("track", name, macro("subset", inner))


def pooled(name: str, graded: Sequence[Graded]) -> float:
    return float(sum(g.score.parts.get(name, 0) for g in graded))


def field_f1(graded: Sequence[Graded]) -> float | None:
    right, other = pooled("right", graded), pooled("other", graded)
    return right / (right + other / 2 + 1e-6) if right or other else None


def token_f1(graded: Sequence[Graded]) -> float | None:
    counts = transcripts.TokenCounts(*(int(pooled(name, graded)) for name in ("right", "said", "wanted")))
    return counts.f1 if counts.wanted else None


tracks = {name: in_track(name) for name in TRACKS}
TASK = Task(
    read=read,
    ask=asking(prompts.as_it_is, Sampling(max_tokens=4096)),
    rules={
        "opencompass": grading(transcripts.OLDER_COMPARISONS),
        "official": grading(transcripts.COMPARISONS),
    },
    headline=mean_of(*tracks.values()),
    metrics={
        **tracks,
        "kie_f1": in_track("kie", field_f1),
        "multi_scene_ocr_micro": in_track("multi_scene_ocr", token_f1),
        "multi_lan_ocr_micro": in_track("multi_lan_ocr", token_f1),
    },
    sources=(
        *(Hub(repo="wulipc/CC-OCR", config=track, split="test") for track in TRACKS),
        Tsv(
            url="https://opencompass.openxlab.space/utils/VLMEval/CCOCR.tsv",
            md5="f8927b76510ffe04e59d45e3f8e8b620",
        ),
    ),
)
