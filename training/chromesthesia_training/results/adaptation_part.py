"""The part of the encoders' page on marked moments: what they are worth with performers that nobody heard."""

from __future__ import annotations

from chromesthesia_training.metrics.metrics_file import Metrics
from chromesthesia_training.results.book import Book, link, said, table
from chromesthesia_training.results.parts import targets_table

ABOUT = (
    "By `chromesthesia-train evaluate --adaptation PACK`, for any pack: of each unseen speaker some clips of each mood "
    "are marked by lot, and the others scored, the same ones however many marks count. Reach, ridge and level of the "
    "head were chosen on validation speakers. Macro-F1 is of all clips together; the interval holds 95 of 100 draws."
)


def adaptation_part(book: Book) -> list[str]:
    """Lines of Markdown; none where no pack was measured."""
    files = [one for one in book.section("encoders") if one["protocol"] == "adaptation"]
    lines: list[str] = []
    for one in files:
        counts = [str(count) for count in one["settings"]["marks"]]
        rows = [
            *_rows(one, "test speakers", "", counts),
            *_rows(one, "marks anywhere in a clip", "anywhere.", counts),
            *_rows(one, "with TESS", "with_tess.", counts),
            *_rows(one, "validation speakers", "validation.", counts),
            *(
                [f"{name} alone", *(said(one.figure(f"speakers.{name}.{count}")) for count in counts)]
                for name in one["data"].get("test_speakers", ())
            ),
        ]
        lines += [
            f"{link(one)}:",
            "",
            *table(["marks of each mood", *counts], rows, range(1, 1 + len(counts))),
            "",
        ]
    return (
        ["## With a performer's marks", "", ABOUT, "", *targets_table(book, "adaptation."), "", *lines]
        if lines
        else []
    )


def _rows(one: Metrics, what: str, where: str, counts: list[str]) -> list[list[str]]:
    if one.figure(f"{where}macro_f1.{counts[0]}") is None:
        return []

    def gained(count: str) -> str:
        low, mean, high = (one.figure(f"{where}{key}.{count}") for key in ("gain_low", "gain", "gain_high"))
        if count == "0" or low is None or mean is None or high is None:
            return ""
        return f"{mean.mean:+.3f} ({low.mean:+.3f} to {high.mean:+.3f})"

    return [
        [what, *(said(one.figure(f"{where}macro_f1.{count}")) for count in counts)],
        [f"{what}: gain", *(gained(count) for count in counts)],
        [
            f"{what}: gain, mean of the speakers",
            *(
                "" if count == "0" else said(one.figure(f"{where}gain_by_speaker.{count}"))
                for count in counts
            ),
        ],
    ]
