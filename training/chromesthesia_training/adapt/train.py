"""The minutes over lunch: layout in closed form, then strokes by patches; a sheet from the first minute on."""

from __future__ import annotations

import copy
import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from chromesthesia_training.adapt.layout import fit_layout
from chromesthesia_training.adapt.patches import PatchCritic, patch_distance, slope_at
from chromesthesia_training.adapt.pictures import FormulaRatings, GivenPictures, draw_views, drawn_rows
from chromesthesia_training.adapt.settings import AdaptSettings
from chromesthesia_training.adapt.sheet import write_sheet
from chromesthesia_training.data.condition import ENGINE_MIXTURES, VAD_SIZE, engine_mixture_matrix
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.fit import follow
from chromesthesia_training.gan.augment import Changes, augment
from chromesthesia_training.gan.checkpoint import TrainedGenerator
from chromesthesia_training.gan.discriminator import PATCH_SIDE, shrink
from chromesthesia_training.gan.layout import LATENT_SIZE
from chromesthesia_training.safe_write import whole_file, write_text_whole

logger = logging.getLogger(__name__)

KEPT_SIDE = 4
"""At this size a picture has to have the colours that were asked for; the forms within are its own."""
CRITIC_WARMS_UP = 0.05
"""Share of the run in which the critic comes to count: at first it knows nothing."""
VIEW_SIDE_OF_LAYOUT = 64
LOWEST_RATE = 0.1
RATING_JITTER = 0.3


@dataclass(frozen=True)
class Adapted:
    """What came of it: the averaged generator, its condition scale, steps, seconds and pictures seen."""

    trained: TrainedGenerator
    ratings: FormulaRatings
    stopped: bool


def adapt(
    base: TrainedGenerator,
    given: GivenPictures,
    settings: AdaptSettings,
    clock: Callable[[], float] = time.monotonic,
    on_progress: Callable[[float, int], None] = lambda share, step: None,
) -> Adapted:
    """Tune a copy of `base` to the learned pictures; Ctrl-C ends it early with what there is.

    Writes into the run's folder: `sheets/`, `adapt.jsonl` (a line a sheet), `adapted.pt` (newest average). The clock is
    in seconds; on_progress hears the share done and the step. Raises TrainingError for settings or losses that cannot
    be, DataError for a full disk.
    """
    settings.check()
    torch.set_num_threads(settings.threads)
    begun_s = clock()
    lesson = _Lesson(base, given, settings)
    sheets = _Sheets(settings, given, lesson, begun_s)
    sheets.write(0, 0.0)
    stopped = False
    try:
        while (share := _share(settings, lesson.step, clock() - begun_s)) < 1.0:
            losses = lesson.learn(share)
            on_progress(share, lesson.step)
            sheets.note(losses)
            if clock() >= sheets.due_s:
                sheets.write(lesson.step, clock() - begun_s)
                sheets.due_s = clock() + settings.sheet_every_s
    except KeyboardInterrupt:
        stopped = True
        logger.warning("stopped after %d steps: what there is goes on to the test and the pack", lesson.step)
    elapsed_s = clock() - begun_s
    sheets.write(lesson.step, elapsed_s)
    average = lesson.average
    trained = TrainedGenerator(average, base.space, lesson.step, lesson.step * settings.batch, elapsed_s)
    return Adapted(trained, lesson.ratings, stopped)


def _share(settings: AdaptSettings, step: int, elapsed_s: float) -> float:
    return step / settings.steps if settings.steps is not None else elapsed_s / (60.0 * settings.minutes)


