"""Ways to hand pictures to other programs here or in the network, each through a library that is an optional extra."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Protocol

import numpy as np

from chromesthesia.core.errors import ChromesthesiaError, UsageError
from chromesthesia.core.records import UInt8
from chromesthesia.core.user_files import one_line
from chromesthesia.display.stage_file import Kind

GL_RGBA = 0x1908
MOST_FPS = 240.0


class ProgramError(ChromesthesiaError):
    """No other program can be given pictures this way, now."""

    exit_code = 7


class Sender(Protocol):
    """Gives pictures to another program. Opened, used and closed on one thread."""

    channels: int
    """Of the pictures it takes: 3 for red, green, blue, 4 with an opaque alpha."""

    def send(self, pixels: UInt8) -> None:
        """Give it pixels uint8 [H, W, channels], row 0 at the top. May raise whatever the library raises."""
        ...

    def close(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Feed:
    """What another program sees. device: which virtual camera, empty for the first."""

    name: str
    width: int
    height: int
    fps: float
    device: str = ""


class NdiSender:
    """Over the network by NDI, through cyndilib, as a source of the feed's name."""

    channels = 4

    def __init__(self, feed: Feed) -> None:
        from cyndilib.sender import Sender as Ndi
        from cyndilib.video_frame import VideoSendFrame
        from cyndilib.wrapper.ndi_structs import FourCC

        frame = VideoSendFrame()
        frame.set_resolution(feed.width, feed.height)
        frame.set_frame_rate(Fraction(min(feed.fps, MOST_FPS)).limit_denominator(1001))
        frame.set_fourcc(FourCC.RGBX)
        # The show has its own rate: the library is not to wait for one.
        self._ndi: Any = Ndi(feed.name, clock_video=False)
        self._ndi.set_video_frame(frame)
        self._ndi.open()

    def send(self, pixels: UInt8) -> None:
        """See `Sender`."""
        self._ndi.write_video_async(np.ascontiguousarray(pixels).reshape(-1))

    def close(self) -> None:
        """See `Sender`."""
        self._ndi.close()


class CameraSender:
    """As a camera, through pyvirtualcam: v4l2loopback on Linux, OBS's on Windows and macOS. Raises ProgramError."""

    channels = 3

    def __init__(self, feed: Feed) -> None:
        import pyvirtualcam

        try:
            self._camera: Any = pyvirtualcam.Camera(
                feed.width, feed.height, min(feed.fps, MOST_FPS), device=feed.device or None
            )
        except RuntimeError as error:
            raise ProgramError(
                f"no virtual camera {one_line(feed.device) or 'here'}: {one_line(error)}", _CAMERA_REMEDY
            ) from error

    def send(self, pixels: UInt8) -> None:
        """See `Sender`."""
        self._camera.send(np.ascontiguousarray(pixels))

    def close(self) -> None:
        """See `Sender`."""
        self._camera.close()


class SpoutSender:
    """To programs on the same Windows machine, through SpoutGL."""

    channels = 4

    def __init__(self, feed: Feed) -> None:
        import SpoutGL

        self._spout: Any = SpoutGL.SpoutSender()
        self._spout.setSenderName(feed.name)
        # Its own context on this thread, where the binding has a call for it.
        make_context = getattr(self._spout, "createOpenGL", None)
        if make_context is not None:
            make_context()

    def send(self, pixels: UInt8) -> None:
        """See `Sender`. Raises ProgramError for a picture that is not taken."""
        height, width = pixels.shape[:2]
        if not self._spout.sendImage(np.ascontiguousarray(pixels), width, height, GL_RGBA, False, 0):
            raise ProgramError("Spout takes no picture", "is there a graphics driver that Spout works with?")

    def close(self) -> None:
        """See `Sender`."""
        self._spout.releaseSender()


class SyphonSender:
    """To programs on the same Mac, through syphon-python."""

    channels = 4

    def __init__(self, feed: Feed) -> None:
        import syphon
        from syphon.utils.numpy import copy_image_to_mtl_texture
        from syphon.utils.raw import create_mtl_texture

        self._copy: Callable[[UInt8, Any], None] = copy_image_to_mtl_texture
        self._server: Any = syphon.SyphonMetalServer(feed.name)
        self._texture: Any = create_mtl_texture(self._server.device, feed.width, feed.height)

    def send(self, pixels: UInt8) -> None:
        """See `Sender`."""
        self._copy(np.ascontiguousarray(pixels), self._texture)
        self._server.publish_frame_texture(self._texture)

    def close(self) -> None:
        """See `Sender`."""
        self._server.stop()


_CAMERA_REMEDY = (
    "load the module: sudo modprobe v4l2loopback exclusive_caps=1"
    if sys.platform == "linux"
    else "install OBS Studio, which brings a virtual camera"
)


@dataclass(frozen=True, slots=True)
class Way:
    """One way out. module: what must be installed; extra: of this package, that installs it; platform: where alone it
    works, empty for anywhere."""

    module: str
    extra: str
    open: Callable[[Feed], Sender]
    platform: str = ""


WAYS: Mapping[Kind, Way] = {
    Kind.NDI: Way("cyndilib", "ndi", NdiSender),
    Kind.CAMERA: Way("pyvirtualcam", "camera", CameraSender),
    Kind.SPOUT: Way("SpoutGL", "spout", SpoutSender, "win32"),
    Kind.SYPHON: Way("syphon", "syphon", SyphonSender, "darwin"),
}
_SYSTEMS = {"win32": "Windows", "darwin": "macOS", "linux": "Linux"}


def check_way(
    kind: Kind,
    name: str,
    platform: str = sys.platform,
    is_there: Callable[[str], bool] = lambda module: importlib.util.find_spec(module) is not None,
) -> Way:
    """The way out of this kind. Raises UsageError where this system has none, or its library is not installed."""
    way = WAYS[kind]
    if way.platform not in ("", platform):
        raise UsageError(
            f"output {one_line(name)}: {kind.value} is on {_SYSTEMS[way.platform]} alone, this is "
            f"{_SYSTEMS.get(platform, platform)}",
            f"use {' or '.join(other.value for other, found in WAYS.items() if found.platform in ('', platform))}",
        )
    if not is_there(way.module):
        raise UsageError(
            f"output {one_line(name)}: {kind.value} needs {way.module}, which is not installed",
            f"pip install 'chromesthesia[{way.extra}]'",
        )
    return way
