"""The smaller generator of a pack: opened beside the running show, when frames first come late."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

import numpy as np

from chromesthesia.core.emotions import condition_size
from chromesthesia.core.priority import give_way
from chromesthesia.core.protocols import Generator
from chromesthesia.core.user_files import one_line

log = logging.getLogger(__name__)


class SmallerGenerator:
    """Opens it once, on a thread of its own, and paints a picture with it, so that the show need not wait for it.

    opened: called on that thread when it is ready. One that does not open is logged; the show does without it.
    """

    def __init__(self, open_it: Callable[[], Generator], opened: Callable[[], None]) -> None:
        self._open = open_it
        self._opened = opened
        self._thread: threading.Thread | None = None
        self.ready: Generator | None = None

    def prepare(self) -> None:
        """Begin to open it, unless that was done before. Returns at once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._prepare, name="smaller generator", daemon=True)
            self._thread.start()

    def wait(self, timeout_s: float | None = None) -> None:
        """Until it is ready, or was given up."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def _prepare(self) -> None:
        give_way()
        try:
            generator = self._open()
            generator.paint(
                np.zeros(condition_size(generator.condition_labels), np.float32),
                np.zeros(generator.noise_size, np.float32),
            )
        except Exception as error:  # whatever a model's runtime throws, the show has its own generator
            log.warning("the smaller generator cannot be used: %s", one_line(error))
            return
        self.ready = generator
        self._opened()
