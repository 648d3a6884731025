"""Libraries that talk on standard error are muted; the log is not. Each in a process of its own."""

from __future__ import annotations

import subprocess
import sys

import pytest

BEGIN = """
import logging, os, sys, threading
from chromesthesia.audio.quiet import quiet_libraries
logging.basicConfig(format="%(message)s", level=LEVEL)  # holds on to sys.stderr as it is now
def library(text): os.write(2, text.encode() + b"\\n")
"""


def standard_error_of(script: str, level: str = "logging.INFO", *options: str) -> list[str]:
    code = BEGIN.replace("LEVEL", level) + script
    run = subprocess.run([sys.executable, *options, "-c", code], capture_output=True, text=True, check=True)
    return run.stderr.splitlines()


pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="nothing is muted on Windows")


@pytest.mark.parametrize("options", [(), ("-u",)], ids=["buffered", "unbuffered"])
def test_a_library_is_muted_and_the_log_is_not(options: tuple[str, ...]) -> None:
    script = """
library("before")
with quiet_libraries():
    library("noise")
    logging.warning("our log")
    print("our print", file=sys.stderr, flush=True)
library("after")
logging.warning("log after")
assert sys.stderr.fileno() == 2 and sys.stderr.name == "<stderr>"
"""
    assert standard_error_of(script, "logging.INFO", *options) == [
        "before",
        "our log",
        "our print",
        "after",
        "log after",
    ]


def test_the_last_of_several_threads_to_leave_ends_it() -> None:
    script = """
inside, leave = threading.Event(), threading.Event()
def other():
    with quiet_libraries():
        inside.set()
        leave.wait(30)
thread = threading.Thread(target=other)
thread.start()
inside.wait(30)
with quiet_libraries():
    with quiet_libraries():
        library("noise")
    library("noise")
library("noise")
logging.warning("log meanwhile")
leave.set()
thread.join()
library("heard")
"""
    assert standard_error_of(script) == ["log meanwhile", "heard"]


def test_an_exception_ends_it_and_it_works_again() -> None:
    script = """
for number in range(3):
    try:
        with quiet_libraries():
            library("noise")
            raise ValueError
    except ValueError:
        library(f"heard {number}")
"""
    assert standard_error_of(script) == ["heard 0", "heard 1", "heard 2"]


def test_at_debug_the_libraries_are_heard() -> None:
    script = "with quiet_libraries(): library('of use')"
    assert standard_error_of(script, "logging.DEBUG") == ["of use"]


def test_a_closed_standard_error_is_no_trouble() -> None:
    script = """
os.close(2)
with quiet_libraries():
    pass
with quiet_libraries():
    pass
"""
    assert standard_error_of(script) == []
