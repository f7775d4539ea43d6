"""VLMEvalKit in a child process: which interpreter has it, what it may see, and its answers as files in the cache.

CACHE/vlmeval/NAME/rows.jsonl        its prompts, made again when its version or the data set's table changes
CACHE/vlmeval/NAME/SHA256.json       its evaluation of one set of answers
"""

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sailbench.errors import DataError, UsageError

CHILD = Path(__file__).with_name("child.py")
INTERPRETER = "SAILBENCH_VLMEVAL_PYTHON"
JUDGE = "SAILBENCH_VLMEVAL_JUDGE"
# The longest that building or evaluating a data set may take.
SECONDS = 6 * 3600.0
# What an evaluation without a judge has no business to see.
_SECRET = re.compile(r"KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL", re.IGNORECASE)
_NAME = re.compile(r"[\w.+-]+")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What VLMEvalKit made of answers: every number that it reports, and values of samples where it tells them."""

    metrics: Mapping[str, float]
    samples: Mapping[str, float]
    version: str


@dataclass(frozen=True, slots=True)
class Kit:
    """One data set of VLMEvalKit, and the folder of the cache that is its own."""

    dataset: str
    folder: Path

    @classmethod
    def of(cls, dataset: str, root: Path) -> "Kit":
        if not _NAME.fullmatch(dataset) or dataset.startswith("."):
            raise UsageError(f"{dataset!r} is no name of a VLMEvalKit data set; give one such as vlmeval:MMStar")
        return cls(dataset, root / "vlmeval" / dataset)

    def rows(self, offline: bool) -> Path:
        """The file of rows, made now unless it still holds."""
        path = self.folder / "rows.jsonl"
        if not _holds(path):
            self._run({"do": "rows", "out": str(path)}, network=not offline)
        return path

    def evaluate(self, answers: Mapping[str, str]) -> Outcome:
        """The toolkit's scores; those of the same answers are kept."""
        judge = os.environ.get(JUDGE, "")
        content = json.dumps([sorted(answers.items()), judge], ensure_ascii=False)
        path = self.folder / f"{hashlib.sha256(content.encode()).hexdigest()}.json"
        if not path.is_file():
            part = path.with_name(path.name + ".part")
            with tempfile.TemporaryDirectory() as work:
                asked = {"do": "evaluate", "answers": dict(answers), "work": work, "out": str(part)}
                self._run(asked, network=bool(judge))
            part.replace(path)
        try:
            held: Any = json.loads(path.read_text(encoding="utf-8"))
            return Outcome(held["metrics"], held["samples"], held["version"])
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(f"{path} is no evaluation; delete it to evaluate anew") from error

    def _run(self, asked: Mapping[str, Any], network: bool) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        command = [interpreter(), "-I", str(CHILD)]
        told = json.dumps({**asked, "dataset": self.dataset, "network": network}, ensure_ascii=False)
        secrets = asked["do"] == "rows" or network
        try:
            done = subprocess.run(
                command,
                input=told,
                env=_environment(self.folder.parent, secrets),
                capture_output=True,
                text=True,
                timeout=SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise DataError(f"VLMEvalKit could not be run for {self.dataset}: {error}") from error
        if done.returncode or not Path(asked["out"]).is_file():
            raise DataError(self._why(asked["do"], done.stderr))

    def _why(self, what: str, stderr: str) -> str:
        last = next((line.strip() for line in reversed(stderr.splitlines()) if line.strip()), "it ended without a word")
        doing = "prepare" if what == "rows" else "evaluate"
        way = "put its files into LMUData, or run without --offline"
        judge = (
            f'if it needs a judge, set {JUDGE}, such as {{"model": "gpt-4o-mini", "api_base": "https://…", "key": "…"}}'
        )
        return f"VLMEvalKit cannot {doing} {self.dataset}: {last[:240]}; {way if what == 'rows' else judge}"


def interpreter() -> str:
    """The Python that has VLMEvalKit; UsageError says how to get one."""
    named = os.environ.get(INTERPRETER, "")
    if named:
        if not Path(named).is_file():
            raise UsageError(f"{INTERPRETER} names {named}, which is not there; name a Python that has ms-vlmeval")
        return named
    if find_spec("vlmeval") is None:
        raise UsageError(
            f"vlmeval: needs VLMEvalKit: `pip install sailbench[vlmeval]`, or set {INTERPRETER} to a Python that has "
            "ms-vlmeval"
        )
    return sys.executable


def lmudata(own: Path) -> Path:
    """The toolkit's data folder: LMUData if it is set, else the usual one if it is there, else one in the cache."""
    named = os.environ.get("LMUData", "")  # noqa: SIM112  # its own spelling
    usual = Path.home() / "LMUData"
    return Path(named) if named and Path(named).is_dir() else usual if usual.is_dir() else own / "LMUData"


def _environment(own: Path, secrets: bool) -> dict[str, str]:
    place = lmudata(own)
    place.mkdir(parents=True, exist_ok=True)
    kept = {name: value for name, value in os.environ.items() if secrets or not _SECRET.search(name)}
    if not secrets:
        kept["HF_HUB_DISABLE_IMPLICIT_TOKEN"] = "1"
    return kept | {"LMUData": str(place), "PYTHONIOENCODING": "utf-8"}


def _holds(path: Path) -> bool:
    """Whether the rows were made of the table as it is now."""
    try:
        with path.open(encoding="utf-8") as file:
            head: Any = json.loads(file.readline())
        source = Path(head["source"]) if head["source"] else None
        if source is None:
            return True
        stat = source.stat()
        return bool(head["stamp"] == [stat.st_size, stat.st_mtime_ns])
    except (OSError, ValueError, KeyError, TypeError):
        return False
