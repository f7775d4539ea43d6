"""The doctor on this machine as it is, and against real servers that are gated, closed, slow to trust or away."""

import builtins
import json
import subprocess
import sys
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from importlib import metadata

import pytest
from packaging.requirements import Requirement
from servers import listening

from sailbench.cli import main
from sailbench.doctor import machine, network, packages

SECRET = "hf_thisIsNoRealToken"
TASK = '''"""A benchmark of the user's own.

family: mine
judge: JUDGE
"""

from sailbench.families import choice
from sailbench.rows import Hub, Tsv
from sailbench.types import Sample


def read(row):
    return Sample(id=row.text("index"), question=row.text("question"), target=row.text("answer"))


TASK = choice(read, sources=(SOURCES,), rubric="RUBRIC")
'''


@contextmanager
def answering(replies):
    """A server that answers each path with (status, JSON), others with 200 and {}; yields address and what it heard."""
    heard = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            heard.append((self.path, self.headers.get("Authorization")))
            status, content = replies.get(self.path, (200, {}))
            body = json.dumps(content).encode()
            self.send_response(status)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body if self.command == "GET" else b"")

        do_HEAD = do_GET  # noqa: N815  # the server's own spelling

        def log_message(self, *_):
            pass

    with listening(Handler) as server:
        yield f"http://127.0.0.1:{server.server_port}", heard


@pytest.fixture(autouse=True)
def clean(tmp_path, monkeypatch):
    """No hub but one that nothing listens at, no keys, an empty cache."""
    for name in ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HF_HUB_OFFLINE", "HF_TOKEN_PATH", "SAILBENCH_DATA"):
        monkeypatch.delenv(name, raising=False)
    for name in ("OPENAI_API_KEY", "SAILBENCH_API_KEY", "SAILBENCH_JUDGE_KEY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")
    monkeypatch.setenv("HF_HOME", str(tmp_path / "hf"))
    monkeypatch.setenv("SAILBENCH_CACHE", str(tmp_path / "cache"))


@pytest.fixture
def task(tmp_path):
    def write(sources, judge="none", rubric=""):
        text = TASK.replace("SOURCES", sources).replace("JUDGE", judge).replace("RUBRIC", rubric)
        (tmp_path / "mine.py").write_text(text)
        return str(tmp_path / "mine.py")

    return write


@pytest.fixture
def doctor(capsys):
    """Exit code and findings by check, of the command as a user gives it."""

    def run(*argv):
        code = main(["doctor", "--json", *argv])
        told = json.loads(capsys.readouterr().out)
        assert told["fit"] == (code == 0)
        found = {}
        for one in told["findings"]:
            found.setdefault(one["check"], []).append(one)
        return code, found

    return run


def states(found, check):
    return [one["state"] for one in found[check]]


def test_with_nothing_chosen_this_machine_passes_offline(doctor):
    code, found = doctor("--offline")
    assert code == 0
    assert {"python", "torch", "cuda", "memory", "disk", "ffmpeg", "pillow", "network", "hub token"} <= set(found)
    assert states(found, "network") == ["skip"]


def test_every_line_has_a_state_and_what_is_amiss_has_a_remedy(doctor, capsys):
    _, found = doctor("--tasks", "mmvet,demo_count", "--model", "sailvl2-2b")
    told = [one for several in found.values() for one in several]
    assert {one["state"] for one in told} <= {"ok", "warn", "fail", "skip"}
    assert [one for one in told if one["state"] in ("warn", "fail") and not one["todo"]] == []
    main(["doctor", "--offline"])
    *lines, last = capsys.readouterr().out.splitlines()
    assert {line.split()[0] for line in lines} <= {"ok", "warn", "fail", "skip"} and "checks" in last


def test_a_slip_in_a_tasks_name_is_told_at_once(capsys):
    assert main(["doctor", "--tasks", "mmmmu"]) == 2
    heard = capsys.readouterr()
    assert (heard.out, "did you mean mmmu" in heard.err) == ("", True)


