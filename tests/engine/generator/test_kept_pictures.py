"""Pictures painted before, shown again when nothing is painted: the nearest to what is felt, never the one on show."""

from __future__ import annotations

import numpy as np

from chromesthesia.core.records import PaintedImage, PaintRequest
from chromesthesia.generator.kept import KEPT_EVERY_S, KEPT_PICTURES, SHOWN_EVERY_S, KeptPictures


def request(serial: int, place: float, size: int = 2) -> PaintRequest:
    return PaintRequest(serial, serial, 0.0, np.full(size, place, np.float32), np.zeros(4, np.float32))


def keeping(count: int) -> KeptPictures:
    """Pictures of places 0, 1, 2 ..., painted a second apart; the last is on show."""
    kept = KeptPictures()
    for serial in range(count):
        kept.asked(request(serial, float(serial)))
        pixels = np.full((4, 4, 3), serial, np.uint8)
        assert kept.painted(PaintedImage(serial, 0, 0.0, float(serial), 0.01, pixels))
    return kept


def test_the_nearest_comes_again_with_the_serial_that_was_asked_for() -> None:
    again = keeping(6).again(request(100, 1.9), 50.0)
    assert again is not None
    assert (again.serial, again.end_sample, int(again.pixels[0, 0, 0])) == (100, 100, 2)


def test_the_one_on_show_is_not_shown_again_at_once() -> None:
    kept = keeping(4)
    first, second = kept.again(request(100, 3.2), 50.0), kept.again(request(101, 3.2), 60.0)
    assert first is not None
    assert second is not None
    assert [int(one.pixels[0, 0, 0]) for one in (first, second)] == [2, 3]


def test_at_most_one_a_second() -> None:
    kept = keeping(4)
    assert kept.again(request(100, 0.0), 50.0) is not None
    assert kept.again(request(101, 0.0), 50.0 + SHOWN_EVERY_S / 2) is None
    assert kept.again(request(102, 0.0), 50.0 + SHOWN_EVERY_S) is not None


def test_only_a_few_are_kept_and_none_that_look_alike() -> None:
    assert len(keeping(50)) == KEPT_PICTURES
    kept = KeptPictures()
    for serial in range(100):
        kept.asked(request(serial, 0.0))
        kept.painted(
            PaintedImage(serial, 0, 0.0, serial * KEPT_EVERY_S / 10, 0.01, np.zeros((4, 4, 3), np.uint8))
        )
    assert len(kept) == KEPT_PICTURES
    kept.forget()
    assert len(kept) == 0


def test_one_that_comes_again_is_no_new_one() -> None:
    kept = keeping(3)
    again = kept.again(request(100, 0.0), 50.0)
    assert again is not None
    assert not kept.painted(again)
    assert len(kept) == 3


def test_with_nothing_else_to_show_nothing_is_given() -> None:
    assert KeptPictures().again(request(1, 0.0), 0.0) is None
    assert keeping(1).again(request(1, 0.0), 0.0) is None
