"""The journal keeps every answer, whatever happens between two lines."""

import json
import signal
import subprocess
import sys
import threading
import time

import pytest
from torture.disks import small_files

from sailbench.errors import StoreError
from sailbench.store import Journal, Results, folder_name, json_line, replace_file
from sailbench.types import Response

ANSWER = Response(texts=("B",), tokens_in=7, tokens_out=1, seconds=0.5)


def test_an_appended_response_is_read_back_whole(tmp_path):
    text = 'None\n"007"\u2028N/A \U0001f600'
    Journal(tmp_path / "t.jsonl").append("k", "1", Response(texts=(text,), tokens_in=3, tokens_out=2, finish="length"))
    assert Journal(tmp_path / "t.jsonl").get("k") == Response(texts=(text,), tokens_in=3, tokens_out=2, finish="length")


def test_answers_of_several_turns_stay_apart(tmp_path):
    Journal(tmp_path / "t.jsonl").append("k", "1", Response(texts=("one", "two")))
    assert Journal(tmp_path / "t.jsonl").get("k").texts == ("one", "two")


def test_a_line_has_the_fields_of_the_contract(tmp_path):
    Journal(tmp_path / "t.jsonl").append("k", "1", ANSWER)
    record = json.loads((tmp_path / "t.jsonl").read_text())
    assert list(record) == ["key", "id", "text", "finish", "error", "tokens_in", "tokens_out", "seconds"]


def test_a_torn_last_line_is_asked_again_and_spoils_nothing(tmp_path):
    path = tmp_path / "t.jsonl"
    Journal(path).append("first", "1", ANSWER)
    path.write_bytes(path.read_bytes() + b'{"key": "second", "te')
    journal = Journal(path)
    assert journal.unreadable == 1 and not journal.answered("second")
    journal.append("third", "3", ANSWER)
    again = Journal(path)
    assert again.answered("first") and again.answered("third") and again.unreadable == 1


def test_an_error_is_kept_but_asked_again(tmp_path):
    journal = Journal(tmp_path / "t.jsonl")
    journal.append("k", "1", Response(error="broken image", finish="error"))
    assert Journal(tmp_path / "t.jsonl").get("k").error == "broken image"
    assert not Journal(tmp_path / "t.jsonl").answered("k")
    journal.append("k", "1", ANSWER)
    assert Journal(tmp_path / "t.jsonl").answered("k")


def test_a_line_that_was_returned_from_survives_kill_9(tmp_path):
    code = f"""
import os, signal
from pathlib import Path
from sailbench.store import Journal
from sailbench.types import Response
journal = Journal(Path({str(tmp_path / "t.jsonl")!r}))
for i in range(50):
    journal.append(f"k{{i}}", str(i), Response(texts=("x" * 1000,)))
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -signal.SIGKILL
    assert sum(Journal(tmp_path / "t.jsonl").answered(f"k{i}") for i in range(50)) == 50


@pytest.mark.parametrize(
    "change",
    [
        {"text": None},
        {"text": ["a", 1]},
        {"seconds": float("inf")},
        {"tokens_in": "7"},
        {"finish": "maybe"},
        {"error": 5},
        {"key": 5},
    ],
    ids=str,
)
def test_a_line_that_append_never_writes_is_not_guessed_at(tmp_path, change):
    path = tmp_path / "t.jsonl"
    Journal(path).append("k", "1", ANSWER)
    path.write_text(json.dumps(json.loads(path.read_text()) | change) + "\n")
    journal = Journal(path)
    assert not journal.answered("k") and journal.unreadable == 1


def test_a_line_nested_without_end_spoils_nothing(tmp_path):
    path = tmp_path / "t.jsonl"
    Journal(path).append("k", "1", ANSWER)
    path.write_bytes(b"[" * 100_000 + b"\n" + path.read_bytes())
    assert Journal(path).answered("k")


def test_line_ends_of_windows_an_empty_line_and_a_byte_order_mark_are_no_fault(tmp_path):
    path = tmp_path / "t.jsonl"
    Journal(path).append("k", "1", ANSWER)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n\r\n"))
    journal = Journal(path)
    assert journal.answered("k") and journal.unreadable == 0


def test_half_a_surrogate_pair_is_kept(tmp_path):
    Journal(tmp_path / "t.jsonl").append("k", "1", Response(texts=("\\ \ud800 é",)))
    assert Journal(tmp_path / "t.jsonl").get("k").text == "\\ \ud800 é"
    replace_file(tmp_path / "s.json", json_line({"why": "\ud800"}))
    assert json.loads((tmp_path / "s.json").read_bytes()) == {"why": "\ud800"}


def test_a_folder_is_marked_with_its_layout_and_one_of_another_version_is_left_alone(tmp_path):
    with Results(tmp_path, "m").locked():
        pass
    assert (tmp_path / "m" / ".format").read_text() == "1\n"
    (tmp_path / "m" / ".format").write_text("2\n")
    with pytest.raises(StoreError, match="another version of sailbench"), Results(tmp_path, "m").locked():
        pass


def test_whoever_waits_for_a_folder_reads_it_anew(tmp_path):
    first, second, told = Results(tmp_path, "m"), Results(tmp_path, "m"), []
    second.journal("t")
    with first.locked():
        first.journal("t").append("k", "1", ANSWER)
        waiting = threading.Thread(target=_answered, args=(second, told))
        waiting.start()
        while not told:
            time.sleep(0.001)
    waiting.join()
    assert told == [f"another run is writing to {tmp_path}/m", True]


def _answered(results, told):
    with results.locked(told.append):
        told.append(results.journal("t").answered("k"))


def test_a_second_writer_is_told_to_wait(tmp_path):
    with Results(tmp_path, "m").locked(), pytest.raises(StoreError, match="another run is writing"):
        Results(tmp_path, "m").locked().__enter__()


def test_setting_answers_aside_deletes_nothing(tmp_path):
    results = Results(tmp_path, "m")
    for _ in range(2):
        results.journal("t").append("k", "1", ANSWER)
        results.forget("t")
    assert not results.journal("t").answered("k")
    assert sorted(p.name for p in (tmp_path / "m").iterdir()) == ["t.jsonl.old0", "t.jsonl.old1"]


def test_answers_set_aside_are_never_written_over(tmp_path):
    results = Results(tmp_path, "m")
    (tmp_path / "m").mkdir()
    (tmp_path / "m" / "t.jsonl.old1").write_text("earlier answers")
    for _ in range(2):
        results.journal("t").append("k", "1", ANSWER)
        results.forget("t")
    assert (tmp_path / "m" / "t.jsonl.old1").read_text() == "earlier answers"


def test_a_file_that_cannot_grow_is_one_line_and_what_was_kept_stays(tmp_path):
    path = tmp_path / "t.jsonl"
    with pytest.raises(StoreError, match=r"cannot write .*: File too large; free space"), small_files(2000):
        journal = Journal(path)
        for i in range(100):
            journal.append(f"k{i}", str(i), ANSWER)
    again = Journal(path)
    assert again.answered("k0") and again.unreadable == 1


@pytest.mark.parametrize(
    ("model", "folder"),
    [("sailvl2-2b", "sailvl2-2b"), ("Org/Name", "Org__Name"), ("./a/ckpt/", "ckpt"), ("../x y", "x_y"), ("/", "model")],
)
def test_a_models_name_makes_a_safe_folder(model, folder):
    assert folder_name(model) == folder


def test_a_replaced_file_leaves_no_part_behind(tmp_path):
    replace_file(tmp_path / "a" / "s.json", "{}")
    assert [p.name for p in (tmp_path / "a").iterdir()] == ["s.json"]
