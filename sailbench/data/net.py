"""How files are fetched: from mirrors first, then from where they were published; told on the way.

A mirror is `https://host/path`, which then stands for scheme and host of every address, or `FROM=TO`, which stands
for addresses that begin with FROM alone. Mirrors of the command line are tried first, then those of SAILBENCH_MIRRORS
(parted by commas or spaces), then the published addresses in the order of the task's file.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from sailbench.data.download import Digests, Head, download, head
from sailbench.errors import DataError, UsageError

Progress = Callable[[str, int, int | None], None]
_PLAIN = re.compile(r"https?://[^\s,=]+")
_RULE = re.compile(r"(https?://[^\s,=]+)=(https?://[^\s,=]+)")
_HOST = re.compile(r"https?://[^/]+")


@dataclass(frozen=True, slots=True)
class Mirrors:
    """Where else to look, in order."""

    places: tuple[str, ...] = ()

    @classmethod
    def of(cls, environ: Mapping[str, str], options: Sequence[str] = ()) -> "Mirrors":
        """UsageError for what is neither an address nor a pair of them."""
        named = (*options, *re.split(r"[\s,]+", environ.get("SAILBENCH_MIRRORS", "")))
        places = tuple(one for one in named if one)
        for one in places:
            if not (_PLAIN.fullmatch(one) or _RULE.fullmatch(one)):
                raise UsageError(f"{one!r} is no mirror: give https://host or https://published/=https://mirror/")
        return cls(places)

    def order(self, urls: Sequence[str]) -> list[str]:
        """Every address to ask for a file that is published at these, in order."""
        return list(dict.fromkeys([*(one for url in urls for one in self.addresses(url)), *urls]))

    def addresses(self, url: str) -> list[str]:
        """Where else to ask for a file."""
        found = []
        for place in self.places:
            rule = _RULE.fullmatch(place)
            if rule is None:
                found.append(place.rstrip("/") + _HOST.sub("", url, count=1))
            elif url.startswith(rule[1]):
                found.append(rule[2] + url.removeprefix(rule[1]))
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class Net:
    """The way to the network: mirrors, who watches, and whether what changed is taken (`--accept`).

    `task` names the task in the command that a message ends with.
    """

    mirrors: Mirrors = field(default_factory=Mirrors)
    progress: Progress | None = None
    accept: bool = False
    task: str = "TASK"

    @property
    def accepting(self) -> str:
        return f"`sailbench data pull {self.task} --accept`"

    def fetch(self, urls: Sequence[str], part: Path, name: str, token: str = "") -> Digests:
        """A file from the first address that gives it; DataError tells what each of them answered.

        The token is for published addresses, not for mirrors.
        """
        told = []
        for url in self.mirrors.order(urls):
            try:
                return download(url, part, self.progress and partial(self.progress, name), token if url in urls else "")
            except DataError as error:
                told.append(str(error))
        raise DataError("; ".join(told))

    def head(self, urls: Sequence[str]) -> Head:
        """What the first address tells of a file that tells anything."""
        return next((told for url in self.mirrors.order(urls) if any(told := head(url))), Head())
