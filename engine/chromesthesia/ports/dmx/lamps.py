"""From a picture and the signals to the channels of every lamp."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from chromesthesia.core.records import Float32, UInt8
from chromesthesia.ports.dmx.colours import ChiefColours, linear_of, mean_colour
from chromesthesia.ports.dmx.flashes import FlashGate, Floats
from chromesthesia.ports.dmx.patch import CHANNELS, Light, Patch
from chromesthesia.signals.table import Tap

_DARK = 1e-4
_LONGEST_STEP_S = 0.25


class Lamps:
    """The lamps of one patch. One thread."""

    def __init__(self, patch: Patch, flash_limiter: bool = True) -> None:
        self._patch = patch
        self._chief = ChiefColours()
        self._palette: Float32 = np.zeros((0, 3), np.float32)
        self._needs_palette = any(light.palette is not None for light in patch.lights)
        self._pictured: list[Float32] = [np.zeros(3, np.float32) for _ in patch.lights]
        self._smooth: Floats | None = None
        self._gate = FlashGate(len(patch.lights)) if flash_limiter else None
        self._last_s = -math.inf

    @property
    def held(self) -> int:
        """Steps in which a lamp was held back for flashing."""
        return 0 if self._gate is None else self._gate.held

    def look(self, pixels: UInt8) -> None:
        """A new picture, sRGB uint8 [H, W, 3]; a small one will do."""
        linear = linear_of(pixels)
        if self._needs_palette:
            self._palette = self._chief.step(linear)
        for index, light in enumerate(self._patch.lights):
            if light.region is not None:
                self._pictured[index] = mean_colour(linear, light.region)
            elif light.palette is not None:
                self._pictured[index] = self._palette[light.palette]

    def step(self, now_s: float, level: Callable[[Tap], float]) -> dict[int, bytes]:
        """512 channels for every universe, by its number. level: the value of a signal in its source's range."""
        dt_s = min(max(now_s - self._last_s, 0.0), _LONGEST_STEP_S)
        self._last_s = now_s
        asked = np.stack([self._asked(index, light, level) for index, light in enumerate(self._patch.lights)])
        if self._smooth is None:
            self._smooth = asked
        taus_s = np.array([light.smoothing_s for light in self._patch.lights])[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            share = np.where(taus_s > 0.0, -np.expm1(-dt_s / taus_s), 1.0)
        self._smooth = self._smooth + (asked - self._smooth) * share
        gammas = np.array([light.gamma for light in self._patch.lights])[:, None]
        driven = np.clip(self._smooth, 0.0, 1.0) ** gammas
        if self._gate is not None:
            driven = self._gate.step(driven, now_s, dt_s)
        return self._channels(driven)

    def black(self) -> dict[int, bytes]:
        """All lamps dark; what is fixed stays."""
        return self._channels(np.zeros((len(self._patch.lights), 3)))

    def _asked(self, index: int, light: Light, level: Callable[[Tap], float]) -> Floats:
        """Linear colour that the lamp is to show, 0..1 each."""
        if light.region is not None or light.palette is not None:
            colour = np.asarray(self._pictured[index], np.float64)
        else:
            colour = np.array(light.colour or (1.0, 1.0, 1.0))
        brightest = float(colour.max())
        hue = colour / brightest if brightest > _DARK else np.ones(3)
        brightness = brightest * (1.0 if light.tap is None else _share(light.tap, level(light.tap)))
        return np.asarray(hue * (light.low + (light.high - light.low) * min(max(brightness, 0.0), 1.0)))

    def _channels(self, driven: Floats) -> dict[int, bytes]:
        universes = {universe.number: bytearray(CHANNELS) for universe in self._patch.universes}
        for light, colour in zip(self._patch.lights, driven.tolist(), strict=True):
            channels = universes[light.universe]
            at = light.address - 1
            for value in _parts(light.channels, colour):
                if light.bits == 16:
                    number = round(value * 65_535)
                    channels[at : at + 2] = number.to_bytes(2, "big")
                    at += 2
                else:
                    channels[at] = round(value * 255)
                    at += 1
        for fixed in self._patch.fixed:
            universes[fixed.universe][fixed.address - 1] = fixed.value
        return {number: bytes(channels) for number, channels in universes.items()}


def _share(tap: Tap, level: float) -> float:
    source = tap.source
    return (level - source.low) / (source.high - source.low)


def _parts(channels: str, colour: list[float]) -> list[float]:
    """What each channel of a lamp gets for it to show `colour`, 0..1 each."""
    brightest = max(colour)
    values = dict(zip("rgb", colour, strict=True))
    if not set(channels) & set("rgb"):
        return [brightest] * len(channels)
    if "d" in channels:
        values = {letter: value / brightest if brightest > _DARK else 1.0 for letter, value in values.items()}
    white = min(values.values()) if "w" in channels else 0.0
    values = {letter: value - white for letter, value in values.items()}
    return [{**values, "w": white, "d": brightest}[letter] for letter in channels]
