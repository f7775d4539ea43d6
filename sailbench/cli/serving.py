"""`sailbench serve`: a model behind an OpenAI-compatible endpoint."""

import argparse
import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

from sailbench.cli.frame import DONE, INTERRUPTED, command, positive, say
from sailbench.errors import UsageError

if TYPE_CHECKING:
    from types import FrameType

    from sailbench.cli.frame import Commands
    from sailbench.models.engines import Choice
    from sailbench.serve import Rules

# The service is to be started anew by whatever keeps it up: half of it restarted inside would hide that it fails.
FAILED = 1
WATCH_SECONDS = 0.5
LOOPBACK = ("127.0.0.1", "localhost", "::1")


def add_serve(commands: "Commands") -> None:
    example = "sailbench serve --model sailvl2-2b --port 8000"
    p = command(commands, "serve", "answer OpenAI-compatible chat completions with a model", example)
    p.set_defaults(command=serve)
    p.add_argument("--model", required=True, metavar="M", help="a name from `sailbench models`, a folder, or a hub id")
    p.add_argument("--name", metavar="NAME", help="what clients call the model (default: from --model)")
    p.add_argument("--device", default="auto", help="cpu, cuda, cuda:1 (default: cuda where there is one)")
    p.add_argument("--dtype", choices=("auto", "float32", "bfloat16"), default="auto", help="default: bfloat16 on cuda")
    p.add_argument("--engine", default="torch", metavar="E", help="torch (default), hf, lmdeploy or vllm")
    p.add_argument("--tensor-parallel", type=positive, default=1, metavar="N", help="GPUs a model, lmdeploy and vllm")
    p.add_argument("--workers", type=positive, metavar="N", help="engines side by side (default: one a GPU or core)")
    p.add_argument("--offline", action="store_true", help="never touch the network for weights")
    p.add_argument("--host", default="127.0.0.1", help="where to listen (default 127.0.0.1: this machine only)")
    p.add_argument("--port", type=int, default=8000, help="0 for a free one (default 8000)")
    p.add_argument(
        "--api-key-env", metavar="NAME", help="the environment variable that holds the key clients must send"
    )
    p.add_argument("--concurrency", type=positive, default=64, metavar="N", help="requests on their way (default 64)")
    p.add_argument("--max-images", type=positive, default=64, metavar="N", help="images of a request (default 64)")
    p.add_argument("--max-mb", type=positive, default=128, metavar="N", help="megabytes of a request (default 128)")
    p.add_argument("--max-tokens", type=positive, metavar="N", help="answer length where a client names none")
    p.add_argument("--thinking", action=argparse.BooleanOptionalAction, help="ask for reasoning (default: the model's)")
    p.add_argument("--allow-urls", action="store_true", help="fetch images that clients give as http addresses")


def serve(arguments: argparse.Namespace) -> int:
    from sailbench.models import engines
    from sailbench.serve import Feed, Server

    choice = engines.Choice(
        arguments.model,
        arguments.name,
        arguments.device,
        arguments.dtype,
        arguments.offline,
        engine=arguments.engine,
        tensor_parallel=arguments.tensor_parallel,
        workers=arguments.workers,
    )
    key = _key(arguments.api_key_env)
    engines.check(choice)
    model = engines.load(choice)
    feed = Feed(model)
    try:
        server = Server((arguments.host, arguments.port), feed, _rules(arguments, choice, model.name), key)
    except OSError as error:
        raise UsageError(f"cannot listen at {arguments.host}:{arguments.port}: {error.strerror or error}") from None
    stop = _stop_on_signals()
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    print(f"{server.rules.model} is served at {server.url}; Ctrl-C ends it when what was asked is answered", flush=True)
    if arguments.host not in LOOPBACK and not key:
        print("sailbench: whoever reaches this address can ask; --api-key-env asks for a key", file=sys.stderr)
    while not stop.wait(WATCH_SECONDS) and not feed.failure:
        pass
    failure = feed.failure
    server.stop()
    print(f"{server.counter.answered} requests answered, {server.counter.refused} refused")
    if failure:
        say(f"sailbench: {failure}; start the server anew", file=sys.stderr)
    return FAILED if failure else DONE


def _key(variable: str | None) -> str:
    if variable is None:
        return ""
    key = os.environ.get(variable, "")
    if not key:
        raise UsageError(f"the environment variable {variable} holds no key")
    return key


def _rules(arguments: argparse.Namespace, choice: "Choice", name: str) -> "Rules":
    from sailbench.models import engines
    from sailbench.models.catalogue import DIRECT_TOKENS, THINKING_TOKENS
    from sailbench.serve import Limits, Rules

    thinking = bool(engines.thinks(choice) if arguments.thinking is None else arguments.thinking)
    limits = Limits(
        images=arguments.max_images,
        megabytes=arguments.max_mb,
        concurrency=arguments.concurrency,
        allow_urls=arguments.allow_urls,
    )
    usual = THINKING_TOKENS if thinking else DIRECT_TOKENS
    return Rules(model=name, max_tokens=arguments.max_tokens or usual, thinking=thinking, limits=limits)


def _stop_on_signals() -> threading.Event:
    """Set by the first SIGTERM or Ctrl-C; a second one ends the process at once, whatever is being answered."""
    stop = threading.Event()

    def note(number: int, frame: "FrameType | None") -> None:
        if stop.is_set():
            os._exit(INTERRUPTED)
        stop.set()

    signal.signal(signal.SIGTERM, note)
    signal.signal(signal.SIGINT, note)
    return stop