class _Lesson:
    """Generator, average and critic; one call of `learn` moves each once."""

    def __init__(self, base: TrainedGenerator, given: GivenPictures, settings: AdaptSettings) -> None:
        self.settings, self.learned = settings, given.learned
        self.space = base.space
        self.rng = torch.Generator().manual_seed(settings.seed)
        # Norms keep their statistics, batches are small; only the head's doubling takes its quicker training form.
        self.generator = copy.deepcopy(base.generator).eval()
        self.generator.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # torch's stubs lack it
        self.generator.head.up.train()
        rows = drawn_rows(settings.views, len(self.learned), self.rng)
        views = draw_views(self.learned, rows, VIEW_SIDE_OF_LAYOUT, self.rng)
        self.ratings = FormulaRatings.fit(views)
        self.known = self._vad(views)
        fit_layout(self.generator, views, self.known)
        for name, parameter in self.generator.named_parameters():
            parameter.requires_grad_(not name.startswith(settings.frozen))
        self.average = copy.deepcopy(self.generator).eval().requires_grad_(False)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(settings.seed)
            self.critic = PatchCritic()
        tuned = [one for one in self.generator.parameters() if one.requires_grad]
        self.painter_rate = torch.optim.Adam(tuned, settings.rate, (0.0, 0.99))
        self.critic_rate = torch.optim.Adam(self.critic.parameters(), settings.critic_rate, (0.0, 0.99))
        self.step = 0

    def _vad(self, views: Tensor) -> Tensor:
        """Pleasure and stir by formula, dominance as the pack lets it follow from them: (n, 3)."""
        known = self.ratings(views)
        return torch.cat([known, known @ torch.tensor(self.space.dominance_slopes)[:, None]], 1)

    def _asked(self, count: int) -> Tensor:
        """Ratings of views, jittered, with mixtures as the engine draws them."""
        rows = torch.randint(len(self.known), (count,), generator=self.rng)
        vad = self.known[rows] + RATING_JITTER * torch.randn(count, VAD_SIZE, generator=self.rng)
        parts = -(torch.rand(count, len(ENGINE_MIXTURES), generator=self.rng).clamp_min(1e-6).log() ** 2)
        return torch.cat([vad, parts / parts.sum(1, keepdim=True) @ engine_mixture_matrix()], 1)

    def learn(self, share: float) -> dict[str, float]:
        """One step of both players; `share` of the run is done."""
        settings, rng = self.settings, self.rng
        late = max(0.0, share - (1 - settings.decay_share)) / max(settings.decay_share, 1e-9)
        factor = 1 - (1 - LOWEST_RATE) * min(1.0, late)
        for optimiser, rate in ((self.painter_rate, settings.rate), (self.critic_rate, settings.critic_rate)):
            for group in optimiser.param_groups:
                group["lr"] = rate * factor

        rows = drawn_rows(settings.batch, len(self.learned), rng)
        squares = draw_views(self.learned, rows, self.generator.side, rng)
        condition = self._asked(settings.batch)
        latent = torch.randn(settings.batch, LATENT_SIZE, generator=rng)
        pictures = torch.tanh(self.generator.before_tanh(latent, condition, rng))

        side = min(PATCH_SIDE, self.generator.side)
        top, left = torch.randint(self.generator.side - side + 1, (2,), generator=rng).tolist()
        window = (slice(None), slice(None), slice(top, top + side), slice(left, left + side))
        real = augment(squares, Changes.draw(len(squares), rng))[window]
        made = augment(pictures, Changes.draw(len(pictures), rng))[window]
        judged = F.relu(1 - self.critic(real)).mean() + F.relu(1 + self.critic(made.detach())).mean()
        if self.step % settings.slope_every == 0:
            judged = judged + settings.slope_pull * slope_at(self.critic, real)
        _move(self.critic_rate, judged)

        self.critic.requires_grad_(False)
        fooled = -self.critic(made).mean()
        strokes = patch_distance(pictures, squares, rng)
        layout = torch.tanh(self.generator.prior(latent, condition)).detach()
        kept = (shrink(pictures, KEPT_SIDE) - shrink(layout, KEPT_SIDE)).abs().mean()
        loss = (
            settings.critic_pull * min(1.0, share / CRITIC_WARMS_UP) * fooled
            + settings.patch_pull * strokes
            + settings.keep_pull * kept
        )
        _move(self.painter_rate, loss)
        self.critic.requires_grad_(True)
        self.step += 1
        follow(self.average, self.generator, 1 - min(settings.average, 1 - 1 / (10 + 0.1 * self.step)))
        losses = {"judged": judged, "fooled": fooled, "strokes": strokes, "kept": kept}
        figures = {name: float(value.detach()) for name, value in losses.items()}
        if not all(abs(value) < 1e9 for value in figures.values()):
            raise TrainingError(
                f"the losses are no numbers any more at step {self.step}: {figures}", "try another --seed"
            )
        return figures


def _move(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad()
    torch.autograd.backward(loss)
    optimiser.step()


class _Sheets:
    """Sheets and a line of mean figures, each time one is due; the newest weights beside them."""

    def __init__(
        self, settings: AdaptSettings, given: GivenPictures, lesson: _Lesson, begun_s: float
    ) -> None:
        self.settings, self.given, self.lesson = settings, given, lesson
        self.due_s = begun_s + settings.sheet_every_s
        self.seen: list[dict[str, float]] = []
        self.lines: list[str] = []

    def note(self, figures: dict[str, float]) -> None:
        self.seen.append(figures)

    def write(self, step: int, elapsed_s: float) -> None:
        folder = self.settings.run_dir
        write_sheet(
            self.lesson.average,
            self.lesson.space,
            self.given.learned,
            folder / "sheets",
            round(elapsed_s / 60),
        )
        with whole_file(folder / "adapted.pt") as file:
            torch.save(self.lesson.average.state_dict(), file)
        if self.seen:
            means = {
                name: round(sum(one[name] for one in self.seen) / len(self.seen), 5) for name in self.seen[0]
            }
            self.lines.append(json.dumps({"step": step, "seconds": round(elapsed_s, 1), **means}))
            write_text_whole(folder / "adapt.jsonl", "\n".join(self.lines) + "\n")
            logger.info("minute %.1f, step %d: %s", elapsed_s / 60, step, folder / "sheets" / "latest.png")
            self.seen.clear()
