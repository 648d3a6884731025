"""Scenes and filters beside the plain look: each is off, and costs nothing, until its amount is above 0."""
