"""Emotion encoders that hear whole clips: the reference's seven, their protocols, and the best we know to build."""
