"""JUnit XML for CI: a suite a model, a test case a task; a task with ungraded samples fails, whatever its score."""

from collections.abc import Sequence
from xml.etree import ElementTree

from sailbench.report import inert
from sailbench.report.lines import notes, valued
from sailbench.report.means import Number, number
from sailbench.report.runs import Record, Run


def junit(runs: Sequence[Run]) -> str:
    top = ElementTree.Element("testsuites", name="sailbench")
    for run in runs:
        failed = sum(bool(record["ungraded"]) for record in run.records.values())
        about = {"name": inert.line(run.name), "tests": str(len(run.records)), "failures": str(failed)}
        suite = ElementTree.SubElement(top, "testsuite", about | {"errors": "0", "skipped": "0"})
        for task, record in run.records.items():
            _case(suite, run.name, task, record)
    ElementTree.indent(top)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ElementTree.tostring(top, encoding="unicode") + "\n"


def _case(suite: ElementTree.Element, model: str, task: str, record: Record) -> None:
    seconds = f"{record.get('seconds') or 0:.3f}"
    about = {"classname": inert.line(model), "name": inert.line(task), "time": seconds}
    case = ElementTree.SubElement(suite, "testcase", about)
    if record["ungraded"]:
        total = record["n"] + record["ungraded"]
        failure = ElementTree.SubElement(case, "failure", message=f"{record['ungraded']} of {total} samples ungraded")
        failure.text = notes(record)
    own = number({"task": record}, "task")  # a stranger's results may name a task as rows are named
    assert isinstance(own, Number), task
    out = ElementTree.SubElement(case, "system-out")
    out.text = f"{valued(own)}, n {own.n}, {inert.line(str(record['protocol']))}"
