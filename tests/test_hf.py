"""A small random LLaVA in transformers' own format: batched answers are those of each request alone."""

import io
import json

import pytest
import torch
from PIL import Image

from sailbench.errors import ModelError
from sailbench.models.engines import Choice, check, load
from sailbench.models.sail import tiny
from sailbench.models.talks import Begun
from sailbench.types import MEDIA_MARK, Media, Request, Sampling

pytestmark = pytest.mark.usefixtures("one_thread")
SPECIAL = ["<pad>", "<s>", "</s>", "<image>", "<|user|>", "<|assistant|>", "<|system|>"]
TEMPLATE = (
    "{% for m in messages %}<|{{ m.role }}|>{% for c in m.content %}"
    "{% if c.type == 'image' %}<image>{% else %}{{ c.text }}{% endif %}{% endfor %}{% endfor %}"
    "{% if add_generation_prompt %}<|assistant|>{% endif %}"
)


def tokenizer():
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    letters = {c: i for i, c in enumerate([*SPECIAL, *sorted(pre_tokenizers.ByteLevel.alphabet())])}
    own = Tokenizer(models.BPE(letters, []))
    own.pre_tokenizer, own.decoder = pre_tokenizers.ByteLevel(add_prefix_space=False), decoders.ByteLevel()
    own.add_special_tokens(SPECIAL)
    names = {"pad_token": "<pad>", "bos_token": "<s>", "eos_token": "</s>"}
    return PreTrainedTokenizerFast(tokenizer_object=own, **names, extra_special_tokens={"image_token": "<image>"})


