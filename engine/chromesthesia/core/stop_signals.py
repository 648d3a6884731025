"""What ends a show politely from outside: Ctrl-C, a kill, a terminal that hangs up."""

from __future__ import annotations

import contextlib
import signal
import socket
import threading
from collections.abc import Iterator

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK") if hasattr(signal, name)
)
"""SIGHUP is there on Unix only, SIGBREAK (Ctrl-Break, a closed console) on Windows only."""


@contextlib.contextmanager
def stop_on_signals(stop: threading.Event) -> Iterator[None]:
    """Every signal of `SIGNALS` sets `stop` while the block runs, however often it comes, and does nothing else.

    A hang-up that was ignored before (nohup) stays ignored. Off the main thread, where Python takes no signals, nothing
    is changed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    wake_up, woken = socket.socketpair()
    wake_up.setblocking(False)

    def watch() -> None:
        with contextlib.suppress(OSError):  # how the other end closes differs between systems
            while woken.recv(1):
                stop.set()

    # A handler that set the event itself could wait for ever for the lock of the very wait that it interrupts.
    watching = threading.Thread(target=watch, name="signals", daemon=True)
    before = {number: signal.getsignal(number) for number in SIGNALS}
    if getattr(signal, "SIGHUP", None) in before and before[signal.SIGHUP] is signal.SIG_IGN:
        del before[signal.SIGHUP]
    watched_before = signal.set_wakeup_fd(wake_up.fileno(), warn_on_full_buffer=False)
    for number in before:
        signal.signal(number, lambda *_: None)
    watching.start()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        signal.set_wakeup_fd(watched_before)
        wake_up.close()
        watching.join()
        woken.close()
