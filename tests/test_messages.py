"""What goes wrong is read as a newcomer reads it: one line that says what happened, where, and what to do now.

Each case is the command as typed, in a folder as it really would be; a class of errors without a case fails here.
"""

import fcntl
import inspect
import json
import re
from dataclasses import dataclass, field

import pytest

from sailbench import errors
from sailbench.cli import main, parser

CLASSES = {
    own
    for _, own in inspect.getmembers(errors, inspect.isclass)
    if issubclass(own, errors.SailbenchError) and own is not errors.SailbenchError  # the base only joins them
}
TASK = '''"""A benchmark of the user's own.

family: mine
"""

from sailbench.families import choice
from sailbench.rows import Hub, Tsv
from sailbench.types import Sample


def read(row):
    return Sample(id=row.text("id"), question=row.text("question", default=None), target=row.text("answer"),
                  choices=row.choices(), media=row.images("image"))


TASK = choice(read, sources=(Hub(repo="some/where"),))
'''
ROW = {"id": "1", "question": "Which?", "answer": "A", "A": "red", "B": "blue"}
RUN = "run --model fake --tasks HERE/mine.py --data-dir HERE/rows.jsonl --out HERE/out"
# What a newcomer can make nothing of.
JARGON = re.compile(
    r"Traceback|\bErrno\b|0x[0-9a-f]{6,}|<class|object at|\b(Usage|Task|Data|Model|Store|Media)Error\b|\bNone\b"
)


@dataclass(frozen=True)
class Case:
    """A class of errors, the command, and the words of the message that say what, where, and what to do.

    What to do may be what there is to choose from instead. `files` lie around in the folder HERE.
    """

    error: type
    name: str
    argv: str
    what: str
    where: str
    way: str
    files: dict = field(default_factory=dict)


U, T, D, M, S = errors.UsageError, errors.TaskError, errors.DataError, errors.ModelError, errors.StoreError
NEXT = "run --model fake --tasks"
ROWS = {"rows.jsonl": f"{json.dumps(ROW)}\n{{torn\n"}
NO_VALUE = {"mine.toml": 'prompt = "Grade."\nverdict = "(?P<grade>[0-9])"\n'}
CASES = [
    Case(U, "task misspelt", f"{NEXT} mmstr", "no task", "'mmstr'", "did you mean mmstar"),
    Case(U, "group misspelt", f"{NEXT} @opencompas", "no group", "@opencompas", "did you mean opencompass"),
    Case(U, "no task named", f"{NEXT} ,", "no task named", "", "see `sailbench tasks`"),
    Case(U, "no such sample", f"{RUN} --ids 7", "no sample", "7", "ids look like 1"),
    Case(U, "rubric misspelt", "judges mmvett", "no rubric", "'mmvett'", "did you mean mmvet"),
    Case(U, "no mirror", "data pull mmstar --mirror ftp://x", "is no mirror", "'ftp://x'", "give https://host"),
    Case(U, "no price", f"{RUN} --judge fake --judge-budget 5", "needs the price", "fake", "give --judge-prices FILE"),
    Case(
        U, "no price table", f"{RUN} --judge fake --judge-prices HERE/p", "no price table", "HERE/p", 'write ["MODEL"]'
    ),
    Case(
        U,
        "score of another harness's task",
        "score vlmeval:MMStar --data HERE/rows.jsonl --predictions HERE/rows.jsonl",
        "graded by another harness",
        "vlmeval:MMStar",
        "did you mean mmstar",
    ),
    Case(U, "no task file", "run --model fake --tasks HERE/x.py", "no task file", "HERE/x.py", "give the path of one"),
    Case(M, "no checkpoint", "run --model HERE --tasks @demo", "has no config.json", "HERE", "was saved to"),
    Case(
        U,
        "no archive",
        "data import HERE/b.tar",
        "there is no",
        "HERE/b.tar",
        "give an archive of `sailbench data pack`",
    ),
    Case(
        T,
        "slip in a task file",
        RUN,
        "was never closed",
        "mine.py, line 1",
        "SyntaxError",
        {"mine.py": "def read(row:\n"},
    ),
    Case(T, "no task in a task file", RUN, "defines no", "HERE/mine.py", "TASK", {"mine.py": '"""Mine."""\n'}),
    Case(T, "no column", RUN, "has no column question", "row 0", "it has: answer", {"rows.jsonl": '{"answer": "A"}\n'}),
    Case(
        T,
        "slip in a rubric",
        "judges HERE/mine.toml",
        "the verdict pattern",
        "HERE/mine.toml",
        "needs a group",
        NO_VALUE,
    ),
    Case(D, "no data", f"{RUN} --data-dir HERE/x", "there is no file or folder", "HERE/x", "pass --data-dir one that"),
    Case(D, "no JSON", RUN, "not JSON", "HERE/rows.jsonl, line 2", "Expecting", ROWS),
    Case(
        D, "no network", f"{NEXT} HERE/mine.py --offline", "is not in the cache", "some/where", "pass --data-dir a file"
    ),
    Case(
        D, "not pulled", "data verify mmstar", "was not pulled here", "mmstar", "`sailbench data pull mmstar` fetches"
    ),
    Case(
        D,
        "another archive",
        "data import HERE/rows.jsonl",
        "is no archive of",
        "HERE/rows.jsonl",
        "`sailbench data pack`",
    ),
    Case(
        M, "model misspelt", "run --model sailvl2-3b --tasks @demo", "no model", "'sailvl2-3b'", "did you mean sailvl2-"
    ),
    Case(
        M,
        "no weights",
        "run --model sailvl2-1b --tasks @demo",
        "never released",
        "sailvl2-1b",
        "pass a folder that holds them",
    ),
    Case(M, "engine misspelt", f"{RUN} --engine vlm", "no engine", "'vlm'", "did you mean vllm"),
    Case(
        M,
        "no address",
        "run --model openai:m --url me:80 --tasks @demo",
        "is no address",
        "'me:80'",
        "give it like http://",
    ),
    Case(
        S, "no results", "report HERE/x", "no summaries", "HERE/x", "give the folder that `sailbench run --out` wrote"
    ),
    Case(
        S,
        "another version's",
        RUN,
        "another version",
        "HERE/out/fake",
        "choose another --out",
        {"out/fake/.format": "9\n"},
    ),
    Case(S, "a file in the way", RUN, "cannot write", "HERE/out", "choose another --out", {"out": ""}),
    Case(S, "nothing to explain", "explain HERE/x HERE/y", "no HERE/", "HERE/", "give a results folder"),
]
# Media never end a run: what is wrong with one is why its sample is ungraded. The file, and what is said of it.
MEDIA = {
    "cut.png": "cannot be opened as an image",
    "empty.png": "is empty",
    "nowhere.png": "nowhere.png",
    "../secret.png": "secret.png",
}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """A folder with a task file and rows, an empty cache, no keys."""
    monkeypatch.setenv("SAILBENCH_CACHE", str(tmp_path / "cache"))
    for name in ("SAILBENCH_DATA", "SAILBENCH_MIRRORS", "SAILBENCH_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    lay(tmp_path, {"mine.py": TASK, "rows.jsonl": json.dumps(ROW) + "\n"})
    return tmp_path


def lay(folder, files):
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)


