"""The drawing of the house: arrows are counted, what runs up or round is named, an old drawing is noticed."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools.draw_house import BEGIN, END, PAGE, House, drawing, main, read_house

PLAN = """
[[tool.importlinter.contracts]]
type = "layers"
containers = ["chromesthesia"]
layers = ["top | side", "middle", "ground"]
"""
FILES = {
    "__init__.py": "",
    "top/__init__.py": "",
    "top/door.py": "from chromesthesia.middle import stairs\nimport chromesthesia.ground",
    "side.py": "def later():\n    from .middle.stairs import step",
    "middle/__init__.py": "",
    "middle/stairs.py": "from . import other\nfrom chromesthesia.ground import floor",
    "middle/other.py": "",
    "ground.py": "import os",
}


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A checkout with one small package, whose page has a place for the drawing."""
    for name, text in FILES.items():
        file = tmp_path / "engine/chromesthesia" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (tmp_path / "pyproject.toml").write_text(PLAN)
    (tmp_path / PAGE).parent.mkdir()
    (tmp_path / PAGE).write_text(f"before\n{BEGIN}\n{END}\nafter\n")
    return tmp_path


def house(site: Path) -> House:
    return read_house(site, "chromesthesia", ["top | side", "middle", "ground"])


def test_arrows_lead_from_folder_to_folder_however_they_are_imported(site: Path) -> None:
    assert house(site).arrows == {
        ("top", "middle"),
        ("top", "ground"),
        ("side", "middle"),
        ("middle", "ground"),
    }
    assert (house(site).upward, house(site).circles) == ([], [])


def test_an_arrow_that_a_longer_way_implies_is_not_drawn(site: Path) -> None:
    drawn = drawing(house(site))
    assert "room_top --> room_middle" in drawn
    assert "room_middle --> room_ground" in drawn
    assert "room_top --> room_ground" not in drawn


def test_what_runs_up_or_sideways_or_round_is_named(site: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (site / "engine/chromesthesia/ground.py").write_text("def f():\n    import chromesthesia.middle.stairs")
    (site / "engine/chromesthesia/side.py").write_text("import chromesthesia.top.door")
    assert house(site).upward == [("ground", "middle"), ("side", "top")]
    assert house(site).circles == [("ground", "middle")]
    assert main([], site) == 1
    said = capsys.readouterr()
    assert "4 rooms on 3 floors, 5 arrows, 2 up, 1 circles" in said.out
    assert "side -> top runs up" in said.err
    assert "a circle of ground, middle" in said.err


def test_an_old_drawing_fails_the_check_and_drawing_mends_it(
    site: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--check"], site) == 1
    assert f"{PAGE} is old" in capsys.readouterr().err
    assert main([], site) == 0
    assert main(["--check"], site) == 0
    page = (site / PAGE).read_text()
    assert page.startswith("before\n")
    assert page.endswith("after\n")


def test_a_room_that_is_not_on_the_plan_is_named(site: Path) -> None:
    (site / "engine/chromesthesia/attic.py").write_text("")
    with pytest.raises(ValueError, match="attic"):
        house(site)


def test_this_house_is_drawn_as_it_stands(repository: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--check"], repository) == 0
    assert "0 up, 0 circles" in capsys.readouterr().out
