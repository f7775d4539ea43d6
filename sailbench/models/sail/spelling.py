"""The text of an answer while its tokens come in: each piece is certain, and together they begin the answer."""

from collections.abc import Sequence
from dataclasses import dataclass

from sailbench.models.pieces import certain
from sailbench.models.sail import chat
from sailbench.models.sail.tokenizer import END, Tokenizer

# What a decoder writes for bytes that are no character, and for a character whose last bytes are still to come.
BROKEN = "\N{REPLACEMENT CHARACTER}"
NUMBERED = "Image-0"


@dataclass(slots=True, eq=False)
class Spelling:
    """One turn's answer. `several`: of a talk, whose answers write image numbers as `chat.unhyphenated` does."""

    tokenizer: Tokenizer
    several: bool = False
    _seen: int = 0  # tokens that have been looked at
    _start: int = 0  # the first token of which not every character was whole
    _read: int = 0  # characters from there on that were
    _held: str = ""  # what was read and may still turn out otherwise
    _told: bool = False
    _over: bool = False

    def more(self, tokens: Sequence[int]) -> str:
        """The text that has become certain; `tokens` are all of the answer so far.

        A row that is written anew after a failure is passed over up to where it was.
        """
        if self._over or len(tokens) <= self._seen:
            return ""
        self._look(tokens)
        before, end, _ = self._held.partition(END)  # written out by the model: decode() ends there
        self._over = bool(end)
        sure = before if end else before[: certain(before, (END, NUMBERED) if self.several else (END,))]
        sure = sure.rstrip()  # blanks at the end are not the answer's; those in front of everything neither
        self._held = self._held[len(sure) :]
        sure = sure if self._told else sure.lstrip()
        self._told = self._told or bool(sure)
        return chat.unhyphenated(sure) if self.several else sure

    def _look(self, tokens: Sequence[int]) -> None:
        """Tokens are bytes: all but a character that is not complete is read, and its tokens are looked at again."""
        text = self.tokenizer.text(tokens[self._start :], skip=True)
        whole = text.removesuffix(BROKEN)
        self._held += whole[self._read :]
        self._seen = len(tokens)
        self._start, self._read = (self._seen, 0) if whole == text else (self._start, len(whole))
