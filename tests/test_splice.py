"""Tower here, language model elsewhere: what goes over the border, and that the answers are the bundled engine's."""

import queue
import random
from types import SimpleNamespace

import pytest
import torch
from PIL import Image

from sailbench.models import lmdeploy, vllm
from sailbench.models.export import export
from sailbench.models.sail import SailVL2, decode, tiny
from sailbench.models.splice import Spliced, Written, open_eyes
from sailbench.models.talks import Begun
from sailbench.types import MEDIA_MARK, Media, Request, Sampling

pytestmark = pytest.mark.usefixtures("one_thread")
CPU = (torch.device("cpu"), torch.float32)


@pytest.fixture(scope="module", params=["dense", "moe"])
def folder(request, one_thread, tmp_path_factory):
    folder = tmp_path_factory.mktemp("spliced") / "whole"
    tiny.write(folder, seed=3, moe=request.param == "moe")
    export(folder, folder.with_name("language"))
    return folder


@pytest.fixture(scope="module")
def whole(folder):
    return SailVL2.load(folder)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    for i, size in enumerate([(112, 112), (300, 90), (60, 200)]):
        Image.frombytes("RGB", size, random.Random(i).randbytes(3 * size[0] * size[1])).save(folder / f"{i}.png")
    return [Media.image(folder / f"{i}.png") for i in range(3)]


def ask(*turns, media=(), **sampling):
    return Request(turns=turns, media=tuple(media), sampling=Sampling(**{"max_tokens": 8} | sampling))


def mixed(pictures):
    return [
        ask("Hello?"),
        ask("What?", media=pictures[:1], detail="fine"),
        ask(f"{MEDIA_MARK} or {MEDIA_MARK}?", media=pictures, max_tokens=5),
        ask("First?", "Second Image1?", "Third?", media=pictures[1:]),
        ask("Why?", media=pictures[2:], thinking=True, enlarge=2),
        ask("Broken?", media=[Media.image(b"no image")]),
    ]


def answers(model, requests):
    found = {id(request): response for request, response in model.answer(requests)}
    return [found[id(request)] for request in requests]


def essence(response):
    return response.texts, response.tokens_in, response.tokens_out, response.finish, response.error


def assert_same_answers(model, whole, requests):
    wanted = [essence(response) for response in answers(whole, requests)]
    assert [essence(response) for response in answers(model, requests)] == wanted


class TurboMind:
    """What lmdeploy's engine does with its arguments, computed by transformers alone."""

    def __init__(self, folder):
        from transformers import AutoModelForCausalLM

        self.model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
        self.asked = []

    def create_instance(self):
        return self

    async def async_stream_infer(self, session_id, gen_config, **asked):
        self.asked.append({"session_id": session_id, "gen_config": gen_config, **asked})
        embeds = self.model.get_input_embeddings()(torch.tensor(asked["input_ids"]))
        for (begin, end), features in zip(
            asked.get("input_embedding_ranges", ()), asked.get("input_embeddings", ()), strict=True
        ):
            embeds[begin:end] = features
        with torch.inference_mode():
            written = self.model.generate(
                inputs_embeds=embeds[None],
                attention_mask=torch.ones(1, len(embeds), dtype=torch.long),
                do_sample=False,
                max_new_tokens=gen_config.max_new_tokens,
                eos_token_id=gen_config.stop_token_ids,
                pad_token_id=0,
            )[0].tolist()
        yield SimpleNamespace(status=SimpleNamespace(name="SUCCESS"), token_ids=written[:2])
        yield SimpleNamespace(status=SimpleNamespace(name="FINISH"), token_ids=written[2:])


class VLLM:
    """What vLLM's engine does with its arguments, computed by transformers alone."""

    def __init__(self, folder):
        self.turbomind, self.waiting = TurboMind(folder), []

    def add_request(self, request_id, prompt, params):
        self.waiting.append((request_id, prompt, params))

    def step(self):
        waiting, self.waiting = self.waiting, []
        return [self._output(*one) for one in waiting]

    def _output(self, request_id, prompt, params):
        model, end = self.turbomind.model, params.stop_token_ids[0]
        embeds = prompt.get("prompt_embeds")
        if embeds is None:
            embeds = model.get_input_embeddings()(torch.tensor(prompt["prompt_token_ids"]))
        with torch.inference_mode():
            mask = torch.ones(1, len(embeds), dtype=torch.long)
            how = {"max_new_tokens": params.max_tokens, "eos_token_id": end, "pad_token_id": 0, "do_sample": False}
            tokens = model.generate(inputs_embeds=embeds[None], attention_mask=mask, **how)[0].tolist()
        reason = "stop" if tokens[-1] == end else "length"
        completion = SimpleNamespace(token_ids=tokens, finish_reason=reason)
        return SimpleNamespace(request_id=request_id, finished=True, outputs=[completion])


class TorchLanguage:
    """The bundled language model, all waiting prompts a step: shows the others what is expected of them."""

    engine = f"torch {torch.__version__}"

    def __init__(self, model):
        self._model, self._waiting = model, {}

    def start(self, number, prompt, how):
        self._waiting[number] = prompt, how

    def step(self):
        waiting, self._waiting = self._waiting, {}
        network, tokenizer = self._model.network, self._model.processor.tokenizer
        prompts = [
            decode.Prompt(network.embed(prompt.ids, prompt.features, tokenizer.slot), how.max_tokens, sampler(how))
            for prompt, how in waiting.values()
        ]
        found = decode.write(network.language_model, prompts, tokenizer.end)
        return [Written(number=list(waiting)[place], tokens=tokens) for place, tokens in found]


