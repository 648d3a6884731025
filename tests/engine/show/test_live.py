"""The whole live show: real threads, real time, real sockets, off-screen OpenGL."""

from __future__ import annotations

import json
import socket
import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import cast

import av
import numpy as np
import pytest
import soundfile

from chromesthesia.core.config import ShowConfig
from chromesthesia.core.errors import ChromesthesiaError, NetworkError, PackError, PresetError
from chromesthesia.core.records import SAMPLE_RATE_HZ, Float32, UInt8
from chromesthesia.display.outputs import OffscreenOutput
from chromesthesia.health.latency import STAGES
from chromesthesia.ports.osc.codec import OscBundle, decode, encode_message
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.renderer import Renderer
from chromesthesia.show.frame_loop import WARM_UP_FRAMES
from chromesthesia.show.live import run_show
from chromesthesia.testing.audio import tone
from chromesthesia.testing.models import write_tiny_pack
from chromesthesia.testing.pulse import PulseStage

pytestmark = pytest.mark.gl

WAIT_S = 60.0


def free_port() -> int:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Watcher:
    """A FrameSink that lets a test wait until a frame looks as expected."""

    def __init__(self) -> None:
        self._news = threading.Condition()
        self.newest: UInt8 | None = None
        self.count = 0

    def frame(self, pixels: UInt8, time_s: float) -> None:
        with self._news:
            self.newest = pixels.copy()
            self.count += 1
            self._news.notify_all()

    def sound(self, samples: Float32, start_s: float) -> None:
        pass

    def close(self) -> None:
        pass

    def mean_of(self, frames: int) -> float:
        """Mean pixel of the frame that comes `frames` after the present one."""
        with self._news:
            goal = self.count + frames
            assert self._news.wait_for(lambda: self.count >= goal, WAIT_S), "no frames come"
            assert self.newest is not None
            return float(self.newest.mean())


class Partner:
    """A UDP socket that hears what the show tells; only the newest value of an address is kept."""

    def __init__(self) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.settimeout(WAIT_S)
        self.port = int(self._socket.getsockname()[1])

    def wait_for(self, address: str, low: float, high: float) -> float:
        """The first value at `address` within low..high; messages before it are passed over."""
        for _ in range(20_000):
            packet = decode(self._socket.recv(65_535))
            assert isinstance(packet, OscBundle)
            for message in packet.elements:
                if not isinstance(message, OscBundle) and message.address == address:
                    value = float(message.arguments[0])  # type: ignore[arg-type]
                    if low <= value <= high:
                        return value
        raise AssertionError(f"{address} never came within {low:g} to {high:g}")

    def wait_for_text(self, address: str, begin: str) -> str:
        """The first text at `address` that begins so; messages before it are passed over."""
        for _ in range(20_000):
            packet = decode(self._socket.recv(65_535))
            assert isinstance(packet, OscBundle)
            for message in packet.elements:
                if not isinstance(message, OscBundle) and message.address == address:
                    text = str(message.arguments[0])
                    if text.startswith(begin):
                        return text
        raise AssertionError(f"{address} never began with {begin!r}")

    def close(self) -> None:
        self._socket.close()


class Background:
    """A show on a thread of its own, ended at the close of the test."""

    def __init__(self, config: ShowConfig, watcher: Watcher) -> None:
        self.stop = threading.Event()
        self.report: dict[str, object] = {}
        self.error: BaseException | None = None
        self._config = config
        self._watcher = watcher
        self._thread = threading.Thread(target=self._play, daemon=True)
        self._thread.start()

    def _play(self) -> None:
        try:
            self.report = run_show(self._config, self.stop, (self._watcher,))
        except BaseException as error:
            self.error = error

    def end(self) -> dict[str, object]:
        self.stop.set()
        self._thread.join(WAIT_S)
        assert not self._thread.is_alive()
        if self.error is not None:
            raise self.error
        return self.report


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_tiny_pack(tmp_path_factory.mktemp("packs") / "tiny")


@pytest.fixture
def partner() -> Iterator[Partner]:
    hearing = Partner()
    yield hearing
    hearing.close()


@pytest.fixture
def config(pack: Path, partner: Partner) -> ShowConfig:
    return ShowConfig(
        source="demo",
        headless=True,
        width=160,
        height=90,
        fps=20.0,
        pack=pack,
        osc_in_port=free_port(),
        osc_out=f"127.0.0.1:{partner.port}",
    )


