"""Figures of anything that paints, against paintings that it has not seen."""
