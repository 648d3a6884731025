"""What a show becomes on a machine without a display."""

from __future__ import annotations

from pathlib import Path

import pytest

from chromesthesia.cli.environment import has_display, has_microphone, headless_instead
from chromesthesia.core.config import ShowConfig


def with_microphone() -> bool:
    return True


def without_microphone() -> bool:
    return False


def never_asked() -> bool:
    raise AssertionError("the microphone must not be tried")


@pytest.mark.parametrize(
    ("platform", "environment", "expected"),
    [
        ("linux", {}, False),
        ("linux", {"DISPLAY": ""}, False),
        ("linux", {"DISPLAY": ":0"}, True),
        ("linux", {"WAYLAND_DISPLAY": "wayland-0"}, True),
        ("darwin", {}, True),
        ("win32", {}, True),
    ],
)
def test_where_a_window_may_open(platform: str, environment: dict[str, str], expected: bool) -> None:
    assert has_display(platform, environment) is expected


def test_without_a_microphone_the_etude_leaves_a_film_and_a_sheet() -> None:
    config, line = headless_instead(ShowConfig(), without_microphone)
    assert config == ShowConfig(
        source="demo", headless=True, record=Path("out/etude.mp4"), sheet=Path("out/etude.png")
    )
    assert "out/etude.mp4" in line
    assert "out/etude.png" in line


@pytest.mark.usefixtures("hanging_sound")
def test_a_sound_server_that_never_answers_is_no_microphone() -> None:
    assert not has_microphone()


def test_a_microphone_plays_on_without_filling_the_disk() -> None:
    config, line = headless_instead(ShowConfig(), with_microphone)
    assert config == ShowConfig(source="mic", headless=True)
    assert "--record" in line


def test_a_named_device_is_never_replaced_by_the_etude() -> None:
    config, _ = headless_instead(ShowConfig(device="USB"), never_asked)
    assert config.source == "mic"


def test_a_file_leaves_a_film_of_its_own_name() -> None:
    config, _ = headless_instead(ShowConfig(source="music/song.flac"), never_asked)
    assert (config.record, config.sheet) == (Path("out/song.mp4"), Path("out/song.png"))


def test_what_was_asked_for_is_all_that_is_left() -> None:
    asked = ShowConfig(source="demo", report=Path("a.json"))
    config, _ = headless_instead(asked, never_asked)
    assert config == ShowConfig(source="demo", report=Path("a.json"), headless=True)
