"""Musicians heard each by himself beside the room: the same features, at the same moment, and told over OSC."""

from __future__ import annotations

import socket
import threading
from pathlib import Path

import numpy as np
import pytest
import soundfile

from chromesthesia.audio.channels import parse_musicians
from chromesthesia.audio.files import FileSource, read_sound
from chromesthesia.audio.ring import Ring
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.errors import ChannelError, UsageError
from chromesthesia.core.records import HOP_SAMPLES, SAMPLE_RATE_HZ, STEP_SAMPLES, Float32, Heard
from chromesthesia.features.extractor import FeatureExtractor
from chromesthesia.features.pitch import LONGEST, WINDOW, PitchTracker
from chromesthesia.health.latency import LatencyMeter
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.osc.codec import OscBundle, decode
from chromesthesia.show.analysis import Analysis
from chromesthesia.show.live import run_show
from chromesthesia.show.sound import HOP_S, MISSING_AFTER_S, Capture, Listening
from chromesthesia.signals.table import FIRST, TABLE
from chromesthesia.testing.audio import tone
from chromesthesia.testing.models import ToneEncoder, write_tiny_pack

SNAPSHOT = ParameterTree(PARAMETERS).snapshot()


def listening(ring: Ring, clock: ManualClock, heard: list[Heard], musicians: int) -> Listening:
    analysis = Analysis(ToneEncoder(), clock, LatencyMeter(), musicians=musicians)
    return Listening(ring, analysis, clock, lambda: SNAPSHOT, heard.append)


def heard_live(rows: Float32, step: int = STEP_SAMPLES) -> list[Heard]:
    """What a show hears of float32 [1 + musicians, n], block by block."""
    clock, ring, heard = ManualClock(), Ring(parts=len(rows) - 1), list[Heard]()
    ear = listening(ring, clock, heard, len(rows) - 1)
    for begin in range(0, rows.shape[1], step):
        piece = rows[:, begin : begin + step]
        ring.write(piece[0], begin / SAMPLE_RATE_HZ, piece[1:])
        ear.step()
    return heard


def of_hops(heard: list[Heard]) -> list[Heard]:
    return [one for one in heard if one.frame.end_sample % HOP_SAMPLES == 0]


def strokes(*at_s: float, seconds: float = 2.0, seed: int = 5) -> Float32:
    """Noise of a room, and a short loud noise at each time."""
    random = np.random.default_rng(seed)
    sound = random.normal(0.0, 1e-4, round(seconds * SAMPLE_RATE_HZ)).astype(np.float32)
    for each_s in at_s:
        start = round(each_s * SAMPLE_RATE_HZ)
        sound[start : start + 720] += 0.5 * random.uniform(-1, 1, 720).astype(np.float32)
    return sound


def test_streamed_each_musician_is_heard_as_his_sound_alone_would_be() -> None:
    voice = tone(440.0, 1.0) * np.linspace(0.1, 1.0, 24_000, dtype=np.float32)
    drums = strokes(0.2, 0.5, 0.83, seconds=1.0)
    heard = of_hops(heard_live(np.stack([0.5 * (voice + drums), voice, drums])))
    assert len(heard) == 100
    for place, sound in enumerate((voice, drums)):
        offline = FeatureExtractor().push(sound, 0, 0.0)
        for one, frame in zip(heard, offline, strict=True):
            mine = one.musicians[place].frame
            np.testing.assert_array_equal(mine.bands, frame.bands)
            np.testing.assert_allclose(mine.log_mel, frame.log_mel, atol=1e-5)
            for name in ("index", "end_sample", "rms_dbfs", "lufs_momentary", "onset"):
                assert getattr(mine, name) == getattr(frame, name), name
            assert mine.centroid_hz == pytest.approx(frame.centroid_hz, rel=1e-5)
            assert mine.flux == pytest.approx(frame.flux, abs=1e-5)


def test_the_pitch_of_each_is_followed() -> None:
    voice, bass = tone(440.0, 0.5), tone(98.0, 0.5)
    last = heard_live(np.stack([voice + bass, voice, bass, np.zeros_like(bass)]))[-1]
    pitches = [one.music.pitch_hz for one in last.musicians]
    assert pitches == pytest.approx([440.0, 98.0, 0.0], rel=0.01)
    samples = 2 * (WINDOW + LONGEST)
    assert pitches[0] == pytest.approx(PitchTracker().of(voice[-samples:])[0], rel=1e-3)
    assert last.musicians[0].music.bpm == 0.0


@pytest.mark.parametrize("step", [STEP_SAMPLES, 7, 331, 48_000])
def test_any_chunking_counts_the_same_strokes(step: int) -> None:
    rows = np.stack([strokes(0.5, 1.0, 1.5), strokes(0.5), strokes(1.0, 1.5)])
    last = heard_live(rows, step)[-1]
    assert last.frame.end_sample == 48_000
    assert (last.onset_count, [one.onset_count for one in last.musicians]) == (3, [1, 2])


def test_a_stroke_of_a_musician_is_known_with_that_of_the_room() -> None:
    for start in range(24_000, 24_240, 60):
        sound = strokes(start / SAMPLE_RATE_HZ, seconds=1.2)
        heard = heard_live(np.stack([sound, sound]))
        assert [one.musicians[0].onset_count for one in heard] == [one.onset_count for one in heard]
        assert [one.musicians[0].onset_envelope for one in heard] == [one.onset_envelope for one in heard]
        assert heard[-1].onset_count == 1


