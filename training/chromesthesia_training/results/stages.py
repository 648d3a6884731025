"""The stage `report`: pages, drawings and summary from whatever metrics files there are."""

from __future__ import annotations

from chromesthesia_training.results.report import write_report
from chromesthesia_training.stage import Context, Stage


def run_report(context: Context) -> None:
    """Make the pages of `context.results_dir` anew."""
    write_report(context.results_dir)


def stages() -> tuple[Stage, ...]:
    """`report`, which is never done: it costs seconds and depends on every metrics file."""
    return (Stage("report", "report", run_report),)
