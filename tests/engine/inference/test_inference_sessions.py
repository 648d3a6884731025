"""Sessions: the right provider or a clear error."""

import os
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from chromesthesia.core.errors import PackError, UsageError
from chromesthesia.inference import sessions
from chromesthesia.inference.sessions import available_providers, load_runtime, open_session

onnxruntime = pytest.importorskip("onnxruntime")


def test_cpu_is_always_there() -> None:
    assert available_providers()[-1] == "cpu"


def test_an_unknown_provider_is_refused() -> None:
    with pytest.raises(UsageError, match=r"unknown provider 'gpu' \(one of auto, cpu, cuda, tensorrt\)"):
        open_session(b"", "gpu")


def test_cuda_missing_from_the_build_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    with pytest.raises(UsageError, match=r"has: cpu.*chromesthesia\[cuda\]"):
        open_session(b"", "cuda")


def test_no_runtime_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(PackError, match=r"chromesthesia\[cpu\]"):
        load_runtime()


def test_two_runtimes_at_once_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metadata, "version", lambda name: "1.0")
    with pytest.raises(PackError, match="onnxruntime and onnxruntime-gpu are both installed"):
        load_runtime()


class _Fallback:
    """A session that came up on the CPU though more was asked, as ONNX Runtime does without a GPU."""

    def get_providers(self) -> list[str]:
        return ["CPUExecutionProvider"]


@pytest.fixture
def _no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"]
    )
    monkeypatch.setattr(onnxruntime, "InferenceSession", lambda *args, **kwargs: _Fallback())


@pytest.mark.usefixtures("_no_gpu")
def test_cuda_that_does_not_start_is_an_error_when_asked_for() -> None:
    with pytest.raises(UsageError, match=r"cuda provider does not start.*--provider cpu"):
        open_session(b"", "cuda")


@pytest.mark.usefixtures("_no_gpu")
def test_auto_falls_back_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    assert isinstance(open_session(b"", "auto", name="painter"), _Fallback)
    assert "painter: CUDAExecutionProvider does not start here, running on the CPU" in caplog.text


def test_sessions_use_the_threads_they_are_given_and_do_not_spin(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: dict[str, Any] = {}

    def capture(model: bytes, sess_options: object, providers: list[str]) -> _Fallback:
        seen["options"], seen["providers"] = sess_options, providers
        return _Fallback()

    monkeypatch.setattr(onnxruntime, "InferenceSession", capture)
    open_session(b"", "cpu", threads=1)
    options = seen["options"]
    assert seen["providers"] == ["CPUExecutionProvider"]
    assert (options.intra_op_num_threads, options.inter_op_num_threads) == (1, 1)
    assert options.get_session_config_entry("session.intra_op.allow_spinning") == "0"
    assert options.execution_mode == onnxruntime.ExecutionMode.ORT_SEQUENTIAL


def test_every_runtime_error_is_known() -> None:
    errors = sessions.runtime_errors()
    names = {error.__name__ for error in errors}
    assert {"Fail", "InvalidProtobuf", "InvalidGraph", "RuntimeException"} <= names


def test_the_runtime_keeps_no_number_of_this_machine_and_reports_nothing(tmp_path: Path) -> None:
    """In a process of its own: it decides when it is imported."""
    homes = dict.fromkeys(("HOME", "XDG_CACHE_HOME", "XDG_DATA_HOME", "LOCALAPPDATA"), str(tmp_path))
    inherited = {name: value for name, value in os.environ.items() if name != sessions.NO_TELEMETRY}
    code = (
        "from chromesthesia.inference.sessions import load_runtime; load_runtime().get_available_providers()"
    )
    subprocess.run([sys.executable, "-c", code], env={**inherited, **homes}, check=True)
    assert list(tmp_path.rglob("*")) == []
