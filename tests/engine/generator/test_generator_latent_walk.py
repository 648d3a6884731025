"""The walk: deterministic, smooth, on the sphere, moved by what is heard and alive when nothing is."""

import math
from dataclasses import replace

import numpy as np
import pytest

from chromesthesia.core.errors import PackError
from chromesthesia.core.records import EmotionState, FeatureFrame, Heard
from chromesthesia.generator.walks.latent import LatentMotion, MotionSettings, slerp

LABELS = ("valence", "arousal", "angry", "happy", "sad")
UNDECIDED = (1 / 3, 1 / 3, 1 / 3)
DT_S = 1 / 30


def heard(
    loudness: float = -20.0,
    valence: float = 0.5,
    arousal: float = 0.5,
    probabilities: tuple[float, ...] = (0.1, 0.8, 0.1),
    confidence: float = 1.0,
    activity: float = 1.0,
    onsets: int = 0,
    embedding: np.ndarray | None = None,
) -> Heard:
    frame = FeatureFrame(
        index=0,
        end_sample=240,
        entered_s=0.0,
        log_mel=np.zeros(64, dtype=np.float32),
        encoder_mel=np.zeros(64, dtype=np.float32),
        rms_dbfs=loudness,
        lufs_momentary=loudness,
        bands=np.zeros(8, dtype=np.float32),
        centroid_hz=0.0,
        flux=0.0,
        onset=0.0,
    )
    emotion = EmotionState(
        end_sample=240,
        entered_s=0.0,
        valence=valence,
        arousal=arousal,
        probabilities=np.array(probabilities, dtype=np.float32),
        confidence=confidence,
        embedding=np.zeros(128, dtype=np.float32) if embedding is None else embedding,
        activity=activity,
    )
    return Heard(frame, emotion, onsets, 0.0)


MUSIC = heard()
SILENCE = heard(
    loudness=-120.0, valence=0.0, arousal=-0.2, probabilities=(1 / 3,) * 3, confidence=0.0, activity=0.0
)


def _path(
    motion: LatentMotion,
    sound: list[Heard],
    settings: MotionSettings = MotionSettings(),  # noqa: B008 - frozen
) -> np.ndarray:
    return np.stack([motion.step(DT_S, moment, settings)[1] for moment in sound])


def _song(seed: int = 0, frames: int = 200) -> list[Heard]:
    rng = np.random.default_rng(seed)
    embeddings = np.cumsum(rng.standard_normal((frames, 128)) * 0.02, axis=0).astype(np.float32)
    return [
        heard(
            loudness=-20 + 8 * math.sin(i / 9),
            arousal=math.sin(i / 40),
            onsets=i // 15,
            embedding=embeddings[i],
        )
        for i in range(frames)
    ]


def _angles(path: np.ndarray) -> np.ndarray:
    units = path / np.linalg.norm(path, axis=1, keepdims=True)
    return 2 * np.arcsin(np.clip(np.linalg.norm(np.diff(units, axis=0), axis=1) / 2, 0, 1))


def _between(left: np.ndarray, right: np.ndarray) -> float:
    return float(np.arccos(np.clip(left @ right / (np.linalg.norm(left) * np.linalg.norm(right)), -1, 1)))


def test_the_same_seed_and_sound_give_the_same_path() -> None:
    first, second = (_path(LatentMotion(7, 64, LABELS), _song()) for _ in range(2))
    np.testing.assert_array_equal(first, second)
    motion = LatentMotion(7, 64, LABELS)
    _path(motion, _song(3, 40))
    motion.reset()
    np.testing.assert_array_equal(_path(motion, _song()), first)


def test_another_seed_scene_or_sound_gives_another() -> None:
    base = _path(LatentMotion(7, 64, LABELS), _song())
    assert _between(base[0], _path(LatentMotion(8, 64, LABELS), _song())[0]) > 0.8
    assert _between(base[0], _path(LatentMotion(7, 64, LABELS), _song(), MotionSettings(scene=1))[0]) > 0.8
    assert _between(base[-1], _path(LatentMotion(7, 64, LABELS), _song(5))[-1]) > 0.05


@pytest.mark.parametrize("size", [16, 64, 128])
def test_the_noise_stays_on_its_sphere(size: int) -> None:
    path = _path(LatentMotion(1, size, LABELS), _song(), MotionSettings(drift=2.0, kick=2.0))
    np.testing.assert_allclose(np.linalg.norm(path, axis=1), math.sqrt(size), rtol=1e-5)
    assert path.dtype == np.float32


def test_motion_is_smooth_even_with_kicks() -> None:
    angles = _angles(_path(LatentMotion(1, 64, LABELS), _song()))
    assert angles.max() < 0.15
    assert np.median(angles) < 0.03


