"""The public face of the show: what a program of one's own calls. Everything else of the engine may change."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from chromesthesia.core.config import ShowConfig
from chromesthesia.core.protocols import AudioSource, Encoder, FrameSink, Generator
from chromesthesia.packs.pack import Pack

if TYPE_CHECKING:
    from chromesthesia.display.surface import Surface


def load_pack(pack: str | Path | None = None) -> Pack:
    """The model pack in a folder, or of a plain name; None: the one that ships with Chromesthesia.

    Every file is checked and every model tried. Raises PackError, saying what was expected and what was there.
    """
    from chromesthesia.inference.probe import load_pack as load
    from chromesthesia.packs.find import find_pack

    return load(find_pack(None if pack is None else Path(pack)))


def open_source(
    source: str | Path = "auto",
    *,
    device: str | None = None,
    host_api: str | None = None,
    channels: str = "",
    musicians: Sequence[str] = (),
    paced: bool = True,
    loop: bool = False,
) -> AudioSource:
    """A source of sound: `mic`, `demo` (the bundled étude), `auto` (the microphone, else the étude), or a file.

    A file may be a sound or a video with sound. paced: blocks come at the speed of the sound; False: as fast as they
    are read. loop: begin again at the end. device, host_api: part of a microphone's and of its host API's name.
    channels: which are heard, from 1, and how several become one: `3`, `1,2`, `loudest:1,2`; musicians: the same for
    each that is heard by himself, in a show whose config says so too. Raises AudioError for what cannot be opened,
    UsageError for other channels.
    """
    from chromesthesia.audio.channels import parse_channels, parse_musicians
    from chromesthesia.audio.select import open_source as opened
    from chromesthesia.core.clock import SystemClock

    return opened(
        str(source),
        device,
        host_api,
        SystemClock(),
        paced=paced,
        loop=loop,
        channels=parse_channels(channels),
        musicians=parse_musicians(musicians),
    )


class Show:
    """A live show: what `chromesthesia run` plays, with any part in the place of the engine's own.

    config: as on the command line. source, encoder, generator: used instead of what `config` names. pack: a loaded
    pack, for the models that are not given. surface: opens what is drawn on, with an OpenGL 3.3 context that is current
    on the calling thread; called again when that context is lost. sinks: take every frame and all sound.
    """

    def __init__(
        self,
        config: ShowConfig | None = None,
        *,
        source: AudioSource | None = None,
        pack: Pack | None = None,
        encoder: Encoder | None = None,
        generator: Generator | None = None,
        surface: Callable[[], Surface] | None = None,
        sinks: Sequence[FrameSink] = (),
    ) -> None:
        from chromesthesia.show.assembly import OwnParts

        self._config = ShowConfig() if config is None else config
        self._parts = OwnParts(source, pack, encoder, generator, surface)
        self._sinks = tuple(sinks)
        self._stop = threading.Event()

    def run(self) -> dict[str, object]:
        """Play until the sound ends, `duration_s` is over, the window is closed, or `stop`; returns the report.

        Call from the main thread, where Ctrl-C ends the show in order; elsewhere only `stop` does. Whatever can be
        wrong raises a ChromesthesiaError before the first frame; what goes wrong later is logged and survived. The
        source is closed at the end.
        """
        from chromesthesia.show.live import run_show

        return run_show(self._config, self._stop, self._sinks, own=self._parts)

    def stop(self) -> None:
        """End the show; from any thread. One that has not begun ends with its first frame."""
        self._stop.set()
