"""What runs inside VLMEvalKit's interpreter, and nowhere else: its prompts as rows, its evaluation of answers.

Importing the toolkit turns off the verification of TLS certificates, and its evaluators call `eval` on answers; so this
file is run by path in a process of its own, knows nothing of the rest of the house, and is told everything as JSON on
its standard input. What it found goes to the file that it is told; its output is the toolkit's chatter.
"""

import importlib
import inspect
import json
import os
import random
import socket
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

# Where the toolkit's evaluated tables keep a sample's value.
VALUES = ("hit", "score", "match", "eval_match")
MEDIA = ("image", "video")
# The most characters of a cell in a spreadsheet, which is the toolkit's own format; longer answers go to a TSV file.
CELL = 32_767


def no_network() -> None:
    """A connection is an error from here on. It keeps mistakes in, not attackers: those could undo it."""

    def refuse(*_: Any) -> None:
        raise OSError("the network is not to be used here")

    socket.socket.connect = socket.socket.connect_ex = refuse  # type: ignore[method-assign,assignment]
    os.environ.update({"HF_HUB_OFFLINE": "1", "HF_DATASETS_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1"})


def built(name: str) -> Any:
    dataset = importlib.import_module("vlmeval.dataset").build_dataset(name)
    if dataset is None:
        sys.exit(
            f"VLMEvalKit {version('ms-vlmeval')} knows no data set {name}, and LMUData holds no table of that name"
        )
    return dataset


def rows(asked: dict[str, Any]) -> None:
    """A line for the data set, then a line a row: its index and the message that the toolkit would send."""
    dataset = built(asked["dataset"])
    source = Path(getattr(dataset, "data_path", None) or getattr(dataset, "data_file", None) or "")
    there = source.is_file()
    head = {
        "kind": str(getattr(dataset, "TYPE", "")),
        "version": version("ms-vlmeval"),
        "source": str(source.absolute()) if there else "",
        "stamp": [source.stat().st_size, source.stat().st_mtime_ns] if there else [],
    }
    part = Path(asked["out"] + ".part")
    with part.open("w", encoding="utf-8") as file:
        file.write(json.dumps(head) + "\n")
        for place in range(len(dataset.data)):
            line = dataset.data.iloc[place]
            record = {"index": str(line["index"]), "message": message(dataset, line), "answer": text(line, "answer")}
            file.write(json.dumps(record, ensure_ascii=False) + "\n")
    part.replace(asked["out"])


def message(dataset: Any, line: Any) -> list[dict[str, str]]:
    """What the toolkit asks; of a video, its frames."""
    wanted = inspect.signature(dataset.build_prompt).parameters
    held = dataset.build_prompt(line, video_llm=False) if "video_llm" in wanted else dataset.build_prompt(line)
    parts = [{"type": "text", "value": held}] if isinstance(held, str) else held
    if any("role" in part for part in parts):
        sys.exit("its questions have several turns, which the bridge does not ask")
    return [{"type": str(part["type"]), "value": located(part)} for part in parts]


def located(part: dict[str, Any]) -> str:
    value = str(part["value"])
    return str(Path(value).absolute()) if part["type"] in MEDIA and "://" not in value else value


def text(line: Any, column: str) -> str:
    return str(line[column]) if column in line else ""


def evaluate(asked: dict[str, Any]) -> None:
    """The toolkit's scores of answers: all numbers that it reports, and samples' values where it tells them."""
    random.seed(0)  # it tosses coins over answers that it cannot read
    importlib.import_module("numpy").random.seed(0)
    dataset = built(asked["dataset"])
    answers = {str(index): str(said) for index, said in asked["answers"].items()}
    frame = dataset.data.copy()
    frame = frame[[str(index) in answers for index in frame["index"]]]
    frame["prediction"] = [answers[str(index)] for index in frame["index"]]
    frame = frame.drop(columns=[name for name in ("image",) if name in frame])
    long = any(len(said) > CELL for said in answers.values())
    ending = os.environ.get("PRED_FORMAT") or ("tsv" if long else "xlsx")
    os.environ["PRED_FORMAT"] = ending
    table = Path(asked["work"]) / f"model_{asked['dataset']}.{ending}"
    importlib.import_module("vlmeval.smp").dump(frame, str(table))
    judge = json.loads(os.environ.get("SAILBENCH_VLMEVAL_JUDGE") or '{"model": "exact_matching"}')
    report = dataset.evaluate(str(table), **judge)
    found = {"version": version("ms-vlmeval"), "metrics": numbers(report), "samples": values(table, set(answers))}
    Path(asked["out"]).write_text(json.dumps(found), encoding="utf-8")


def numbers(report: Any, name: str = "") -> dict[str, float]:
    """Every number of a report, be it a table, a mapping or nested, by its place."""
    if hasattr(report, "to_dict") and hasattr(report, "columns"):
        return of_table(report)
    if isinstance(report, dict):
        found: dict[str, float] = {}
        for key, value in report.items():
            found |= numbers(value, f"{name}|{key}" if name else str(key))
        return found
    if isinstance(report, list | tuple) and len(report) == 1:
        return numbers(report[0], name)
    number = as_number(report)
    return {} if number is None else {name or "score": number}


def of_table(report: Any) -> dict[str, float]:
    found: dict[str, float] = {}
    records = report.to_dict("records")
    for record in records:
        words = [str(v) for v in record.values() if as_number(v) is None]
        prefix = "|".join(words) + "|" if len(records) > 1 and words else ""
        found |= {f"{prefix}{key}": n for key, v in record.items() if (n := as_number(v)) is not None}
    return found


def as_number(value: Any) -> float | None:
    if isinstance(value, bool) or (isinstance(value, str) and not value.strip()):
        return None
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if number - number == 0 else None


def values(table: Path, asked: set[str]) -> dict[str, float]:
    """Samples' values from the table that the evaluation left beside the answers, if it has one of every sample."""
    load = importlib.import_module("vlmeval.smp").load
    for path in sorted(table.parent.iterdir()):
        if path == table or path.suffix not in (".xlsx", ".tsv", ".csv", ".json"):
            continue
        try:
            frame = load(str(path))
        except (OSError, ValueError, KeyError):
            continue
        column = next((name for name in VALUES if name in getattr(frame, "columns", ())), None)
        if column is None or "index" not in frame:
            continue
        held = {str(index): as_number(value) for index, value in zip(frame["index"], frame[column], strict=True)}
        if set(held) == asked and all(value is not None and 0 <= value <= 1 for value in held.values()):
            return {index: value for index, value in held.items() if value is not None}
    return {}


def main() -> None:
    asked = json.load(sys.stdin)
    if not asked["network"]:
        no_network()
    {"rows": rows, "evaluate": evaluate}[asked["do"]](asked)


if __name__ == "__main__":
    main()
