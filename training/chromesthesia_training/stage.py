"""What a stage is, and what it is given: the records that every area's `stages()` is written with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

Section = Literal["data", "encoders", "alignment", "generator", "music", "vae", "report"]
SECTIONS: tuple[Section, ...] = ("data", "encoders", "alignment", "generator", "music", "vae", "report")


@dataclass(frozen=True)
class Context:
    """Where a stage reads and writes, and how much it may spend.

    Attributes:
        data_dir: research data: speech/, vgmidi/, emotify/, art/, weights/.
        runs_dir: checkpoints and logs; a stage keeps to a folder of its own below it.
        results_dir: metrics files go to `metrics_dir` below it, pages and figures beside. `docs/results`, or
            `runs/quick/results` for a quick run, which so never touches committed figures.
        quick: budgets of seconds instead of hours; the figures mean nothing, the way is the same.
        threads: for torch.
        seed: everything random follows from it.
        fresh: start anew; False goes on from the checkpoints of `runs_dir`.
        cache_dir: spectra and decoded pictures; shared by quick and full runs.
        command: what a person types to run this stage, for the metrics file.
        backbone, backbone_weights: what sees the paintings that sounds are aligned to, as
            `align.backbone.load_backbone` takes them; None: SqueezeNet of the data folder.
    """

    data_dir: Path
    runs_dir: Path = Path("runs")
    results_dir: Path = Path("docs/results")
    quick: bool = False
    threads: int = 1
    seed: int = 0
    fresh: bool = False
    cache_dir: Path = Path("runs/cache")
    command: str = "chromesthesia-train reproduce"
    backbone: str | None = None
    backbone_weights: Path | None = None

    @property
    def metrics_dir(self) -> Path:
        """The `root` to give to `write_metrics`."""
        return self.results_dir / "metrics"


Settings = Mapping[str, object]


def no_settings(context: Context) -> Settings:
    """A stage that depends on nothing but its code and data."""
    return {}


@dataclass(frozen=True)
class Stage:
    """One resumable part of the work.

    A stage is done when every file of `metrics` is there and its `settings` hold the items of `settings(context)`; so
    a changed setting runs it again. Without metrics it is done when its artifacts are there; without both, never.
    `run` goes on from its own checkpoints where an earlier call was interrupted, unless `context.fresh`, and writes
    its metrics files last.

    Attributes:
        name: unique, e.g. "encoders.cnn"; `--only` takes it, or a section.
        section: one of `SECTIONS`.
        run: does the work; raises a ChromesthesiaError naming what failed.
        metrics: metrics files it writes, "<section>/<name>" below `context.metrics_dir`, without ".json".
        needs: names of stages whose artifacts or figures it reads.
        settings: the settings its figures depend on, as its metrics files hold them.
        artifacts: files below `context.runs_dir` that stages needing this one read. When one is missing and such a
            stage has to run, this one runs first, although its figures are there.
        distributed: run by every process of torchrun (for stages that train with `fit` and write results only to
            `context`); else by the first alone, while the others wait.
    """

    name: str
    section: Section
    run: Callable[[Context], None]
    metrics: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    settings: Callable[[Context], Settings] = field(default=no_settings)
    artifacts: tuple[str, ...] = ()
    distributed: bool = False
