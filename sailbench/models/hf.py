"""Any vision-language checkpoint that transformers knows, with its own processor and chat template, batched.

The model sees images at the size its own processor chooses: how finely a task would have them looked at is for
SAIL-VL2 alone. Code that comes with a checkpoint is never run, pickled weights are never opened.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from sailbench import media
from sailbench.errors import ModelError
from sailbench.models import catalogue, folders, waves
from sailbench.models.device import placed
from sailbench.models.sail.decode import BROKEN
from sailbench.models.waves import Message, Said, Talk
from sailbench.types import Media, Request, Response

if TYPE_CHECKING:
    from sailbench.models.engines import Choice

NEVER = 1 << 62
PROTOCOL = 1  # raised when what is fed to a model changes
# What transformers raises for a folder that it cannot load.
UNFIT = (OSError, ValueError, KeyError, ImportError, RuntimeError, AttributeError, TypeError)


class HF:
    """A model and its processor; `together` requests are answered at once, padded on the left."""

    def __init__(self, model: Any, processor: Any, name: str, files: Sequence[Path] = ()) -> None:
        self.model, self.processor, self.name = model, processor, name
        self.together = 16
        self._files = tuple(files)
        tokenizer = getattr(processor, "tokenizer", processor)
        tokenizer.padding_side = "left"
        if tokenizer.pad_token_id is None:
            tokenizer.pad_token = tokenizer.eos_token
        self._tokenizer = tokenizer

    @classmethod
    def load(cls, choice: "Choice") -> "HF":
        """From a folder or a hub id.

        Raises:
            ModelError: the checkpoint is not to be found, or transformers cannot load it without foreign code.
        """
        from transformers import AutoModelForImageTextToText, AutoProcessor

        source = choice.spec
        folder = catalogue.locate(source, choice.offline)
        place, kind = placed(choice.device, choice.dtype)
        if folders.is_sail(folder):
            raise ModelError(f"{source} is a SAIL-VL2, which transformers does not know; use --engine torch")
        safe = {"trust_remote_code": False, "local_files_only": True}
        try:
            processor = AutoProcessor.from_pretrained(folder, **safe)
            model = AutoModelForImageTextToText.from_pretrained(folder, dtype=kind, use_safetensors=True, **safe)
        except UNFIT as error:
            raise ModelError(f"{source}: transformers cannot load it: {_reason(error)}") from None
        if getattr(processor, "chat_template", None) is None:
            raise ModelError(f"{source} has no chat template; only models that are talked to can be evaluated")
        name = choice.name or catalogue.display_name(source)
        own = cls(model.to(place).eval(), processor, name, folders.files(folder))
        own.together = choice.concurrency
        return own

    @cached_property
    def identity(self) -> str:
        from sailbench.models.sail.weights import fingerprint

        kind = str(self.model.dtype).removeprefix("torch.")
        return f"hf:{fingerprint(self._files)}:{kind}:protocol={PROTOCOL}"

    @property
    def engine(self) -> str:
        import transformers

        return f"transformers {transformers.__version__}, torch {torch.__version__}"

    @property
    def hardware(self) -> str:
        device = self.model.device
        return torch.cuda.get_device_name(device) if device.type == "cuda" else ""

    def answer(self, requests: Iterable[Request | None]) -> Iterator[tuple[Request, Response]]:
        return waves.answer(self, requests)

    def shown(self, medium: Media, frames: int) -> list[Message]:
        seen = [media.open_image(medium)] if medium.kind == "image" else media.frames(medium, frames)
        return [{"type": "image", "image": image} for image in seen]

    def speak(self, talks: Sequence[Talk]) -> list[Said]:
        """Greedy talks with pictures and those without in a batch each; a drawn answer alone, under its own seed."""
        groups: dict[object, list[Talk]] = {}
        for talk in talks:
            groups.setdefault(id(talk) if talk.sampling.temperature > 0 else _pictured(talk), []).append(talk)
        said = {id(talk): own for group in groups.values() for talk, own in self._batch(group)}
        return [said[id(talk)] for talk in talks]

    @torch.inference_mode()
    def _batch(self, talks: list[Talk]) -> list[tuple[Talk, Said]]:
        from transformers import LogitsProcessorList

        fed = self._fed(talks)
        with torch.random.fork_rng(enabled=talks[0].sampling.temperature > 0):
            if talks[0].sampling.temperature > 0:
                torch.manual_seed(talks[0].seed)
            watch = Watch(len(talks), self.model.device)
            written = self.model.generate(**fed, **self._how(talks), logits_processor=LogitsProcessorList([watch]))
        start = fed["input_ids"].shape[1]
        lengths = fed["attention_mask"].sum(1).tolist()
        return [
            (talk, watch.checked(number, self._said(row[start:].cpu(), talk, length)))
            for number, (talk, row, length) in enumerate(zip(talks, written, lengths, strict=True))
        ]

    def _fed(self, talks: Sequence[Talk]) -> Any:
        """Prompts as the processor makes them; a start token that the template writes is not put in front again."""
        prompts = [
            self.processor.apply_chat_template(t.messages, tokenize=False, add_generation_prompt=True) for t in talks
        ]
        pictures = [[p["image"] for m in t.messages for p in m["content"] if p["type"] == "image"] for t in talks]
        begin = self._tokenizer.bos_token
        fed = self.processor(
            text=prompts,
            **({"images": pictures} if any(pictures) else {}),
            padding=True,
            add_special_tokens=not (begin and prompts[0].startswith(begin)),
            return_tensors="pt",
        )
        return fed.to(self.model.device, dtype=self.model.dtype)

    def _how(self, talks: Sequence[Talk]) -> dict[str, Any]:
        """Every knob that a checkpoint's own generation_config.json could turn is set."""
        sampling = talks[0].sampling
        drawn = {"do_sample": True, "temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": 0}
        return {
            **(drawn if sampling.temperature > 0 else {"do_sample": False}),
            "num_beams": 1,
            "repetition_penalty": 1.0,
            "no_repeat_ngram_size": 0,
            "max_new_tokens": max(talk.sampling.max_tokens for talk in talks),
            "pad_token_id": self._tokenizer.pad_token_id,
        }

    def _said(self, written: Tensor, talk: Talk, length: int) -> Said:
        """Up to the first end, or as far as the request allows."""
        tokens = written[: talk.sampling.max_tokens].tolist()
        ends = [i for i, token in enumerate(tokens) if token in self._ends]
        tokens = tokens[: ends[0] + 1] if ends else tokens
        text = self._tokenizer.decode(tokens, skip_special_tokens=True).strip()
        return Said(text=text, tokens_in=length, tokens_out=len(tokens), cut=not ends)

    @cached_property
    def _ends(self) -> set[int]:
        own = self.model.generation_config.eos_token_id
        own = own if isinstance(own, list) else [own]
        return {token for token in (*own, self._tokenizer.eos_token_id) if token is not None}


