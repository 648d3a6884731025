"""Starter patches for Pure Data (vanilla objects) and Max: a few faders both ways, buttons, and what is heard."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from tools.layouts.controls import ENGINE_HOST, ENGINE_PORT, PARTNER_PORT

from chromesthesia.params.actions import PRESET_NEXT, PRESET_PREVIOUS, SAFE
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.declaration import Param

FADERS = 8
METERS = 4
RENEW_MS = 30_000
BUTTONS = (PRESET_PREVIOUS, PRESET_NEXT, SAFE)


def starters(params: Sequence[Param] = PARAMETERS) -> tuple[list[Param], list[Param]]:
    """Faders for how much of each effect there is, and meters for what is heard, in the order of the tree."""
    faders = [
        param
        for param in params
        if param.writable and param.routable and param.path.endswith(("/amount", "/speed"))
    ]
    more = [param for param in params if param.writable and param.routable and param not in faders]
    heard = [
        param
        for param in params
        if not param.writable and param.is_float and param.path.startswith("/emotion/")
    ]
    return (faders + more)[:FADERS], heard[:METERS]


class Pd:
    """Objects and wires of a Pure Data patch."""

    def __init__(self) -> None:
        self._objects: list[str] = []
        self._wires: list[str] = []

    def add(self, kind: str, x: int, y: int, text: str) -> int:
        """One object; its number."""
        self._objects.append(f"#X {kind} {x} {y} {text};")
        return len(self._objects) - 1

    def wire(self, source: int, target: int, outlet: int = 0, inlet: int = 0) -> None:
        """From an outlet to an inlet."""
        self._wires.append(f"#X connect {source} {outlet} {target} {inlet};")

    def text(self) -> bytes:
        """The file."""
        return "\n".join(["#N canvas 40 40 1080 620 12;", *self._objects, *self._wires, ""]).encode()


def pure_data() -> bytes:
    """The patch: what is sent to a fader's name moves it; each value heard goes to a name of its own."""
    faders, heard = starters()
    pd = Pd()
    pd.add(
        "text", 20, 10, f"Chromesthesia: faders move it \\, and follow it. OSC to {ENGINE_HOST} {ENGINE_PORT}"
    )
    loadbang = pd.add("obj", 20, 500, "loadbang")
    order = pd.add("obj", 20, 525, "t b b")
    connect = pd.add("msg", 120, 550, f"connect {ENGINE_HOST} {ENGINE_PORT}")
    metro = pd.add("obj", 20, 550, f"metro {RENEW_MS}")
    start = pd.add("msg", 60, 525, "1")
    subscribe = pd.add("obj", 20, 575, "oscformat osc subscribe")
    send = pd.add("obj", 300, 550, "list prepend send")
    trim = pd.add("obj", 300, 575, "list trim")
    net = pd.add("obj", 300, 600, "netsend -u -b")
    parse = pd.add("obj", 450, 550, "oscparse")
    flat = pd.add("obj", 450, 575, "list trim")
    pd.wire(loadbang, order)
    pd.wire(order, connect, 1)
    pd.wire(order, start, 0)
    pd.wire(start, metro)
    pd.wire(metro, subscribe)
    for source, target in ((subscribe, send), (send, trim), (trim, net), (connect, net), (parse, flat)):
        pd.wire(source, target)
    pd.wire(net, parse, 1)
    for number, param in enumerate(faders):
        y = 45 + number * 50
        name = _symbol(param)
        fader = pd.add(
            "obj",
            20,
            y,
            f"hsl 220 18 {param.low:g} {param.high:g} 0 0 {name}-moved {name} {_words(param)} "
            "4 -8 0 10 -262144 -1 -1 0 1",
        )
        out = pd.add("obj", 260, y, f"oscformat -f f {' '.join(_parts(param))}")
        pd.wire(fader, out)
        pd.wire(out, send)
        back = pd.add("msg", 560, y, "set \\$1")
        found = _follow(pd, flat, param, 600, y)
        told = pd.add("obj", 900, y, f"s {name}-heard")
        pd.wire(found, back)
        pd.wire(found, told)
        pd.wire(back, fader)
    for number, action in enumerate(BUTTONS):
        x = 20 + 240 * number
        name = "-".join(action.path.split("/")[1:])
        bang = pd.add("obj", x, 455, f"bng 22 250 50 0 {name}-pressed {name} {name} 28 11 0 12 -262144 -1 -1")
        out = pd.add("obj", x + 110, 455, f"oscformat {' '.join(action.path.split('/')[1:])}")
        pd.wire(bang, out)
        pd.wire(out, send)
    for number, param in enumerate(heard):
        x = 560 + 125 * number
        shown = pd.add("floatatom", x, 575, f"8 0 0 0 {_words(param)} - - 12")
        told = pd.add("obj", x, 600, f"s {_symbol(param)}")
        found = _follow(pd, flat, param, x, 490)
        pd.wire(found, shown)
        pd.wire(found, told)
    return pd.text()


