"""A score painted again: the same steps as in the show, from what the score tells instead of from a room."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from chromesthesia.core.errors import ChromesthesiaError, ScoreError
from chromesthesia.core.protocols import Generator
from chromesthesia.core.records import UInt8
from chromesthesia.core.user_files import one_line
from chromesthesia.render.renderer import Renderer
from chromesthesia.score.events import AnyEvent, Asked, Drawn, Key, Reshaded, Sized, Torn
from chromesthesia.score.reader import Score, clock_of
from chromesthesia.show.retelling import FAULTS, Retelling, part_of


@dataclass(frozen=True, slots=True)
class Repainted:
    """One frame of the show again. pixels: uint8 [H, W, 3], row 0 at the top, valid until the next; None for one before
    the time that was asked for."""

    time_us: int
    pixels: UInt8 | None


class Repainter:
    """Draws a score's frames again, one after the other. Use on the thread that owns the renderer's context.

    size: of the pictures, None for that of the show. `torn` counts stretches that could not be painted, `notes` says
    why. Raises ScoreError for what a score cannot have told, or a picture that does not come again.
    """

    def __init__(
        self, score: Score, generator: Generator, renderer: Renderer, size: tuple[int, int] | None = None
    ) -> None:
        self._score = score
        self._renderer = renderer
        self._own_size = size if size != score.head.size else None
        self._told = Retelling(score.head.seed, score.head.fps, generator)
        self._lost = False
        self.notes: list[str] = []
        self.torn = 0
        self.reshaded = False

    @property
    def asked(self) -> list[Asked]:
        """Commands since the last frame."""
        return self._told.asked

    def frames(self, from_us: int, to_us: int) -> Iterator[Repainted]:
        """Every frame from the newest key before `from_us` on, with pixels from `from_us` to before `to_us`."""
        begun = False
        told = self._told
        for passage in self._score.passages(from_us):
            if passage.key is not None and (self._lost or not begun):
                self._guarded(passage.time_us, self._restore, passage.key)
            begun = True
            for event in passage.events:
                if isinstance(event, Drawn):
                    told.passes(event)
                    if told.time_us >= to_us:
                        return
                    if not self._lost:
                        wanted = told.time_us >= from_us
                        pixels = self._guarded(told.time_us, self._draw, event, wanted)
                        yield Repainted(told.time_us, pixels)
                    told.asked.clear()
                elif isinstance(event, Torn):
                    self._lost = True
                    self.torn += 1
                    frames = f" ({event.frames} frames)" if event.frames else ""
                    self.notes.append(one_line(f"{clock_of(told.time_us)}: {event.why}{frames}"))
                elif not self._lost:
                    self._guarded(told.time_us, self._take, event)

    def _take(self, event: AnyEvent) -> None:
        if isinstance(event, Reshaded):
            self.reshaded = True
            self.notes.append(
                f"{clock_of(self._told.time_us)}: shaders were changed; painted with those of now"
            )
            return
        self._told.take(event)
        if isinstance(event, Sized) and self._own_size is None:
            self._renderer.resize(event.width, event.height)

    def _draw(self, event: Drawn, wanted: bool) -> UInt8 | None:
        inputs = self._told.decide(event)
        if event.shown:
            self._renderer.render(inputs)
        return self._renderer.read_pixels() if wanted and event.shown else None

    def _restore(self, key: Key) -> None:
        self._lost = False
        self._told.restore(key)
        assert self._told.size is not None
        self._renderer.resize(*self._told.size)
        self._renderer.restore(part_of(key, "renderer"))
        if self._own_size is not None:
            self._renderer.resize(*self._own_size)

    def _guarded(self, time_us: int, step: Any, *arguments: Any) -> Any:
        try:
            return step(*arguments)
        except ChromesthesiaError as error:
            raise ScoreError(f"{clock_of(time_us)}: {error.message}", error.remedy) from error
        except FAULTS as error:
            raise ScoreError(
                f"{clock_of(time_us)}: the score tells what cannot be: {type(error).__name__}: {one_line(error)}",
                "paint from a later moment",
            ) from error
