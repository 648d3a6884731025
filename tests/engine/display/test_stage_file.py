"""Outputs read from a file, each wrong value named, and written back without losing what else stands there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from chromesthesia.core.errors import ChromesthesiaError
from chromesthesia.display.stage_file import (
    Fallback,
    Kind,
    Place,
    StageError,
    parse_stage,
    read_stage,
    save_shapes,
)
from chromesthesia.render.cards import Card
from chromesthesia.render.mesh import Mesh
from chromesthesia.render.output import OutputShape

TWO = """# the hall
schema = 1
canvas = [1920, 540]

[[output]]
name = "left"          # beside the door
screen = ":0.1"
display = 1
fullscreen = true
crop = [0, 0, 0.6, 1]
corners = [[0.1, 0], [1, 0], [1, 1], [0, 0.9]]
blend = [0, 0, 0.3333, 0]

[[output]]
name = "right"
crop = [0.4, 0, 0.6, 1]
columns = 3
rows = 2
gamma = 1.1
card = "grid"
fallback = "any"
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "stage.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_says_what_each_output_shows(tmp_path: Path) -> None:
    stage = read_stage(written(tmp_path, TWO))
    left, right = stage.outputs
    assert stage.canvas == (1920, 540)
    assert (left.name, left.kind, left.place, left.fullscreen) == (
        "left",
        Kind.WINDOW,
        Place(":0.1", 1),
        True,
    )
    assert left.shape == OutputShape(
        crop=(0, 0, 0.6, 1), corners=((0.1, 0), (1, 0), (1, 1), (0, 0.9)), fade=(0, 0, 0.3333, 0)
    )
    assert left.size == (1152, 540)
    assert right.shape.mesh == Mesh.even(3, 2)
    assert right.shape.gamma == (1.1, 1.1, 1.1)
    assert (right.card, right.fallback) == (Card.GRID, Fallback.ANY)


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('to = "beamer"', "to is 'beamer'"),
        ('card = "gird"', "card is 'gird'"),
        ('fallback = "never"', "fallback is 'never'"),
        ("display = 99", "display is 99"),
        ("size = [3, 4]", "size is"),
        ("crop = [0, 0, 2, 1]", "shows the part"),
        ("crop = [0, 0, 1]", "give 4 numbers"),
        ("corners = [[0, 0], [1, 0], [1, 1]]", "3 corners"),
        ("corners = [[0, 0], [1, 0], [1, 1], [1]]", "give 2 numbers"),
        ("corners = [[0, 0], [1, 1], [1, 0], [0, 1]]", "the corners"),
        ("blend = [0, 0, 1.5, 0]", "fades over"),
        ("blend_gamma = 0", "gammas"),
        ("gamma = [1, 1]", "give 3 numbers"),
        ("gamma = nan", "no number"),
        ("columns = 3", "columns without rows"),
        ("mesh = [[0, 0]]", "without columns"),
        ("columns = 1\nrows = 3", "columns is 1"),
        ("columns = 3\nrows = 99", "rows is 99"),
        ("columns = 2\nrows = 2\nmesh = [[0, 0]]", "has 1 points"),
        ("columns = 2\nrows = 2\nmesh = [[0, 0], [1, 0], [1, 1], [0, 1]]", "folded"),
        ("columns = 2\nrows = 2\nmesh = [[0, 0], [1, 0], [inf, 1], [1, 1]]", "point 1 of row 2"),
        ("colour = 3", "unknown key 'colour'"),
        ("fullscreen = 1", "fullscreen is 1"),
        ('name = "a"\n[[output]]\nname = "a"', "there twice"),
        ("fullscreen = true\n[[output]]\nfullscreen = true", "both fill display 0"),
    ],
)
def test_what_is_wrong_is_named_with_file_and_output(tmp_path: Path, line: str, said: str) -> None:
    path = written(tmp_path, f"schema = 1\n[[output]]\n{line}\n")
    with pytest.raises(StageError) as caught:
        read_stage(path)
    assert said in str(caught.value)
    assert "stage.toml" in caught.value.message
    assert caught.value.remedy


@pytest.mark.parametrize(
    "table", [{}, {"schema": 1}, {"schema": 1, "output": 3}, {"schema": 2}, {"schema": True}]
)
def test_a_file_of_another_kind_is_refused(table: dict[str, Any]) -> None:
    with pytest.raises(ChromesthesiaError):
        parse_stage(table, Path("stage.toml"))


def test_what_was_pulled_is_saved_and_the_rest_of_the_file_stays(tmp_path: Path) -> None:
    from dataclasses import replace

    path = written(tmp_path, TWO)
    left, right = read_stage(path).outputs
    pulled = replace(left, shape=replace(left.shape, corners=((0.2, 0.1), (1, 0), (1, 1), (0, 0.9))))
    mesh = Mesh.even(3, 2).moved(1, (0.5, 0.1))
    bent = replace(right, shape=replace(right.shape, mesh=mesh, gamma=(1.0, 1.2, 1.0)))
    save_shapes(path, [pulled, bent])
    text = path.read_text(encoding="utf-8")
    assert "# the hall" in text
    assert "# beside the door" in text
    assert "crop = [0, 0, 0.6, 1]" in text
    assert read_stage(path).outputs == (pulled, bent)
    save_shapes(path, [pulled, replace(bent, shape=replace(bent.shape, mesh=None))])
    assert read_stage(path).outputs[1].shape.mesh is None
    with pytest.raises(StageError, match="other outputs"):
        save_shapes(path, [pulled])
