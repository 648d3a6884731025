"""Scores, the files that keep them, and how they are drawn."""
