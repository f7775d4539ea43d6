"""The recipe's stages one after another, in miniature: what each gains, and a course that was killed and goes on."""

import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from statistics import mean

import pytest
import torch

from recipes.nano import __main__ as command
from recipes.nano import course, pack, rewarded, train
from recipes.nano.stages import STAGES

ROOT = Path(__file__).resolve().parents[1]
LEARNT = [stage for stage in course.miniature() if stage.kind != "rewards"]
pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.filterwarnings("ignore:Mismatch dtype")]  # of autocast
of_name = pytest.mark.parametrize("stage", LEARNT, ids=lambda stage: stage.name)


def weights(folder, stage):
    return torch.load(folder / f"{stage.name}.state", weights_only=True)["student"]


def same(one, two, stage):
    other = weights(two, stage)
    return all(torch.equal(tensor, other[name]) for name, tensor in weights(one, stage).items())


def logged(folder, stage):
    return [json.loads(line) for line in (folder / f"{stage.name}.log.jsonl").read_text().splitlines()]


def held_out_loss(folder, stage, state):
    """The stage's own loss over scenes that it was not trained on."""
    base = folder / "base"
    plan = train.Plan(stage=stage, base=base, before=None, folder=folder, seed=12345)
    student, drawn = train.load(base, state), train.batches(plan, pack.processor(base), 0, 0)
    with torch.inference_mode():
        return mean(float(sum(train._losses(student, stage, next(drawn)).values())) for _ in range(4))


# A few steps of each stage, in one process


@pytest.fixture(scope="module")
def short():
    """A few steps of every stage; so many of two that there is something to reward."""
    few = {"language": 50, "think": 50, "reinforce": 2}
    stages = [replace(stage, steps=few.get(stage.name, 4), rows=2) for stage in course.miniature()]
    return [replace(stage, rows=4, rate=3e-3, fall=0.5) if stage.steps == 50 else stage for stage in stages]


@pytest.fixture(scope="module")
def ran(short, tmp_path_factory):
    folder = tmp_path_factory.mktemp("course")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rewarded, "SUMS", rewarded.AT_ONCE)
        course.run(folder, short, course.MINIATURE, workers=1)
    return folder


def test_every_stage_ends_with_a_state_of_its_own_and_a_log_of_numbers(ran, short):
    for stage in short:
        lines = logged(ran, stage)
        assert len(lines) == min(4, stage.steps) and lines[-1]["step"] > stage.steps * 0.9
        assert all(math.isfinite(value) for line in lines for value in line.values())
    assert (ran / "pool.jsonl").exists()


def test_the_language_model_learns_to_answer_and_to_reason(ran, short):
    for stage in (stage for stage in short if stage.steps == 50):
        assert logged(ran, stage)[-1]["answers"] < logged(ran, stage)[0]["answers"] - 0.3


def test_a_stage_starts_from_the_one_before_and_changes_only_what_it_trains(ran, short):
    for before, stage in pairwise(short):
        old, new = weights(ran, before), weights(ran, stage)
        changed = {name for name in old if not torch.equal(old[name], new[name])}
        assert changed and all(name.startswith(stage.trains) for name in changed), stage.name


def test_a_stage_that_was_cut_off_and_those_after_it_are_made_again_alike(ran, short, tmp_path):
    again, late = tmp_path / "again", ("reinforce", "fuse")
    again.mkdir()
    for path in ran.glob("*.state"):
        if path.stem not in late:
            (again / path.name).symlink_to(path)
    (again / "base").symlink_to(ran / "base")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rewarded, "SUMS", rewarded.AT_ONCE)
        course.run(again, short, course.MINIATURE, workers=1)
    assert all(same(ran, again, stage) for stage in short)
    assert (again / "pool.jsonl").read_bytes() == (ran / "pool.jsonl").read_bytes()


