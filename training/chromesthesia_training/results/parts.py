"""Parts that several pages have: the table of targets, a picture that is shown where it was made."""

from __future__ import annotations

from chromesthesia_training.results.book import NOT_RUN, Book, table
from chromesthesia_training.results.targets import summary

OF_THE_PACK = ("samples.jpg", "clip.webp", "free-samples.jpg", "free-clip.webp")
"""Made from a pack, not from metrics files."""


def targets_table(book: Book, *keys: str) -> list[str]:
    """The targets whose key begins with one of `keys`, all where none is given, and whether they are met."""
    rows = []
    for key, entry in summary(book).items():
        if keys and not key.startswith(keys):
            continue
        value = NOT_RUN if entry["value"] is None else f"{entry['value']:.3f}".rstrip("0").rstrip(".")
        if entry["deviation"]:
            value += f" ± {entry['deviation']:.3f}".rstrip("0").rstrip(".")
        free = entry["value"] is None or entry["met"] is None
        met = "-" if free else "met" if entry["met"] else "missed"
        source = entry["metrics"]
        rows.append(
            [
                f"`{key}`: {entry['what']}",
                entry["baseline"],
                entry["target"],
                f"**{value}**",
                met,
                source if source == NOT_RUN else f"[file]({source})",
            ]
        )
    return table(["figure", "baseline", "target", "ours", "target met", "metrics"], rows)


def picture(name: str, words: str, shown: set[str]) -> list[str]:
    """A drawing in `figures`, or what is made from the pack beside the page; nothing where it is not among `shown`."""
    folder = "" if name in OF_THE_PACK else "figures/"
    return [f"![{words}]({folder}{name})", ""] if name in shown else []
