"""How the sound moves through the generator's imagination: a walk on a sphere, and the condition beside it.

All of it is a function of the seed, the settings and what was heard: the same sound gives the same path.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.easing import approach, share_of, smooth_step
from chromesthesia.core.emotions import EMBEDDING_LABEL, EMOTIONS, KNOWN_LABELS, WALKED, condition_size
from chromesthesia.core.errors import PackError
from chromesthesia.core.onsets import FeltOnsets
from chromesthesia.core.records import EMBEDDING_SIZE, Float32, Heard
from chromesthesia.emotion.state import decisiveness

Float64 = NDArray[np.float64]

QUIET_LUFS, LOUD_LUFS = -50.0, -12.0
BREATH_SPEED = 0.22
"""Radians per second at drift 1 in a silent room."""
LOUDNESS_SPEED = 1.1
AROUSAL_SPEED = 0.5
SPEED_TIME_S = 0.4
LEASH = 0.9
"""Radians from the scene's home beyond which the walk is led back: a scene stays itself for weeks."""
KICK_REACH = 0.55
"""Radians that one full onset pushes at kick 1."""
KICK_LIMIT = 0.8
KICK_RATE = 9.0
"""1/s; a kick is furthest after 1 / KICK_RATE s and has gone after about five times that."""
SWAY_PERIOD_S = 13.0
SWAY_REACH = 0.12
CONDITION_TIME_S = 0.12
EMBEDDING_MEMORY_S = 3.0
NAMED_PLACES = np.array(list(WALKED.by_name().values()))
"""Valence and arousal at which the named emotions lie, in the order of `EMOTIONS`."""
NAMED_PULL = 0.7
"""How far a certain named emotion draws valence and arousal to its place: heard alone, angry and happy voices lie close
together, and the picture follows valence more than anything."""
LONGEST_STEP_S = 0.1
"""A longer gap between two steps moves no further than this."""


@dataclass(frozen=True, slots=True)
class MotionSettings:
    """Live settings. scene: which home on the sphere. drift: speed of the walk (0 stands still). kick: reach of onsets.

    morph_s: length of the way from one scene to another. condition_gain: 0 ignores the emotion, 1 as heard, more
    exaggerates it.
    """

    scene: int = 0
    drift: float = 0.35
    kick: float = 0.4
    morph_s: float = 3.0
    condition_gain: float = 1.0


