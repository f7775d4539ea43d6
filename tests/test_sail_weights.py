"""Loading checkpoints: names and shapes of every size, each tensor used once, and one line for each thing wrong."""

import json
import shutil

import pytest
import torch
from safetensors.torch import load_file, save_file

from sailbench.errors import ModelError
from sailbench.models import catalogue
from sailbench.models.sail import SailVL2, tiny, weights
from sailbench.models.sail.config import SailConfig
from sailbench.models.sail.network import Network

pytestmark = pytest.mark.usefixtures("one_thread")
MANIFESTS = {
    "sailvl2-1b": "1b",
    "sailvl2-2b": "2b",
    "sailvl2-8b": "8b",
    "sailvl2-30b-a3b": "30b_a3b",
    "sailvl2-2b-thinking": "2b",
    "sailvl2-8b-thinking": "8b",
    "sailvl2-30b-a3b-thinking": "30b_a3b",
    "sailvl2-anyres-2b": "2b",
}
HEAD = "language_model.lm_head.weight"
NORM = "language_model.model.norm.weight"


def manifest(path):
    """The recorded names and shapes, experts spelt out."""
    recorded = json.loads(path.read_text())
    tensors = dict(recorded["tensors"])
    experts = recorded.get("expert_tensors", {"layers": 0, "experts": 0, "shapes": {}})
    for layer in range(experts["layers"]):
        for expert in range(experts["experts"]):
            for proj, shape in experts["shapes"].items():
                tensors[experts["pattern"].format(layer=layer, expert=expert, proj=proj)] = shape
    assert recorded["n_tensors"] == len(tensors)
    return tensors


@pytest.mark.parametrize("name", MANIFESTS)
def test_full_sizes_have_the_names_and_shapes_of_the_manifest(parity, name):
    network = Network.empty(SailConfig.parse(catalogue.ENTRIES[name].config))
    found = {name: list(place.shape) for name, place in weights.layout(network).items()}
    assert manifest(parity / f"manifest/{MANIFESTS[name]}.json") == found


@pytest.fixture
def checkpoint(tmp_path):
    tiny.write(tmp_path / "tiny")
    return tmp_path / "tiny"


@pytest.fixture
def mixture(tmp_path):
    tiny.write(tmp_path / "mixture", moe=True, shards=3)
    return tmp_path / "mixture"


def rewrite(folder, change):
    """Change the tensors of a single-file checkpoint."""
    tensors = load_file(folder / "model.safetensors")
    change(tensors)
    save_file(tensors, folder / "model.safetensors")


def edit(path, **changes):
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def refusal(folder, **options):
    with pytest.raises(ModelError) as caught:
        SailVL2.load(folder, **options)
    message = str(caught.value)
    assert "\n" not in message
    return message


def logits(folder):
    model = SailVL2.load(folder)
    return model.next_token_logits(model.prompt_ids("Which?", [1]), torch.ones(1, 3, 112, 112))


def test_every_number_of_the_files_reaches_the_network_once(mixture):
    network = SailVL2.load(mixture).network
    stored = {name: tensor for path in mixture.glob("*.safetensors") for name, tensor in load_file(path).items()}
    assert sum(tensor.numel() for tensor in stored.values()) == sum(p.numel() for p in network.parameters())
    total = sum(tensor.double().sum() for tensor in stored.values())
    assert total.item() == pytest.approx(sum(p.double().sum() for p in network.parameters()).item())


def test_experts_are_fused_with_the_gate_first(mixture):
    network = SailVL2.load(mixture).network
    stored = {name: tensor for path in mixture.glob("*.safetensors") for name, tensor in load_file(path).items()}
    experts = network.language_model.model.layers[1].mlp.experts
    stem = "language_model.model.layers.1.mlp.experts.2"
    assert torch.equal(stored[f"{stem}.gate_proj.weight"].float(), experts.gate_up_proj[2, :32])
    assert torch.equal(stored[f"{stem}.up_proj.weight"].float(), experts.gate_up_proj[2, 32:])
    assert torch.equal(stored[f"{stem}.down_proj.weight"].float(), experts.down_proj[2])


def test_shards_and_a_single_file_give_the_same_model(tmp_path, checkpoint):
    tiny.write(tmp_path / "shards", shards=4)
    assert len(list((tmp_path / "shards").glob("model-*-of-00004.safetensors"))) == 4
    assert torch.equal(logits(checkpoint), logits(tmp_path / "shards"))


