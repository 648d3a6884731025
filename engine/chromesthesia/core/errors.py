"""The one family of errors: what failed, the value seen, and the remedy, in one line."""

from __future__ import annotations

from typing import TypeVar


class ChromesthesiaError(Exception):
    """Base of every error raised on purpose.

    `message` says what failed and the value seen; `remedy` says what to do about it. The command line prints both on
    one line and leaves with `exit_code`.
    """

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message} ({self.remedy})" if self.remedy else self.message


Kept = TypeVar("Kept", bound=ChromesthesiaError)


def without_frames(error: Kept) -> Kept:
    """`error`, and what caused it, without the frames they came through: to be kept.

    Frames keep alive what was read in them, and whoever raises a kept error makes a circle of it that only the
    collector finds.
    """
    each: BaseException | None = error
    while each is not None:
        each.__traceback__ = None
        each = each.__cause__ or each.__context__
    return error


class UsageError(ChromesthesiaError):
    """A wrong option or argument."""

    exit_code = 2


class AudioError(ChromesthesiaError):
    """A sound device or sound file that cannot be used."""

    exit_code = 3


class ChannelError(AudioError):
    """A device or file that has fewer channels than are to be heard."""


class PackError(ChromesthesiaError):
    """A model pack that is missing, damaged or does not fit the engine."""

    exit_code = 4


class RenderError(ChromesthesiaError):
    """No usable OpenGL, or a shader that does not compile."""

    exit_code = 5


class WindowError(RenderError):
    """No window can be opened here; a show may play without one."""


class PresetError(ChromesthesiaError):
    """A preset file that is not valid."""

    exit_code = 6


class NetworkError(ChromesthesiaError):
    """A port that cannot be bound or an address that is refused."""

    exit_code = 7


class RecordError(ChromesthesiaError):
    """A film, still or report that cannot be written."""

    exit_code = 8


class ScoreError(ChromesthesiaError):
    """A score of a show that cannot be read, or not be painted again here."""

    exit_code = 10
