"""Every task's golden cases: tests/cases/tasks/<task>.json, made-up rows in the source's real columns.

{"task": "mmmu_val",
 "rows": [{"source": "hub",            which column set this is: "hub", "tsv", or a word of your own
           "row": {...},               the columns; an image may be {"bytes": null, "path": "1.png"}
           "number": 3,                optional: its place in the file, where rows go together by their places
           "part": "...",              optional: the part of a data set of several that the row is from
           "skipped": true,            instead of all that follows: the row is not part of the benchmark
           "prompt": "...",            the exact text of the last turn
           "prompts": ["...", "..."],  optional: the exact texts of all turns
           "group": {...},             optional: the sample's groups
           "replies": [{"text": "B",   what a model says; at least one reply of a row is wholly right
                        "verdict": "B",           optional: what an extractor or judge said of it
                        "verdicts": {"x": "B"},   optional: what it said to each of several inquiries
                        "turns": ["A", "B"],      optional: the answers of all turns, the last of which is the text
                        "opencompass": 1,         the value under each protocol, null for ungraded;
                        "official": 1,            a protocol without a rule of its own shares the other's
                        "answer": "B",            what is read out under the task's own protocol
                        "note": "..."}]}],        where the expected values come from
 "summaries": [{"replies": [0, 2],     the reply that each row (skipped ones not counted) gets
                "value": 50, "metrics": {...}, "note": "..."}],
 "empty": 50}                          optional: the value of nothing but empty replies, where it is not the worst
"""

import json
from pathlib import Path

import pytest

from sailbench import registry
from sailbench.rows import Row
from sailbench.task import PROTOCOLS
from sailbench.types import Graded, Reply

ROOT = Path(__file__).resolve().parents[1]
FILES = {path.stem: path for path in sorted((ROOT / "tests" / "cases" / "tasks").glob("*.json"))}
CASES = {name: json.loads(path.read_text(encoding="utf-8")) for name, path in FILES.items()}
ROWS = [(name, row) for name, case in CASES.items() for row in case["rows"]]
REPLIES = [(name, row, reply) for name, row in ROWS for reply in row.get("replies", [])]
SUMMARIES = [(name, summary) for name, case in CASES.items() for summary in case["summaries"]]
HARNESS = ROOT.parent / "shared" / "parity" / "harness" / "prompts.jsonl"
# The recorded name of a data set, the task, and an index where the recorded rows have none.
RECORDED = [
    ("MMMU_DEV_VAL", "mmmu_val", 1),
    ("MathVision", "mathvision", 1),
    ("OCRBench", "ocrbench", 1),
    ("HallusionBench", "hallusionbench", "VD_illusion_1_0_0_0"),
    ("MMBench_DEV_EN_V11", "mmbench_v11_en_dev", 1),
    ("MMBench_DEV_CN_V11", "mmbench_v11_cn_dev", 1),
    ("Video-MME", "video_mme", 1),
    ("MathVista_MINI", "mathvista_mini", 1),
    ("MathVerse_MINI", "mathverse_mini", 1),
    ("LogicVista", "logicvista", 1),
    ("DynaMath", "dynamath", 1),
    ("WeMath", "wemath", 1),
    ("MME", "mme", 1),
    ("POPE", "pope", 1),
    ("AMBER", "amber_disc", 1),
    ("GQA_TestDev_Balanced", "gqa", 1),
    ("TextVQA_VAL", "textvqa_val", 1),
    ("DocVQA_VAL", "docvqa_val", 1),
    ("InfoVQA_VAL", "infovqa_val", 1),
    ("ChartQA_TEST", "chartqa", 1),
    ("MMVet", "mmvet", 1),
    ("LLaVABench", "llava_bench", 1),
]


def load_task(name):
    return registry.load(name)


def sample_of(task, row):
    own = Row(row["row"], number=row.get("number", ROWS.index((task.name, row))))
    own.part = row.get("part", "")
    return task.read(own)


def said(reply):
    return Reply(reply["text"], reply.get("verdict"), tuple(reply.get("turns", ())), reply.get("verdicts", {}))


