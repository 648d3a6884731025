"""The shipped presets: each is valid, moves with sound, is never flat, and differs clearly from the others."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from chromesthesia.core.records import UInt8
from chromesthesia.mapping.mapper import Mapper
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import Preset, load_preset
from chromesthesia.params.tree import ParameterTree
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.renderer import Renderer
from chromesthesia.testing.render import heard, picture

PRESETS = sorted((Path(__file__).resolve().parents[3] / "presets").glob("*.toml"))


def play(renderer: Renderer, preset: Preset, loudness: float, valence: float, arousal: float) -> list[UInt8]:
    """The last two of twelve frames."""
    tree = ParameterTree(PARAMETERS)
    for path, value in preset.params.items():
        tree.write(path, value, "test")
    mapper = Mapper()
    renderer.restart()
    frames = []
    for number in range(12):
        envelope = float(np.exp(-(number % 7) / 15 / 0.15))
        hearing = heard(valence, arousal, loudness * (0.5 + 0.5 * envelope), number // 7, envelope)
        look = mapper.step(1 / 15, tree.snapshot(), preset.routes, hearing)
        pair = picture(1 + number // 5), picture(2 + number // 5)
        renderer.render(
            FrameInputs(
                number / 15, 1 / 15, look, hearing, *pair, number % 5 / 5, number // 5, number // 5 + 1
            )
        )
        frames.append(renderer.read_pixels().copy())
    return frames[-2:]


def difference(one: UInt8, other: UInt8) -> float:
    return float(np.abs(one.astype(np.int16) - other.astype(np.int16)).mean())


def test_there_are_at_least_eight_and_one_is_gallery() -> None:
    presets = [load_preset(path) for path in PRESETS]
    assert len(presets) >= 8
    assert "Gallery" in {preset.name for preset in presets}
    assert all(preset.description and preset.routes for preset in presets)


@pytest.mark.gl
def test_no_two_presets_look_alike(renderer: Renderer) -> None:
    shown = {path.stem: play(renderer, load_preset(path), 0.6, 0.3, 0.3)[-1] for path in PRESETS}
    for one, other in combinations(shown, 2):
        assert difference(shown[one], shown[other]) > 10, (one, other)


@pytest.mark.gl
@pytest.mark.parametrize("path", PRESETS, ids=lambda path: path.stem)
def test_a_preset_is_never_black_or_flat_or_frozen_and_follows_the_mood(
    renderer: Renderer, path: Path
) -> None:
    preset = load_preset(path)
    angry = play(renderer, preset, 0.9, -0.7, 0.7)
    sad = play(renderer, preset, 0.2, -0.6, -0.6)
    for before, after in (angry, sad):
        assert after.mean() > 20
        assert after.std() > 8
        assert not np.array_equal(before, after)
    assert difference(angry[-1], sad[-1]) > 10
