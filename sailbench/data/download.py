"""One file over HTTP: written beside its place, hashed as it comes, taken up where it was cut."""

import hashlib
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

from sailbench.errors import DataError

PIECE = 1 << 20
TRIES = 5
TIMEOUT_SECONDS = 60.0
Progress = Callable[[int, int | None], None]


class Digests:
    """MD5 (what publishers give) and SHA-256 of one stream of bytes."""

    def __init__(self) -> None:
        self._md5, self._sha256 = hashlib.md5(usedforsecurity=False), hashlib.sha256()

    def add(self, piece: bytes) -> None:
        self._md5.update(piece)
        self._sha256.update(piece)

    @classmethod
    def of(cls, path: Path) -> "Digests":
        own = cls()
        for piece in pieces(path):
            own.add(piece)
        return own

    @property
    def md5(self) -> str:
        return self._md5.hexdigest()

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()


class CutError(Exception):
    """The connection ended before the file did."""


def pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PIECE):
            yield piece


def download(url: str, part: Path, progress: Progress | None = None) -> Digests:
    """The whole of `url` in `part`. A transfer that is cut is taken up again, now or by the next call."""
    if not url.startswith(("http://", "https://")):
        raise DataError(f"{url} is no web address")
    for attempt in range(TRIES):
        time.sleep(max(0, attempt - 1))
        try:
            return _transfer(url, part, progress)
        except CutError as error:
            cut = error
        except urllib.error.HTTPError as error:
            error.close()
            if error.code != http.client.REQUESTED_RANGE_NOT_SATISFIABLE:
                raise DataError(f"{url} answers HTTP {error.code} {error.reason}") from error
            cut = CutError("what was downloaded earlier does not fit")
            part.unlink()
        except OSError as error:
            raise DataError(f"cannot download {url}: {getattr(error, 'reason', error)}") from error
    raise DataError(f"{url} was cut off {TRIES} times ({cut}); the same command goes on from there")


def _transfer(url: str, part: Path, progress: Progress | None) -> Digests:
    with urllib.request.urlopen(_request(url, part), timeout=TIMEOUT_SECONDS) as response:
        if response.headers.get_content_type() == "text/html":
            raise DataError(f"{url} answers with a web page instead of a file")
        resumed = response.status == http.client.PARTIAL_CONTENT
        digests, done = (Digests.of(part), part.stat().st_size) if resumed else (Digests(), 0)
        length = response.headers.get("Content-Length")
        total = done + int(length) if length else None
        _validator(part).write_text(_version(response.headers))
        with part.open("ab" if resumed else "wb") as file:
            for piece in _received(response):
                file.write(piece)
                digests.add(piece)
                done += len(piece)
                if progress:
                    progress(done, total)
    if total is not None and done < total:
        raise CutError(f"{done:,} of {total:,} bytes")
    _validator(part).unlink()
    return digests


def _request(url: str, part: Path) -> urllib.request.Request:
    """For the rest of the file if it is still the one that the part is of: the server decides by its version."""
    headers = {"User-Agent": "sailbench", "Accept-Encoding": "identity"}
    version = _validator(part).read_text() if _validator(part).exists() else ""
    if version and part.exists() and part.stat().st_size:
        headers |= {"Range": f"bytes={part.stat().st_size}-", "If-Range": version}
    return urllib.request.Request(url, headers=headers)


def _validator(part: Path) -> Path:
    return part.with_name(part.name + ".version")


def _version(headers: http.client.HTTPMessage) -> str:
    """What If-Range may name: a strong ETag, or when the file was last changed."""
    etag = headers.get("ETag", "")
    return etag if etag and not etag.startswith("W/") else headers.get("Last-Modified", "")


def _received(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """The body piece by piece; an error on the way is a cut like any other."""
    while True:
        try:
            piece = response.read(PIECE)
        except (OSError, http.client.HTTPException) as error:
            raise CutError(str(error)) from error
        if not piece:
            return
        yield piece