def _follow(pd: Pd, source: int, param: Param, x: int, y: int) -> int:
    """One `route` for each part of the address; the number of the last."""
    for number, part in enumerate(_parts(param)):
        found = pd.add("obj", x + 30 + 70 * number, y + 16 * (number % 2), f"route {part}")
        pd.wire(source, found)
        source = found
    return source


def _parts(param: Param) -> list[str]:
    return param.path.split("/")[1:]


def _symbol(param: Param) -> str:
    return "-".join(_parts(param))


def _words(param: Param) -> str:
    return "_".join(_parts(param)[1:])


Box = dict[str, Any]


class Max:
    """Boxes and lines of a Max patch."""

    def __init__(self) -> None:
        self._boxes: list[Box] = []
        self._lines: list[Box] = []

    def add(self, maxclass: str, x: int, y: int, width: int, inlets: int, outlets: int, **more: Any) -> str:
        """One box; its id."""
        box = {
            "id": f"obj-{len(self._boxes) + 1}",
            "maxclass": maxclass,
            "numinlets": inlets,
            "numoutlets": outlets,
            "outlettype": [""] * outlets,
            "patching_rect": [float(x), float(y), float(width), 22.0],
        }
        self._boxes.append({"box": box | more})
        return str(box["id"])

    def wire(self, source: str, target: str, outlet: int = 0, inlet: int = 0) -> None:
        """From an outlet to an inlet."""
        self._lines.append({"patchline": {"source": [source, outlet], "destination": [target, inlet]}})

    def text(self) -> bytes:
        """The file."""
        patcher = {
            "fileversion": 1,
            "appversion": {"major": 8, "minor": 0, "revision": 0, "architecture": "x64", "modernui": 1},
            "classnamespace": "box",
            "rect": [60.0, 90.0, 1100.0, 640.0],
            "boxes": self._boxes,
            "lines": self._lines,
        }
        return (json.dumps({"patcher": patcher}, indent=1) + "\n").encode()


def max_patch() -> bytes:
    """The patch. Faders follow through `set`, which gives nothing out, so nothing goes round."""
    faders, heard = starters()
    patch = Max()
    title = f"Chromesthesia: OSC to {ENGINE_HOST}:{ENGINE_PORT}, heard at {PARTNER_PORT}"
    patch.add("comment", 20, 10, 500, 1, 0, text=title)
    send = patch.add("newobj", 20, 580, 200, 1, 0, text=f"udpsend {ENGINE_HOST} {ENGINE_PORT}")
    receive = patch.add("newobj", 560, 20, 130, 1, 1, text=f"udpreceive {PARTNER_PORT}")
    shown = [*faders, *heard]
    routed = " ".join(param.path for param in shown)
    outlets = len(shown) + 1
    route = patch.add("newobj", 560, 50, 500, 1, outlets, text=f"route {routed}")
    patch.wire(receive, route)
    for number, param in enumerate(faders):
        y = 50 + 50 * number
        assert param.low is not None
        assert param.high is not None
        fader = patch.add(
            "slider",
            20,
            y,
            200,
            1,
            1,
            floatoutput=1,
            min=param.low,
            size=param.high - param.low,
            orientation=1,
        )
        out = patch.add("newobj", 240, y, 260, 1, 1, text=f"prepend {param.path}")
        back = patch.add("newobj", 560, y + 50, 80, 1, 1, text="prepend set")
        patch.wire(fader, out)
        patch.wire(out, send)
        patch.wire(route, back, number)
        patch.wire(back, fader)
    for number, action in enumerate(BUTTONS):
        press = patch.add("message", 20 + 160 * number, 500, 140, 2, 1, text=f"{action.path} 1")
        patch.wire(press, send)
    for number, param in enumerate(heard):
        x = 700 + 95 * number
        patch.add("comment", x, 470, 90, 1, 0, text=_words(param))
        shown_box = patch.add("flonum", x, 500, 80, 1, 2)
        patch.wire(route, shown_box, len(faders) + number)
    return patch.text()