def test_a_silent_room_still_breathes_but_slowly() -> None:
    quiet = _angles(_path(LatentMotion(1, 64, LABELS), [SILENCE] * 300))
    loud = _angles(_path(LatentMotion(1, 64, LABELS), [MUSIC] * 300))
    assert quiet.min() > 1e-4
    assert loud[60:].mean() > 3 * quiet[60:].mean()


def test_louder_and_more_aroused_is_faster() -> None:
    def speed(moment: Heard) -> float:
        return float(_angles(_path(LatentMotion(1, 64, LABELS), [moment] * 120))[60:].mean())

    assert speed(heard(loudness=-14.0)) > 1.3 * speed(heard(loudness=-35.0))
    assert speed(heard(arousal=0.9)) > 1.15 * speed(heard(arousal=-0.9))


def test_without_drift_and_kick_the_picture_stands() -> None:
    path = _path(LatentMotion(1, 64, LABELS), _song(), MotionSettings(drift=0.0, kick=0.0))
    assert _angles(path).max() < 1e-6


def test_an_onset_pushes_and_eases_back() -> None:
    still = MotionSettings(drift=0.0, kick=1.0)
    moments = [heard(onsets=0)] * 5 + [heard(onsets=1)] * 60
    path = _path(LatentMotion(1, 64, LABELS), moments, still)
    away = np.array([_between(path[0], place) for place in path])
    assert away[4] < 1e-3
    peak = int(away.argmax())
    assert 6 <= peak <= 10
    assert away[peak] > 0.25
    assert away[-1] < 0.02
    halved = _path(LatentMotion(1, 64, LABELS), moments, replace(still, kick=0.5))
    assert max(_between(halved[0], place) for place in halved) == pytest.approx(away[peak] / 2, rel=0.15)


