"""`chromesthesia-train`: from folders of sounds and pictures to a model pack."""

from __future__ import annotations

import logging
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.logging import RichHandler
from rich.table import Table

from chromesthesia.errors import ChromesthesiaError, UsageError
from chromesthesia_training.datasets import DEFAULT_CACHE_DIR, find_sound_sets, load_spectra
from chromesthesia_training.progress import progress_bar

app = typer.Typer(
    name="chromesthesia-train",
    help="Train the encoder and the generator on your own sounds and pictures, and export a model pack.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
console = Console()
errors = Console(stderr=True)

ENCODER_RUN, GAN_RUN = Path("runs/encoder"), Path("runs/gan")
FEATURE_WEIGHTS = Path("weights/squeezenet1_1_imagenet_notop.npz")

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        help="Folder with speech/, vgmidi/, emotify/ and art/, each with an index.csv. Without it and without a folder "
        "of your own: $CHROMESTHESIA_SHARED/data, else ../shared/data.",
        show_default=False,
    ),
]
SoundsOption = Annotated[
    Path | None,
    typer.Option(
        "--sounds",
        help="Your own sounds: FOLDER/angry/*.wav, FOLDER/happy/*.wav, FOLDER/sad/*.wav; put each speaker into a "
        "folder of its own (angry/maria/*.wav) so that scores are of unseen speakers.",
        show_default=False,
    ),
]
PicturesOption = Annotated[
    Path | None,
    typer.Option(
        "--pictures",
        help="Your own pictures: FOLDER/sadness/*.jpg, FOLDER/contentment/*.png and so on.",
        show_default=False,
    ),
]
CacheOption = Annotated[Path, typer.Option("--cache", help="Where spectra and decoded pictures are kept.")]
ThreadsOption = Annotated[int, typer.Option("--threads", min=1, help="Threads that torch may use.")]
FreshOption = Annotated[
    bool, typer.Option("--fresh", help="Start anew instead of going on from the checkpoint.")
]
EvaluateOption = Annotated[
    bool, typer.Option("--evaluate", help="Train no further: only score what is there.")
]


@app.callback()
def configure(
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Log more.")] = False,
) -> None:
    """Set up logging for every command."""
    logging.basicConfig(
        level=logging.WARNING, format="%(message)s", handlers=[RichHandler(console=errors, show_path=False)]
    )
    logging.getLogger("chromesthesia_training").setLevel(logging.DEBUG if verbose else logging.INFO)


def quieten_exporter() -> None:
    """Leave only errors of the ONNX exporter; after torch was imported, which sets levels of its own."""
    for chatty in ("onnxscript", "onnx_ir", "torch.onnx"):
        logging.getLogger(chatty).setLevel(logging.ERROR)


def default_data_dir() -> Path | None:
    """The shared data beside the checkout, or where CHROMESTHESIA_SHARED says; None when absent."""
    shared = Path(os.environ.get("CHROMESTHESIA_SHARED") or "../shared")
    return shared / "data" if (shared / "data").is_dir() else None


@app.command()
def data(
    data_dir: DataOption = None,
    sounds: SoundsOption = None,
    pictures: PicturesOption = None,
    cache: CacheOption = DEFAULT_CACHE_DIR,
) -> None:
    """Look through the data: check every label, split and file, compute what is cached, print what is there."""
    from chromesthesia_training.art import load_art, read_paintings
    from chromesthesia_training.gan.settings import GanSettings

    own_only = sounds is not None or pictures is not None
    data_dir = data_dir or (None if own_only else default_data_dir())
    table = Table(title="sounds")
    for heading in (
        "set",
        "corpus",
        "clips",
        "minutes",
        "groups",
        "train",
        "val",
        "test",
        "angry",
        "happy",
        "sad",
    ):
        table.add_column(heading, justify="left" if heading in ("set", "corpus") else "right")
    if data_dir is not None or sounds is not None:
        sets = find_sound_sets(data_dir, sounds)
        with progress_bar(errors) as progress:
            spectra = load_spectra(sets, cache, progress)
        for sound_set in sets:
            for corpus in dict.fromkeys(clip.corpus for clip in sound_set.clips):
                clips = [clip for clip in sound_set.clips if clip.corpus == corpus]
                splits = Counter(clip.split for clip in clips)
                emotions = Counter(clip.emotion for clip in clips)
                hops = sum(spectra[sound_set.folder].hops(clip.path) for clip in clips)
                table.add_row(
                    sound_set.name,
                    corpus,
                    str(len(clips)),
                    f"{hops / 6_000:.0f}",
                    str(len({clip.group for clip in clips})),
                    *(str(splits[split]) for split in ("train", "val", "test")),
                    *(str(emotions[emotion]) for emotion in ("angry", "happy", "sad")),
                )
        console.print(table)
    art_dir = pictures or (data_dir / "art" if data_dir is not None and (data_dir / "art").is_dir() else None)
    if art_dir is not None:
        paintings = read_paintings(art_dir)
        load_art(art_dir, GanSettings.stored_side, cache)
        console.print(_picture_table(art_dir, [(item.emotion, item.split) for item in paintings]))
    if data_dir is None and sounds is None and art_dir is None:
        raise UsageError("no data was given", "use --data FOLDER, --sounds FOLDER or --pictures FOLDER")


