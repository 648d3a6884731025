"""Chromesthesia: a live instrument that turns the emotion in a room's sound into light.

What is listed in `__all__` is the public face, and the version number speaks of exactly that (docs/library.md). Every
name is imported when it is first used, so that `import chromesthesia` costs nothing.
"""

from __future__ import annotations

from chromesthesia.core.version import __version__

TYPE_CHECKING = False
"""As of `typing`, which alone takes most of the time of an import."""

if TYPE_CHECKING:
    from chromesthesia.core.config import ShowConfig
    from chromesthesia.core.errors import ChromesthesiaError
    from chromesthesia.core.protocols import AudioSource, Encoder, FrameSink, Generator
    from chromesthesia.core.records import (
        SAMPLE_RATE_HZ,
        AudioBlock,
        EmotionReading,
        EmotionState,
        FeatureFrame,
        Heard,
    )
    from chromesthesia.display.surface import Surface
    from chromesthesia.packs.pack import Pack
    from chromesthesia.show.face import Show, load_pack, open_source
    from chromesthesia.show.listener import Listener


__all__ = [
    "SAMPLE_RATE_HZ",
    "AudioBlock",
    "AudioSource",
    "ChromesthesiaError",
    "EmotionReading",
    "EmotionState",
    "Encoder",
    "FeatureFrame",
    "FrameSink",
    "Generator",
    "Heard",
    "Listener",
    "Pack",
    "Show",
    "ShowConfig",
    "Surface",
    "__version__",
    "load_pack",
    "open_source",
]

_HOMES = {
    "core.config": ("ShowConfig",),
    "core.errors": ("ChromesthesiaError",),
    "core.protocols": ("AudioSource", "Encoder", "FrameSink", "Generator"),
    "core.records": (
        "SAMPLE_RATE_HZ",
        "AudioBlock",
        "EmotionReading",
        "EmotionState",
        "FeatureFrame",
        "Heard",
    ),
    "display.surface": ("Surface",),
    "packs.pack": ("Pack",),
    "show.face": ("Show", "load_pack", "open_source"),
    "show.listener": ("Listener",),
}
_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> object:
    home = _HOME_OF.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(f"{__name__}.{home}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
