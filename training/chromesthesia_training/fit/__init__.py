"""Training on Lightning: one CPU, one GPU or many, resumable to the same figures. See `fit`."""

from chromesthesia_training.fit.average import follow, warmed
from chromesthesia_training.fit.checkpoint import load_best
from chromesthesia_training.fit.keeper import keeper_of
from chromesthesia_training.fit.order import StepNumbers
from chromesthesia_training.fit.processes import Place, alone, place
from chromesthesia_training.fit.randomness import seeded, set_seed
from chromesthesia_training.fit.run import fit
from chromesthesia_training.fit.settings import FitReport, FitSettings

__all__ = [
    "FitReport",
    "FitSettings",
    "Place",
    "StepNumbers",
    "alone",
    "fit",
    "follow",
    "keeper_of",
    "load_best",
    "place",
    "seeded",
    "set_seed",
    "warmed",
]