def test_what_the_parts_gained_is_told_before_there_is_a_model_to_score(ran, tmp_path):
    for name in ("base", "tower.state", "lookup.state"):
        (tmp_path / name).symlink_to(ran / name)
    tower, lookup = course.table(tmp_path).splitlines()
    assert re.fullmatch(r"`tower`, % of patches told right: glyph \d+, shape \d+, colour \d+", tower)
    assert re.match(r"`lookup`, % of answers right about scenes in words: chart \d+, grounding \d+, list \d+, ", lookup)


# The command's miniature, on two processes


def started(folder):
    argv = [sys.executable, "-W", "ignore", "-m", "recipes.nano", "train", "--out", str(folder), "--miniature"]
    return subprocess.Popen(argv, cwd=ROOT, start_new_session=True, env={**os.environ, "OMP_NUM_THREADS": "1"})


def killed_after(folder, saved):
    """Start the course; kill all its processes as soon as this file, or the line of a log that it names, is there."""
    name, lines = saved
    running = started(folder)
    while running.poll() is None:
        with suppress(FileNotFoundError):
            if (folder / name).read_bytes().count(b"\n") >= lines:
                break
        time.sleep(0.05)
    assert running.poll() is None, "the course ended before it could be killed"
    os.killpg(running.pid, signal.SIGKILL)
    running.wait()


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    """An undisturbed miniature: about two minutes where two cores are free."""
    folder = tmp_path_factory.mktemp("miniature")
    assert started(folder).wait() == 0
    return folder


@pytest.mark.slow
@of_name
def test_a_stage_lowers_its_loss_on_scenes_it_has_not_seen(whole, stage):
    names = [each.name for each in STAGES]
    first = names.index(stage.name) == 0
    before = None if first else whole / f"{names[names.index(stage.name) - 1]}.state"
    assert held_out_loss(whole, stage, whole / f"{stage.name}.state") < held_out_loss(whole, stage, before)


@pytest.mark.slow
@of_name
def test_the_logged_loss_falls_where_more_than_a_warm_up_is_learnt(whole, stage):
    kind, lines = stage.kind, logged(whole, stage)
    assert len(lines) >= 4 and lines[-1]["step"] == stage.steps
    if stage.name not in ("adapter", "align"):  # what the tower shows is not yet read by a language model this young
        assert lines[-1][kind] < lines[0][kind]


@pytest.mark.slow
def test_the_reward_rises(whole):
    stage = next(stage for stage in course.miniature() if stage.kind == "rewards")
    earned = [line["reward"] for line in logged(whole, stage)]
    assert len(earned) == stage.steps and mean(earned[-5:]) > mean(earned[:5]) + 0.05


@pytest.mark.slow
def test_a_course_that_was_killed_three_times_ends_with_the_same_weights(whole, tmp_path):
    for saved in (("lookup.log.jsonl", 2), ("align.log.jsonl", 3), ("reinforce.log.jsonl", 8)):
        killed_after(tmp_path, saved)
    assert started(tmp_path).wait() == 0
    assert all(same(whole, tmp_path, stage) for stage in STAGES)
    assert (whole / "pool.jsonl").read_bytes() == (tmp_path / "pool.jsonl").read_bytes()


# The command


def asked(*argv):
    return command._parser().parse_args(argv)


def test_stages_search_for_their_rate_where_that_is_asked_for():
    given = asked("train", "--out", "x", "--search-rate", "adapter", "align")
    found = {stage.name: command._changed(stage, given).search for stage in STAGES}
    assert {name: window for name, window in found.items() if window} == {"adapter": 10, "align": 16}


def test_a_soup_is_made_by_the_command(ran, short, tmp_path, monkeypatch, capsys):
    for stage in ("think", "fuse"):
        monkeypatch.setattr(
            sys, "argv", ["nano", "export", "--out", str(ran), "--stage", stage, "--to", str(tmp_path / stage)]
        )
        command.main()
    monkeypatch.setattr(
        sys, "argv", ["nano", "soup", str(tmp_path / "think"), str(tmp_path / "fuse"), "--to", str(tmp_path / "soup")]
    )
    command.main()
    assert (tmp_path / "soup" / "model.safetensors").exists()
    with pytest.raises(SystemExit):
        command.main()
    assert "exists already" in capsys.readouterr().err
