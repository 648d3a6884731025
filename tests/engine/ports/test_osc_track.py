"""What came over OSC is written down with its times, and comes again in time: into a show, and into a film."""

from __future__ import annotations

import io
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.fuzzing import check_told, in_time, settings_for

from chromesthesia.control.controller import Controller
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.errors import NetworkError, UsageError
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import PLAIN, PresetLibrary
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.osc.codec import encode_bundle, encode_message, wall_s_to_time_tag
from chromesthesia.ports.osc.reading import PacketReader
from chromesthesia.ports.osc.track import (
    FIRST_LINE,
    OscPlayer,
    OscRecorder,
    OscReplay,
    OscTrack,
    Packet,
    line_of,
    open_track,
    replaying,
)
from chromesthesia.show.osc_recording import open_recorder

FLOW, SPIN = "/look/flow/amount", "/look/view/spin"
WALL_S = 1_790_000_000.0


class Kept(io.BytesIO):
    """A file whose content is there after it was closed."""

    kept = b""

    def close(self) -> None:
        self.kept = self.getvalue()
        super().close()


class Room:
    """A tree, its controller and a clock."""

    def __init__(self, at_s: float = 50.0) -> None:
        self.clock = ManualClock(at_s)
        self.tree = ParameterTree(PARAMETERS)
        self.controller = Controller(self.tree, PresetLibrary(()), PLAIN)
        self.reader = PacketReader(self.tree, self.clock, self.wall_s)
        self.begin_s = at_s

    def wall_s(self) -> float:
        return WALL_S + self.clock.now_s() - self.begin_s

    def hear(self, packet: bytes, source: str = "osc:127.0.0.1:9") -> None:
        for asked in self.reader.read(packet, source):
            self.controller.post(*asked.commands, at_s=asked.at_s)

    def value(self, path: str) -> object:
        self.controller.step(self.clock.now_s())
        return self.tree.snapshot()[path]


def track_of(*lines: bytes) -> OscTrack:
    return OscTrack(io.BytesIO(FIRST_LINE + b"".join(lines)), "x.osc")


def recorded() -> bytes:
    """A show in which two senders ask for something, once with a bundle for a later time."""
    room, file = Room(), Kept()
    recorder = OscRecorder(Path("x.osc"), file, room.clock, wall_time_s=room.wall_s)
    room.reader.overheard = recorder.take
    room.hear(encode_message(FLOW, [0.1]))
    recorder.start()
    room.clock.advance(1.25)
    room.hear(encode_message(FLOW, [0.75]))
    room.clock.advance(1.0)
    later = encode_bundle([encode_message(SPIN, [9.0])], wall_s_to_time_tag(room.wall_s() + 0.5))
    room.hear(later, "osc:10.1.2.3:77")
    room.hear(b"rubbish!")
    recorder.stop()
    assert recorder.health() == {"failures": 0, "packets": 2, "lost": 0}
    return file.kept


def test_the_file_is_a_text_with_times_and_no_addresses() -> None:
    lines = recorded().splitlines()
    assert lines[0] == FIRST_LINE.strip()
    assert lines[1] == b"# began %.6f" % WALL_S
    assert lines[2] == b"1.250000 1 " + encode_message(FLOW, [0.75]).hex().encode()
    assert lines[3].startswith(b"2.250000 2 " + b"#bundle\0".hex().encode())
    assert len(lines) == 4
    assert b"10.1.2.3" not in recorded()


def test_it_comes_again_in_time_and_time_tags_mean_what_they_meant() -> None:
    room = Room(7000.0)
    player = OscPlayer(OscTrack(io.BytesIO(recorded()), "x.osc"), room.tree, room.controller.post, room.clock)
    player.begin(room.clock.now_s())
    default = room.value(FLOW)
    seen = []
    for _ in range(32):
        player.play(room.clock.now_s())
        seen.append((room.clock.now_s() - 7000.0, room.value(FLOW), room.value(SPIN)))
        room.clock.advance(0.125)
    for time_s, flow, spin in seen:
        assert flow == pytest.approx(default if time_s < 1.25 else 0.75)
        assert spin == (0.0 if time_s < 2.75 else 9.0)


