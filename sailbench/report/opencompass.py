"""The layouts of OpenCompass: its summary table, and a score file a data set as VLMEvalKit leaves them.

The summary has the columns of open-compass/opencompass@a5acc4bb opencompass/summarizers/default.py. Score files are
named and shaped as VLMEvalKit@e8e78f05 does it: `MODEL/MODEL_DATASET_acc.csv` with shares of 1 or, where
`DIALECTS` says so, percentages, other names and columns; of videos `MODEL/MODEL_DATASET_8frame_rating.json`. What
VLMEvalKit counts on the way (prefetched answers) is left out: here is no such thing. A rating's categories within one
duration are left out too: summaries have every grouping by itself.
"""

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sailbench import registry
from sailbench.errors import SailbenchError
from sailbench.report import inert
from sailbench.report.means import MEANS
from sailbench.report.runs import Record
from sailbench.report.sheet import Line, Sheet
from sailbench.rows import Tsv
from sailbench.store import folder_name


def summary(sheet: Sheet) -> list[tuple[str, ...]]:
    """OpenCompass's summary: dataset, version, metric, mode, then a column a model. Missing is "-"."""
    table = [("dataset", "version", "metric", "mode", *(inert.cell(run.name) for run in sheet.runs))]
    for line in sheet.lines:
        values = [cell.number.value if cell else None for cell in line.cells]
        table.append((*_named(sheet, line), *("-" if value is None else f"{value:.2f}" for value in values)))
    return table


def _named(sheet: Sheet, line: Line) -> tuple[str, str, str, str]:
    if line.row in MEANS:
        return line.row, "-", "naive_average", "gen"
    record = next((run.records[line.task] for run in sheet.runs if line.task in run.records), {})
    version = f"v{record['task_version']}" if "task_version" in record else "-"
    return inert.cell(line.task), version, inert.cell(line.row.partition(":")[2] or "score"), "gen"


def summary_csv(sheet: Sheet) -> str:
    return _csv(summary(sheet))


def summary_markdown(sheet: Sheet) -> str:
    heading, *rest = summary(sheet)
    rows = [heading, ("-----",) * len(heading), *rest]
    return "".join("| " + " | ".join(map(inert.markdown_cell, row)) + " |\n" for row in rows)


