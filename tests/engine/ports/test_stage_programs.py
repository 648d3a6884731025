"""Pictures for other programs: sent and received again, the newest wins, what is missing is named with its remedy."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chromesthesia.core.clock import ManualClock
from chromesthesia.core.errors import UsageError
from chromesthesia.core.records import UInt8
from chromesthesia.display.headless import HeadlessSurface
from chromesthesia.display.light import Light
from chromesthesia.display.outputs import no_outputs
from chromesthesia.display.stage_file import Kind, OutputSpec
from chromesthesia.ports.stage.handover import Program, counts_of, with_programs
from chromesthesia.ports.stage.programs import (
    CameraSender,
    Feed,
    ProgramError,
    SpoutSender,
    SyphonSender,
    check_way,
)
from chromesthesia.render.cards import Card
from chromesthesia.render.inputs import FrameInputs
from chromesthesia.render.output import OutputShape
from chromesthesia.render.renderer import Renderer
from chromesthesia.testing.render import picture

NDI_PARTNER = Path(__file__).with_name("ndi_partner.py")


class FakeSender:
    """Keeps what it is sent; fails as long as it is told to."""

    channels = 3
    failing = False

    def __init__(self, feed: Feed) -> None:
        if self.failing:
            raise ProgramError("no program listens", "start one")
        self.feed = feed
        self.sent: list[UInt8] = []
        self.closed = False

    def send(self, pixels: UInt8) -> None:
        if self.failing:
            raise OSError("it went away")
        self.sent.append(pixels)

    def close(self) -> None:
        self.closed = True


def program(opened: list[FakeSender], kind: type[FakeSender] = FakeSender, **changes: Any) -> Program:
    def open_sender(feed: Feed) -> FakeSender:
        opened.append(kind(feed))
        return opened[-1]

    spec = replace(OutputSpec("wall", Kind.NDI, size=(48, 32)), **changes)
    made = Program(1, spec, 30.0, ManualClock(), open_sender)
    made._stop.set()  # no pauses: the test takes the steps
    return made


def test_the_newest_picture_is_sent_and_the_others_are_counted() -> None:
    opened: list[FakeSender] = []
    one = program(opened)
    for value in (1, 2, 3):
        one.pixels.put(np.full((32, 48, 4), value, np.uint8))
    one.step(0.0)
    one.step(0.0)
    assert [int(pixels.max()) for pixels in opened[0].sent] == [3]
    assert opened[0].sent[0].shape == (32, 48, 3)
    assert opened[0].feed == Feed("wall", 48, 32, 30.0)
    assert counts_of([one]) == {"sent": 1, "left_out": 2, "send_failures": 0}


def test_a_way_out_that_fails_is_announced_and_opened_again(caplog: pytest.LogCaptureFixture) -> None:
    opened: list[FakeSender] = []

    class Ill(FakeSender):
        failing = True

    one = program(opened, Ill)
    one.step(0.0)
    assert "output wall is not sent: no program listens (start one)" in one.trouble
    Ill.failing = False
    one.step(0.0)
    assert one.trouble == ""
    assert any("is back" in record.message for record in caplog.records)
    Ill.failing = True
    one.pixels.put(np.zeros((32, 48, 4), np.uint8))
    one.step(0.0)
    assert "it went away" in one.trouble
    assert opened[0].closed


@pytest.mark.gl
def test_a_program_sees_its_own_part_of_the_frame_a_frame_later() -> None:
    opened: list[FakeSender] = []
    shape = OutputShape(crop=(0.5, 0.0, 0.5, 1.0))
    one = program(opened, size=(80, 90), shape=shape)
    light = Light(
        lambda: HeadlessSurface(160, 90),
        lambda surface: Renderer(surface.ctx, *surface.size),
        ManualClock(),
        open_outputs=with_programs(no_outputs, [one]),
    )
    shown = picture(1)
    frames = []
    for number in range(3):
        at_s = number / 30
        inputs = FrameInputs(
            at_s, 1 / 30, {}, current=shown, previous=shown, current_serial=1, previous_serial=1
        )
        frame = light.draw(inputs, want_pixels=True)
        assert frame is not None
        frames.append(frame.copy())
        one.step(0.0)
    assert len(opened[0].sent) == 2
    for sent, frame in zip(opened[0].sent, frames, strict=False):
        assert np.array_equal(sent, frame[:, 80:])
    one.spec = replace(one.spec, card=Card.BARS)
    light.draw(inputs, want_pixels=True)
    one.step(0.0)
    assert tuple(opened[0].sent[-1][2, 2]) == (191, 191, 191)
    light.close()


@pytest.mark.parametrize(
    ("kind", "platform", "said", "remedy"),
    [
        (Kind.SPOUT, "linux", "spout is on Windows alone, this is Linux", "ndi or camera"),
        (Kind.SYPHON, "win32", "syphon is on macOS alone, this is Windows", "ndi or camera or spout"),
        (Kind.NDI, "linux", "ndi needs cyndilib, which is not installed", "pip install 'chromesthesia[ndi]'"),
        (Kind.CAMERA, "darwin", "camera needs pyvirtualcam", "pip install 'chromesthesia[camera]'"),
        (Kind.SPOUT, "win32", "spout needs SpoutGL", "pip install 'chromesthesia[spout]'"),
        (Kind.SYPHON, "darwin", "syphon needs syphon", "pip install 'chromesthesia[syphon]'"),
    ],
)
def test_what_is_not_there_is_named_with_its_remedy(
    kind: Kind, platform: str, said: str, remedy: str
) -> None:
    with pytest.raises(UsageError) as caught:
        check_way(kind, "wall", platform, lambda module: False)
    assert said in caught.value.message
    assert "output wall" in caught.value.message
    assert remedy in caught.value.remedy


def test_a_virtual_camera_is_given_rgb(monkeypatch: pytest.MonkeyPatch) -> None:
    """Through the library itself, with a camera of the test's own behind it."""
    pyvirtualcam = pytest.importorskip("pyvirtualcam")
    taken: list[np.ndarray[Any, Any]] = []

    class Behind:
        def __init__(self, *, width: int, height: int, fps: float, fourcc: int, device: str | None) -> None:
            if device == "/dev/none":
                raise RuntimeError("no such device")
            self.given = (width, height, fps, device)

        def send(self, frame: np.ndarray[Any, Any]) -> None:
            taken.append(frame.copy())

        def close(self) -> None: ...

        def device(self) -> str:
            return "test"

        def native_fourcc(self) -> int | None:
            return None

    monkeypatch.setattr(pyvirtualcam.camera, "BACKENDS", {"test": Behind})
    sender = CameraSender(Feed("wall", 8, 4, 30.0))
    sender.send(np.full((4, 8, 3), 7, np.uint8))
    sender.close()
    assert len(taken) == 1
    assert taken[0].size == 4 * 8 * 3
    assert taken[0].max() == 7
    with pytest.raises(ProgramError, match="no virtual camera /dev/none"):
        CameraSender(Feed("wall", 8, 4, 30.0, "/dev/none"))


