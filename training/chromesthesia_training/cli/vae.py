"""`chromesthesia-train sonify`: the sound of a picture, by a trained TokenFusionVAE."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chromesthesia_training.cli.options import console

MODEL = Path("runs/vae/painter.pt")
EXAMPLES = """[bold]Examples[/bold]

chromesthesia-train sonify picture.jpg out.wav

chromesthesia-train sonify picture.jpg out.wav --seconds 20 --valence 0.6 --arousal -0.4

Train the model first: chromesthesia-train reproduce --only vae
"""


def sonify(
    picture: Annotated[Path, typer.Argument(help="A picture: jpg, png and the like.")],
    out: Annotated[Path, typer.Argument(help="The sound to write: .wav, .flac or .ogg.")],
    model: Annotated[Path, typer.Option("--model", help="What `reproduce --only vae` has trained.")] = MODEL,
    valence: Annotated[
        float | None,
        typer.Option(
            "--valence",
            min=-1.0,
            max=1.0,
            help="Instead of what is read from the picture.",
            show_default=False,
        ),
    ] = None,
    arousal: Annotated[
        float | None,
        typer.Option("--arousal", min=-1.0, max=1.0, help="Likewise.", show_default=False),
    ] = None,
    seconds: Annotated[
        float,
        typer.Option("--seconds", min=1.0, max=600.0, help="Length; parts of 5 s flow into each other."),
    ] = 5.0,
    seed: Annotated[int, typer.Option("--seed", min=0, help="Same picture, same seed, same sound.")] = 0,
) -> None:
    """Make a sound of a picture: its emotion, read by the model, and its latent, decoded as sound."""
    from chromesthesia_training.vae.sonify import Wish, sonify_picture

    made = sonify_picture(picture, out, model, Wish(valence, arousal, seconds, seed))
    console.print(
        f"{made.path}: {made.seconds:.1f} s; valence {made.valence:+.2f}, arousal {made.arousal:+.2f}: {made.emotion}"
    )
