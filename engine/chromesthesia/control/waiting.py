"""Commands that wait: for the control thread, or for their time. Bounded, and nobody who posts ever waits."""

from __future__ import annotations

import heapq
import threading
from collections import deque
from collections.abc import Sequence

from chromesthesia.control.commands import Command, SetParameter

QUEUE_LIMIT = 1024
"""Most commands waiting to be applied; when more come the oldest go."""
ROOM_LIMIT = QUEUE_LIMIT - QUEUE_LIMIT // 8
"""So many stay of a full queue, so that not every command that follows has to make room again."""
SCHEDULE_LIMIT = 1024
"""Most commands waiting for their time; when more come they are applied at once."""


class WaitingCommands:
    """`post` may be called from any thread; `take` and `wait` belong to the control thread.

    superseded: commands left out of a full queue because a newer write to the same parameter waits behind them;
    dropped: left out because it was full.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._queue: deque[Command] = deque()
        self._schedule: list[tuple[float, int, Command]] = []
        self._ticket = 0
        self.superseded = 0
        self.dropped = 0

    def __len__(self) -> int:
        return len(self._queue) + len(self._schedule)

    def post(self, commands: Sequence[Command], at_s: float | None) -> None:
        """Add `commands`, in this order; at_s: monotonic time to apply them, None for now."""
        with self._condition:
            if at_s is not None and len(self._schedule) + len(commands) <= SCHEDULE_LIMIT:
                for command in commands:
                    heapq.heappush(self._schedule, (at_s, self._ticket, command))
                    self._ticket += 1
            else:
                self._queue.extend(commands)
                if len(self._queue) > QUEUE_LIMIT:
                    self._make_room()
            self._condition.notify()

    def wait(self, now_s: float, timeout_s: float) -> None:
        """Sleep until a command is posted, one falls due, or `timeout_s` is over."""
        with self._condition:
            if self._queue:
                return
            if self._schedule:
                timeout_s = min(timeout_s, self._schedule[0][0] - now_s)
            if timeout_s > 0:
                self._condition.wait(timeout_s)

    def take(self, now_s: float) -> list[Command]:
        """What is to be applied now, in order; it waits no longer."""
        with self._condition:
            due = list(self._queue)
            self._queue.clear()
            while self._schedule and self._schedule[0][0] <= now_s:
                due.append(heapq.heappop(self._schedule)[2])
        return due

    def forget_scheduled(self) -> None:
        """Leave out what waits for its time."""
        with self._condition:
            self._schedule.clear()

    def _make_room(self) -> None:
        """The last value of each parameter and every other command stay, as long as there is any room for them."""
        written: set[str] = set()
        kept: deque[Command] = deque()
        for command in reversed(self._queue):
            if isinstance(command, SetParameter):
                if command.path in written:
                    self.superseded += 1
                    continue
                written.add(command.path)
            kept.appendleft(command)
        surplus = len(kept) - ROOM_LIMIT
        if surplus > 0:
            self.dropped += surplus
            for _ in range(surplus):
                kept.popleft()
        self._queue = kept
