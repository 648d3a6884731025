"""Where seen pictures come from: a picture file, a video file that begins again at its end, a camera."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from chromesthesia.core.errors import ChromesthesiaError, UsageError
from chromesthesia.core.records import UInt8
from chromesthesia.core.user_files import is_file, one_line

CAMERA = "camera"
PICTURES = (".png", ".jpg", ".jpeg", ".webp", ".bmp", ".tif", ".tiff", ".gif")
MOST_PIXELS = 64_000_000
"""A picture of more is refused: it would take a gigabyte to open."""
CAMERA_SIZE = (640, 480)
LONGEST_GAP_S = 10.0
"""A video whose times jump by more goes on at once."""


class EyeError(ChromesthesiaError):
    """A camera, video or picture that cannot be seen."""

    exit_code = 3


class Eye(Protocol):
    """Gives pictures until it ends; opened, read and closed on one thread."""

    def pictures(self) -> Iterator[tuple[UInt8, float]]:
        """Pictures uint8 [H, W, 3] with how long after the first each is to be seen, in seconds. May end, and may raise
        whatever the library raises."""
        ...

    def close(self) -> None: ...


class PictureEye:
    """One picture file. Raises EyeError."""

    def __init__(self, path: Path) -> None:
        from PIL import Image, ImageOps, UnidentifiedImageError

        try:
            with Image.open(path) as opened:
                if opened.width * opened.height > MOST_PIXELS:
                    raise EyeError(
                        f"{one_line(path)} has {opened.width} x {opened.height} pixels",
                        f"make it smaller than {MOST_PIXELS // 1_000_000} million",
                    )
                upright = ImageOps.exif_transpose(opened)
                self._pixels: UInt8 = np.asarray(upright.convert("RGB"), np.uint8)
        except (
            OSError,
            ValueError,
            SyntaxError,
            UnidentifiedImageError,
            Image.DecompressionBombError,
        ) as error:
            raise EyeError(
                f"{one_line(path)} is no picture: {one_line(error)}", "give PNG, JPEG or WebP"
            ) from error

    def pictures(self) -> Iterator[tuple[UInt8, float]]:
        """See `Eye`."""
        yield self._pixels, 0.0

    def close(self) -> None:
        """See `Eye`."""


class VideoEye:
    """A video file, or what FFmpeg opens like one (format: of a device). Raises EyeError."""

    def __init__(self, name: str, device: str | None = None) -> None:
        import av
        import av.error

        try:
            self._container: Any = av.open(name, format=device)
            if not self._container.streams.video:
                self._container.close()
                raise EyeError(f"{one_line(name)} has no pictures", "give a video")
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise EyeError(
                f"{one_line(name)} cannot be seen: {one_line(error)}", "give a video file"
            ) from error
        self._container.streams.video[0].thread_type = "NONE"

    def pictures(self) -> Iterator[tuple[UInt8, float]]:
        """See `Eye`."""
        begin_s, last_s = None, 0.0
        for frame in self._container.decode(video=0):
            told_s = last_s if frame.time is None else float(frame.time)
            begin_s = told_s if begin_s is None else begin_s
            at_s = told_s - begin_s
            if not 0.0 <= at_s - last_s <= LONGEST_GAP_S:
                begin_s, at_s = told_s - last_s, last_s
            last_s = at_s
            yield frame.to_ndarray(format="rgb24"), at_s

    def close(self) -> None:
        """See `Eye`."""
        self._container.close()


class PygameCamera:
    """A camera through pygame, on Linux and Windows. which: its number or a part of its name. Raises EyeError."""

    def __init__(self, which: str) -> None:
        import pygame.camera

        pygame.camera.init()
        names = [str(name) for name in pygame.camera.list_cameras()]
        found = _chosen(which, names)
        if found is None:
            there = ", ".join(one_line(name) for name in names) or "none"
            raise EyeError(f"no camera {one_line(which) or '0'}", f"there are: {there}")
        self._camera: Any = pygame.camera.Camera(found, CAMERA_SIZE, "RGB")
        self._camera.start()

    def pictures(self) -> Iterator[tuple[UInt8, float]]:
        """See `Eye`; a camera's pictures are seen when they come."""
        import pygame.surfarray

        while True:
            surface = self._camera.get_image()
            yield np.ascontiguousarray(pygame.surfarray.pixels3d(surface).swapaxes(0, 1)), 0.0

    def close(self) -> None:
        """See `Eye`."""
        self._camera.stop()


def _chosen(which: str, names: list[str]) -> str | None:
    if not which or which.isdecimal():
        place = int(which or "0")
        return names[place] if place < len(names) else None
    return next((name for name in names if which.lower() in name.lower()), None)


def check_eye(what: str) -> None:
    """Raises UsageError for a file that is not there; a camera is waited for."""
    if _camera_of(what) is None and not is_file(Path(what)):
        raise UsageError(f"nothing to see at {one_line(what)}", "give camera, camera:1, a video or a picture")


def open_eye(what: str) -> Eye:
    """What can be seen by this name. Raises EyeError."""
    camera = _camera_of(what)
    if camera is not None:
        if sys.platform == "darwin":
            return VideoEye(f"{camera or 0}:none", "avfoundation")
        return PygameCamera(camera)
    path = Path(what)
    return PictureEye(path) if path.suffix.lower() in PICTURES else VideoEye(str(path))


def is_live(what: str) -> bool:
    """True for a camera: its pictures are seen when they come."""
    return _camera_of(what) is not None


def _camera_of(what: str) -> str | None:
    kind, _, which = what.partition(":")
    return which if kind == CAMERA else None
