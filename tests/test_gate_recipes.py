"""The CI recipes: their commands parse, every flag exists, and they do what a pull request needs."""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
import yaml

from sailbench.cli import main, parser
from sailbench.models.catalogue import ENTRIES

ROOT = Path(__file__).resolve().parents[1]
FILES = ("github-actions.yml", "gitlab-ci.yml")
NANO = "sailvl2-nano"
BASELINE = ROOT / "results" / NANO


def job(name):
    """A recipe's one job, its variables and all its commands but the installation, as one script."""
    held = yaml.safe_load((ROOT / "recipes" / "ci" / name).read_text())
    if "jobs" in held:
        own = held["jobs"]["gate"]
        return own["env"], "\n".join(step["run"] for step in own["steps"] if step.get("name") in ("ask", "gate"))
    return held["gate"]["variables"], "\n".join(held["gate"]["script"])


def commands(script):
    """Every `sailbench` command of a script as words."""
    joined = script.replace("\\\n", " ")
    return [shlex.split(line)[1:] for line in joined.splitlines() if line.strip().startswith("sailbench ")]


def flags(command):
    choices = next(a for a in parser()._actions if isinstance(a, argparse._SubParsersAction)).choices
    return {flag for action in choices[command]._actions for flag in action.option_strings}


def ci(folder, name, **variables):
    """Run a recipe's commands as CI does, with this checkout's `sailbench` on the path."""
    environ, script = job(name)
    (folder / "bin").mkdir(exist_ok=True)
    (folder / "bin" / "sailbench").write_text(
        f'#!/bin/sh\nPYTHONPATH={ROOT} exec {sys.executable} -m sailbench.cli "$@"\n'
    )
    (folder / "bin" / "sailbench").chmod(0o755)
    more = environ | variables | {"GITHUB_STEP_SUMMARY": f"{folder}/summary.md"}
    environ = os.environ | more | {"PATH": f"{folder}/bin:{os.environ['PATH']}"}
    return subprocess.run(["bash", "-e", "-c", script], cwd=folder, env=environ, capture_output=True, check=False)


@pytest.mark.parametrize("name", FILES)
def test_commands_parse_and_every_flag_exists(name):
    environ, script = job(name)
    subprocess.run(["bash", "-n", "-c", script], check=True)
    found = commands(script)
    assert [own[0] for own in found] == ["run", "gate"]
    for own in found:
        assert {word for word in own if word.startswith("--")} <= flags(own[0])
    assert (environ["MODEL"], environ["TASKS"], environ["BASELINE"]) == (NANO, "@smoke", f"results/{NANO}")


@pytest.mark.parametrize("name", FILES)
def test_a_model_passes_against_itself_and_a_worse_one_fails(name, tmp_path):
    assert main(["run", "--model", "fake:A", "--tasks", "@demo", "--out", f"{tmp_path}/results"]) == 0
    own = {"NAME": "fake", "TASKS": "@demo", "BASELINE": "results/fake"}
    assert ci(tmp_path, name, MODEL="fake:A", **own).returncode == 0
    shutil.rmtree(tmp_path / "candidate")
    assert ci(tmp_path, name, MODEL="fake:nothing", **own).returncode == 1
    assert ElementTree.parse(tmp_path / "gate.xml").getroot().get("failures") != "0"
    assert (tmp_path / "flips" / "index.html").exists() and "flips/index.html" in (tmp_path / "gate.md").read_text()


@pytest.mark.skipif(NANO not in ENTRIES or not BASELINE.is_dir(), reason="the nano model is not in this checkout")
def test_the_nano_model_passes_against_its_committed_results(tmp_path):
    (tmp_path / "results").symlink_to(ROOT / "results")
    done = ci(tmp_path, FILES[0])  # the whole set: the gate refuses a run of a few samples as not comparable
    assert done.returncode == 0, done.stderr.decode()[-2000:]