def test_a_replay_is_a_port_that_says_when_it_is_due() -> None:
    room = Room()
    port = OscReplay(
        track_of(line_of(Packet(2.0, 1, encode_message(FLOW, [0.5])))), room.tree, room.controller, room.clock
    )
    port.start()
    assert port.next_s == 52.0
    port.publish(51.9, [], dict)
    assert room.controller.waiting == 0
    port.publish(52.0, [], dict)
    assert room.controller.waiting == 1
    assert port.next_s == float("inf")
    assert port.health() == {"failures": 0, "packets": 1}
    port.stop()


def test_a_flood_in_a_file_is_played_in_bounded_steps() -> None:
    line = line_of(Packet(0.0, 1, encode_message(FLOW, [0.5])))
    track = track_of(*[line] * 3000)
    assert [len(list(track.until(1.0))) for _ in range(4)] == [1024, 1024, 952, 0]


def test_what_is_out_of_order_comes_with_the_one_before() -> None:
    track = track_of(b"5 1 00\n", b"3 1 01\n", b"\n", b"# a remark\n", b"6 2 02\n")
    assert [packet.time_s for packet in track.until(10.0)] == [5.0, 5.0, 6.0]


@pytest.mark.parametrize(
    ("line", "number"),
    [
        (b"x 1 00\n", 2),
        (b"1 1 0\n", 2),
        (b"1 1 zz\n", 2),
        (b"-1 1 00\n", 2),
        (b"nan 1 00\n", 2),
        (b"1 1\n", 2),
    ],
)
def test_a_line_that_is_no_packet_is_named(line: bytes, number: int) -> None:
    with pytest.raises(NetworkError, match=f"line {number} is no packet"):
        track_of(line)
    room = Room()
    track = track_of(b"0 1 00\n", line)
    port = OscReplay(track, room.tree, room.controller, room.clock)
    port.start()
    port.publish(99.0, [], dict)
    assert port.health()["failures"] == 1
    assert port.next_s == float("inf")


@pytest.mark.parametrize("content", [b"", b"chromesthesia osc 2\n", b"RIFF"])
def test_another_file_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "x.osc"
    path.write_bytes(content)
    for opens in (open_track, replaying):
        with pytest.raises(NetworkError, match="not a recording of OSC"):
            opens(path)


def test_a_recording_ends_at_its_limit_and_the_show_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    clock, file = ManualClock(), Kept()
    recorder = OscRecorder(Path("x.osc"), file, clock, limit_bytes=2000)
    recorder.start()
    for _ in range(200):
        recorder.take(bytes(100), "osc:a")
        threading.Event().wait(0)
    recorder.stop()
    assert len(file.kept) <= 2000
    assert recorder.health()["failures"] == 1
    assert "the show goes on" in caplog.text


def test_a_disk_that_stands_still_loses_packets_and_counts_them() -> None:
    gate = threading.Event()

    class Slow(Kept):
        def write(self, content: object) -> int:
            gate.wait(30.0)
            return super().write(content)  # type: ignore[arg-type]

    recorder = OscRecorder(Path("x.osc"), Slow(), ManualClock())
    recorder.start()
    for _ in range(10_000):
        recorder.take(b"1234", "osc:a")
    assert recorder.lost > 1000
    gate.set()
    recorder.stop()
    assert recorder.packets + recorder.lost == 10_000


def test_many_senders_take_no_room() -> None:
    recorder = OscRecorder(Path("x.osc"), Kept(), ManualClock())
    recorder.start()
    for number in range(3000):
        recorder.take(b"1234", f"osc:{number}")
    assert len(recorder._senders) <= 1000
    recorder.stop()


def test_without_osc_there_is_nothing_to_record(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="OSC is off"):
        open_recorder(tmp_path / "x.osc", ManualClock(), [])


@settings_for()
@given(st.one_of(st.binary(max_size=200), st.text("0123456789. abcf#\n", max_size=80).map(str.encode)))
def test_fuzz_recordings(content: bytes) -> None:
    with in_time():
        for whole in (content, FIRST_LINE + content):
            try:
                track = OscTrack(io.BytesIO(whole), "fuzz.osc")
                for packet in track.until(float("inf")):
                    assert packet.time_s >= 0.0
            except NetworkError as error:
                check_told(error)