def test_drawn_tasks_and_the_fake_model_need_nothing(doctor):
    code, found = doctor("--offline", "--tasks", "@demo", "--model", "fake")
    assert (code, states(found, "task demo_count"), states(found, "model")) == (0, ["ok"], ["ok"])


def test_data_that_cannot_be_had_are_in_the_way(doctor, task):
    path = task("Hub(repo='some/where')")
    code, found = doctor("--tasks", path)
    assert (code, states(found, "network"), states(found, "task mine")) == (2, ["warn"], ["fail"])
    code, found = doctor("--tasks", path, "--offline")
    assert code == 2 and "--offline forbids" in found["task mine"][0]["said"]
    assert "sailbench data pack" in found["task mine"][0]["todo"]


def test_data_that_the_hub_gives_are_downloaded_by_the_run(doctor, task, monkeypatch):
    with answering({}) as (url, heard):
        monkeypatch.setenv("HF_ENDPOINT", url)
        path = task("Hub(repo='some/where')")
        code, found = doctor("--tasks", path)
    assert (code, states(found, "network"), states(found, "task mine")) == (0, ["ok"], ["warn"])
    assert f"sailbench data pull {path}" in found["task mine"][0]["todo"]
    assert ("/api/datasets/some/where/auth-check", None) in heard


def test_a_gated_data_set_says_where_to_ask(doctor, task, monkeypatch):
    with answering({"/api/datasets/some/where/auth-check": (403, {})}) as (url, _):
        monkeypatch.setenv("HF_ENDPOINT", url)
        code, found = doctor("--tasks", task("Hub(repo='some/where')"))
    (one,) = found["task mine"]
    assert (code, one["state"]) == (2, "fail")
    assert "is gated" in one["said"] and f"{url}/datasets/some/where" in one["todo"] and "HF_TOKEN" in one["todo"]


def test_a_file_published_elsewhere_is_the_way_round_a_gate(doctor, task, monkeypatch):
    with answering({"/api/datasets/some/where/auth-check": (401, {})}) as (url, _):
        monkeypatch.setenv("HF_ENDPOINT", url)
        code, found = doctor("--tasks", task(f"Hub(repo='some/where'), Tsv(url='{url}/mine.tsv')"))
    assert (code, states(found, "task mine")) == (0, ["warn"])
    assert "/mine.tsv" in found["task mine"][0]["said"]


def test_data_at_hand_are_found_without_a_network(doctor, task, tmp_path):
    (tmp_path / "cache" / "tsv").mkdir(parents=True)
    (tmp_path / "cache" / "tsv" / "mine.tsv").write_text("index\tquestion\tanswer\n")
    path = task("Tsv(url='http://127.0.0.1:9/mine.tsv')")
    assert doctor("--tasks", path, "--offline")[0] == 0
    assert doctor("--tasks", path, "--offline", "--data-dir", str(tmp_path / "nothing"))[0] == 2


def test_a_task_that_must_be_judged_wants_a_judge(doctor, task, tmp_path):
    (tmp_path / "rows.jsonl").write_text("")
    path = task("Tsv(url='http://127.0.0.1:9/mine.tsv')", "required (gpt-4)", "mmvet")
    argv = ["--offline", "--tasks", path, "--data-dir", str(tmp_path / "rows.jsonl")]
    code, found = doctor(*argv)
    assert (code, states(found, "task mine")) == (2, ["ok", "fail"])
    assert "--judge" in found["task mine"][1]["todo"]
    assert states(doctor(*argv, "--judge", "fake")[1], "task mine") == ["ok"]


def test_a_task_file_with_a_slip_is_one_failed_line(doctor, tmp_path):
    (tmp_path / "mine.py").write_text("TASK = choice(\n")
    code, found = doctor("--offline", "--tasks", f"{tmp_path}/mine.py,demo_count")
    assert code == 2
    assert states(found, f"task {tmp_path}/mine.py") == ["fail"] and states(found, "task demo_count") == ["ok"]