def test_spout_and_syphon_are_called_as_their_libraries_say(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither can be installed here: what is checked is that every call is one that the library documents."""
    from types import ModuleType, SimpleNamespace
    from unittest.mock import Mock

    spout, pixels = Mock(), np.zeros((4, 8, 4), np.uint8)
    spout.SpoutSender.return_value = Mock(spec_set=["setSenderName", "sendImage", "releaseSender"])
    monkeypatch.setitem(sys.modules, "SpoutGL", spout)
    sender = SpoutSender(Feed("wall", 8, 4, 30.0))
    sender.send(pixels)
    made = spout.SpoutSender.return_value
    made.setSenderName.assert_called_once_with("wall")
    assert made.sendImage.call_args.args[1:] == (8, 4, 0x1908, False, 0)
    made.sendImage.return_value = False
    with pytest.raises(ProgramError, match="takes no picture"):
        sender.send(pixels)
    sender.close()
    server, made_texture, copied = Mock(), Mock(return_value="texture"), Mock()
    for name, content in {
        "syphon": {"SyphonMetalServer": Mock(return_value=server)},
        "syphon.utils": {},
        "syphon.utils.numpy": {"copy_image_to_mtl_texture": copied},
        "syphon.utils.raw": {"create_mtl_texture": made_texture},
    }.items():
        module = ModuleType(name)
        module.__dict__.update(SimpleNamespace(**content).__dict__)
        monkeypatch.setitem(sys.modules, name, module)
    shared = SyphonSender(Feed("wall", 8, 4, 30.0))
    shared.send(pixels)
    made_texture.assert_called_once_with(server.device, 8, 4)
    assert copied.call_args.args[1] == "texture"
    server.publish_frame_texture.assert_called_once_with("texture")
    shared.close()
    server.stop.assert_called_once_with()


@pytest.fixture
def ndi_home(tmp_path: Path) -> dict[str, str]:
    """NDI on this machine alone: sources are asked for at 127.0.0.1, whatever announces them in a network."""
    networks, adapters = {"ips": "127.0.0.1", "discovery": ""}, {"allowed": ["127.0.0.1"]}
    said = {"ndi": {"networks": networks, "adapters": adapters}}
    (tmp_path / "ndi-config.v1.json").write_text(json.dumps(said), encoding="utf-8")
    return {**os.environ, "NDI_CONFIG_DIR": str(tmp_path)}


def test_a_picture_sent_over_ndi_is_received_again(ndi_home: dict[str, str]) -> None:
    pytest.importorskip("cyndilib")
    began_s = time.monotonic()
    said = subprocess.run(
        [sys.executable, str(NDI_PARTNER)],
        env=ndi_home,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert said.returncode == 0, f"{said.stderr[-400:]} after {time.monotonic() - began_s:.0f} s"
    seen = json.loads(said.stdout)
    assert seen["size"] == [64, 36]
    assert np.abs(np.array(seen["mean"]) - (200, 40, 90)).max() < 8
