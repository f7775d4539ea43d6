"""A real Chromium, driven over its DevTools protocol through two pipes: no package, no port, no network."""

import json
import os
import shutil
import subprocess
import time
from collections import deque

NAMES = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
FLAGS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--hide-scrollbars"),
    *("--window-size=1280,900", "--remote-debugging-pipe"),
)


def executable():
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One tab. `requests` are the addresses it asked for, `complaints` what it logged as errors or warnings."""

    def __init__(self, profile):
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        self._process = subprocess.Popen(
            ["bash", "-c", 'exec "$@" 3<&"$IN" 4>&"$OUT"', "-", executable(), *FLAGS, f"--user-data-dir={profile}"],
            pass_fds=(theirs_in, theirs_out),
            env={**os.environ, "IN": str(theirs_in), "OUT": str(theirs_out)},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(theirs_in)
        os.close(theirs_out)
        self._rest, self._events, self._number = b"", deque(), 0
        self._session = None
        target = self.send("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.send(f"{domain}.enable")
        self.requests, self.complaints = [], []

    def send(self, method, **parameters):
        """One command and its answer; events that come in between are kept."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._out, json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            self._events.append(answer)
        assert "error" not in answer, answer
        return answer["result"]

    def _next(self):
        while b"\0" not in self._rest:
            piece = os.read(self._in, 1 << 20)
            assert piece, "the browser went away"
            self._rest += piece
        message, self._rest = self._rest.split(b"\0", 1)
        return json.loads(message)

    def open(self, address):
        """Load a page and wait until it says that it is ready."""
        self._events.clear()
        self.requests, self.complaints = [], []
        self.send("Page.navigate", url="about:blank")
        self.send("Page.navigate", url=address)
        self.wait("document.documentElement?.dataset.ready")

    def run(self, script):
        """The value of an expression in the page."""
        found = self.send("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def wait(self, script, seconds=10.0):
        end = time.monotonic() + seconds
        while not (value := self.run(script)):
            assert time.monotonic() < end, f"waited in vain for {script}"
            time.sleep(0.02)
        return value

    def press(self, key, code=0):
        for kind in ("keyDown", "keyUp"):
            text = {"text": key} if len(key) == 1 and kind == "keyDown" else {}
            self.send("Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **text)

    def listen(self):
        """Sort what happened since the page was opened into requests and complaints."""
        self.run("new Promise((done) => setTimeout(done, 50))")
        while self._events:
            event = self._events.popleft()
            own = event.get("params", {})
            if event["method"] == "Network.requestWillBeSent":
                self.requests.append(own["request"]["url"])
            elif event["method"] == "Runtime.exceptionThrown":
                self.complaints.append(own["exceptionDetails"])
            elif event["method"] == "Log.entryAdded" and own["entry"]["level"] in ("error", "warning"):
                self.complaints.append(own["entry"]["text"])
            elif event["method"] == "Runtime.consoleAPICalled" and own["type"] in ("error", "warning", "assert"):
                self.complaints.append(own["args"])

    def picture(self):
        import base64

        return base64.b64decode(self.send("Page.captureScreenshot")["data"])

    def close(self):
        self._session = None
        self.send("Browser.close")
        self._process.wait(timeout=20)
        os.close(self._in)
        os.close(self._out)
