"""PortAudio started anew, failing, hanging: nothing lasts longer than its cause, and nobody hangs with it."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from chromesthesia.audio.capture import PortAudioBackend
from chromesthesia.audio.devices import list_inputs
from chromesthesia.audio.microphone import MicrophoneSource
from chromesthesia.audio.portaudio import PortAudio
from chromesthesia.core.clock import SystemClock
from chromesthesia.core.errors import AudioError
from chromesthesia.testing.portaudio import FakeSounddevice, PortAudioError
from chromesthesia.testing.pulse import PulseStage, SilentServer

WITHIN_S = 30.0


@pytest.fixture
def library() -> Iterator[FakeSounddevice]:
    library = FakeSounddevice()
    yield library
    library.go_on.set()


def portaudio_on(library: FakeSounddevice, answer_within_s: float = WITHIN_S) -> PortAudio:
    return PortAudio(lambda: library, answer_within_s)


def test_one_failed_start_does_not_keep_the_devices_away(library: FakeSounddevice) -> None:
    portaudio = portaudio_on(library)
    assert [found.name for found in list_inputs(portaudio=portaudio)] == ["fake"]
    library.failing_starts = 1
    with pytest.raises(AudioError, match="PortAudio cannot be started: Error initializing"):
        list_inputs(refresh=True, portaudio=portaudio)
    library.names = ["another"]
    assert [found.name for found in list_inputs(refresh=True, portaudio=portaudio)] == ["another"]


def test_a_microphone_comes_back_though_portaudio_failed_to_start_meanwhile(library: FakeSounddevice) -> None:
    portaudio = portaudio_on(library)
    clock = SystemClock()
    source = MicrophoneSource(
        None, None, clock, backend=PortAudioBackend(clock, portaudio), back_off_s=(0.001, 0.001)
    )
    assert source.read() is not None
    library.failing_starts = 2
    library.streams[0].failure = PortAudioError("Input/output error")
    assert source.read() is not None
    assert (source.reconnects, library.failing_starts) == (1, 0)
    assert library.streams[0].closed
    source.close()
    assert library.streams[1].closed


def test_a_first_start_that_fails_is_tried_again(library: FakeSounddevice) -> None:
    answers: Iterator[AudioError | FakeSounddevice] = iter(
        [AudioError("PortAudio cannot be started"), library]
    )

    def load() -> FakeSounddevice:
        answer = next(answers)
        if isinstance(answer, AudioError):
            raise answer
        return answer

    portaudio = PortAudio(load)
    with pytest.raises(AudioError, match="cannot be started"):
        list_inputs(portaudio=portaudio)
    assert len(list_inputs(portaudio=portaudio)) == 1


def test_what_portaudio_refuses_is_a_named_error_of_one_line(library: FakeSounddevice) -> None:
    def refuse(_: object) -> None:
        raise PortAudioError("Error querying\ndevices")

    with pytest.raises(AudioError, match="PortAudio refuses: Error querying devices"):
        portaudio_on(library).use(refuse)


def test_names_of_devices_are_one_line_each(library: FakeSounddevice) -> None:
    library._seen = ["Two\nlines\x1b[2J"]
    assert list_inputs(portaudio=portaudio_on(library))[0].name == "Two lines\N{REPLACEMENT CHARACTER}[2J"


@pytest.mark.parametrize("call", ["_initialize", "InputStream"])
def test_a_sound_system_that_hangs_is_an_error_and_comes_back(library: FakeSounddevice, call: str) -> None:
    portaudio = portaudio_on(library)
    list_inputs(portaudio=portaudio)
    portaudio.answer_within_s = 0.01
    backend = PortAudioBackend(SystemClock(), portaudio)
    library.hang_on = {call}
    for _ in range(2):  # the second finds it hanging still
        with pytest.raises(AudioError, match=r"no answer for 0\.01 s") as refusal:
            backend.open(None, None)
        assert "--source demo" in refusal.value.remedy
    portaudio.answer_within_s = WITHIN_S
    library.go_on.set()
    backend.open(None, None).close()
    assert all(stream.closed for stream in library.streams), "what was opened too late stays open"
    library.names = ["new"]
    assert list_inputs(refresh=True, portaudio=portaudio)[0].name == "new", "a stream counts as open for ever"


def test_a_close_that_hangs_holds_up_neither_closing_nor_reading(
    library: FakeSounddevice, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("chromesthesia.audio.portaudio.LEAVE_WITHIN_S", 0.01)
    portaudio = portaudio_on(library)
    stream = PortAudioBackend(SystemClock(), portaudio).open(None, None)
    library.hang_on = {"close"}
    stream.close()
    assert library.hanging.wait(WITHIN_S)
    assert stream.read(WITHIN_S) is None
    portaudio.leave()  # as at the exit of the process
    assert library.started
    library.go_on.set()
    assert len(list_inputs(portaudio=portaudio)) == 1
    assert library.streams[0].closed


def test_leaving_gives_portaudio_back(library: FakeSounddevice) -> None:
    portaudio = portaudio_on(library)
    list_inputs(portaudio=portaudio)
    portaudio.leave()
    assert not library.started
    portaudio.leave()


def test_one_line_tells_that_the_sound_system_is_waited_for(
    library: FakeSounddevice, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("chromesthesia.audio.portaudio.SLOW_S", 0.0)
    portaudio = portaudio_on(library, 0.01)
    library.hang_on = {"anything"}
    for _ in range(3):
        with pytest.raises(AudioError):
            portaudio.use(lambda _: library.reach("anything"))
    assert [record.message for record in caplog.records] == [
        "waiting for the sound system, which gives no answer"
    ]


def test_anything_a_stream_throws_is_a_lost_device(library: FakeSounddevice) -> None:
    stream = PortAudioBackend(SystemClock(), portaudio_on(library)).open(None, None)
    library.streams[0].failure = ValueError("odd\nbuffer")
    with pytest.raises(AudioError, match=r"fake \(script\) was lost: odd buffer"):
        stream.read(0.0)
    stream.close()


def test_closing_from_two_threads_closes_once(library: FakeSounddevice) -> None:
    portaudio = portaudio_on(library)
    stream = PortAudioBackend(SystemClock(), portaudio).open(None, None)
    threads = [threading.Thread(target=stream.close) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(WITHIN_S)
    assert portaudio._open_streams == 0


LOOK = """
from chromesthesia.audio.capture import PortAudioBackend
from chromesthesia.audio.portaudio import PortAudio
from chromesthesia.core.clock import SystemClock
from chromesthesia.core.errors import AudioError
for _ in range(2):
    try:
        PortAudioBackend(SystemClock(), PortAudio(answer_within_s=WITHIN_S)).open(None, None)
    except AudioError as error:
        print(error.message)
