"""One ISF shader that is being shown: its time, its inputs now, its sounds and pictures as textures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import pairwise

import moderngl
import numpy as np

from chromesthesia.core.records import Float32, Heard
from chromesthesia.isf.glsl import glsl_name
from chromesthesia.isf.header import AUDIO, FFT, IsfInput
from chromesthesia.isf.inputs import FIRES_AT, values_of
from chromesthesia.isf.shader import IsfShader
from chromesthesia.params.declaration import Value
from chromesthesia.render.graph import Size
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.look_graph import Frame, Uniforms
from chromesthesia.render.shaders import UniformValue

AGE_S = 21_600.0
"""`TIME` begins at 0 again after six hours: a float of a shader would move in steps that are seen."""
WAVE_SAMPLES = 768
"""Of the sound a texture holds, the newest last, where a shader does not ask for fewer."""
FFT_BINS = 512
QUIETEST_DB, LOUDEST_DB = -90.0, -10.0
"""Levels that `audioFFT` tells as 0 and 1."""
_SILENT_POWER = 1e-12


class Playing:
    """Use from the thread that owns the context. fragment, vertex: names of its shaders in the library."""

    def __init__(self, ctx: moderngl.Context, shader: IsfShader, fragment: str, vertex: str) -> None:
        self.shader = shader
        self.fragment, self.vertex = fragment, vertex
        self.prefix = f"isf/{shader.key}/"
        """How the names of its buffers and imports begin."""
        self.numbers: dict[str, float] = {}
        """Its inputs now, for the sizes of passes."""
        self.textures: dict[str, moderngl.Texture] = {}
        self._now: dict[str, UniformValue] = {}
        self._events: dict[str, float] = {}
        self._began_s: float | None = None
        self._frames = 0
        for name, pixels in shader.pictures.items():
            height, width = pixels.shape[:2]
            self.textures[self.prefix + name] = _texture(ctx, (width, height), pixels.tobytes(), "f1")
        self._sounds = [
            one for one in shader.header.inputs if one.kind in (AUDIO, FFT) and one.name in shader.used
        ]
        for one in self._sounds:
            self.textures[self.prefix + one.name] = _texture(ctx, (_columns(one), 1), None, "f4")
        self._take(dict(values_of(shader.header, shader.key, {})))

    @property
    def imports(self) -> tuple[str, ...]:
        """Names of its textures in the graph."""
        return tuple(self.textures)

    def go_on(self, former: Playing) -> None:
        """Go on in the time of the same file's version before."""
        self._began_s, self._frames, self._events = former._began_s, former._frames, former._events

    def restart(self) -> None:
        """The next frame is the first."""
        self._began_s, self._frames = None, 0
        self._events.clear()

    def step(self, inputs: FrameInputs, values: Mapping[str, Value]) -> bool:
        """Take what this frame is made of; True when an input that sizes depend on is another."""
        if self._began_s is None:
            self._began_s = inputs.time_s
        before = dict(self.numbers)
        self._take(values_of(self.shader.header, self.shader.key, values))
        date = inputs.date or (2000.0, 1.0, 1.0, inputs.time_s % 86_400.0)
        self._now.update(
            TIME=float((inputs.time_s - self._began_s) % AGE_S),
            TIMEDELTA=inputs.dt_s if self._frames else 0.0,
            DATE=date,
            FRAMEINDEX=self._frames,
        )
        self._frames += 1
        self._hear(inputs.heard)
        return before != self.numbers and self._is_sized

    def uniforms_of(self, number: int) -> Callable[[Frame, Size], Uniforms]:
        """What pass `number` is drawn with."""

        def uniforms(frame: Frame, size: Size) -> Uniforms:
            return {**self._now, "PASSINDEX": number, "RENDERSIZE": (float(size[0]), float(size[1]))}

        return uniforms

    def release(self) -> None:
        """Free its textures."""
        for texture in self.textures.values():
            texture.release()
        self.textures.clear()

    @property
    def _is_sized(self) -> bool:
        sums = [
            sum_ for one in self.shader.header.passes for sum_ in (one.width, one.height) if sum_ is not None
        ]
        return any(sum_.names & self.numbers.keys() for sum_ in sums)

    def _take(self, channels: dict[str, tuple[float, ...]]) -> None:
        for one in self.shader.header.inputs:
            if one.is_texture:
                continue
            value = channels[one.name]
            name = glsl_name(one.name)
            if one.kind == "event":
                fires = value[0] >= FIRES_AT > self._events.get(one.name, 0.0)
                self._events[one.name] = value[0]
                self._now[name] = fires
                self.numbers[one.name] = float(fires)
                continue
            if one.kind == "bool":
                self._now[name] = value[0] >= 0.5
            elif one.kind == "long":
                self._now[name] = round(value[0])
            else:
                self._now[name] = value[0] if len(value) == 1 else value
            if len(value) == 1:
                self.numbers[one.name] = value[0]

    def _hear(self, heard: Heard | None) -> None:
        frame = None if heard is None else heard.frame
        for one in self._sounds:
            if one.kind == AUDIO:
                row = wave_row(None if frame is None else frame.wave, _columns(one))
            else:
                row = fft_row(None if frame is None else frame.power, _columns(one))
            pixels = np.empty((len(row), 4), np.float32)
            pixels[:, :3] = row[:, None]
            pixels[:, 3] = 1.0
            self.textures[self.prefix + one.name].write(pixels.tobytes())


def wave_row(wave: Float32 | None, columns: int) -> Float32:
    """The newest sound as `audio` holds it: float32 [columns] around 0.5, 0 and 1 at full scale.

    With fewer columns than samples each tells the farthest sample of its share, so that one column tells the peak.
    """
    if wave is None:
        return np.full(columns, 0.5, np.float32)
    edges = np.linspace(0, len(wave), columns + 1).astype(int)
    shares = [wave[a:b] for a, b in pairwise(edges)]
    farthest = np.array([share[np.argmax(np.abs(share))] for share in shares], np.float32)
    row: Float32 = np.clip(0.5 + 0.5 * farthest, 0.0, 1.0)
    return row


def fft_row(power: Float32 | None, columns: int) -> Float32:
    """The spectrum as `audioFFT` holds it: float32 [columns], 0 Hz first, level in dB from `QUIETEST_DB` (0) to
    `LOUDEST_DB` (1). With fewer columns than bins each tells the mean power of its share."""
    if power is None:
        return np.zeros(columns, np.float32)
    bins = power[:FFT_BINS].astype(np.float64)
    edges = np.linspace(0, len(bins), columns + 1).astype(int)
    mean = np.add.reduceat(bins, edges[:-1]) / np.diff(edges)
    level_db = 10.0 * np.log10(np.maximum(mean, _SILENT_POWER))
    return np.clip((level_db - QUIETEST_DB) / (LOUDEST_DB - QUIETEST_DB), 0.0, 1.0).astype(np.float32)


def _columns(one: IsfInput) -> int:
    most = WAVE_SAMPLES if one.kind == AUDIO else FFT_BINS
    return most if one.samples is None else min(one.samples, most)


def _texture(ctx: moderngl.Context, size: Size, content: bytes | None, dtype: str) -> moderngl.Texture:
    texture = ctx.texture(size, 4, content, dtype=dtype, alignment=1)
    texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
    texture.repeat_x = texture.repeat_y = False
    return texture
