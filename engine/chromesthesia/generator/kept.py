"""The last pictures painted, to be shown again when there is no time to paint others."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

import numpy as np

from chromesthesia.core.records import Float32, PaintedImage, PaintRequest

KEPT_PICTURES = 8
KEPT_EVERY_S = 0.5
"""Pictures closer together in time look alike: only one of them is kept."""
SHOWN_EVERY_S = 1.0
_MOST_PENDING = 64


class KeptPictures:
    """Keeps a few pictures with what they were asked for; the oldest goes first. One thread at a time."""

    def __init__(self) -> None:
        self._asked: dict[int, PaintRequest] = {}
        self._kept: deque[tuple[Float32, PaintedImage]] = deque(maxlen=KEPT_PICTURES)
        self._shown: PaintedImage | None = None
        self._due_s = float("-inf")

    def __len__(self) -> int:
        return len(self._kept)

    def asked(self, request: PaintRequest) -> None:
        """A picture is being painted for `request`."""
        self._asked[request.serial] = request
        while len(self._asked) > _MOST_PENDING:
            del self._asked[next(iter(self._asked))]

    def painted(self, image: PaintedImage) -> bool:
        """It is there, and is shown; False for one that was kept and comes again."""
        request = self._asked.pop(image.serial, None)
        self._asked = {serial: one for serial, one in self._asked.items() if serial > image.serial}
        self._shown = image
        newest_s = self._kept[-1][1].painted_s if self._kept else float("-inf")
        if request is not None and image.painted_s - newest_s >= KEPT_EVERY_S:
            self._kept.append((request.condition, image))
        return request is not None

    def forget(self) -> None:
        """Another generator paints from now on."""
        self._kept.clear()
        self._asked.clear()
        self._shown = None

    def again(self, request: PaintRequest, now_s: float) -> PaintedImage | None:
        """The kept picture whose condition lies nearest to the one asked for, other than the one on show.

        At most one a second; None in between, and while nothing else is kept.
        """
        others = [one for one in self._kept if self._shown is None or one[1].pixels is not self._shown.pixels]
        if now_s < self._due_s or not others:
            return None
        self._due_s = now_s + SHOWN_EVERY_S
        _, nearest = min(others, key=lambda one: float(np.square(one[0] - request.condition).sum()))
        self._shown = replace(
            nearest, serial=request.serial, end_sample=request.end_sample, entered_s=request.entered_s
        )
        return self._shown
