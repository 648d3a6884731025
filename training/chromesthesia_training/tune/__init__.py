"""Search for settings with Optuna, shared by several workers. See `tune`."""

from chromesthesia_training.tune.export import draw_search, write_search
from chromesthesia_training.tune.space import Choice, Number, Space, Value
from chromesthesia_training.tune.study import (
    Attempt,
    Hopeless,
    TrialRow,
    TuneReport,
    open_study,
    report_of,
    tune,
)

__all__ = [
    "Attempt",
    "Choice",
    "Hopeless",
    "Number",
    "Space",
    "TrialRow",
    "TuneReport",
    "Value",
    "draw_search",
    "open_study",
    "report_of",
    "tune",
    "write_search",
]
