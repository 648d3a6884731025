"""Stages under torchrun: what the first process decides and finds, the others hear of through torchrun's store."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol

from chromesthesia_training.errors import TrainingError
from chromesthesia_training.fit import Environment, environment

LONGEST = timedelta(days=14)


class Processes(Protocol):
    """This process among those of one command."""

    @property
    def here(self) -> Environment: ...

    def agree(self, what: str, decide: Callable[[], Any]) -> Any:
        """What `decide` gives the first process (JSON values); the others wait for it."""
        ...


class OneProcess:
    """A command started without torchrun."""

    here = Environment()

    def agree(self, what: str, decide: Callable[[], Any]) -> Any:
        return decide()


class StartedByTorchrun:
    """One of several processes; they meet in the key-value store at MASTER_ADDR, MASTER_PORT."""

    def __init__(self) -> None:
        from torch._C._distributed_c10d import PrefixStore, TCPStore

        self.here = environment()
        try:
            address, port = os.environ["MASTER_ADDR"], int(os.environ["MASTER_PORT"])
        except (KeyError, ValueError) as error:
            raise TrainingError(
                "several processes without MASTER_ADDR and MASTER_PORT", "use torchrun"
            ) from error
        serves = self.here.first and os.environ.get("TORCHELASTIC_USE_AGENT_STORE") != "True"
        store = TCPStore(address, port, self.here.world, serves, timeout=LONGEST, wait_for_workers=False)
        self._store = PrefixStore("reproduce", store)

    def agree(self, what: str, decide: Callable[[], Any]) -> Any:
        if self.here.first:
            decided = decide()
            self._store.set(what, json.dumps(decided))
            return decided
        self._store.wait([what], LONGEST)
        return json.loads(self._store.get(what))


def processes() -> Processes:
    """By torchrun's environment. Raises TrainingError for one that is incomplete."""
    return StartedByTorchrun() if environment().world > 1 else OneProcess()
