"""Timecode: frame names and times, MTC by its messages, LTC by its sound, each to the frame."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pytest

from chromesthesia.core.records import Float32
from chromesthesia.tempo.ltc import LtcFrame, LtcReader
from chromesthesia.tempo.ltc_word import Word, bits_of, word_in
from chromesthesia.tempo.mtc import MtcReader, full_frame_data, quarter_frames
from chromesthesia.tempo.timecode import Position, Rate, Timecode, followed, timecode_of
from chromesthesia.testing.timecode import ltc_sound

RATES = pytest.mark.parametrize("rate", Rate, ids=lambda rate: rate.value)


@RATES
def test_names_and_numbers_are_the_same_frames(rate: Rate) -> None:
    numbers = [*range(0, 40_000, 7), *range(17_970, 18_000), rate.frames_a_day - 1]
    assert [timecode_of(number, rate).number for number in numbers] == numbers
    assert str(timecode_of(rate.frames_a_day, rate)).replace(";", ":") == "00:00:00:00"


def test_drop_frame_leaves_out_two_names_a_minute_but_each_tenth() -> None:
    assert str(timecode_of(Timecode(0, 0, 59, 29, Rate.DROP).number + 1, Rate.DROP)) == "00:01:00;02"
    assert str(timecode_of(Timecode(0, 9, 59, 29, Rate.DROP).number + 1, Rate.DROP)) == "00:10:00;00"
    assert Timecode(1, 0, 0, 0, Rate.DROP).position_s == pytest.approx(3600.0, abs=0.01)
    with pytest.raises(ValueError, match="00:01:00;00"):
        Timecode(0, 1, 0, 0, Rate.DROP)
    with pytest.raises(ValueError, match="25 frames"):
        Timecode(0, 0, 0, 25, Rate.PAL)


def test_the_jitter_of_arrival_is_taken_out_and_a_jump_is_taken() -> None:
    position: Position | None = None
    for index in range(50):
        late_s = 0.004 if index % 2 else -0.004
        position = followed(position, Position(index * 0.04 + late_s, index * 0.04, 1.0, Rate.PAL))
    assert position is not None
    assert position.position_at(2.0) == pytest.approx(2.0, abs=0.003)
    jumped = followed(position, Position(2.0, 500.0, 1.0, Rate.PAL))
    assert jumped.position_at(2.0) == 500.0


@RATES
def test_mtc_is_read_to_the_frame_forwards(rate: Rate) -> None:
    reader = MtcReader()
    first = Timecode(1, 58, 59, rate.count - 2, rate)
    quarter_s = 1.0 / rate.fps / 4
    for index in range(6):
        code = timecode_of(first.number + 2 * index, rate)
        for piece, value in quarter_frames(code):
            at_s = (8 * index + piece) * quarter_s
            position = reader.quarter(piece, value, at_s)
            assert (position is not None) == (piece == 7)
            if position is not None:
                assert position.speed == 1.0
                assert position.timecode_at(at_s) == timecode_of(code.number + 1, rate)
                begun_s = at_s - 7 * quarter_s
                assert position.position_at(begun_s) == pytest.approx(code.position_s)
    assert reader.rejected == 0


@RATES
def test_mtc_is_read_backwards_from_the_middle_and_after_a_turn(rate: Rate) -> None:
    reader = MtcReader()
    code = Timecode(0, 10, 0, 4, rate)
    for piece, value in quarter_frames(code)[3:]:
        assert reader.quarter(piece, value, 0.0) is None
    told = [reader.quarter(piece, value, 1.0) for piece, value in reversed(quarter_frames(code))]
    assert [position is not None for position in told] == [False] * 7 + [True]
    position = told[-1]
    assert position is not None
    assert (position.speed, position.timecode_at(1.0)) == (-1.0, code)


@RATES
def test_a_full_frame_is_a_place_to_stand(rate: Rate) -> None:
    code = Timecode(23, 59, 58, 3, rate)
    position = MtcReader().full_frame(full_frame_data(code), 2.0)
    assert position is not None
    assert (position.speed, position.timecode_at(9.0)) == (0.0, code)


def test_quarters_out_of_order_and_times_that_are_none_are_left_out() -> None:
    reader = MtcReader()
    quarters = quarter_frames(Timecode(1, 2, 3, 4, Rate.PAL))
    for piece, value in [*quarters[:4], *quarters[5:]]:
        assert reader.quarter(piece, value, 0.0) is None
    for piece, value in quarters[:6]:
        assert reader.quarter(piece, value, 0.0) is None
    assert reader.quarter(6, 15, 0.0) is None
    assert reader.quarter(7, 3, 0.0) is None  # 31 hours
    assert reader.quarter(9, 3, 0.0) is None
    assert reader.full_frame((0x7F, 0x7F, 0x01, 0x01, 0x20, 99, 0, 0), 0.0) is None
    assert reader.full_frame((0x7E, 0x7F, 0x01, 0x01, 0x20, 1, 0, 0), 0.0) is None
    assert reader.rejected == 3


def read(sound: Float32, rate_hz: int, block: int = 480, start_s: float = 0.0) -> list[LtcFrame]:
    reader = LtcReader(rate_hz)
    return [
        frame
        for begin in range(0, len(sound), block)
        for frame in reader.push(sound[begin : begin + block], start_s + begin / rate_hz)
    ]


def numbers(frames: Iterable[LtcFrame]) -> list[int]:
    return [frame.timecode.number for frame in frames]


FRAMES = 14


@RATES
@pytest.mark.parametrize("rate_hz", [24_000, 44_100, 96_000])
@pytest.mark.parametrize("speed", [1.0, -1.0])
def test_ltc_is_read_to_the_frame(rate: Rate, rate_hz: int, speed: float) -> None:
    first = Timecode(1, 59, 59, 20, rate)
    sound = ltc_sound(first, FRAMES, rate_hz, speed)
    frames = read(sound, rate_hz, start_s=100.0)
    step = 1 if speed > 0 else -1
    # The first word is needed to find the length of a bit, the second to be sure of the first.
    assert numbers(frames) == [first.number + step * index for index in range(2, FRAMES)]
    for index, frame in enumerate(frames, start=2):
        assert frame.timecode.rate is rate
        assert frame.backwards == (speed < 0)
        assert frame.position.speed == pytest.approx(speed, abs=0.01)
        end_s = 100.0 + (index + 1) / rate.fps
        assert frame.position.at_s == pytest.approx(end_s, abs=0.0002)
        edge = frame.timecode.number + (1 if speed > 0 else 0)
        assert frame.position.position_s == pytest.approx(edge / rate.fps)


@pytest.mark.parametrize("speed", [0.4, 0.9, 1.1, 3.0, -0.5, -2.0])
def test_ltc_is_read_at_other_speeds(speed: float) -> None:
    first = Timecode(10, 0, 0, 22 if speed > 0 else 3, Rate.PAL)
    step = 1 if speed > 0 else -1
    frames = read(ltc_sound(first, 30, 48_000, speed), 48_000)
    rolled = [frame for frame in frames if frame.timecode.rate is Rate.PAL]
    # Until a second is over the speed might as well be another rate.
    assert len(rolled) >= 22
    assert numbers(rolled) == [first.number + step * index for index in range(30 - len(rolled), 30)]
    assert rolled[-1].position.speed == pytest.approx(speed, rel=0.02)


def test_ltc_whose_speed_glides_is_followed() -> None:
    first = Timecode(0, 0, 1, 10, Rate.FULL)
    sound = ltc_sound(first, 60, 48_000)
    # Played from 1 to 1.6 times the speed.
    rise = 1.0 + 0.6 * np.arange(len(sound)) / len(sound)
    place = np.cumsum(rise)
    place = place[place < len(sound) - 1]
    glided = np.interp(place, np.arange(len(sound)), sound).astype(np.float32)
    assert numbers(read(glided, 48_000))[-1] == first.number + 59


@pytest.mark.parametrize("noise", [0.03, 0.12])
def test_ltc_is_read_through_noise_hum_and_a_wrong_plug(noise: float) -> None:
    first = Timecode(5, 6, 7, 8, Rate.FILM)
    sound = ltc_sound(first, 40, 48_000, level=0.05)
    source = np.random.default_rng(4)
    hum = 0.005 * np.sin(2 * np.pi * 50 * np.arange(len(sound)) / 48_000) + 0.01
    disturbed = -(sound + source.normal(0.0, noise * 0.05, len(sound)) + hum)
    frames = numbers(read(disturbed.astype(np.float32), 48_000))
    assert frames == [first.number + index for index in range(2, 40)]


def test_blocks_of_any_length_give_the_same() -> None:
    first = Timecode(0, 0, 0, 20, Rate.DROP)
    sound = ltc_sound(first, 8, 48_000)
    whole = read(sound, 48_000, len(sound))
    for block in (1000, 77):
        again = read(sound, 48_000, block)
        assert [frame.timecode for frame in again] == [frame.timecode for frame in whole]
        assert [frame.at for frame in again] == pytest.approx([frame.at for frame in whole])


def test_a_tape_that_is_cut_and_turned_round() -> None:
    first = Timecode(2, 0, 0, 0, Rate.PAL)
    there = ltc_sound(first, 10, 48_000)
    back = ltc_sound(timecode_of(first.number + 9, Rate.PAL), 10, 48_000, -1.0)
    elsewhere = ltc_sound(Timecode(9, 0, 0, 0, Rate.PAL), 10, 48_000)
    silence = np.zeros(24_000, np.float32)
    reader = LtcReader(48_000)
    told = [
        frame
        for part in (there, back, silence, elsewhere)
        for frame in reader.push(part, 0.0)
    ]  # fmt: skip
    names = numbers(told)
    start, other = first.number, Timecode(9, 0, 0, 0, Rate.PAL).number
    turn = names.index(start + 9) + 1
    assert names[:turn] == list(range(names[0], start + 10))
    assert names[turn : turn + 9] == list(range(start + 8, start - 1, -1))
    assert names[turn + 9 :] == list(range(names[turn + 9], other + 10))
    # A word with few ones may need another half to tell the two lengths apart.
    assert names[0] <= start + 3
    assert names[turn + 9] <= other + 3


def test_what_is_no_timecode_tells_nothing() -> None:
    source = np.random.default_rng(2)
    noise = source.normal(0.0, 0.3, 48_000).astype(np.float32)
    tone = np.sin(2 * np.pi * 1200 * np.arange(48_000) / 48_000).astype(np.float32)
    broken = np.full(4_800, np.nan, np.float32)
    assert read(np.concatenate((noise, tone, broken, np.zeros(4_800, np.float32))), 48_000) == []


def test_a_word_is_the_same_from_both_ends() -> None:
    for backwards in (False, True):
        word = Word(23, 59, 58, 29, True, backwards)
        assert word_in(bits_of(word)) == word
    assert word_in(0) is None
