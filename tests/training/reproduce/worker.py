"""One of torchrun's processes running two stages, of which one is for all of them: FOLDER."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from chromesthesia_training.fit import environment
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


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    context = Context(folder, folder / "runs", folder / "results")
    reproduce([stage("single", False), stage("several", True)], context, processes=processes())