@app.command()
def encoder(
    data_dir: DataOption = None,
    sounds: SoundsOption = None,
    run: Annotated[Path, typer.Option("--run", help="Folder of checkpoints and figures.")] = ENCODER_RUN,
    cache: CacheOption = DEFAULT_CACHE_DIR,
    steps: Annotated[int, typer.Option("--steps", min=1, help="Training steps of 24 rows of 6.4 s.")] = 1_300,
    seed: Annotated[int, typer.Option("--seed", help="Everything random follows from it.")] = 1,
    threads: ThreadsOption = 1,
    fresh: FreshOption = False,
    evaluate: EvaluateOption = False,
) -> None:
    """Train the encoder, export it to ONNX and score it on the test split (interrupt and repeat to go on)."""
    from chromesthesia_training.encoder.evaluate import evaluate as evaluate_encoder
    from chromesthesia_training.encoder.export import export_onnx, load_trained
    from chromesthesia_training.encoder.train import EncoderSettings, train

    quieten_exporter()
    data_dir = data_dir or (None if sounds is not None else default_data_dir())
    if not evaluate:
        settings = EncoderSettings(
            run_dir=run,
            data_dir=data_dir,
            sounds=sounds,
            cache_dir=cache,
            steps=steps,
            seed=seed,
            threads=threads,
        )
        train(settings, resume=not fresh)
    exported = export_onnx(load_trained(run / "best.pt"), run / "encoder.onnx")
    with progress_bar(errors) as progress:
        task = progress.add_task("scoring the test split", total=None)
        report = evaluate_encoder(
            run,
            exported.path,
            data_dir,
            sounds,
            lambda done, total: progress.update(task, completed=done, total=total),
        )
    _print_figures("encoder, test split, streamed from ONNX", report["flat"])
    console.print(
        f"{exported.path}: {exported.size_bytes / 1e6:.1f} MB, {exported.step_ms:.2f} ms a step of 20 ms, "
        f"differs from torch by {exported.parity:.1e}"
    )


@app.command()
def gan(
    data_dir: DataOption = None,
    pictures: PicturesOption = None,
    run: Annotated[Path, typer.Option("--run", help="Folder of checkpoints, sheets and figures.")] = GAN_RUN,
    cache: CacheOption = DEFAULT_CACHE_DIR,
    minutes: Annotated[
        float, typer.Option("--minutes", min=0.1, help="Time spent training, over all parts.")
    ] = 95.0,
    weights: Annotated[
        Path | None,
        typer.Option(
            "--weights", help="SqueezeNet 1.1 as .npz; else that of the data folder.", show_default=False
        ),
    ] = None,
    seed: Annotated[int, typer.Option("--seed", help="Everything random follows from it.")] = 0,
    threads: ThreadsOption = 1,
    fresh: FreshOption = False,
    evaluate: EvaluateOption = False,
) -> None:
    """Train the generator, export it to ONNX and score it on unseen artists (interrupt and repeat to go on)."""
    from chromesthesia_training.gan.evaluate import evaluate as evaluate_gan
    from chromesthesia_training.gan.export import export_onnx
    from chromesthesia_training.gan.settings import GanSettings
    from chromesthesia_training.gan.train import train

    quieten_exporter()
    data_dir = data_dir or default_data_dir()
    art_dir = pictures or (data_dir / "art" if data_dir is not None else None)
    if art_dir is None:
        raise UsageError("no pictures were given", "use --pictures FOLDER or --data FOLDER")
    weights = weights or (data_dir / FEATURE_WEIGHTS if data_dir is not None else None)
    if weights is None:
        raise UsageError("the weights of SqueezeNet were not found", "give them with --weights FILE.npz")
    if not evaluate:
        train(
            GanSettings(
                art_dir=art_dir,
                feature_weights=weights,
                run_dir=run,
                cache_dir=cache,
                minutes=minutes,
                seed=seed,
                threads=threads,
                fresh=fresh,
            )
        )
    exported = export_onnx(run, run / "generator.onnx")
    from chromesthesia_training.pack import flat_numbers

    _print_figures(
        "generator, unseen artists", flat_numbers(evaluate_gan(run, art_dir, weights, cache), "generator")
    )
    console.print(
        f"{exported.path}: {exported.size_bytes / 1e6:.1f} MB, {exported.images_per_s:.0f} images/s on one thread, "
        f"differs from torch by {exported.difference:.1e}"
    )