class LatentMotion:
    """Makes the generator's two inputs. Not thread-safe. Raises PackError for a label that the engine cannot provide.

    The noise stays on the sphere of radius sqrt(noise_size), where Gaussian noise of that size lives. Its point walks
    at a speed set by loudness and arousal, along a heading that turns slowly by itself and towards where a fixed random
    projection of the embedding's change points. Onsets push it off and let it ease back; a scene change slerps.
    """

    def __init__(self, seed: int, noise_size: int, condition_labels: tuple[str, ...]) -> None:
        unknown = [label for label in condition_labels if label not in KNOWN_LABELS]
        if unknown:
            raise PackError(
                f"expected condition labels among {list(KNOWN_LABELS)}, got {unknown}",
                "choose another pack",
            )
        self._seed = seed
        self._size = noise_size
        self._labels = condition_labels
        rng = np.random.default_rng([seed & 0xFFFF_FFFF, 1])
        self._turning_hz = rng.uniform(0.02, 0.09, noise_size)
        self._turning_phase = rng.uniform(0.0, 2.0 * math.pi, noise_size)
        self.reset()

    def reset(self) -> None:
        """Back to the beginning."""
        self._scene: int | None = None
        self._time_s = 0.0
        self._speed = 0.0
        self._home = self._point = self._heading = self._sway = np.zeros(self._size)
        self._morph_from: Float64 | None = None
        self._morphed_s = 0.0
        self._projection = np.zeros((self._size, EMBEDDING_SIZE))
        self._push = np.zeros(self._size)
        self._push_speed = np.zeros(self._size)
        self._kicks = np.random.default_rng([self._seed & 0xFFFF_FFFF, 2])
        self._felt = FeltOnsets()
        self._usual_embedding: Float64 | None = None
        self._shown = np.zeros(self._size)
        self._condition: Float64 | None = None

    def state(self) -> dict[str, Any]:
        """All that later steps depend on beside the seed, as plain values; `restore` takes it."""
        rng: Any = self._kicks.bit_generator.state
        return {
            "scene": self._scene,
            "numbers": [self._time_s, self._speed, self._morphed_s],
            "places": [self._point, self._heading, self._push, self._push_speed, self._shown],
            "morph_from": self._morph_from,
            "usual": self._usual_embedding,
            "condition": self._condition,
            "onsets": self._felt.state(),
            # Whole numbers of 128 bits.
            "kicks": [f"{rng['state'][name]:x}" for name in ("state", "inc")],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from `state`, of a walk with the same seed. Raises ValueError for one of another size."""
        self.reset()
        if state["scene"] is not None:
            self._begin_scene(int(state["scene"]))
        self._time_s, self._speed, self._morphed_s = map(float, state["numbers"])
        self._point, self._heading, self._push, self._push_speed, self._shown = (
            _vector(place, self._size) for place in state["places"]
        )
        self._morph_from = _vector_or_none(state["morph_from"], self._size)
        self._usual_embedding = _vector_or_none(state["usual"], EMBEDDING_SIZE)
        self._condition = _vector_or_none(state["condition"], condition_size(self._labels))
        self._felt.restore(state["onsets"])
        rng: Any = self._kicks.bit_generator
        numbers = dict(zip(("state", "inc"), (int(each, 16) for each in state["kicks"]), strict=True))
        rng.state = {**rng.state, "state": numbers}

    def step(self, dt_s: float, heard: Heard, settings: MotionSettings) -> tuple[Float32, Float32]:
        """Move on by `dt_s` (0 stands still): (condition float32 [C], noise float32 [noise_size])."""
        dt_s = min(max(dt_s, 0.0), LONGEST_STEP_S)
        self._time_s += dt_s
        self._choose_scene(settings)
        self._walk(dt_s, heard, settings)
        self._feel_onsets(dt_s, heard, settings)
        self._shown = self._place(dt_s, settings)
        noise = (self._shown * math.sqrt(self._size)).astype(np.float32)
        return self._feel(dt_s, heard, settings), noise

    def _choose_scene(self, settings: MotionSettings) -> None:
        if settings.scene == self._scene:
            return
        if self._scene is not None and settings.morph_s > 0.0:
            self._morph_from, self._morphed_s = self._shown, 0.0
        self._begin_scene(settings.scene)

    def _begin_scene(self, scene: int) -> None:
        self._scene = scene
        rng = np.random.default_rng([self._seed & 0xFFFF_FFFF, 3, scene & 0xFFFF_FFFF])
        self._home = self._point = _unit(rng.standard_normal(self._size))
        self._heading = _tangent(rng.standard_normal(self._size), self._point)
        self._sway = _tangent(rng.standard_normal(self._size), self._point)
        # Each scene hears with its own projection: with one for all, the same song leads every scene to one place.
        self._projection = rng.standard_normal((self._size, EMBEDDING_SIZE)) / math.sqrt(EMBEDDING_SIZE)

    def _walk(self, dt_s: float, heard: Heard, settings: MotionSettings) -> None:
        emotion = heard.emotion
        loudness = share_of(heard.frame.lufs_momentary, QUIET_LUFS, LOUD_LUFS)
        arousal = 0.5 + 0.5 * emotion.arousal
        lively = emotion.activity * (LOUDNESS_SPEED * loudness + AROUSAL_SPEED * arousal)
        self._speed += (BREATH_SPEED + lively - self._speed) * approach(dt_s, SPEED_TIME_S)
        embedding = emotion.embedding.astype(np.float64)
        if self._usual_embedding is None:
            self._usual_embedding = embedding
        usual = self._usual_embedding + (embedding - self._usual_embedding) * approach(
            dt_s, EMBEDDING_MEMORY_S
        )
        self._usual_embedding = usual
        pull = self._projection @ (embedding - usual)
        turning = np.sin(2.0 * math.pi * self._turning_hz * self._time_s + self._turning_phase)
        wish = turning * math.sqrt(2.0 / self._size) + 2.0 * emotion.activity * _bounded(pull)
        strayed = math.acos(min(1.0, max(-1.0, float(self._point @ self._home))))
        if strayed > LEASH:
            wish = wish + 6.0 * (strayed - LEASH) * _tangent(self._home, self._point)
        angle = settings.drift * self._speed * dt_s
        # The heading turns per radian walked, so the path has the same shape at any speed.
        self._heading = _tangent(self._heading + 4.0 * angle * wish, self._point)
        point = math.cos(angle) * self._point + math.sin(angle) * self._heading
        self._point = _unit(point)
        self._heading = _tangent(self._heading, self._point)

    def _feel_onsets(self, dt_s: float, heard: Heard, settings: MotionSettings) -> None:
        felt = self._felt.step(dt_s, heard.onset_count)
        if dt_s == 0.0:
            return  # frozen: onsets must not pile up behind the standing picture
        if felt:
            loudness = share_of(heard.frame.lufs_momentary, QUIET_LUFS, LOUD_LUFS)
            way = _unit(self._kicks.standard_normal(self._size))
            reach = settings.kick * KICK_REACH * (0.4 + 0.6 * loudness)
            self._push_speed = self._push_speed + way * (reach * KICK_RATE * math.e)
        # A critically damped spring, solved exactly: no dependence on the step's length.
        fade = math.exp(-KICK_RATE * dt_s)
        drive = self._push_speed + KICK_RATE * self._push
        self._push = (self._push + drive * dt_s) * fade
        self._push_speed = (self._push_speed - KICK_RATE * drive * dt_s) * fade

    def _place(self, dt_s: float, settings: MotionSettings) -> Float64:
        """Where the walk, the sway and the kicks have taken it, on the way from the last scene if there is one."""
        sway = SWAY_REACH * min(1.0, settings.drift) * math.sin(2.0 * math.pi * self._time_s / SWAY_PERIOD_S)
        length = float(np.linalg.norm(self._push))
        limited = KICK_LIMIT * math.tanh(length / KICK_LIMIT) / length if length > 1e-9 else 0.0
        place = _unit(self._point + sway * self._sway + limited * self._push)
        if self._morph_from is None:
            return place
        self._morphed_s += dt_s
        done = min(1.0, self._morphed_s / max(settings.morph_s, 1e-6))
        if done >= 1.0:
            self._morph_from = None
            return place
        return slerp(self._morph_from, place, smooth_step(done))

    def _feel(self, dt_s: float, heard: Heard, settings: MotionSettings) -> Float32:
        emotion, gain = heard.emotion, max(0.0, settings.condition_gain)
        spread = np.maximum(emotion.probabilities.astype(np.float64), 1e-6) ** gain
        # What is uncertain or silent stays below 1 in sum: the remainder is the generator's neutral.
        certainty = emotion.activity * math.sqrt(min(1.0, max(0.0, emotion.confidence)))
        shares = certainty * spread / spread.sum()
        pull = NAMED_PULL * decisiveness(float(emotion.probabilities.max()))
        valence, arousal = (
            heard_value + pull * float(shares @ places - shares.sum() * heard_value)
            for heard_value, places in zip((emotion.valence, emotion.arousal), NAMED_PLACES.T, strict=True)
        )
        values: dict[str, Float64 | float] = {
            "valence": min(1.0, max(-1.0, gain * valence)),
            "arousal": min(1.0, max(-1.0, gain * arousal)),
            **dict(zip(EMOTIONS, shares.tolist(), strict=True)),
        }
        if EMBEDDING_LABEL in self._labels:
            values[EMBEDDING_LABEL] = self._felt_embedding(emotion.embedding, gain)
        target = np.concatenate([np.atleast_1d(values[label]) for label in self._labels])
        if self._condition is None:
            self._condition = target
        self._condition = self._condition + (target - self._condition) * approach(dt_s, CONDITION_TIME_S)
        return self._condition.astype(np.float32)

    def _felt_embedding(self, heard: Float32, gain: float) -> Float64:
        """The embedding as heard at gain 1; less and more of what sets it off from the last seconds' otherwise."""
        embedding = heard.astype(np.float64)
        usual = embedding if self._usual_embedding is None else self._usual_embedding
        return usual + gain * (embedding - usual)


def slerp(start: Float64, end: Float64, share: float) -> Float64:
    """Point at `share` 0..1 of the great circle between two unit vectors (Shoemake, 1985)."""
    angle = math.acos(min(1.0, max(-1.0, float(start @ end))))
    if angle < 1e-6 or angle > math.pi - 1e-6:
        return _unit((1.0 - share) * start + share * end + 1e-9)
    return (math.sin((1.0 - share) * angle) * start + math.sin(share * angle) * end) / math.sin(angle)


def _unit(vector: Float64) -> Float64:
    return vector / max(float(np.linalg.norm(vector)), 1e-12)


def _tangent(vector: Float64, point: Float64) -> Float64:
    """The unit direction of `vector` along the sphere at `point`."""
    return _unit(vector - float(vector @ point) * point)


def _vector(kept: object, size: int) -> Float64:
    vector = np.array(kept, dtype=np.float64)
    if vector.shape != (size,) or not np.isfinite(vector).all():
        raise ValueError(f"expected {size} numbers, got {list(vector.shape)}")
    return vector


def _vector_or_none(kept: object, size: int) -> Float64 | None:
    return None if kept is None else _vector(kept, size)


def _bounded(vector: Float64) -> Float64:
    """The vector's direction with a length that saturates at 1."""
    length = float(np.linalg.norm(vector))
    return vector * (math.tanh(length) / length) if length > 1e-9 else vector
