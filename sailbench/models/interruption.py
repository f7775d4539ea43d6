"""Ctrl-C as a request to finish: noted once, so that what is being answered is not lost; a second one ends at once."""

import signal
import threading
from types import FrameType


class Interruption:
    """True once Ctrl-C was pressed, or `note` was called; signals outside the main thread are left alone."""

    def __init__(self) -> None:
        self._came = False
        main = threading.current_thread() is threading.main_thread()
        self._ours = main and signal.getsignal(signal.SIGINT) is signal.default_int_handler

    def __bool__(self) -> bool:
        return self._came

    def __enter__(self) -> "Interruption":
        if self._ours:
            signal.signal(signal.SIGINT, self._pressed)
        return self

    def __exit__(self, *_: object) -> None:
        if self._ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)

    def note(self) -> None:
        self._came = True

    def _pressed(self, number: int, frame: FrameType | None) -> None:
        if self._came:
            signal.default_int_handler(number, frame)
        self._came = True
