"""Which onsets move a picture: at most three a second, so that quick music moves it and does not make it flicker."""

from __future__ import annotations

from collections.abc import Sequence

FELT_APART_S = 1.0 / 3.0
"""An onset sooner than this after the last that was felt moves nothing (WCAG 2.3.1 allows three flashes a second)."""
_ROUNDING_S = 1e-6


class FeltOnsets:
    """Thins out onsets that are told by their count. Not thread-safe."""

    def __init__(self) -> None:
        self._heard: int | None = None
        self._since_s = FELT_APART_S

    def step(self, dt_s: float, count: int) -> bool:
        """True when one is felt, `dt_s` after the last step; count: all heard so far, those before the first step are
        no news."""
        self._since_s += dt_s
        news = self._heard is not None and count != self._heard
        self._heard = count
        if not news or self._since_s < FELT_APART_S - _ROUNDING_S:
            return False
        self._since_s = 0.0
        return True

    def state(self) -> list[float | int | None]:
        """All that later steps depend on; `restore` takes it."""
        return [self._heard, self._since_s]

    def restore(self, state: Sequence[float | int | None]) -> None:
        """Go on from `state`. Raises ValueError or TypeError for another."""
        heard, since_s = state
        if since_s is None:
            raise ValueError("expected the seconds since an onset was felt")
        self._heard, self._since_s = None if heard is None else int(heard), float(since_s)
