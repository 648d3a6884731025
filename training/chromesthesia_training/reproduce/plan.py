"""Which stages there are to run, in which order, and why: from the names asked for and what is done already."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from chromesthesia.core.errors import UsageError
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.stage import SECTIONS, Context, Stage

State = Literal["done", "to run", "interrupted", "needed"]


@dataclass(frozen=True)
class Planned:
    """A stage and what is to become of it; `reason` is for a person."""

    stage: Stage
    state: State
    reason: str = ""

    @property
    def runs(self) -> bool:
        return self.state != "done"


def ordered(stages: Iterable[Stage]) -> tuple[Stage, ...]:
    """By section, each after what it needs, else as they were given.

    Raises:
        TrainingError: two stages of one name, a need that is no stage, or stages that need each other.
    """
    stages = sorted(stages, key=lambda stage: SECTIONS.index(stage.section))
    by_name: dict[str, Stage] = {}
    for stage in stages:
        if stage.name in by_name:
            raise TrainingError(f"two stages are named {stage.name}", "give each a name of its own")
        by_name[stage.name] = stage
    found: dict[str, Stage] = {}

    def visit(stage: Stage, way: tuple[str, ...]) -> None:
        if stage.name in found:
            return
        if stage.name in way:
            raise TrainingError(
                f"stages need each other: {' > '.join((*way, stage.name))}", "drop one of the needs"
            )
        for need in stage.needs:
            if need not in by_name:
                raise TrainingError(
                    f"stage {stage.name} needs {need}, which is no stage", "correct its needs"
                )
            visit(by_name[need], (*way, stage.name))
        found[stage.name] = stage

    for stage in stages:
        visit(stage, ())
    return tuple(found.values())


def chosen(stages: Sequence[Stage], only: Sequence[str]) -> frozenset[str]:
    """Names of the stages that `only` means: sections, names, or beginnings of names up to a dot; all when empty.

    Raises:
        UsageError: a word that means none, with the nearest that does.
    """
    if not only:
        return frozenset(stage.name for stage in stages)
    names: set[str] = set()
    for word in only:
        meant = [
            stage.name
            for stage in stages
            if word in (stage.section, stage.name) or stage.name.startswith(f"{word}.")
        ]
        if not meant:
            known = [*SECTIONS, *(stage.name for stage in stages)]
            near = difflib.get_close_matches(word, known, 1)
            hint = f"did you mean {near[0]}? " if near else ""
            raise UsageError(
                f"--only {word}: no section or stage is named so", f"{hint}--list shows them all"
            )
        names.update(meant)
    return frozenset(names)


def missing_figures(stage: Stage, context: Context) -> str:
    """Why the figures of a stage do not stand: a file is missing, or of other settings. Empty when they do."""
    asked = json.loads(json.dumps(dict(stage.settings(context)), default=str))
    for name in stage.metrics:
        path = context.metrics_dir / f"{name}.json"
        try:
            settings = json.loads(path.read_text(encoding="utf-8"))["settings"]
        except FileNotFoundError:
            return f"no {name}.json yet"
        except (OSError, ValueError, KeyError, TypeError):
            return f"{name}.json cannot be read"
        for key, value in asked.items():
            if settings.get(key) != value:
                return f"{name}.json is of {key} {settings.get(key)}, now {value}"
    return ""


class Unfinished:
    """Marks of stages that were begun, or are to be done anew, and have not ended: files in a folder."""

    def __init__(self, runs_dir: Path) -> None:
        self.folder = runs_dir / "reproduce"

    def mark(self, stage: Stage) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / f"{stage.name}.unfinished").touch()

    def clear(self, stage: Stage) -> None:
        (self.folder / f"{stage.name}.unfinished").unlink(missing_ok=True)

    def __contains__(self, stage: Stage) -> bool:
        return (self.folder / f"{stage.name}.unfinished").exists()


def plan(stages: Sequence[Stage], only: Sequence[str], context: Context) -> tuple[Planned, ...]:
    """The chosen stages and those that they need before them, in order; `stages` as `ordered` gives them."""
    wanted = chosen(stages, only)
    unfinished = Unfinished(context.runs_dir)
    planned: dict[str, Planned] = {}
    needed: set[str] = set()
    for stage in reversed(stages):
        if stage.name not in wanted and stage.name not in needed:
            continue
        one = _judge(stage, context, stage.name in wanted, stage.name in needed, stage in unfinished)
        planned[stage.name] = one
        if one.runs:
            needed.update(stage.needs)
    return tuple(planned[stage.name] for stage in stages if stage.name in planned)


def _judge(stage: Stage, context: Context, wanted: bool, needed: bool, unfinished: bool) -> Planned:
    if wanted and context.fresh:
        return Planned(stage, "to run", "anew")
    if unfinished:
        return Planned(stage, "interrupted", "was interrupted or has failed")
    if reason := missing_figures(stage, context):
        return Planned(stage, "to run" if wanted else "needed", reason)
    if wanted and not stage.metrics and not stage.artifacts:
        return Planned(stage, "to run", "always")
    absent = [name for name in stage.artifacts if not (context.runs_dir / name).exists()]
    if absent and (needed or not stage.metrics):
        return Planned(stage, "needed" if needed else "to run", f"no {context.runs_dir / absent[0]}")
    return Planned(stage, "done")