def test_a_show_leaves_a_film_and_a_whole_report(config: ShowConfig, tmp_path: Path) -> None:
    config = replace(
        config,
        duration_s=2.0,
        record=tmp_path / "out.mp4",
        sheet=tmp_path / "out.png",
        report=tmp_path / "out.json",
    )
    returned = run_show(config)
    report = json.loads((tmp_path / "out.json").read_text())
    assert report["source"] == "demo"
    assert report["pack"] == "tiny"
    assert report["frames"] == returned["frames"]
    assert report["frames"] > 0
    assert report["overruns"] == 0
    assert set(report["latency_ms"]) == set(STAGES)
    for stage, figures in report["latency_ms"].items():
        assert figures["count"] > 0, stage
        assert 0.0 <= figures["p50"] <= figures["p95"] <= figures["p99"], stage
    assert report["latency_ms"]["sound_to_light"]["p50"] > report["latency_ms"]["features"]["p50"]
    assert report["pictures"]["black_frames"] == report["pictures"]["flat_frames"] == 0
    assert set(report["loops"]) == {"frame", "capture", "analysis", "generator", "control"}
    assert all(loop["state"] == "ended" and loop["beats"] > 0 for loop in report["loops"].values())
    assert report["counts"]["frames"]["drawn"] == report["frames"]
    assert report["counts"]["port osc"]["packets_out"] > 0
    assert report["counts"]["outputs"]["film_frames_dropped"] == report["dropped_film_frames"]
    with av.open(str(tmp_path / "out.mp4")) as film:
        assert film.streams.video[0].width == 160
        frames = sum(1 for _ in film.decode(video=0))
    with av.open(str(tmp_path / "out.mp4")) as film:
        heard = np.concatenate([frame.to_ndarray()[0] for frame in film.decode(audio=0)])
    # The film may hold its last frame until the sound ends.
    assert frames + report["dropped_film_frames"] - report["frames"] in (0, 1)
    assert len(heard) > 1.5 * SAMPLE_RATE_HZ
    assert (tmp_path / "out.png").stat().st_size > 0