def test_a_judges_server_is_asked_for_its_models_and_for_nothing_else(doctor, monkeypatch):
    monkeypatch.setenv("SAILBENCH_JUDGE_KEY", "sk-judge")
    models = {"data": [{"id": "good"}]}
    with answering({"/v1/models": (200, models)}) as (url, heard):
        argv = ["--offline", "--judge-url", f"{url}/v1", "--judge"]
        assert states(doctor(*argv, "openai:good")[1], "judge") == ["ok"]
        assert states(doctor(*argv, "openai:other")[1], "judge") == ["warn"]
    assert heard == [("/v1/models", "Bearer sk-judge")] * 2


@pytest.mark.parametrize(("status", "state", "code"), [(401, "fail", 2), (404, "warn", 0), (500, "warn", 0)])
def test_a_judges_server_that_refuses_is_in_the_way(doctor, status, state, code):
    with answering({"/v1/models": (status, {})}) as (url, _):
        told, found = doctor("--offline", "--judge", "openai:good", "--judge-url", f"{url}/v1")
    assert (told, states(found, "judge")) == (code, [state])


def test_a_judge_that_is_away_or_has_no_key_is_in_the_way(doctor):
    code, found = doctor("--offline", "--judge", "openai:m", "--judge-url", "http://u:pass@127.0.0.1:9/v1")
    assert (code, states(found, "judge")) == (2, ["fail"])
    assert "cannot be reached" in found["judge"][0]["said"] and "pass" not in json.dumps(found["judge"])
    code, found = doctor("--offline", "--judge", "openai:gpt-4o")
    assert code == 2 and "SAILBENCH_JUDGE_KEY" in found["judge"][0]["todo"]


def test_a_model_on_a_server_is_asked_for_where_it_is_served(doctor):
    with answering({"/v1/models": (200, {"data": [{"id": "mine"}]})}) as (url, _):
        for argv in (
            ["--model", "openai:mine", "--url", f"{url}/v1"],
            ["--model", "mine", "--engine", f"remote:{url}/v1"],
        ):
            assert states(doctor("--offline", *argv)[1], "model") == ["ok"]


def test_a_token_is_told_of_and_never_shown(monkeypatch, capsys):
    monkeypatch.setenv("HF_TOKEN", SECRET)
    with answering({}) as (url, heard):
        monkeypatch.setenv("HF_ENDPOINT", url)
        main(["doctor"])
    told = capsys.readouterr()
    assert ("/api/whoami-v2", f"Bearer {SECRET}") in heard
    assert "there is one, and the hub takes it" in told.out and SECRET not in told.out + told.err


def test_a_token_in_its_file_that_the_hub_refuses_is_told(doctor, tmp_path, monkeypatch):
    (tmp_path / "hf").mkdir()
    (tmp_path / "hf" / "token").write_text(f"{SECRET}\n")
    with answering({"/api/whoami-v2": (401, {})}) as (url, heard):
        monkeypatch.setenv("HF_ENDPOINT", url)
        _, found = doctor()
    assert states(found, "hub token") == ["warn"] and heard[-1][1] == f"Bearer {SECRET}"
    assert SECRET not in repr(network.Hub.of({"HF_TOKEN": SECRET}))


def test_offline_opens_no_connection_but_to_this_machine(doctor, monkeypatch):
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("a socket was opened"))
    doctor("--offline", "--tasks", "mmvet,vsi_bench", "--model", "sailvl2-2b", "--judge", "openai:gpt-4o")


@pytest.mark.parametrize(("model", "said"), [("sailvl2-3b", "did you mean"), ("sailvl2-1b", "never released")])
def test_a_model_that_no_weights_stand_behind_is_in_the_way(doctor, model, said):
    code, found = doctor("--offline", "--model", model)
    assert code == 2 and said in found["model"][0]["said"]


