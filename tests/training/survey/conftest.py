"""A folder of a survey: small sounds and pictures, one question of each kind."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

SURVEY = """title = "Which fits?"
[[match]]
key = "m1"
sound = "a.wav"
pictures = ["1.png", "2.png", "3.png", "4.png"]
fits = 2

[[rate]]
key = "r1"
picture = "1.png"
valence = 0.5
arousal = -0.5
"""


@pytest.fixture
def folder(tmp_path: Path, write_tone: Callable[..., Path]) -> Path:
    write_tone(tmp_path / "a.wav", 440.0, seconds=0.05)
    for number in range(1, 5):
        Image.new("RGB", (8, 8), (40 * number, 80, 120)).save(tmp_path / f"{number}.png")
    (tmp_path / "survey.toml").write_text(SURVEY, encoding="utf-8")
    return tmp_path
