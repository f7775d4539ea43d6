"""What a client wants: the body of a chat completion to a request, or a refusal that says what to mend."""

import json
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from tempfile import TemporaryDirectory
from typing import Any, get_args

from sailbench.models.talks import Begun
from sailbench.serve.pictures import Pictures
from sailbench.serve.refusal import Refusal, refused
from sailbench.types import MEDIA_MARK, Detail, Media, Sampling

DETAILS: tuple[Detail, ...] = get_args(Detail)
# How finely an image is looked at. Harnesses send "low" without meaning it: as in other servers, the protocol's own
# three names say nothing; ours are heeded.
FINENESS: dict[str, Detail] = {**dict.fromkeys(("low", "high", "auto"), "normal"), **{name: name for name in DETAILS}}
# Asked for by fields that would change what an answer is; passing over them would be a lie.
UNKNOWN = ("tools", "functions", "logprobs", "top_logprobs", "audio", "modalities")
# What would change which tokens are written: only the values that change nothing are taken, those of the second table
# where tokens are drawn.
NEUTRAL = {"presence_penalty": (0,), "frequency_penalty": (0,), "repetition_penalty": (1,), "logit_bias": ({},)}
NEUTRAL_DRAWN = {"top_k": (-1, 0), "min_p": (0,)}
MOST_TOKENS = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one request may hold, and how many are on their way."""

    images: int = 64
    megabytes: int = 128
    concurrency: int = 64
    allow_urls: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """The served model's name, and what is meant by what a client does not say."""

    model: str
    max_tokens: int = 1024
    thinking: bool = False
    limits: Limits = field(default_factory=Limits)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request, and how its answer is to be sent. `held` are folders that live until it is answered."""

    request: Begun
    stream: bool
    usage: bool
    stops: tuple[str, ...]
    held: tuple["TemporaryDirectory[str]", ...] = ()

    @property
    def live(self) -> bool:
        """Whether the answer is read while it is written: to be sent on, or to be ended where the client says."""
        return self.stream or bool(self.stops)

    def release(self) -> None:
        for folder in self.held:
            folder.cleanup()


def read(content: bytes, needs: str, rules: Rules) -> Asked:
    """The request in a body, and in the header that says what the protocol cannot. Raises Refusal."""
    body = _object(content, "the body")
    special = _object(needs.encode(), "the header X-Sailbench-Needs") if needs else {}
    if body.get("model", rules.model) != rules.model:
        refused(f"the model {body['model']!r} is not served here; {rules.model!r} is", "model", HTTPStatus.NOT_FOUND)
    _check_understood(body)
    talk = _Talk(rules.limits)
    talk.hear(body.get("messages"))
    media, held = talk.pictures.media(special.get("videos"))
    options = body.get("stream_options") or {}
    return Asked(
        request=Begun(
            turns=tuple(talk.turns(media)),
            media=tuple(media),
            sampling=_sampling(body, special, talk, rules),
            system="\n".join(talk.system) or None,
            more=_flag(special, "talk"),
            answers=tuple(talk.answers),
        ),
        stream=_flag(body, "stream"),
        usage=isinstance(options, dict) and _flag(options, "include_usage"),
        stops=_stops(body.get("stop")),
        held=held,
    )


def _object(content: bytes, what: str) -> dict[str, Any]:
    try:
        read = json.loads(content)
    except (ValueError, RecursionError):
        refused(f"{what} is not JSON")
    if not isinstance(read, dict):
        refused(f"{what} is no JSON object")
    return read


def _check_understood(body: Mapping[str, Any]) -> None:
    for name in UNKNOWN:
        if body.get(name):
            refused(f"{name} is not supported", name)
    if body.get("n") not in (None, 1):
        refused("n is not supported: ask once for each answer", "n")
    table = NEUTRAL | (NEUTRAL_DRAWN if body.get("temperature") else {})
    for name, values in table.items():
        if body.get(name) is not None and body[name] not in values:
            refused(f"{name} is not supported but for {values[0]}", name)
    form = body.get("response_format")
    if form is not None and (not isinstance(form, dict) or form.get("type") != "text"):
        refused("response_format is not supported but for text", "response_format")


class _Talk:
    """The messages as they are heard: system texts, the user's turns with their pictures, the answers between."""

    def __init__(self, limits: Limits) -> None:
        self.system: list[str] = []
        self.answers: list[str] = []
        self.pictures = Pictures(limits.images, limits.megabytes, limits.allow_urls)
        self.details: list[Detail] = []
        self._turns: list[str] = []

    def hear(self, messages: object) -> None:
        if not isinstance(messages, list) or not messages:
            refused("messages must be a list with a message or more", "messages")
        for message in messages:
            self._message(message)
        if len(self._turns) != len(self.answers) + 1:
            refused("the last message must be the user's", "messages")

    def turns(self, media: Sequence[Media]) -> list[str]:
        """Media in front of everything are left unmarked, as requests have them; others are marked where they stand."""
        lead = len(self._turns[0]) - len(self._turns[0].lstrip(MEDIA_MARK))
        marks = sum(turn.count(MEDIA_MARK) for turn in self._turns)
        if marks != len(media):  # frames became videos, which stand where their first frames stood
            return self._regrouped(media)
        return [self._turns[0][lead:], *self._turns[1:]] if lead == marks else self._turns

    def _regrouped(self, media: Sequence[Media]) -> list[str]:
        sizes = iter(self.pictures.counts)
        left = 0
        turns = []
        for turn in self._turns:
            kept = ""
            for letter in turn:
                if letter != MEDIA_MARK:
                    kept += letter
                    continue
                if left == 0:
                    kept, left = kept + MEDIA_MARK, next(sizes)
                left -= 1
            turns.append(kept)
        lead = len(turns[0]) - len(turns[0].lstrip(MEDIA_MARK))
        return [turns[0][lead:], *turns[1:]] if lead == len(media) else turns

    def _message(self, message: object) -> None:
        if not isinstance(message, dict):
            refused("each message must be an object", "messages")
        role, content = message.get("role"), message.get("content")
        if role in ("system", "developer"):
            self.system.append(self._text(content))
        elif role == "user":
            self._user(self._text(content, pictured=True))
        elif role == "assistant":
            self._assistant(self._text(content))
        else:
            refused(f"the role {role!r} is not supported", "messages")

    def _user(self, text: str) -> None:
        if len(self._turns) > len(self.answers):
            self._turns[-1] += "\n" + text
        else:
            self._turns.append(text)

    def _assistant(self, text: str) -> None:
        if not self._turns:
            refused("the first message after the system's must be the user's", "messages")
        if len(self.answers) == len(self._turns):
            self.answers[-1] += "\n" + text
        else:
            self.answers.append(text)

    def _text(self, content: object, pictured: bool = False) -> str:
        """Texts as they are, a mark for each picture."""
        if content is None or isinstance(content, str):
            return _clean(content or "")
        if not isinstance(content, list):
            refused("content must be a text or a list of parts", "messages")
        return "".join(self._part(part, pictured) for part in content)

    def _part(self, part: object, pictured: bool) -> str:
        if not isinstance(part, dict):
            refused("each part of a content must be an object", "messages")
        kind = part.get("type")
        if kind == "text" and isinstance(part.get("text"), str):
            return _clean(part["text"])
        if kind not in ("image_url", "video_url") or not pictured:
            refused(f"a part of type {kind!r} is not supported in this message", "messages")
        place = part.get(kind)
        address = place.get("url") if isinstance(place, dict) else place
        if not isinstance(address, str):
            refused(f"{kind} must hold a url", "messages")
        fineness = place.get("detail") if isinstance(place, dict) else None
        if fineness is not None and fineness not in FINENESS:
            refused(f"detail {fineness!r} is not one of {', '.join(FINENESS)}", "messages")
        self.details.append(FINENESS[fineness or "auto"])
        self.pictures.add(address, "video" if kind == "video_url" else "image")
        return MEDIA_MARK


