"""Models for tests: fakes that behave or misbehave on cue, and a tiny pack that is valid in every respect.

`write_tiny_pack` needs the onnx package, which only tests have.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chromesthesia.core.clock import ManualClock
from chromesthesia.core.emotions import CONDITION_LABELS, EMOTIONS
from chromesthesia.core.protocols import Generator
from chromesthesia.core.records import EMBEDDING_SIZE, ENCODER_HOPS, EmotionReading, Float32, UInt8
from chromesthesia.features.mel import ENCODER_MEL
from chromesthesia.packs.manifest import MANIFEST_NAME

TINY_NOISE = 16
TINY_SIDE = 32
TINY_STATE = (1, 8)


class ToneEncoder:
    """An encoder whose answer can be foreseen: louder is more aroused, brighter is happier. Keeps a slow state."""

    def __init__(self) -> None:
        self.steps = 0
        self.resets = 0
        self._slow = np.zeros(2)

    def step(self, encoder_mel: Float32, end_sample: int, entered_s: float) -> EmotionReading:
        """encoder_mel float32 [ENCODER_HOPS, 64] -> a reading; raises ValueError on another shape."""
        if encoder_mel.shape != (ENCODER_HOPS, ENCODER_MEL.mels):
            raise ValueError(f"encoder_mel: got shape {encoder_mel.shape}")
        self.steps += 1
        level = float(encoder_mel.mean())
        tilt = float(encoder_mel[:, 32:].mean() - encoder_mel[:, :32].mean())
        self._slow += 0.2 * (np.array([np.tanh(tilt / 4.0), np.tanh((level + 10.0) / 4.0)]) - self._slow)
        valence, arousal = (float(value) for value in self._slow)
        scores = np.exp(3.0 * np.array([arousal - valence, arousal + valence, -arousal - valence]))
        embedding = np.sin(np.arange(EMBEDDING_SIZE) * (1.0 + valence) + arousal).astype(np.float32)
        return EmotionReading(
            end_sample=end_sample,
            entered_s=entered_s,
            valence=valence,
            arousal=arousal,
            probabilities=(scores / scores.sum()).astype(np.float32),
            confidence=float(scores.max() / scores.sum()),
            embedding=embedding / np.float32(np.linalg.norm(embedding)),
        )

    def reset(self) -> None:
        """Forget."""
        self.resets += 1
        self._slow = np.zeros(2)


class PlainGenerator:
    """Paints smooth waves whose colours follow the condition and whose places follow the noise."""

    def __init__(self, noise_size: int = TINY_NOISE, side: int = TINY_SIDE) -> None:
        self.noise_size = noise_size
        self.condition_labels = CONDITION_LABELS
        self.painted = 0
        self._across = np.linspace(0.0, 2.0 * np.pi, side, dtype=np.float32)

    def paint(self, condition: Float32, noise: Float32) -> UInt8:
        """condition float32 [5], noise float32 [noise_size] -> uint8 [side, side, 3]."""
        self.painted += 1
        bands = []
        for channel in range(3):
            shift, turn = noise[channel], noise[channel + 3]
            wave = np.sin(self._across[None, :] + shift) + np.cos(self._across[:, None] + turn)
            bands.append(0.5 + 0.2 * wave + 0.1 * condition[channel % len(condition)])
        image = np.clip(np.stack(bands, axis=-1) * 255.0, 0.0, 255.0)
        return np.asarray(image, dtype=np.uint8)


class SlowGenerator:
    """Takes its time: each picture moves `clock` on by `paint_s`, or waits until `release` is set."""

    def __init__(
        self,
        inner: Generator | None = None,
        clock: ManualClock | None = None,
        paint_s: float = 0.0,
        release: threading.Event | None = None,
    ) -> None:
        self._inner = inner or PlainGenerator()
        self._clock = clock
        self._paint_s = paint_s
        self._release = release
        self.started = threading.Event()
        """Set whenever a picture has been begun."""

    @property
    def noise_size(self) -> int:
        """As the inner generator."""
        return self._inner.noise_size

    @property
    def condition_labels(self) -> tuple[str, ...]:
        """As the inner generator."""
        return self._inner.condition_labels

    def paint(self, condition: Float32, noise: Float32) -> UInt8:
        """As the inner generator, later."""
        self.started.set()
        if self._release is not None:
            self._release.wait(30.0)
        if self._clock is not None:
            self._clock.advance(self._paint_s)
        return self._inner.paint(condition, noise)


class RaisingGenerator:
    """Paints like `PlainGenerator`, but raises on the calls (from 0) for which `fails` is true."""

    def __init__(
        self, fails: Callable[[int], bool] = lambda call: True, error: Exception | None = None
    ) -> None:
        self._inner = PlainGenerator()
        self._fails = fails
        self._error = error or RuntimeError("out of paint")
        self.noise_size = self._inner.noise_size
        self.condition_labels = self._inner.condition_labels
        self.calls = 0

    def paint(self, condition: Float32, noise: Float32) -> UInt8:
        """A picture, or the error."""
        call = self.calls
        self.calls += 1
        if self._fails(call):
            raise self._error
        return self._inner.paint(condition, noise)


def write_tiny_pack(folder: Path, name: str = "tiny", poison: float = 0.0, side: int = TINY_SIDE) -> Path:
    """Write a small valid pack into `folder` (made when missing) and return the folder.

    Its encoder integrates the level of the mel bands; its generator paints tinted waves, `side` x `side` pixels. With
    `poison` = NaN or infinity both models answer that.
    """
    import onnx

    folder.mkdir(parents=True, exist_ok=True)
    files = {
        "encoder.onnx": onnx.helper.make_model(
            _encoder_graph(poison), ir_version=10, opset_imports=[onnx.helper.make_opsetid("", 20)]
        ).SerializeToString(),
        "generator.onnx": onnx.helper.make_model(
            _generator_graph(poison, side), ir_version=10, opset_imports=[onnx.helper.make_opsetid("", 20)]
        ).SerializeToString(),
        "MODEL_CARD.md": b"# Tiny\n\nA pack for tests; it was never trained.\n",
    }
    for file, content in files.items():
        (folder / file).write_bytes(content)
    hashes = {file: hashlib.sha256(content).hexdigest() for file, content in files.items()}
    (folder / MANIFEST_NAME).write_text(_manifest(name, hashes, side), encoding="utf-8")
    return folder


def rewrite_hashes(folder: Path) -> None:
    """Make the manifest's sha256 lines fit the files as they now are: what a careless hand would do."""
    lines = (folder / MANIFEST_NAME).read_text(encoding="utf-8").splitlines()
    at = lines.index("[files]")
    for index, line in enumerate(lines[at + 1 :], at + 1):
        file = line.split('"')[1]
        lines[index] = f'"{file}" = "{hashlib.sha256((folder / file).read_bytes()).hexdigest()}"'
    (folder / MANIFEST_NAME).write_text("\n".join(lines) + "\n", encoding="utf-8")