def told(argv, capsys):
    """The exit code of a command, and its lines on the error stream."""
    capsys.readouterr()
    return main(argv), capsys.readouterr().err.strip().splitlines()


def read_by_a_newcomer(line):
    assert len(line) < 500 and not JARGON.search(line), line


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.error.__name__}: {case.name}")
def test_a_message_says_in_one_line_what_happened_where_and_what_to_do(case, here, capsys):
    lay(here, {"p": "free"} | case.files)
    argv = case.argv.replace("HERE", str(here)).split()
    code, lines = told(argv, capsys)
    assert (code, len(lines)) == (2, 1), lines
    assert lines[0].startswith("sailbench: ")
    for words in (case.what, case.where, case.way):
        assert words in lines[0].replace(str(here), "HERE")
    read_by_a_newcomer(lines[0].replace(str(here), "HERE"))


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.error.__name__}: {case.name}")
def test_each_case_is_of_the_class_that_it_stands_for(case, here):
    lay(here, {"p": "free"} | case.files)
    arguments = parser().parse_args(case.argv.replace("HERE", str(here)).split())
    with pytest.raises(errors.SailbenchError) as raised:
        arguments.command(arguments)
    assert raised.type is case.error


def test_results_that_another_run_writes_to_say_how_to_wait(here, capsys):
    argv = RUN.replace("HERE", str(here)).split()
    assert main(argv) == 0
    with next((here / "out").rglob("*lock*")).open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        code, lines = told(argv, capsys)
    assert (code, len(lines)) == (2, 1), lines
    assert str(here / "out") in lines[0] and "--wait" in lines[0]


def test_media_that_cannot_be_opened_leave_their_sample_ungraded_and_say_why(here, capsys):
    (here / "cut.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0")
    (here / "empty.png").write_bytes(b"")
    rows = [ROW | {"id": name, "image": name} for name in MEDIA]
    (here / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    argv = (
        RUN.replace("--model fake", "--model sailvl2-random --deterministic --name m")
        .replace("HERE", str(here))
        .split()
    )
    code, lines = told(argv, capsys)
    assert code == 3
    assert lines[-1] == f"sailbench: {len(MEDIA)} items are ungraded; the same command asks them again"
    scores = map(json.loads, (here / "out" / "m" / "mine.scores.jsonl").read_text().splitlines())
    for score in scores:
        assert score["value"] is None and MEDIA[score["id"]] in score["why"]
        read_by_a_newcomer(score["why"].replace(str(here), "HERE"))


def test_every_class_of_errors_has_a_case():
    assert {case.error for case in CASES} | {errors.MediaError} == CLASSES  # the media's own are in the test before