def _csv(rows: Sequence[Sequence[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(rows)
    return out.getvalue()


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """How VLMEvalKit writes one data set's scores.

    `{judge}` in `ending` is who judged. `columns` name our metrics by theirs ("" is the headline), else there is a
    column for each place, or with `long` a row for each under that heading. `grouping` leaves out other groupings.
    A rating counts what is right in each place; with `lengths`, the grouping by how long films are, it has means.
    """

    ending: str = "acc.csv"
    scale: float = 1.0
    split: str = ""
    columns: Mapping[str, str] | None = None
    long: str = ""
    grouping: str = ""
    lengths: str = ""


PERCENT = 100.0
JUDGED, SCORED, RATED = "{judge}_score.csv", "score.csv", "rating.json"
CHOICE = Dialect(split="none")
VQA = Dialect(scale=PERCENT)
MME = (
    *("perception", "existence", "count", "position", "color", "posters", "celebrity", "scene", "landmark", "artwork"),
    *("OCR", "commonsense_reasoning", "numerical_calculation", "text_translation", "code_reasoning"),
)
# By VLMEvalKit's names of data sets; all others have the form of its multiple-choice sets.
DIALECTS: Mapping[str, Dialect] = {
    **dict.fromkeys(("ChartQA_TEST", "TextVQA_VAL", "DocVQA_VAL", "InfoVQA_VAL", "GQA_TestDev_Balanced"), VQA),
    "HallusionBench": Dialect(
        ending=SCORED, scale=PERCENT, split="Overall", columns={name: name for name in ("aAcc", "fAcc", "qAcc")}
    ),
    "MME": Dialect(ending=SCORED, columns={name: name for name in MME} | {"reasoning": "cognition"}),
    "POPE": Dialect(
        ending=SCORED,
        scale=PERCENT,
        split="Overall",
        columns={"Overall": "", "acc": "accuracy", "precision": "precision", "recall": "recall"},
    ),
    "AMBER": Dialect(ending=SCORED, scale=PERCENT, columns={"Avg ACC": ""}),
    "MathVista_MINI": Dialect(ending=JUDGED, scale=PERCENT, long="Task&Skill"),
    "MathVision": Dialect(ending=JUDGED, scale=PERCENT, long="Subject"),
    "LogicVista": Dialect(ending=JUDGED, scale=PERCENT, long="Task&Skill"),
    "MMVet": Dialect(ending=JUDGED, scale=PERCENT, long="Category"),
    "OCRBench": Dialect(ending="score.json", grouping="skill"),
    "MVBench": Dialect(ending=RATED, grouping="task"),
    "Video-MME": Dialect(ending=RATED, lengths="duration"),
    "LongVideoBench": Dialect(ending=RATED, lengths="duration"),
}


# Data sets whose TSV file is called otherwise.
NAMES = {
    "MathVerse_MINIV": "MathVerse_MINI",
    "Mia-Bench": "MIA-Bench",
    "SeePhys_total": "SeePhys",
    "VCR-wiki-en-easy-test-500": "VCR_EN_EASY_500",
    "a-okvqa": "A-OKVQA",
    "chartqapro": "ChartQAPro",
    "hr_bench_4k": "HRBench4K",
    "hr_bench_8k": "HRBench8K",
    "tablevqa-bench": "TableVQABench",
}
# Video tasks whose rows come from no TSV file, by our names.
FILMS = {"longvideobench_val": "LongVideoBench", "mvbench": "MVBench", "video_mme": "Video-MME"}


def score_files(sheet: Sheet) -> Iterator[tuple[str, str]]:
    """Path and text of every data set's score file; what has no score has no file."""
    for run in sheet.runs:
        model, names = folder_name(run.name), dataset_names(list(run.records))
        for task, record in run.records.items():
            if record["value"] is None:
                continue
            dataset = names[task]
            dialect = DIALECTS.get(dataset, CHOICE)
            # VLMEvalKit's word for no judge.
            judge = (record.get("judge") or {}).get("model") or "exact_matching"
            ending = dialect.ending.format(judge=folder_name(judge))
            yield f"{model}/{model}_{folder_name(dataset)}_{_frames(record, dialect)}{ending}", _scores(record, dialect)


def _frames(record: Record, dialect: Dialect) -> str:
    """VLMEvalKit's names of video data sets say how many frames are shown."""
    return f"{(record.get('sampling') or {}).get('frames', 0)}frame_" if dialect.ending == RATED else ""


def dataset_names(tasks: Sequence[str]) -> dict[str, str]:
    """VLMEvalKit's name of each task's data set; the task's own where there is none, or several share one."""
    found = {task: _dataset_name(task) for task in tasks}
    times = Counter(found.values())
    return {task: name if times[name] == 1 else task for task, name in found.items()}


def _dataset_name(task: str) -> str:
    if task not in registry.cards():
        return task
    if task in FILMS:
        return FILMS[task]
    try:
        sources = registry.load(task).sources
    except SailbenchError:
        return task
    names = [source.name.removesuffix(".tsv") for source in sources if isinstance(source, Tsv)]
    return NAMES.get(names[0], names[0]) if names and len(set(names)) == 1 else task


def _scores(record: Record, dialect: Dialect) -> str:
    if dialect.ending.endswith(".json"):
        made = _counted if dialect.ending != RATED else _means if dialect.lengths else _ratios
        return inert.as_json(made(record, dialect), indent=4) + "\n"
    if dialect.long:
        return _csv([[dialect.long, "tot", "hit", "acc"], *_long(record, dialect)])
    columns = dict(_columns(record, dialect))
    numbers = ["-" if value is None else f"{value:.10g}" for value in columns.values()]
    split = [["split"], [dialect.split]] if dialect.split else [[], []]
    return _csv([[*split[0], *map(inert.cell, columns)], [*split[1], *numbers]])


def _columns(record: Record, dialect: Dialect) -> Iterator[tuple[str, float | None]]:
    if dialect.columns is not None:
        for name, own in dialect.columns.items():
            yield name, record["metrics"].get(own) if own else record["value"]
        return
    places = {place: own["value"] for place, own in _places(record, dialect)}
    for name, value in {**places, "Overall": record["value"]}.items():
        yield name, value / record.get("scale", PERCENT) * dialect.scale


def _long(record: Record, dialect: Dialect) -> Iterator[list[str]]:
    for place, own in [("Overall", record), *_places(record, dialect)]:
        share = own["value"] / record.get("scale", PERCENT)
        yield [inert.cell(place), str(own["n"]), f"{share * own['n']:.10g}", f"{share * dialect.scale:.10g}"]


def _places(record: Record, dialect: Dialect) -> list[tuple[str, Mapping[str, Any]]]:
    """The places of the summary's groupings that have a value; of one name, the last grouping's counts."""
    named = {grouping: own for grouping, own in record["groups"].items() if dialect.grouping in ("", grouping)}
    return [(place, own) for within in named.values() for place, own in within.items() if own["value"] is not None]


def _counted(record: Record, dialect: Dialect) -> dict[str, float]:
    """How many are right in each place and in all, and the norm out of a hundred."""
    scale = record.get("scale", PERCENT)
    hits = {place: round(own["value"] / scale * own["n"], 6) for place, own in _places(record, dialect)}
    final = round(record["value"] / scale * record["n"], 6)
    return {**hits, "Final Score": final, "Final Score Norm": record["value"]}


def _ratios(record: Record, dialect: Dialect) -> dict[str, list[int | str]]:
    """How many are right, of how many, and the percentage, as vlmeval/dataset/utils/mvbench.py has it."""
    rated: dict[str, list[int | str]] = {}
    for place, own in [*_places(record, dialect), ("overall", record)]:
        share = own["value"] / record.get("scale", PERCENT)
        rated[place] = [round(share * own["n"]), own["n"], f"{share:.2%}"]
    return rated


def _means(record: Record, dialect: Dialect) -> dict[str, dict[str, Any]]:
    """The mean of films of each length, and of all with every other grouping, as vlmeval/dataset/utils/videomme.py."""
    scale, named = record.get("scale", PERCENT), dict(record["groups"])
    told = {
        name: {place: f"{own['value'] / scale:.3f}" for place, own in within.items() if own["value"] is not None}
        for name, within in named.items()
    }
    lengths = told.pop(dialect.lengths, {})
    return {
        **{length: {"overall": mean} for length, mean in lengths.items()},
        "overall": {"overall": f"{record['value'] / scale:.3f}", **told},
    }
