"""How the bundled checkpoint is made: pictures, labels, questions, tokens, packed rows, training, rates, soup."""

import json
import random
import re
from collections import Counter
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from recipes.nano import adalrs, export, pack, reinforce, scenes, soup, stages, student, tokens, train
from recipes.nano.adalrs import AdaLRS
from recipes.nano.draw import COLOURS, GLYPHS, GRID, NAMES, PATCH, SHAPES, Canvas
from recipes.nano.scenes import KINDS, LETTERS
from recipes.nano.search import Search
from sailbench import data, registry
from sailbench.errors import ModelError
from sailbench.metrics.arithmetic import arithmetic_value
from sailbench.metrics.boxes import iou_score
from sailbench.models.sail import SailVL2, chat
from sailbench.models.sail.config import SailConfig
from sailbench.models.sail.processor import Processor
from sailbench.models.sail.tiny import ADDED
from sailbench.rows import Row
from sailbench.types import Reply

pytestmark = [pytest.mark.usefixtures("one_thread"), pytest.mark.filterwarnings("ignore:Mismatch dtype")]  # of autocast
SCENES = 24


def drawn(kind, n=SCENES):
    return [KINDS[kind](random.Random(f"test {kind} {i}")) for i in range(n)]


def asked(kind, task, n=SCENES):
    return [(scene, ask) for scene in drawn(kind, n) for ask in scene.asks if ask.task == task]


def extent(canvas, colour):
    """The box of all pixels of a colour."""
    rows, columns = np.nonzero((canvas.pixels == COLOURS[colour]).all(-1))
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    """A checkpoint folder without weights."""
    folder = tmp_path_factory.mktemp("nano") / "base"
    export.blank(folder, width=64, layers=1)
    return folder


@pytest.fixture(scope="module")
def processor(base):
    return pack.processor(base)


@pytest.fixture
def fresh(base):
    return student.Student(SailConfig.load(base)).eval()


# Pictures


@pytest.mark.parametrize("shape", SHAPES)
def test_patches_under_a_shape_are_labelled_with_it_and_its_colour(shape):
    canvas = Canvas((255, 255, 255))
    canvas.shape(shape, "red", (2 * PATCH, PATCH, 5 * PATCH, 4 * PATCH))
    wanted = np.zeros((GRID, GRID), dtype=int)
    wanted[1:4, 2:5] = 1
    assert (canvas.labels[1] == wanted * (1 + SHAPES.index(shape))).all()
    assert (canvas.labels[2] == wanted * (1 + NAMES.index("red"))).all() and not canvas.labels[0].any()


def test_text_is_where_its_glyphs_are_labelled():
    right = inked = labelled = 0
    for scene in drawn("writing", 60):
        canvas, text, ink = scene.pictures[0], scene.asks[0].answer, COLOURS[scene.asks[2].answer]
        near = abs(canvas.pixels.astype(int) - ink).sum(-1) < 60
        places = np.argwhere(canvas.labels[0])
        labelled += len(places)
        inked += sum(near[y * PATCH : (y + 1) * PATCH, x * PATCH : (x + 1) * PATCH].any() for y, x in places)
        right += {GLYPHS[label - 1] for label in canvas.labels[0].flat if label} == set(text)
    assert inked / labelled > 0.95
    assert right / 60 > 0.8  # of two narrow glyphs on one patch the second names it


# Scenes


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_gives_the_same_scene_again(kind):
    one, two = (KINDS[kind](random.Random("again")) for _ in range(2))
    assert (one.words, one.asks, one.video) == (two.words, two.asks, two.video)
    assert all((a.pixels == b.pixels).all() for a, b in zip(one.pictures, two.pictures, strict=True))
    assert one.asks != KINDS[kind](random.Random("another")).asks


def test_boxes_hold_the_pixels_of_their_shape():
    for scene, ask in asked("objects", "grounding", 60):
        box = tuple(map(int, ask.facts["bbox"].split(",")))
        least = 0.8 if ask.facts["shape"] == "star" else 0.9  # two of a star's points stand off the box's edges
        assert iou_score(extent(scene.pictures[0], ask.facts["colour"]), box) > least


