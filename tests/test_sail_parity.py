"""The network against recordings of the official implementation: features, logits, greedy tokens, batches, refusals."""

import hashlib
import json
import struct
from dataclasses import replace

import PIL
import pytest
import torch
from PIL import Image
from safetensors.torch import load_file

from sailbench.errors import ModelError
from sailbench.models.sail import SailVL2, pixels
from sailbench.models.sail.decode import Prompt, write
from sailbench.models.sail.vision import merge_patches

pytestmark = pytest.mark.usefixtures("one_thread")
CHECKPOINTS = {"a": "ckpt_a", "c": "ckpt_c_moe"}
# Pillow before 13 resizes these pictures differently by a few grey levels, which moves logits by up to 0.1.
OLD_PILLOW = int(PIL.__version__.partition(".")[0]) < 13
RESIZED_OTHERWISE = {"gray_300x500", "ratio_3_2_720x480"} if OLD_PILLOW else set()


def cases(path):
    """The recorded cases, but for those whose pixels another Pillow makes differently."""
    read = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [case for case in read if RESIZED_OTHERWISE.isdisjoint(names(case))]


def names(case):
    return case.get("images", [case.get("image")])


@pytest.fixture(scope="module", params=["a", "c"])
def letter(request):
    return request.param


@pytest.fixture(scope="module")
def recorded(parity, letter):
    return parity / f"model/ckpt_{letter}"


@pytest.fixture(scope="module")
def folder(parity, letter, tmp_path_factory):
    """The checkpoint with the vocabulary of ckpt_a, which one of them lacks."""
    whole = tmp_path_factory.mktemp("checkpoint")
    for name in ("vocab.json", "merges.txt"):
        (whole / name).symlink_to(parity / "ckpt_a" / name)
    for path in (parity / CHECKPOINTS[letter]).iterdir():
        if not (whole / path.name).exists():
            (whole / path.name).symlink_to(path)
    return whole


@pytest.fixture(scope="module")
def model(folder, one_thread):
    return SailVL2.load(folder)


@pytest.fixture(scope="module")
def images(parity):
    return lambda name: Image.open(parity / f"preprocess/images/{name}.png")


def prompt(model, images, case):
    """Ids and pixels of a recorded case."""
    tiles = [model.tiles(images(name), case["max_tiles"], case.get("use_msac", False)) for name in names(case)]
    counts = [len(own) for own in tiles]
    ids = model.prompt_ids(case["question"], counts, case.get("history"))
    assert case["n_tokens"] == len(ids)
    return ids, torch.cat(tiles) if tiles else None


def assert_close(wanted, found, what=""):
    torch.testing.assert_close(found, wanted, rtol=1e-4, atol=1e-4, msg=lambda text: f"{what}: {text}")


def thumbnails(model, images, recorded):
    facts = json.loads((recorded / "vision.json").read_text())
    return torch.stack([model.tiles(images(name), 6)[-1] for name in facts["images"]])


def watched(model, pixel_values):
    """The outputs of every module of tower and adapter that the recordings name."""
    network = model.network
    modules = {"patch_conv": network.vision_model.preprocessor.patchifier.proj}
    modules["patch_norm"] = network.vision_model.preprocessor.patchifier.norm
    modules["embeddings"] = network.vision_model.preprocessor
    for i, block in enumerate(network.vision_model.trunk.blocks):
        modules |= {f"block_{i}": block, f"block_{i}.attn": block.attn, f"block_{i}.mlp": block.mlp}
    modules |= {f"mlp1.{i}": layer for i, layer in enumerate(network.mlp1)}
    seen = {}
    hooks = [
        module.register_forward_hook(lambda _, __, out, name=name: seen.update({name: out}))
        for name, module in modules.items()
    ]
    seen["adapter"] = model.image_embeddings(pixel_values)
    for hook in hooks:
        hook.remove()
    seen["patch_conv"] = seen["patch_conv"].flatten(2).transpose(1, 2)
    seen["last_hidden_state"] = model.vision_features(pixel_values)
    return seen


