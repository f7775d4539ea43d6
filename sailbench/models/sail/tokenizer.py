"""The checkpoint's tokenizer: byte-level BPE from vocab.json and merges.txt, with the added tokens of its files.

Decoding skips only the tokens of special_tokens_map.json: the grounding tags are flagged special too, and skipping by
the flag would lose them from answers.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sailbench.errors import ModelError
from sailbench.models.sail.config import read_json

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Engine

# How Qwen2 splits text before merging: contractions, words, single digits, punctuation, line breaks, spaces.
SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
START, END = "<|im_start|>", "<|im_end|>"
IMAGE_START, IMAGE_END, IMAGE_SLOT = "<img>", "</img>", "<IMG_CONTEXT>"


@dataclass(frozen=True, slots=True)
class Added:
    """A token beside the vocabulary; a special one is written by templates, never by users."""

    id: int
    text: str
    special: bool
    normalized: bool = False


class Tokenizer:
    def __init__(self, engine: "Engine", added: Sequence[Added], skipped: Iterable[str]) -> None:
        self._engine = engine
        self._ids = {token.text: token.id for token in added}
        self._skipped = {self._ids[text] for text in skipped if text in self._ids}
        special = sorted((re.escape(t.text) for t in added if t.special), key=len, reverse=True)
        self._special = re.compile("|".join(special) or r"(?!)")
        self.end = self.id(END)
        self.slot = self.id(IMAGE_SLOT)

    @classmethod
    def load(cls, folder: Path) -> "Tokenizer":
        """From a checkpoint's folder; tokenizer.json is needed only where vocab.json and merges.txt are absent."""
        settings = folder / "tokenizer_config.json"
        config = read_json(settings) if settings.exists() else {}
        names = folder / "special_tokens_map.json"
        skipped = list(_texts(read_json(names) if names.exists() else config))
        added = _added(folder, config, skipped)
        engine = _engine(folder)
        _add(engine, added, folder)
        return cls(engine, added, skipped)

    def __len__(self) -> int:
        return int(self._engine.get_vocab_size(with_added_tokens=True))

    def id(self, text: str) -> int:
        """The id of an added token."""
        if text not in self._ids:
            raise ModelError(f"the tokenizer has no {text} token: not a SAIL-VL2 tokenizer")
        return self._ids[text]

    def encode(self, text: str) -> list[int]:
        """As the official code does: special tokens written in the text are special tokens."""
        self._engine.encode_special_tokens = False
        return list(self._engine.encode(text, add_special_tokens=False).ids)

    def encode_plain(self, text: str) -> list[int]:
        """Text of strangers: special tokens written in it are ordinary characters, so it cannot pose as a turn."""
        self._engine.encode_special_tokens = True
        return list(self._engine.encode(text, add_special_tokens=False).ids)

    def specials_in(self, text: str) -> int:
        """How many special tokens are written out in a text."""
        return len(self._special.findall(text))

    def decode(self, ids: Iterable[int]) -> str:
        """The answer's text: up to the end of the turn, stripped, as chat() does."""
        kept = [i for i in ids if i not in self._skipped]
        return str(self._engine.decode(kept, skip_special_tokens=False)).split(END)[0].strip()

    def text(self, ids: Iterable[int], skip: bool = False) -> str:
        """The ids' text as it is, with or without the tokens of special_tokens_map.json."""
        kept = [i for i in ids if not (skip and i in self._skipped)]
        return str(self._engine.decode(kept, skip_special_tokens=False))


def _engine(folder: Path) -> "Engine":
    """The model without its added tokens."""
    from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers

    vocab, merges = _vocabulary(folder)
    for left, right in merges:
        if left not in vocab or right not in vocab or left + right not in vocab:
            raise ModelError(f"the tokenizer in {folder} merges {left!r} and {right!r}, which its vocabulary lacks")
    engine = Tokenizer(models.BPE(vocab, merges))
    engine.normalizer = normalizers.NFC()
    split = pre_tokenizers.Split(Regex(SPLIT), behavior="isolated")
    engine.pre_tokenizer = pre_tokenizers.Sequence(
        [split, pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    engine.decoder = decoders.ByteLevel()
    return engine


def _vocabulary(folder: Path) -> tuple[dict[str, int], list[tuple[str, str]]]:
    """Ids and merges from vocab.json and merges.txt, or from a tokenizer.json that stands alone."""
    vocab, merges, whole = (folder / name for name in ("vocab.json", "merges.txt", "tokenizer.json"))
    if vocab.exists() and merges.exists():
        lines = merges.read_text(encoding="utf-8").split("\n")
        # A first line "#version" is a comment; a later one that starts with "#" is a merge.
        return read_json(vocab), _pairs(lines[1:] if lines[0].startswith("#version") else lines)
    if whole.exists():
        model = read_json(whole).get("model", {})
        return model.get("vocab", {}), _pairs(model.get("merges", []))
    missing = " and no ".join(path.name for path in (vocab, merges) if not path.exists())
    raise ModelError(f"{folder} has no {missing}; pass tokenizer=FOLDER, a folder that has them")


def _pairs(merges: Iterable[str | Sequence[str]]) -> list[tuple[str, str]]:
    pairs = (merge.rstrip("\r").split(" ") if isinstance(merge, str) else merge for merge in merges)
    return [(pair[0], pair[1]) for pair in pairs if len(pair) == 2]


def _added(folder: Path, config: Mapping[str, Any], skipped: Sequence[str]) -> list[Added]:
    """The added tokens by id, from tokenizer_config.json or else from added_tokens.json."""
    decoder: Mapping[str, Mapping[str, Any]] = config.get("added_tokens_decoder") or {}
    if decoder:
        tokens = [
            Added(int(i), t["content"], bool(t.get("special")), bool(t.get("normalized"))) for i, t in decoder.items()
        ]
    else:
        listed = folder / "added_tokens.json"
        ids = read_json(listed) if listed.exists() else {}
        framing = {*skipped, IMAGE_START, IMAGE_END, IMAGE_SLOT}
        tokens = [Added(int(i), text, text in framing) for text, i in ids.items()]
    return sorted(tokens, key=lambda token: token.id)


def _add(engine: "Engine", added: Sequence[Added], folder: Path) -> None:
    from tokenizers import AddedToken

    engine.add_tokens([AddedToken(t.text, special=t.special, normalized=t.normalized) for t in added])
    for token in added:
        if engine.token_to_id(token.text) != token.id:
            found = engine.token_to_id(token.text)
            raise ModelError(f"{folder}: token {token.text} should be {token.id} but becomes {found}: files disagree")


def _texts(names: Mapping[str, Any]) -> Iterable[str]:
    """The special tokens that a special_tokens_map.json names."""
    for key, value in names.items():
        if key.endswith("_token") or key == "additional_special_tokens":
            for token in value if isinstance(value, list) else [value]:
                text = token.get("content") if isinstance(token, dict) else token
                if isinstance(text, str):
                    yield text
