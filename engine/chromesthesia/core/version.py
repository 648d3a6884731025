"""The version of the public face, as pyproject.toml reads it."""

from __future__ import annotations

__version__ = "0.1.0"
