"""Alignment of sound and picture: both projected into one space, in which a sound finds paintings of its emotion."""