def write(folder, template=TEMPLATE):
    from transformers import CLIPVisionConfig, LlamaConfig, LlavaConfig, LlavaForConditionalGeneration, LlavaProcessor
    from transformers.models.clip.image_processing_pil_clip import CLIPImageProcessorPil

    small = {"hidden_size": 16, "intermediate_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2}
    words = tokenizer()
    pixels = CLIPImageProcessorPil(size={"shortest_edge": 28}, crop_size={"height": 28, "width": 28})
    LlavaProcessor(
        image_processor=pixels,
        tokenizer=words,
        patch_size=14,
        vision_feature_select_strategy="default",
        num_additional_image_tokens=1,
        chat_template=template,
    ).save_pretrained(folder)
    config = LlavaConfig(
        vision_config=CLIPVisionConfig(**small, image_size=28, patch_size=14),
        text_config=LlamaConfig(**small, vocab_size=len(words), eos_token_id=2),
        image_token_index=words.convert_tokens_to_ids("<image>"),
    )
    torch.manual_seed(0)
    LlavaForConditionalGeneration(config).save_pretrained(folder)


@pytest.fixture(scope="module")
def folder(one_thread, tmp_path_factory):
    folder = tmp_path_factory.mktemp("hf") / "llava"
    write(folder)
    return folder


@pytest.fixture(scope="module")
def model(folder):
    return load(Choice(str(folder), engine="hf"))


def picture(colour):
    held = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(held, "PNG")
    return Media.image(held.getvalue())


def ask(*turns, media=(), **sampling):
    return Request(turns=turns, media=tuple(media), sampling=Sampling(**{"max_tokens": 6} | sampling))


def answers(model, requests):
    found = {id(request): response for request, response in model.answer(requests)}
    return [found[id(request)] for request in requests]


def essence(response):
    return response.texts, response.tokens_in, response.tokens_out, response.finish, response.error


def test_answers_together_are_answers_alone(model, monkeypatch):
    red, blue = picture("red"), picture("blue")
    requests = [ask("hi", max_tokens=3), ask(f"what is {MEDIA_MARK} this?", media=[red]), ask("longer " * 9)]
    requests += [ask("two", "and?", media=[red, blue]), ask("drawn", temperature=1.0), ask("x", media=[blue])]
    monkeypatch.setattr(model, "together", 4)
    together = [essence(response) for response in answers(model, requests)]
    assert [essence(answers(model, [request])[0]) for request in requests] == together
    assert [len(texts) for texts, *_ in together] == [1, 1, 1, 2, 1, 1]


def test_the_answer_is_what_transformers_generates(model):
    fed = model.processor(text=["<|user|>hi<|assistant|>"], return_tensors="pt")
    start = fed["input_ids"].shape[1]
    tokens = model.model.generate(**fed, do_sample=False, max_new_tokens=6)[0, start:]
    (response,) = answers(model, [ask("hi")])
    assert response.text == model.processor.tokenizer.decode(tokens, skip_special_tokens=True).strip()
    assert (response.tokens_in, response.tokens_out) == (start, len(tokens))


def test_an_end_token_ends_an_answer_and_a_limit_cuts_it(model, monkeypatch):
    (cut,) = answers(model, [ask("hi")])
    assert (cut.finish, cut.tokens_out) == ("length", 6)
    fed = model.processor(text=["<|user|>hi<|assistant|>"], return_tensors="pt")
    third = int(model.model.generate(**fed, do_sample=False, max_new_tokens=3)[0, -1])
    monkeypatch.setitem(model.__dict__, "_ends", {third})
    (ended,) = answers(model, [ask("hi")])
    assert ended.finish == "stop" and ended.tokens_out <= 3


def test_a_broken_image_is_one_requests_error(model):
    broken, fine = answers(model, [ask("q", media=[Media.image(b"none")]), ask("q")])
    assert "cannot be opened" in broken.error and fine.error is None


def test_a_batch_that_fails_is_tried_in_halves(model, monkeypatch):
    sizes = []
    once = model._batch

    def batch(talks):
        sizes.append(len(talks))
        if any("poison" in str(talk.messages) for talk in talks):
            raise RuntimeError("out of memory")
        return once(talks)

    monkeypatch.setattr(model, "_batch", batch)
    found = answers(model, [ask("a"), ask("b"), ask("poison"), ask("d")])
    assert [response.error for response in found] == [None, None, "RuntimeError: out of memory", None]
    assert sizes[0] == 4


def test_a_talk_that_began_elsewhere_is_fed_whole(model):
    (told,) = answers(model, [ask("one", "two")])
    begun = Begun(turns=("one", "two"), answers=told.texts[:1], sampling=Sampling(max_tokens=6))
    assert answers(model, [begun])[0].texts == told.texts[1:]
    headed = Begun(turns=("one",), system="Be brief.", sampling=Sampling(max_tokens=6))
    assert answers(model, [headed])[0].tokens_in > answers(model, [ask("one")])[0].tokens_in


def test_the_identity_tells_weights_and_types_apart(model, folder):
    assert model.identity == load(Choice(str(folder), engine="hf")).identity
    assert model.identity != load(Choice(str(folder), engine="hf", dtype="bfloat16")).identity


def test_code_that_comes_with_a_checkpoint_is_never_run(folder, tmp_path):
    for path in folder.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    config = json.loads((tmp_path / "config.json").read_text())
    foreign = {
        "model_type": "stranger",
        "auto_map": {"AutoConfig": "evil.Config", "AutoModelForImageTextToText": "evil.M"},
    }
    (tmp_path / "config.json").write_text(json.dumps(config | foreign))
    (tmp_path / "evil.py").write_text(f"open({str(tmp_path / 'ran')!r}, 'w')\n")
    with pytest.raises(ModelError, match="transformers cannot load it"):
        load(Choice(str(tmp_path), engine="hf"))
    assert not (tmp_path / "ran").exists()


def test_a_checkpoint_without_a_chat_template_is_refused(tmp_path):
    write(tmp_path / "plain", template=None)
    with pytest.raises(ModelError, match="has no chat template"):
        load(Choice(str(tmp_path / "plain"), engine="hf"))


def test_a_sailvl2_is_sent_to_the_engine_that_knows_it(tmp_path):
    tiny.write(tmp_path / "tiny")
    with pytest.raises(ModelError, match="use --engine torch"):
        load(Choice(str(tmp_path / "tiny"), engine="hf"))


@pytest.mark.parametrize(
    ("engine", "line"),
    [
        ("torhc", "did you mean torch"),
        ("vllm", "needs the package vllm; pip install 'sailbench[vllm]'"),
        ("remote", "no address"),
    ],
)
def test_an_engine_that_is_not_there_is_told_before_anything_is_read(engine, line, monkeypatch):
    monkeypatch.setattr("sailbench.models.engines.find_spec", lambda package: None)
    with pytest.raises(ModelError, match=line.replace("[", r"\[").replace("]", r"\]")):
        check(Choice("sailvl2-2b", engine=engine))
