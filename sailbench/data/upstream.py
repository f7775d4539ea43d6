"""Whether data are still published as they were pulled, though what lies in the cache is intact.

Asked is only what tells files apart: the version that a server names, the newest commit of a repository on the hub. A
TSV file is fetched again, and set aside, where the server names none or another one: a version may change without its
file, and an error shows both digests.
"""

from collections.abc import Iterator, Sequence

from sailbench.data import Places, Sourced, published_tsvs
from sailbench.data.hub import HubCache, Split
from sailbench.data.repository import File
from sailbench.rows import Hub, Tsv

# What says of a repository how it is to be read by people; rows and media never lie there.
PROSE = (".md", ".gitattributes", ".gitignore", "LICENSE")


def changed(task: Sourced, places: Places) -> Iterator[str]:
    """What is published otherwise now than it was pulled, in words; DataError where nobody answers."""
    mirrors = published_tsvs(task.sources)
    if mirrors and all(places.tsvs(task.name).has(own[0]) for own in mirrors):
        for own in mirrors:
            yield from _tsv(own, task.name, places)
        return
    cache, told = places.hub(task.name), set()
    for hub in (one for one in task.sources if isinstance(one, Hub)):
        split = cache.known(hub)
        for line in () if split is None else _split(hub, split, cache):
            if line not in told:  # splits of one repository share media
                told.add(line)
                yield line


def _tsv(mirrors: Sequence[Tsv], task: str, places: Places) -> Iterator[str]:
    tsvs, tsv = places.tsvs(task), mirrors[0]
    here, there = tsvs.verified(tsv), tsvs.published(mirrors)
    if there.sha256 != here.sha256:
        yield (
            f"{tsv.url} changed since it was pulled: its sha256 was {here.sha256}, now it is {there.sha256} (set "
            f"aside as {tsvs.refused(tsv)})"
        )


def _split(hub: Hub, split: Split, cache: HubCache) -> Iterator[str]:
    commit = cache.newest(hub)
    if split.commit in (None, commit):
        return
    before = {one.path: one for one in _own(hub, split, cache, split.commit)}
    after = {one.path: one for one in _own(hub, split, cache, commit)}
    for path in sorted(before.keys() | after.keys()):
        old, new = before.get(path), after.get(path)
        if old is None or new is None or old.digest != new.digest:
            was, now = (one.digest if one else "not there" for one in (old, new))
            yield f"{hub.repo}: {path} changed since commit {split.commit}: it was {was}, now ({commit}) it is {now}"


def _own(hub: Hub, split: Split, cache: HubCache, commit: str | None) -> list[File]:
    """The repository's files at a commit that the split's rows and media are read from."""
    listing = cache.listing(hub, commit)
    folder = cache.folder(hub, split.commit).relative_to(cache.root).as_posix() + "/"
    if not all(one.startswith(folder) for one in split.files):  # made by `datasets`: of files that nobody noted
        return [file for path, file in listing.items() if not path.endswith(PROSE)]
    paths = [one.removeprefix(folder) for one in split.files]
    return [listing[path] for path in paths if path in listing] + cache.media_files(hub, commit)
