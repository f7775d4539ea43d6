"""The exported language model, loaded by transformers alone: the same logits, prompts and stop token."""

import json

import pytest
import torch

from sailbench.cli import main
from sailbench.errors import ModelError
from sailbench.models.export import export
from sailbench.models.sail import SailVL2, tiny

pytestmark = pytest.mark.usefixtures("one_thread")


def loaded(folder):
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    return model, AutoTokenizer.from_pretrained(folder)


def assert_same_logits(ours, theirs):
    ids = ours.prompt_ids("Which of the two is larger?", [])
    with torch.inference_mode():
        found = theirs(input_ids=torch.tensor([ids])).logits[0, -1]
    torch.testing.assert_close(found, ours.next_token_logits(ids, None), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("moe", [False, True], ids=["dense", "moe"])
@pytest.mark.parametrize("tied", [False, True], ids=["own_head", "tied"])
def test_transformers_gives_the_same_logits(tmp_path, moe, tied):
    tiny.write(tmp_path / "whole", moe=moe, shards=3, changes={"llm_config": {"tie_word_embeddings": tied}})
    export(tmp_path / "whole", tmp_path / "alone", file_bytes=60_000)
    config = json.loads((tmp_path / "alone" / "config.json").read_text())
    assert (config["model_type"], config["tie_word_embeddings"]) == ("qwen3_moe" if moe else "qwen3", tied)
    assert len(list((tmp_path / "alone").glob("model-*.safetensors"))) > 1
    assert_same_logits(SailVL2.load(tmp_path / "whole"), loaded(tmp_path / "alone")[0])


@pytest.mark.parametrize("name", ["ckpt_a", "ckpt_c_moe"])
def test_the_parity_checkpoints_give_the_same_logits(parity, tmp_path, name):
    words = parity / "ckpt_a"
    export(parity / name, tmp_path / "alone", tokenizer=words)
    model, tokenizer = loaded(tmp_path / "alone")
    ours = SailVL2.load(parity / name, tokenizer=words)
    assert_same_logits(ours, model)
    assert model.generation_config.eos_token_id == tokenizer.eos_token_id == ours.processor.tokenizer.end


def test_the_chat_template_lays_text_out_as_the_official_code_does(tmp_path):
    tiny.write(tmp_path / "whole")
    export(tmp_path / "whole", tmp_path / "alone")
    ours, (_, tokenizer) = SailVL2.load(tmp_path / "whole"), loaded(tmp_path / "alone")
    talk = [("user", "one"), ("assistant", "1"), ("user", "two")]
    messages = [{"role": role, "content": text} for role, text in talk]
    for system in (None, "Be brief."):
        own = [{"role": "system", "content": system}, *messages] if system else messages
        found = tokenizer.apply_chat_template(own, add_generation_prompt=True, return_dict=False)
        assert found == ours.prompt_ids("two", None, history=[("one", "1")], system=system)


def test_a_damaged_checkpoint_leaves_nothing_behind(tmp_path):
    tiny.write(tmp_path / "whole")
    whole = tmp_path / "whole" / "model.safetensors"
    whole.write_bytes(whole.read_bytes()[:5000])
    with pytest.raises(ModelError, match="damaged or cut short"):
        export(tmp_path / "whole", tmp_path / "alone")
    assert [path.name for path in tmp_path.iterdir()] == ["whole"]


def test_the_command_writes_a_folder_once(tmp_path, capsys):
    tiny.write(tmp_path / "whole")
    argv = ["export-llm", f"{tmp_path}/whole", f"{tmp_path}/alone"]
    assert (main(argv), main(argv)) == (0, 2)
    assert "exists already" in capsys.readouterr().err
    assert not any((tmp_path / "alone").glob("*vision*"))
