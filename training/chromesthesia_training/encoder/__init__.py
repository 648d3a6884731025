"""The streaming emotion encoder: model, training, evaluation, export."""