def test_strokes_on_the_channels_of_a_file_move_the_signals_of_those_who_struck(tmp_path: Path) -> None:
    struck_s = {1: (0.3, 0.9), 2: (0.5,), 4: (0.7, 1.1, 1.5)}
    sound = np.stack([strokes(*struck_s.get(number, ()), seed=number) for number in (1, 2, 3, 4)], axis=1)
    path = tmp_path / "band.wav"
    soundfile.write(path, sound, SAMPLE_RATE_HZ, subtype="FLOAT")
    clock, ring, heard = ManualClock(), Ring(parts=3), list[Heard]()
    source = FileSource(path, clock, paced=False, musicians=parse_musicians(("1", "3", "2,4")))
    capture, ear = Capture(source, ring, clock, LatencyMeter()), listening(ring, clock, heard, 3)
    while capture.step():
        ear.step()
    values = TABLE.values({FIRST: heard[-1]})
    assert [values[f"/musician/{number}/onset_count"] for number in (1, 2, 3)] == [2, 0, 4]
    assert values["/features/onset_count"] == 6
    tap = TABLE.taps["musician/1/onset"]
    first = next(one for one in heard if one.frame.end_sample >= round(0.33 * SAMPLE_RATE_HZ))
    assert tap.level({FIRST: first}) > 0.7
    assert TABLE.taps["musician/3/onset"].level({FIRST: first}) == 0.0
    assert len(read_sound(path)) == heard[-1].frame.end_sample


def test_without_musicians_nothing_is_kept_or_heard_of_any() -> None:
    ring = Ring()
    ring.write(tone(440.0, 0.1), 0.0, np.ones((2, 2400), np.float32))
    chunk = ring.peek(240)
    assert chunk is not None
    assert chunk.parts.size == 0
    heard = list[Heard]()
    listening(ring, ManualClock(), heard, 0).step()
    assert {one.musicians for one in heard} == {()}


def test_musicians_rest_with_a_source_that_tells_of_none_and_when_sound_stays_away() -> None:
    clock, ring, heard = ManualClock(), Ring(parts=1), list[Heard]()
    ear = listening(ring, clock, heard, 1)
    level = TABLE.taps["musician/1/level"]
    sound = tone(440.0, 0.2)
    ring.write(sound, 0.0, sound[None])
    ear.step()
    assert level.level({FIRST: heard[-1]}) > 0.9
    ring.write(sound, 0.2)
    ear.step()
    assert heard[-1].frame.rms_dbfs > -10.0
    assert level.level({FIRST: heard[-1]}) == 0.0
    ring.write(sound, 0.4, sound[None])
    ear.step()
    clock.advance(MISSING_AFTER_S)
    for _ in range(20):
        clock.advance(HOP_S)
        ear.step()
    assert level.level({FIRST: heard[-1]}) == 0.0


def test_a_show_refuses_too_many_and_channels_that_are_not_there(tmp_path: Path) -> None:
    path = tmp_path / "two.wav"
    soundfile.write(path, np.zeros((2400, 2), np.float32), SAMPLE_RATE_HZ)
    plain = {"headless": True, "osc_in_port": 0, "query_port": 0, "pack": write_tiny_pack(tmp_path / "tiny")}
    with pytest.raises(UsageError, match="5 musicians"):
        run_show(ShowConfig(source=str(path), musicians=("1",) * 5, **plain))  # type: ignore[arg-type]
    with pytest.raises(ChannelError, match="has 2 channels, and channel 3 was asked for"):
        run_show(ShowConfig(source=str(path), musicians=("3",), **plain))  # type: ignore[arg-type]


@pytest.mark.gl
def test_what_a_musician_plays_is_told_over_osc(tmp_path: Path) -> None:
    path = tmp_path / "band.wav"
    sound = np.zeros((24_000, 4), np.float32)
    sound[:, 2] = tone(440.0, 1.0)
    soundfile.write(path, sound, SAMPLE_RATE_HZ)
    stop, told = threading.Event(), dict[str, float]()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as partner, socket.socket() as probe:
        partner.bind(("127.0.0.1", 0))
        partner.settimeout(60.0)
        probe.bind(("127.0.0.1", 0))
        config = ShowConfig(
            source=str(path),
            musicians=("3", "4"),
            headless=True,
            width=64,
            height=36,
            fps=20.0,
            duration_s=120.0,
            pack=write_tiny_pack(tmp_path / "tiny"),
            osc_in_port=probe.getsockname()[1],
            osc_out=f"127.0.0.1:{partner.getsockname()[1]}",
            query_port=0,
        )

        def hear_of_it() -> None:
            try:
                while not (told.get("/musician/1/level", 0.0) > 0.9 and told.get("/musician/1/pitch_hz")):
                    packet = decode(partner.recv(65_535))
                    assert isinstance(packet, OscBundle)
                    for message in packet.elements:
                        if not isinstance(message, OscBundle) and message.address.startswith("/musician/"):
                            told[message.address] = float(message.arguments[0])  # type: ignore[arg-type]
            finally:
                stop.set()

        hearing = threading.Thread(target=hear_of_it, daemon=True)
        hearing.start()
        run_show(config, stop)
        hearing.join(60.0)
    assert told["/musician/1/pitch_hz"] == pytest.approx(440.0, rel=0.01)
    assert told["/musician/2/level"] == 0.0
    assert not any(address.startswith(("/musician/3/", "/musician/4/")) for address in told)
