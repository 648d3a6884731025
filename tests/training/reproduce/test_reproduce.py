"""The one command: order, what is done, what is gone on with, and a failure that stays where it is."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from chromesthesia.core.errors import UsageError
from chromesthesia_training.errors import DataError, TrainingError
from chromesthesia_training.fit import Environment
from chromesthesia_training.reproduce.plan import ordered, plan
from chromesthesia_training.reproduce.run import list_stages, reproduce
from chromesthesia_training.reproduce.stages import all_stages
from chromesthesia_training.stage import Context, Stage


class Work:
    """Stages that write what they should, and remember that they ran."""

    def __init__(self) -> None:
        self.ran: list[str] = []
        self.fresh: list[bool] = []
        self.break_at: dict[str, BaseException] = {}

    def stage(
        self,
        name: str,
        section: str = "encoders",
        needs: tuple[str, ...] = (),
        settings: Callable[[Context], dict[str, object]] = lambda context: {
            "epochs": 1 if context.quick else 9
        },
        artifacts: tuple[str, ...] = (),
        figures: bool = True,
    ) -> Stage:
        def run(context: Context) -> None:
            self.ran.append(name)
            self.fresh.append(context.fresh)
            if name in self.break_at:
                raise self.break_at.pop(name)
            for artifact in artifacts:
                (context.runs_dir / artifact).parent.mkdir(parents=True, exist_ok=True)
                (context.runs_dir / artifact).touch()
            if figures:
                path = context.metrics_dir / f"{section}/{name}.json"
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(
                    json.dumps({"settings": {**settings(context), "more": 1}, "command": context.command})
                )

        metrics = (f"{section}/{name}",) if figures else ()
        return Stage(name, section, run, metrics, needs, settings, artifacts)  # type: ignore[arg-type]


@pytest.fixture
def work() -> Work:
    return Work()


@pytest.fixture
def context(tmp_path: Path) -> Context:
    return Context(tmp_path / "data", tmp_path / "runs", tmp_path / "results")


def run(stages: list[Stage], context: Context, *only: str) -> None:
    reproduce(stages, context, only, Console(quiet=True))


def test_stages_run_once_each_after_what_they_need(work: Work, context: Context) -> None:
    stages = [work.stage("report", "report", figures=False), work.stage("b", needs=("a",)), work.stage("a")]
    stages.append(work.stage("look", "data"))
    run(stages, context)
    assert work.ran == ["look", "a", "b", "report"]
    run(stages, context)
    assert work.ran == ["look", "a", "b", "report", "report"]


def test_only_takes_sections_stages_and_beginnings_of_names(work: Work, context: Context) -> None:
    stages = [work.stage("cnn.random"), work.stage("cnn.speaker"), work.stage("look", "data")]
    run(stages, context, "cnn")
    assert work.ran == ["cnn.random", "cnn.speaker"]
    run(stages, context, "data")
    assert work.ran[2:] == ["look"]
    with pytest.raises(UsageError, match=r"did you mean cnn\.speaker"):
        run(stages, context, "cnn.spaeker")


def test_the_list_has_every_name_whole_at_80_columns(context: Context) -> None:
    console = Console(width=80, record=True, file=StringIO())
    stages = ordered(all_stages())
    console.print(list_stages(plan(stages, (), context)))
    words = console.export_text().split()
    assert [stage.name for stage in stages if stage.name not in words] == []
    assert "…" not in "".join(words)


def test_what_a_chosen_stage_needs_runs_before_when_it_is_missing(work: Work, context: Context) -> None:
    stages = [work.stage("a", artifacts=("a/best.ckpt",)), work.stage("b", needs=("a",)), work.stage("c")]
    run(stages, context, "b")
    assert work.ran == ["a", "b"]
    (context.metrics_dir / "encoders/b.json").unlink()
    run(stages, context, "b")
    assert work.ran == ["a", "b", "b"]
    (context.metrics_dir / "encoders/b.json").unlink()
    (context.runs_dir / "a/best.ckpt").unlink()
    run(stages, context, "b")
    assert work.ran == ["a", "b", "b", "a", "b"]


def test_a_stage_without_figures_is_done_when_its_files_are_there(work: Work, context: Context) -> None:
    stages = [work.stage("a", artifacts=("a/best.pt",), figures=False), work.stage("b", needs=("a",))]
    run(stages, context)
    run(stages, context)
    assert work.ran == ["a", "b"]
    (context.runs_dir / "a/best.pt").unlink()
    run(stages, context)
    assert work.ran == ["a", "b", "a"]


def test_figures_of_other_settings_are_made_again(work: Work, context: Context) -> None:
    run([work.stage("a")], context)
    changed = work.stage("a", settings=lambda _: {"epochs": 10})
    (one,) = plan(ordered([changed]), (), context)
    assert (one.state, one.reason) == ("to run", "encoders/a.json is of epochs 9, now 10")
    run([changed], context)
    assert work.ran == ["a", "a"]


def test_a_failing_stage_is_named_and_the_others_stay(work: Work, context: Context) -> None:
    stages = [work.stage("a"), work.stage("b", needs=("a",)), work.stage("c")]
    work.break_at = {"a": DataError("sad/one.wav is damaged", "record it again")}
    with pytest.raises(
        TrainingError, match=r"2 of 3 stages did not end well \(a, b\).*sad/one.wav is damaged"
    ):
        run(stages, context)
    assert work.ran == ["a", "c"]
    assert (context.metrics_dir / "encoders/c.json").is_file()
    run(stages, context)
    assert work.ran == ["a", "c", "a", "b"]


def test_an_unforeseen_fault_is_a_failed_stage_too(work: Work, context: Context) -> None:
    work.break_at = {"a": ZeroDivisionError("division by zero")}
    with pytest.raises(TrainingError, match="ZeroDivisionError: division by zero"):
        run([work.stage("a"), work.stage("b")], context)
    assert work.ran == ["a", "b"]


def test_a_stage_without_its_figures_has_failed(context: Context) -> None:
    idle = Stage("idle", "encoders", lambda _: None, ("encoders/idle",))
    with pytest.raises(TrainingError, match=r"ended without its figures: no encoders/idle.json yet"):
        run([idle], context)


def test_an_interrupted_stage_is_gone_on_with_though_old_figures_stand(work: Work, context: Context) -> None:
    stages = [work.stage("a"), work.stage("b"), work.stage("c")]
    run(stages, context)
    work.ran.clear()
    work.fresh.clear()
    work.break_at = {"b": KeyboardInterrupt()}
    with pytest.raises(KeyboardInterrupt):
        run(stages, replace(context, fresh=True))
    run(stages, context)
    assert work.ran == ["a", "b", "b", "c"]
    assert work.fresh == [True, True, False, False]


def test_a_quick_run_leaves_the_figures_alone(work: Work, tmp_path: Path, context: Context) -> None:
    run([work.stage("a")], context)
    quick = Context(tmp_path / "data", tmp_path / "runs/quick", tmp_path / "runs/quick/results", quick=True)
    before = (context.metrics_dir / "encoders/a.json").read_text()
    run([work.stage("a")], quick)
    assert (context.metrics_dir / "encoders/a.json").read_text() == before
    written = json.loads((quick.metrics_dir / "encoders/a.json").read_text())
    assert written["command"] == "chromesthesia-train reproduce --only a --quick"


def test_of_several_processes_the_first_runs_and_the_others_hear_of_it(work: Work, context: Context) -> None:
    told: dict[str, object] = {}

    class First:
        here = Environment(0, 2, 2)

        def agree(self, what: str, decide: Callable[[], object]) -> object:
            told[what] = decide()
            return told[what]

    class Second:
        here = Environment(1, 2, 2)

        def agree(self, what: str, decide: Callable[[], object]) -> object:
            return told[what]

    stages = [work.stage("a"), work.stage("b")]
    first = reproduce(stages, context, (), Console(quiet=True), First())
    second = reproduce(stages, context, (), Console(quiet=True), Second())
    assert work.ran == ["a", "b"]
    assert [outcome.name for outcome in first] == [outcome.name for outcome in second] == ["a", "b"]


def test_under_torchrun_a_stage_runs_in_the_first_process_or_in_all(under_torchrun: Path) -> None:
    left = {path.name: path.read_text() for path in (under_torchrun / "runs").iterdir() if path.is_file()}
    assert left == {"single.alone": "1", "several.0": "2", "several.1": "2"}
    assert sorted(path.stem for path in (under_torchrun / "results/metrics/encoders").iterdir()) == [
        "several",
        "single",
    ]


@pytest.mark.parametrize(
    ("needs", "message"),
    [
        ({"a": ("z",)}, "needs z, which is no stage"),
        ({"a": ("b",), "b": ("a",)}, "need each other: a > b > a"),
    ],
)
def test_needs_that_cannot_be_met_are_named(
    work: Work, needs: dict[str, tuple[str, ...]], message: str
) -> None:
    with pytest.raises(TrainingError, match=message):
        ordered([work.stage(name, needs=needs.get(name, ())) for name in ("a", "b")])


def test_every_area_hangs_together() -> None:
    stages = ordered(all_stages())
    assert {stage.section for stage in stages} >= {"data", "encoders", "alignment", "report"}
    assert stages[-1].section == "report"
    written = [name for stage in stages for name in stage.metrics]
    assert len(written) == len(set(written))