def test_answers_about_objects_are_true_to_the_pixels():
    found = re.compile(r"(\w+ \w+) (\w+) (\w+) \[\[")
    for scene in drawn("objects"):
        told = found.findall(scene.words[0])
        for place, colour, _ in told:
            left, top, right, bottom = extent(scene.pictures[0], colour)
            assert place == f"{'top' if top + bottom < 112 else 'bottom'} {'left' if left + right < 112 else 'right'}"
        facts = {"colour": {s: c for _, c, s in told}, "shape": {c: s for _, c, s in told}}
        facts["position"] = {s: p for p, _, s in told}
        for ask in (ask for ask in scene.asks if ask.task == "mcq"):
            named = re.search(r"(?:the|is) (\w+)\?", ask.wording)[1]
            assert ask.options[LETTERS.index(ask.facts["letter"])] == facts[ask.facts["skill"]][named] == ask.answer
        for ask in (ask for ask in scene.asks if ask.task == "yesno"):
            colour, shape = re.search(r"an? (\w+) (\w+)\?", ask.wording).groups()
            assert ask.answer == ("Yes" if facts["shape"].get(colour) == shape else "No")


def test_answers_about_sums_are_what_is_written():
    for scene in drawn("arithmetic"):
        text = scene.asks[0].facts["expression"]
        assert [ask.answer for ask in scene.asks] == [str(arithmetic_value(text, {}))] * 2 + [text]
        steps = [step.split("=") for step in scene.asks[1].thought.split(", ")]
        assert all(arithmetic_value(sum_, {}) == int(value) for sum_, value in steps)
        assert steps[-1][1] == scene.asks[1].answer


def test_answers_about_charts_are_the_heights_of_their_pixels():
    for scene, ask in asked("chart", "chart"):
        colour, what = re.search(r"the (\w+) (\w+)\?", ask.wording).groups()
        _, top, _, bottom = extent(scene.pictures[0], colour)
        height = 106 - ((top + bottom - 1) / 2 if what == "point" else top)
        assert abs(height - int(ask.answer)) <= 1.5