def test_faults_in_the_frame_loop_are_survived_and_told(
    config: ShowConfig, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = iter(range(1_000_000))
    render = Renderer.render

    def fail_often(self: Renderer, inputs: FrameInputs, *more: object) -> None:
        if next(calls) % 5 == 4:  # the first light and the first picture are not among them
            raise TypeError("injected")
        render(self, inputs)

    class Broken(Watcher):
        def frame(self, pixels: UInt8, time_s: float) -> None:
            raise OSError("the disk is gone")

    monkeypatch.setattr(Renderer, "render", fail_often)
    report = run_show(replace(config, duration_s=1.0, hud=True), None, (Broken(),))
    frames, lost = int(str(report["frames"])), int(str(report["lost_frames"]))
    assert frames > 0
    assert lost > 0
    failures = cast(dict[str, int], report["frame_failures"])
    assert failures["outputs"] == frames
    assert failures["drawing"] == lost


def test_the_show_ends_with_the_file(config: ShowConfig, tmp_path: Path) -> None:
    short = tmp_path / "short.wav"
    soundfile.write(short, tone(440.0, 0.5), SAMPLE_RATE_HZ)
    report = run_show(replace(config, source=str(short)))
    assert report["source"] == "file: short.wav"
    assert int(str(report["frames"])) > 0


def test_outputs_of_ones_own_show_every_frame(config: ShowConfig, tmp_path: Path) -> None:
    short = tmp_path / "short.wav"
    soundfile.write(short, tone(440.0, 0.3), SAMPLE_RATE_HZ)
    shown: list[UInt8] = []

    class Wall(OffscreenOutput):
        def present(self) -> None:
            shown.append(self.read_pixels(np.empty((20, 40, 3), np.uint8)))

    report = run_show(
        replace(config, source=str(short)),
        outputs=lambda surface: [Wall(surface.ctx, name, 40, 20) for name in ("left", "right")],
    )
    drawn = cast(dict[str, dict[str, int]], report["counts"])["frames"]["drawn"]
    assert len(shown) == 2 * (drawn + 1 + WARM_UP_FRAMES)
    assert np.array_equal(shown[-1], shown[-2])
    assert shown[-1].std() > 1.0


@pytest.mark.osc_tools
def test_oscsend_changes_what_is_seen(config: ShowConfig) -> None:
    watcher = Watcher()
    show = Background(config, watcher)
    try:
        before = watcher.mean_of(10)
        for _ in range(20):  # UDP may lose one
            subprocess.run(
                ["oscsend", "127.0.0.1", str(config.osc_in_port), "/master/brightness", "f", "0.2"],
                check=True,
            )
            after = watcher.mean_of(10)
            if after < 0.6 * before:
                break
        assert after < 0.6 * before
        subprocess.run(
            ["oscsend", "127.0.0.1", str(config.osc_in_port), "/preset/load", "s", "Ink"], check=True
        )
    finally:
        report = show.end()
    assert report["preset"] in ("Ink", "Gallery")


def test_a_blackout_is_undone_with_the_room_as_it_was(config: ShowConfig) -> None:
    watcher = Watcher()
    show = Background(replace(config, flash_limiter=False), watcher)

    def ask(address: str, *arguments: float, until: Callable[[float], bool]) -> None:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            for _ in range(40):  # UDP may lose one
                sender.sendto(encode_message(address, arguments), ("127.0.0.1", config.osc_in_port))
                if until(watcher.mean_of(5)):
                    return
        raise AssertionError(f"{address} changed nothing")

    try:
        before = watcher.mean_of(5)
        # The line that the limiter is off stays, whatever goes dark.
        ask("/master/brightness", 0.0, until=lambda mean: mean < 0.2 * before)
        assert watcher.newest is not None
        assert watcher.newest.max() > 60
        ask("/room/reset", until=lambda mean: mean > 0.7 * before)
    finally:
        report = show.end()
    assert report["flash_limiter"] is False


@pytest.mark.osc_tools
def test_oscdump_hears_valence_twenty_times_a_second(config: ShowConfig, tmp_path: Path) -> None:
    port, heard_here = free_port(), tmp_path / "heard.txt"
    # Into a file: a pipe that nobody reads meanwhile is full after two seconds of a show.
    with heard_here.open("w") as file:
        dump = subprocess.Popen(["oscdump", "-L", str(port)], stdout=file)
    try:
        report = run_show(replace(config, duration_s=4.0, osc_out=f"127.0.0.1:{port}"))
    finally:
        dump.terminate()
        dump.wait(WAIT_S)
    heard = sum("/emotion/valence " in line for line in heard_here.read_text().splitlines())
    # There is no valence before the encoder has heard its first window.
    assert heard >= 20.0 * (float(str(report["duration_s"])) - 0.5)


@pytest.mark.pulse
def test_a_real_device_drives_the_show_and_the_show_outlives_the_sound_server(
    config: ShowConfig, partner: Partner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played = tmp_path / "played.wav"
    soundfile.write(played, 0.5 * tone(440.0, 30.0, 48_000), 48_000)
    watcher = Watcher()
    with PulseStage(tmp_path) as stage:
        for name, value in stage.environment.items():
            monkeypatch.setenv(name, value)
        show = Background(replace(config, source="mic", device="pulse"), watcher)
        try:
            watcher.mean_of(1)
            stage.play(played)
            partner.wait_for("/features/loudness_dbfs", -40.0, 0.0)
            stage.kill()
            partner.wait_for("/features/loudness_dbfs", -200.0, -90.0)
            watcher.mean_of(10)
            stage.restart()
            stage.play(played)
            partner.wait_for("/features/loudness_dbfs", -40.0, 0.0)
            watcher.mean_of(10)
        finally:
            report = show.end()
    assert str(report["source"]).startswith("mic")
    assert report["pictures"]["black_frames"] == 0  # type: ignore[index]


@pytest.mark.pulse
def test_a_show_begun_before_the_sound_server_goes_over_to_the_microphone(
    config: ShowConfig, partner: Partner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    played = tmp_path / "played.wav"
    soundfile.write(played, 0.5 * tone(440.0, 30.0, 48_000), 48_000)
    watcher = Watcher()
    stage = PulseStage(tmp_path)
    for name, value in stage.environment.items():
        monkeypatch.setenv(name, value)
    show = Background(replace(config, source="auto"), watcher)
    try:
        partner.wait_for_text("/status/source", "demo")
        stage.start()
        partner.wait_for_text("/status/source", "mic: ")
        partner.wait_for("/features/loudness_dbfs", -200.0, -90.0)
        stage.play(played)
        partner.wait_for("/features/loudness_dbfs", -40.0, 0.0)
    finally:
        report = show.end()
        stage.close()
    assert str(report["source"]).startswith("mic: ")
    assert report["overruns"] == 0


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        ({"preset": "No Such Look"}, PresetError, "No Such Look"),
        ({"pack": Path("nowhere")}, PackError, "nowhere"),
        ({"source": "missing.wav"}, ChromesthesiaError, r"missing\.wav"),
        ({"osc_out": "nonsense"}, ChromesthesiaError, "nonsense"),
        ({"record": Path("film.avi")}, ChromesthesiaError, r"film\.avi"),
    ],
)
def test_what_is_wrong_is_said_before_the_show_begins(
    config: ShowConfig, change: dict[str, object], kind: type[Exception], words: str
) -> None:
    with pytest.raises(kind, match=words):
        run_show(replace(config, **change))  # type: ignore[arg-type]


def test_a_taken_port_is_named(config: ShowConfig) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", config.osc_in_port))
        with pytest.raises(NetworkError, match=str(config.osc_in_port)):
            run_show(config)
