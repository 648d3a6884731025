"""What a show sees: pictures, videos and cameras, mixed into what is painted, lost and found again."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from chromesthesia.control.controller import Controller
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.config import ShowConfig
from chromesthesia.core.errors import UsageError
from chromesthesia.core.records import PaintedImage, UInt8
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import PresetLibrary
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.eye.port import EyePort, fitted
from chromesthesia.ports.eye.sources import EyeError, PygameCamera, VideoEye, is_live, open_eye
from chromesthesia.show.staging import open_eye_port


def painted(value: int = 100, side: int = 32) -> PaintedImage:
    return PaintedImage(1, 0, 0.0, 0.0, 0.0, np.full((side, side, 3), value, np.uint8))


class Scripted:
    """Gives pictures of these values, then fails if it is told to."""

    def __init__(self, values: list[int], then: Exception | None = None) -> None:
        self.values = values
        self.then = then
        self.closed = False

    def pictures(self) -> Iterator[tuple[UInt8, float]]:
        for number, value in enumerate(self.values):
            yield np.full((60, 80, 3), value, np.uint8), number / 30
        if self.then is not None:
            raise self.then

    def close(self) -> None:
        self.closed = True


def eye_of(*eyes: Scripted | Exception, what: str = "film.mp4") -> tuple[EyePort, ParameterTree]:
    tree, waiting = ParameterTree(PARAMETERS), list(eyes)

    def open_it(name: str) -> Scripted:
        one = waiting.pop(0)
        if isinstance(one, Exception):
            raise one
        return one

    port = EyePort(what, tree, ManualClock(), open_it)
    port._stop.wait = lambda timeout=None: False  # type: ignore[method-assign]  # no pauses
    return port, tree


def test_what_is_seen_is_mixed_as_much_as_is_asked_for() -> None:
    port, tree = eye_of(Scripted([0, 200]))
    assert port.see(painted()).pixels.mean() == 100
    port.look()
    assert port.see(painted()).pixels.shape == (32, 32, 3)
    port2, tree = eye_of(Scripted([0, 200]), Scripted([0, 200]))
    port2.see(painted())
    port2.look()
    for mix, value in ((0.5, 150), (1.0, 200), (0.0, 100), (0.25, 125)):
        tree.write("/eye/mix", mix, "test")
        assert port2.see(painted()).pixels.mean() == value
    assert port2.health() == {"failures": 0, "seen": 2}


def test_an_eye_that_is_lost_leaves_the_generator_alone_and_comes_back(
    caplog: pytest.LogCaptureFixture,
) -> None:
    first = Scripted([200, 200], OSError("unplugged"))
    port, _ = eye_of(first, EyeError("no camera 0"), Scripted([50, 50]))
    port.see(painted())
    with caplog.at_level(logging.WARNING):
        port.look()
        assert first.closed
        assert port.trouble == "nothing is seen: unplugged"
        assert port.see(painted()).pixels.mean() == 100
        port.look()
        assert port.trouble == "nothing is seen: no camera 0"
        port.look()
    assert port.trouble == ""
    assert port.see(painted()).pixels.mean() == 75
    assert port.health()["failures"] == 2
    assert any("seen again" in record.message for record in caplog.records)


def test_a_mirror_turns_left_and_right() -> None:
    port, tree = eye_of(Scripted([]))
    halves = np.zeros((32, 32, 3), np.uint8)
    halves[:, :16] = 200
    port._take(halves, (32, 32))
    tree.write("/eye/mix", 1.0, "test")
    assert port.see(painted()).pixels[0, 0, 0] == 200
    tree.write("/eye/mirror", True, "test")
    assert port.see(painted()).pixels[0, 0, 0] == 0


@pytest.mark.parametrize("size", [(32, 32), (16, 48), (64, 8)])
def test_the_middle_of_a_picture_is_shown_in_the_shape_that_is_asked_for(size: tuple[int, int]) -> None:
    pixels = np.zeros((100, 160, 3), np.uint8)
    pixels[40:60, 70:90] = 255
    shown = fitted(pixels, size)
    assert shown.shape == (size[1], size[0], 3)
    assert shown[size[1] // 2, size[0] // 2].min() > 200
    assert shown[0, 0].max() == 0


def test_a_video_file_is_seen_at_its_times_and_a_picture_upright(tmp_path: Path) -> None:
    path = tmp_path / "film.mp4"
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for value in (30, 120, 210):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64, 3), value, np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    eye = open_eye(str(path))
    seen = [(round(float(pixels.mean())), round(at_s, 3), pixels.shape) for pixels, at_s in eye.pictures()]
    eye.close()
    assert [at_s for _, at_s, _ in seen] == [0.0, 0.1, 0.2]
    assert np.abs(np.array([value for value, _, _ in seen]) - (30, 120, 210)).max() <= 4
    assert seen[0][2] == (48, 64, 3)
    turned = Image.new("RGB", (20, 10), (9, 8, 7))
    exif = turned.getexif()
    exif[0x0112] = 6
    turned.save(tmp_path / "phone.jpg", exif=exif)
    ((pixels, _),) = open_eye(str(tmp_path / "phone.jpg")).pictures()
    assert pixels.shape == (20, 10, 3)


@pytest.mark.parametrize("name", ["odd.png", "odd.mp4"])
def test_a_file_that_is_none_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.write_bytes(b"no picture at all")
    with pytest.raises(EyeError, match=name):
        open_eye(str(path))


def test_a_sound_without_pictures_is_named(tmp_path: Path) -> None:
    import soundfile

    soundfile.write(tmp_path / "sound.wav", np.zeros(1000), 8000)
    with pytest.raises(EyeError, match="has no pictures"):
        VideoEye(str(tmp_path / "sound.wav"))


def test_a_camera_is_chosen_by_number_or_name(monkeypatch: pytest.MonkeyPatch) -> None:
    import pygame
    import pygame.camera

    class Behind:
        def __init__(self, name: str, size: tuple[int, int], mode: str) -> None:
            self.name = name

        def start(self) -> None: ...

        def stop(self) -> None: ...

        def get_image(self) -> pygame.Surface:
            surface = pygame.Surface((8, 6), depth=24)
            surface.fill((10, 20, 30))
            return surface

    monkeypatch.setattr(pygame.camera, "init", lambda *given: None)
    monkeypatch.setattr(pygame.camera, "list_cameras", lambda: ["/dev/video0", "Stage Cam"])
    monkeypatch.setattr(pygame.camera, "Camera", Behind, raising=False)
    for which, name in (("", "/dev/video0"), ("1", "Stage Cam"), ("stage", "Stage Cam")):
        camera = PygameCamera(which)
        assert camera._camera.name == name
        pixels, _ = next(camera.pictures())
        assert pixels.shape == (6, 8, 3)
        assert tuple(int(x) for x in pixels[0, 0]) == (10, 20, 30)
    with pytest.raises(EyeError, match="no camera 7"):
        PygameCamera("7")
    assert is_live("camera:stage")
    assert not is_live("camera.mp4")


def test_a_show_refuses_an_eye_that_is_not_there_or_would_be_told(tmp_path: Path) -> None:
    def opened(**given: Any) -> None:
        tree = ParameterTree(PARAMETERS)
        Controller(tree, PresetLibrary(()))
        open_eye_port(ShowConfig(**given), tree, ManualClock())

    with pytest.raises(UsageError, match=r"nothing to see at .*gone\.mp4"):
        opened(eye=str(tmp_path / "gone.mp4"))
    with pytest.raises(UsageError, match="--eye beside --score"):
        opened(eye="camera", score=tmp_path / "night.score")
    with pytest.raises(UsageError, match="--eye beside --ear"):
        opened(eye="camera", ear="hall")
    opened(eye="camera")
