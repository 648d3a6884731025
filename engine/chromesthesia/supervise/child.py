"""The engine as a child process: its life line, its stacks, its end."""

from __future__ import annotations

import contextlib
import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from typing import Any, BinaryIO, Protocol

from chromesthesia.supervise.wire import STACK_SIGNAL, VARIABLE, Message, Orders, decode, lines, orders_text

WAITING = 1024
"""Most messages that wait to be read; when more come the oldest go."""
READ_OUT_S = 0.5
STACK_LIMIT = 256 * 1024


class Engine(Protocol):
    """One engine that was started. All of it on the supervisor's thread."""

    @property
    def pid(self) -> int: ...

    def messages(self, timeout_s: float) -> list[Message]:
        """What it told; waits for the first, at most `timeout_s`."""
        ...

    def exit_code(self) -> int | None:
        """None while it lives; negative for a signal."""
        ...

    def end(self) -> None:
        """Ask it politely to end the show."""
        ...

    def stopped(self) -> bool:
        """True while a signal holds it (SIGSTOP); always False where the system does not tell."""
        ...

    def go_on(self) -> None:
        """Let one that is stopped go on."""
        ...

    def ask_stack(self) -> None:
        """Let it write the stacks of all threads, even when it hangs or is stopped."""
        ...

    def kill(self) -> None:
        """End it now."""
        ...

    def stack(self) -> bytes:
        """The stacks that it wrote, also by itself when it crashed."""
        ...

    def close(self) -> None:
        """Give back what belongs to it, once it is gone."""
        ...


class ChildEngine:
    """A process that keeps a life line. picture: memory for its last picture, which outlives it.

    waits: it plays only when `tell` says so. Raises OSError where none can be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        picture: BinaryIO,
        safe_look: bool = False,
        rung: str = "",
        waits: bool = False,
    ) -> None:
        reading, writing = os.pipe()
        hears, self._go = os.pipe() if waits else (-1, -1)
        self._stack = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the child
        self._closing = False
        try:
            inherited: tuple[int, ...] = (writing, self._stack.fileno(), picture.fileno())
            lifeline, stack, memory = (_inheritable(descriptor) for descriptor in inherited)
            orders = Orders(lifeline, stack, memory, safe_look, rung, hears)
            inherited += (hears,) if waits else ()
            self._process = subprocess.Popen(
                command,
                env={**os.environ, VARIABLE: orders_text(orders)},
                **_passing(inherited),
            )
        except BaseException:
            os.close(reading)
            self._stack.close()
            if waits:
                os.close(self._go)
            raise
        finally:
            os.close(writing)
            if waits:
                os.close(hears)
        self._queue: queue.Queue[Message] = queue.Queue(WAITING)
        self._reader = threading.Thread(target=self._read, args=(reading,), name="life line", daemon=True)
        self._reader.start()

    @property
    def pid(self) -> int:
        """Number of the process."""
        return self._process.pid

    def tell(self, content: bytes) -> bool:
        """Let one that waits play; False when it is gone."""
        descriptor, self._go = self._go, -1
        try:
            return os.write(descriptor, content) == len(content)
        except OSError:
            return False
        finally:
            os.close(descriptor)

    def messages(self, timeout_s: float) -> list[Message]:
        """See `Engine`."""
        found: list[Message] = []
        if self._process.poll() is not None:
            self._reader.join(READ_OUT_S)  # its last words
            timeout_s = 0.0
        with contextlib.suppress(queue.Empty):
            found.append(self._queue.get(timeout_s > 0.0, timeout_s or None))
            while len(found) < WAITING:
                found.append(self._queue.get_nowait())
        return found

    def exit_code(self) -> int | None:
        """See `Engine`."""
        return self._process.poll()

    def end(self) -> None:
        """See `Engine`; one that is stopped goes on first, or it would not hear."""
        with contextlib.suppress(ProcessLookupError):
            self._process.terminate()
            self._go_on()

    def stopped(self) -> bool:
        """See `Engine`."""
        if sys.platform == "win32" or not hasattr(os, "waitid"):
            return False
        # Looked at, not taken: the end of the process is waited for elsewhere.
        with contextlib.suppress(ChildProcessError):
            return os.waitid(os.P_PID, self.pid, os.WSTOPPED | os.WNOHANG | os.WNOWAIT) is not None
        return False

    def go_on(self) -> None:
        """See `Engine`."""
        with contextlib.suppress(ProcessLookupError):
            self._go_on()

    def ask_stack(self) -> None:
        """See `Engine`."""
        if STACK_SIGNAL is None:
            return
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(STACK_SIGNAL)
            self._go_on()

    def kill(self) -> None:
        """See `Engine`."""
        with contextlib.suppress(ProcessLookupError):
            self._process.kill()

    def stack(self) -> bytes:
        """See `Engine`."""
        with contextlib.suppress(OSError, ValueError):
            self._stack.seek(0)
            return self._stack.read(STACK_LIMIT)
        return b""

    def close(self) -> None:
        """See `Engine`."""
        self._process.wait()
        self._reader.join(1.0)
        self._stack.close()
        if self._go >= 0:
            os.close(self._go)

    def _go_on(self) -> None:
        go_on = getattr(signal, "SIGCONT", None)
        if go_on is not None:
            self._process.send_signal(go_on)

    def _read(self, descriptor: int) -> None:
        with open(descriptor, "rb", buffering=0) as pipe:
            for line in lines(pipe):
                message = decode(line)
                if message is not None:
                    self._put(message)

    def _put(self, message: Message) -> None:
        while True:
            try:
                self._queue.put_nowait(message)
                return
            except queue.Full:
                with contextlib.suppress(queue.Empty):
                    self._queue.get_nowait()


def _inheritable(descriptor: int) -> int:
    """The number by which the child finds it."""
    if sys.platform == "win32":
        import msvcrt

        handle: int = msvcrt.get_osfhandle(descriptor)
        os.set_handle_inheritable(handle, True)
        return handle
    return descriptor


def _passing(descriptors: Sequence[int]) -> dict[str, Any]:
    return {"close_fds": False} if sys.platform == "win32" else {"pass_fds": tuple(descriptors)}
