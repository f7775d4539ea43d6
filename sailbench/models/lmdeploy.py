"""lmdeploy: the language model of a SAIL-VL2 in TurboMind, or any model that lmdeploy's pipeline knows by itself.

Checked against lmdeploy 0.18. TurboMind takes token ids, and features for the ranges of them that pictures fill; the
pipeline has no way for those, so its engine is asked directly, a handle for each request that is on its way.
"""

import asyncio
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, wait
from typing import TYPE_CHECKING, Any

from sailbench.errors import ModelError
from sailbench.models import catalogue, folders, remote, waves
from sailbench.models.device import placed
from sailbench.models.splice import How, Prompt, Spliced, Written, open_eyes
from sailbench.models.waves import Message, Said, Talk
from sailbench.types import Media, Request, Response

if TYPE_CHECKING:
    from sailbench.models.base import Model
    from sailbench.models.engines import Choice

HANDLES = 128
# What is left of the GPU's memory after weights; the tower works in the rest.
SHARE = 0.7
FINE = ("SUCCESS", "FINISH")


def load(choice: "Choice") -> "Model":
    """The model of a choice, in lmdeploy."""
    place, kind = placed(choice.device, choice.dtype)
    folder = catalogue.locate(choice.spec, choice.offline)
    name = choice.name or catalogue.display_name(choice.spec)
    dtype = str(kind).removeprefix("torch.")
    if dtype == "float32":
        raise ModelError("lmdeploy computes in float16 or bfloat16, on a GPU; use --engine torch for float32")
    how = options(dtype, choice.tensor_parallel)
    if not folders.is_sail(folder):
        return Chat(_pipeline(str(folder), how), name, f"lmdeploy:{folders.fingerprint(folder)}:{dtype}")
    eyes = open_eyes(folder, (place, kind))
    eyes.name = name
    language = folders.language_of(folder, eyes.identity)
    engine = _turbomind(str(language), how | {"session_len": eyes.config.max_positions})
    return Spliced(eyes, Language(engine, _generation))


def options(dtype: str, tensor_parallel: int = 1) -> dict[str, Any]:
    """The settings of TurbomindEngineConfig."""
    return {
        "dtype": dtype,
        "tp": tensor_parallel,
        "max_batch_size": HANDLES,
        "cache_max_entry_count": SHARE,
        "enable_metrics": False,
    }


def _turbomind(folder: str, how: dict[str, Any]) -> Any:
    from lmdeploy import TurbomindEngineConfig
    from lmdeploy.turbomind import TurboMind

    return TurboMind.from_pretrained(folder, engine_config=TurbomindEngineConfig(**how))


def _pipeline(folder: str, how: dict[str, Any]) -> Any:
    from lmdeploy import TurbomindEngineConfig, pipeline

    return pipeline(folder, backend_config=TurbomindEngineConfig(**how))


def _generation(**how: Any) -> Any:
    from lmdeploy import GenerationConfig

    return GenerationConfig(**how)


def _version() -> str:
    from importlib.metadata import PackageNotFoundError, version

    try:
        return f"lmdeploy {version('lmdeploy')}"
    except PackageNotFoundError:
        return "lmdeploy"


def generation(how: How) -> dict[str, Any]:
    """The settings of GenerationConfig. The engine itself knows no greedy flag: greedy is the likeliest one of one."""
    drawn = {"top_k": 0, "top_p": how.top_p, "temperature": how.temperature, "random_seed": how.seed}
    greedy = {"top_k": 1, "top_p": 1.0, "temperature": 1.0}
    own = drawn if how.temperature > 0 else greedy
    return own | {"max_new_tokens": how.max_tokens, "stop_token_ids": [how.end]}


class Language:
    """A Qwen3 in TurboMind, asked from an event loop in a thread of its own."""

    def __init__(self, engine: Any, make: Callable[..., Any]) -> None:
        self.engine = _version()
        self._turbomind, self._make = engine, make
        self._free: list[Any] = []
        self._writing: dict[Future[list[int]], int] = {}
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, name="turbomind", daemon=True).start()

    def start(self, number: int, prompt: Prompt, how: How) -> None:
        self._writing[asyncio.run_coroutine_threadsafe(self._write(number, prompt, how), self._loop)] = number

    def step(self) -> list[Written]:
        done, _ = wait(self._writing, timeout=0.02, return_when=FIRST_COMPLETED)
        return [_written(self._writing.pop(future), future) for future in done]

    async def _write(self, number: int, prompt: Prompt, how: How) -> list[int]:
        handle = self._free.pop() if self._free else self._turbomind.create_instance()
        tokens: list[int] = []
        async for output in handle.async_stream_infer(
            number + 1, **asked(prompt), gen_config=self._make(**generation(how))
        ):
            if output.status.name not in FINE:
                raise ModelError(f"TurboMind ended the answer with {output.status.name}")
            tokens += output.token_ids
        self._free.append(handle)
        return tokens


def asked(prompt: Prompt) -> dict[str, Any]:
    """What TurboMind's handle is given; a session has one turn, the whole talk so far."""
    pictures = {"input_embeddings": [own.cpu() for own in prompt.features], "input_embedding_ranges": prompt.ranges}
    session = {"sequence_start": True, "sequence_end": True, "stream_output": False}
    return {"input_ids": prompt.ids, **(pictures if prompt.features else {}), **session}


def _written(number: int, future: Future[list[int]]) -> Written:
    error = future.exception()
    if error is not None:
        said = str(error) if isinstance(error, ModelError) else f"{type(error).__name__}: {error}"
        return Written(number=number, error=" ".join(said.split())[:500])
    return Written(number=number, tokens=future.result())


class Chat:
    """A model that lmdeploy knows by itself, with its own chat template; images go in as the bytes they are."""

    hardware = ""

    def __init__(self, pipeline: Any, name: str, identity: str, make: Callable[..., Any] = _generation) -> None:
        self.engine, self.together = _version(), 2 * HANDLES
        self.name, self.identity = name, identity
        self._pipeline, self._make = pipeline, make

    def answer(self, requests: Iterable[Request | None]) -> Iterator[tuple[Request, Response]]:
        return waves.answer(self, requests)

    def shown(self, medium: Media, frames: int) -> list[Message]:
        return remote.shown(medium, frames)

    def speak(self, talks: Sequence[Talk]) -> list[Said]:
        how = [self._make(**chat_generation(talk)) for talk in talks]
        return [_said(one) for one in self._pipeline([talk.messages for talk in talks], gen_config=how)]


def chat_generation(talk: Talk) -> dict[str, Any]:
    """The settings of GenerationConfig for the pipeline, which knows the model's end tokens."""
    own = talk.sampling
    drawn = {"top_k": 0, "top_p": own.top_p, "temperature": own.temperature, "random_seed": talk.seed}
    return {
        "max_new_tokens": own.max_tokens,
        "do_sample": own.temperature > 0,
        **(drawn if own.temperature > 0 else {}),
    }


def _said(one: Any) -> Said:
    if one.finish_reason not in ("stop", "length"):
        return Said(error=f"lmdeploy ended the answer with {one.finish_reason!r}")
    return Said(
        text=one.text.strip(),
        tokens_in=one.input_token_len,
        tokens_out=one.generate_token_len,
        cut=one.finish_reason == "length",
    )
