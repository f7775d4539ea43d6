"""A rubric: a TOML file that says what a judge is asked and how its verdict is read. A judge is another model.

A verdict that does not match the rubric's pattern, or lies off its scale, is unreadable: the sample stays ungraded.
What is to be judged is fenced, so that a reply cannot pose as the rubric.
"""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from string import Template
from typing import Any

from sailbench.errors import TaskError, UsageError, did_you_mean
from sailbench.types import Sample

Value = float | str


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
        return Template(self.prompt).substitute({key: fenced(text) for key, text in slots.items()})

    def read(self, verdict: str) -> Value | None:
        """The verdict's value: a number from 0 to `top`, or the extracted text; None when it cannot be read.

        The pattern must match exactly once, so that a verdict and its contradiction are unreadable.
        """
        found = list(self.verdict.finditer(verdict.strip()))
        if len(found) != 1:
            return None
        text = found[0].group("value").strip()
        if self.extracts:
            return text
        if self.labels:
            return self.labels.get(text.lower())
        value = float(text)
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
    except (tomllib.TOMLDecodeError, re.error, KeyError, TypeError, ValueError) as error:
        raise TaskError(f"{path}: {type(error).__name__}: {error}") from error
    return Judge(**made, digest=hashlib.sha256(content).hexdigest()[:16])


def _made(name: str, record: Mapping[str, Any]) -> dict[str, Any]:
    pattern = re.compile(record["verdict"], re.MULTILINE | (0 if record.get("case_sensitive") else re.IGNORECASE))
    if "value" not in pattern.groupindex:
        raise ValueError('the verdict pattern needs a group named "value": (?P<value>…)')
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


def _example(record: Mapping[str, Any]) -> Example:
    """An `[[example]]`: `reply` and `value`; the value "unreadable" means that none may be read."""
    value = record["value"]
    return Example(
        record["reply"], None if value == "unreadable" else value if isinstance(value, str) else float(value)
    )
