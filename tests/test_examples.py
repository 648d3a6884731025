"""The examples run, are as short as promised, and stand in the docs as they are."""

from __future__ import annotations

import runpy
from pathlib import Path

import numpy as np
import pytest
from tools.docs_examples import PAGES, with_examples

import chromesthesia
from chromesthesia import AudioBlock
from chromesthesia.testing.audio import ScriptedSource, tone

SHOWS = ("own_source", "own_model", "own_surface")


def code_lines(path: Path) -> int:
    """Lines of a file but empty ones and the docstring that begins it."""
    text = path.read_text(encoding="utf-8")
    if text.startswith('"""'):
        text = text.split('"""', 2)[2]
    return sum(bool(line.strip()) for line in text.splitlines())


@pytest.mark.parametrize(("name", "most"), [("listen", 5), *((show, 15) for show in SHOWS)])
def test_an_example_is_as_short_as_promised(repository: Path, name: str, most: int) -> None:
    assert code_lines(repository / "examples" / f"{name}.py") <= most


def test_the_docs_show_the_examples_as_they_are(repository: Path) -> None:
    for page in PAGES:
        text = (repository / page).read_text(encoding="utf-8")
        assert text == with_examples(text), f"python tools/docs_examples.py brings {page} up to date"
        assert all(f"examples/{name}.py" in text for name in ("listen", *SHOWS))


def test_the_listener_hears_every_ten_milliseconds(
    repository: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    blocks = [AudioBlock(piece.astype(np.float32), 0.0) for piece in np.array_split(tone(440.0, 1.0), 7)]
    monkeypatch.setattr(chromesthesia, "open_source", lambda source, paced: ScriptedSource(blocks))
    runpy.run_path(str(repository / "examples/listen.py"), run_name="__main__")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 100
    assert lines[-1].startswith("  0.99 s")
    assert lines[-1] != lines[0].replace("0.00", "0.99")  # the emotion moved


@pytest.mark.gl
@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("own_source", "a rising tone"),
        ("own_model", "'black_frames': 0"),
        ("own_surface", "the brightest lamp is at"),
    ],
)
def test_a_show_with_ones_own_part_plays(
    repository: Path, capsys: pytest.CaptureFixture[str], name: str, said: str
) -> None:
    runpy.run_path(str(repository / f"examples/{name}.py"), run_name="__main__")
    assert said in capsys.readouterr().out
