"""`chromesthesia`: the commands together, and how every error leaves."""

from __future__ import annotations

import logging
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from chromesthesia import __version__
from chromesthesia.cli import bench, day_report, doctor, isf, lists, many, nearest, play, render
from chromesthesia.cli.console import LogLevel, complain, say, set_up_log
from chromesthesia.cli.streams import standard_streams
from chromesthesia.core.errors import ChromesthesiaError
from chromesthesia.core.user_files import one_line

log = logging.getLogger(__name__)

app = typer.Typer(
    name="chromesthesia",
    help="A live instrument that turns the emotion in a room's sound into light.",
    epilog="Start with: chromesthesia run. If something is amiss: chromesthesia doctor.",
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
app.command("run", epilog=play.RUN_EXAMPLES)(play.run)
app.command("render", epilog=render.RENDER_EXAMPLES)(render.render)
app.command("bench", epilog=bench.EXAMPLES)(bench.bench)
app.command("light", epilog=many.LIGHT_EXAMPLES)(many.light)
app.command("keys")(many.keys)
app.command("nearest")(nearest.nearest)
app.command("devices")(lists.devices)
app.command("params")(lists.params)
app.command("presets")(lists.presets)
app.command("isf")(isf.isf)
app.command("report")(day_report.report)
app.command("doctor")(doctor.doctor)
app.add_typer(lists.packs_app, name="packs")


def _version(requested: bool) -> None:
    if requested:
        say(f"chromesthesia {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _begin(
    context: typer.Context,
    log_level: Annotated[LogLevel, typer.Option(help="How much the log tells.")] = LogLevel.INFO,
    _: Annotated[
        bool,
        typer.Option(
            "--version", metavar="", callback=_version, is_eager=True, help="Show the version and exit."
        ),
    ] = False,
) -> None:
    set_up_log(log_level)
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave the process: 0 when it went well, 2 for wrong usage, else the error's own code.

    Every error a person can cause comes as one line on standard error: what failed, the value seen, the remedy.
    """
    with standard_streams() as streams:
        code = _run(arguments)
        try:
            unwritten = streams.drain()
        except KeyboardInterrupt:
            unwritten, code = "", 130
        if unwritten:
            complain(f"standard output: {unwritten}", "make room or write elsewhere")
            code = code or 1
            streams.drain()
    sys.exit(code)


def _of_the_system(error: OSError) -> tuple[str, str]:
    """An error of the system in the words of ours: which file, what, and the remedy."""
    reason = error.strerror or str(error) or type(error).__name__
    file = f"{one_line(error.filename)}: " if error.filename else ""
    return f"{file}{reason}", "check the name and the disk; --log-level debug tells more"


def _run(arguments: Sequence[str] | None) -> int:
    try:
        code = app(
            None if arguments is None else list(arguments), prog_name="chromesthesia", standalone_mode=False
        )
    except ChromesthesiaError as error:
        log.debug("the whole error", exc_info=True)
        complain(error.message, error.remedy)
        return error.exit_code
    except typer.TyperException as error:
        if message := error.format_message():  # empty when the help itself was shown
            complain(message, "--help tells more")
        return error.exit_code
    except OSError as error:
        log.debug("the whole error", exc_info=True)
        complain(*_of_the_system(error))
        return 1
    except (KeyboardInterrupt, typer.Abort):
        complain("stopped")
        return 130
    return code if isinstance(code, int) else 0