@app.command()
def export(
    out: Annotated[Path, typer.Argument(help="Folder of the pack; its name is the pack's name.")] = Path(
        "exports/default"
    ),
    encoder_run: Annotated[Path, typer.Option("--encoder", help="Run of the encoder.")] = ENCODER_RUN,
    gan_run: Annotated[Path, typer.Option("--gan", help="Run of the generator.")] = GAN_RUN,
    version: Annotated[
        str | None,
        typer.Option("--version", help="Version of the pack; else the year and month.", show_default=False),
    ] = None,
    notes: Annotated[
        list[str] | None,
        typer.Option("--note", help="A point for the model card; may be given again.", show_default=False),
    ] = None,
) -> None:
    """Export both models, hold them against torch, and build a pack with manifest and model card."""
    from chromesthesia_training.encoder.export import export_onnx as export_encoder
    from chromesthesia_training.encoder.export import load_trained
    from chromesthesia_training.gan.export import export_onnx as export_generator
    from chromesthesia_training.pack import build_pack, read_metrics
    from chromesthesia_training.sources import sources_of

    quieten_exporter()
    heard = export_encoder(load_trained(encoder_run / "best.pt"), encoder_run / "encoder.onnx")
    painted = export_generator(gan_run, gan_run / "generator.onnx")
    encoder_metrics, gan_metrics = read_metrics(encoder_run), read_metrics(gan_run)
    sources = [
        *sources_of(encoder_metrics.get("corpora", {}), "encoder"),
        *sources_of([gan_metrics.get("data", {}).get("paintings", "art"), "squeezenet"], "generator"),
    ]
    report = build_pack(
        heard.path, painted.path, out, encoder_metrics, gan_metrics, sources, version, notes=notes or ()
    )
    _print_figures("figures of the pack", report.metrics)
    console.print(f"encoder: differs from torch by {heard.parity:.1e}, {heard.step_ms:.2f} ms a step")
    console.print(
        f"generator: differs from torch by {painted.difference:.1e}, {painted.images_per_s:.0f} images/s"
    )
    console.print(f"{report.folder}: {report.size_bytes / 1e6:.1f} MB")


def _picture_table(folder: Path, items: list[tuple[str, str]]) -> Table:
    table = Table(title=f"pictures in {folder}")
    table.add_column("emotion")
    for heading in ("pictures", "train", "val", "test"):
        table.add_column(heading, justify="right")
    counts = Counter(items)
    for emotion in sorted({emotion for emotion, _ in items}):
        by_split = [counts[emotion, split] for split in ("train", "val", "test")]
        table.add_row(emotion, str(sum(by_split)), *map(str, by_split))
    return table


def _print_figures(title: str, figures: object) -> None:
    assert isinstance(figures, dict)
    table = Table(title=title)
    table.add_column("figure")
    table.add_column("value", justify="right")
    for name, value in figures.items():
        table.add_row(str(name), f"{value:.4g}")
    console.print(table)


def main() -> None:
    """Run the command line; errors raised on purpose become one line and their exit code."""
    try:
        app()
    except ChromesthesiaError as error:
        errors.print(f"[bold red]error:[/] {error}", highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
