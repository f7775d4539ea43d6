"""Memory that runs out, really and at any moment: less is done at once, and no answer changes."""

import hashlib
import io
import random
import resource
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import torch
from PIL import Image

from sailbench.models.sail import SailVL2, batch, sight, tiny
from sailbench.models.sail.budget import Budget
from sailbench.models.sail.cache import Lane, Lanes, Shape
from sailbench.models.sail.decode import Decoder
from sailbench.models.sail.device import free_bytes, out_of_memory, sent
from sailbench.models.sail.language import Layers
from sailbench.models.sail.sight import Sight
from sailbench.types import Media, Request, Sampling

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    made = tmp_path_factory.mktemp("tiny") / "dense"
    tiny.write(made, seed=5)
    return made


@pytest.fixture(scope="module")
def model(folder, one_thread):
    return SailVL2.load(folder)


def picture(seed, size=(112, 112)):
    held = io.BytesIO()
    Image.frombytes("RGB", size, random.Random(seed).randbytes(3 * size[0] * size[1])).save(held, "PNG")
    return Media.image(held.getvalue())


def ask(turn, media=(), **sampling):
    return Request(turns=(turn,), media=tuple(media), sampling=Sampling(**{"max_tokens": 10} | sampling))


def texts(model, requests):
    found = {id(request): response for request, response in model.answer(iter(requests))}
    assert [found[id(request)].error for request in requests] == [None] * len(requests)
    return [found[id(request)].texts for request in requests]


