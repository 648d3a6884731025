"""The part of the encoders' page on the free encoder: what it makes of corpora that trained nothing."""

from __future__ import annotations

from chromesthesia_training.results.book import Book, link, said, table
from chromesthesia_training.results.parts import targets_table

ABOUT = (
    "By `chromesthesia-train free-encoder --results docs/results`: layers of YAMNet as published, a read-out that "
    "learned from free voices alone. Each corpus is heard as one running room, speaker after speaker in an order drawn "
    "by lot; what the room has sounded like is taken away as it goes, without any label. Macro-F1 of angry, happy and "
    "sad over all clips."
)


def free_part(book: Book) -> list[str]:
    """Lines of Markdown; none where it was not measured."""
    one = book.get("encoders/free")
    if one is None:
        return []
    ways = one["settings"].get("ways", {})
    corpora = [name for name in (one["figures"].get("alone") or {}).get("by_corpus", {})]
    rows = [
        [
            words,
            *(said(one.figure(f"{way}.by_corpus.{corpus}")) for corpus in corpora),
            f"**{said(one.figure(f'{way}.macro_f1'))}**",
        ]
        for way, words in ways.items()
    ]
    listed = [
        [
            source["source"],
            source["commit"] or "-",
            source["licence"],
            str(source["files"]),
            f"`{source['sha256'][:12]}`",
        ]
        for source in one["data"]["trained_on"]
    ]
    notes = [f"- {note}" for note in one.get("notes") or ()]
    return [
        "## Trained on free data alone",
        "",
        ABOUT,
        "",
        *targets_table(book, "free."),
        "",
        *table([f"heard ({link(one)})", *corpora, "mean"], rows, range(1, 2 + len(corpora))),
        "",
        *table(["what trained it", "commit", "licence", "files", "sha256 over theirs"], listed, range(3, 4)),
        "",
        *([*notes, ""] if notes else []),
    ]
