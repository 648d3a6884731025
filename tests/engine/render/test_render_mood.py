"""The emotion alone, same sound and same painting, goes the way that docs/emotion.md says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from chromesthesia.params.presets import load_preset
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.renderer import Renderer
from chromesthesia.testing.mood import MEASURES, measured
from chromesthesia.testing.played import through
from chromesthesia.testing.render import heard, picture

PRESETS = Path(__file__).resolve().parents[3] / "presets"
FPS = 15


def seen(renderer: Renderer, preset: str, valence: float, arousal: float) -> dict[str, float]:
    renderer.restart()
    named = (
        max(-valence, 0.0) * max(arousal, 0.0),
        max(valence, 0.0),
        max(-valence, 0.0) * max(-arousal, 0.0),
    )
    total = sum(named) or 1.0
    shares = (named[0] / total, named[1] / total, named[2] / total)
    one = picture(3)
    frames = [
        FrameInputs(
            number / FPS,
            1 / FPS,
            {},
            heard(valence, arousal, 0.4, number // 7, 0.5, shares),
            one,
            one,
            1.0,
            1,
            1,
        )
        for number in range(24)
    ]
    pictures = []
    for inputs in through(load_preset(PRESETS / preset), frames):
        renderer.render(inputs)
        pictures.append(renderer.read_pixels().copy())
    return dict(zip(MEASURES, measured(pictures[8:], FPS).tolist(), strict=True))


@pytest.mark.gl
@pytest.mark.parametrize("preset", ["gallery.toml", "impasto.toml", "watercolour.toml"])
def test_the_emotion_alone_changes_colour_motion_and_edges(renderer: Renderer, preset: str) -> None:
    angry = seen(renderer, preset, -0.7, 0.8)
    happy = seen(renderer, preset, 0.8, 0.6)
    sad = seen(renderer, preset, -0.7, -0.7)
    calm = seen(renderer, preset, 0.5, -0.7)
    assert min(angry["tint"], happy["warmth"]) > 0.0
    assert min(angry["warmth"], happy["warmth"]) > sad["warmth"]
    assert angry["tint"] > max(happy["tint"], sad["tint"], calm["tint"])
    assert happy["light"] > max(angry["light"], sad["light"])
    assert min(angry["motion"], happy["motion"]) > max(sad["motion"], calm["motion"])
    # Edges are told by their slopes in full, contrast included.
    assert angry["edges"] * angry["contrast"] > sad["edges"] * sad["contrast"]


def flat(red: int, green: int, blue: int) -> NDArray[np.uint8]:
    return np.full((8, 8, 3), (red, green, blue), np.uint8)


def test_what_is_measured_is_what_it_is_called() -> None:
    def of(*pictures: NDArray[np.uint8]) -> dict[str, float]:
        return dict(zip(MEASURES, measured(pictures, 10.0).tolist(), strict=True))

    assert of(flat(255, 255, 255))["light"] == pytest.approx(1.0, abs=1e-3)
    assert of(flat(90, 90, 90))["chroma"] == pytest.approx(0.0, abs=1e-3)
    assert of(flat(230, 160, 20))["warmth"] > 0.1 > -0.1 > of(flat(20, 60, 230))["warmth"]
    assert of(flat(230, 30, 30))["tint"] > 0.1 > -0.1 > of(flat(30, 200, 30))["tint"]
    still, moving = of(flat(90, 90, 90), flat(90, 90, 90)), of(flat(90, 90, 90), flat(200, 200, 200))
    assert still["motion"] == 0.0 < moving["motion"]
    _, across = np.mgrid[0:64, 0:64]
    wide = np.repeat((127 + 100 * np.sin(across / 12.0))[..., None], 3, axis=2).astype(np.uint8)
    fine = np.repeat((127 + 100 * np.sin(across / 3.0))[..., None], 3, axis=2).astype(np.uint8)
    jagged = np.random.default_rng(1).integers(0, 255, (64, 64, 1)).repeat(3, axis=2).astype(np.uint8)
    assert of(fine)["edges"] > 2.0 * of(wide)["edges"]
    assert of(wide)["roundness"] > 0.9 > 0.7 > of(jagged)["roundness"]
