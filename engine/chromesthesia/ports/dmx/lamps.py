"""From a picture and the signals to the channels of every lamp."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.records import UInt8
from chromesthesia.ports.dmx.colours import ChiefColours, MeanColours, linear_of
from chromesthesia.ports.dmx.flashes import FlashGate, Floats
from chromesthesia.ports.dmx.patch import CHANNELS, LETTERS, Patch
from chromesthesia.signals.table import Tap

_DARK = 1e-4
_LONGEST_STEP_S = 0.25
_WHITE = (1.0, 1.0, 1.0)


class Lamps:
    """The lamps of one patch, all in one table. One thread."""

    def __init__(self, patch: Patch, flash_limiter: bool = True) -> None:
        lights = patch.lights
        self._colours = np.array([light.colour or _WHITE for light in lights], np.float64)
        regions = [(index, light.region) for index, light in enumerate(lights) if light.region is not None]
        self._means = MeanColours([region for _, region in regions])
        self._of_regions = [index for index, _ in regions]
        self._chief = ChiefColours()
        palettes = [(index, light.palette) for index, light in enumerate(lights) if light.palette is not None]
        self._of_palette = [index for index, _ in palettes]
        self._in_palette = [place for _, place in palettes]
        # Until there is a picture, what shows it is dark.
        self._colours[self._of_regions + self._of_palette] = 0.0
        self._taps = tuple(dict.fromkeys(light.tap for light in lights if light.tap is not None))
        # The last of the levels is that of a lamp without a signal.
        self._tap_of = [
            len(self._taps) if light.tap is None else self._taps.index(light.tap) for light in lights
        ]
        self._low = np.array([light.low for light in lights])
        self._span = np.array([light.high - light.low for light in lights])
        self._tau_s = np.array([light.smoothing_s for light in lights])[:, None]
        self._gamma = np.array([light.gamma for light in lights])[:, None]
        self._dims = np.array(["d" in light.channels for light in lights])
        self._mixes = np.array([bool(set(light.channels) & set("rgb")) for light in lights])
        self._whitens = self._mixes & np.array(["w" in light.channels for light in lights])
        self._wiring = _Wiring(patch)
        self._smooth: Floats | None = None
        self._gate = FlashGate(len(lights)) if flash_limiter else None
        self._last_s = -math.inf

    @property
    def held(self) -> int:
        """Steps in which a lamp was held back for flashing."""
        return 0 if self._gate is None else self._gate.held

    def look(self, pixels: UInt8) -> None:
        """A new picture, sRGB uint8 [H, W, 3]; a small one will do."""
        linear = linear_of(pixels)
        if self._of_regions:
            self._colours[self._of_regions] = self._means.of(linear)
        if self._of_palette:
            self._colours[self._of_palette] = self._chief.step(linear)[self._in_palette]

    def step(self, now_s: float, level: Callable[[Tap], float]) -> dict[int, bytes]:
        """512 channels for every universe, by its number. level: the value of a signal in its source's range."""
        dt_s = min(max(now_s - self._last_s, 0.0), _LONGEST_STEP_S)
        self._last_s = now_s
        asked = self._asked(np.array([*(_share(tap, level(tap)) for tap in self._taps), 1.0]))
        if self._smooth is None:
            self._smooth = asked
        with np.errstate(divide="ignore", invalid="ignore"):
            follows = np.where(self._tau_s > 0.0, -np.expm1(-dt_s / self._tau_s), 1.0)
        self._smooth = self._smooth + (asked - self._smooth) * follows
        driven = np.clip(self._smooth, 0.0, 1.0) ** self._gamma
        if self._gate is not None:
            driven = self._gate.step(driven, now_s, dt_s)
        return self._wiring.channels(self._parts(driven))

    def black(self) -> dict[int, bytes]:
        """All lamps dark; what is fixed stays."""
        return self._wiring.channels(np.zeros((len(self._colours), len(LETTERS))))

    def _asked(self, levels: Floats) -> Floats:
        """Linear colours that the lamps are to show, 0..1, float64 [lights, 3]."""
        brightest = self._colours.max(axis=1)
        hue = np.where(brightest[:, None] > _DARK, self._colours / np.maximum(brightest, _DARK)[:, None], 1.0)
        brightness = np.clip(brightest * levels[self._tap_of], 0.0, 1.0)
        return np.asarray(hue * (self._low + self._span * brightness)[:, None])

    def _parts(self, driven: Floats) -> Floats:
        """What red, green, blue, white and the dimmer get for a lamp to show these colours, float64 [lights, 5]."""
        top = driven.max(axis=1)
        mixed = np.where(
            self._dims[:, None],
            np.where(top[:, None] > _DARK, driven / np.maximum(top, _DARK)[:, None], 1.0),
            driven,
        )
        white = np.where(self._whitens, mixed.min(axis=1), 0.0)
        mixed = mixed - white[:, None]
        # A lamp of one colour gets all the light there is.
        return np.column_stack((mixed, np.where(self._mixes, white, top), top))


class _Wiring:
    """Where each part of each lamp lies among the channels."""

    def __init__(self, patch: Patch) -> None:
        self._numbers = [universe.number for universe in patch.universes]
        self._template = np.zeros((len(self._numbers), CHANNELS), np.uint8)
        for fixed in patch.fixed:
            self._template[self._numbers.index(fixed.universe), fixed.address - 1] = fixed.value
        places: dict[int, list[tuple[int, int, int, int]]] = {8: [], 16: []}
        for index, light in enumerate(patch.lights):
            for order, letter in enumerate(light.channels):
                channel = light.address - 1 + order * light.bits // 8
                row = (self._numbers.index(light.universe), channel, index, LETTERS.index(letter))
                places[light.bits].append(row)
        self._plain, self._fine = (_columns(places[bits]) for bits in (8, 16))

    def channels(self, parts: Floats) -> dict[int, bytes]:
        """parts: 0..1, float64 [lights, letters]."""
        sent = self._template.copy()
        universe, channel, light, letter = self._plain
        sent[universe, channel] = np.rint(parts[light, letter] * 255.0).astype(np.uint8)
        universe, channel, light, letter = self._fine
        numbers = np.rint(parts[light, letter] * 65_535.0).astype(np.uint16)
        sent[universe, channel], sent[universe, channel + 1] = numbers >> 8, numbers & 255
        return {number: row.tobytes() for number, row in zip(self._numbers, sent, strict=True)}


def _columns(rows: list[tuple[int, int, int, int]]) -> NDArray[np.intp]:
    return np.array(rows, np.intp).reshape(-1, 4).T


def _share(tap: Tap, level: float) -> float:
    source = tap.source
    return (level - source.low) / (source.high - source.low)
