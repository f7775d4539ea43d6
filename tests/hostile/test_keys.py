"""Keys and passwords stay in their headers: no file, no stream and no message holds them, however a run fails."""

import json
import traceback
from functools import partial

import pytest
from servers import said, served

from sailbench.cli import main
from sailbench.models import remote
from sailbench.models.engines import Choice
from sailbench.models.remote import Endpoint

KEY = "sk-MARKED-8d1f0c2b7a6e"
PASSWORD = "MARKED-pa55word"
MARKS = ("MARKED", KEY[10:], "8d1f0c2b")
TASK = '''"""Graded by a judge.

family: mine
"""

from sailbench.families import choice
from sailbench.prompts import as_it_is
from sailbench.rules.open_ended import Weight, weighed
from sailbench.types import Sample


def read(row):
    return Sample(id=row.text("id"), question=row.text("question"), target=row.text("answer"))


RULES = {"official": weighed("mmvet", lambda sample, value: Weight(float(value)))}
TASK = choice(read, text=as_it_is, rules=RULES, rubric="mmvet")
'''
# What a server may say to a request, with the key that it was sent.
WAYS = {
    "well": lambda *_: said("0.5"),
    "refuses and quotes the key": lambda *_: (401, {}, {"error": {"message": f"Incorrect API key provided: {KEY}"}}),
    "quotes it masked by half": lambda *_: (403, {}, {"error": f"key {KEY[:12]}... is not allowed; Bearer {KEY}"}),
    "quotes it without JSON": lambda *_: (200, {}, f"<html>{KEY}</html>".encode()),
    "answers with another shape": lambda *_: (200, {}, {"choices": KEY}),
    "sends elsewhere": lambda *_: (302, {"location": f"http://127.0.0.1:9/?key={KEY}"}, {}),
    "asks for a moment": lambda body, number: (429, {"retry-after": "0"}, {"key": KEY}) if number < 2 else said("1.0"),
    "breaks off": lambda *_: (200, {"content-length": "9999"}, KEY.encode()),
}


@pytest.fixture
def mine(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(TASK)
    rows = [{"id": str(i), "question": f"q{i}", "answer": f"truth {i}"} for i in range(2)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for name in ("SAILBENCH_JUDGE_KEY", "SAILBENCH_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.setenv(name, KEY)
    monkeypatch.setattr(remote, "Endpoint", partial(Endpoint, tries=2, first_wait=0.0))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(folder, url, *more):
    """The exit code of a run whose model and judge are both at the address."""
    argv = ["run", "--model", "openai:m", "--url", url, "--tasks", "mine.py", "--data-dir", "rows.jsonl"]
    return main([*argv, "--out", "out", "--judge", "openai:j", "--judge-url", url, *more])


def leaked(folder, capfd, marks=MARKS):
    """Where a mark is found: in the streams, in a file's name or content."""
    streams = capfd.readouterr()
    places = {"out": streams.out.encode(), "err": streams.err.encode()}
    places |= {str(path): path.read_bytes() + str(path).encode() for path in folder.rglob("*") if path.is_file()}
    return [f"{place}: {content}" for place, content in places.items() for mark in marks if mark.encode() in content]


@pytest.mark.parametrize("way", WAYS)
def test_a_key_goes_nowhere_but_into_its_header(mine, way, capfd):
    with served(WAYS[way]) as (url, sent):
        code = run(mine, url, "--profile", "--allow-ungraded")
    assert code == 0 and leaked(mine, capfd) == []
    assert {headers.get("authorization", headers.get("Authorization")) for _, headers in sent} == {f"Bearer {KEY}"}
    assert (mine / "out" / "m" / "mine.json").is_file()


def test_nor_does_it_when_nobody_answers_at_the_address(mine, capfd):
    assert run(mine, "http://127.0.0.1:9/v1", "--allow-ungraded") == 0
    assert leaked(mine, capfd) == []


@pytest.mark.parametrize("way", ["well", "refuses and quotes the key"])
@pytest.mark.parametrize("after", [("--dry-run",), ("--json",)])
def test_nor_do_plans_and_reports_tell_it(mine, way, after, capfd):
    with served(WAYS[way]) as (url, _):
        if after == ("--dry-run",):
            assert run(mine, url, *after) == 0
        else:
            run(mine, url, "--allow-ungraded")
    for form in ("json", "html", "junit", "csv") if after == ("--json",) else ():
        assert main(["report", "out", "--format", form, "--out", f"page.{form}"]) == 0
    assert leaked(mine, capfd) == []


@pytest.mark.parametrize(
    "address",
    ["http://user:{p}@{host}/v1", "http://{p}@{host}/v1", "http://{host}/v1?api_key={p}", "http://{host}/v1#{p}"],
)
@pytest.mark.parametrize("way", ["well", "refuses and quotes the key"])
def test_what_an_address_holds_besides_its_place_is_told_nowhere(mine, address, way, capfd):
    with served(WAYS[way]) as (url, _):
        host = url.removeprefix("http://").removesuffix("/v1")
        code = run(mine, address.format(p=PASSWORD, host=host), "--profile", "--allow-ungraded")
        run(mine, address.format(p=PASSWORD, host=host), "--dry-run")
    assert code in (0, 2) and leaked(mine, capfd) == []


@pytest.mark.parametrize("key", [f"{KEY}\n", f"{KEY}é", f"ключ {KEY}"])
def test_a_key_that_fits_no_header_is_refused_without_being_told(mine, key, monkeypatch, capfd):
    monkeypatch.setenv("SAILBENCH_API_KEY", key)
    with served(WAYS["well"]) as (url, _):
        code = run(mine, url, "--allow-ungraded")
    assert code in (0, 2) and leaked(mine, capfd) == []


def test_what_holds_a_key_does_not_print_it():
    for own in (Choice("openai:m", key=KEY), Endpoint(url="http://h/v1", model="m", key=KEY)):
        assert KEY not in repr(own) and KEY not in str(own)


def test_a_traceback_with_its_variables_does_not_print_it(mine):
    try:
        raise RuntimeError(Choice("openai:m", key=KEY))
    except RuntimeError as error:
        lines = traceback.TracebackException.from_exception(error, capture_locals=True).format()
        assert f"'{KEY}'" not in "".join(line for line in lines if "choice" in line.lower() and "key=" in line)


def test_a_wrong_judge_address_is_one_line_without_its_password(mine, capfd):
    assert run(mine, f"ftp://user:{PASSWORD}@host/v1") == 2
    assert leaked(mine, capfd) == []


@pytest.mark.parametrize("way", WAYS)
def test_the_doctor_tells_none(mine, way, capfd):
    with served(WAYS[way]) as (url, _):
        address = url.replace("http://", f"http://user:{PASSWORD}@")
        code = main(["doctor", "--offline", "--model", "openai:m", "--url", address, "--judge", "openai:j"])
    assert code in (0, 1, 2, 3) and leaked(mine, capfd) == []
