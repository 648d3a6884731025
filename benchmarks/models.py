"""One encoder step and one picture of the default pack, beside the same models called with a plain `session.run`.

    python -m benchmarks models [--quick]

One thread, in turns. What the engine adds to ONNX Runtime: bound arrays, carried state, finite checks, pixels. And the
latent walk of a frame, beside one drawing of a latent.
"""

from __future__ import annotations

import numpy as np

from benchmarks.rows import Row, compared, in_turns
from chromesthesia.core.records import ENCODER_HOPS
from chromesthesia.features.mel import ENCODER_MEL
from chromesthesia.generator.walks.latent import LatentMotion, MotionSettings
from chromesthesia.inference.encoder import OnnxEncoder
from chromesthesia.inference.generator import OnnxGenerator
from chromesthesia.inference.probe import load_pack
from chromesthesia.inference.sessions import open_session
from chromesthesia.packs.find import find_pack
from chromesthesia.packs.manifest import ENCODER_ROLE, GENERATOR_ROLE
from chromesthesia.testing.render import heard

FLOOR = "plain session.run (floor)"


def rows(quick: bool) -> list[Row]:
    """Encoder step, picture and latent walk, each beside its floor."""
    pack = load_pack(find_pack(None))
    rng = np.random.default_rng(0)
    log_mel = rng.normal(-8.0, 2.0, (ENCODER_HOPS, ENCODER_MEL.mels)).astype(np.float32)
    spec = pack.manifest.generator
    condition = np.zeros(len(spec.condition_labels), dtype=np.float32)
    noise = rng.standard_normal(spec.noise_size).astype(np.float32)

    encoder, generator = OnnxEncoder(pack), OnnxGenerator(pack, "cpu")
    plain_encoder = open_session(pack.model(ENCODER_ROLE)[1], "cpu")
    plain_generator = open_session(pack.model(GENERATOR_ROLE)[1], "cpu")
    shapes = {tensor.name: tensor.shape for tensor in pack.manifest.encoder.inputs}
    states = {name: np.zeros(shapes[name], dtype=np.float32) for name in pack.manifest.encoder.state_inputs}
    motion = LatentMotion(1, spec.noise_size, spec.condition_labels)
    sound, settings = heard(0.2, 0.4), MotionSettings()

    steps = in_turns(
        {
            "ours": lambda: encoder.step(log_mel, 0, 0.0),
            FLOOR: lambda: plain_encoder.run(None, {"log_mel": log_mel[None], **states}),
        },
        100 if quick else 1000,
    )
    pictures = in_turns(
        {
            "ours": lambda: generator.paint(condition, noise),
            FLOOR: lambda: plain_generator.run(None, {"condition": condition[None], "noise": noise[None]}),
        },
        10 if quick else 200,
        warm_up=2,
    )
    walk = in_turns(
        {
            "ours": lambda: motion.step(1 / 30, sound, settings),
            "drawing one latent (floor)": lambda: rng.standard_normal(spec.noise_size),
        },
        100 if quick else 1000,
    )
    side = "x".join(str(length) for length in spec.image_size)
    return [
        *compared("encoder, one step of 80 ms", steps.pop("ours"), steps, "ms"),
        *compared(f"generator, one picture of {side}", pictures.pop("ours"), pictures, "ms"),
        *compared("latent walk of a frame", walk.pop("ours"), walk, "us"),
    ]
