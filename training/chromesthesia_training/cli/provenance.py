"""`chromesthesia-train provenance`: what trained a pack, file by file, and whether all of it is free."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from chromesthesia_training.cli.options import console
from chromesthesia_training.errors import DataError

EXAMPLES = """[bold]Examples[/bold]

chromesthesia-train provenance check exports/free --data ../shared/data

chromesthesia-train provenance list voices.csv my/voices --for encoder --source "recorded by Ada" --licence CC0-1.0

chromesthesia-train provenance record exports/free voices.csv pictures.csv

chromesthesia-train provenance terms exports/default
"""

provenance_app = typer.Typer(
    help="What trained a pack, file by file, and whether all of it is free.",
    epilog=EXAMPLES,
    rich_markup_mode="rich",
    no_args_is_help=True,
)


@provenance_app.command("check")
def check(
    pack: Annotated[Path, typer.Argument(help="Folder of the pack.")],
    data: Annotated[
        list[Path] | None,
        typer.Option(
            "--data", help="Folder where the listed files have to be, by their bytes; may be given again."
        ),
    ] = None,
) -> None:
    """Refuse a pack unless every file that trained it is listed and free (exit code 9)."""
    from chromesthesia.packs.find import find_pack
    from chromesthesia_training.packing.provenance import check_pack

    verdict = check_pack(find_pack(pack), tuple(data or ()))
    for refusal in verdict.refusals:
        console.print(f"- {refusal}", highlight=False, soft_wrap=True, markup=False)
    if not verdict.free:
        raise DataError(
            f"the pack {pack} is not shown to be free ({len(verdict.refusals)} reasons)",
            "do not sell tickets with it, or train it on free data only",
        )
    console.print(verdict.may.replace("**", ""), highlight=False, soft_wrap=True, markup=False)


@provenance_app.command("list")
def list_files(
    out: Annotated[Path, typer.Argument(help="List to write (.csv).")],
    folder: Annotated[
        Path, typer.Argument(help="Folder with an index.csv (path, split, licence), or one file.")
    ],
    used_for: Annotated[str, typer.Option("--for", help="encoder or generator.")],
    source: Annotated[str, typer.Option("--source", help="Where it is from.")],
    commit: Annotated[str, typer.Option("--commit", help="Which state of that.")] = "",
    licence: Annotated[
        str | None, typer.Option("--licence", help="Of all of it; else the column of that name.")
    ] = None,
    corpus: Annotated[str | None, typer.Option("--corpus", help="Only rows of this corpus.")] = None,
    splits: Annotated[
        list[str] | None, typer.Option("--split", help="What trained: train and val, unless given.")
    ] = None,
) -> None:
    """List the files that trained a model, with their hashes."""
    from chromesthesia_training.packing.provenance import (
        origins_of_files,
        origins_of_index,
        provenance_bytes,
    )
    from chromesthesia_training.safe_write import whole_file

    if folder.is_file():
        if licence is None:
            raise DataError(f"{folder} has no licence", "give it with --licence", "missing")
        origins = origins_of_files([(folder, licence)], folder.parent, used_for, source, commit)
    else:
        origins = origins_of_index(
            folder, used_for, source, commit, licence, tuple(splits or ("train", "val")), corpus
        )
    with whole_file(out) as file:
        file.write(provenance_bytes(origins))
    console.print(f"{out}: {len(origins)} files")


@provenance_app.command("record")
def record(
    pack: Annotated[Path, typer.Argument(help="Folder of the pack.")],
    lists: Annotated[list[Path], typer.Argument(help="Lists that `provenance list` wrote.")],
) -> None:
    """Put the lists into a pack: provenance.csv, its hash in the manifest, and what may be done on the card."""
    from chromesthesia_training.packing.provenance import read_provenance
    from chromesthesia_training.packing.sealing import seal

    origins = [origin for one in lists for origin in read_provenance(one)]
    verdict = seal(pack, origins)
    console.print(verdict.may.replace("**", ""), highlight=False, soft_wrap=True, markup=False)


@provenance_app.command("terms")
def terms(pack: Annotated[Path, typer.Argument(help="Folder of the pack.")]) -> None:
    """Say in manifest and card what is known today of the data's licences, and whom they ask to name."""
    from chromesthesia_training.packing.sealing import renew_terms

    for name in renew_terms(pack) or ("every licence was said as it is known",):
        console.print(name, highlight=False, soft_wrap=True, markup=False)
