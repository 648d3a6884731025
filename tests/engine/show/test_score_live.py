"""A show with real threads keeps its score, and any part of it is painted again from the file alone."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from pathlib import Path

import msgspec
import numpy as np
import pytest
import soundfile
from PIL import Image

from chromesthesia.cli.app import main
from chromesthesia.core.config import FilmConfig, RepaintConfig, ShowConfig
from chromesthesia.core.errors import PackError, ScoreError, UsageError
from chromesthesia.core.records import Float32, UInt8
from chromesthesia.ports.osc.codec import encode_message
from chromesthesia.ports.osc.track import FIRST_LINE, Packet, line_of, open_track
from chromesthesia.score.events import Head
from chromesthesia.score.reader import open_score
from chromesthesia.show import score_live
from chromesthesia.show.live import run_show
from chromesthesia.show.offline import render_film
from chromesthesia.show.repaint import begin_us, repaint
from chromesthesia.testing.models import write_tiny_pack

pytestmark = pytest.mark.gl

FLOW = "/look/flow/amount"
FRAMES = 30


class Frames:
    """A FrameSink that keeps every frame."""

    def __init__(self) -> None:
        self.kept: list[tuple[int, bytes]] = []

    def frame(self, pixels: UInt8, time_s: float) -> None:
        self.kept.append((round(time_s * 1e6), pixels.tobytes()))

    def sound(self, samples: Float32, start_s: float) -> None:
        """Not kept."""

    def close(self) -> None:
        """Nothing to close."""


class Hand(Frames):
    """Sends a packet of OSC with some frames, as a hand on a fader would; ends the show after the 30th."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port
        self.stop = threading.Event()

    def frame(self, pixels: UInt8, time_s: float) -> None:
        super().frame(pixels, time_s)
        packets = {
            4: encode_message(FLOW, [0.9]),
            10: encode_message("/preset/load", ["Ember"]),
            16: encode_message("/master/brightness", [0.6]),
        }
        if len(self.kept) >= FRAMES:
            self.stop.set()
        packet = packets.get(len(self.kept))
        if packet is not None:
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
                out.sendto(packet, ("127.0.0.1", self._port))


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_pack(tmp_path_factory.mktemp("packs") / "tiny")


@pytest.fixture(scope="module")
def show(tmp_path_factory: pytest.TempPathFactory, pack: Path) -> tuple[Path, Path, Hand]:
    """The score of a show of thirty frames, the OSC that came in it, and what was shown."""
    folder = tmp_path_factory.mktemp("night")
    port = free_port()
    hand = Hand(port)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(score_live, "KEY_EVERY_S", 0.5)
        patch.setattr(score_live, "KEY_BYTES_AN_HOUR", 1 << 40)
        run_show(
            ShowConfig(
                source="demo",
                headless=True,
                width=160,
                height=90,
                fps=20.0,
                duration_s=600.0,
                pack=pack,
                osc_in_port=port,
                osc_out=f"127.0.0.1:{free_port()}",
                query_port=0,
                score=folder / "night.score",
                record_osc=folder / "night.osc",
            ),
            hand.stop,
            (hand,),
        )
    return folder / "night.score", folder / "night.osc", hand


def test_all_of_it_is_painted_again_byte_for_byte(show: tuple[Path, Path, Hand], pack: Path) -> None:
    path, _, hand = show
    frames = Frames()
    report = repaint(RepaintConfig(path, pack=pack), sinks=(frames,))
    assert report["exact"] is True, report["differs"]
    assert report["notes"] == []
    assert len(hand.kept) >= FRAMES
    assert frames.kept == hand.kept


def test_a_part_from_the_middle_is_the_same_part(show: tuple[Path, Path, Hand], pack: Path) -> None:
    path, _, hand = show
    frames = Frames()
    begin_us, end_us = hand.kept[20][0], hand.kept[26][0]
    config = RepaintConfig(
        path, begin=f"{begin_us / 1e6:.6f}", duration_s=(end_us - begin_us) / 1e6, pack=pack
    )
    report = repaint(config, sinks=(frames,))
    assert frames.kept == [(at - begin_us, pixels) for at, pixels in hand.kept[20:26]]
    lead = report["lead_frames"]
    assert isinstance(lead, int)
    assert lead < 20, "from a key, not the start"


def test_at_another_size_it_is_a_print(show: tuple[Path, Path, Hand], pack: Path, tmp_path: Path) -> None:
    path, _, _ = show
    config = RepaintConfig(path, begin="0", still=tmp_path / "print.png", width=480, height=270, pack=pack)
    report = repaint(config)
    assert report["exact"] is False
    assert report["differs"] == ["size 480x270, shown at 160x90"]
    with Image.open(tmp_path / "print.png") as image:
        assert image.size == (480, 270)
        assert np.asarray(image).std() > 5.0


