"""The network: whether the hub answers, whether a token is there, and what a model's or judge's server says.

Every question has a short limit. Keys and tokens go into a header of the server they are for, and into no text.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from sailbench.doctor.finding import Finding

if TYPE_CHECKING:
    import httpx

SECONDS = 4.0
ACCEPTED, REFUSED = 200, (401, 403)
# Public servers that answer nobody without a key.
KEYED = ("api.openai.com",)


@dataclass(frozen=True, slots=True)
class Hub:
    """Where the hub is, the token for it, and whether it may be asked."""

    url: str
    token: str = field(default="", repr=False)
    offline: bool = False

    @classmethod
    def of(cls, environ: Mapping[str, str], offline: bool = False) -> "Hub":
        """As the hub's own library reads the environment; a token may also lie in its file."""
        url = (environ.get("HF_ENDPOINT") or "https://huggingface.co").rstrip("/")
        closed = environ.get("HF_HUB_OFFLINE", "").upper() in ("1", "ON", "YES", "TRUE")
        named = environ.get("HF_TOKEN") or environ.get("HUGGING_FACE_HUB_TOKEN")
        return cls(url, (named or _kept(environ)).strip(), offline or closed)

    def access(self, repo: str, kind: str = "datasets") -> int:
        """The status that a repository's files would be refused or given with; 0 when nobody answers."""
        return ask(f"{self.url}/api/{kind}/{repo}/auth-check", self.token)[0]


def _kept(environ: Mapping[str, str]) -> str:
    try:
        return (
            Path(environ.get("HF_TOKEN_PATH") or hub_home(environ) / "token").expanduser().read_text(encoding="utf-8")
        )
    except (OSError, UnicodeDecodeError):
        return ""


def hub_home(environ: Mapping[str, str]) -> Path:
    """Where the hub's library keeps what it fetches."""
    cache = environ.get("XDG_CACHE_HOME")
    named = environ.get("HF_HOME")
    return Path(named).expanduser() if named else Path(cache or Path.home() / ".cache").expanduser() / "huggingface"


def ask(url: str, key: str = "", method: str = "GET") -> tuple[int, "httpx.Response | None", str]:
    """The status (0: no answer), the answer, and why there is none."""
    import httpx

    headers = {"Authorization": f"Bearer {key}"} if key else {}
    try:
        reply = httpx.request(method, url, headers=headers, timeout=SECONDS, follow_redirects=False)
    except (httpx.HTTPError, httpx.InvalidURL, ValueError, ImportError) as error:  # a proxy's settings may be wrong too
        return 0, None, type(error).__name__
    return reply.status_code, reply, ""


def given(url: str) -> bool:
    """Whether a file could be downloaded; only its head is asked for."""
    return ask(url, method="HEAD")[0] in range(200, 400)


def place(url: str) -> str:
    """An address without a password that someone wrote into it, and without its query."""
    own = urlsplit(url)
    return f"{own.scheme}://{own.netloc.rpartition('@')[2]}{own.path}"


def reach(hub: Hub) -> Finding:
    if hub.offline:
        return Finding("network", "skip", "not asked for: --offline, or HF_HUB_OFFLINE is set")
    status, _, why = ask(f"{hub.url}/api/datasets?limit=1")
    if status == 0:
        todo = (
            "set HTTPS_PROXY or HF_ENDPOINT if this network needs them, or carry data over with `sailbench data pack`"
        )
        return Finding("network", "warn", f"{place(hub.url)} cannot be reached ({why})", todo)
    if status >= 500:
        return Finding("network", "warn", f"{place(hub.url)} answers with status {status}", "try again later")
    return Finding("network", "ok", f"{place(hub.url)} answers")


def token(hub: Hub) -> Finding:
    """Whether there is one, and whether the hub takes it; never what it is."""
    if not hub.token:
        return Finding(
            "hub token", "ok", "none; only gated data sets and models need one (`hf auth login`, or HF_TOKEN)"
        )
    if hub.offline:
        return Finding("hub token", "ok", "there is one; not tried")
    status, _, _ = ask(f"{hub.url}/api/whoami-v2", hub.token)
    if status in REFUSED:
        return Finding("hub token", "warn", "there is one, but the hub refuses it", "log in anew with `hf auth login`")
    return Finding(
        "hub token", "ok", "there is one" + (", and the hub takes it" if status == ACCEPTED else "; not tried")
    )


@dataclass(frozen=True, slots=True)
class Server:
    """An OpenAI-compatible server: what it is for, the model asked of it, and where its key was looked for."""

    check: str
    url: str
    model: str
    key: str = field(default="", repr=False)
    variables: str = "SAILBENCH_API_KEY or OPENAI_API_KEY"


def served(server: Server, offline: bool) -> Finding:
    """Whether the server answers, takes the key and has the model; no model is asked anything, so it costs nothing."""
    where = f"{server.model} at {place(server.url)}"
    local = urlsplit(server.url).hostname in ("127.0.0.1", "localhost", "::1")
    if not server.key and urlsplit(server.url).hostname in KEYED:
        return Finding(server.check, "fail", f"{where} needs a key, and there is none", f"set {server.variables}")
    if offline and not local:
        return Finding(server.check, "skip", f"{where}: not asked, --offline")
    status, reply, why = ask(f"{server.url.rstrip('/')}/models", server.key)
    if status == 0:
        return Finding(
            server.check, "fail", f"{where} cannot be reached ({why})", "is it started, and is the URL right?"
        )
    if status in REFUSED:
        return Finding(server.check, "fail", f"{where}: the key is refused ({status})", f"look at {server.variables}")
    names = _names(reply)
    if status != ACCEPTED or not names:
        return Finding(server.check, "warn", f"{where} answers, but lists no models ({status})", "the URL ends in /v1?")
    if server.model not in names:
        todo = f"it has {', '.join(sorted(names)[:5])}"
        return Finding(server.check, "warn", f"{place(server.url)} does not list {server.model}", todo)
    return Finding(server.check, "ok", f"{where} answers")


def _names(reply: "httpx.Response | None") -> list[str]:
    try:
        return [str(one["id"]) for one in reply.json()["data"]] if reply is not None else []
    except (ValueError, KeyError, TypeError, AttributeError):
        return []
