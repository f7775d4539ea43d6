"""Real Ray, real processes: a run over two machines is a run, whoever dies or joins meanwhile."""

import json
import os
import signal
import time

import pytest
from PIL import Image

from sailbench import executors, run
from sailbench import plan as planning
from sailbench.data import Places
from sailbench.errors import ModelError
from sailbench.models.engines import Choice
from sailbench.types import Media, Request, Sampling

ray = pytest.importorskip("ray", reason="the extra ray is not installed")
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore::ResourceWarning")]
TASK = '''"""Pictures of the user's own.

family: mine
"""

from sailbench.families import choice
from sailbench.rows import Row
from sailbench.types import Sample, Sampling


def read(row: Row) -> Sample:
    return Sample(
        id=row.text("id"),
        question=row.text("question"),
        target=row.text("answer"),
        choices=row.choices(),
        media=row.images("image"),
    )


TASK = choice(read, sampling=Sampling(max_tokens=12))
'''


def begun():
    """A cluster of two machines on this one, with a place for one worker each."""
    from ray.cluster_utils import Cluster

    small = {"num_cpus": 1, "object_store_memory": 80 << 20, "include_dashboard": False}
    cluster = Cluster(initialize_head=True, head_node_args=small)
    cluster.add_node(num_cpus=1, object_store_memory=80 << 20)
    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    return cluster


@pytest.fixture(scope="module")
def machines():
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
    try:
        cluster = begun()
    except Exception as error:  # Ray gives a machine thirty seconds to start, and raises nothing more special
        if "timed out during startup" not in str(error):
            raise
        pytest.skip(f"this machine is too busy to start Ray: {error}")
    yield cluster
    ray.shutdown()
    cluster.shutdown()


@pytest.fixture
def spread(machines):
    """Makes a model of two workers, and gives its places back."""
    made = []

    def make(choice, **more):
        made.append(executors.load(choice, executors.Spread(executor="ray", workers=2, **more)))
        return made[-1]

    yield make
    for model in made:
        model.close()


@pytest.fixture
def mine(tmp_path):
    """Three questions about each of six pictures, and two hundred without: more than a worker holds at once."""
    (tmp_path / "mine.py").write_text(TASK)
    rows = []
    for i in range(6):
        Image.new("RGB", (64 + i, 48), (40 * i, 80, 40)).save(tmp_path / f"{i}.png")
        rows += [
            {"id": f"{i}.{j}", "question": f"q{j}", "answer": "A", "A": "1", "B": "2", "image": f"{i}.png"}
            for j in range(3)
        ]
    rows += [{"id": f"t{i}", "question": f"q{i}", "answer": "A", "A": "1", "B": "2", "image": None} for i in range(200)]
    (tmp_path / "rows.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path


def planned(folder, out, load):
    places = Places(location=folder / "rows.jsonl", offline=True)
    options = planning.Options(
        model=Choice("sailvl2-random", workers=1), tasks=f"{folder}/mine.py", out=folder / out, places=places, load=load
    )
    return planning.make(options)


def journal(folder, out):
    lines = (folder / out / "sailvl2-random" / "mine.jsonl").read_text().splitlines()
    records = [json.loads(line) for line in lines]
    assert len({record["key"] for record in records}) == len(records), "nothing is asked twice"
    return sorted((r["key"], r["id"], r["text"], r["finish"], r["tokens_in"], r["tokens_out"]) for r in records)


def asks(n, max_tokens=8):
    return [Request(turns=(f"question {i}",), sampling=Sampling(max_tokens=max_tokens)) for i in range(n)]


def test_a_run_whose_worker_was_killed_equals_a_run_of_one_process(mine, spread, caplog):
    alone = planned(mine, "alone", executors.engines.load)
    run.collect(alone.model, alone.waiting(), alone.results, lambda *_: None)
    plan = planned(mine, "ray", spread)
    victims = plan.model.pids()[:1]

    def kill_once(*_):
        if victims:
            os.kill(victims.pop(), signal.SIGKILL)

    run.collect(plan.model, plan.waiting(), plan.results, kill_once)
    assert "a worker is lost" in caplog.text
    assert len(journal(mine, "ray")) == 218
    assert journal(mine, "ray") == journal(mine, "alone")


def test_a_worker_that_stops_answering_is_taken_for_dead(spread, caplog):
    model, answered = spread(Choice("fake"), patience=3.0), []
    victims = model.pids()[:1]
    for request, response in model.answer(asks(3000)):
        if victims:
            os.kill(victims.pop(), signal.SIGSTOP)
        answered.append((id(request), response.text))
    assert len(set(answered)) == len(answered) == 3000
    assert "answered nothing for 3 s" in caplog.text


def test_a_machine_that_joins_is_used_and_one_that_goes_is_not_missed(machines, caplog):
    model = executors.load(Choice("fake"), executors.Spread(executor="ray", workers=3))
    joined = [machines.add_node(num_cpus=1, object_store_memory=80 << 20)]
    most = 0
    for _ in model.answer(_until(asks(500), lambda: not joined and model.workers < 3)):
        most = max(most, model.workers)
        if most == 3 and joined:
            machines.remove_node(joined.pop(), allow_graceful=False)
    assert most == 3
    assert "a worker is lost" in caplog.text
    model.close()


def _until(requests, stop):
    """The requests over and over, until it is time to stop; not for ever."""
    end = time.monotonic() + 90
    while not stop() and time.monotonic() < end:
        yield from requests


def test_a_picture_of_several_requests_is_sent_once(machines):
    from sailbench.executors.parcels import Post

    post, medium = Post(), Media.image(b"encoded")
    first, second = (post.packed(Request(turns=(t,), media=(medium,))).media[0] for t in "ab")
    assert first.source.reference == second.source.reference
    assert (first.source.read(), first.digest) == (b"encoded", medium.digest)


def test_a_folder_of_frames_arrives_as_a_folder(machines, tmp_path, monkeypatch):
    from sailbench.executors import parcels

    (tmp_path / "film").mkdir()
    (tmp_path / "film" / "1.png").write_bytes(b"frame")
    monkeypatch.setattr(parcels.tempfile, "tempdir", str(tmp_path))
    request = Request(turns=("q",), media=(Media("video", str(tmp_path / "film"), "d1"),))
    (medium,) = parcels.unpacked(parcels.Post().packed(request)).media
    assert medium.source != str(tmp_path / "film")
    assert (parcels.Path(medium.source) / "1.png").read_bytes() == b"frame"


def test_media_that_cannot_be_read_are_an_error_of_their_request(spread, tmp_path):
    gone = Request(turns=("q",), media=(Media("image", str(tmp_path / "gone.png"), "digest"),))
    answers = {r.turns[0]: response for r, response in spread(Choice("fake")).answer([gone, *asks(2)])}
    assert "gone.png" in answers["q"].error
    assert [answers[f"question {i}"].text for i in range(2)] == ["A", "A"]


def test_a_model_that_no_worker_can_load_is_one_line(machines):
    with pytest.raises(ModelError, match="there is no model 'sailvl2-3b'; did you mean"):
        executors.load(Choice("sailvl2-3b"), executors.Spread(executor="ray", workers=1))


def test_ctrl_c_keeps_what_is_being_answered(spread):
    model, answered = spread(Choice("fake")), 0
    with pytest.raises(KeyboardInterrupt):
        for _ in model.answer(asks(20_000)):
            answered += 1
            if answered == 1:
                os.kill(os.getpid(), signal.SIGINT)
    assert 0 < answered < 20_000