def test_every_layer_of_tower_and_adapter_gives_the_recorded_values(model, images, recorded):
    wanted = load_file(recorded / "vision.safetensors")
    found = watched(model, thumbnails(model, images, recorded))
    for name, values in wanted.items():
        base = name.removesuffix(".every16th")
        if base in found:
            assert_close(values, found[base] if name == base else found[base][:, ::16], name)
    assert {n.removesuffix(".every16th") for n in wanted} >= found.keys()


def test_pixels_of_the_recording_are_ours(model, images, recorded):
    wanted = load_file(recorded / "vision.safetensors").get("pixel_values")
    if wanted is None:
        pytest.skip("this recording holds no pixels")
    assert_close(wanted, thumbnails(model, images, recorded))


OPTIONS = {
    "adapter.select_layer_-2": {"select_layer": -2},
    "adapter.select_layer_0": {"select_layer": 0},
    "adapter.ps_v1": {"ps_version": "v1"},
}


@pytest.mark.parametrize("name", OPTIONS)
def test_options_of_the_tower_give_the_recorded_values(model, images, recorded, name):
    configured = model.network.config
    model.network.config = replace(configured, **OPTIONS[name])
    found = model.image_embeddings(thumbnails(model, images, recorded))
    model.network.config = configured
    assert_close(load_file(recorded / "vision.safetensors")[name], found)


def test_both_orders_of_merged_patches_hold_the_same_tokens():
    features = torch.arange(2 * 16 * 3.0).view(2, 16, 3)
    rows, columns = (merge_patches(features, 4, 4, 2, transposed) for transposed in (False, True))
    assert torch.equal(rows.view(2, 2, 2, 12), columns.view(2, 2, 2, 12).transpose(1, 2))
    assert rows[0, 0].tolist() == [*range(6), *range(12, 18)]


def test_prompts_first_logits_and_greedy_answers_are_the_recorded_ones(model, images, recorded):
    for case in cases(recorded / "generation.jsonl"):
        ids, pixel_values = prompt(model, images, case)
        assert case["ids_sha256"] == hashlib.sha256(struct.pack(f"<{len(ids)}q", *ids)).hexdigest()
        logits = model.next_token_logits(ids, pixel_values)
        check_logits(case, logits)
        tokens = model.greedy(ids, pixel_values, 64)
        assert case["new_tokens"] == tokens, case["id"]
        assert case["response"] == model.processor.tokenizer.decode(tokens)
        assert (case["finish"] == "eos") == (tokens[-1] == model.processor.tokenizer.end)


def check_logits(case, logits):
    top = case["first_top50_ids"]
    assert case["first_top50_values"] == pytest.approx(logits[top].tolist(), abs=1e-3)
    assert logits.topk(50).values[-1].item() == pytest.approx(case["first_top50_values"][-1], abs=1e-3)
    found = [logits.mean().item(), logits.std(correction=0).item(), logits.logsumexp(0).item()]
    assert [case["first_mean"], case["first_std"], case["first_logsumexp"]] == pytest.approx(found, abs=1e-3)


def test_recorded_tiles_give_the_recorded_answers_whatever_the_image_library(model, recorded):
    path = recorded / "generation_tiles_u8.safetensors"
    if not path.exists():
        pytest.skip("this recording holds no tiles")
    known = {case["id"]: case for case in cases(recorded / "generation.jsonl")}
    for name, tiles in load_file(path).items():
        squares = [Image.fromarray(tile.numpy()) for tile in tiles]
        pixel_values = pixels.normalised(squares, model.config.mean, model.config.std)
        ids = model.prompt_ids(known[name]["question"], known[name]["tiles_per_image"])
        assert known[name]["new_tokens"] == model.greedy(ids, pixel_values, 64)


