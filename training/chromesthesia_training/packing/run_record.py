"""What a run was made from that its checkpoint does not say: `run.json` in its folder, for the pack's card."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

from chromesthesia_training.errors import TrainingError
from chromesthesia_training.safe_write import write_text_whole

RECORD_NAME = "run.json"
Features = Literal["squeezenet", "random"]


@dataclass(frozen=True)
class RunRecord:
    """own: names of a user's own folders, as its figures call them; features: the frozen net of a generator's run."""

    own: tuple[str, ...] = ()
    features: Features = "squeezenet"


def write_record(run_dir: Path, record: RunRecord) -> Path:
    """Write `run.json` into the run's folder."""
    path = run_dir / RECORD_NAME
    write_text_whole(path, json.dumps(asdict(record), indent=2) + "\n")
    return path


def read_record(run_dir: Path) -> RunRecord:
    """The run's record; the default one for a run without. Raises TrainingError when it is damaged."""
    path = run_dir / RECORD_NAME
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        features: Features = "random" if content["features"] == "random" else "squeezenet"
        return RunRecord(tuple(str(name) for name in content["own"]), features)
    except FileNotFoundError:
        return RunRecord()
    except (ValueError, KeyError, TypeError) as error:
        raise TrainingError(f"{path} is damaged: {error}", "train that run again, it goes on") from error