def test_answers_about_numbers_of_shapes_are_the_numbers_of_drawn_ones():
    for scene, ask in asked("several", "mcq"):
        shape, colour = scene.asks[2].answer, scene.words[0].split()[0]
        count = ask.options[LETTERS.index(ask.facts["letter"])]
        assert scene.words[0] == " ".join([f"{colour} {shape}"] * int(count))
        clusters = np.unique((np.argwhere(scene.pictures[0].labels[1]) * PATCH + 4) // 36, axis=0)
        assert len(clusters) >= int(count)


def test_answers_about_two_pictures_compare_them():
    for scene, ask in asked("pair", "multi"):
        sides = [words.split() for words in scene.words]
        same = {"colour": sides[0][0] == sides[1][0], "shape": sides[0][1] == sides[1][1]}
        holds = len(sides[0]) > len(sides[1]) if ask.facts["skill"] == "count" else same[ask.facts["skill"]]
        assert ask.answer == ("Yes" if holds else "No")
        assert all(extent(p, side[0]) for p, side in zip(scene.pictures, sides, strict=True))


def test_answers_about_videos_are_what_happens():
    for scene in drawn("motion"):
        ask, colour = scene.asks[0], scene.words[0].split()[0]
        if ask.facts["skill"] == "order":
            assert ask.answer == scene.words[0].split()[1] != scene.words[-1].split()[1]
            continue
        first, last = (np.array(extent(picture, colour)) for picture in (scene.pictures[0], scene.pictures[-1]))
        across, down = (last - first)[:2]
        way = ("right" if across > 0 else "left") if abs(across) > abs(down) else ("down" if down > 0 else "up")
        assert way == ask.answer


@pytest.mark.parametrize("kind", KINDS)
def test_every_answer_is_right_by_the_rule_of_its_task(kind):
    rules = {name.removeprefix("smoke_"): registry.load(name) for name in registry.groups()["smoke"]}
    graded = Counter()
    for scene in drawn(kind, 12):
        for ask in (ask for ask in scene.asks if ask.task in rules):
            columns = {"id": "0", "pair": "0", "question": ask.wording, "answer": ask.answer, **ask.facts}
            columns |= dict(zip(LETTERS, ask.options, strict=False))
            if ask.task == "grounding":
                columns["image"] = {"bytes": png(scene.pictures[0])}
            task = rules[ask.task]
            score = task.score(task.read(Row(columns, number=0)), Reply(pack.answer_text(ask)), "official")
            assert score.value == 1.0, (ask, score)
            graded[ask.task] += 1
    assert graded


def png(canvas):
    from recipes.nano.smoke import png as encoded

    return encoded(canvas)


# Tokens


def test_the_tokenizer_has_the_official_added_tokens_and_no_gaps(base, processor):
    first = len(json.loads((base / "vocab.json").read_text()))
    assert [processor.tokenizer.id(text) for text in ADDED] == list(range(first, first + len(ADDED)))
    assert len(processor.tokenizer) <= tokens.SIZE == processor.config.language["vocab_size"]
    assert all(processor.tokenizer.encode(text) == [processor.tokenizer.id(text)] for text in ADDED)


def test_digits_are_tokens_of_their_own(processor):
    assert [len(processor.tokenizer.encode(text)) for text in ("7", "40", "407", "[[700,")] == [1, 2, 3, 5]


def test_what_is_asked_and_answered_survives_encoding(processor):
    texts = [text for kind in KINDS for s in drawn(kind, 4) for a in s.asks for text in (a.wording, a.answer)]
    texts += [chat.SYSTEM, chat.THINK, "Ünïcode, 漢字 and \U0001f3a8"]
    assert all(processor.tokenizer.text(processor.tokenizer.encode(text)) == text for text in texts)


# Packing


@pytest.mark.parametrize("kind", KINDS)
def test_prompts_are_those_of_a_run(kind, base, processor):
    official = Processor.load(base)
    for scene in drawn(kind, 3):
        for ask in scene.asks:
            wanted = pack.request(scene, ask, bool(ask.thought))
            counts = chat.image_counts(wanted)
            told = pack.lay_out(processor, scene, [ask])
            ids = told.shared + told.rests[0].prompt
            assert ids == official.prompt_ids(chat.question(wanted, counts), [1] * sum(counts))


def test_a_run_shows_a_picture_as_one_tile_as_training_does(processor):
    for name in registry.groups()["smoke"]:
        task = registry.load(name)
        request = task.ask(task.read(next(data.rows(task))))
        views = processor.views(request, chat.image_counts(request))
        assert {processor.slots((112, 112), view) for view in views} == {processor.config.slots_per_tile}, name


def test_questions_packed_with_others_have_the_logits_they_have_alone(processor, fresh):
    row = [pack.lay_out(processor, scene, scene.asks[:3]) for scene in (drawn("several", 1)[0], drawn("pair", 1)[0])]
    together = pack.batch([row], sum(told.length for told in row) + 5, processor)
    with torch.inference_mode():
        logits = fresh.logits(together, fresh.slots(fresh.patches(together.pixels)))
        alone = []
        for told in row:
            for ask in told.scene.asks[:3]:
                single = pack.lay_out(processor, told.scene, [ask])
                batch = pack.batch([[single]], single.length, processor)
                alone.append(fresh.logits(batch, fresh.slots(fresh.patches(batch.pixels))))
    assert torch.allclose(torch.cat(alone), logits, atol=1e-4)


def test_a_pictures_slot_that_a_model_writes_shows_nothing(processor, fresh):
    told = pack.lay_out(processor, (scene := drawn("arithmetic", 1)[0]), scene.asks[:1])
    written = replace(told, rests=(pack.Asked(told.rests[0].prompt, [processor.tokenizer.slot] * 3),))
    batch = pack.batch([[written]], written.length, processor)
    assert len(batch.where) == processor.config.slots_per_tile
    assert fresh.logits(batch, fresh.slots(fresh.patches(batch.pixels))).shape[0] == 3


def test_rows_are_filled_and_hold_only_whole_scenes(processor):
    rng = random.Random(0)
    told = (pack.lay_out(processor, scene, scene.asks[:2]) for scene in iter(lambda: scenes.objects(rng), None))
    rows = [next(made) for made in [pack.rows(told, 256)] for _ in range(5)]
    lengths = [sum(told.length for told in row) for row in rows]
    assert max(lengths) <= 256 and sum(lengths) / len(lengths) > 200


# The network


def test_an_exported_student_answers_as_it_did_in_training(base, processor, fresh, tmp_path):
    export.write(fresh, base, tmp_path / "nano")
    engine = SailVL2.load(tmp_path / "nano")
    fresh.load_state_dict({name: tensor.bfloat16().float() for name, tensor in fresh.state_dict().items()})
    for kind in ("objects", "pair", "motion"):
        told = pack.lay_out(processor, (scene := drawn(kind, 1)[0]), scene.asks[:1])
        batch = pack.batch([[told]], told.length, processor)
        with torch.inference_mode():
            logits = fresh.logits(batch, fresh.slots(fresh.patches(batch.pixels)))[0]
        own = engine.next_token_logits(told.shared + told.rests[0].prompt, batch.pixels)
        assert torch.allclose(own, logits, atol=1e-4)


# Training


def plan(base, folder, **changes):
    changed = {"steps": 6, "rows": 1, "rate": 2e-3} | changes
    stage = replace(stages.BY_NAME["all"], name="short", **changed)
    return train.Plan(stage=stage, base=base, before=None, folder=folder, workers=1, save_every=2)


def weights(of):
    return torch.load(of.state, weights_only=True)["student"]


def test_ten_steps_lower_the_loss(base, fresh, tmp_path):
    short = plan(base, tmp_path)
    short = replace(short, stage=replace(short.stage, steps=10))
    held_out = next(train.batches(replace(short, seed=1), pack.processor(base), 0, 0))
    before = {name: loss.item() for name, loss in train._losses(fresh, short.stage, held_out).items()}
    train.run(short)
    fresh.load_state_dict(weights(short))
    after = {name: loss.item() for name, loss in train._losses(fresh, short.stage, held_out).items()}
    assert after["answers"] < before["answers"] - 0.3 and after["patches"] < before["patches"]


def test_a_run_that_was_stopped_goes_on_as_if_it_had_not_been(base, tmp_path, monkeypatch):
    whole, stopped = plan(base, tmp_path / "whole"), plan(base, tmp_path / "stopped")
    train.run(whole)
    taken, losses = [], train._losses

    def stop_at_the_fourth(*given):
        taken.append(None)
        if len(taken) == 4:
            raise KeyboardInterrupt
        return losses(*given)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(train, "_losses", stop_at_the_fourth)
        train.run(stopped)
    train.run(stopped)
    assert all(torch.equal(weights(stopped)[name], tensor) for name, tensor in weights(whole).items())


def test_what_a_stage_does_not_train_stays_as_it_was(base, fresh, tmp_path):
    held = plan(base, tmp_path, trains=(stages.ADAPTER,), reading=0.0)
    train.run(held)
    changed = {name for name, tensor in weights(held).items() if not torch.equal(tensor, fresh.state_dict()[name])}
    assert changed and all(name.startswith(stages.ADAPTER) for name in changed)


def test_two_workers_step_by_the_mean_of_their_gradients(base, fresh, tmp_path):
    pair = plan(base, tmp_path)
    pair = replace(pair, workers=2, stage=replace(pair.stage, steps=1))
    train.run(pair)
    trained = train.chosen(fresh, pair.stage)
    gradients = train._joined(trained)
    for rank in range(2):
        batch = next(train.batches(pair, pack.processor(base), rank, 0))
        sum(train._losses(fresh, pair.stage, batch).values()).backward()
    gradients /= 2
    train._clipped(gradients)
    rate = train.rate_at(pair.stage, 0)
    torch.optim.AdamW(train.decaying(trained), lr=rate, betas=(0.9, 0.98), fused=True).step()
    found = weights(pair)
    assert all(torch.allclose(found[name], tensor, atol=1e-6) for name, tensor in fresh.state_dict().items())


def test_rates_rise_hold_and_fall():
    stage = replace(stages.STAGES[0], steps=1000, rate=1.0, fall=0.5)
    rates = [train.rate_at(stage, step) for step in (0, 99, 499, 750, 999)]
    assert rates == pytest.approx([0.01, 1.0, 1.0, 0.5, 0.02])


@pytest.mark.parametrize(
    ("text", "earned"),
    [
        ("<think>4+9=13</think>\n\\boxed{13}", 1.0),
        ("<think>4+9=14</think>\n\\boxed{14}", 0.5),
        ("\\boxed{13}", 0.0),
        ("<think></think>\n\\boxed{13}", 0.0),
        ("<think>4+9=13</think>\n\\boxed{13} or 14", 0.0),
        ("", 0.0),
    ],
)
def test_rewards_are_for_the_form_and_for_the_answer_in_that_form(text, earned):
    assert reinforce.reward(text, "13") == earned


# AdaLRS


def descend(search, steps=2000, seed=0, noise=0.05):
    """Noisy gradient descent on a quadratic valley, advised by the search: the loss without noise in the end."""
    rng, steepness, at, copy = random.Random(seed), (0.003, 0.03, 0.3), [3.0] * 3, []
    for _ in range(steps):
        loss = sum(s * x * x for s, x in zip(steepness, at, strict=True)) / 2
        slope = [s * x + rng.gauss(0, noise) for s, x in zip(steepness, at, strict=True)]
        at = [x - search.rate * g for x, g in zip(at, slope, strict=True)]
        advice = search.take(loss + rng.gauss(0, noise))
        if advice == "try":
            copy = list(at)
        elif advice == "back":
            at = list(copy)
    return sum(s * x * x for s, x in zip(steepness, at, strict=True)) / 2


@pytest.mark.parametrize("seed", range(4))
def test_a_rate_that_is_too_low_is_raised_and_the_loss_ends_lower(seed):
    search, idle = AdaLRS(rate=0.001, window=50), AdaLRS(rate=0.001, window=10**6)
    assert descend(search, seed=seed) < 0.2 * descend(idle, seed=seed)
    assert search.rate > 10 * idle.rate == 0.01


@pytest.mark.parametrize("seed", range(4))
def test_a_rate_that_is_too_high_is_lowered_with_its_steps_taken_back(seed):
    search = AdaLRS(rate=6.0, window=50)  # 6.7 would burst
    assert descend(search, seed=seed) < 0.5
    assert search.rate < 6.0


def test_a_trial_is_kept_undone_or_left_by_the_speed_of_the_fall():
    def tried(slope):
        search = AdaLRS(rate=1.0, window=4)
        first = [search.take(loss) for loss in (9.0, 8.0, 7.1, 6.0, 5.9, 5.7, 5.6, 5.4)]
        assert first == ["go on"] * 7 + ["try"] and search.rate == 3.0
        return [search.take(5.4 - slope * i) for i in range(4)][-1], search.rate

    assert [tried(slope) for slope in (0.5, 0.16, -1.0)] == [("go on", 3.0), ("go on", 1.0), ("back", 0.5)]


def test_a_loss_that_is_no_number_ends_a_trial_at_once():
    search = AdaLRS(rate=1.0, window=4)
    for loss in (9.0, 8.0, 7.1, 6.0, 5.9, 5.7, 5.6, 5.4):
        search.take(loss)
    assert (search.rate, search.settled) == (3.0, 1.0)
    assert (search.take(float("nan")), search.rate, search.losses) == ("back", 0.5, [])


def test_a_search_ends_and_survives_an_interruption():
    search = AdaLRS(rate=0.01, window=20)
    descend(search, steps=500)
    again = AdaLRS(**json.loads(json.dumps(asdict(search))))
    assert descend(search, seed=1) == descend(again, seed=1)
    assert search.is_over and asdict(search) == {**asdict(again), "before": search.before}


def test_the_fall_is_the_slope_with_its_standard_error():
    assert adalrs.fall([5.0, 4.5, 4.0, 3.5]) == pytest.approx((0.5, 0.0))
    speed, error = adalrs.fall([1.0, 3.0, 2.0, 4.0])
    assert (speed, error) == pytest.approx((-0.8, 0.42426), abs=1e-4)  # as scipy.stats.linregress has it


def searched(base, folder, **changes):
    """A plan whose stage searches for its rate from one that is much too low."""
    wide = plan(base, folder, **{"search": 4, "rate": 1e-5, "steps": 60} | changes)
    return replace(wide, stage=replace(wide.stage, kind="patches", reading=1.0, rows=4, scenes={"writing": 1}))


def last_loss(of):
    return json.loads(of.log.read_text().splitlines()[-1])["patches"]


def test_a_stage_that_starts_too_slowly_finds_a_rate_and_ends_lower(base, tmp_path):
    search, idle = searched(base, tmp_path / "search"), searched(base, tmp_path / "idle", search=0)
    train.run(search)
    train.run(idle)
    assert last_loss(search) < 0.8 * last_loss(idle)
    assert json.loads(search.log.read_text().splitlines()[-1])["rate"] > 3e-5


def test_a_search_that_was_stopped_in_a_trial_goes_on_as_if_it_had_not_been(base, tmp_path, monkeypatch):
    whole, stopped = (searched(base, tmp_path / name, steps=32) for name in ("whole", "stopped"))
    train.run(whole)
    saved = train.save

    def stop_in_a_trial(plan, parts, step):
        saved(plan, parts, step)
        if json.loads(parts["search"].state_dict()["rule"])["settled"]:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(train, "save", stop_in_a_trial)
        train.run(stopped)
    assert torch.load(stopped.state, weights_only=True)["search"]["copy"]
    train.run(stopped)
    assert all(torch.equal(weights(stopped)[name], tensor) for name, tensor in weights(whole).items())


def test_a_trial_that_fails_takes_weights_and_optimizer_back(fresh):
    optimizer = torch.optim.AdamW(fresh.parameters())
    search = Search(1.0, 4, fresh, optimizer)
    for loss in (9.0, 8.0, 7.1, 6.0, 5.9, 5.7, 5.6, 5.4):
        search.take(torch.tensor(loss))
    before = {name: tensor.clone() for name, tensor in fresh.state_dict().items()}
    for parameter in fresh.parameters():
        parameter.data.add_(1.0)
    search.take(torch.tensor(float("nan")))
    assert search.rate == 0.5 and all(torch.equal(before[n], t) for n, t in fresh.state_dict().items())


# Soups


def test_a_soup_of_two_is_their_mean():
    one, two = ({"a": torch.tensor([1.0, x]).bfloat16(), "n": torch.tensor([3])} for x in (2.0, 4.0))
    mixed = soup.mean([one, two])
    assert mixed["a"].tolist() == [1.0, 3.0] and mixed["a"].dtype == torch.bfloat16 and mixed["n"].tolist() == [3]


def test_a_soup_of_equals_is_what_it_is_made_of(base, fresh, tmp_path):
    for name in ("one", "two", "three"):
        export.write(fresh, base, tmp_path / name)
    soup.write([tmp_path / name for name in ("one", "two", "three")], tmp_path / "soup")
    files = sorted(path.name for path in (tmp_path / "one").iterdir())
    assert files == sorted(path.name for path in (tmp_path / "soup").iterdir())
    assert (
        SailVL2.load(tmp_path / "soup").identity.split(":")[2:]
        == SailVL2.load(tmp_path / "one").identity.split(":")[2:]
    )
    stored = [soup_of(tmp_path / name) for name in ("one", "soup")]
    assert all(torch.equal(stored[0][name], stored[1][name]) for name in stored[0])


def soup_of(folder):
    from safetensors.torch import load_file

    return load_file(folder / "model.safetensors")


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({"b": torch.zeros(2)}, "only one of two checkpoints has a, b"),
        ({"a": torch.zeros(3)}, r"a is \(2,\) in one checkpoint, \(3,\) in another"),
        ({"a": torch.ones(2, dtype=torch.int64)}, "a is not of one type"),
    ],
)
def test_what_is_not_of_one_shape_is_no_soup(other, why):
    with pytest.raises(ModelError, match=why):
        soup.mean([{"a": torch.zeros(2)}, other])


def test_a_soup_needs_two_of_one_tokenizer_and_a_place_of_its_own(base, fresh, tmp_path):
    for name in ("one", "two"):
        export.write(fresh, base, tmp_path / name)
    pair = [tmp_path / "one", tmp_path / "two"]
    with pytest.raises(ModelError, match="exists already"):
        soup.write(pair, tmp_path / "one")
    with pytest.raises(ModelError, match="two checkpoints or more, not of 1"):
        soup.write(pair[:1], tmp_path / "soup")
    (tmp_path / "two" / "merges.txt").write_text("#version: 0.2\n")
    with pytest.raises(ModelError, match=r"merges.txt is not the same"):
        soup.write(pair, tmp_path / "soup")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one", "two"]
