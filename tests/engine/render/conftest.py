"""One small off-screen context for all tests of this folder, and how they draw."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.engine.render import isf_drawn

from chromesthesia.core.records import UInt8
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.isf.plan import NO_ISF
from chromesthesia.isf.shader import IsfShader, load_isf
from chromesthesia.params.declaration import Value
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.renderer import Renderer
from chromesthesia.testing.render import heard, picture

WIDTH, HEIGHT = 160, 90
Draw = Callable[..., UInt8]


@pytest.fixture(scope="session")
def shared_surface() -> Iterator[HeadlessSurface]:
    surface = HeadlessSurface(WIDTH, HEIGHT)
    yield surface
    surface.make_current()
    surface.close()


@pytest.fixture
def surface(shared_surface: HeadlessSurface) -> HeadlessSurface:
    """Current again, whatever contexts other tests made."""
    shared_surface.make_current()
    return shared_surface


@pytest.fixture(scope="session")
def compiled(shared_surface: HeadlessSurface) -> Iterator[Renderer]:
    shared_surface.make_current()
    renderer = Renderer(shared_surface.ctx, WIDTH, HEIGHT)
    yield renderer
    shared_surface.make_current()
    renderer.release()


@pytest.fixture
def renderer(surface: HeadlessSurface, compiled: Renderer) -> Renderer:
    """As new, without compiling again."""
    compiled.resize(WIDTH, HEIGHT)
    compiled.restart()
    return compiled


def draw_frames(
    renderer: Renderer,
    values: Mapping[str, Value] | None = None,
    frames: int = 1,
    dt_s: float = 1 / 30,
    **inputs: Any,
) -> UInt8:
    """Draw `frames` frames of one picture under a beat and give a copy of the last."""
    one = picture(1)
    given: dict[str, Any] = {
        "current": one,
        "previous": one,
        "current_serial": 1,
        "previous_serial": 1,
        **inputs,
    }
    pixels = np.empty(0, np.uint8)
    for number in range(frames):
        hearing = given.get("heard", heard(0.3, 0.4, 0.7, onset_count=number // 4, onset_envelope=1.0))
        renderer.render(
            FrameInputs(time_s=number * dt_s, dt_s=dt_s, values=values or {}, **{**given, "heard": hearing})
        )
        pixels = renderer.read_pixels()
    return pixels.copy()


@pytest.fixture
def draw() -> Draw:
    return draw_frames


@pytest.fixture(scope="session")
def isf_renderer(shared_surface: HeadlessSurface) -> Iterator[Renderer]:
    shared_surface.make_current()
    renderer = Renderer(shared_surface.ctx, isf_drawn.WIDTH, isf_drawn.HEIGHT, flash_limiter=False)
    yield renderer
    shared_surface.make_current()
    renderer.release()


@pytest.fixture
def bare(surface: HeadlessSurface, isf_renderer: Renderer) -> Renderer:
    """A renderer without the flash limiter, as new."""
    isf_renderer.draw_share(1.0)
    isf_drawn.render(isf_renderer, NO_ISF)
    isf_renderer.restart()
    return isf_renderer


@pytest.fixture
def write_isf(tmp_path: Path) -> isf_drawn.Write:
    """Writes an ISF file and reads it."""

    def written(name: str, body: str, vertex: str | None = None, **header: Any) -> IsfShader:
        path = tmp_path / name
        path.write_text(f"/*{json.dumps({'ISFVSN': '2', **header}, indent=1)}*/\n{body}", encoding="utf-8")
        if vertex is not None:
            path.with_suffix(".vs").write_text(vertex, encoding="utf-8")
        return load_isf(path)

    return written
