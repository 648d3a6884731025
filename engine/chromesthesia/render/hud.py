"""The on-screen display: level, bands, valence and arousal, emotion, figures, names and one message line."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from chromesthesia.core.records import Heard, UInt8
from chromesthesia.core.user_files import one_line
from chromesthesia.render.inputs import HudInfo
from chromesthesia.signals.emotion import AROUSAL, PROBABILITIES, VALENCE
from chromesthesia.signals.features import BANDS, LOUDNESS
from chromesthesia.signals.history import History
from chromesthesia.signals.table import FIRST, SignalTable

_EVERY_S = 0.1
_SHOWN = SignalTable(signals=(VALENCE, AROUSAL))
_PANEL = (336, 88)  # at a picture height of 360
_MARGIN = 10
_MESSAGE_HEIGHT = 20
_STRIP = (104, 17)  # the warning by itself
_TRAIL = 24
_QUIETEST_DB = -60.0

Color = tuple[int, int, int, int]
_BACK: Color = (10, 11, 15, 204)
_SUNK: Color = (38, 39, 46, 216)
_FAINT: Color = (82, 84, 92, 220)
_TEXT: Color = (238, 238, 234, 255)
_DIM: Color = (188, 190, 196, 255)
_ALERT: Color = (255, 190, 92, 255)
_EMOTION_COLORS: tuple[Color, ...] = ((226, 72, 52, 255), (246, 190, 72, 255), (92, 140, 196, 255))


@dataclass(frozen=True, slots=True)
class HudPicture:
    """pixels: uint8 [height, width, 4], premultiplied alpha; left, top: place in the frame in pixels from its upper
    left corner; serial: grows with every repaint."""

    pixels: UInt8
    left: int
    top: int
    serial: int

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self.pixels.shape[1], self.pixels.shape[0]


class HudPainter:
    """Repaints ten times a second of show time, or when a name, the message or the picture size changes."""

    def __init__(self) -> None:
        self._picture: HudPicture | None = None
        self._painted_s = 0.0
        self._key: tuple[object, ...] = ()
        self._history = History(_TRAIL, _SHOWN)

    def paint(
        self, frame_size: tuple[int, int], time_s: float, heard: Heard | None, info: HudInfo
    ) -> HudPicture:
        """The display for a frame of `frame_size` (width, height)."""
        key = (
            frame_size,
            info.source,
            info.pack,
            info.preset,
            info.message,
            info.warning,
            info.panel,
            info.nearest,
            info.lights,
            info.beat,
        )
        if self._picture is not None and key == self._key and 0 <= time_s - self._painted_s < _EVERY_S:
            return self._picture
        self._key, self._painted_s = key, time_s
        if heard is not None and math.isfinite(VALENCE.read(heard) + AROUSAL.read(heard)):
            self._history.add({FIRST: heard})
        scale = max(0.5, min(frame_size[1] / 360, frame_size[0] / (_PANEL[0] + 2 * _MARGIN)))
        pen = _Pen(scale, frame_size)
        _draw_panel(pen, heard, info, self._trail())
        serial = 0 if self._picture is None else self._picture.serial + 1
        pixels = np.array(pen.image)
        alpha = pixels[:, :, 3:].astype(np.uint16)
        pixels[:, :, :3] = (pixels[:, :, :3] * alpha + 127) // 255
        top = max(0, frame_size[1] - pixels.shape[0] - round(_MARGIN * scale))
        self._picture = HudPicture(pixels, round(_MARGIN * scale), top, serial)
        return self._picture

    def state(self) -> dict[str, Any]:
        """What is shown and the way so far, as plain values; `restore` takes it."""
        picture = self._picture
        return {
            "history": self._history.state(),
            "painted_s": self._painted_s,
            "key": [list(self._key[0]), *self._key[1:]] if self._key else [],  # type: ignore[call-overload]
            "picture": None
            if picture is None
            else [picture.pixels, picture.left, picture.top, picture.serial],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from `state`. Raises ValueError for what is no display."""
        self._history.restore(state["history"])
        self._painted_s = float(state["painted_s"])
        key = state["key"]
        self._key = (tuple(key[0]), *key[1:]) if key else ()
        self._picture = None
        if state["picture"] is not None:
            pixels, left, top, serial = state["picture"]
            if not isinstance(pixels, np.ndarray) or pixels.ndim != 3 or pixels.shape[2] != 4:
                raise ValueError("what was shown is no display")
            self._picture = HudPicture(pixels, int(left), int(top), int(serial))

    def _trail(self) -> list[tuple[float, float]]:
        ways = [self._history.last(signal.address()).tolist() for signal in (VALENCE, AROUSAL)]
        return list(zip(*ways, strict=True))


