"""The registry of everything that is counted in a running show."""

from __future__ import annotations

import logging
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping

from chromesthesia.core.user_files import one_line

log = logging.getLogger(__name__)

Counts = Mapping[str, int]
Read = Callable[[], Counts]
Groups = Mapping[str, Counts]
"""Counts by name, by the group that they were registered under."""

ILL = "unreadable"
"""Group that counts how often a group could not be read, by its name; not there while all can."""


class Counters:
    """Every part that counts registers once how its counts are read; nobody else keeps a copy of them.

    Registering is done before the threads start. `read` may be called from any thread: counts are whole numbers that
    their owner alone writes, so a reader sees each as it was a moment ago.
    """

    def __init__(self) -> None:
        self._reads: dict[str, list[Read]] = defaultdict(list)
        self._last: dict[Read, Counts] = {}
        self._ill: Counter[str] = Counter()

    def add(self, group: str, read: Read) -> None:
        """Register the counts of one part. Several parts may share a group: counts of one name are added up."""
        self._reads[group].append(read)

    def read(self) -> Groups:
        """All counts now. A part that cannot be read counts as it last could, and under `ILL`."""
        groups = {group: self._sum(group, reads) for group, reads in self._reads.items()}
        return {**groups, ILL: dict(self._ill)} if self._ill else groups

    def _sum(self, group: str, reads: list[Read]) -> Counts:
        total: Counter[str] = Counter()
        for read in reads:
            try:
                self._last[read] = read()
            except (
                Exception
            ) as error:  # a source or surface of a user's may raise here; the other counts are told
                self._ill[group] += 1
                if self._ill[group] & (self._ill[group] - 1) == 0:
                    log.warning("the counts of %s cannot be read: %s", group, one_line(error))
            for name, count in self._last.get(read, {}).items():
                total[name] += count
        return dict(total)
