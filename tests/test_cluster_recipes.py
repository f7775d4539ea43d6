"""The files for clusters can be read by those who will run them, and name options that exist."""

import argparse
import os
import re
import shlex
import subprocess
from pathlib import Path

import pytest

from sailbench.cli import parser

FOLDER = Path(__file__).resolve().parents[1] / "recipes" / "cluster"
FILES = sorted(FOLDER.iterdir())


def commands(text):
    """Every `sailbench COMMAND ...` in a text, as words; lines that go on are joined."""
    joined = re.sub(r"\\\n\s*", " ", text)
    joined = re.sub(r"(sailbench run [^\n]*)\n\s+(--)", r"\1 \2", joined)
    for found in re.finditer(r'\bsailbench"? ((?:run|plan) --[^\n`]*)', joined):
        yield shlex.split(found[1])


@pytest.mark.parametrize("file", [f for f in FILES if f.suffix in (".sh", ".sbatch")], ids=lambda f: f.name)
def test_shell_scripts_parse(file):
    done = subprocess.run(["bash", "-n", file], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_the_job_for_kubernetes_is_one_and_its_pods_see_the_shared_folder():
    yaml = pytest.importorskip("yaml", reason="no YAML parser is installed")
    job = yaml.safe_load((FOLDER / "rayjob.yaml").read_text())
    assert (job["apiVersion"], job["kind"]) == ("ray.io/v1", "RayJob")
    cluster = job["spec"]["rayClusterSpec"]
    pods = [cluster["headGroupSpec"], *cluster["workerGroupSpecs"]]
    mounted = [pod["template"]["spec"]["containers"][0]["volumeMounts"] for pod in pods]
    assert all("/shared" in [mount["mountPath"] for mount in mounts] for mounts in mounted)


def test_machines_started_by_hand_share_one_token_that_no_command_line_shows(tmp_path):
    tools = {
        "sailbench/.venv/bin/ray": 'echo "ray $* $RAY_AUTH_MODE:$RAY_AUTH_TOKEN"',
        "sailbench/.venv/bin/sailbench": 'echo "run $RAY_AUTH_MODE:$RAY_AUTH_TOKEN"',
        "ssh": 'echo "ssh $*"; exec env -u RAY_AUTH_MODE -u RAY_AUTH_TOKEN bash -c "$2"',
    }
    for name, content in tools.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(f"#!/bin/bash\n{content}\n")
        (tmp_path / name).chmod(0o755)
    environment = {"HOME": str(tmp_path), "PATH": f"{tmp_path}:{os.environ['PATH']}"}
    command = ["bash", FOLDER / "start.sh", "head", "worker"]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    tokens = re.findall(r"^(?:ray start|run).* token:([0-9a-f]{64})$", done.stdout, re.MULTILINE)
    assert (len(tokens), len(set(tokens))) == (3, 1)
    assert not any(tokens[0] in line for line in done.stdout.splitlines() if line.startswith("ssh"))


@pytest.mark.parametrize("file", FILES, ids=lambda f: f.name)
def test_every_command_in_them_is_one(file, monkeypatch):
    found = list(commands(file.read_text()))
    assert found or file.name == "README.md"
    monkeypatch.setattr(argparse.ArgumentParser, "exit", lambda self, status=0, message=None: pytest.fail(message))
    for words in found:
        assert parser().parse_args(words).tasks


def test_the_guide_names_options_that_exist_and_every_file():
    text = (FOLDER / "README.md").read_text()
    helps = "".join(subparser_help(name) for name in ("run", "plan"))
    assert set(re.findall(r"--[a-z][a-z-]+", text)) <= set(re.findall(r"--[a-z][a-z-]+", helps))
    assert all(file.name in text for file in FILES if file.name != "README.md")


def subparser_help(name):
    subparsers = next(a for a in parser()._actions if isinstance(a, argparse._SubParsersAction))
    return subparsers.choices[name].format_help()
