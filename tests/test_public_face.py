"""The public face: what it offers, that importing it costs nothing, and that no promise is broken unnoticed."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib.metadata import files
from pathlib import Path

import pytest

import chromesthesia

SIGNATURES = {
    "AudioBlock": "(samples: 'Float32', entered_s: 'float', parts: 'Float32 | None' = None) -> None",
    "EmotionReading": "(end_sample: 'int', entered_s: 'float', valence: 'float', arousal: 'float', "
    "probabilities: 'Float32', confidence: 'float', embedding: 'Float32') -> None",
    "Listener": "(pack: 'Pack | None' = None, *, encoder: 'Encoder | None' = None, rate_hz: 'int' = 24000, "
    "channels: 'str' = '') -> 'None'",
    "Listener.hear": "(self, samples: 'ArrayLike') -> 'list[Heard]'",
    "Show": "(config: 'ShowConfig | None' = None, *, source: 'AudioSource | None' = None, pack: 'Pack | None' = None, "
    "encoder: 'Encoder | None' = None, generator: 'Generator | None' = None, "
    "surface: 'Callable[[], Surface] | None' = None, sinks: 'Sequence[FrameSink]' = ()) -> 'None'",
    "Show.run": "(self) -> 'dict[str, object]'",
    "Show.stop": "(self) -> 'None'",
    "load_pack": "(pack: 'str | Path | None' = None) -> 'Pack'",
    "open_source": "(source: 'str | Path' = 'auto', *, device: 'str | None' = None, host_api: 'str | None' = None, "
    "channels: 'str' = '', musicians: 'Sequence[str]' = (), paced: 'bool' = True, loop: 'bool' = False) -> "
    "'AudioSource'",
}
"""What the version number promises: only a new minor version (from 1.0 on a major one) changes a line of these."""

METHODS = {
    "AudioSource": {"name", "live", "overruns", "read", "close"},
    "Encoder": {"step", "reset"},
    "Generator": {"noise_size", "condition_labels", "paint"},
    "Surface": {"size", "ctx", "screen", "present", "close"},
    "FrameSink": {"frame", "sound", "close"},
}
"""What one's own parts must have; to ask for more breaks them."""


def public(dotted: str) -> object:
    """A public name or a method of it."""
    found: object = chromesthesia
    for part in dotted.split("."):
        found = getattr(found, part)
    return found


@pytest.mark.parametrize("name", SIGNATURES)
def test_the_face_is_called_as_promised(name: str) -> None:
    called = public(name)
    assert callable(called)
    assert str(inspect.signature(called)) == SIGNATURES[name]


@pytest.mark.parametrize("name", METHODS)
def test_no_more_is_asked_of_ones_own_parts_than_promised(name: str) -> None:
    protocol = public(name)
    assert {member for member in vars(protocol) if not member.startswith("_")} == METHODS[name]


def test_every_public_name_is_there_and_listed() -> None:
    assert chromesthesia.__all__ == sorted(
        set(chromesthesia.__all__), key=lambda name: (not name.isupper(), name)
    )
    for name in chromesthesia.__all__:
        assert getattr(chromesthesia, name) is not None
        assert name in dir(chromesthesia)
    assert {"Listener", "Show", "ShowConfig", "load_pack", "open_source"} <= set(chromesthesia.__all__)
    with pytest.raises(AttributeError, match="Theremin"):
        _ = chromesthesia.Theremin


def test_every_public_name_is_documented() -> None:
    for name in chromesthesia.__all__:
        found = getattr(chromesthesia, name)
        if inspect.isclass(found) or inspect.isfunction(found):
            assert found.__doc__ is not None, name
            assert not found.__doc__.startswith(f"{name}("), name


def test_importing_it_imports_nothing_else_not_even_typing() -> None:
    found = "import sys; before = set(sys.modules); import chromesthesia; print(sorted(set(sys.modules) - before))"
    done = subprocess.run([sys.executable, "-S", "-c", f"import sys; sys.path[:0] = {sys.path!r}; {found}"],
                          capture_output=True, text=True, timeout=60)  # fmt: skip
    assert done.stdout.strip() == (
        "['__future__', 'chromesthesia', 'chromesthesia.core', 'chromesthesia.core.version']"
    ), done.stderr


def test_a_sound_can_be_opened_without_onnx_runtime_or_opengl() -> None:
    code = (
        "import sys, chromesthesia; chromesthesia.open_source('demo').close(); "
        "print([name for name in ('onnxruntime', 'moderngl', 'pygame') if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout.strip() == "[]", done.stderr


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(chromesthesia.__file__).parent / "py.typed").is_file()
    installed = files("chromesthesia")
    assert installed is not None
