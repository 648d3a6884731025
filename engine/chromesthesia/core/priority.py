"""Threads that may wait give way to those that may not."""

from __future__ import annotations

import logging
import os
import sys
import threading

log = logging.getLogger(__name__)

PATIENT_NICENESS = 10
"""For painting and filming: on a busy processor, drawing and hearing then come first."""


def give_way(niceness: int = PATIENT_NICENESS) -> None:
    """Let the other threads of this process run first when cores are scarce. Call on the thread that is to give way.

    Linux gives each thread a niceness of its own; elsewhere this does nothing.
    """
    if not sys.platform.startswith("linux"):
        return
    try:
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), niceness)
    except OSError as error:
        log.debug("the thread keeps its priority: %s", error)
