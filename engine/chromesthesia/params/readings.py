"""What the engine tells its partners: emotion, features and its own health, all read-only."""

from __future__ import annotations

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.rungs import RUNGS
from chromesthesia.params.declaration import Access, Param, Value
from chromesthesia.signals.declaration import Signal
from chromesthesia.signals.table import TABLE, SignalTable


def _reading(
    path: str,
    default: Value,
    description: str,
    low: float | None = None,
    high: float | None = None,
    unit: str = "",
) -> Param:
    return Param(path, default, description, low=low, high=high, unit=unit, access=Access.READ)


def signal_readings(table: SignalTable = TABLE) -> tuple[Param, ...]:
    """A reading for every signal of every listener."""
    return tuple(
        Param(
            signal.address(listener),
            int(signal.rest) if signal.whole else signal.rest,
            signal.description,
            low=_end(signal, signal.low),
            high=_end(signal, signal.high),
            unit=signal.unit,
            access=Access.READ,
            step=0.0 if signal.every_move else None,
        )
        for listener in table.listeners
        for signal in table.signals
    )


def _end(signal: Signal, end: float | None) -> float | None:
    return int(end) if signal.whole and end is not None else end


STATUS: tuple[Param, ...] = (
    _reading("/status/fps", 0.0, "Frames shown per second", 0.0, unit="Hz"),
    _reading("/status/latency_ms", 0.0, "Sound to light, median of the last seconds", 0.0, unit="ms"),
    _reading("/status/overruns", 0, "Times that sound was lost", 0),
    _reading("/status/late_frames", 0, "Frames that missed their time", 0),
    _reading("/status/lost_frames", 0, "Frames that could not be drawn", 0),
    _reading("/status/faults", 0, "Parts of frames, and outputs, that failed and were left out", 0),
    _reading("/status/stalled", "", "Loops that stand still, e.g. `analysis`; empty when all is well"),
    _reading("/status/generator_fps", 0.0, "Pictures painted per second", 0.0, unit="Hz"),
    _reading(
        "/status/osc_lost",
        0,
        "OSC packets that the system lost because they came too fast; -1 where it does not tell",
        -1,
    ),
    _reading("/status/osc_dropped", 0, "OSC commands dropped because more waited than are kept", 0),
    _reading(
        "/status/rung",
        "full",
        "Rung of the ladder that the show stands on, best first: " + ", ".join(RUNGS),
    ),
    _reading("/status/lights", 0, "Machines that show this show's frames", 0),
    _reading("/status/lights_alone", 0, "Those of them that go on by themselves", 0),
    _reading("/status/lights_late", 0, "Frames that a light showed too late", 0),
    _reading("/status/light_skew_ms", 0.0, "How far apart the lights show the same frame", 0.0, unit="ms"),
    _reading(
        "/status/light_delay_ms", 0.0, "How long after its time the lights show a frame", 0.0, unit="ms"
    ),
    _reading("/status/health", "ok", "How the show is: ok, degraded or failing"),
    _reading("/status/health_reason", "", "Why it is not ok; empty when it is"),
    _reading("/status/late_host", 0, "Late frames for which the machine did not let the show run", 0),
    _reading(
        "/status/host/steal",
        0.0,
        "Share of the processors' time that the hypervisor gave to others",
        0.0,
        1.0,
    ),
    _reading(
        "/status/host/throttled", 0.0, "Share of the time in which this container was held back", 0.0, 1.0
    ),
    _reading("/status/host/busy", 0.0, "Share of the processors' time that was used, by whomever", 0.0, 1.0),
    _reading("/status/sound/clipped", 0, "Samples that came in at full scale, in runs", 0),
    _reading("/status/sound/nan", 0, "Samples that came in as no numbers", 0),
    _reading("/status/sound/dc", 0.0, "Mean of the sound, in shares of full scale", -1.0, 1.0),
    _reading("/status/sound/silent", 0.0, "How long the sound has been dead", 0.0, unit="s"),
    _reading(
        "/status/sound/drift_ppm",
        0.0,
        "How much faster the clock of the sound runs than that of the pictures; 0 until it is known",
        unit="ppm",
    ),
    _reading("/status/source", "", "Where the sound comes from"),
    _reading("/status/pack", "", "Model pack in use"),
    _reading("/status/preset", "", "Preset in use"),
    _reading(
        "/status/preset_index", 0, "Number of the preset in use, for partners that carry numbers only", 0
    ),
    _reading("/status/cue", "", "Cue that is on; empty without a cue list"),
    _reading("/status/cue_next", "", "Cue that comes next"),
    _reading(
        "/status/cue_left_s", 0.0, "Until the next cue begins by itself; 0 when it does not", 0.0, unit="s"
    ),
    _reading("/status/routes", 0, "Grows by one whenever the routes in use are others", 0),
    _reading("/status/tempo_source", "", "What the beat clock follows; empty while it rests"),
    _reading(
        "/status/beat_error_ms",
        -1.0,
        "How far flashes are from the strokes of the beat, median of the last; -1 before one was measured",
        -1.0,
        unit="ms",
    ),
    _reading("/status/timecode", "", "Timecode that is read, with its frames a second; empty without one"),
    _reading("/status/parameters", 0, "Grows by one whenever parameters come or go", 0),
)
"""Health of the running show."""

NEAREST_COUNT = 3
"""So many of the paintings nearest to what is heard are told."""


def nearest_addresses(place: int) -> tuple[str, str, str]:
    """Artist, title and distance of one place, from 1."""
    return f"/nearest/{place}/artist", f"/nearest/{place}/title", f"/nearest/{place}/distance"


def _nearest(place: int) -> tuple[Param, ...]:
    artist, title, distance = nearest_addresses(place)
    which = ("nearest", "second nearest", "third nearest")[place - 1]
    return (
        _reading(artist, "", f"Who painted what lies {which} to the sound; empty in silence"),
        _reading(title, "", f"What the {which} painting is called"),
        _reading(distance, 0.0, f"How far the {which} painting lies from the sound: 0 is the same", 0.0, 2.0),
    )


NEAREST: tuple[Param, ...] = tuple(
    param for place in range(1, NEAREST_COUNT + 1) for param in _nearest(place)
)
"""The paintings of the pack's index that lie nearest to what is heard."""

LEARN_PERFORMER = "/learn/performer"


def learned_address(mood: str) -> str:
    """Where the marks of a mood are counted."""
    return f"/learn/marks/{mood}"


LEARN: tuple[Param, ...] = (
    *(_reading(learned_address(mood), 0, f"Moments marked as {mood}", 0) for mood in EMOTIONS),
    _reading(
        LEARN_PERFORMER, "", "Whose marks are heard with, by the name they are kept by; empty without marks"
    ),
)
"""What was learned of the performer."""

READINGS: tuple[Param, ...] = (*signal_readings(), *STATUS, *NEAREST, *LEARN)