def test_a_models_folder_is_looked_into(doctor, tmp_path):
    folder = tmp_path / "ckpt"
    assert "there is no" in doctor("--offline", "--model", str(folder))[1]["model"][0]["said"]
    folder.mkdir()
    assert "no config.json" in doctor("--offline", "--model", str(folder))[1]["model"][0]["said"]
    (folder / "config.json").write_text("{}")
    assert "pickles are not read" in doctor("--offline", "--model", str(folder))[1]["model"][0]["todo"]
    (folder / "model.safetensors").write_bytes(bytes(1000))
    assert doctor("--offline", "--model", str(folder))[0] == 0


def test_a_model_larger_than_the_machine_is_told(doctor, tmp_path):
    (tmp_path / "config.json").write_text("{}")
    with (tmp_path / "model.safetensors").open("wb") as file:
        file.truncate(10**13)  # a hole: takes no disk
    _, found = doctor("--offline", "--model", str(tmp_path), "--tasks", "demo_count")
    assert states(found, "model") == ["warn"] and "10.0 TB" in found["model"][0]["said"]


def test_versions_outside_their_ranges_are_told_with_the_command():
    def version(name):
        return {"numpy": "1.26.4", "httpx": "0.28"}.get(name) or metadata.version("no-such-package")

    several = [Requirement(one) for one in ("numpy>=2.0", "httpx>=0.27", "lxml>=5", "old; python_version < '3'")]
    found = list(packages.dependencies(several, version))
    assert [(one.check, one.state) for one in found] == [("numpy", "warn"), ("lxml", "fail")]
    assert found[0].todo == "pip install 'numpy>=2.0'"


def test_the_ranges_of_a_checkout_are_those_that_installers_are_told(tmp_path):
    needed, extras = packages.stated()
    assert "torch" in [one.name for one in needed] and "hf" in extras
    assert packages.stated(tmp_path / "nothing")[0] != []  # the installed package's


def test_an_old_python_is_in_the_way():
    assert machine.python((3, 10, 2)).state == "fail"


def test_a_torch_that_cannot_be_imported_is_one_line(monkeypatch):
    real = builtins.__import__

    def broken(name, *rest):
        if name == "torch":
            raise OSError("libcudart.so.12: cannot open shared object file")
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", broken)
    (found,) = machine.torch_and_cuda()
    assert found.state == "fail" and "libcudart" in found.said


def test_a_driver_that_torch_does_not_see_is_told(tmp_path):
    import torch

    if torch.cuda.is_available():
        pytest.skip("there is a GPU, and torch sees it")
    (tmp_path / "version").write_text("NVRM")
    assert [one.state for one in machine.torch_and_cuda(tmp_path / "version")] == ["ok", "warn"]
    assert [one.state for one in machine.torch_and_cuda(tmp_path / "none")] == ["ok", "ok"]


def test_a_containers_limit_counts_and_not_the_machines_memory(tmp_path):
    (tmp_path / "meminfo").write_text("MemTotal: 100000000 kB\nMemAvailable: 90000000 kB\n")
    assert machine.memory(tmp_path / "meminfo", tmp_path).state == "ok"
    (tmp_path / "memory.max").write_text("4000000000\n")
    (tmp_path / "memory.current").write_text("1000000000\n")
    found = machine.memory(tmp_path / "meminfo", tmp_path)
    assert found.state == "warn" and found.said.startswith("3.0 GB of 4.0 GB")


def test_a_cache_that_is_a_file_is_in_the_way(tmp_path):
    (tmp_path / "cache").write_text("")
    (found,) = machine.disks([("SAILBENCH_CACHE", tmp_path / "cache")])
    assert (found.state, found.todo) == ("fail", "set SAILBENCH_CACHE to a folder")


def test_torch_is_imported_by_its_own_check_alone():
    heavy = "[m for m in ('torch', 'av', 'PIL') if m in sys.modules]"
    code = f"import sys, sailbench.doctor, sailbench.cli.doctor; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
