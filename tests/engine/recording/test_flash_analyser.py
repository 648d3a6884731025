"""The analyser against pictures whose flashes are known."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest

from chromesthesia.core.records import UInt8
from chromesthesia.recording.flash_analyser import FlashAnalyser

FPS = 60
WIDTH, HEIGHT = 60, 45
FIELD = (WIDTH // 3, HEIGHT // 3)
BLACK, WHITE, RED = (0, 0, 0), (255, 255, 255), (255, 0, 0)
Color = tuple[int, int, int]


def level_of(luminance: float) -> int:
    """The nearest grey level of a relative luminance."""
    coded = 12.92 * luminance if luminance <= 0.0031308 else 1.055 * luminance ** (1 / 2.4) - 0.055
    return round(255 * coded)


def grey(luminance: float) -> Color:
    level = level_of(luminance)
    return level, level, level


def plain(color: Color) -> UInt8:
    return np.full((HEIGHT, WIDTH, 3), color, np.uint8)


def analysed(picture_at: Callable[[int], UInt8], seconds: float = 2.5, fps: int = FPS) -> FlashAnalyser:
    analyser = FlashAnalyser()
    for number in range(round(seconds * fps)):
        analyser.frame(picture_at(number), number / fps)
    return analyser


def strobe(one: Color, other: Color, flashes_per_s: float, fps: int = FPS) -> Callable[[int], UInt8]:
    return lambda number: plain(one if int(number / fps * 2 * flashes_per_s + 1e-9) % 2 else other)


def patch(share: float, flashes_per_s: float, left: int = 5, top: int = 7) -> Callable[[int], UInt8]:
    """White on black, `share` of a field: as wide as a field."""
    rows = round(share * FIELD[1])

    def picture(number: int) -> UInt8:
        frame = plain(BLACK)
        if int(number / FPS * 2 * flashes_per_s + 1e-9) % 2:
            frame[top : top + rows, left : left + FIELD[0]] = 255
        return frame

    return picture


@pytest.mark.parametrize("fps", [24, 30, 60, 120])
def test_three_flashes_a_second_pass_and_four_fail(fps: int) -> None:
    three = analysed(strobe(BLACK, WHITE, 3.0, fps), fps=fps)
    four = analysed(strobe(BLACK, WHITE, 4.0, fps), fps=fps)
    assert three.violations == []
    assert three.peak_flashes == {"general": 3, "red": 0}
    assert [found.kind for found in four.violations] == ["general"]
    assert four.violations[0].share == 1.0
    assert four.violations[0].start_s == pytest.approx(1.0, abs=1.5 / fps)
    assert four.violations[0].end_s > 2.4
    assert four.peak_flashes["general"] == 4


def test_a_burst_of_four_fails_after_a_long_rest_at_any_level() -> None:
    def burst(number: int) -> UInt8:
        since = number - 2 * FPS
        return plain(WHITE if 0 <= since < FPS * 0.8 and (since // 6) % 2 == 0 else grey(0.3))

    assert len(analysed(burst, seconds=3.5).violations) == 1


def test_the_darker_state_must_be_dark_and_the_change_large() -> None:
    assert analysed(strobe(grey(0.2), grey(0.29), 10.0)).violations == []
    assert len(analysed(strobe(grey(0.2), grey(0.31), 10.0)).violations) == 1
    assert analysed(strobe(grey(0.83), grey(1.0), 10.0)).violations == []
    assert len(analysed(strobe(grey(0.77), grey(1.0), 10.0)).violations) == 1


def test_a_slow_ramp_between_the_states_is_the_same_flash() -> None:
    def ramp(number: int) -> UInt8:
        phase = (number / FPS * 4.0) % 1.0
        return plain(grey(0.1 + 0.5 * (2 * phase if phase < 0.5 else 2 - 2 * phase)))

    found = analysed(ramp).violations
    assert [one.kind for one in found] == ["general"]


def test_steps_in_one_direction_are_no_flashes() -> None:
    staircase = [grey(0.08 * step) for step in range(9)]
    assert analysed(lambda number: plain(staircase[min(8, number // 6)])).violations == []


def test_a_small_area_passes_and_a_large_one_fails_wherever_it_lies() -> None:
    assert analysed(patch(0.20, 10.0)).violations == []
    for left, top in ((0, 0), (5, 7), (WIDTH - FIELD[0], HEIGHT - 5)):
        found = analysed(patch(0.30, 10.0, left, top)).violations
        assert [one.kind for one in found] == ["general"], (left, top)


def test_two_small_areas_count_together_only_in_one_field() -> None:
    def two(apart: int) -> Callable[[int], UInt8]:
        def picture(number: int) -> UInt8:
            one = patch(0.18, 8.0, 0, 0)(number)
            return np.maximum(one, patch(0.18, 8.0, 0, apart)(number))

        return picture

    assert len(analysed(two(6)).violations) == 1
    assert analysed(two(HEIGHT // 2)).violations == []


def test_points_that_flash_out_of_step_count_together() -> None:
    columns = (np.arange(WIDTH) // 4 % 2 * 255).astype(np.uint8)

    def picture(number: int) -> UInt8:
        shown = columns if number // 6 % 2 else 255 - columns
        return np.broadcast_to(shown[None, :, None], (HEIGHT, WIDTH, 3)).copy()

    assert [found.kind for found in analysed(picture).violations] == ["general"]


def test_a_patch_that_blinks_at_another_place_each_time_fails() -> None:
    rng = np.random.default_rng(3)
    places = [(int(rng.integers(0, FIELD[0] // 2)), int(rng.integers(0, FIELD[1] // 2))) for _ in range(64)]

    def picture(number: int) -> UInt8:
        frame = plain(BLACK)
        if number // 6 % 2:
            left, top = places[number // 12]
            frame[top : top + 10, left : left + 12] = 255
        return frame

    found = analysed(picture).violations
    assert [one.kind for one in found] == ["general"]


def test_red_against_a_blue_of_equal_luminance_fails_as_red_only() -> None:
    level = level_of(0.0722 / 0.2126)
    analyser = analysed(strobe((level, 0, 0), (0, 0, 255), 5.0))
    assert {found.kind for found in analyser.violations} == {"red"}
    assert analyser.peak_flashes["general"] == 0
    assert analysed(strobe((level, 0, 0), (0, 0, 255), 3.0)).violations == []


def test_a_pale_red_is_no_red_flash() -> None:
    analyser = analysed(strobe((255, 140, 140), (0, 0, 255), 5.0))
    assert {found.kind for found in analyser.violations} == {"general"}


def test_a_dark_red_of_too_small_a_change_passes() -> None:
    level = level_of(0.05)
    assert analysed(strobe((level, 0, 0), BLACK, 10.0)).violations == []
    level = level_of(0.075)
    assert {one.kind for one in analysed(strobe((level, 0, 0), BLACK, 10.0)).violations} == {"red"}


def test_patterns_finer_than_a_tenth_of_a_degree_do_not_count() -> None:
    rng = np.random.default_rng(1)
    analyser = FlashAnalyser()
    for number in range(25):
        analyser.frame(rng.integers(0, 2, (48, 1200, 1), dtype=np.uint8).repeat(3, 2) * 60 + 90, number / 30)
    assert analyser.violations == []
    coarse = FlashAnalyser()
    for number in range(25):
        frame = rng.integers(0, 2, (30, 80, 1), dtype=np.uint8) * 255
        coarse.frame(frame.repeat(15, 0).repeat(15, 1).repeat(3, 2), number / 30)
    assert {found.kind for found in coarse.violations} == {"general"}


def test_separate_violations_are_told_apart_and_dated() -> None:
    def twice(number: int) -> UInt8:
        second = number / FPS
        flashing = second < 1.2 or 3.5 <= second < 4.7
        return plain(WHITE if flashing and number // 6 % 2 else BLACK)

    found = analysed(twice, seconds=5.0).violations
    assert len(found) == 2
    assert all(later.start_s - earlier.end_s > 1.0 for earlier, later in pairwise(found))
