"""The commands of `chromesthesia-train`."""

from chromesthesia_training.cli.app import main

__all__ = ["main"]