@contextmanager
def room(mebibytes):
    """No more address space than is in use and so much: what asks for more is refused by the system."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (pages * resource.getpagesize() + (mebibytes << 20), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the size of a process is read from /proc")
def test_when_the_system_has_no_more_memory_less_is_done_at_once_and_nothing_is_lost(model, monkeypatch, caplog):
    requests = [ask("word " * (700 + i), max_tokens=4) for i in range(24)]
    monkeypatch.setattr(model, "budget", Budget(rows=24, tokens=1 << 15))
    wanted = texts(model, requests)
    with room(80):
        assert wanted == texts(model, requests)
    assert "out of memory: going on with 12 rows" in caplog.text


def test_a_turn_that_fits_in_small_steps_alone_is_read_so_and_those_after_it_are_not(model, monkeypatch):
    run, sizes = Layers.run, []

    def small(self, hidden, *given):
        sizes.append(len(hidden))
        if len(hidden) > 300:
            raise torch.OutOfMemoryError("out of memory")
        return run(self, hidden, *given)

    requests = [ask("word " * 400, max_tokens=4), *(ask("word " * 20, max_tokens=4) for _ in range(2))]
    wanted = texts(model, requests)
    monkeypatch.setattr(model, "budget", Budget(rows=1, tokens=4096))
    monkeypatch.setattr(Layers, "run", small)
    assert wanted == texts(model, requests)
    assert sizes[0] > 1000 and sizes.count(256) >= 4


@pytest.mark.parametrize("allocate", [torch.empty, Shape(1, 1, 1, torch.int8, torch.device("cpu")).zeros])
def test_what_allocators_say_is_known(allocate):
    with pytest.raises((RuntimeError, MemoryError)) as refused:
        allocate(1 << 30, 1 << 30)
    assert out_of_memory(refused.value)


@pytest.mark.parametrize("said", ["CUDA error: out of memory", "CUBLAS_STATUS_ALLOC_FAILED when calling cublasCreate"])
def test_what_libraries_say_is_known(said):
    assert out_of_memory(RuntimeError(said)) and not out_of_memory(RuntimeError("no kernel image"))


def failing(original, when):
    """`original`, out of memory at those of its calls whose numbers are in `when`."""
    calls = []

    def called(*given):
        calls.append(1)
        if len(calls) in when:
            raise torch.OutOfMemoryError("out of memory")
        return original(*given)

    return called


@pytest.mark.parametrize(("owner", "name"), [(Layers, "logits"), (Layers, "run"), (Lanes, "grown"), (Decoder, "start")])
def test_wherever_memory_runs_out_every_answer_is_the_same(model, monkeypatch, owner, name, caplog):
    requests = [ask("word " * (30 + 3 * i), max_tokens=60 + 9 * i) for i in range(12)]
    wanted = texts(model, requests)
    monkeypatch.setattr(owner, name, failing(getattr(owner, name), {2, 5, 9}))
    assert wanted == texts(model, requests)
    assert "out of memory" in caplog.text


def test_a_lane_has_no_places_without_a_row_after_growing_failed(model, monkeypatch):
    decoder = Decoder(model.network.language_model, stop=-1)
    monkeypatch.setattr(Lanes, "grown", failing(Lanes.grown, {2}))
    rows = [decoder.start(prompt) for prompt in prompts(model, 3)]
    with pytest.raises(torch.OutOfMemoryError):
        while True:
            decoder.step()
    places = [place for lane in decoder.lanes for place in lane.places]
    assert {id(place) for place in places} == {id(row.place) for row in rows}


def prompts(model, number):
    from sailbench.models.sail.decode import Prompt

    ids = model.prompt_ids("word " * 30, [])
    return [Prompt(model.input_embeddings(ids, None), 400) for _ in range(number)]


def test_rows_that_are_written_do_not_pay_for_what_cannot_be_started(model, monkeypatch):
    encode = Sight.encode

    def full(self, glances):
        if list(glances):
            raise torch.OutOfMemoryError("out of memory")
        encode(self, glances)

    monkeypatch.setattr(Sight, "encode", full)
    monkeypatch.setattr(model.processor.tokenizer, "end", -1)
    requests = [ask("long", max_tokens=50), ask("seen", [picture(1)]), ask("short", max_tokens=3)]
    found = {r.turns[0]: response for r, response in model.answer(requests)}
    assert found["seen"].error == "OutOfMemoryError: out of memory"
    assert (found["long"].error, found["long"].tokens_out, found["short"].tokens_out) == (None, 50, 3)


@pytest.mark.parametrize(("capacity", "rows"), [(256, 64), (1024, 16), (8192, 2), (1 << 15, 1)])
def test_a_new_lane_takes_no_more_memory_the_longer_its_rows_are(capacity, rows):
    lane = Lane(Shape(1, 1, 1, torch.float32, torch.device("cpu")), capacity)
    lane.enter()
    assert lane.tensor.shape[1] == rows


def test_memory_that_torch_holds_ready_on_a_gpu_counts_as_free(monkeypatch):
    for name, value in {"mem_get_info": (100, 1000), "memory_reserved": 50, "memory_allocated": 20}.items():
        monkeypatch.setattr(torch.cuda, name, lambda device, value=value: value)
    assert free_bytes(torch.device("cuda:1")) == 130


def test_whole_numbers_are_sent_as_such_also_when_there_are_none():
    cpu = torch.device("cpu")
    assert sent([], cpu).dtype == sent([[1, 2]], cpu).dtype == torch.long and sent([3, 4], cpu).tolist() == [3, 4]


def test_no_more_than_a_window_of_requests_is_held(model, monkeypatch):
    monkeypatch.setattr(model, "budget", Budget(rows=4, window=8))
    drawn = []
    answers = model.answer(drawn.append(i) or ask(f"q{i}", max_tokens=3) for i in range(60))
    held = [len(drawn) - answered for answered, _ in enumerate(answers)]
    assert max(held) <= 8 and len(drawn) == 60


def test_fixed_batches_give_the_same_bits_in_whatever_order_media_are_opened(folder, monkeypatch):
    model = SailVL2.load(folder, dtype="bfloat16")
    monkeypatch.setattr(model, "budget", Budget(fixed=True, rows=8))
    monkeypatch.setattr(batch.os, "cpu_count", lambda: 16)
    requests = [ask(f"Is {i} in it?", [picture(i, (90 + i, 112))], max_tokens=3 + i % 5) for i in range(20)]
    (first, order), (second, other) = (bits(model, requests, monkeypatch, seed) for seed in (1, 2))
    assert order != other and first == second


def bits(model, requests, monkeypatch, seed):
    """A digest of every step's logits, and the order in which the pictures were opened."""
    digest, opened, draw = hashlib.sha256(), [], random.Random(seed)
    logits, squares = Layers.logits, sight.pixels.squares

    def seen(self, hidden):
        found = logits(self, hidden)
        digest.update(found.numpy().tobytes())
        return found

    def slow(image, *given):
        time.sleep(0.02 * draw.random())
        opened.append(image.size)
        return squares(image, *given)

    with monkeypatch.context() as patched:
        patched.setattr(Layers, "logits", seen)
        patched.setattr(sight.pixels, "squares", slow)
        texts(model, requests)
    return digest.hexdigest(), opened
