"""Another model pack while the show runs: loaded beside it on a thread of its own, taken between two pictures."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

import numpy as np

from chromesthesia.control.commands import Command, Finish, LoadPack
from chromesthesia.core.emotions import condition_size
from chromesthesia.core.errors import ChromesthesiaError, PackError, without_frames
from chromesthesia.core.protocols import Generator
from chromesthesia.core.user_files import one_line, shown
from chromesthesia.inference.generator import check_picture
from chromesthesia.packs.find import list_packs
from chromesthesia.params.values import nearest
from chromesthesia.show.assembly import Models

log = logging.getLogger(__name__)


class PackSwap:
    """Does `LoadPack` commands. `load` is called on the control thread and returns at once.

    Only packs that are where packs are found can be named, so nobody reaches a file through the network. What is wrong
    with a pack is refused as a command is; the models that run go on. A pack may ask for another condition or noise,
    and paint in another size: the walk then begins anew, and its pictures come up over the old ones. One that fails or
    makes frames late in its first moments is taken back.
    """

    def __init__(
        self,
        running: Models,
        post: Callable[[Command], None],
        take: Callable[[Models, Callable[[str], None]], None],
        open_pack: Callable[[Path], Models],
        packs: Callable[[], Iterable[Path]] = list_packs,
    ) -> None:
        """post: `Controller.post`. take: puts the models in the place of the running ones; what it is given beside them
        is called, from any thread, with the reason why they were taken back. open_pack: slow; raises a
        ChromesthesiaError. packs: the folders of the packs there are.
        """
        self._running = running
        self._post = post
        self._take = take
        self._open_pack = open_pack
        self._packs = packs
        self._loading: threading.Thread | None = None

    def load(self, command: LoadPack, now_s: float) -> None:
        """Begin to load; raises PackError for a name that is none, and while another pack is being loaded."""
        if self._loading is not None:
            raise PackError("another pack is being loaded", "wait until it is there")
        folders = {folder.name: folder for folder in self._packs()}
        folder = folders.get(command.name)
        if folder is None:
            hint = nearest(command.name, folders) or f"there are: {', '.join(sorted(folders)) or 'none'}"
            raise PackError(f"no model pack {shown(command.name)}", hint)
        self._loading = threading.Thread(
            target=self._load, args=(folder, command.source), name="pack", daemon=True
        )
        self._loading.start()

    def wait(self, timeout_s: float | None = None) -> None:
        """Until nothing is being loaded."""
        thread = self._loading
        if thread is not None:
            thread.join(timeout_s)

    def _load(self, folder: Path, source: str) -> None:
        try:
            models = self._open_pack(folder)
            _warm_up(models.generator)
        except ChromesthesiaError as error:
            self._end(error, source)
        except Exception as error:  # whatever a model's runtime throws, the show goes on with what it has
            self._end(
                PackError(f"pack {folder.name} cannot be loaded: {one_line(error)}", "see the log"), source
            )
            log.warning("pack %s cannot be loaded", one_line(folder.name), exc_info=True)
        else:
            self._post(Finish(lambda: self._done(models, source), source))

    def _done(self, models: Models, source: str) -> None:
        self._loading = None
        former, self._running = self._running, models
        self._take(models, lambda why: self._taken_back(models, former, why, source))
        log.info("pack %s (%s)", one_line(models.name), source)

    def _taken_back(self, models: Models, former: Models, why: str, source: str) -> None:
        def tell() -> NoReturn:
            if self._running is models:
                self._running = former
            raise PackError(
                f"pack {one_line(models.name)} was taken back: {why}",
                f"{one_line(former.name)} goes on; see the log",
            )

        self._post(Finish(tell, source))

    def _end(self, error: ChromesthesiaError, source: str) -> None:
        kept = without_frames(error)

        def refuse() -> NoReturn:
            self._loading = None
            raise kept

        self._post(Finish(refuse, source))


def refuse_beside_score(command: LoadPack, now_s: float) -> NoReturn:
    """Another pack in a show that keeps a score: raises PackError."""
    raise PackError(
        f"{shown(command.name)} is not loaded: a score is kept, and one pack paints it again",
        "play without --score",
    )


def _warm_up(generator: Generator) -> None:
    """Paint once beside the running show: the first picture of a model takes longest. Raises what it raises."""
    condition = np.zeros(condition_size(generator.condition_labels), np.float32)
    noise = np.random.default_rng(1).standard_normal(generator.noise_size).astype(np.float32)
    check_picture(generator.paint(condition, noise))
