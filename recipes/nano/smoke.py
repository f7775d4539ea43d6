"""The rows of the smoke tasks: drawn from seeds that no training uses, written as Parquet into the package.

`python -m recipes.nano smoke` writes them; the same Pillow, fonts and libraries give the same files.
"""

import io
import random
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

from recipes.nano import scenes
from recipes.nano.draw import SIDE, Canvas
from recipes.nano.scenes import LETTERS, Ask, Scene

SIZE = 240
FOLDER = Path(__file__).resolve().parents[2] / "sailbench" / "smoke"
VIDEO_FRAMES, VIDEO_RATE = 8, 4

Record = dict[str, Any]
Scenes = Iterator[tuple[int, random.Random]]


def generators(task: str) -> Scenes:
    """A generator of random numbers for each scene of a task; training seeds its own otherwise."""
    return ((i, random.Random(f"held out {task} {i}")) for i in range(SIZE))


def png(canvas: Canvas) -> bytes:
    held = io.BytesIO()
    canvas.image.save(held, "PNG", optimize=True)
    return held.getvalue()


def film(pictures: tuple[Canvas, ...]) -> bytes:
    """An MP4 of these frames, a quarter of a second each."""
    import av

    held = io.BytesIO()
    with av.open(held, "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=VIDEO_RATE, options={"crf": "18", "threads": "1"})
        stream.width = stream.height = SIDE
        stream.pix_fmt = "yuv420p"
        for i, canvas in enumerate(pictures):
            frame = av.VideoFrame.from_image(canvas.image)
            frame.pts, frame.time_base = i, Fraction(1, VIDEO_RATE)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return held.getvalue()


def row(number: int, scene: Scene, ask: Ask, **more: str) -> Record:
    """A row in the task's columns."""
    if scene.video:
        media: Record = {"video": film(scene.pictures)}
    elif len(scene.pictures) == 1:
        media = {"image": png(scene.pictures[0])}
    else:
        media = {"images": [png(canvas) for canvas in scene.pictures]}
    options = dict(zip(LETTERS, ask.options, strict=False))
    return {"id": str(number), **media, **ask.facts, "question": ask.wording, "answer": ask.answer, **options, **more}


def the(scene: Scene, task: str, skill: str = "") -> Ask:
    """The scene's question of a task, with this skill where one is given."""
    return next(ask for ask in scene.asks if ask.task == task and skill in ("", ask.facts.get("skill")))


def plain(task: str, draw: scenes.Draw) -> Callable[[], Iterator[Record]]:
    """A scene a row."""

    def rows() -> Iterator[Record]:
        for i, rng in generators(task):
            scene = draw(rng)
            yield row(i, scene, the(scene, task))

    return rows


def mcq() -> Iterator[Record]:
    for i, rng in generators("mcq"):
        skill = ("colour", "shape", "position", "count")[i % 4]
        scene = (scenes.several if skill == "count" else scenes.objects)(rng)
        yield row(i, scene, the(scene, "mcq", skill))


def yesno() -> Iterator[Record]:
    for i, rng in generators("yesno"):
        if i < SIZE // 2:
            scene = scenes.objects(rng)
            for j, ask in enumerate([ask for ask in scene.asks if ask.task == "yesno"][:2]):
                yield row(2 * i + j, scene, ask, pair=str(i))


def math() -> Iterator[Record]:
    for i, rng in generators("math"):
        if i < SIZE // 2:
            scene = scenes.arithmetic(rng)
            for j, ask in enumerate(ask for ask in scene.asks if ask.task == "math"):
                yield row(2 * i + j, scene, ask)


def multi() -> Iterator[Record]:
    for i, rng in generators("multi"):
        skill = ("shape", "colour", "count")[i % 3]
        scene = scenes.more(rng) if skill == "count" else scenes.alike(rng)
        yield row(i, scene, the(scene, "multi", skill))


def video() -> Iterator[Record]:
    for i, rng in generators("video"):
        scene = (scenes.moving if i % 2 else scenes.in_order)(rng, VIDEO_FRAMES)
        yield row(i, scene, scene.asks[0])


TABLES: dict[str, Callable[[], Iterator[Record]]] = {
    "ocr": plain("ocr", scenes.writing),
    "mcq": mcq,
    "yesno": yesno,
    "chart": plain("chart", scenes.chart),
    "math": math,
    "grounding": plain("grounding", scenes.objects),
    "multi": multi,
    "video": video,
}


def write(folder: Path = FOLDER) -> None:
    """All tables; equal pictures of a table are stored once by Parquet's dictionary."""
    import pyarrow as pa
    from pyarrow import parquet

    folder.mkdir(parents=True, exist_ok=True)
    for name, rows in TABLES.items():
        records = list(rows())
        held = [key for key in ("image", "images", "video") if key in records[0]]
        parquet.write_table(
            pa.Table.from_pylist(records), folder / f"{name}.parquet", compression="zstd", use_dictionary=held
        )
