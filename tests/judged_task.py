"""A user's own task that only a judge can grade, as files: its definition and rows to ask."""

import json

TASK = '''"""Graded by a judge.

family: mine
"""

from sailbench.families import choice
from sailbench.prompts import as_it_is
from sailbench.rows import Row
from sailbench.rules.open_ended import Weight, weighed
from sailbench.types import Sample


def read(row: Row) -> Sample:
    return Sample(id=row.text("id"), question=row.text("question"), target=row.text("answer"))


RULES = {"official": weighed("mmvet", lambda sample, value: Weight(float(value)))}
TASK = choice(read, text=as_it_is, rules=RULES, rubric="mmvet")
'''


def laid_out(folder, rows):
    """The folder, with mine.py and so many rows in rows.jsonl."""
    (folder / "mine.py").write_text(TASK)
    made = [{"id": str(i), "question": f"q{i}", "answer": f"truth {i}"} for i in range(rows)]
    (folder / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in made))
    return folder
