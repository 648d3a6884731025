"""The seam through which the soak breaks what is inside: shut unless asked for, and exact when it is open."""

from __future__ import annotations

import math
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from types import SimpleNamespace
from typing import cast

import moderngl
import numpy as np
import pytest

from chromesthesia.core.clock import SystemClock
from chromesthesia.core.errors import UsageError
from chromesthesia.core.protocols import Encoder, Generator
from chromesthesia.core.records import EmotionReading
from chromesthesia.display.surface import Surface
from chromesthesia.show.assembly import Models
from chromesthesia.show.faults import VARIABLE, FaultPort, NoFaults, open_faults

CONDITION, NOISE, MEL = np.zeros(3, np.float32), np.zeros(8, np.float32), np.zeros((8, 64), np.float32)


class Plain:
    """Both models, and always well."""

    noise_size = 8
    condition_labels = ("valence",)

    def paint(self, condition: object, noise: object) -> object:
        return np.zeros((4, 4, 3), np.uint8)

    def step(self, encoder_mel: object, end_sample: int, entered_s: float) -> EmotionReading:
        even = np.full(3, 1 / 3, np.float32)
        return EmotionReading(end_sample, entered_s, 0.5, 0.5, even, 1.0, np.zeros(128, np.float32))

    def reset(self) -> None: ...


@pytest.fixture
def port() -> Iterator[FaultPort]:
    faults = FaultPort(0)
    yield faults
    faults.close()


def ask(faults: FaultPort, line: str) -> str:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(20.0)
        asking.sendto(line.encode(), ("127.0.0.1", faults.port))
        return asking.recv(1000).decode()


def models() -> Models:
    return Models("plain", cast(Encoder, Plain()), cast(Generator, Plain()))


def test_no_show_has_faults_unless_the_environment_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    with ExitStack() as opened:
        faults = open_faults(opened)
        plain = models()
        assert type(faults) is NoFaults
        assert type(faults.clock()) is SystemClock
        assert faults.models(plain) is plain


@pytest.mark.parametrize("wrong", ["yes", "-1", "70000", "9" * 40])
def test_what_is_no_port_is_said(monkeypatch: pytest.MonkeyPatch, wrong: str) -> None:
    monkeypatch.setenv(VARIABLE, wrong)
    with ExitStack() as opened, pytest.raises(UsageError, match=VARIABLE):
        open_faults(opened)


def test_models_fail_as_often_as_was_asked_and_then_go_on(port: FaultPort) -> None:
    broken = port.models(models())
    assert broken.generator.paint(CONDITION, NOISE).shape == (4, 4, 3)
    assert ask(port, "generator raise 2") == "generator raise 2"
    assert ask(port, "encoder nan 1") == "encoder nan 1"
    for _ in range(2):
        with pytest.raises(RuntimeError, match="generator"):
            broken.generator.paint(CONDITION, NOISE)
    assert broken.generator.paint(CONDITION, NOISE).shape == (4, 4, 3)
    assert math.isnan(broken.encoder.step(MEL, 0, 0.0).valence)
    assert broken.encoder.step(MEL, 0, 0.0).valence == 0.5
    ask(port, "encoder raise 1")
    with pytest.raises(RuntimeError, match="encoder"):
        broken.encoder.step(MEL, 0, 0.0)
    assert broken.encoder.step(MEL, 0, 0.0).valence == 0.5


def test_a_stall_ends_with_the_show() -> None:
    faults = FaultPort(0)
    broken = faults.models(models())
    ask(faults, "generator stall 3600")
    faults.close()
    assert broken.generator.paint(CONDITION, NOISE).shape == (4, 4, 3)


def test_opengl_is_lost_and_the_clock_jumps(port: FaultPort) -> None:
    presented: list[int] = []
    plain = SimpleNamespace(present=lambda: presented.append(1))
    surface = port.surface(lambda: cast(Surface, plain))()
    before_s = port.clock().now_s()
    ask(port, "gl lose 1")
    ask(port, "clock jump 3600")
    with pytest.raises(moderngl.Error, match="lost"):
        surface.present()
    surface.present()
    assert presented == [1]
    assert port.clock().now_s() - before_s >= 3600.0


@pytest.mark.parametrize(
    "line", ["", "generator", "generator raise", "generator raise nan", "clock jump -5", "rm -rf 1", "x" * 63]
)
def test_anything_else_is_refused(port: FaultPort, line: str) -> None:
    before_s = port.clock().now_s()
    assert ask(port, line).startswith("refused")
    assert port.clock().now_s() - before_s < 3600.0
    assert port.models(models()).generator.paint(CONDITION, NOISE).shape == (4, 4, 3)
