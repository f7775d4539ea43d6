"""SAIL-VL2 as the house sees it: loaded from a checkpoint, asked by requests, or driven step by step."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from sailbench.errors import ModelError
from sailbench.models import catalogue
from sailbench.models.interruption import Interruption
from sailbench.models.sail import batch, chat, pixels, weights
from sailbench.models.sail.budget import Budget, Clock
from sailbench.models.sail.config import SailConfig
from sailbench.models.sail.decode import Prompt, write
from sailbench.models.sail.device import made_ready
from sailbench.models.sail.language import restore_rotary
from sailbench.models.sail.network import Network
from sailbench.models.sail.processor import Processor
from sailbench.models.sail.tiling import View
from sailbench.types import Request, Response

if TYPE_CHECKING:
    from PIL.Image import Image

# All tiles of a prompt's images in order, or a tensor an image where their sizes differ; None for text alone.
Pixels = Tensor | Sequence[Tensor] | None
DTYPES = {"float32": torch.float32, "bfloat16": torch.bfloat16}
# Beside the weights, the files of a checkpoint that shape an answer.
SHAPING = ("config.json", "preprocessor_config.json")
WORDING = ("vocab.json", "merges.txt", "added_tokens.json", "tokenizer_config.json", "special_tokens_map.json")


@dataclass(frozen=True, slots=True)
class Description:
    """What a model says of itself, without its weights."""

    name: str
    identity: str
    engine: str
    hardware: str
    parameters: int
    processor: Processor

    def count_tokens(self, requests: Iterable[Request]) -> int:
        """The prompts' tokens, told from the headers of their media alone; what cannot be opened counts nothing."""
        return sum(batch.prompt_tokens(self.processor, request) for request in requests)


