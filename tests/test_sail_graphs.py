"""Decode steps of fixed sizes: padded rows and reaches change no answer, nor does recording where there is CUDA."""

import random
import weakref
from contextlib import contextmanager, nullcontext

import pytest
import torch

from sailbench.models.sail import SailVL2, cache, graphs, tiny
from sailbench.models.sail.decode import Decoder, Prompt
from sailbench.models.sail.graphs import SIZES, Still, Stills
from sailbench.models.sail.language import Layers
from sailbench.types import Request, Sampling

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module", params=["dense", "moe"])
def folder(request, tmp_path_factory):
    made = tmp_path_factory.mktemp("tiny") / request.param
    tiny.write(made, seed=5, moe=request.param == "moe")
    return made


@pytest.fixture(scope="module")
def model(folder, one_thread):
    return SailVL2.load(folder, device="cpu")


def steps(monkeypatch):
    taken, step = [], Still.step

    def seen(self, tokens, positions):
        taken.append((len(tokens), self.rows, self.reach))
        return step(self, tokens, positions)

    monkeypatch.setattr(Still, "step", seen)
    return taken


def ask(turn, **sampling):
    return Request(turns=(turn,), sampling=Sampling(**{"max_tokens": 12} | sampling))


def mixed():
    draw = random.Random(3)
    own = [ask("word " * draw.randrange(1, 70), max_tokens=draw.randrange(2, 40)) for _ in range(13)]
    return [*own, ask("word " * 300, max_tokens=30), ask("Tell.", temperature=1.0, seed=4, max_tokens=30)]


def texts(model, requests):
    found = {id(request): response for request, response in model.answer(requests)}
    assert {response.error for response in found.values()} == {None}
    return [found[id(request)].texts for request in requests]


def test_answers_are_the_same_in_steps_of_fixed_sizes(model, monkeypatch):
    requests = mixed()
    with monkeypatch.context() as packed:
        packed.setattr(Decoder, "_still", lambda self: None)
        wanted = texts(model, requests)
    assert wanted == texts(model, requests)
    monkeypatch.setattr(Stills, "of", lambda layers: Stills(layers, padded=True))
    taken = steps(monkeypatch)
    assert wanted == texts(model, requests)
    assert any(rows < padded for rows, padded, _ in taken) and {reach > 256 for *_, reach in taken} == {True, False}
    assert {padded for _, padded, _ in taken} <= set(SIZES) and {reach % 64 for *_, reach in taken} == {0}


def written(model, prompts, stills=None):
    decoder = Decoder(model.network.language_model, stop=-1)
    decoder.stills = stills(decoder.layers) if stills else decoder.stills
    rows = [decoder.start(prompt) for prompt in prompts]
    while decoder.rows:
        decoder.drop(decoder.step(40))
    return [row.tokens for row in rows], decoder


def prompts(model, lengths):
    return [Prompt(model.input_embeddings(model.prompt_ids("x" * n, []), None), 20 + n) for n in lengths]


def test_a_lane_that_grows_leaves_nothing_behind_that_points_to_its_old_tensor(model, monkeypatch):
    monkeypatch.setattr(cache, "FIRST_ROWS", 2)
    asked = prompts(model, range(1, 40, 9))
    wanted, _ = written(model, asked)
    found, decoder = written(model, asked, lambda layers: Stills(layers, padded=True))
    assert found == wanted
    decoder.start(asked[0])
    decoder.release()
    assert decoder.stills._known == {}


def test_rows_that_come_later_and_take_a_padded_slot_find_it_clean(model):
    first, second = prompts(model, (5, 30, 8)), prompts(model, (17, 3))
    alone = [written(model, [prompt])[0][0] for prompt in (*first, *second)]
    decoder = Decoder(model.network.language_model, stop=-1)
    decoder.stills = Stills(decoder.layers, padded=True)
    rows = [decoder.start(prompt) for prompt in first]
    for _ in range(10):
        decoder.step()
    rows += [decoder.start(prompt) for prompt in second]
    while decoder.rows:
        decoder.drop(decoder.step())
    assert [row.tokens for row in rows] == alone


class Recording:
    """Stands in for a CUDA graph: replayed, it computes anew into the output of its capture."""

    own, still = None, None

    def pool(self):
        return self.own

    def replay(self):
        self.still._hidden.copy_(self.still.compute())


