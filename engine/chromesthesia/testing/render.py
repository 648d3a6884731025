"""Stand-ins for light: a surface without OpenGL, a renderer that fails when told, pictures, and scripted hearing."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import moderngl
import numpy as np
from numpy.typing import ArrayLike

from chromesthesia.core.records import EMBEDDING_SIZE, EmotionState, FeatureFrame, Float32, Heard, UInt8
from chromesthesia.params.live import Values
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.motion import Motion


class NullSurface:
    """A surface that shows nothing; counts what was asked of it."""

    def __init__(self, width: int = 64, height: int = 36) -> None:
        self.ctx: moderngl.Context | None = None
        self.screen: moderngl.Framebuffer | None = None
        self.size = (width, height)
        self.presented = 0
        self.closed = False

    def present(self) -> None:
        """Count a frame."""
        self.presented += 1

    def close(self) -> None:
        """Remember that it was closed."""
        self.closed = True


class NullRenderer:
    """Has the methods of `Renderer` and draws one grey that depends on the frame's number.

    fail_at: numbers of frames (from 0) in which `render` raises moderngl.Error, as a lost context does. `inputs` keeps
    what the last frame was made from.
    """

    def __init__(self, width: int = 64, height: int = 36, fail_at: Collection[int] = ()) -> None:
        self.size = (width, height)
        self.frames = 0
        self.share = 1.0
        self.shader_generation = 0
        self.inputs: FrameInputs | None = None
        self.released = False
        self.library = SimpleNamespace(generation=0, files=SimpleNamespace(texts={}))
        self.motion = Motion()
        self.shader_error: str | None = None
        self._fail_at = frozenset(fail_at)

    def render(
        self,
        inputs: FrameInputs,
        target: moderngl.Framebuffer | None = None,
        late: Callable[[], FrameInputs] | None = None,
    ) -> None:
        """Take the inputs, or fail."""
        number, self.frames = self.frames, self.frames + 1
        if number in self._fail_at:
            raise moderngl.Error("context lost")
        self.inputs = inputs if late is None else late()
        self.motion.step(inputs.time_s, inputs.dt_s, Values.of(inputs.values), inputs.heard)

    def prepare(self, inputs: FrameInputs) -> None:
        """There is nothing to prepare."""

    def finish(self) -> None:
        """Everything is drawn at once."""

    def read_pixels(self, out: UInt8 | None = None) -> UInt8:
        """One even grey, uint8 [H, W, 3]."""
        pixels = np.empty((self.size[1], self.size[0], 3), np.uint8) if out is None else out
        pixels[:] = self.frames % 256
        return pixels

    def resize(self, width: int, height: int) -> None:
        """Take the size."""
        self.size = (width, height)

    def skip(self, inputs: FrameInputs) -> None:
        """Let what moves go on."""
        self.motion.step(inputs.time_s, inputs.dt_s, Values.of(inputs.values), inputs.heard)

    def motion_state(self) -> dict[str, Any]:
        """That of `motion`."""
        return self.motion.state()

    def restore_motion(self, state: Mapping[str, Any]) -> None:
        """Into `motion`."""
        self.motion.restore(state)

    def draw_share(self, share: float) -> None:
        """Take the share."""
        self.share = share

    def fade(self, length_s: float) -> None:
        """Nothing to see."""

    def reload_changed_shaders(self) -> str | None:
        """`shader_error`, set by the test."""
        return self.shader_error

    def take_back_shaders(self, why: str) -> None:
        """Count it as another change."""
        self.shader_generation += 1
        self.shader_error = why

    def keep_shaders(self) -> None:
        """Nothing to free."""

    def release(self) -> None:
        """Remember that it was released."""
        self.released = True


def picture(seed: int = 0, size: int = 128) -> UInt8:
    """A smooth coloured picture with edges, different for every seed: uint8 [size, size, 3]."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:size, 0:size] / size
    field = np.zeros((size, size, 3))
    for _ in range(5):
        fx, fy, phase = rng.uniform(-9, 9), rng.uniform(-9, 9), rng.uniform(0, 6.28)
        field += np.tanh(9.0 * np.sin(fx * x + fy * y + phase))[..., None] * rng.uniform(-0.25, 0.25, 3)
    return np.asarray(np.clip(0.5 + field, 0.0, 1.0) * 255.0, dtype=np.uint8)


def plain_picture(red: int, green: int, blue: int, size: int = 128) -> UInt8:
    """One even colour: uint8 [size, size, 3]."""
    return np.full((size, size, 3), (red, green, blue), np.uint8)


def heard(
    valence: float = 0.0,
    arousal: float = 0.0,
    bands: ArrayLike = 0.5,
    onset_count: int = 0,
    onset_envelope: float = 0.0,
    probabilities: tuple[float, float, float] = (0.3, 0.4, 0.3),
    rms_dbfs: float = -20.0,
    end_sample: int = 0,
) -> Heard:
    """What was heard, as a test wants it. bands: one level for all eight or eight levels, 0..1."""
    levels = np.broadcast_to(np.asarray(bands, np.float32), (8,)).copy()
    frame = FeatureFrame(
        index=0,
        end_sample=end_sample,
        entered_s=0.0,
        log_mel=np.zeros(64, np.float32),
        encoder_mel=np.zeros(64, np.float32),
        rms_dbfs=rms_dbfs,
        lufs_momentary=rms_dbfs,
        bands=levels,
        centroid_hz=1500.0,
        flux=0.1,
        onset=0.0,
    )
    emotion = EmotionState(
        end_sample=end_sample,
        entered_s=0.0,
        valence=valence,
        arousal=arousal,
        probabilities=np.asarray(probabilities, np.float32),
        confidence=0.8,
        embedding=np.zeros(EMBEDDING_SIZE, np.float32),
        activity=1.0,
    )
    return Heard(frame, emotion, onset_count, onset_envelope)


def broken_shader_dir(folder: Path, name: str = "finish.frag", line: int = 3) -> Path:
    """Write a shader with a syntax error in `line` (2 or more) into `folder`, which is given back."""
    (folder / name).write_text("\n" * (line - 1) + "void main( { this is not GLSL }\n", encoding="utf-8")
    return folder


class AllFrames:
    """A FrameSink that keeps every frame, uint8 [H, W, 3], in order."""

    def __init__(self) -> None:
        self.kept: list[UInt8] = []

    def frame(self, pixels: UInt8, time_s: float) -> None:
        """Keep a copy."""
        self.kept.append(pixels.copy())

    def sound(self, samples: Float32, start_s: float) -> None:
        """Sound is not kept."""

    def close(self) -> None:
        """Nothing to close."""


class LastFrame:
    """A FrameSink that keeps the newest frame; None before the first."""

    def __init__(self) -> None:
        self.pixels: UInt8 | None = None

    def frame(self, pixels: UInt8, time_s: float) -> None:
        """Keep a copy of pixels uint8 [H, W, 3]."""
        self.pixels = pixels.copy()

    def sound(self, samples: Float32, start_s: float) -> None:
        """Sound is not kept."""

    def close(self) -> None:
        """Nothing to close."""
