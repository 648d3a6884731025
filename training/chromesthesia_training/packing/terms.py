"""What a pack's card says of its data: what may be done with the weights, under which licences, and whom to name."""

from __future__ import annotations

from collections.abc import Sequence

from chromesthesia.packs.manifest import DataSource
from chromesthesia_training.errors import TrainingError

TERMS_HEADING = "## May I use it?"
AFTER_TERMS = "## What it cannot do"
OWN = "user's own"
"""In the licence of every folder of a user."""

PASS_ON = (
    "say what was changed, earn no money with it, and pass on what is made of it under the same licence."
)
KEEP = "Keep the licence (apache.org/licenses/LICENSE-2.0) with it and say what was changed"
NAMED = {
    "RAVDESS": f"Steven R. Livingstone and Frank A. Russo, 2018. Name them, {PASS_ON}",
    "TESS": "M. Kathleen Pichora-Fuller and Kate Dupuis, University of Toronto, 2020. Name them, earn no money with "
    "it, and pass on no altered recording.",
    "nEMO": f"Iwona Christop, 2024. Name her, {PASS_ON}",
    "EMO-DB": "Felix Burkhardt and others, 2005. Given to everybody, it asks for nothing; named with thanks.",
    "URDU": "Siddique Latif and others, 2018. Published for research without a licence: ask them for anything else.",
    "VGMIDI": "Lucas N. Ferreira and Jim Whitehead, 2019. The ratings are theirs, the pieces their composers'.",
    "Emotify": "Anna Aljanaki, Frans Wiering and Remco C. Veltkamp, 2016. For research; the songs are their artists'.",
    "YAMNet": f"Manoj Plakal and Dan Ellis, 2019. {KEEP}: seven of its layers, made causal and tuned.",
    "D-ViSA": "Kim and others, 2023. The ratings are theirs, every painting its artist's.",
    "SqueezeNet": "Forrest N. Iandola and others, 2016. It judged while the generator learned; none of it is in the "
    "pack.",
    "EmoGator": f"Fred W. Buhl, 2023. {KEEP}.",
}
"""Whom to name and what their licence asks for, by how a source's name begins."""
CHANGED = (
    "Sounds became spectra of one channel at 24 kHz, pictures small squares; the weights were learned from those. "
    "Whether weights are made of recordings in the sense of these licences is not settled. Treat them as if they were: "
    "what a licence above asks of a copy, it asks of this pack."
)


def terms_section(sources: Sequence[DataSource]) -> str:
    """Markdown from the heading on: terms, a table of the data, whom to name."""
    table = [f"| {source.name} | {source.used_for} | {source.licence} |" for source in sources]
    head = [TERMS_HEADING, "", terms(sources), "", "| data | used for | licence |", "|---|---|---|"]
    return "\n".join([*head, *table, *_credits(sources)])


def with_terms(card: str, sources: Sequence[DataSource]) -> str:
    """A card with its section on terms said anew. Raises TrainingError for a card without the headings around it."""
    opening, heading, rest = card.partition(f"{TERMS_HEADING}\n")
    _, after, points = rest.partition(f"\n{AFTER_TERMS}\n")
    if not heading or not after:
        raise TrainingError(
            f"the card has no heading {TERMS_HEADING!r} before {AFTER_TERMS!r}", "export the pack again"
        )
    return f"{opening}{terms_section(sources)}\n{after}{points}"


def terms(sources: Sequence[DataSource]) -> str:
    """What may be done with weights that learned from these, in a paragraph."""
    restricted = [source.name for source in sources if source.restricted]
    if not restricted:
        return "None of the data below restricts the use of the weights."
    if all(OWN in source.licence for source in sources if source.restricted):
        whose = (
            "All that it learned from is its maker's own and was not checked"
            if len(restricted) == len(sources)
            else "What it learned from is free, or its maker's own, which was not checked"
        )
        return (
            f"{whose}: use it as those agreed to who made the sounds and the pictures, and no further. No sound and no "
            "picture of the data is part of the pack."
        )
    restricted = [source.name for source in sources if source.restricted and OWN not in source.licence]
    return (
        f"**For research and non-commercial use only.** The licences of {len(restricted)} of the {len(sources)} data "
        "sets below forbid more, or do not state what they allow, and weights learned from them inherit that: no "
        "ticketed shows, no products. Data of your own carry whatever you agreed with those who made them. No sound "
        "and no picture of the data is part of the pack."
    )


def _credits(sources: Sequence[DataSource]) -> list[str]:
    """Whom to name, a line each, after an empty one; nothing of a user's own."""
    lines = []
    for source in sources:
        name = source.name.split(" (")[0].split(",")[0]
        known = next((key for key in NAMED if name == key or name.startswith(f"{key} ")), None)
        if known is not None and OWN not in source.licence:
            lines.append(f"- {name} ({source.licence}): {NAMED[known]}")
    return (
        ["", "Who made the data, and what their licences ask for:", "", *lines, "", CHANGED] if lines else []
    )
