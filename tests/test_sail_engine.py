"""The engine: beginnings computed once, rows that come and go, memory that runs out, Ctrl-C, several workers."""

import io
import itertools
import os
import random
import signal
import threading
from functools import partial

import pytest
import torch
from PIL import Image

from sailbench.models.fleet import Fleet
from sailbench.models.sail import SailVL2, scheduler, sight, tiny
from sailbench.models.sail.budget import Budget
from sailbench.models.sail.cache import BLOCK, Lanes, Marks, Shape, Stems
from sailbench.models.sail.decode import Decoder, Prompt
from sailbench.models.sail.sight import Sight
from sailbench.types import Media, Request, Sampling

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module", params=["dense", "moe"])
def model(request, one_thread, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny") / request.param
    tiny.write(folder, seed=5, moe=request.param == "moe")
    return SailVL2.load(folder)


@pytest.fixture(scope="module")
def dense(one_thread, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny") / "dense"
    tiny.write(folder, seed=5)
    return SailVL2.load(folder)


def picture(seed, size=(112, 112)):
    held = io.BytesIO()
    Image.frombytes("RGB", size, random.Random(seed).randbytes(3 * size[0] * size[1])).save(held, "PNG")
    return Media.image(held.getvalue())


def ask(*turns, media=(), **sampling):
    return Request(turns=turns, media=tuple(media), sampling=Sampling(**{"max_tokens": 10} | sampling))


def texts(model, requests):
    found = {id(request): response for request, response in model.answer(iter(requests))}
    assert [found[id(request)].error for request in requests] == [None] * len(requests)
    return [found[id(request)].texts for request in requests]


def alone(model, requests):
    return [texts(model, [request])[0] for request in requests]


def six_questions_each(pictures):
    return [ask(f"Is number {i} in it? Say yes or no.", media=[p]) for p in pictures for i in range(6)]


def prefilled(monkeypatch):
    """How many positions each row that is started has to compute."""
    computed, start = [], Decoder.start
    monkeypatch.setattr(Decoder, "start", lambda self, p: computed.append(len(p.embeds)) or start(self, p))
    return computed


def test_questions_about_one_image_share_everything_up_to_its_end(model, monkeypatch):
    requests = six_questions_each([picture(i) for i in range(4)])
    wanted = alone(model, requests)
    computed = prefilled(monkeypatch)
    assert wanted == texts(model, requests)
    whole, *longer = sorted(computed, reverse=True)
    assert len(computed) == 24
    assert whole - 100 > longer[0] >= longer[2] > longer[3] + 16 and max(longer[3:]) < 60


def test_rotations_of_a_question_share_up_to_the_first_differing_token(dense, monkeypatch):
    stem = "A long question with many words before its options, the same in each rotation.\n"
    requests = [ask(f"{stem}A. {a} B. {b}") for a, b in (("one", "two"), ("two", "one"))]
    wanted = alone(dense, requests)
    computed = prefilled(monkeypatch)
    assert wanted == texts(dense, requests)
    assert computed[1] == len(dense.prompt_ids(requests[1].turns[0], [])) - len(shared_ids(dense, requests))


def shared_ids(model, requests):
    both = zip(*(model.prompt_ids(request.turns[0], []) for request in requests), strict=False)
    return list(itertools.takewhile(lambda pair: pair[0] == pair[1], both))


def test_a_vision_feature_is_computed_once_however_many_ask(dense, monkeypatch):
    encoded, original = [], dense.network.image_embeddings
    monkeypatch.setattr(dense.network, "image_embeddings", lambda x: encoded.append(len(x)) or original(x))
    texts(dense, [ask("q", media=[picture(i)]) for i in range(4)])
    once = sum(encoded)
    texts(dense, six_questions_each([picture(i) for i in range(4)]))
    assert sum(encoded) == 2 * once


def test_a_talk_goes_on_where_its_last_turn_ended(dense, monkeypatch):
    request = ask("First, tell me about it.", "And then?", media=[picture(1)])
    computed = prefilled(monkeypatch)
    texts(dense, [request])
    assert computed[1] < 60 < computed[0]


def test_long_prompts_are_read_in_pieces_beside_rows_that_are_written(model, monkeypatch):
    requests = [ask("word " * n, max_tokens=20) for n in (1, 90, 3, 200, 2)]
    wanted = alone(model, requests)
    monkeypatch.setattr(model, "budget", Budget(tokens=24))
    assert wanted == texts(model, requests)


def test_rows_that_outgrow_their_lane_move_on(model):
    prompts = [Prompt(model.input_embeddings(model.prompt_ids("x" * n, []), None), 200) for n in (5, 60, 90)]
    found = dict(_written(model, prompts))
    assert found == {i: dict(_written(model, [p]))[0] for i, p in enumerate(prompts)}


def _written(model, prompts):
    from sailbench.models.sail.decode import write

    return list(write(model.network.language_model, prompts, stop=-1))


def test_results_leave_as_they_finish(dense, monkeypatch):
    monkeypatch.setattr(dense.processor.tokenizer, "end", -1)
    monkeypatch.setattr(dense, "budget", Budget(fixed=True))
    requests = [ask("long", max_tokens=60), ask("short", max_tokens=2), ask("middle", max_tokens=20)]
    assert [request.turns[0] for request, _ in dense.answer(requests)] == ["short", "middle", "long"]


def test_a_place_is_taken_as_soon_as_it_is_free(dense, monkeypatch):
    monkeypatch.setattr(dense, "budget", Budget(rows=2))
    rows, step = [], Decoder.step
    monkeypatch.setattr(Decoder, "step", lambda self, tokens: rows.append(len(self.rows)) or step(self, tokens))
    texts(dense, [ask(f"q{i}", max_tokens=3 + 5 * (i % 2)) for i in range(12)])
    assert rows.count(2) > 0.8 * len(rows)


def test_sampled_answers_are_the_same_in_any_company(model):
    requests = [ask("Tell.", media=[picture(1)], temperature=1.0, seed=s) for s in range(5)] + [ask("w " * 40)]
    assert alone(model, requests) == texts(model, requests)


def test_when_memory_runs_out_less_is_done_at_once_and_nothing_is_lost(dense, monkeypatch, caplog):
    requests = six_questions_each([picture(i) for i in range(4)])
    wanted = texts(dense, requests)
    step = Decoder.step

    def small(decoder, tokens):
        if len(decoder.rows) > 5:
            raise torch.OutOfMemoryError("out of memory")
        return step(decoder, tokens)

    monkeypatch.setattr(dense, "budget", Budget(rows=16))
    monkeypatch.setattr(Decoder, "step", small)
    assert wanted == texts(dense, requests)
    assert "going on with 4 rows" in caplog.text


def test_one_row_that_fails_in_company_is_found_and_the_others_are_answered(dense, monkeypatch):
    requests = [ask(f"question {i}") for i in range(6)]
    step = Decoder.step

    def picky(decoder, tokens):
        if any(row.prompt.max_tokens == 7 for row in decoder.rows):
            raise RuntimeError("no kernel for this shape")
        return step(decoder, tokens)

    monkeypatch.setattr(Decoder, "step", picky)
    requests[3] = ask("question 3", max_tokens=7)
    found = {request.turns[0]: response.error for request, response in dense.answer(requests)}
    assert found.pop("question 3") == "RuntimeError: no kernel for this shape"
    assert set(found.values()) == {None}


def test_images_that_exhaust_memory_are_that_request_s_error(dense, monkeypatch):
    def never(self, glances):
        if list(glances):
            raise torch.OutOfMemoryError("out of memory")

    monkeypatch.setattr(Sight, "encode", never)
    found = {r.turns[0]: response for r, response in dense.answer([ask("a", media=[picture(1)]), ask("b")])}
    assert found["a"].error == "OutOfMemoryError: out of memory" and found["b"].error is None


def test_ctrl_c_answers_what_is_being_written_and_then_interrupts(dense, monkeypatch):
    monkeypatch.setattr(dense, "budget", Budget(rows=4, window=8))
    answered = []
    with pytest.raises(KeyboardInterrupt):
        for _, response in dense.answer(ask(f"q{i}", max_tokens=4 + i % 4) for i in range(100)):
            answered.append(response)
            if len(answered) == 3:
                os.kill(os.getpid(), signal.SIGINT)
    assert 3 < len(answered) < 12 and {response.error for response in answered} == {None}
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_batches_are_the_same_in_every_run_where_they_are_fixed(dense, monkeypatch):
    requests = six_questions_each([picture(i, (300, 200)) for i in range(5)])
    monkeypatch.setattr(dense, "budget", Budget(fixed=True, rows=8))
    first, second = ([], [])
    step = Decoder.step
    for seen in (first, second):
        monkeypatch.setattr(
            Decoder, "step", lambda self, n, seen=seen: seen.append([r.positions for r in self.rows]) or step(self, n)
        )
        texts(dense, requests)
    assert first == second


def test_an_image_is_opened_by_one_thread_and_the_others_wait(dense, monkeypatch):
    opened, squares, first = [], sight.pixels.squares, threading.Event()

    def slow(*given):
        opened.append(1)
        first.wait(0.2)
        return squares(*given)

    monkeypatch.setattr(sight.pixels, "squares", slow)
    seen, request = Sight(dense.network, dense.processor, 16), ask("q", media=[picture(1)])
    threads = [threading.Thread(target=seen.look, args=(request,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(opened) == 1


def test_tiles_are_encoded_in_order_so_many_at_once():
    tiles = [torch.arange(first, last) for first, last in ((0, 3), (3, 4), (4, 11))]
    assert [[len(own) for own in chunk] for chunk in sight._chunks(tiles, 4)] == [[3, 1], [4], [3]]
    assert torch.equal(torch.cat([own for chunk in sight._chunks(tiles, 4) for own in chunk]), torch.arange(11))


def test_what_was_seen_longest_ago_is_let_go(dense, monkeypatch):
    seen = Sight(dense.network, dense.processor, 16)
    (one,) = seen.look(ask("q", media=[picture(0)]))[0]
    monkeypatch.setattr(sight, "KEPT_BYTES", 3 * (one.tiles.nbytes + one.slots * 64 * 4))
    for i in range(1, 6):
        seen.look(ask("q", media=[picture(i)]))
    assert len(seen._known) == 3


def test_stems_keep_within_their_limit_and_find_the_longest():
    shape = Shape(1, 1, 4, torch.float32, torch.device("cpu"))
    stems, place = Stems(limit=100), Lanes(shape).enter(100)
    common = list(range(40))
    stems.keep(common, place.kept(40))
    stems.keep([*common, *range(100, 120)], place.kept(60))
    assert stems.find(Marks.of([*common, *range(100, 110), 7, 8, 9]))[1] == 50
    assert stems.find(Marks.of(common))[1] == 39  # the last position is always computed
    assert stems.find(Marks.of([1, *common]))[1] == 0
    stems.keep(list(range(500, 590)), place.kept(90))
    assert stems.size == 90 and stems.find(Marks.of([*common, 5]))[0] is None


def test_positions_that_hash_alike_are_compared_all_the_same():
    ours, theirs = Marks.of(range(3 * BLOCK)), Marks.of(range(1, 3 * BLOCK + 1))
    assert ours.shared(theirs, 2) == 0


def test_a_lane_has_no_gaps_after_rows_left_from_its_middle():
    lanes = Lanes(Shape(2, 1, 4, torch.float32, torch.device("cpu")))
    places = [lanes.enter(20) for _ in range(6)]
    for i, place in enumerate(places):
        place.length = 5
        place.kept(5).fill_(i)
    lanes.leave([places[0], places[3], places[5]])
    left = [places[1], places[2], places[4]]
    assert sorted(place.slot for place in left) == [0, 1, 2]
    assert [place.kept(5).unique().item() for place in left] == [1, 2, 4]


@pytest.fixture
def fleet(dense):
    dense.network.prepare()
    workers = Fleet(dense, [partial(_same, dense)] * 2, forked=True)
    yield workers
    workers.close()


def _same(model):
    return model


def test_two_workers_answer_as_one(dense, fleet):
    requests = six_questions_each([picture(i) for i in range(6)]) + [ask("text " * i) for i in range(9)]
    assert texts(dense, requests) == texts(fleet, requests)
    assert texts(dense, requests[:3]) == texts(fleet, requests[:3])
    assert fleet.identity == dense.identity and fleet.seconds["language"] > 0
    assert {f"waiting for media, worker {number}" for number in (1, 2)} < fleet.seconds.keys()


def test_the_requests_of_a_worker_that_dies_are_answered_by_another(dense, fleet, caplog):
    requests = [ask(f"q{i}", max_tokens=30) for i in range(40)]
    stream = fleet.answer(requests)
    got = [next(stream)]
    os.kill(fleet._workers[0].process.pid, signal.SIGKILL)
    got += list(stream)
    found = {id(request): response.texts for request, response in got}
    assert texts(dense, requests) == [found[id(request)] for request in requests]
    assert "died with exit code -9" in caplog.text


def test_a_worker_that_has_nothing_to_do_takes_over_what_another_has_not_begun(dense):
    class Watched(Fleet):
        def _given_back(self, worker, numbers):
            taken.append(len(numbers))
            return super()._given_back(worker, numbers)

    taken, requests = [], [ask(f"q{i}", max_tokens=40 if i % 2 else 1) for i in range(48)]  # every other one is long
    wanted = texts(dense, requests)
    dense.network.prepare()
    dense.budget = Budget(rows=2, shared=True)
    workers = Watched(dense, [partial(_same, dense)] * 2, forked=True)
    assert texts(workers, requests) == wanted
    workers.close()
    assert sum(taken)


def test_when_every_worker_has_died_requests_end_in_an_error(fleet):
    requests = [ask(f"q{i}", max_tokens=30) for i in range(10)]
    stream = fleet.answer(requests)
    got = [next(stream)]
    for worker in fleet._workers:
        os.kill(worker.process.pid, signal.SIGKILL)
    got += list(stream)
    assert len(got) == 10 and "died" in got[-1][1].error


def test_ctrl_c_drains_the_workers(fleet):
    answered = []
    with pytest.raises(KeyboardInterrupt):
        for _, response in fleet.answer(ask(f"q{i}", max_tokens=8) for i in range(2000)):
            answered.append(response)
            if len(answered) == 5:
                os.kill(os.getpid(), signal.SIGINT)
    assert 5 < len(answered) < 2000 and {response.error for response in answered} == {None}


def test_a_turn_waits_for_one_that_reads_its_beginning_and_not_for_ever(dense, monkeypatch):
    monkeypatch.setattr(scheduler.Stems, "keep", lambda *_: None)
    requests = six_questions_each([picture(1)])
    assert alone(dense, requests) == texts(dense, requests)