@torch.inference_mode()
def test_hidden_states_of_every_layer_are_the_recorded_ones(model, images, recorded):
    wanted = load_file(recorded / "hidden_states.safetensors")
    for case in cases(recorded / "generation.jsonl"):
        embeds = model.input_embeddings(*prompt(model, images, case))[None]
        out = model.network.language_model.model(inputs_embeds=embeds, output_hidden_states=True)
        found = torch.cat(out.hidden_states)[:, wanted[f"{case['id']}.positions"]]
        assert_close(wanted[f"{case['id']}.hidden_states"], found, case["id"])


def test_prompts_of_different_lengths_answered_together_are_answered_as_alone(model, images, recorded):
    asked = cases(recorded / "batch.jsonl")
    prompts = [Prompt(model.input_embeddings(*prompt(model, images, case)), 32) for case in asked]
    together = dict(write(model.network.language_model, prompts, model.processor.tokenizer.end))
    assert [case["alone_tokens"] for case in asked] == [together[i] for i in range(len(asked))]
    texts = [model.processor.tokenizer.decode(together[i]) for i in range(len(asked))]
    assert [case["alone_response"] for case in asked] == texts


def test_all_recorded_prompts_together_give_the_recorded_answers(model, images, recorded):
    asked = cases(recorded / "generation.jsonl")
    prompts = [Prompt(model.input_embeddings(*prompt(model, images, case)), 64) for case in asked]
    together = dict(write(model.network.language_model, prompts, model.processor.tokenizer.end))
    assert [case["new_tokens"] for case in asked] == [together[i] for i in range(len(asked))]


def test_bfloat16_stays_near_and_keeps_its_rotary_frequencies(folder, images, recorded):
    model = SailVL2.load(folder, dtype="bfloat16")
    rotary = model.network.language_model.model.rotary_emb
    assert rotary.inv_freq.dtype == torch.float32
    for case in cases(recorded / "generation.jsonl"):
        logits = model.next_token_logits(*prompt(model, images, case))
        found = logits[case["first_top50_ids"]]
        assert found.tolist() == pytest.approx(case["first_top50_values"], abs=0.5)
        assert case["first_top50_ids"][0] == logits.argmax()


def test_bfloat16_features_stay_within_the_recorded_differences(folder, images, recorded):
    model = SailVL2.load(folder, dtype="bfloat16")
    wanted = load_file(recorded / "vision.safetensors")
    shown = thumbnails(model, images, recorded)
    assert (model.vision_features(shown).float() - wanted["last_hidden_state"]).abs().max() < 0.15
    assert (model.image_embeddings(shown).float() - wanted["adapter"]).abs().max() < 0.15


def one_tile(model):
    return torch.zeros(1, 3, model.config.image_size, model.config.image_size)


@pytest.mark.parametrize("history", [[], [("What is it?", "A cat.")]])
def test_an_image_without_a_place_in_the_history_is_refused(model, history):
    ids = model.prompt_ids("And now?", [1], history)
    with pytest.raises(ModelError, match="0 image slots"):
        model.greedy(ids, one_tile(model), 2)


def test_too_few_places_or_tiles_are_refused(model):
    with pytest.raises(ModelError, match="image slots"):
        model.next_token_logits(model.prompt_ids("one <image>", [1, 1]), one_tile(model).repeat(2, 1, 1, 1))
    with pytest.raises(ModelError, match="image slots"):
        model.next_token_logits(model.prompt_ids("q", [2]), one_tile(model))


def test_a_slot_token_in_the_text_is_refused_beside_an_image_and_plain_without(model):
    with pytest.raises(ModelError, match="image slots"):
        model.next_token_logits(model.prompt_ids("<IMG_CONTEXT>", [1]), one_tile(model))
    assert torch.isfinite(model.next_token_logits(model.prompt_ids("<IMG_CONTEXT>", []), None)).all()


def test_a_spare_placeholder_stays_text(model):
    ids = model.prompt_ids("<image> and <image>", [1])
    assert "</img> and <image>" in model.processor.tokenizer.text(ids)
    assert len(model.greedy(ids, one_tile(model), 2)) <= 2
