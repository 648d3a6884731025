"""`chromesthesia-train survey`: serve the page, report what was answered."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from chromesthesia_training.survey.answers import Answers
from chromesthesia_training.survey.outcome import NO_ANSWERS, outcome
from chromesthesia_training.survey.questions import read_questions
from chromesthesia_training.survey.server import Desk, SurveyServer

survey_app = typer.Typer(
    help="Ask people: which picture fits a sound, how pleasant and stirring is one (docs/survey.md).",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
FolderArgument = Annotated[Path, typer.Argument(help="Folder with survey.toml, sounds and pictures.")]
console = Console()


@survey_app.command("serve")
def serve(
    folder: FolderArgument,
    port: Annotated[
        int, typer.Option("--port", min=0, max=65_535, help="Port on 127.0.0.1; 0 takes any.")
    ] = 8_417,
) -> None:
    """Serve the questions on this machine alone, and keep the answers beside them. Ctrl-C ends it."""
    questions = read_questions(folder)
    server = SurveyServer(Desk(questions, Answers(folder, questions)), port)
    with server:
        console.print(
            f"{len(questions.matches) + len(questions.rates)} questions at {server.address}; Ctrl-C ends it"
        )
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            console.print(f"answers are in {server.desk.answers.path}")


@survey_app.command("report")
def report(
    folder: FolderArgument,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Hit rate with its interval, agreement (Krippendorff's alpha), ratings against what was asked."""
    questions = read_questions(folder)
    answers = Answers(folder, questions).all()
    found = outcome(questions, answers)
    if as_json:
        typer.echo(json.dumps(found, indent=1))
    elif not answers:
        console.print(NO_ANSWERS)
    else:
        console.print(_table(found))


def _table(found: dict[str, Any]) -> Table:
    table = Table(title=f"{found['answers']} answers of {found['raters']} people")
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, value in _flat(found):
        table.add_row(name, value)
    return table


def _flat(content: dict[str, Any], prefix: str = "") -> list[tuple[str, str]]:
    rows = []
    for name, value in content.items():
        label = f"{prefix}{name.replace('_', ' ')}"
        if isinstance(value, dict):
            rows += _flat(value, f"{label}: ")
        elif isinstance(value, list):
            rows.append((label, " to ".join(f"{one:.3f}" for one in value)))
        elif isinstance(value, float):
            rows.append((label, f"{value:.3f}"))
        else:
            rows.append((label, "not to be said" if value is None else str(value)))
    return rows
