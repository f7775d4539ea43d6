"""Video benchmarks as the model sees them: the official wrapper's questions, and which films and frames are meant."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from sailbench import judge, registry
from sailbench.media import Clip
from sailbench.models.sail import chat
from sailbench.rows import Row
from sailbench.rules import inquiries
from sailbench.run import clusters
from sailbench.types import Graded, Media, Reply
from sailbench.video import Span

RECORDED = {
    "MVBench": "mvbench",
    "MMBench-Video": "mmbench_video",
    "TempCompass_MCQ": "tempcompass",
    "LongVideoBench": "longvideobench_val",
}
VIDEO = Media("video", "v.mp4", "digest")
LETTERS = ("mvbench", "tvbench", "mlvu_dev", "longvideobench_val", "nextqa_mc", "lvbench", "perceptiontest_val")
OTHERS = ("egoschema_subset", "video_holmes", "video_mmmu", "mmvu_val", "tempcompass")


@cache
def golden(name):
    path = Path(__file__).parent / "cases" / "tasks" / f"{name}.json"
    return [row for row in json.loads(path.read_text(encoding="utf-8"))["rows"] if not row.get("skipped")]


def read(name, columns, part="", root=None):
    row = Row(columns, root)
    row.part = part
    return registry.load(name).read(row)


@cache
def first(name):
    """The task and its first golden sample."""
    row = golden(name)[0]
    return registry.load(name), read(name, row["row"], row.get("part", ""))


def recorded(parity, dataset):
    lines = (parity / "harness/prompts.jsonl").read_text(encoding="utf-8").splitlines()
    (own,) = [case for case in map(json.loads, lines) if case["dataset"] == dataset]
    return own


@pytest.mark.parametrize(("dataset", "name"), RECORDED.items())
def test_questions_are_those_of_the_official_wrapper(parity, dataset, name):
    case, task = recorded(parity, dataset), registry.load(name)
    asked = task.ask(task.read(Row(case["row"])))
    frames = case["n_frames"]
    # One of the texts says how many frames there are, of which the recording has fewer.
    turn = asked.turns[-1].replace(f"{asked.sampling.frames} separate frames", f"{frames} separate frames")
    request = replace(asked, turns=(turn,), media=(VIDEO,), sampling=replace(asked.sampling, frames=frames))
    assert case["question"] == chat.question(request)
    assert {view["max_tiles"] for view in case.get("image_calls", [])} <= {chat.TILES[asked.sampling.detail]}


@pytest.mark.parametrize("name", (*LETTERS, *OTHERS, "mmbench_video", "activitynet_qa"))
def test_sixteen_frames_are_asked_for_where_a_video_is_shown(name):
    task = registry.load(name)
    sampled = [task.ask(read(name, row["row"], row.get("part", ""))).sampling for row in golden(name)]
    shown = [own for own, row in zip(sampled, golden(name), strict=True) if "without" not in row.get("part", "")]
    assert {(own.detail, own.frames) for own in shown} == {("frame", 16)}


@pytest.mark.parametrize("name", (*LETTERS, *OTHERS))
@pytest.mark.parametrize("text", ["A" * 99_999, "(" * 99_999, "<answer>" * 20_000, " A." * 30_000, "is " * 30_000])
def test_endless_replies_are_graded_at_once(name, text):
    task, sample = first(name)
    assert all(task.score(sample, Reply(text), protocol).why for protocol in task.rules)


def test_a_film_is_taken_from_the_first_place_that_has_it(tmp_path):
    place = tmp_path / "video/data0613/clevrer/video_validation"
    place.mkdir(parents=True)
    (place / "v.mp4").write_bytes(b"film")
    columns = {"video": "v.mp4", "question": "Q", "candidates": ["a", "b"], "answer": "a"}
    (found,) = read("mvbench", columns, "moving_count", tmp_path).media
    (gone,) = read("mvbench", columns, "moving_direction", tmp_path / "elsewhere").media
    assert (found.source.source, bool(found.digest)) == (str(place / "v.mp4"), True)
    assert (gone.source.source, gone.digest) == (str(tmp_path / "elsewhere/video/clevrer/video_validation/v.mp4"), "")


@pytest.mark.parametrize(("name", "part"), [("mvbench", "episodic_reasoning"), ("tvbench", "action_localization")])
def test_rows_with_seconds_are_stretches_of_their_videos(tmp_path, name, part):
    folder = tmp_path / ("video/tvqa/frames_fps3_hq/clip" if name == "mvbench" else "video/action_localization/clip")
    folder.mkdir(parents=True)
    Image.new("RGB", (4, 4)).save(folder / "00001.jpg")
    columns = {"video": "clip", "question": "Q", "candidates": ["a", "b"], "answer": "a", "start": 1.5, "end": 4}
    (medium,) = read(name, columns, part, tmp_path).media
    assert isinstance(medium.source, Clip)
    assert (medium.source.source, medium.source.span) == (str(folder), Span(1.5, 4.0))


def test_rows_without_media_at_hand_have_none():
    for name in (*LETTERS, *OTHERS):
        assert all(read(name, row["row"]).media == () for row in golden(name) if "image" not in row["row"])


def test_the_image_of_an_adaptation_question_is_the_last_frame(tmp_path):
    (tmp_path / "Engineering").mkdir()
    (tmp_path / "Engineering/validation_Electronics_3.mp4").write_bytes(b"film")
    Image.new("RGB", (4, 4)).save(tmp_path / "1.png")
    columns = {"id": "validation_Electronics_3", "question": "Q?", "options": ["a", "b"], "answer": "A"}
    columns |= {"question_type": "multiple-choice", "image": {"bytes": None, "path": "1.png"}}
    after = read("video_mmmu", columns, "Adaptation", tmp_path)
    before = read("video_mmmu", columns, "Adaptation without video", tmp_path)
    assert [medium.kind for medium in after.media] == ["video", "image"]
    assert ([medium.kind for medium in before.media], before.unit) == (["image"], after.unit)
    assert chat.question(registry.load("video_mmmu").ask(after)).count("Frame-17: <image>") == 1


def test_the_parts_of_a_data_set_are_told_apart():
    for name, count in (("mvbench", 20), ("tvbench", 10), ("tempcompass", 4), ("video_mmmu", 4)):
        sources = registry.load(name).sources
        assert len({source.part or source.config for source in sources}) == len(sources) == count


def test_questions_about_one_video_are_one_cluster():
    samples = [replace(read("lvbench", golden("lvbench")[0]["row"]), id=str(i), media=(VIDEO,)) for i in range(4)]
    task = registry.load("lvbench")
    graded = [
        Graded(sample, task.score(sample, Reply(text), "official"), cluster=own)
        for sample, text, own in zip(samples, "DDAD", clusters(samples), strict=True)
    ]
    assert (task.summarize(graded).value, task.summarize(graded).stderr) == (75.0, None)


@pytest.mark.parametrize("name", ["tempcompass", "mmbench_video", "activitynet_qa", "mmvu_val"])
def test_a_judge_is_told_the_reply_and_of_a_caption_not_the_true_option(name):
    task = registry.load(name)
    for row in golden(name):
        sample = read(name, row["row"], row.get("part", ""))
        (prompt,) = inquiries.prompts(task, sample, Reply("what the model says"), {}).values()
        assert "what the model says" in prompt
        assert (sample.extra.get("task") == "captioning") == (judge.fenced(sample.target) not in prompt)


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet="ABCDE abcde().:,[]<>/\nanswer yes no 5.=", max_size=60))
def test_no_reply_from_a_stranger_raises(text):
    for name in (*LETTERS, *OTHERS):
        task, sample = first(name)
        assert all(task.score(sample, Reply(text), protocol).value in (0, 1, None) for protocol in task.rules)
