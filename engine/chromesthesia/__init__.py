"""Chromesthesia: a live instrument that turns the emotion in a room's sound into light."""

__version__ = "0.1.0"