def test_the_picture_is_pushed_at_most_three_times_a_second() -> None:
    still = MotionSettings(drift=0.0, kick=1.0)
    often = [heard(onsets=number // 3) for number in range(60)]  # ten a second, for two seconds
    felt = (3, 15, 27, 39, 51)  # those that come a third of a second or more after the last that was felt
    seldom = [heard(onsets=sum(number >= one for one in felt)) for number in range(60)]
    all_told, felt_told = (_path(LatentMotion(1, 64, LABELS), moments, still) for moments in (often, seldom))
    assert _angles(felt_told).max() > 0.01
    np.testing.assert_array_equal(all_told, felt_told)


def test_a_storm_of_onsets_stays_bounded() -> None:
    moments = [heard(onsets=5 * i) for i in range(200)]
    path = _path(LatentMotion(1, 64, LABELS), moments, MotionSettings(drift=0.0, kick=2.0))
    assert max(_between(path[0], place) for place in path) < math.asin(0.8) + 0.02


def test_a_frozen_picture_stands_and_does_not_burst_afterwards() -> None:
    motion = LatentMotion(1, 64, LABELS)
    settings = MotionSettings(drift=0.0, kick=1.0)
    before = motion.step(DT_S, heard(), settings)
    frozen = [motion.step(0.0, heard(onsets=i, valence=-1.0), settings) for i in range(50)]
    for condition, noise in frozen:
        np.testing.assert_array_equal(condition, before[0])
        np.testing.assert_allclose(noise, before[1], atol=1e-6)
    after = [motion.step(DT_S, heard(onsets=49), settings)[1] for _ in range(10)]
    assert max(_between(before[1], noise) for noise in after) < 1e-3


def test_the_walk_keeps_to_its_scene_for_hours() -> None:
    motion = LatentMotion(1, 64, LABELS)
    start = motion.step(DT_S, MUSIC, MotionSettings(drift=2.0, kick=0.0))[1]
    far = [
        _between(start, motion.step(0.1, MUSIC, MotionSettings(drift=2.0, kick=0.0))[1]) for _ in range(3000)
    ]
    assert 0.5 < max(far) < 1.6


def test_a_new_scene_is_reached_in_its_time_without_a_jump() -> None:
    motion = LatentMotion(1, 64, LABELS)
    calm = MotionSettings(drift=0.0, kick=0.0, morph_s=1.0)
    before = _path(motion, [MUSIC] * 3, calm)
    after = _path(motion, [MUSIC] * 45, replace(calm, scene=4))
    home = LatentMotion(1, 64, LABELS).step(DT_S, MUSIC, replace(calm, scene=4))[1]
    assert _angles(np.concatenate([before, after])).max() < 0.12
    assert _between(before[-1], after[0]) < 0.02
    assert _between(after[29], home) < 1e-3
    again = _path(motion, [MUSIC], replace(calm, scene=9, morph_s=0.0))
    assert _between(after[-1], again[-1]) > 0.8


def test_the_condition_follows_the_labels_in_any_order() -> None:
    labels = ("sad", "valence", "happy", "arousal", "angry")
    motion = LatentMotion(1, 16, labels)
    condition, _ = motion.step(DT_S, heard(0.0, 0.4, -0.3, (0.2, 0.5, 0.3)), MotionSettings())
    # The named emotions, 0.25 of the way from chance to certainty, draw the heard valence 0.4 towards 0.08, where
    # they lie on average, and the heard arousal -0.3 towards 0.23.
    pull = 0.7 * 0.25
    assert condition == pytest.approx([0.3, 0.4 - pull * 0.32, 0.5, -0.3 + pull * 0.53, 0.2], abs=1e-5)
    assert condition.dtype == np.float32


def test_uncertainty_and_silence_leave_room_for_neutral() -> None:
    def share(confidence: float, activity: float) -> float:
        moment = heard(confidence=confidence, activity=activity)
        return float(LatentMotion(1, 16, LABELS).step(DT_S, moment, MotionSettings())[0][2:].sum())

    assert share(1.0, 1.0) == pytest.approx(1.0, abs=1e-5)
    assert 0.0 < share(0.3, 1.0) < 0.6
    assert share(0.3, 1.0) > share(0.3, 0.5)
    assert share(1.0, 0.0) == 0.0


@pytest.mark.parametrize("gain", [0.0, 0.5, 1.0, 2.0])
def test_condition_gain_scales_what_the_emotion_asks_for(gain: float) -> None:
    settings = MotionSettings(condition_gain=gain)
    undecided, _ = LatentMotion(1, 16, LABELS).step(DT_S, heard(0.0, -0.6, 0.4, UNDECIDED), settings)
    assert undecided[:2] == pytest.approx([max(-1.0, -0.6 * gain), 0.4 * gain], abs=1e-5)
    condition, _ = LatentMotion(1, 16, LABELS).step(DT_S, heard(0.0, -0.6, 0.4, (0.6, 0.1, 0.3)), settings)
    assert condition[2:].sum() <= 1.0 + 1e-5
    if gain == 0.0:
        assert condition[2:] == pytest.approx([1 / 3] * 3, abs=1e-5)
    if gain == 2.0:
        assert condition[2] > 0.7


def test_the_condition_moves_smoothly() -> None:
    motion = LatentMotion(1, 16, LABELS)
    motion.step(DT_S, heard(valence=-1.0, probabilities=UNDECIDED), MotionSettings())
    bright = heard(valence=1.0, probabilities=UNDECIDED)
    values = [float(motion.step(DT_S, bright, MotionSettings())[0][0]) for _ in range(30)]
    assert np.diff([-1.0, *values]).max() < 0.6
    assert values[-1] == pytest.approx(1.0, abs=0.01)


def test_a_named_emotion_draws_valence_and_arousal_to_its_place() -> None:
    def asked(probabilities: tuple[float, float, float]) -> list[float]:
        moment = heard(valence=0.1, arousal=0.5, probabilities=probabilities)
        return LatentMotion(1, 16, LABELS).step(DT_S, moment, MotionSettings())[0][:2].tolist()

    angry, happy, sad = asked((0.9, 0.1, 0.0)), asked((0.1, 0.9, 0.0)), asked((0.0, 0.1, 0.9))
    assert angry[0] < -0.1 < 0.3 < happy[0]
    assert sad[1] < 0.0 < happy[1] < angry[1]


def test_a_label_that_is_not_known_is_refused() -> None:
    with pytest.raises(PackError, match=r"got \['hunger'\]"):
        LatentMotion(1, 16, ("valence", "hunger"))


def test_slerp_keeps_to_the_great_circle() -> None:
    x, y = np.array([1.0, 0.0, 0.0]), np.array([0.0, 1.0, 0.0])
    np.testing.assert_allclose(slerp(x, y, 0.5), [math.sqrt(0.5), math.sqrt(0.5), 0.0])
    np.testing.assert_allclose(slerp(x, x, 0.5), x, atol=1e-6)
    assert np.linalg.norm(slerp(x, -x, 0.5)) == pytest.approx(1.0)


@pytest.mark.parametrize("gain", [0.0, 1.0, 2.0])
def test_a_generator_may_be_asked_by_what_is_heard_itself(gain: float) -> None:
    """The embedding as heard at gain 1, what is usual at gain 0, and more of the difference beyond."""
    rng = np.random.default_rng(1)
    usual, new = (rng.standard_normal(128).astype(np.float32) for _ in range(2))
    motion = LatentMotion(1, 16, ("valence", "embedding"))
    settings = MotionSettings(condition_gain=gain)
    condition, _ = motion.step(DT_S, heard(embedding=usual), settings)
    assert condition.shape == (129,)
    np.testing.assert_allclose(condition[1:], usual, atol=1e-5)
    # Longer than the condition takes to follow, shorter than the usual takes to become the new.
    for _ in range(15):
        condition, _ = motion.step(DT_S, heard(embedding=new), settings)
    moved = float((condition[1:] - usual) @ (new - usual)) / float((new - usual) @ (new - usual))
    assert moved == pytest.approx({0.0: 0.12, 1.0: 1.0, 2.0: 1.85}[gain], abs=0.08)
