"""The key S: a still each time, however quickly it is pressed, and a line when there is no room."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from chromesthesia.display.light import Light
from chromesthesia.show import keys
from chromesthesia.testing.render import NullRenderer


class Noon(datetime):
    """The time stands still."""

    @classmethod
    def now(cls, tz: Any = None) -> Noon:
        return cls(2026, 1, 2, 12, 0, 0)


@pytest.fixture
def light(monkeypatch: pytest.MonkeyPatch) -> Light:
    monkeypatch.setattr(keys, "datetime", Noon)
    return cast(Light, SimpleNamespace(renderer=NullRenderer()))


def test_two_stills_of_one_second_are_two_files(light: Light, tmp_path: Path) -> None:
    for _ in range(2):
        keys._keep_still(light, tmp_path / "new")
    names = sorted(file.name for file in (tmp_path / "new").iterdir())
    assert names == ["still_2026-01-02_12.00.00-2.png", "still_2026-01-02_12.00.00.png"]


def test_a_still_that_cannot_be_written_is_a_line(
    light: Light, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "file").write_text("")
    keys._keep_still(light, tmp_path / "file")
    assert "no still: cannot write" in caplog.text