_ENCODER_INPUTS = {"log_mel": (1, ENCODER_HOPS, ENCODER_MEL.mels), "state_0": TINY_STATE}
_ENCODER_OUTPUTS = {
    "valence": (1,),
    "arousal": (1,),
    "probabilities": (1, len(EMOTIONS)),
    "confidence": (1,),
    "embedding": (1, EMBEDDING_SIZE),
    "next_state_0": TINY_STATE,
}
_GENERATOR_INPUTS = {"condition": (1, len(CONDITION_LABELS)), "noise": (1, TINY_NOISE)}


def _generator_outputs(side: int) -> dict[str, tuple[int, ...]]:
    return {"image": (1, 3, side, side)}


def _graph(
    name: str,
    nodes: list[Any],
    inputs: Mapping[str, tuple[int, ...]],
    outputs: Mapping[str, tuple[int, ...]],
    constants: Mapping[str, NDArray[Any]],
) -> Any:
    import onnx

    def values(tensors: Mapping[str, tuple[int, ...]]) -> list[Any]:
        return [
            onnx.helper.make_tensor_value_info(tensor, onnx.TensorProto.FLOAT, shape)
            for tensor, shape in tensors.items()
        ]

    initialisers = [onnx.numpy_helper.from_array(array, tensor) for tensor, array in constants.items()]
    return onnx.helper.make_graph(nodes, name, values(inputs), values(outputs), initialisers)


def _encoder_graph(poison: float) -> Any:
    import onnx

    node = onnx.helper.make_node
    rng = np.random.default_rng(0)
    width = TINY_STATE[1]

    def weights(columns: int) -> Float32:
        return rng.standard_normal((width, columns)).astype(np.float32)

    constants: dict[str, NDArray[Any]] = {
        "mel_to_state": (rng.standard_normal((ENCODER_MEL.mels, width)) * 0.002).astype(np.float32),
        "keep": np.array(0.66, dtype=np.float32),
        "poison": np.array(poison, dtype=np.float32),
        "to_valence": weights(1),
        "to_arousal": weights(1),
        "to_emotion": weights(len(EMOTIONS)),
        "to_embedding": weights(EMBEDDING_SIZE),
        "axis": np.array([1], dtype=np.int64),
    }
    nodes = [
        node("ReduceMean", ["log_mel", "axis"], ["mean"], keepdims=0),
        node("MatMul", ["mean", "mel_to_state"], ["heard"]),
        node("Mul", ["state_0", "keep"], ["kept"]),
        node("Add", ["heard", "kept"], ["summed"]),
        node("Add", ["summed", "poison"], ["next_state_0"]),
        node("MatMul", ["next_state_0", "to_valence"], ["valence_raw"]),
        node("Tanh", ["valence_raw"], ["valence_2d"]),
        node("Squeeze", ["valence_2d", "axis"], ["valence"]),
        node("MatMul", ["next_state_0", "to_arousal"], ["arousal_raw"]),
        node("Tanh", ["arousal_raw"], ["arousal_2d"]),
        node("Squeeze", ["arousal_2d", "axis"], ["arousal"]),
        node("MatMul", ["next_state_0", "to_emotion"], ["logits"]),
        node("Softmax", ["logits"], ["probabilities"], axis=-1),
        node("ReduceMax", ["probabilities", "axis"], ["confidence"], keepdims=0),
        node("MatMul", ["next_state_0", "to_embedding"], ["embedding_raw"]),
        node("Tanh", ["embedding_raw"], ["embedding"]),
    ]
    return _graph("tiny_encoder", nodes, _ENCODER_INPUTS, _ENCODER_OUTPUTS, constants)