class Watch:
    """Sees each step's logits, of which `generate` would take the likeliest even if none is a number."""

    def __init__(self, rows: int, device: torch.device) -> None:
        self._steps = 0
        # The step at which each row's logits were no numbers for the first time.
        self._broken = torch.full((rows,), NEVER, device=device)

    def __call__(self, input_ids: Tensor, scores: Tensor) -> Tensor:
        fine = scores.gather(-1, scores.argmax(-1, keepdim=True))[:, 0].isfinite()  # a NaN counts as the largest
        self._broken = torch.where(fine, self._broken, self._broken.clamp_max(self._steps))
        self._steps += 1
        return scores

    def checked(self, row: int, said: Said) -> Said:
        """The answer, or an error if a token of it was chosen among what is no number."""
        return said if int(self._broken[row]) >= said.tokens_out else Said(error=BROKEN)


def _pictured(talk: Talk) -> bool:
    return any(part["type"] == "image" for message in talk.messages for part in message["content"])


def _reason(error: Exception) -> str:
    """The first sentence of what transformers says, which can fill a screen."""
    said = " ".join(str(error).split())
    hint = "; pip install 'sailbench[hf]'" if "torchvision" in said.lower() else ""
    return (said.partition(". ")[0] or type(error).__name__)[:300] + hint
