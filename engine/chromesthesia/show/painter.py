"""Who paints for a show, and how much: the models in use, the rung of the ladder, and what was painted before."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable

from chromesthesia.core.config import ShowConfig
from chromesthesia.core.protocols import Clock
from chromesthesia.core.records import PaintedImage, PaintRequest
from chromesthesia.core.rungs import FOLLOW_FROM_SCORE, RUNGS, Rung, below
from chromesthesia.core.slot import LatestSlot
from chromesthesia.core.user_files import one_line
from chromesthesia.display.light import Light
from chromesthesia.generator.kept import KeptPictures
from chromesthesia.generator.worker import GeneratorWorker
from chromesthesia.show.assembly import Models
from chromesthesia.show.ladder import Ladder, Moved, steps_of
from chromesthesia.show.score_live import FrameScore
from chromesthesia.show.smaller import SmallerGenerator
from chromesthesia.show.trial import Swap, SwapTrial

log = logging.getLogger(__name__)

SOFTWARE_PAINT_FACTOR = 1 / 3
"""Where the processor that paints also draws: a third of the pictures, cross-faded, leaves time for every frame."""
SOFTWARE_PIXELS = 1280 * 720
"""Where the processor draws, a larger picture begins with at most so many pixels, and has more when there is room."""
EVERY_THIRD = round(1 / SOFTWARE_PAINT_FACTOR)
LATE_PICTURES = 30
"""So many in a row that took longer than a frame: the processor is too slow for this generator."""


class Painter:
    """The stage asks it for pictures; the generator's thread paints them; the frame loop takes them.

    changed: called on any thread with the former and the new models, when others are used. encoder_failures: of the
    models in use, so far. frame_s: the time of a frame.

    A pack's quick pupil paints from the start where the processor draws, too, and as soon as the generator is seen to
    take longer than a frame on the processor; not beside a score, which tells of one generator.
    """

    def __init__(
        self,
        models: Models,
        config: ShowConfig,
        light: Light,
        clock: Clock,
        score: FrameScore | None,
        changed: Callable[[Models, Models], None],
        encoder_failures: Callable[[], int],
        frame_s: float = 0.0,
    ) -> None:
        self.models = models
        self._light = light
        self._clock = clock
        self._score = score
        self._changed = changed
        self._encoder_failures = encoder_failures
        self.requests: LatestSlot[PaintRequest] = LatestSlot()
        self.images: LatestSlot[PaintedImage] = LatestSlot()
        self.worker = GeneratorWorker(models.generator, clock, self.requests, self.images)
        self._kept = KeptPictures()
        self._kept_of = self._kept_from = models
        self._paints_with = models.generator
        self._frame_s = frame_s
        self._may_be_quick = score is None and not below(Rung.SMALLER_GENERATOR, config.lowest_rung)
        self._software = software = light.renderer is not None and light.renderer.software
        self._wants_quick = software
        self._late_in_a_row = self._asked = 0
        self._next_request: PaintRequest | None = None
        ceiling = min(1.0, SOFTWARE_PAINT_FACTOR * max(1.0, self._gain())) if software else 1.0
        self._every = EVERY_THIRD if software and ceiling > SOFTWARE_PAINT_FACTOR else 1
        self.ladder = Ladder(
            steps_of(
                _rungs(config, models.smaller is not None and self._every == 1, score is not None),
                ceiling,
                light.size[1],
            ),
            config.rung,
            self._stepped,
            math.sqrt(SOFTWARE_PIXELS / (light.size[0] * light.size[1])) if software else 1.0,
        )
        self.trial = SwapTrial(self.ladder)
        self._smaller = self._smaller_of(models)
        self._use_generator()
        light.reloaded = self._shaders_reloaded
        if score is not None:
            light.crossfade_s = 0.0  # what is painted again from a score knows nothing of it
        if self.ladder.step.detail != 1.0:
            light.draw_share(self.ladder.step.detail)

    # -- pictures ----------------------------------------------------------------------------------------------

    def ask(self, request: PaintRequest) -> None:
        """The stage wants a picture; `begin` has it painted. Main thread."""
        if self._kept_of is not self._kept_from:
            self._kept_from = self._kept_of
            self._kept.forget()
        if self.ladder.step.rung is Rung.CACHED_LATENTS and len(self._kept) > 1:
            again = self._kept.again(request, self._clock.now_s())
            if again is not None:
                self.images.put(again)
            return
        if self._every > 1 and self._paints_with is self.models.generator:  # the quick one is not there yet
            self._asked += 1
            if (self._asked - 1) % self._every:  # the first of three: a show begins with a painted picture
                return
        self._kept.asked(request)
        if self._score is not None:
            self._score.asking(request)
        self._next_request = request

    def begin(self) -> None:
        """Have what was asked for painted: when a frame is drawn, so that the two are in each other's way the least
        where a processor does both. Main thread."""
        request, self._next_request = self._next_request, None
        if request is not None:
            self.requests.put(request)

    def painted_now(self) -> PaintedImage | None:
        """Paint what is asked for on this thread, and take it. Before the show."""
        self.begin()
        self.worker.step(0.0)
        return self._taken()

    def newest(self) -> tuple[PaintedImage | None, bool]:
        """The newest picture not taken yet, and whether it was painted for this. Main thread."""
        image = self._taken()
        return image, image is not None and self._kept.painted(image)

    def _taken(self) -> PaintedImage | None:
        image = self.images.take()
        if image is not None:
            self._watch_time(image.paint_s)
        return image if self._score is None else self._score.taking(image)

    def _watch_time(self, took_s: float) -> None:
        """Change to the quick pupil where the generator itself always takes longer than a frame."""
        late = 0.0 < self._frame_s < took_s and self._paints_with is self.models.generator
        self._late_in_a_row = self._late_in_a_row + 1 if late else 0
        if self._late_in_a_row == LATE_PICTURES and not self._wants_quick:
            self._wants_quick = True
            self._use_generator()

    def _gain(self) -> float:
        """How many pictures of the quick pupil take the time of one; 0 where there is none to be used."""
        return self.models.quick_gain if self._may_be_quick else 0.0

    # -- other models, other shaders ---------------------------------------------------------------------------

    def try_models(self, models: Models, taken_back: Callable[[str], None]) -> None:
        """Go on with other models; the former ones come back when these fail or make frames late. Any thread.

        taken_back: called then, with the reason, on the main thread.
        """
        former = self.models

        def back(why: str) -> None:
            if self.models is models:
                self._change_models(former)
            taken_back(why)

        self._change_models(models)
        self.trial.begin(Swap(f"pack {one_line(models.name)}", back, _kept, self._failures))

    def _change_models(self, models: Models) -> None:
        former, self.models = self.models, models
        self._changed(former, models)
        self._smaller = self._smaller_of(models)
        self._use_generator()

    def _failures(self) -> int:
        return self.worker.failures + self._encoder_failures()

    def _shaders_reloaded(self) -> None:
        light = self._light
        self.trial.begin(Swap("the shaders", light.take_back_shaders, light.keep_shaders))

    # -- the rung ----------------------------------------------------------------------------------------------

    def _stepped(self, moved: Moved) -> None:
        """The ladder was stepped: main thread, between two frames."""
        after = moved.after
        if after.detail != moved.before.detail:
            self._light.draw_share(after.detail)
        if self._smaller is not None:
            self._smaller.prepare()
            if below(after.rung, Rung.PAINT_SLOWER) != below(moved.before.rung, Rung.PAINT_SLOWER):
                self._use_generator()
        # A panel shows warnings: a worse rung is one, a better one or another pace on the same is none.
        worse = moved.down and after.rung is not moved.before.rung
        log.log(
            logging.WARNING if worse else logging.INFO,
            "%s to %s, the generator at %d %%: %s (a frame took %d %% of its time)",
            "down" if moved.down else "up", after.rung, round(100 * after.pace), moved.why,
            round(100 * moved.cost),
        )  # fmt: skip

    def _smaller_of(self, models: Models) -> SmallerGenerator | None:
        return None if models.smaller is None else SmallerGenerator(models.smaller, self._use_generator)

    def _use_generator(self) -> None:
        """Paint with the generator of the rung. Any thread."""
        smaller, models = self._smaller, self.models
        small = None
        quick = self._wants_quick and self._gain() > 0.0
        if smaller is not None and (quick or below(self.ladder.step.rung, Rung.PAINT_SLOWER)):
            smaller.prepare()
            small = smaller.ready
        wanted = small or models.generator
        if wanted is not self._paints_with:
            self._paints_with = wanted
            self.worker.change(wanted)
            if quick and wanted is small:
                log.info("the pack's quick painter paints: %s", _WHY[self._software])
        self._kept_of = models


_WHY = {True: "the processor draws, too", False: "the generator takes longer than a frame"}


def _kept() -> None:
    pass


def _rungs(config: ShowConfig, smaller: bool, followed: bool) -> tuple[Rung, ...]:
    """Rungs that this show may use. smaller: a smaller generator is there. followed: its frames are painted again."""
    return tuple(
        rung
        for rung in RUNGS
        if not below(rung, config.lowest_rung)
        and (smaller or rung is not Rung.SMALLER_GENERATOR)
        and (not followed or rung in FOLLOW_FROM_SCORE)
    )