def _generator_graph(poison: float, side: int) -> Any:
    import onnx

    node = onnx.helper.make_node
    rng = np.random.default_rng(1)
    numbers = 3 * TINY_SIDE * TINY_SIDE
    across = np.linspace(-1.0, 1.0, TINY_SIDE, dtype=np.float32)
    ramp = np.broadcast_to(across[None, :, None] + across[None, None, :], (3, TINY_SIDE, TINY_SIDE))
    tint = np.repeat(rng.standard_normal((len(CONDITION_LABELS), 3)), TINY_SIDE * TINY_SIDE, axis=1)
    waves = [
        np.sin(np.pi * (1 + index % 3) * (ramp if index % 2 else ramp[:, ::-1]) + index).reshape(-1)
        for index in range(TINY_NOISE)
    ]
    constants: dict[str, NDArray[Any]] = {
        "tint": tint.astype(np.float32),
        "waves": (0.3 * np.stack(waves)).astype(np.float32),
        "ramp": ramp.reshape(1, numbers).astype(np.float32),
        "poison": np.array(poison, dtype=np.float32),
        "shape": np.array([1, 3, TINY_SIDE, TINY_SIDE], dtype=np.int64),
    }
    nodes = [
        node("MatMul", ["condition", "tint"], ["tinted"]),
        node("MatMul", ["noise", "waves"], ["waved"]),
        node("Add", ["tinted", "waved"], ["mixed"]),
        node("Add", ["mixed", "ramp"], ["raw"]),
        node("Sigmoid", ["raw"], ["squashed"]),
        node("Add", ["squashed", "poison"], ["flat"]),
        node("Reshape", ["flat", "shape"], ["small"]),
    ]
    if side == TINY_SIDE:
        nodes.append(node("Identity", ["small"], ["image"]))
    else:
        constants["sizes"] = np.array([1, 3, side, side], dtype=np.int64)
        nodes.append(node("Resize", ["small", "", "", "sizes"], ["image"], mode="linear"))
    return _graph("tiny_generator", nodes, _GENERATOR_INPUTS, _generator_outputs(side), constants)


def _manifest(name: str, hashes: dict[str, str], side: int) -> str:
    def quoted(words: tuple[str, ...]) -> str:
        return "[" + ", ".join(f'"{word}"' for word in words) + "]"

    def tensors(key: str, specs: Mapping[str, tuple[int, ...]]) -> str:
        return "".join(
            f'[[{key}]]\nname = "{tensor}"\nshape = {list(shape)}\n' for tensor, shape in specs.items()
        )

    mel = ENCODER_MEL
    return f"""schema = 1
name = "{name}"
version = "1"
created = "2026-11-21"

[sound]
sample_rate_hz = {mel.sample_rate_hz}
hop = {mel.hop}
window = {mel.window}
fft = {mel.fft}
mels = {mel.mels}
low_hz = {mel.low_hz}
high_hz = {mel.high_hz}
floor = {mel.floor}
exponent = {mel.exponent}

[encoder]
file = "encoder.onnx"
hops_per_step = {ENCODER_HOPS}
latency_ms = 20.0
emotions = {quoted(EMOTIONS)}
embedding_size = {EMBEDDING_SIZE}
{tensors("encoder.input", _ENCODER_INPUTS)}{tensors("encoder.output", _ENCODER_OUTPUTS)}
[encoder.state]
inputs = ["state_0"]
outputs = ["next_state_0"]

[generator]
file = "generator.onnx"
condition_labels = {quoted(CONDITION_LABELS)}
noise_size = {TINY_NOISE}
image_size = [{side}, {side}]
{tensors("generator.input", _GENERATOR_INPUTS)}{tensors("generator.output", _generator_outputs(side))}
[metrics]
encoder_macro_f1_test = 0.0

[timing]
machine = "made up"
runtime = "onnxruntime"
threads = 1
encoder_step_ms = 0.1
generator_image_ms = 1.0
images_per_s = 1000.0

[parity]
encoder_torch_onnx = 0.0
encoder_streamed_offline = 0.0
generator_torch_onnx = 0.0

[[tier]]
model = "encoder"
precision = "fp32"
kept = true
file = "encoder.onnx"
ms = 0.1
why = "as trained"

[[tier]]
model = "generator"
precision = "fp32"
kept = true
file = "generator.onnx"
ms = 1.0
why = "as trained"

[[data]]
name = "none"
used_for = "nothing"
licence = "none needed"
restricted = false

[files]
{chr(10).join(f'"{file}" = "{digest}"' for file, digest in hashes.items())}
"""
