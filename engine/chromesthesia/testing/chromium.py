"""Chromium without a window, driven over its DevTools protocol: as much as tests and pictures of the panel need."""

from __future__ import annotations

import base64
import json
import queue
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
PATIENCE_S = 60.0
LOOK_S = 0.02
LARGEST_MESSAGE = 64 * 1024 * 1024
KEYS = {
    "Tab": 9,
    "Enter": 13,
    "Escape": 27,
    "Home": 36,
    " ": 32,
    "ArrowLeft": 37,
    "ArrowUp": 38,
    "ArrowRight": 39,
    "ArrowDown": 40,
}


class Page:
    """One page. Anything that the page logs as an error, or throws, is in `errors`."""

    def __init__(self, socket: ClientConnection) -> None:
        self.errors: list[str] = []
        self._socket = socket
        self._number = 0
        self._answers: queue.Queue[dict[str, Any]] = queue.Queue()
        self._events: queue.Queue[dict[str, Any]] = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.do(f"{domain}.enable")

    def _read(self) -> None:
        try:
            for text in self._socket:
                message = json.loads(text)
                if "id" in message:
                    self._answers.put(message)
                elif message["method"] == "Runtime.exceptionThrown":
                    details = message["params"]["exceptionDetails"]
                    self.errors.append(details.get("exception", {}).get("description") or details["text"])
                elif message["method"] == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
                    entry = message["params"]["entry"]
                    self.errors.append(f"{entry['text']} {entry.get('url', '')}")
                elif message["method"] == "Runtime.consoleAPICalled" and message["params"]["type"] in (
                    "error",
                    "assert",
                ):
                    self.errors.append(str([each.get("value") for each in message["params"]["args"]]))
        except ConnectionClosed:
            return

    def do(self, method: str, **params: object) -> Any:
        """One command of the protocol, and its answer."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": params}))
        while True:
            answer = self._answers.get(timeout=PATIENCE_S)
            if answer["id"] == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]

    def run(self, script: str) -> Any:
        """The value of an expression in the page; a promise is waited for."""
        told = self.do(
            "Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True, userGesture=True
        )
        if "exceptionDetails" in told:
            details = told["exceptionDetails"]
            raise RuntimeError(details.get("exception", {}).get("description") or details["text"])
        return told["result"].get("value")

    def until(self, script: str, what: Callable[[Any], bool] = bool) -> Any:
        """The value of an expression once `what` holds for it. Raises TimeoutError when it never does."""
        end_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                value = self.run(script)
            except RuntimeError as error:  # the page is being loaded
                value = str(error) if time.monotonic() > end_s else None
            if what(value) and not isinstance(value, RuntimeError):
                return value
            if time.monotonic() > end_s:
                raise TimeoutError(f"{script} stayed {value!r}; errors of the page: {self.errors}")
            time.sleep(LOOK_S)

    def open(self, url: str) -> None:
        """Go to `url`; whether it has come is asked with `until`."""
        self.do("Page.navigate", url=url)

    def size(self, width: int, height: int, phone: bool = False, scale: float = 1.0) -> None:
        """Width and height in CSS pixels, and the pixels of the screen to each."""
        self.do(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=scale,
            mobile=phone,
        )
        self.do("Emulation.setTouchEmulationEnabled", enabled=phone)

    def media(self, scheme: str = "dark", motion: str = "no-preference") -> None:
        """What the system prefers."""
        self.do("Emulation.setEmulatedMedia", features=[
            {"name": "prefers-color-scheme", "value": scheme}, {"name": "prefers-reduced-motion", "value": motion},
        ])  # fmt: skip

    def press(self, key: str, shift: bool = False) -> None:
        """Press a key and let it go, as a hand does."""
        text = "\r" if key == "Enter" else key if len(key) == 1 else ""
        common = {
            "key": key,
            "windowsVirtualKeyCode": KEYS.get(key, ord(key[0].upper())),
            "modifiers": 8 if shift else 0,
        }
        self.do("Input.dispatchKeyEvent", type="keyDown" if text else "rawKeyDown", text=text, **common)
        self.do("Input.dispatchKeyEvent", type="keyUp", **common)

    def write(self, text: str) -> None:
        """Put a text in where the focus is."""
        self.do("Input.insertText", text=text)

    def click(self, selector: str) -> None:
        """Press the middle of the first such element with the mouse."""
        x, y = self.run(
            f"(() => {{ const e = document.querySelector({json.dumps(selector)});"
            " e.scrollIntoView({block: 'center', behavior: 'instant'}); const b = e.getBoundingClientRect();"
            " return [b.x + b.width / 2, b.y + b.height / 2]; })()"
        )
        self.mouse(x, y)

    def mouse(self, x: float, y: float) -> None:
        """One click of the left button, in CSS pixels of the view."""
        for kind in ("mousePressed", "mouseReleased"):
            self.do("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def picture(self) -> bytes:
        """What is in view, as PNG."""
        return base64.b64decode(self.do("Page.captureScreenshot", format="png")["data"])


@contextmanager
def chromium() -> Iterator[Page]:
    """One page of a browser of its own, with nothing kept. Raises FileNotFoundError where there is none."""
    program = next(filter(None, map(shutil.which, PROGRAMS)), None)
    if program is None:
        raise FileNotFoundError(f"none of {', '.join(PROGRAMS)}")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        arguments = (
            "--headless=new --no-sandbox --disable-gpu --disable-dev-shm-usage --no-first-run --mute-audio"
            " --disable-background-networking --disable-component-update --remote-debugging-port=0 --hide-scrollbars"
        )
        process = subprocess.Popen(
            [program, *arguments.split(), f"--user-data-dir={folder}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            with connect(
                _address(Path(folder), process), max_size=LARGEST_MESSAGE, compression=None
            ) as socket:
                yield Page(socket)
        finally:
            process.terminate()
            try:
                process.wait(PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _address(folder: Path, process: subprocess.Popen[bytes]) -> str:
    """Where the page's DevTools listen, once they do."""
    end_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < end_s and process.poll() is None:
        try:
            port = int((folder / "DevToolsActivePort").read_text().split()[0])
            with urlopen(f"http://127.0.0.1:{port}/json/list", timeout=PATIENCE_S) as answer:
                for target in json.load(answer):
                    if target["type"] == "page":
                        return str(target["webSocketDebuggerUrl"])
        except (OSError, ValueError, IndexError):
            pass
        time.sleep(LOOK_S)
    raise TimeoutError("Chromium did not open its DevTools")
