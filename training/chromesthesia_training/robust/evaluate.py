"""All of it for one pack, into a metrics file: `encoders/robust.<pack>`."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from chromesthesia.audio.etude import ETUDE
from chromesthesia_training.data.sound import read_sound
from chromesthesia_training.robust.listening import PackListener
from chromesthesia_training.robust.measurement import DIGITS, Measurement, Progress, quiet
from chromesthesia_training.robust.scores import (
    NAMED_FROM,
    ClipEnd,
    calibration_error,
    change_figures,
    clip_end,
    floor_shift,
    named_confidence,
    plane_distances,
    plane_places,
    recalls,
    scene_score,
    seconds_to_name,
)
from chromesthesia_training.robust.voices import Voice, changes_of, voices_of
from chromesthesia_training.scenes.listed import CLEAN, PINK_20, SCENES, Around, Scene
from chromesthesia_training.scenes.things import THINGS, thing


def scene_ends(
    listener: PackListener, voices: Sequence[Voice], scene: Scene, seed: int = 0, tell: Progress = quiet
) -> list[ClipEnd]:
    """What is said of every voice in a scene. What is random follows from the seed and the clip's place."""
    music = read_sound(ETUDE)
    ends = []
    for place, voice in enumerate(voices):
        others = [one.samples for one in voices if one.clip.group != voice.clip.group] or [voice.samples]
        rng = np.random.default_rng([seed, place])
        ends.append(clip_end(listener.readings(scene.spoil(voice.samples, Around(others, music), rng))))
        tell(scene.what, place + 1, len(voices))
    return ends


def robust_figures(
    listener: PackListener, voices: Sequence[Voice], seed: int = 0, tell: Progress = quiet
) -> dict[str, Any]:
    """Every figure of robustness over these voices."""
    emotions = [voice.emotion for voice in voices]
    ends = {scene.key: scene_ends(listener, voices, scene, seed, tell) for scene in SCENES}
    scores = {key: scene_score(emotions, said) for key, said in ends.items()}
    moved = floor_shift(ends[CLEAN.key], ends[PINK_20.key])
    places = plane_places(emotions, ends[CLEAN.key])
    apart = plane_distances(places)
    changes = changes_of(voices, seed)
    times_s = []
    for number, change in enumerate(changes):
        times_s.append(seconds_to_name(change, listener.followed(change.samples)))
        tell("changes of emotion", number + 1, len(changes))
    sure = {}
    for number, name in enumerate(THINGS):
        sure[name.replace(" ", "_")] = named_confidence(listener.followed(thing(name, seed)))
        tell("sounds that feel nothing", number + 1, len(THINGS))
    named = sum(value > NAMED_FROM for value in sure.values())
    return {
        "macro_f1_mean": float(np.mean(list(scores.values()))),
        "scenes": scores,
        "floor_shift": max(abs(moved["angry"]), abs(moved["sad"])),
        "floor_moves": moved,
        "nonspeech_named": named,
        "nonspeech_share": named / len(sure),
        "nonspeech_confidence": sure,
        "change": change_figures(times_s),
        "plane_distance": float(np.mean(list(apart.values()))) if apart else 0.0,
        "plane_least": min(apart.values(), default=0.0),
        "plane_distances": apart,
        "plane_places": {
            f"{name}_{axis}": value
            for name, place in places.items()
            for axis, value in zip(("valence", "arousal"), place, strict=True)
        },
        "calibration_error": calibration_error(emotions, ends[CLEAN.key]),
        "calibration_error_by_scene": {key: calibration_error(emotions, said) for key, said in ends.items()},
        "recall": recalls(emotions, ends[CLEAN.key]),
    }


def evaluate_robust(asked: Measurement, tell: Progress = quiet) -> Path:
    """Measure a pack over the named test voices without TESS, and write `encoders/robust.<name>`.

    Raises:
        PackError: a pack that does not load.
        DataError: no test voice of the three emotions, or a sound that cannot be read.
    """
    pack, clips = asked.read()
    voices = voices_of(clips)
    figures = robust_figures(PackListener(pack), voices, asked.seed, tell)
    return asked.write(
        pack,
        "robust",
        split="test: speakers that neither training nor selection heard, without TESS",
        data={
            "what": "named test voices, spoiled by script; sounds that feel nothing, made by script",
            "clips": len(voices),
            "speakers": len({voice.clip.group for voice in voices}),
            "corpora": sorted({voice.clip.corpus for voice in voices}),
        },
        settings={"scenes": {scene.key: scene.what for scene in SCENES}},
        figures=_rounded(figures),
        notes=[
            "streamed by the engine's own session, in the precision that the engine takes on a CPU; a clip's score "
            "is of its last half second",
            "changes and sounds that feel nothing go through all of the engine: features, smoothing, gate, "
            "settings untouched; a change is named once the right emotion has been the likeliest for half a second",
            "the distance on the plane is the mean over three pairs of emotions; the least is of the nearest two",
        ],
    )


def _rounded(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _rounded(one) for key, one in value.items()}
    return round(value, DIGITS) if isinstance(value, float) else value