def test_another_pack_is_named_and_may_be_asked_for(show: tuple[Path, Path, Hand], tmp_path: Path) -> None:
    path, _, _ = show
    other = write_tiny_pack(tmp_path / "other", "other", side=48)
    with pytest.raises(PackError, match=r"painted by pack tiny .* other is another"):
        repaint(RepaintConfig(path, pack=other))
    report = repaint(RepaintConfig(path, duration_s=0.3, pack=other, other_pack=True), sinks=(Frames(),))
    assert report["differs"] == ["another generator paints"]


def test_other_shaders_are_told(
    show: tuple[Path, Path, Hand], pack: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, _, _ = show
    score = open_score(path)
    head = msgspec.structs.replace(score.head, shaders="0" * 64, engine="0.0.9")
    monkeypatch.setattr("chromesthesia.score.reader.decode_head", lambda content: head)
    report = repaint(RepaintConfig(path, duration_s=0.2, pack=pack), sinks=(Frames(),))
    assert report["exact"] is False
    assert "other shaders" in report["differs"]  # type: ignore[operator]


def test_a_moment_after_the_end_is_refused(show: tuple[Path, Path, Hand], pack: Path) -> None:
    with pytest.raises(UsageError, match="does not reach 3600"):
        repaint(RepaintConfig(show[0], begin="3600", pack=pack))


def test_the_command_paints_a_film_and_says_what_is_missing(
    show: tuple[Path, Path, Hand], pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cut = tmp_path / "cut.score"
    cut.write_bytes(show[0].read_bytes()[:-5])
    film = tmp_path / "part.mp4"
    with pytest.raises(SystemExit) as left:
        main(["render", "--score", str(cut), str(film), "--from", "0.1", "--for", "9", "--pack", str(pack)])
    assert left.value.code == 0
    assert film.stat().st_size > 1000
    assert "ends in the middle of a block" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["--score", "x.score"], ["only.wav"], ["--score", "x.score", "a.mp4", "b.mp4"]]
)
def test_the_command_says_what_it_needs(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        main(["render", *arguments])
    assert left.value.code == 2
    assert "error" in capsys.readouterr().err


def test_a_score_that_is_none_leaves_with_its_own_code(tmp_path: Path) -> None:
    path = tmp_path / "x.score"
    path.write_text("no score")
    with pytest.raises(SystemExit) as left:
        main(["render", "--score", str(path), str(tmp_path / "x.mp4")])
    assert left.value.code == ScoreError.exit_code == 10


def test_what_came_over_osc_was_written_down(show: tuple[Path, Path, Hand]) -> None:
    packets = list(open_track(show[1]).until(float("inf")))
    assert [packet.content for packet in packets] == [
        encode_message(FLOW, [0.9]),
        encode_message("/preset/load", ["Ember"]),
        encode_message("/master/brightness", [0.6]),
    ]


def test_a_film_follows_a_recording_of_osc_in_time(pack: Path, tmp_path: Path) -> None:
    sound = tmp_path / "sound.wav"
    soundfile.write(sound, np.zeros(24_000, np.float32), 24_000)
    recording = tmp_path / "night.osc"
    recording.write_bytes(FIRST_LINE + line_of(Packet(0.5, 1, encode_message("/master/brightness", [0.0]))))
    plain, steered = Frames(), Frames()
    config = FilmConfig(sound, None, width=96, height=54, fps=10.0, duration_s=1.0, pack=pack)
    render_film(config, sinks=(plain,))
    render_film(replace(config, osc=recording), sinks=(steered,))
    same = [one == other for one, other in zip(plain.kept, steered.kept, strict=True)]
    assert same == [True] * 5 + [False] * 5


def test_a_show_plays_a_recording_of_osc(pack: Path, tmp_path: Path) -> None:
    recording = tmp_path / "night.osc"
    recording.write_bytes(FIRST_LINE + line_of(Packet(0.1, 1, encode_message("/preset/load", ["Ember"]))))
    report = run_show(
        ShowConfig(
            source="demo", headless=True, width=96, height=54, fps=10.0, duration_s=0.6, pack=pack,
            osc_in_port=0, query_port=0, osc_replay=recording,
        )
    )  # fmt: skip
    assert report["preset"] == "Ember"


HEAD = Head(
    show="", engine="", began_s=1_790_000_000.0, utc_offset_s=7200, seed=1, fps=30.0, size=(96, 54), pack="",
    generator="", provider="", shaders="", catalogue="", opengl="", source="", preset="", flash_limiter=True,
)  # fmt: skip


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("90", 90.0),
        ("+90.5 s", 90.5),
        # 1790000000 s is 14:13:20 in UTC, 16:13:20 at the place.
        ("16:13:20", 0.0),
        ("16:14", 40.0),
        ("16:13:20.250", 0.25),
        ("23:00:00", 6 * 3600 + 46 * 60 + 40.0),
        ("1:00", 8 * 3600 + 46 * 60 + 40.0),
    ],
)
def test_moments_of_a_show(text: str, seconds: float) -> None:
    assert begin_us(text, HEAD) == round(seconds * 1e6)


@pytest.mark.parametrize("text", ["", "24:00", "12:60", "-5", "nan", "1e3", "noon", "9" * 20])
def test_what_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no moment of a show"):
        begin_us(text, HEAD)
