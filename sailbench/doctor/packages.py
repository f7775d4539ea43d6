"""The packages: every dependency against its range, the extras, and what is built into PyAV and Pillow."""

import tomllib
from collections.abc import Callable, Iterator, Sequence
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement

from sailbench.doctor.finding import Finding

Version = Callable[[str], str]
# The stated ranges: those of a checkout, which its installation may be older than, else the installed package's.
CHECKOUT = Path(__file__).resolve().parents[2] / "pyproject.toml"
ABOUT = {"dev": "to work on sailbench itself"}
# What the benchmarks' films and pictures are encoded in; without the first of each nearly nothing opens.
DECODERS = ("h264", "hevc", "vp9", "av1", "mpeg4")
PICTURES = {"jpg": "JPEG", "zlib": "PNG", "webp": "WebP", "libtiff": "TIFF"}


def stated(checkout: Path = CHECKOUT) -> tuple[list[Requirement], dict[str, list[Requirement]]]:
    """The dependencies, and those of each extra."""
    if checkout.is_file():
        project = tomllib.loads(checkout.read_text(encoding="utf-8"))["project"]
        extras = {name: list(map(Requirement, own)) for name, own in project["optional-dependencies"].items()}
        return list(map(Requirement, project["dependencies"])), extras
    try:
        several = [Requirement(one) for one in metadata.requires("sailbench") or ()]
        names = metadata.metadata("sailbench").get_all("Provides-Extra") or []
    except metadata.PackageNotFoundError:
        return [], {}
    base = [one for one in several if one.marker is None or "extra" not in str(one.marker)]
    chosen = {name: [one for one in several if one not in base and _applies(one, name)] for name in names}
    return base, chosen


def _applies(one: Requirement, extra: str = "") -> bool:
    return one.marker is None or one.marker.evaluate({"extra": extra})


def dependencies(several: Sequence[Requirement], version: Version = metadata.version) -> Iterator[Finding]:
    """One line when all fit; else one for each that does not."""
    wrong = [found for one in several if _applies(one) and (found := _unfit(one, version)) is not None]
    yield from wrong
    if not several:
        yield Finding(
            "packages", "warn", "the ranges are not known: sailbench is not installed", "pip install sailbench"
        )
    elif not wrong:
        yield Finding("packages", "ok", f"{len(several)} dependencies, each within its range")


def _unfit(one: Requirement, version: Version) -> Finding | None:
    command = f"pip install '{one.name}{one.specifier}'"
    try:
        there = version(one.name)
    except metadata.PackageNotFoundError:
        return Finding(one.name, "fail", f"not installed, but {one.name}{one.specifier} is needed", command)
    if one.specifier.contains(there, prereleases=True):
        return None
    return Finding(one.name, "warn", f"{there} is installed, outside the tested {one.specifier}", command)


def extras(several: dict[str, list[Requirement]], version: Version = metadata.version) -> Iterator[Finding]:
    for name, own in sorted(several.items()):
        if name in ABOUT:
            continue
        wrong = [found for one in own if (found := _unfit(one, version)) is not None]
        check, wanted = f"extra {name}", ", ".join(f"{one.name}{one.specifier}" for one in own)
        if not wrong:
            yield Finding(check, "ok", f"{wanted} is installed")
        elif any(found.state == "warn" for found in wrong):
            yield Finding(check, "warn", "; ".join(found.said for found in wrong), wrong[0].todo)
        else:
            yield Finding(check, "skip", f"{wanted} is not installed", f"if wanted: pip install 'sailbench[{name}]'")


def films() -> Finding:
    """The ffmpeg libraries that came with PyAV, and whether they decode what benchmarks' films are encoded in."""
    try:
        import av
    except (ImportError, OSError) as error:
        said = f"PyAV cannot be imported: {' '.join(str(error).split())[:200]}"
        return Finding("ffmpeg", "fail", said, "pip install --force-reinstall av")
    numbers = (".".join(map(str, av.library_versions[name])) for name in ("libavcodec", "libavformat"))
    codec, container = numbers
    said = f"PyAV {av.__version__} with libavcodec {codec}, libavformat {container}"
    missing = [name for name in DECODERS if name not in av.codecs_available]
    if missing:
        todo = "videos in it stay ungraded: pip install --force-reinstall av --only-binary av"
        return Finding("ffmpeg", "warn", f"{said}; no decoder for {', '.join(missing)}", todo)
    return Finding("ffmpeg", "ok", f"{said}; decodes {', '.join(DECODERS)}")


def pictures() -> Finding:
    try:
        from PIL import __version__, features
    except (ImportError, OSError) as error:
        said = f"cannot be imported: {' '.join(str(error).split())[:200]}"
        return Finding("pillow", "fail", said, "pip install --force-reinstall pillow")
    missing = [kind for name, kind in PICTURES.items() if not features.check(name)]
    if missing:
        todo = "pip install --force-reinstall pillow --only-binary pillow"
        return Finding("pillow", "warn", f"{__version__} opens no {', '.join(missing)}", todo)
    return Finding("pillow", "ok", f"{__version__}; opens {', '.join(PICTURES.values())}")
