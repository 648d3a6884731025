"""From samples to `Heard`: features every hop, the encoder every eighth, the emotion that follows them."""

from __future__ import annotations

import logging
from collections.abc import Callable

import numpy as np

from chromesthesia.core.protocols import Clock, Encoder
from chromesthesia.core.records import (
    ENCODER_HOPS,
    HOP_SAMPLES,
    NO_MUSIC,
    SAMPLE_RATE_HZ,
    EmotionReading,
    EmotionState,
    FeatureFrame,
    Float32,
    Heard,
)
from chromesthesia.emotion.state import EmotionSettings, EmotionTracker
from chromesthesia.features.extractor import FeatureExtractor
from chromesthesia.features.strokes import Strokes
from chromesthesia.health.latency import LatencyMeter
from chromesthesia.params.sound import (
    AUDIO_GAIN_DB,
    AUDIO_GATE_DBFS,
    EMOTION_MANUAL,
    EMOTION_MANUAL_AROUSAL,
    EMOTION_MANUAL_VALENCE,
    EMOTION_NEUTRAL_S,
    EMOTION_RESPONSE_S,
)
from chromesthesia.params.tree import Snapshot
from chromesthesia.show.musicians import Musicians

log = logging.getLogger(__name__)


def emotion_settings(values: Snapshot) -> EmotionSettings:
    """The live settings of the emotion follower, out of the parameter tree."""
    return EmotionSettings(
        gate_dbfs=values[AUDIO_GATE_DBFS],
        response_s=values[EMOTION_RESPONSE_S],
        neutral_s=values[EMOTION_NEUTRAL_S],
        manual=values[EMOTION_MANUAL],
        manual_valence=values[EMOTION_MANUAL_VALENCE],
        manual_arousal=values[EMOTION_MANUAL_AROUSAL],
    )


class Analysis:
    """Owns the features', the encoder's and the emotion's state. One thread at a time.

    An encoder that raises is reset and counted in `encoder_failures`; the emotion then holds and drifts.
    """

    def __init__(
        self,
        encoder: Encoder,
        clock: Clock,
        meter: LatencyMeter,
        told_beat: Callable[[float, float, float, float], None] | None = None,
        musicians: int = 0,
    ) -> None:
        """told_beat: takes the beat that is heard, with every hop: bpm (0 for none), beats, confidence, and the time of
        the clock at which it is there. musicians: how many are heard by themselves."""
        self._told_beat = told_beat
        self._music = NO_MUSIC
        self._extractor = FeatureExtractor()
        self._encoder = encoder
        self._tracker = EmotionTracker()
        self._clock = clock
        self._meter = meter
        self._waiting: list[FeatureFrame] = []
        self._strokes = Strokes()
        self._musicians = Musicians(musicians)
        self._emotion: EmotionState | None = None
        self._next: Encoder | None = None
        self.encoder_failures = 0

    def change(self, encoder: Encoder) -> None:
        """Hear with another encoder from the next step on; the emotion goes on from where it is. Any thread."""
        self._next = encoder

    def go_on(self, row: Float32) -> None:
        """Feel what an earlier show felt (see `EmotionTracker.go_on`). Before the first step."""
        self._tracker.go_on(row)

    def counts(self) -> dict[str, int]:
        """Encoder steps that raised, and readings that were no numbers."""
        return {"encoder_failures": self.encoder_failures, "bad_readings": self._tracker.bad_readings}

    def hear(
        self,
        samples: Float32,
        start_sample: int,
        entered_s: float,
        values: Snapshot,
        publish: Callable[[Heard], None],
        parts: Float32 | None = None,
    ) -> None:
        """Take mono float32 [n] at `SAMPLE_RATE_HZ`; publish one `Heard` for every hop that is now complete.

        parts: float32 [musicians, n], what each of them plays; None for silence.
        """
        settings = emotion_settings(values)
        gain_db = values[AUDIO_GAIN_DB]
        playing = self._musicians.hops(samples, parts, start_sample, entered_s, gain_db)
        started_s = self._clock.now_s()
        for frame in self._extractor.hops(samples, start_sample, entered_s, gain_db):
            musicians = next(playing)
            self._meter.add("features", self._clock.now_s() - started_s)
            reading = self._encode(frame)
            self._emotion = self._tracker.step(reading, frame, settings)
            self._strokes.hop(frame.onset)
            publish(self._heard(frame, self._emotion, musicians))
            # Behind the fast signals: a picture does not wait for it.
            began_s = self._clock.now_s()
            music = self._music = self._extractor.music(frame)
            self._musicians.listen()
            if self._told_beat is not None:
                at_s = frame.entered_s + HOP_SAMPLES / SAMPLE_RATE_HZ
                self._told_beat(music.bpm, music.beats, music.beat_confidence, at_s)
            started_s = self._clock.now_s()
            self._meter.add("music", started_s - began_s)
        next(playing)

    def _heard(self, frame: FeatureFrame, emotion: EmotionState, musicians: tuple[Heard, ...]) -> Heard:
        strokes = self._strokes
        return Heard(frame, emotion, strokes.count, strokes.envelope, music=self._music, musicians=musicians)

    def glance(
        self,
        samples: Float32,
        start_sample: int,
        values: Snapshot,
        publish: Callable[[Heard], None],
        parts: Float32 | None = None,
    ) -> None:
        """Look at the first part of the next hop, float32 [less than a hop], before it is whole; then `hear` all of it.

        Publishes one `Heard` with what such a short time changes: an onset is seen and counted here, not again in its
        hop. The emotion is that of the last hop. Nothing before the first hop.
        """
        gain_db = values[AUDIO_GAIN_DB]
        frame = self._extractor.glance(samples, start_sample, gain_db)
        if frame is None or self._emotion is None:
            return
        self._strokes.glance(frame.onset)
        musicians = self._musicians.glance(samples, parts, start_sample, gain_db)
        publish(self._heard(frame, self._emotion, musicians))

    def _encode(self, frame: FeatureFrame) -> EmotionReading | None:
        self._waiting.append(frame)
        if len(self._waiting) < ENCODER_HOPS:
            return None
        encoder_mel = np.stack([waiting.encoder_mel for waiting in self._waiting])
        entered_s = self._waiting[0].entered_s
        self._waiting.clear()
        if self._next is not None:
            self._encoder, self._next = self._next, None
        started_s = self._clock.now_s()
        try:
            reading = self._encoder.step(encoder_mel, frame.end_sample, entered_s)
        except Exception as error:  # whatever a model's runtime throws, the room still needs its picture
            self.encoder_failures += 1
            if self.encoder_failures & (self.encoder_failures - 1) == 0:
                log.warning("encoder failed %d times, holding the emotion: %s", self.encoder_failures, error)
            self._encoder.reset()
            return None
        self._meter.add("encoder", self._clock.now_s() - started_s)
        return reading


def silent_heard(values: Snapshot) -> Heard:
    """What is heard before the first sound: silence, neutral emotion."""
    frame = FeatureFrame(
        index=-1,
        end_sample=0,
        entered_s=0.0,
        log_mel=np.full(64, -16.1, dtype=np.float32),
        encoder_mel=np.full(64, -16.1, dtype=np.float32),
        rms_dbfs=-120.0,
        lufs_momentary=-120.0,
        bands=np.zeros(8, dtype=np.float32),
        centroid_hz=0.0,
        flux=0.0,
        onset=0.0,
    )
    return Heard(frame, EmotionTracker().step(None, frame, emotion_settings(values)), 0, 0.0)
