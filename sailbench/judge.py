"""A rubric: a TOML file that says what a judge is asked and how its verdict is read. A judge is another model.

A verdict that does not match the rubric's pattern, or lies off its scale, is unreadable: the sample stays ungraded.
What is to be judged is fenced, so that a reply cannot pose as the rubric.
"""

import hashlib
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

from sailbench.errors import TaskError, UsageError, did_you_mean
from sailbench.types import Sample

Value = float | str
LONGEST = 50_000  # characters of a verdict; judges are allowed 1,024 tokens


@dataclass(frozen=True, slots=True)
class Example:
    """A judge's reply and what must be read from it; None for one that must come out unreadable."""

    reply: str
    value: Value | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """One rubric. `verdict` has a group `value` (a number from 0 to `top`), or one of `labels` for named verdicts.

    `digest` is part of the verdict's key, so an edited rubric never meets old verdicts.
    """

    name: str
    prompt: str
    verdict: re.Pattern[str]
    top: float
    labels: Mapping[str, float] = field(default_factory=dict)
    extracts: bool = False
    model: str = ""
    sees_media: bool = False
    used_by: str = ""
    examples: tuple[Example, ...] = ()
    digest: str = ""

    def ask(self, sample: Sample, reply: str, **more: str) -> str:
        """The judge's prompt for a reply: `$question`, `$target`, `$choices`, `$reply`, the sample's extras, `more`."""
        slots = {key: str(value) for key, value in sample.extra.items()}
        slots |= {"question": sample.question, "target": _target(sample.target), "reply": reply}
        slots |= {"choices": "\n".join(f"{label}. {text}" for label, text in sample.choices.items())} | more
        try:
            return Template(self.prompt).substitute({key: fenced(text) for key, text in slots.items()})
        except KeyError as error:
            has = ", ".join(sorted(slots))
            missing = error.args[0]
            raise TaskError(f"rubric {self.name}: nothing fills ${missing} of its prompt (there is: {has})") from None

    def read(self, verdict: str) -> Value | None:
        """The verdict's value: a number from 0 to `top`, or the extracted text; None when it cannot be read.

        The pattern must match exactly once, so that a verdict and its contradiction are unreadable.
        """
        found = list(self.verdict.finditer(verdict.strip())) if len(verdict) <= LONGEST else []
        if len(found) != 1:
            return None
        text = (found[0].group("value") or "").strip()
        if self.extracts:
            return text
        if self.labels:
            return self.labels.get(text.lower())
        try:
            value = float(text)
        except ValueError:
            return None  # the pattern of a rubric of one's own may let words through
        return value if 0 <= value <= self.top else None


def _target(target: Any) -> str:
    return "\n".join(map(str, target)) if isinstance(target, list | tuple) else str(target)


def fenced(text: str) -> str:
    """The text between marks that it cannot hold: they carry a digest of the text itself."""
    mark = hashlib.sha256(text.encode()).hexdigest()[:12]
    return f"[begin {mark}]\n{text}\n[end {mark}]"


def folder() -> Path:
    """The bundled rubrics: inside the wheel, or at the top of a checkout."""
    package = Path(__file__).parent
    bundled = package / "_bundled" / "judges"
    return bundled if bundled.is_dir() else package.parent / "judges"


def names() -> list[str]:
    return sorted(path.stem for path in folder().glob("*.toml"))


@cache
def load(name: str) -> Judge:
    """The rubric of a name, or of a file's path."""
    path = Path(name) if name.endswith(".toml") else folder() / f"{name}.toml"
    if not path.is_file():
        raise UsageError(f"no rubric {name!r}{did_you_mean(name, names())}")
    content = path.read_bytes()
    try:
        made = _made(path.stem, tomllib.loads(content.decode()))
    except KeyError as error:
        raise TaskError(f"{path}: it gives no {error.args[0]}") from None
    except _RubricError as error:
        raise TaskError(f"{path}:{_line(content, error.key)}: {error}") from error
    except (ValueError, TypeError, AttributeError) as error:  # a TOML error tells its line
        raise TaskError(f"{path}: {type(error).__name__}: {error}") from error
    if path.resolve().parent != folder().resolve():
        _refuse_endless(f"{path}:{_line(content, 'verdict')}", made["verdict"], made["examples"])
    return Judge(**made, digest=hashlib.sha256(content).hexdigest()[:16])


