"""No shipped preset meets the flash limiter under the quickest part of the étude."""

from __future__ import annotations

from pathlib import Path

import pytest

from chromesthesia.audio.etude import ETUDE, SECTIONS
from chromesthesia.audio.files import read_sound
from chromesthesia.core.records import SAMPLE_RATE_HZ
from chromesthesia.params.presets import load_preset
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.renderer import Renderer
from chromesthesia.show.assembly import open_models
from chromesthesia.testing.played import hear_and_paint, through

pytestmark = pytest.mark.gl

FPS = 30.0
SECONDS = 3.0
LEAST_HOLD_FRAMES = 24
"""A hold lasts longer than a second, so that looking so seldom sees every one."""
PRESETS = sorted((Path(__file__).resolve().parents[3] / "presets").glob("*.toml"))


@pytest.fixture(scope="module")
def frames() -> list[FrameInputs]:
    """Of its angry part, in which seven onsets come in a second."""
    angry = next(section for section in SECTIONS if section.emotion == "angry")
    first = int((angry.start_s + 4.0) * SAMPLE_RATE_HZ)
    samples = read_sound(ETUDE, None)[first : first + int(SECONDS * SAMPLE_RATE_HZ)]
    return hear_and_paint(samples, open_models(None, "cpu"), FPS)


@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_nothing_is_held(renderer: Renderer, frames: list[FrameInputs], path: Path) -> None:
    renderer.resize(640, 360)
    renderer.restart()
    for number, inputs in enumerate(through(load_preset(path), frames), 1):
        renderer.render(inputs)
        if number % LEAST_HOLD_FRAMES == 0 or number == len(frames):
            assert renderer.state()["limiter"]["held"] is None, f"held at frame {number}"
