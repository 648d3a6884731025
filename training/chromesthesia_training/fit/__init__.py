"""Training on Lightning: one CPU, one GPU or many, resumable to the same figures. See `fit`."""

from chromesthesia_training.fit.average import follow, warmed
from chromesthesia_training.fit.checkpoint import load_best
from chromesthesia_training.fit.checkpoint_callback import checkpoint_callback_of
from chromesthesia_training.fit.order import StepNumbers
from chromesthesia_training.fit.processes import Environment, alone, environment, fast_precision
from chromesthesia_training.fit.randomness import seeded, set_seed
from chromesthesia_training.fit.run import fit
from chromesthesia_training.fit.settings import FitReport, FitSettings

__all__ = [
    "Environment",
    "FitReport",
    "FitSettings",
    "StepNumbers",
    "alone",
    "checkpoint_callback_of",
    "environment",
    "fast_precision",
    "fit",
    "follow",
    "load_best",
    "seeded",
    "set_seed",
    "warmed",
]