class _RubricError(ValueError):
    """What is wrong with the value of a `key`."""

    def __init__(self, key: str, what: str) -> None:
        super().__init__(f"the {key} {what}")
        self.key = key


def _line(content: bytes, key: str) -> int:
    """The line on which a key of the file is given a value."""
    lines = content.decode().splitlines()
    return next((number for number, line in enumerate(lines, 1) if line.split("=")[0].strip() == key), 1)


def _made(name: str, record: Mapping[str, Any]) -> dict[str, Any]:
    pattern = _pattern(record["verdict"], re.MULTILINE | (0 if record.get("case_sensitive") else re.IGNORECASE))
    if not isinstance(record["prompt"], str) or not Template(record["prompt"]).is_valid():
        raise _RubricError("prompt", "must be a text with $slots; a dollar sign of its own is written $$")
    return {
        "name": name,
        "prompt": record["prompt"],
        "verdict": pattern,
        "top": float(record.get("top", 1)),
        "labels": {label.lower(): float(value) for label, value in record.get("labels", {}).items()},
        "extracts": bool(record.get("extracts", False)),
        "model": record.get("model", ""),
        "sees_media": bool(record.get("sees_media", False)),
        "used_by": record.get("used_by", ""),
        "examples": tuple(_example(one) for one in record.get("example", ())),
    }


def _pattern(text: Any, flags: int) -> re.Pattern[str]:
    try:
        pattern = re.compile(text, flags)
    except (re.error, TypeError, RecursionError, OverflowError) as error:
        raise _RubricError("verdict", f"pattern cannot be read: {error}") from error
    if "value" not in pattern.groupindex:
        raise _RubricError("verdict", 'pattern needs a group named "value": (?P<value>…)')
    return pattern


# A process of its own, because only that can be stopped while it matches; its clock is the processor's.
_TRY = """\
import json, re, signal, sys
asked = json.load(sys.stdin)
pattern = re.compile(asked["pattern"], asked["flags"])
for text in asked["texts"]:
    signal.setitimer(signal.ITIMER_PROF, asked["seconds"])
    list(pattern.finditer(text))
"""
TRIED_SECONDS, TRIED_LENGTH, TRIED_CUTS = 1.0, 2000, 8


def _refuse_endless(where: str, pattern: re.Pattern[str], examples: Sequence[Example]) -> None:
    """Patterns such as (a+)+ take for ever where a verdict nearly fits; so the examples are spun out and tried.

    So are the pattern's own signs, by themselves and behind each example.
    """
    texts = [text for example in examples for text in _spun_out(example.reply)]
    starts = ("", *(example.reply for example in examples))
    texts += [start + sign * TRIED_LENGTH + "\x01" for start in starts for sign in sorted({*pattern.pattern, *"a1 \n"})]
    asked = {"pattern": pattern.pattern, "flags": pattern.flags, "texts": texts, "seconds": TRIED_SECONDS}
    command = [sys.executable, "-I", "-c", _TRY]
    try:
        subprocess.run(command, input=json.dumps(asked), text=True, check=True, capture_output=True, timeout=120)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        why = "the verdict pattern takes for ever on verdicts that nearly fit; a repeat within a repeat does that"
        raise TaskError(f"{where}: {why}") from error


def _spun_out(reply: str) -> Iterator[str]:
    """The reply, cut here and there, with its last signs many times and then one that fits nothing."""
    for cut in sorted({len(reply) * part // TRIED_CUTS for part in range(1, TRIED_CUTS + 1)}):
        for tail in (reply[max(0, cut - 1) : cut], reply[max(0, cut - 6) : cut]):
            if tail:
                yield reply[:cut] + tail * (TRIED_LENGTH // len(tail)) + "\x01"


def _example(record: Mapping[str, Any]) -> Example:
    """An `[[example]]`: `reply` and `value`; the value "unreadable" means that none may be read."""
    value = record["value"]
    return Example(
        record["reply"], None if value == "unreadable" else value if isinstance(value, str) else float(value)
    )
