"""Runs planned stages one after the other: one that fails is named, and those that do not need it go on."""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from chromesthesia.core.errors import ChromesthesiaError
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.fit import alone
from chromesthesia_training.reproduce.plan import Planned, Unfinished, missing_figures, ordered, plan
from chromesthesia_training.reproduce.together import OneProcess, Processes
from chromesthesia_training.stage import Context, Stage

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Outcome:
    """How a stage ended: "done", "failed" or "left out", with what went wrong."""

    name: str
    ended: str
    minutes: float = 0.0
    words: str = ""


def reproduce(
    stages: Sequence[Stage],
    context: Context,
    only: Sequence[str] = (),
    console: Console | None = None,
    processes: Processes | None = None,
) -> list[Outcome]:
    """Run what is not done of `only` (all when empty), and what that needs.

    An interruption leaves a mark, so the same command goes on within the stage, from its checkpoints. Under torchrun
    the first process runs the stages that are not `distributed`, and only its results count.

    Raises:
        TrainingError: at the end, naming every stage that failed; the results of the others are written. Under
            torchrun a failing distributed stage ends everything at once.
        UsageError: a word in `only` that means no stage.
        KeyboardInterrupt: on Ctrl-C, after saying where.
    """
    processes = processes or OneProcess()
    console = console or Console(stderr=True, quiet=not processes.here.first)
    stages = ordered(stages)
    planned = plan(stages, only, context)
    unfinished = Unfinished(context.runs_dir)
    to_run = processes.agree("plan", lambda: [one.stage.name for one in planned if one.runs])
    by_name = {stage.name: stage for stage in stages}
    if not to_run:
        console.print("everything is done; --fresh does it anew")
        return []
    fresh = {one.stage.name for one in planned if one.reason == "anew"}
    if processes.here.first:
        for name in fresh:
            unfinished.mark(by_name[name])
    outcomes: list[Outcome] = []
    for number, name in enumerate(to_run, start=1):
        stage = by_name[name]
        console.rule(f"{number} of {len(to_run)}  {name}", align="left")
        failed = {outcome.name for outcome in outcomes if outcome.ended != "done"}
        if broken := [need for need in stage.needs if need in failed]:
            outcomes.append(Outcome(name, "left out", words=f"needs {', '.join(broken)}"))
            console.print(f"left out: it needs {', '.join(broken)}")
            continue
        own = replace(context, fresh=name in fresh, command=command_of(stage, context))
        outcomes.append(_run(stage, own, processes, unfinished, console))
    _summarise(outcomes, console)
    wrong = [outcome for outcome in outcomes if outcome.ended != "done"]
    if wrong:
        first = next(outcome for outcome in wrong if outcome.ended == "failed")
        raise TrainingError(
            f"{len(wrong)} of {len(outcomes)} stages did not end well "
            f"({', '.join(outcome.name for outcome in wrong)}); the first: {first.words}",
            "mend it and give the same command again: it goes on with what is missing",
        )
    return outcomes


def command_of(stage: Stage, context: Context) -> str:
    """What a person types to run this stage alone."""
    return f"chromesthesia-train reproduce --only {stage.name}{' --quick' if context.quick else ''}"


def _run(
    stage: Stage, context: Context, processes: Processes, unfinished: Unfinished, console: Console
) -> Outcome:
    begun_s = time.monotonic()

    def minutes() -> float:
        return (time.monotonic() - begun_s) / 60

    def attempt() -> list[str]:
        """How it ended, and what went wrong; this is where a stage's failure stops spreading."""
        if processes.here.first:
            unfinished.mark(stage)
        try:
            if stage.distributed:
                stage.run(context)
            else:
                with alone():
                    stage.run(context)
        except ChromesthesiaError as error:
            return ["failed", str(error)]
        except KeyboardInterrupt:
            console.print(f"interrupted in {stage.name}; the same command goes on from there")
            raise
        except Exception as error:
            logger.exception("stage %s", stage.name)
            return ["failed", f"{type(error).__name__}: {error}"]
        if lacking := missing_figures(stage, context):
            return ["failed", f"it ended without its figures: {lacking}"]
        if processes.here.first:
            unfinished.clear(stage)
        return ["done", ""]

    if stage.distributed and not processes.here.first:
        scratch = context.runs_dir / "reproduce" / f"rank{processes.here.rank}"
        context = replace(context, results_dir=scratch)
    if stage.distributed:
        ended, words = attempt()
        if ended == "failed" and processes.here.world > 1:
            raise TrainingError(
                f"stage {stage.name} failed in process {processes.here.rank}: {words}", "see above"
            )
    else:
        ended, words = processes.agree(f"stage {stage.name}", attempt)
    if ended == "failed":
        console.print(f"[bold red]failed:[/] {escape(words)}", soft_wrap=True)
    else:
        console.print(f"done in {minutes():.1f} minutes")
    return Outcome(stage.name, ended, minutes(), words)


def _summarise(outcomes: Sequence[Outcome], console: Console) -> None:
    table = Table(title="stages of this run")
    for heading in ("stage", "ended", "minutes", ""):
        table.add_column(heading, justify="right" if heading == "minutes" else "left")
    for outcome in outcomes:
        table.add_row(outcome.name, outcome.ended, f"{outcome.minutes:.1f}", escape(outcome.words[:100]))
    console.print(table)


def list_stages(planned: Sequence[Planned]) -> Table:
    """A table of stages: what is done, what would run, and why. Only the reason wraps: a name is to be typed."""
    table = Table(title="stages")
    for heading in ("section", "stage", "state", "why"):
        table.add_column(heading, no_wrap=heading != "why", overflow="fold")
    for one in planned:
        table.add_row(one.stage.section, one.stage.name, one.state, escape(one.reason))
    return table
