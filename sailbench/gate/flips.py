"""The samples that changed their value, with what was asked and both answers: Markdown with images, and a page.

A folder of two files that need each other and nothing else, as CI keeps what a job made: `flips.md`, whose images lie
beside it in `media/`, and `index.html`, the report's page of both runs with these samples alone.
"""

import base64
import html
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sailbench.errors import StoreError
from sailbench.gate.pairing import Flip
from sailbench.gate.show import escaped, headline
from sailbench.gate.verdict import Verdict
from sailbench.report import inert, reference
from sailbench.report.page import Wishes, page
from sailbench.report.page.inputs import read_inputs
from sailbench.report.page.samples import TaskSamples, stored
from sailbench.report.page.thumbnails import thumbnails
from sailbench.report.runs import Run, read_run
from sailbench.report.sheet import sheet
from sailbench.store import replace_file

# Of more flips Markdown shows the worst; the page has all.
MOST = 200
LONGEST = 4000


def write(verdict: Verdict, folder: Path, wishes: Wishes) -> None:
    """Write the folder; images are those of the flips that come first, as far as their room goes."""
    only: dict[str, list[str]] = {}
    for flip in verdict.flips:
        only.setdefault(flip.task, []).append(flip.id)
    runs = _runs(verdict, only)
    _clear(folder / "media")
    if not any(run.records for run in runs):
        replace_file(folder / "flips.md", f"# Nothing was compared\n\n{escaped(headline(verdict))}\n")
        return
    found = {task: stored(task, runs, read_inputs(task, runs, wishes.places, wishes.task_files)) for task in only}
    shown = [replace(found[task], ids=tuple(ids)) for task, ids in only.items()]
    images = thumbnails([medium for own in shown for medium in own.media()], int(wishes.megabytes * 1e6))
    names = {digest: _image(folder / "media", digest, data) for digest, data in images.items()}
    replace_file(folder / "flips.md", "\n".join(_markdown(verdict, found, names)) + "\n")
    replace_file(folder / "index.html", page(sheet(runs, reference.bundled()), replace(wishes, only=only)))


def _runs(verdict: Verdict, only: Mapping[str, Sequence[str]]) -> tuple[Run, ...]:
    """Both sides with the tasks that have flips, or all that were compared where none has."""
    compared = set(only) or {own.task for own in verdict.findings if own.difference is not None}
    sides = (("baseline", verdict.baseline), ("candidate", verdict.candidate))
    runs = [(side, read_run(Path(folder))) for side, folder in sides]
    return tuple(
        Run(f"{side}: {run.name}", run.folder, {task: own for task, own in run.records.items() if task in compared})
        for side, run in runs
    )


def _clear(media: Path) -> None:
    """Take away what an earlier verdict left."""
    for path in media.glob("*.webp"):
        path.unlink(missing_ok=True)


def _image(folder: Path, digest: str, data: str) -> str:
    """Write a thumbnail; gives its address from the folder above."""
    path = folder / f"{digest[:24]}.webp"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_bytes(base64.b64decode(data.partition(",")[2]))
    except OSError as error:
        raise StoreError(f"cannot write {path}: {error.strerror}") from error
    return f"{folder.name}/{path.name}"


@dataclass(frozen=True, slots=True)
class _Told:
    """What is known of a flip's sample: what was asked, if its data is at hand, and both answers."""

    asked: Mapping[str, Any]
    answers: tuple[Mapping[str, Any], ...]


def _markdown(verdict: Verdict, found: Mapping[str, TaskSamples], names: Mapping[str, str]) -> Iterator[str]:
    total, first = len(verdict.flips), verdict.flips[:MOST]
    yield f"# {total} samples changed their value"
    yield f"\n{escaped(headline(verdict))}. Losses come first. [The same with every answer in full](index.html)."
    for own in found.values():
        if own.inputs.trouble:
            yield f"\n{escaped(own.inputs.trouble)}"
    told = {task: _told(own) for task, own in found.items()}
    for flip in first:
        yield from _flip(flip, told[flip.task][flip.id], names)
    if total > len(first):
        yield f"\n{total - len(first)} more are in [the page](index.html)."


def _told(own: TaskSamples) -> dict[str, _Told]:
    texts = own.texts()
    answers = zip(*texts["answers"], strict=True)
    return {id: _Told(asked or {}, both) for id, asked, both in zip(own.ids, texts["inputs"], answers, strict=True)}


def _flip(flip: Flip, told: _Told, names: Mapping[str, str]) -> Iterator[str]:
    yield f"\n## {escaped(flip.task)} {escaped(flip.id)}: {flip.baseline:g} → {flip.candidate:g}"
    media = [(kind, names.get(digest, "")) for kind, digest in told.asked.get("media", ())]
    if media:
        yield "\n" + " ".join(_shown(kind, name, number) for number, (kind, name) in enumerate(media, 1))
    if told.asked:
        yield from (f"\n{_text(told.asked['question'])}", "")
        yield from (f"- {escaped(label)}. {escaped(text)}" for label, text in told.asked["choices"].items())
        yield f"\nTarget: {_text(told.asked['target'])}"
    read = (flip.baseline_answer, flip.candidate_answer)
    for side, answer, own in zip(("Baseline", "Candidate"), told.answers, read, strict=True):
        said = "\n".join(answer.get("text") or ())
        yield f"\n{side}, read as {_text('nothing' if answer['read'] is None else own or '')}:\n\n{_said(said)}"


def _shown(kind: str, name: str, number: int) -> str:
    return f"![{kind} {number}]({name})" if name else f"({kind} {number} is not shown)"


def _text(text: str) -> str:
    return f"<code>{html.escape(inert.line(str(text))[:LONGEST])}</code>"


def _said(text: str) -> str:
    """Words of a model as they are: nothing in them is markup, also where lines are empty."""
    cut = text if len(text) <= LONGEST else f"{text[:LONGEST]}\n[… {len(text) - LONGEST} characters are left out …]"
    return f"<pre>{html.escape(inert.plain(cut))}</pre>" if cut else "(no answer is stored)"
