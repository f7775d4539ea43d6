"""The records that flow through the house: what a benchmark gave, what is asked, what came back, how it was graded.

All are frozen; nothing is mutated after it is made. A record names no benchmark unless it must.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, runtime_checkable

Kind = Literal["image", "video"]
Detail = Literal["normal", "fine", "page", "dense", "frame"]
Finish = Literal["stop", "length", "error"]

# Stands in a turn for the next of the request's media, in order. Turns without it have their media in front.
# U+FFFC OBJECT REPLACEMENT CHARACTER: no benchmark's text holds it.
MEDIA_MARK = "\N{OBJECT REPLACEMENT CHARACTER}"


@runtime_checkable
class Blob(Protocol):
    """Encoded bytes that stay where they are (a cell of a file, a row of a table) until they are needed."""

    def read(self) -> bytes: ...


def content_digest(source: str | bytes | Blob) -> str:
    """SHA-256 of the content, in hex; empty when it cannot be read."""
    if isinstance(source, bytes):
        return hashlib.sha256(source).hexdigest()
    if not isinstance(source, str):
        return hashlib.sha256(source.read()).hexdigest()
    try:
        if not Path(source).is_file():  # a pipe or a device would be read for ever
            return ""
        with Path(source).open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return ""


@dataclass(frozen=True, slots=True)
class Media:
    """An image or a video: opened late, identified by its content, wherever it lies.

    `digest` is empty for a file that cannot be read; such a request is answered with an error.
    """

    kind: Kind
    source: str | bytes | Blob
    digest: str

    @classmethod
    def image(cls, source: str | Path | bytes | Blob) -> "Media":
        return cls._of("image", source)

    @classmethod
    def video(cls, source: str | Path | bytes | Blob) -> "Media":
        return cls._of("video", source)

    @classmethod
    def _of(cls, kind: Kind, source: str | Path | bytes | Blob) -> "Media":
        held = str(source) if isinstance(source, Path) else source
        return cls(kind, held, content_digest(held))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """One row of a benchmark, as its authors gave it.

    `choices` maps labels to texts in order; `group` maps a grouping ("subject") to this sample's place in it;
    `unit` names rows that are scored together (rotations of one question, yes/no pairs).
    """

    id: str
    question: str
    target: Any
    media: tuple[Media, ...] = ()
    choices: Mapping[str, str] = field(default_factory=dict)
    group: Mapping[str, str] = field(default_factory=dict)
    unit: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sampling:
    """What may change an answer besides the prompt. Temperature 0 is greedy.

    `detail` is how finely images are looked at; `enlarge` scales the first image before that (MMMU's small
    drawings); `frames` is how many a video is sampled to; `thinking` asks for reasoning and a boxed answer.
    """

    max_tokens: int = 1024
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    draw: int = 0
    detail: Detail = "normal"
    enlarge: int = 1
    frames: int = 16
    thinking: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked of a model: the user's turns in order (each answered before the next), and media."""

    turns: tuple[str, ...]
    media: tuple[Media, ...] = ()
    sampling: Sampling = field(default_factory=Sampling)

    def key(self, identity: str) -> str:
        """The request's identity by content: equal for equal turns, media bytes, sampling and model `identity`."""
        media = [(m.kind, m.digest or f"unreadable:{m.source!r}") for m in self.media]
        content = {"turns": self.turns, "media": media, "sampling": asdict(self.sampling), "model": identity}
        text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        # Half a surrogate pair, which a row's JSON may hold, has no UTF-8; its escape stands for it.
        return hashlib.sha256(text.encode("utf-8", "backslashreplace")).hexdigest()[:32]

    def digests(self) -> dict[str, str]:
        """Short digests of what is the same for every model, to tell by what two requests differ."""
        parts = {"prompt": self.turns, "pixels": [(m.kind, m.digest) for m in self.media]}
        return {name: hashlib.sha256(json.dumps(own).encode()).hexdigest()[:12] for name, own in parts.items()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """What came back, a text a turn. `finish` is "length" when cut off; an error is data, not an exception."""

    texts: tuple[str, ...] = ()
    tokens_in: int = 0
    tokens_out: int = 0
    seconds: float = 0.0
    finish: Finish = "stop"
    error: str | None = None

    @property
    def text(self) -> str:
        """The last turn's answer."""
        return self.texts[-1] if self.texts else ""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a rule grades: the model's text without its reasoning, and what a judge said of it, if one was asked.

    `turns` holds the answers of every turn, the last of which is `text`. Where a judge is asked several
    things of one sample, `verdicts` holds its reply to each by name.
    """

    text: str
    verdict: str | None = None
    turns: tuple[str, ...] = ()
    verdicts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Score:
    """A grade in [0, 1], or None when the sample could not be graded.

    `answer` is what was read out of the reply, None when nothing could be read; `why` explains the grade.
    """

    value: float | None
    answer: str | None
    why: str
    parts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def unparsed(self) -> bool:
        return self.value is not None and self.answer is None


@dataclass(frozen=True, slots=True)
class Graded:
    """A sample with its score; `cluster` names the samples that share media with it."""

    sample: Sample
    score: Score
    finish: Finish = "stop"
    cluster: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """One leaderboard row, on the benchmark's published scale.

    `value` is over the graded samples, `bounds` hold it for any outcome of the ungraded ones,
    `interval` is the 95 % interval from `stderr`, which is clustered by shared media.
    """

    value: float | None
    n: int
    ungraded: int
    unparsed: int
    truncated: int
    stderr: float | None
    interval: tuple[float, float] | None
    bounds: tuple[float, float] | None
    groups: Mapping[str, Mapping[str, Mapping[str, float | int | None]]]
    metrics: Mapping[str, float | int | None]