def test_equal_seeds_write_equal_checkpoints(tmp_path, checkpoint):
    tiny.write(tmp_path / "again")
    tiny.write(tmp_path / "other", seed=1)
    written = [(f / "model.safetensors").read_bytes() for f in (checkpoint, tmp_path / "again", tmp_path / "other")]
    assert written[0] == written[1] != written[2]


def test_a_stored_head_is_used_even_where_the_config_ties_it(tmp_path, checkpoint):
    tied = tmp_path / "tied"
    tiny.write(tied, changes={"llm_config": {"tie_word_embeddings": True}})
    assert HEAD not in load_file(tied / "model.safetensors")
    untied = logits(checkpoint)
    shutil.copy(tied / "config.json", checkpoint / "config.json")
    assert torch.equal(untied, logits(checkpoint))


def test_the_embedding_is_the_head_where_none_is_stored(tmp_path):
    tiny.write(tmp_path / "tied", changes={"llm_config": {"tie_word_embeddings": True}})
    language = SailVL2.load(tmp_path / "tied").network.language_model
    assert language.lm_head.weight is language.model.embed_tokens.weight


def test_an_untied_head_that_is_missing_is_an_error(checkpoint):
    rewrite(checkpoint, lambda tensors: tensors.pop(HEAD))
    assert f"lacks tensor {HEAD}" in refusal(checkpoint)


def test_a_missing_tensor_is_named(checkpoint):
    rewrite(checkpoint, lambda tensors: tensors.pop(NORM))
    assert f"lacks tensor {NORM}" in refusal(checkpoint)


def test_an_unexpected_tensor_is_named(checkpoint):
    rewrite(checkpoint, lambda tensors: tensors.update({"surprise.weight": torch.ones(1)}))
    assert "unexpected tensor surprise.weight" in refusal(checkpoint)


def test_a_tensor_of_another_shape_is_named_with_both_shapes(checkpoint):
    rewrite(checkpoint, lambda tensors: tensors.update({NORM: torch.ones(5)}))
    assert f"{NORM} [5] (expected [64])" in refusal(checkpoint)


def test_a_quantised_tensor_is_refused(checkpoint):
    rewrite(checkpoint, lambda tensors: tensors.update({NORM: torch.ones(64, dtype=torch.int8)}))
    assert f"no floating-point numbers in tensor {NORM}" in refusal(checkpoint)


def test_several_faults_are_told_at_once_and_counted(checkpoint):
    def spoil(tensors):
        for i in (0, 1):
            tensors[f"extra.{i}"] = tensors.pop(f"vision_model.trunk.blocks.{i}.norm_1.weight")

    rewrite(checkpoint, spoil)
    message = refusal(checkpoint)
    assert "lacks tensor vision_model.trunk.blocks.0.norm_1.weight and 1 more" in message
    assert "unexpected tensor extra.0 and 1 more" in message


@pytest.mark.parametrize("kept", [0, 5, 400, 100_000])
def test_a_truncated_file_is_an_error_that_names_it(checkpoint, kept):
    path = checkpoint / "model.safetensors"
    path.write_bytes(path.read_bytes()[:kept])
    assert "model.safetensors is damaged or cut short" in refusal(checkpoint)


def test_a_missing_shard_is_named(mixture):
    (mixture / "model-00002-of-00003.safetensors").unlink()
    assert "lacks the shard model-00002-of-00003.safetensors" in refusal(mixture)


def test_an_index_that_promises_too_much_is_an_error(mixture):
    index = json.loads((mixture / weights.INDEX).read_text())
    index["weight_map"]["promised.weight"] = "model-00001-of-00003.safetensors"
    (mixture / weights.INDEX).write_text(json.dumps(index))
    assert "places tensor promised.weight in model-00001-of-00003.safetensors" in refusal(mixture)


@pytest.mark.parametrize("shard", ["../tiny/model.safetensors", "/etc/passwd", "model.bin"])
def test_an_index_cannot_point_out_of_its_folder(checkpoint, shard):
    (checkpoint / weights.INDEX).write_text(json.dumps({"weight_map": {NORM: shard}}))
    assert "which is no safetensors file of this folder" in refusal(checkpoint)


@pytest.mark.parametrize("content", ["{}", '{"weight_map": 3}', '{"weight_map": {"a": 1}}'])
def test_an_index_without_a_map_is_an_error(checkpoint, content):
    (checkpoint / weights.INDEX).write_text(content)
    assert "has no weight_map" in refusal(checkpoint)