class _Pen:
    """Draws in units of the 360-line layout."""

    def __init__(self, scale: float, frame_size: tuple[int, int]) -> None:
        self._k = scale
        width = min(round(_PANEL[0] * scale), frame_size[0])
        height = min(round((_PANEL[1] + _MESSAGE_HEIGHT) * scale), frame_size[1])
        self.image = Image.new("RGBA", (width, height), (0, 0, 0, 0))
        self._draw = ImageDraw.Draw(self.image)
        self._fonts: dict[float, ImageFont.FreeTypeFont | ImageFont.ImageFont] = {}

    def box(self, x: float, y: float, w: float, h: float, color: Color, radius: float = 0.0) -> None:
        k = self._k
        if w * k < 1 or h * k < 1:
            return
        corners = (round(x * k), round(y * k), round((x + w) * k) - 1, round((y + h) * k) - 1)
        self._draw.rounded_rectangle(corners, radius=radius * k, fill=color)

    def line(self, points: list[tuple[float, float]], color: Color, width: float = 1.0) -> None:
        k = self._k
        self._draw.line([(x * k, y * k) for x, y in points], fill=color, width=max(1, round(width * k)))

    def dot(self, x: float, y: float, radius: float, color: Color) -> None:
        k = self._k
        self._draw.ellipse(
            ((x - radius) * k, (y - radius) * k, (x + radius) * k, (y + radius) * k), fill=color
        )

    def text(
        self,
        x: float,
        y: float,
        text: str,
        color: Color,
        size: float = 9.0,
        anchor: str = "la",
        room: float = 0.0,
    ) -> None:
        """One line of any text. room: width in which it must fit; it is cut with an ellipsis."""
        text = one_line(text)
        if size not in self._fonts:
            self._fonts[size] = ImageFont.load_default(size * self._k)
        font = self._fonts[size]
        if room > 0.0 and self._draw.textlength(text, font=font) > room * self._k:
            while text and self._draw.textlength(text + "…", font=font) > room * self._k:
                text = text[:-1]
            text += "…"
        self._draw.text((x * self._k, y * self._k), text, fill=color, font=font, anchor=anchor)


def _draw_panel(pen: _Pen, heard: Heard | None, info: HudInfo, points: list[tuple[float, float]]) -> None:
    if line := info.message or " · ".join(filter(None, (info.beat, info.lights, info.nearest))):
        pen.box(0, 0, _PANEL[0], _MESSAGE_HEIGHT - 3, _BACK, 3)
        pen.text(8, 8.5, line, _ALERT if info.message else _DIM, 9.5, "lm", room=_PANEL[0] - 16)
    top = _MESSAGE_HEIGHT
    if not info.panel:
        pen.box(0, top + _PANEL[1] - _STRIP[1], *_STRIP, _BACK, 3)
        pen.text(8, top + _PANEL[1] - _STRIP[1] / 2, info.warning, _ALERT, 9.5, "lm", room=_STRIP[0] - 16)
        return
    pen.box(0, top, *_PANEL, _BACK, 5)
    _draw_square(pen, 10, top + 10, 68, points)
    _draw_emotions(pen, 92, top + 10, heard)
    _draw_sound(pen, 92, top + 53, heard)
    x, room = 206, _PANEL[0] - 206 - 10
    pen.text(x, top + 9, info.preset or "-", _TEXT, 13, room=room)
    pen.text(x, top + 29, f"{info.fps:.0f} fps", _TEXT, 9)
    pen.text(x + room, top + 29, f"{info.latency_ms:.0f} ms", _TEXT, 9, "ra")
    pen.text(x, top + 44, info.source, _DIM, 9.2, room=room)
    pen.text(x, top + 57, info.pack, _DIM, 9.2, room=room)
    alerts = [info.warning, f"{info.overruns} overruns" if info.overruns else ""]
    pen.text(x, top + 70, " · ".join(filter(None, alerts)), _ALERT, 9.5, room=room)


def _draw_square(pen: _Pen, x: float, y: float, side: float, points: list[tuple[float, float]]) -> None:
    """Valence to the right, arousal upwards, with the way of the last seconds."""
    pen.box(x, y, side, side, _SUNK, 2)
    middle = side / 2
    pen.line([(x + middle, y), (x + middle, y + side)], _FAINT, 0.6)
    pen.line([(x, y + middle), (x + side, y + middle)], _FAINT, 0.6)
    places = [(x + middle + v * middle * 0.94, y + middle - a * middle * 0.94) for v, a in points]
    for age, (one, two) in enumerate(pairwise(places)):
        bright = (age + 1) / len(places)
        pen.line(
            [one, two],
            (round(70 + 170 * bright), round(66 + 130 * bright), round(60 + 60 * bright), 255),
            1.2,
        )
    if places:
        pen.dot(*places[-1], 3.4, (255, 236, 196, 255))


def _draw_emotions(pen: _Pen, x: float, y: float, heard: Heard | None) -> None:
    for row, (signal, color) in enumerate(zip(PROBABILITIES, _EMOTION_COLORS, strict=True)):
        # In this order of min and max a figure that is no number counts as 0.
        share = signal.read(heard) if heard is not None else 0.0
        name = signal.path.rpartition("/")[2]
        line = y + 13 * row
        pen.text(x, line + 4.5, name, _DIM, 9.2, "lm")
        pen.box(x + 34, line + 2, 66, 5, _FAINT, 2)
        pen.box(x + 34, line + 2, 66 * min(1.0, max(0.0, share)), 5, color, 2)


def _draw_sound(pen: _Pen, x: float, y: float, heard: Heard | None) -> None:
    bands = [signal.read(heard) if heard is not None else 0.0 for signal in BANDS]
    level_db = LOUDNESS.read(heard) if heard is not None else _QUIETEST_DB
    width = 100 / len(bands)
    for index, band in enumerate(bands):
        tall = max(1.2, 16 * float(np.clip(band, 0.0, 1.0)))
        pen.box(x + index * width, y + 16 - tall, width - 2, tall, _TEXT, 1)
    pen.box(x, y + 20, 98, 4, _FAINT, 1.5)
    share = min(1.0, max(0.0, 1.0 - level_db / _QUIETEST_DB))
    pen.box(x, y + 20, 98 * share, 4, _ALERT if level_db > -3.0 else (150, 206, 160, 255), 1.5)
