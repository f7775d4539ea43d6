"""Requests and images to prompt ids, without torch: what the model is fed, and how long it will be before it is run."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from sailbench.models.sail import chat, tiling
from sailbench.models.sail.chat import Part, Picture, Token
from sailbench.models.sail.config import SailConfig
from sailbench.models.sail.tiling import Size, View
from sailbench.models.sail.tokenizer import IMAGE_END, IMAGE_START, Tokenizer
from sailbench.types import Request


@dataclass(frozen=True, slots=True)
class Processor:
    """A checkpoint's way from requests to prompts. `multi_scale`: cut a single image in two grids."""

    config: SailConfig
    tokenizer: Tokenizer
    multi_scale: bool = True

    @classmethod
    def load(cls, folder: Path, tokenizer: Path | None = None, multi_scale: bool = True) -> "Processor":
        config = SailConfig.load(folder)
        return cls(config, Tokenizer.load(tokenizer or folder), multi_scale and config.multi_scale)

    def views(self, request: Request, counts: Sequence[int]) -> list[View]:
        return chat.views(request, counts, self.multi_scale)

    def slots(self, size: tuple[int, int], view: View) -> int:
        """How many positions an image of `size` fills in the prompt."""
        if self.config.vision.any_resolution:
            seen = self.native_size(size, view)
            return (seen.width // self.config.unit) * (seen.height // self.config.unit)
        return tiling.count(size, view, self.config.image_size) * self.config.slots_per_tile

    def native_size(self, size: tuple[int, int], view: View) -> Size:
        """Where any resolution is allowed: the image's own size, within as many pixels as the view has tiles."""
        side, most = self.config.image_size, self.config.vision.max_size
        return tiling.native_size(size, view, self.config.unit, min(view.max_tiles * side * side, most * most), most)

    def prompt_tokens(self, request: Request, sizes: Sequence[tuple[int, int]]) -> int:
        """The length of the prompt of the last turn, the model's answers to the others left out.

        `sizes` holds one size a medium: an image's, or that of a video's frames.
        """
        counts = chat.image_counts(request)
        each = [size for size, count in zip(sizes, counts, strict=True) for _ in range(count)]
        slots = [self.slots(size, view) for size, view in zip(each, self.views(request, counts), strict=True)]
        turns = chat.lay_out(request, counts)
        return len(self.ids(chat.conversation(turns, [""] * (len(turns) - 1)), slots))

    def ids(self, parts: Iterable[Part], slots: Sequence[int]) -> list[int]:
        """Parts of a conversation to ids; only its tokens and pictures become special ids, whatever the text says."""
        ids: list[int] = []
        text = ""
        for part in parts:
            if isinstance(part, str):
                text += part
                continue
            ids += self.tokenizer.encode_plain(text)
            text = ""
            ids += [self.tokenizer.id(part.text)] if isinstance(part, Token) else self._picture(slots[part.index])
        return ids + self.tokenizer.encode_plain(text)

    def _picture(self, slots: int) -> list[int]:
        return [self.tokenizer.id(IMAGE_START), *[self.tokenizer.slot] * slots, self.tokenizer.id(IMAGE_END)]

    def prompt_ids(
        self,
        question: str,
        tiles_per_image: Sequence[int] | None,
        history: Sequence[tuple[str, str]] | None = None,
        system: str | None = None,
    ) -> list[int]:
        """The official chat()'s prompt, its quirks included: special tokens in the text are special tokens.

        Placeholders take the images from left to right, wherever they stand; one is put in front only if there is
        none and no history was given. Spare placeholders stay text; images without one get no slots. Where any
        resolution is allowed `tiles_per_image` counts slots, since tiles have no size in common.
        """
        each = 1 if self.config.vision.any_resolution else self.config.slots_per_tile
        tiles_per_image = tiles_per_image or ()
        if tiles_per_image and history is None and chat.IMAGE not in question:
            question = f"{chat.IMAGE}\n{question}"
        turns = [(user,) for user, _ in history or ()] + [(question,)]
        parts = chat.conversation(turns, [answer for _, answer in history or ()], system)
        text = "".join(part if isinstance(part, str) else _text(part) for part in parts)
        first, *rest = text.split(chat.IMAGE, len(tiles_per_image))
        ids = self.tokenizer.encode(first)
        for tiles, after in zip(tiles_per_image, rest, strict=False):
            ids += self._picture(tiles * each) + self.tokenizer.encode(after)
        return ids


def _text(part: Token | Picture) -> str:
    return part.text if isinstance(part, Token) else chat.IMAGE
