"""What a hand may change about listening, feeling and painting, and the master controls of the room."""

from __future__ import annotations

from chromesthesia.params.declaration import Number, Switch, Whole, declared_in

AUDIO_GAIN_DB = Number(
    "/audio/gain_db",
    0.0,
    "Sensitivity: gain before everything that listens",
    low=-24.0,
    high=24.0,
    unit="dB",
    room=True,
)
AUDIO_GATE_DBFS = Number(
    "/audio/gate_dbfs",
    -55.0,
    "Loudness below which the room counts as silent",
    low=-90.0,
    high=-10.0,
    unit="dBFS",
    room=True,
)
EMOTION_RESPONSE_S = Number(
    "/emotion/response_s",
    0.35,
    "How long the emotion takes to follow what is heard",
    low=0.02,
    high=5.0,
    unit="s",
)
EMOTION_NEUTRAL_S = Number(
    "/emotion/neutral_s",
    4.0,
    "How long silence takes to bring the emotion back to neutral",
    low=0.2,
    high=60.0,
    unit="s",
)
EMOTION_MANUAL = Number(
    "/emotion/manual",
    0.0,
    "Hand over ear: at 1 the two manual values replace the heard emotion",
    low=0.0,
    high=1.0,
    smoothing_s=0.2,
    room=True,
)
EMOTION_MANUAL_VALENCE = Number(
    "/emotion/manual_valence",
    0.0,
    "Valence set by hand: sad or angry below 0, happy above",
    low=-1.0,
    high=1.0,
    smoothing_s=0.2,
    room=True,
)
EMOTION_MANUAL_AROUSAL = Number(
    "/emotion/manual_arousal",
    0.0,
    "Arousal set by hand: calm below 0, excited above",
    low=-1.0,
    high=1.0,
    smoothing_s=0.2,
    room=True,
)
GENERATOR_RATE_HZ = Number(
    "/generator/rate_hz", 30.0, "Pictures asked of the generator", low=1.0, high=60.0, unit="Hz"
)
GENERATOR_SCENE = Whole("/generator/scene", 0, "Which place in the generator's imagination", low=0, high=999)
GENERATOR_DRIFT = Number(
    "/generator/drift",
    0.35,
    "How fast the picture wanders by itself",
    low=0.0,
    high=2.0,
    smoothing_s=0.3,
    routable=True,
)
GENERATOR_KICK = Number(
    "/generator/kick",
    0.4,
    "How far an onset pushes the picture",
    low=0.0,
    high=2.0,
    smoothing_s=0.1,
    routable=True,
)
GENERATOR_MORPH_S = Number(
    "/generator/morph_s", 3.0, "How long one scene takes to become another", low=0.0, high=30.0, unit="s"
)
GENERATOR_CONDITION_GAIN = Number(
    "/generator/condition_gain",
    1.5,
    "How strongly the emotion steers the picture",
    low=0.0,
    high=2.0,
    smoothing_s=0.3,
    routable=True,
)
HUD_VISIBLE = Switch(
    "/hud/visible", False, "Show level, emotion, frame rate and latency over the picture", room=True
)
MASTER_BRIGHTNESS = Number(
    "/master/brightness",
    1.0,
    "Brightness of the whole output, for the room",
    low=0.0,
    high=2.0,
    smoothing_s=0.15,
    room=True,
)
MASTER_FADE = Number(
    "/master/fade",
    1.0,
    "Fader of the opening hours, over the brightness",
    low=0.0,
    high=1.0,
    smoothing_s=0.15,
    room=True,
)
MASTER_BLACKOUT = Switch(
    "/master/blackout", False, "No light at all, whatever else is set", room=True, critical=True
)
MASTER_FREEZE = Switch("/master/freeze", False, "Hold the picture still", room=True)
MASTER_MORPH_S = Number(
    "/master/morph_s",
    1.5,
    "How long one preset takes to become another",
    low=0.0,
    high=30.0,
    unit="s",
    room=True,
)

SOUND = declared_in(globals())
