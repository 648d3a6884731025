"""Licences by what they let one do with weights that learned from what is under them."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Terms:
    """`name`: short; `credit`: whether who made the data has to be named."""

    name: str
    credit: bool = False


_FREE: tuple[tuple[re.Pattern[str], Terms], ...] = tuple(
    (re.compile(pattern, re.IGNORECASE), terms)
    for pattern, terms in (
        (r"CC0([- ]1\.0)?( universal)?", Terms("CC0-1.0")),
        (r"public domain( \(.*\))?", Terms("public domain")),
        (r"Apache([- ]License)?[- ,]*(Version )?2\.0", Terms("Apache-2.0", credit=True)),
        (r"MIT( License)?", Terms("MIT", credit=True)),
        (r"BSD-[23]-Clause", Terms("BSD", credit=True)),
        (r"CC[- ]BY[- ][34]\.0", Terms("CC-BY", credit=True)),
        (r"made by script( \(.*\))?", Terms("made by script")),
    )
)


def free_terms(licence: str) -> Terms | None:
    """The terms of a licence that lets weights be used for anything, sold and passed on; None for any other.

    Only what is known to be free is. Non-commercial, no derivatives, share alike, research, on request and what is not
    stated are not, and neither is a user's own, which nobody checked.
    """
    text = " ".join(licence.split())
    return next((terms for pattern, terms in _FREE if pattern.fullmatch(text)), None)