def graded(task, picks, protocol=None):
    """The task's golden rows, graded: `picks` chooses the reply of each."""
    rows = [row for row in CASES[task.name]["rows"] if not row.get("skipped")]
    replies = [pick(row) if callable(pick) else row["replies"][pick] for row, pick in zip(rows, picks, strict=True)]
    samples = [sample_of(task, row) for row in rows]
    return [Graded(s, task.score(s, said(r), protocol or task.protocol)) for s, r in zip(samples, replies, strict=True)]


def label(value):
    return value if isinstance(value, str) else value.get("text", value.get("source", value.get("note", "")))[:40]


@pytest.mark.parametrize(("name", "row"), ROWS, ids=label)
def test_rows_become_the_exact_prompt(name, row):
    task = load_task(name)
    sample = sample_of(task, row)
    if row.get("skipped"):
        assert sample is None
        return
    turns = task.ask(sample).turns
    assert row["prompt"] == turns[-1]
    assert tuple(row.get("prompts", turns)) == turns
    assert row.get("group", sample.group) == sample.group


@pytest.mark.parametrize(("name", "row", "reply"), REPLIES, ids=label)
def test_replies_get_their_exact_scores(name, row, reply):
    task = load_task(name)
    sample = sample_of(task, row)
    scores = {protocol: task.score(sample, said(reply), protocol) for protocol in task.rules}
    wanted = {protocol: reply[protocol] for protocol in task.rules}
    assert wanted == {protocol: score.value for protocol, score in scores.items()}, reply["note"]
    assert reply["answer"] == scores[task.protocol].answer
    assert all(score.why for score in scores.values())


@pytest.mark.parametrize(("name", "summary"), SUMMARIES, ids=label)
def test_summaries_are_right(name, summary):
    task = load_task(name)
    made = task.summarize(graded(task, summary["replies"]))
    assert pytest.approx(summary["value"], abs=1e-4) == made.value, summary["note"]
    assert pytest.approx(summary["metrics"], abs=1e-4) == {name: made.metrics[name] for name in summary["metrics"]}


@pytest.mark.parametrize("name", CASES)
def test_perfect_replies_give_the_maximum_and_empty_ones_do_not(name):
    task = load_task(name)
    rows = [row for row in CASES[name]["rows"] if not row.get("skipped")]
    worth = {True: lambda reply: reply[task.protocol] or 0, False: lambda reply: -(reply[task.protocol] or 0)}
    best = [max(row["replies"], key=worth[task.higher_is_better]) for row in rows]
    perfect = task.summarize(graded(task, [lambda _, b=b: b for b in best]))
    empty = task.summarize(graded(task, [lambda _: {"text": ""}] * len(rows)))
    best_value, worst_value = (task.scale, 0.0) if task.higher_is_better else (0.0, task.scale)
    expected = (best_value, CASES[name].get("empty", worst_value))
    assert pytest.approx(expected, abs=1e-4) == (perfect.value, empty.value)
    assert empty.unparsed == empty.n > 0


@pytest.mark.parametrize("name", CASES)
def test_scores_name_protocols_that_exist_and_notes_say_why(name):
    replies = [reply for row in CASES[name]["rows"] for reply in row.get("replies", [])]
    assert all(reply["note"] and set(PROTOCOLS) <= reply.keys() for reply in replies)


def test_every_benchmark_and_every_smoke_task_has_golden_cases():
    assert {*registry.benchmarks(), *registry.groups()["smoke"]} == set(CASES)


@pytest.mark.parametrize("name", registry.benchmarks())
def test_cards_say_what_a_user_needs(name):
    facts = registry.cards()[name].facts
    needed = ("paper", "year", "family", "modality", "size", "split", "licence", "metric", "official", "judge")
    assert [fact for fact in needed if not facts.get(fact)] == []
    assert facts["judge"].split()[0] in ("none", "optional", "required")


@pytest.mark.skipif(not HARNESS.is_file(), reason="prompts recorded from the official wrapper are not at hand")
@pytest.mark.parametrize(("dataset", "name", "index"), RECORDED)
def test_prompts_are_the_official_wrappers(dataset, name, index):
    records = [json.loads(line) for line in HARNESS.read_text(encoding="utf-8").splitlines()]
    own = [r for r in records if r["dataset"] == dataset and not r["use_cot"]]
    task = load_task(name)
    turns = [task.ask(task.read(Row({"index": index} | r["row"]))).turns[-1] for r in own]
    assert [r["question"].rsplit("<image>\n", 1)[1] for r in own] == turns
    assert turns