def sampler(how):
    generator = torch.Generator().manual_seed(how.seed)
    return decode.Sampler(how.temperature, how.top_p, generator) if how.temperature > 0 else None


def test_the_bundled_language_model_answers_as_the_bundled_engine(whole, pictures):
    assert_same_answers(Spliced(whole, TorchLanguage(whole)), whole, mixed(pictures))


def test_turbomind_is_given_features_for_the_slots_of_pictures(folder, whole, pictures):
    engine = TurboMind(folder.with_name("language"))
    model = Spliced(open_eyes(folder, CPU), lmdeploy.Language(engine, SimpleNamespace))
    assert_same_answers(model, whole, mixed(pictures))
    slot = whole.processor.tokenizer.slot
    for asked in engine.asked:
        places = [i for i, token in enumerate(asked["input_ids"]) if token == slot]
        ranges = asked.get("input_embedding_ranges", [])
        assert [i for begin, end in ranges for i in range(begin, end)] == places


def test_vllm_is_given_whole_prompts_as_embeddings(folder, whole, pictures, monkeypatch):
    monkeypatch.setattr(vllm, "_sampling", lambda how: SimpleNamespace(**how))
    eyes = open_eyes(folder, CPU)
    language = vllm.Language(VLLM(folder.with_name("language")), eyes.network, eyes.processor.tokenizer.slot)
    assert_same_answers(Spliced(eyes, language), whole, mixed(pictures))


def test_eyes_hold_no_layers_of_the_language_model(folder, whole):
    eyes = open_eyes(folder, CPU)
    assert all(p.is_meta for p in eyes.network.language_model.model.layers.parameters())
    assert not any(p.is_meta for p in (*eyes.network.vision_model.parameters(), *eyes.network.mlp1.parameters()))
    assert eyes.identity == whole.identity


def test_identities_tell_engines_apart(whole):
    assert Spliced(whole, TorchLanguage(whole)).identity == f"{whole.identity}:torch"


def test_an_engine_that_fails_one_prompt_answers_the_others(folder, whole):
    class Failing(TurboMind):
        async def async_stream_infer(self, session_id, gen_config, **asked):
            if len(asked["input_ids"]) > 200:
                yield SimpleNamespace(status=SimpleNamespace(name="INPUT_LENGTH_ERROR"), token_ids=[])
                return
            async for output in super().async_stream_infer(session_id, gen_config, **asked):
                yield output

    model = Spliced(whole, lmdeploy.Language(Failing(folder.with_name("language")), SimpleNamespace))
    short, long = answers(model, [ask("short"), ask("long" * 100)])
    assert (short.error, long.error) == (None, "TurboMind ended the answer with INPUT_LENGTH_ERROR")


def test_an_engine_that_has_died_says_so(folder, whole, monkeypatch):
    class Dead(VLLM):
        def step(self):
            raise RuntimeError("EngineCore is gone")

    monkeypatch.setattr(vllm, "_sampling", lambda how: SimpleNamespace(**how))
    model = Spliced(whole, vllm.Language(Dead(folder.with_name("language")), whole.network, 0))
    assert model.failure == ""
    assert (
        {one.error for one in answers(model, [ask("a"), ask("b")])}
        == {model.failure}
        == {"the engine has died: RuntimeError: EngineCore is gone"}
    )


def test_a_step_that_waits_for_a_killed_engine_is_told(monkeypatch):
    """vLLM itself waits for ever: its client closes the sockets of an engine that was killed, and tells nobody."""

    class Core:
        def __init__(self):
            self.outputs_queue, self.dead = queue.Queue(), False

        def ensure_alive(self):
            if self.dead:
                raise RuntimeError("EngineCore")

    monkeypatch.setattr(vllm, "PULSE", 0.01)
    core = Core()
    pulse = vllm.Pulse(SimpleNamespace(engine_core=core))
    with pytest.raises(queue.Empty):
        core.outputs_queue.get(timeout=0.05)
    assert pulse.failure == ""
    core.dead = True
    assert str(core.outputs_queue.get(timeout=5)) == pulse.failure == "vLLM's engine has died"


def test_a_talk_that_began_elsewhere_goes_on_where_it_stands(whole, pictures):
    model = Spliced(whole, TorchLanguage(whole))
    (all_turns,) = answers(whole, [ask("First?", "Second?", media=pictures[:2])])
    begun = Begun(turns=("First?", "Second?"), media=tuple(pictures[:2]), answers=all_turns.texts[:1])
    begun = Begun(turns=begun.turns, media=begun.media, answers=begun.answers, sampling=Sampling(max_tokens=8))
    assert answers(model, [begun])[0].texts == all_turns.texts[1:]


def test_a_system_text_of_the_talks_own_takes_the_place_of_the_models(whole):
    ids = whole.prompt_ids("Hi", None, system="Be brief.")
    talk = Begun(turns=("Hi",), system="Be brief.", sampling=Sampling(max_tokens=8))
    (response,) = answers(Spliced(whole, TorchLanguage(whole)), [talk])
    assert response.text == whole.processor.tokenizer.decode(whole.greedy(ids, None, 8))


def test_drawn_answers_do_not_depend_on_company(whole):
    model = Spliced(whole, TorchLanguage(whole))
    requests = [ask(f"q{i}", temperature=1.0) for i in range(4)]
    together = [response.texts for response in answers(model, requests)]
    assert [answers(model, [request])[0].texts for request in requests] == together