"""


def look_in_a_process(environment: Mapping[str, str], within_s: float) -> list[str]:
    """What a process says that tries to open the default microphone twice; nothing may be on standard error."""
    look = subprocess.run(
        [sys.executable, "-c", LOOK.replace("WITHIN_S", str(within_s))],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=True,
    )
    assert look.stderr == ""
    return look.stdout.splitlines()


@pytest.mark.pulse
@pytest.mark.parametrize("kind", ["silent", "frozen"])
def test_a_process_ends_though_the_sound_server_never_answers(tmp_path: Path, kind: str) -> None:
    with PulseStage(tmp_path) if kind == "frozen" else SilentServer(tmp_path) as server:
        if isinstance(server, PulseStage):
            server.freeze()
        said = look_in_a_process(server.environment, 0.2)
    assert said == ["the sound system has given no answer for 0.2 s"] * 2


@pytest.mark.pulse
def test_a_server_without_a_source_fills_no_log(tmp_path: Path) -> None:
    with PulseStage(tmp_path) as server:
        server.unplug()
        said = look_in_a_process(server.environment, WITHIN_S)
    assert len(said) == 2
    assert all("cannot be opened" in line for line in said)


LISTEN = """
import sys
from chromesthesia.audio.microphone import MicrophoneSource
from chromesthesia.core.clock import SystemClock
source = MicrophoneSource(None, None, SystemClock())
print("open", flush=True)
sys.stdin.readline()
if CLOSE:
    source.close()
"""


@pytest.mark.pulse
@pytest.mark.parametrize("close", [True, False], ids=["closed", "left open"])
def test_a_process_ends_though_the_server_froze_while_it_listened(tmp_path: Path, close: bool) -> None:
    with PulseStage(tmp_path) as server:
        listening = subprocess.Popen(
            [sys.executable, "-c", LISTEN.replace("CLOSE", str(close))],
            env={**os.environ, **server.environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            assert listening.stdout is not None
            assert listening.stdout.readline() == "open\n"
            server.freeze()
            listening.communicate("end\n", timeout=WITHIN_S)
        finally:
            listening.kill()
            listening.wait()
    assert listening.returncode == 0
