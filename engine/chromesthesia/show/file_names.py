"""File names made of what people call things."""

from __future__ import annotations

import re
import unicodedata

STEM_LIMIT = 60


def stem_of(name: str, otherwise: str) -> str:
    """The stem of a file for a name: small letters, digits and dashes; `otherwise` where nothing of it is left."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().casefold()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:STEM_LIMIT].strip("-") or otherwise