def _clean(text: str) -> str:
    """Text that cannot pose as a picture; half a character, which JSON can spell, is none."""
    try:
        text.encode()
    except UnicodeEncodeError:
        refused("a text is no valid Unicode", "messages")
    return text.replace(MEDIA_MARK, "")


def _sampling(body: Mapping[str, Any], special: Mapping[str, Any], talk: _Talk, rules: Rules) -> Sampling:
    limit = "max_completion_tokens" if body.get("max_completion_tokens") is not None else "max_tokens"
    finest = max(talk.details, key=_tiles, default="normal")
    detail = special.get("detail", finest)
    if detail not in DETAILS:
        refused("detail must be one of " + ", ".join(DETAILS), "X-Sailbench-Needs")
    extra = body.get("chat_template_kwargs")
    asked = extra if isinstance(extra, dict) else {}
    thinking = special.get("thinking", asked.get("enable_thinking", rules.thinking))
    temperature = _number(body, "temperature", 0.0, (0, 2))
    # Whoever draws without naming a seed wants another answer each time.
    usual = secrets.randbits(31) if temperature else 0
    return Sampling(
        max_tokens=int(_number(body, limit, rules.max_tokens, (1, MOST_TOKENS), whole=True)),
        temperature=temperature,
        top_p=_number(body, "top_p", 1.0, (0, 1)),
        seed=int(_number(body, "seed", usual, (-(2**63), 2**63), whole=True)),
        detail=detail,
        enlarge=int(_number(special, "enlarge", 1, (1, 8), whole=True)),
        frames=_frames(body, talk.pictures.frames, rules.limits.images),
        thinking=bool(thinking),
    )


def _frames(body: Mapping[str, Any], usual: int, most: int) -> int:
    """How many frames of a video are looked at; asked for as in vLLM."""
    how = body.get("media_io_kwargs")
    video = how.get("video") if isinstance(how, dict) else None
    return int(_number(video, "num_frames", usual, (1, most), whole=True)) if isinstance(video, dict) else usual


def _tiles(detail: Detail) -> int:
    return ("frame", "normal", "fine", "page", "dense").index(detail)


def _number(
    record: Mapping[str, Any], name: str, usual: float, between: tuple[float, float], whole: bool = False
) -> float:
    value = record.get(name)
    if value is None:
        return usual
    kind = int if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kind) or not between[0] <= value <= between[1]:
        what = "a whole number" if whole else "a number"
        refused(f"{name} must be {what} from {between[0]:g} to {between[1]:g}", name)
    return value


def _flag(record: Mapping[str, Any], name: str) -> bool:
    if record.get(name) not in (None, True, False):
        refused(f"{name} must be true or false", name)
    return bool(record.get(name))


def _stops(stop: object) -> tuple[str, ...]:
    stops = [stop] if isinstance(stop, str) else stop or []
    if not isinstance(stops, list) or not all(isinstance(one, str) and one for one in stops):
        refused("stop must be a text or a list of texts", "stop")
    return tuple(stops)


__all__ = ["Asked", "Limits", "Refusal", "Rules", "read"]
