"""What each of torchrun's processes does, started once for all tests of it: FOLDER. Two stages, then two trainings."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import torch
from tests.training.fit.toys import Classifier, Duel, loaders, settings_in

from chromesthesia_training.fit import environment, fit
from chromesthesia_training.reproduce.run import reproduce
from chromesthesia_training.reproduce.together import processes
from chromesthesia_training.stage import Context, Stage


def stage(name: str, distributed: bool) -> Stage:
    def run(context: Context) -> None:
        with (context.runs_dir / f"{name}.{os.environ.get('LOCAL_RANK', 'alone')}").open("x") as file:
            file.write(str(environment().world))
        path = context.metrics_dir / f"encoders/{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"settings": {}}))

    return Stage(name, "encoders", run, (f"encoders/{name}",), distributed=distributed)


def main() -> None:
    folder = Path(sys.argv[1])
    context = Context(folder, folder / "runs", folder / "results")
    reproduce([stage("single", False), stage("several", True)], context, processes=processes())
    for name, module in (("classifier", Classifier(dropout=0.0)), ("duel", Duel())):
        settings = settings_in(folder / name, max_epochs=None, max_steps=2, max_minutes=60.0)
        fit(module, *loaders(8), settings)
        torch.save(module.state_dict(), folder / name / f"rank{os.environ['RANK']}.pt")


if __name__ == "__main__":
    main()
