"""`chromesthesia-train`: from folders of sounds and pictures to a model pack."""

from __future__ import annotations

import logging
import sys
from typing import Annotated

import typer
from rich.logging import RichHandler

from chromesthesia.cli.streams import take_every_sign
from chromesthesia.core.errors import ChromesthesiaError
from chromesthesia_training.cli import adapt as cli_adapt
from chromesthesia_training.cli import evaluate as cli_evaluate
from chromesthesia_training.cli import export as cli_export
from chromesthesia_training.cli import free as cli_free
from chromesthesia_training.cli import quick as cli_quick
from chromesthesia_training.cli import refit as cli_refit
from chromesthesia_training.cli import reproduce as cli_reproduce
from chromesthesia_training.cli import results as cli_results
from chromesthesia_training.cli import train as cli_train
from chromesthesia_training.cli import vae as cli_vae
from chromesthesia_training.cli.data import data_app
from chromesthesia_training.cli.options import errors
from chromesthesia_training.cli.provenance import provenance_app
from chromesthesia_training.cli.tune import tune_app
from chromesthesia_training.survey.command import survey_app

FROM_FOLDERS_TO_A_PACK = """[bold]From two folders to a running pack[/bold] (docs/train-your-own.md)

chromesthesia-train data --sounds sounds --pictures pictures

chromesthesia-train encoder --sounds sounds

chromesthesia-train gan --pictures pictures

chromesthesia-train export exports/mine

chromesthesia packs check exports/mine

chromesthesia run --pack exports/mine

sounds/ holds angry/, happy/ and sad/ with wav files, pictures/ holds anger/, contentment/, sadness/ and so on with jpg
or png files. Interrupt any of these with Ctrl-C: the same command goes on.
"""

app = typer.Typer(
    name="chromesthesia-train",
    help="Train the encoder and the generator on your own sounds and pictures, and export a model pack.",
    epilog=FROM_FOLDERS_TO_A_PACK,
    rich_markup_mode="rich",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


@app.callback()
def configure(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
) -> None:
    """Set up logging for every command."""
    logging.basicConfig(
        level=logging.WARNING, format="%(message)s", handlers=[RichHandler(console=errors, show_path=False)]
    )
    logging.getLogger("chromesthesia_training").setLevel(logging.DEBUG if verbose else logging.INFO)


app.add_typer(data_app, name="data")
app.command("encoder")(cli_train.encoder)
app.command("gan")(cli_train.gan)
app.command("adapt", epilog=cli_adapt.EXAMPLES)(cli_adapt.adapt)
app.command("quick", epilog=cli_quick.EXAMPLES)(cli_quick.quick)
app.command("refit", epilog=cli_refit.EXAMPLES)(cli_refit.refit)
app.command("free-pictures", epilog=cli_free.PICTURE_EXAMPLES)(cli_free.free_pictures)
app.command("free-pack", epilog=cli_free.PACK_EXAMPLES)(cli_free.free_pack)
app.command("free-encoder", epilog=cli_free.EXAMPLES)(cli_free.free_encoder)
app.command("export", epilog=cli_export.EXPORT_EXAMPLES)(cli_export.export)
app.command("reproduce", epilog=cli_reproduce.EXAMPLES)(cli_reproduce.reproduce)
app.add_typer(tune_app, name="tune")
app.command("tensorrt")(cli_export.tensorrt)
app.command("measure")(cli_results.measure)
app.command("evaluate", epilog=cli_evaluate.EXAMPLES)(cli_evaluate.evaluate)
app.command("results")(cli_results.results)
app.command("sonify", epilog=cli_vae.EXAMPLES)(cli_vae.sonify)
app.add_typer(provenance_app, name="provenance")
app.add_typer(survey_app, name="survey")


def main() -> None:
    """Run the command line; errors raised on purpose become one line and their exit code."""
    take_every_sign()
    try:
        app()
    except ChromesthesiaError as error:
        errors.print(f"[bold red]error:[/] {error}", highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