@pytest.fixture
def recordings(monkeypatch):
    """Each recording with the pool that it was given; without a pool it makes one of its own."""
    made = []

    @contextmanager
    def capturing(graph, pool, capture_error_mode):
        made.append((graph, pool))
        graph.own = pool if pool is not None else ("pool", len(made))
        yield

    def record(self, pool):
        original(self, pool)
        self._graph.still = weakref.proxy(self)

    original = Still.record
    monkeypatch.setattr(Still, "record", record)
    monkeypatch.setattr(torch.cuda, "CUDAGraph", Recording)
    monkeypatch.setattr(torch.cuda, "graph", capturing)
    for name in ("device", "stream"):
        monkeypatch.setattr(torch.cuda, name, lambda _: nullcontext())
    monkeypatch.setattr(torch.cuda, "current_stream", lambda _: None)
    return made


def test_steps_of_many_sizes_are_recorded_into_one_memory_and_answer_the_same(model, monkeypatch, recordings):
    monkeypatch.setattr(graphs, "WORTH", 2)
    asked = prompts(model, (3, 9, 20, 60, 200))
    wanted, _ = written(model, asked)
    found, _ = written(model, asked, lambda layers: Stills(layers, padded=True, recording=True))
    assert found == wanted and len(recordings) > 4
    assert len({graph.own for graph, _ in recordings}) == 1


def test_memory_whose_recordings_are_gone_is_not_recorded_into_again(model, monkeypatch, recordings):
    monkeypatch.setattr(graphs, "WORTH", 2)
    monkeypatch.setattr(cache, "FIRST_ROWS", 2)
    decoder = Decoder(model.network.language_model, stop=-1)
    decoder.stills = Stills(decoder.layers, padded=True, recording=True)
    for prompt in prompts(model, (3, 4, 5, 6, 7)):  # the lane grows, and what was recorded for it is let go
        decoder.start(prompt)
        for _ in range(5):
            decoder.step()
    given = [pool for _, pool in recordings]
    assert len(given) >= 4 and all(pool is None or pool == recordings[i - 1][0].own for i, pool in enumerate(given))
    assert given.count(None) >= 3


def test_memory_that_runs_out_in_a_recording_is_not_the_end_of_recording(model, monkeypatch):
    def exhausted(self, pool):
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(graphs, "WORTH", 2)
    monkeypatch.setattr(Still, "record", exhausted)
    with pytest.raises(torch.OutOfMemoryError):
        written(model, prompts(model, (3,)), lambda layers: Stills(layers, padded=True, recording=True))


@pytest.mark.skipif(torch.cuda.is_available(), reason="recording works here")
def test_where_nothing_can_be_recorded_decoding_goes_on_and_says_so_once(model, caplog):
    asked = prompts(model, (3, 9, 20))
    wanted, _ = written(model, asked)
    found, _ = written(model, asked, lambda layers: Stills(layers, padded=True, recording=True))
    assert found == wanted
    assert caplog.text.count("decoding goes on without CUDA graphs") == 1


@pytest.mark.parametrize(("needed", "size"), [(1, 1), (2, 2), (5, 6), (7, 8), (33, 48), (49, 64), (300, 384)])
def test_a_size_holds_what_is_needed_and_half_as_much_again_at_most(needed, size):
    assert graphs._size(needed) == size and size <= 1.5 * needed


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_recorded_steps_answer_as_steps_that_are_launched(folder, dtype, monkeypatch, caplog):
    torch.backends.cuda.matmul.allow_tf32 = False
    model, requests = SailVL2.load(folder, device="cuda", dtype=dtype), mixed()
    if not graphs.recordable(Layers.of(model.network.language_model)):
        pytest.skip("experts of this type ask the device how large their groups are")
    replayed, replay = [], torch.cuda.CUDAGraph.replay
    monkeypatch.setattr(torch.cuda.CUDAGraph, "replay", lambda self: replayed.append(1) or replay(self))
    recorded = texts(model, requests)
    monkeypatch.setattr(Stills, "of", lambda layers: Stills(layers, padded=True))
    assert recorded == texts(model, requests)
    assert replayed and "without CUDA graphs" not in caplog.text
