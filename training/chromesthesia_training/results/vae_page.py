"""The page of TokenFusionVAE: the reference's rows, every version in one table, and what it makes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from chromesthesia_training.metrics.metrics_file import Metrics
from chromesthesia_training.results.book import Book, link, said, table
from chromesthesia_training.results.parts import picture, targets_table

VERSIONS = {
    "v1": "V1",
    "v2": "V2",
    "v21": "V2.1",
    "v21_unified": "V2.1, tokens of V3",
    "v3": "V3",
    "v31": "V3.1",
    "v32": "V3.2",
    "v32_folds": "V3.2, five folds",
    "v32_own_cls": "V3.2, no CLS bypass",
}
INTRO = (
    "One variational autoencoder over tokens of pictures and sounds, in the thesis's six versions. Theirs: food "
    "pictures and DEAM, tokens of ViT-base and EnCodec, 80/20 at random by picture and by part of a song, the "
    "validation items that chose the epoch. Ours: D-ViSA's paintings and VGMIDI, small tokenizers fitted here, artists "
    "and game series that nothing was fitted to. Tokens are standardised: a reconstruction loss of 1 is predicting the "
    "mean token. The thesis appends the labels to every input token, which makes its figures of valence and arousal "
    "near trivial: each version stands here with them and without. What it leaves open: V1 to V2.1 are taken to pool "
    "by the mean and to repeat one token, as it says of V3; a sound's latent is carried to the latents of pictures by "
    "mean and deviation before it is decoded as one. A figure with a deviation is of five folds, one without of the "
    "first of them; one seed each."
)


def vae_page(book: Book, shown: set[str], rows: Sequence[str]) -> list[str]:
    """Lines of the page above its list of runs; `rows` is the table of the reference's rows."""
    lines = [INTRO, "", "## Targets", "", *targets_table(book, "vae."), ""]
    lines += ["## The reference's rows", "", *rows, ""]
    lines += _versions(book)
    lines += picture(
        "vae_sound_to_image.jpg", "Five seconds of free music as spectra, and the picture made of each", shown
    )
    lines += picture(
        "vae_image_to_sound.jpg",
        "Paintings in the public domain, and the spectrum of the sound made of each",
        shown,
    )
    sheets = book.get("vae/sheets")
    if sheets is not None:
        lines += [
            f"The sounds of the second sheet, left to right: [short clips](vae_clips).{_loudness(sheets)}",
            "",
        ]
    return lines


def _loudness(sheets: Metrics) -> str:
    """How loud the clips were made, and by how much they were raised, where the run kept that."""
    made = sheets["figures"].get("image_to_sound") or []
    words = [
        f"{_each(f'{one[key]:.{digits}f}' for one in made)} {unit}"
        for key, digits, unit in (
            ("level_rms", 5, "of full scale (root mean square)"),
            ("raised_db", 1, "dB"),
        )
        if made and all(key in one for one in made)
    ]
    if len(words) < 2:
        return ""
    return f" As made their levels are {words[0]}; to be heard they were raised by {words[1]}."


def _each(values: Iterable[str]) -> str:
    *first, last = values
    return f"{', '.join(first)} and {last}" if first else last


def _versions(book: Book) -> list[str]:
    rows = []
    for key, title in VERSIONS.items():
        for name, labels in (("plain", "no"), ("labels", "yes")):
            metrics = book.get(f"vae/{key}.{name}")
            if metrics is not None:
                rows.append([title, labels, *_cells(metrics), link(metrics)])
    if not rows:
        return []
    headers = ["version", "labels go in", "VA loss", "reconstruction", "total", "pictures: r", "sounds: r", "M", "min",
               "metrics"]  # fmt: skip
    return ["## Every version", "", "r is of valence / arousal read from the latent.", "",
            *table(headers, rows, range(2, 9)), ""]  # fmt: skip


def _cells(metrics: Metrics) -> list[str]:
    parameters = metrics.figure("parameters")
    return [
        *(said(metrics.figure(name), 4) for name in ("va_loss", "recon", "total")),
        *(
            " / ".join(said(metrics.figure(f"{kind}.{axis}_r"), 2) for axis in ("valence", "arousal"))
            for kind in ("image", "sound")
        ),
        "-" if parameters is None else f"{parameters.mean / 1e6:.1f}",
        said(metrics.figure("minutes"), 1),
    ]
