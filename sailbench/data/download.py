"""One file over HTTP: written beside its place, hashed as it comes, taken up where it was cut."""

import hashlib
import http.client
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from sailbench.errors import DataError

PIECE = 1 << 20
TRIES = 5
TIMEOUT_SECONDS = 60.0
# A server that answers so has a bad moment: it is asked again.
LATER = (429, 500, 502, 503, 504)
FORBIDDEN = (401, 403)
Progress = Callable[[int, int | None], None]


class Digests:
    """MD5 (what publishers give) and SHA-256 of one stream of bytes, and what its server calls this version of it."""

    def __init__(self) -> None:
        self.version = ""
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


def download(url: str, part: Path, progress: Progress | None = None, token: str = "") -> Digests:
    """The whole of `url` in `part`. A transfer that is cut is taken up again, now or by the next call.

    The token is told to the address itself and to none that it sends on to.
    """
    if not url.startswith(("http://", "https://")):
        raise DataError(f"{url} is no web address")
    for attempt in range(TRIES):
        time.sleep(max(0, attempt - 1))
        try:
            return _transfer(url, part, progress, token)
        except CutError as error:
            cut = error
        except urllib.error.HTTPError as error:
            cut = _of_status(url, part, error)
        except OSError as error:
            reason = getattr(error, "reason", error)
            if not isinstance(reason, TimeoutError):
                raise DataError(f"cannot download {url}: {reason}") from error
            cut = CutError(f"no answer in {TIMEOUT_SECONDS:g} s")
    raise DataError(f"{url} was cut off {TRIES} times ({cut}); the same command goes on from there")


def _of_status(url: str, part: Path, error: urllib.error.HTTPError) -> CutError:
    """An answer that is no file, as a cut where asking again may help; else DataError."""
    error.close()
    if error.code == http.client.REQUESTED_RANGE_NOT_SATISFIABLE and part.exists():
        part.unlink()
        return CutError("what was downloaded earlier does not fit")
    if error.code in LATER:
        return CutError(f"HTTP {error.code} {error.reason}")
    ask = "; ask its owner for access, and set HF_TOKEN if it is on the hub" if error.code in FORBIDDEN else ""
    raise DataError(f"{url} answers HTTP {error.code} {error.reason}{ask}") from error


class Head(NamedTuple):
    """What a server tells of a file without sending it: its size, and a name for this version; None and "" if not."""

    size: int | None = None
    version: str = ""


def head(url: str, token: str = "") -> Head:
    request = _plain(url, token)
    request.method = "HEAD"
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as response:
            if response.headers.get_content_type() == "text/html":
                return Head()
            length = response.headers.get("Content-Length", "")
            return Head(int(length) if length.isdecimal() else None, _version(response.headers))
    except urllib.error.HTTPError as error:
        error.close()  # it holds the connection
        return Head()
    except (OSError, http.client.HTTPException):
        return Head()


def _transfer(url: str, part: Path, progress: Progress | None, token: str) -> Digests:
    with urllib.request.urlopen(_request(url, part, token), timeout=TIMEOUT_SECONDS) as response:
        resumed = response.status == http.client.PARTIAL_CONTENT
        if resumed and not _goes_on(response, part):
            part.unlink()
            raise CutError("another range came than was asked for")
        incoming = _received(response)
        first = next(incoming, b"")
        if response.headers.get_content_type() == "text/html" or (not resumed and _is_page(first)):
            raise DataError(f"{url} answers with a web page instead of a file")
        digests, done = (Digests.of(part), part.stat().st_size) if resumed else (Digests(), 0)
        length = response.headers.get("Content-Length")
        total = done + int(length) if length else None
        digests.version = _version(response.headers)
        _validator(part).write_text(digests.version)
        with part.open("ab" if resumed else "wb") as file:
            for piece in chain([first], incoming):
                file.write(piece)
                digests.add(piece)
                done += len(piece)
                if progress:
                    progress(done, total)
    if total is not None and done < total:
        raise CutError(f"{done:,} of {total:,} bytes")
    _validator(part).unlink()
    return digests


def _is_page(first: bytes) -> bool:
    """Whether a file begins as a web page does; error pages are not always labelled as such."""
    return first[:256].lstrip().lower().startswith((b"<!doctype html", b"<html"))


def _goes_on(response: http.client.HTTPResponse, part: Path) -> bool:
    told = response.headers.get("Content-Range", "")
    return not told or told.startswith(f"bytes {part.stat().st_size}-")


def _request(url: str, part: Path, token: str) -> urllib.request.Request:
    """For the rest of the file if it is still the one that the part is of: the server decides by its version."""
    request = _plain(url, token)
    version = _validator(part).read_text() if _validator(part).exists() else ""
    if version and part.exists() and part.stat().st_size:
        request.add_header("Range", f"bytes={part.stat().st_size}-")
        request.add_header("If-Range", version)
    return request


def _plain(url: str, token: str) -> urllib.request.Request:
    request = urllib.request.Request(url, headers={"User-Agent": "sailbench", "Accept-Encoding": "identity"})
    if token:
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    return request


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