def test_a_tensor_stored_twice_is_an_error(mixture):
    first, second = (mixture / f"model-0000{i}-of-00003.safetensors" for i in (1, 2))
    doubled = load_file(first) | dict(list(load_file(second).items())[:1])
    save_file(doubled, first)
    assert "is in both" in refusal(mixture)


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt"])
def test_pickled_weights_are_refused_unopened(checkpoint, name):
    (checkpoint / "model.safetensors").rename(checkpoint / name)
    assert f"only {name}, and pickled weights are never opened" in refusal(checkpoint)


def test_a_folder_without_weights_or_config_is_an_error(checkpoint, tmp_path):
    (checkpoint / "model.safetensors").unlink()
    assert "holds no weights" in refusal(checkpoint)
    assert "has no config.json" in refusal(tmp_path)


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"model_type": "internvl_chat"}, "model_type is 'internvl_chat', not 'sailvl'"),
        ({"llm_config": {"model_type": "qwen2"}}, "'qwen2'; qwen3 and qwen3_moe are known"),
        ({"llm_config": {"model_type": "qwen3"}}, "config.json lacks"),
        ({"vision_config": {}}, "cannot be read as a SAIL-VL2"),
        ({"vision_config": None}, "cannot be read as a SAIL-VL2"),
        ({"downsample_ratio": 0}, "cannot be read as a SAIL-VL2"),
    ],
)
def test_a_config_of_something_else_is_an_error(checkpoint, changes, said):
    edit(checkpoint / "config.json", **changes)
    assert said in refusal(checkpoint)


def test_a_broken_config_is_an_error(checkpoint):
    (checkpoint / "config.json").write_text('{"model_type": "sailvl"')
    assert "config.json cannot be read" in refusal(checkpoint)


def test_a_tokenizer_that_knows_more_tokens_than_the_model_is_an_error(checkpoint, tmp_path):
    tiny.write(tmp_path / "small", changes={"llm_config": {"vocab_size": 270}})
    assert "291 tokens, the model 270" in refusal(tmp_path / "small", tokenizer=checkpoint)


def test_a_tokenizer_without_image_tokens_is_an_error(checkpoint):
    settings = json.loads((checkpoint / "tokenizer_config.json").read_text())
    settings["added_tokens_decoder"].pop(str(256 + tiny.ADDED.index("</box>")))
    slot = 256 + tiny.ADDED.index("<IMG_CONTEXT>")
    settings["added_tokens_decoder"][str(slot)]["content"] = "<patch>"
    (checkpoint / "tokenizer_config.json").write_text(json.dumps(settings))
    assert "no <IMG_CONTEXT> token" in refusal(checkpoint)


def test_tokenizer_files_that_disagree_are_an_error(checkpoint):
    settings = json.loads((checkpoint / "tokenizer_config.json").read_text())
    settings["added_tokens_decoder"].pop("260")
    (checkpoint / "tokenizer_config.json").write_text(json.dumps(settings))
    assert "files disagree" in refusal(checkpoint)


def test_added_tokens_json_serves_where_the_tokenizer_config_is_absent(checkpoint):
    whole = SailVL2.load(checkpoint).processor.tokenizer
    (checkpoint / "tokenizer_config.json").unlink()
    bare = SailVL2.load(checkpoint).processor.tokenizer
    text = "a<|im_start|>b<think><img></img>"
    assert (whole.encode(text), whole.encode_plain(text)) == (bare.encode(text), bare.encode_plain(text))


@pytest.mark.parametrize(("option", "said"), [({"dtype": "int4"}, "dtype 'int4'"), ({"device": "abacus"}, "'abacus'")])
def test_unknown_devices_and_types_are_errors(checkpoint, option, said):
    assert said in refusal(checkpoint, **option)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_a_gpu_that_is_not_there_is_an_error(checkpoint):
    assert "no CUDA device" in refusal(checkpoint, device="cuda")
    assert SailVL2.load(checkpoint, device="auto", dtype="auto").identity.endswith("float32:multi_scale=1:protocol=1")


def test_identity_follows_the_content_and_not_the_place(checkpoint, tmp_path):
    first = SailVL2.load(checkpoint).identity
    shutil.copytree(checkpoint, tmp_path / "moved")
    assert first == SailVL2.load(tmp_path / "moved").identity
    rewrite(tmp_path / "moved", lambda tensors: tensors[NORM].add_(1))
    assert first != SailVL2.load(tmp_path / "moved").identity


@pytest.mark.parametrize("option", [{"multi_scale": False}, {"dtype": "bfloat16"}])
def test_identity_tells_settings_apart(checkpoint, option):
    assert SailVL2.load(checkpoint).identity != SailVL2.load(checkpoint, **option).identity