class SailVL2:
    """A loaded checkpoint. `neutralised` counts the special tokens found written out in requests' texts."""

    def __init__(self, network: Network, processor: Processor, name: str, files: Sequence[Path] = ()) -> None:
        self.network, self.processor, self.name = network, processor, name
        self.budget, self.clock = Budget(), Clock()
        self.neutralised = 0
        self._files = tuple(files)

    @classmethod
    def load(
        cls,
        path_or_name: str | Path,
        device: str | torch.device = "cpu",
        dtype: str | torch.dtype = "float32",
        multi_scale: bool = True,
        tokenizer: str | Path | None = None,
    ) -> "SailVL2":
        """From a folder, a hub id or a name of the catalogue; no code of the checkpoint is run, no pickle opened.

        Args:
            device: "cpu", "cuda", "cuda:1", or "auto" for a GPU where there is one.
            dtype: "float32", "bfloat16", or "auto" for bfloat16 on a GPU.
            multi_scale: answer about a single image with two grids of tiles, as the reported numbers were made.
            tokenizer: a folder with the tokenizer's files, where the checkpoint's has none.

        Raises:
            ModelError: the checkpoint is not to be found, incomplete, damaged, or not a SAIL-VL2.
        """
        folder = catalogue.locate(path_or_name)
        words = Path(tokenizer) if tokenizer else folder
        processor = Processor.load(folder, words, multi_scale)
        rows = processor.config.language["vocab_size"]
        if len(processor.tokenizer) > rows:
            raise ModelError(f"the tokenizer in {words} has {len(processor.tokenizer)} tokens, the model {rows}")
        place, kind = _place(str(device), str(dtype).removeprefix("torch."))
        made_ready(place, kind)
        network = Network.empty(processor.config)
        files = weights.fill(network, folder, place, kind)
        restore_rotary(network.language_model, place)
        files += [folder / name for name in SHAPING] + [words / name for name in WORDING]
        return cls(network, processor, catalogue.display_name(path_or_name), [path for path in files if path.exists()])

    @property
    def config(self) -> SailConfig:
        return self.processor.config

    @property
    def engine(self) -> str:
        """What runs it."""
        return f"torch {torch.__version__}"

    @property
    def hardware(self) -> str:
        """The GPU's name; empty on a CPU."""
        device = self.network.place(torch.empty(0)).device
        return torch.cuda.get_device_name(device) if device.type == "cuda" else ""

    @property
    def parameters(self) -> int:
        return sum(p.numel() for p in self.network.parameters())

    @cached_property
    def identity(self) -> str:
        """Fingerprint of weights, settings and tokenizer; number type; tiling; version of the prompt layout."""
        kind = str(self.network.dtype).removeprefix("torch.")
        scales = int(self.processor.multi_scale)
        return f"sailvl2:{weights.fingerprint(self._files)}:{kind}:multi_scale={scales}:protocol={chat.PROTOCOL}"

    def answer(
        self, requests: Iterable[Request | None], interruption: Interruption | None = None
    ) -> Iterator[tuple[Request, Response]]:
        return batch.answer(self, requests, interruption)

    def count_tokens(self, requests: Iterable[Request]) -> int:
        """The prompts' tokens, told from the headers of their media alone; what cannot be opened counts nothing."""
        return self.description().count_tokens(requests)

    def description(self) -> Description:
        facts = (self.name, self.identity, self.engine, self.hardware, self.parameters)
        return Description(*facts, self.processor)

    def tiles(self, image: "Image", max_tiles: int, multi_scale: bool = False) -> Tensor:
        """[tiles, 3, S, S], float32, normalised; the image is cut in the mode it has.

        Where the configuration allows any resolution: one tile [1, 3, H, W] of the image's own size.
        """
        return pixels.tiles(image, View(max_tiles, multi_scale), self.processor)

    def prompt_ids(
        self,
        question: str,
        tiles_per_image: Sequence[int] | None,
        history: Sequence[tuple[str, str]] | None = None,
        system: str | None = None,
    ) -> list[int]:
        """What the official chat() feeds the language model; special tokens in the text are special tokens."""
        return self.processor.prompt_ids(question, tiles_per_image, history, system)

    @torch.inference_mode()
    def vision_features(self, pixels: Tensor) -> Tensor:
        """[tiles, 3, S, S] to the tower's [tiles, patches, D]."""
        return torch.cat([self.network.vision_features(self.network.place(p)) for p in self._few(pixels)])

    @torch.inference_mode()
    def image_embeddings(self, pixels: Tensor) -> Tensor:
        """[tiles, 3, S, S] to the language model's [tiles, slots, H]."""
        return torch.cat([self.network.image_embeddings(self.network.place(p)) for p in self._few(pixels)])

    def input_embeddings(self, ids: Sequence[int], pixels: Pixels) -> Tensor:
        """[T, H]: the prompt with the images' features in their slots. Raises ModelError where they do not fit."""
        images = [pixels] if isinstance(pixels, Tensor) else pixels or []
        features = [self.image_embeddings(image).flatten(0, 1) for image in images]
        return self.network.embed(ids, features, self.processor.tokenizer.slot)

    @torch.inference_mode()
    def next_token_logits(self, ids: Sequence[int], pixels: Pixels) -> Tensor:
        """[V], float32: the logits after the prompt."""
        hidden = self.network.language_model.model(inputs_embeds=self.input_embeddings(ids, pixels)[None])
        logits: Tensor = self.network.language_model.lm_head(hidden.last_hidden_state[0, -1])
        return logits.float()

    def greedy(self, ids: Sequence[int], pixels: Pixels, max_new_tokens: int) -> list[int]:
        """The likeliest continuation; the end token is kept when it is reached."""
        prompt = Prompt(self.input_embeddings(ids, pixels), max_new_tokens)
        return next(write(self.network.language_model, [prompt], self.processor.tokenizer.end))[1]

    def _few(self, pixels: Tensor) -> Sequence[Tensor]:
        return torch.split(pixels, self.budget.tiles)


def _place(device: str, dtype: str) -> tuple[torch.device, torch.dtype]:
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    if dtype == "auto":
        dtype = "bfloat16" if device.startswith("cuda") else "float32"
    if dtype not in DTYPES:
        raise ModelError(f"dtype {dtype!r} is not known; use {' or '.join(DTYPES)}")
    if device.startswith("cuda") and not torch.cuda.is_available():
        raise ModelError(f"device {device!r} was asked for, but this machine has no CUDA device; use cpu")
    try:
        return torch.device(device), DTYPES[dtype]
    except RuntimeError:
        raise ModelError(f"device {device!r} is not known; use cpu, cuda or cuda:N") from None
