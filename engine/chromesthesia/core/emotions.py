"""The emotions by name."""

from __future__ import annotations

EMOTIONS = ("angry", "happy", "sad")
"""In the order of every vector of probabilities."""
CONDITION_LABELS = ("valence", "arousal", *EMOTIONS)
"""What the engine can tell a generator."""
