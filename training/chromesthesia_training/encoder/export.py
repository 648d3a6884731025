"""The encoder as ONNX: one 80 ms step, every bit of state an input and an output."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.records import ENCODER_HOPS, Float32
from chromesthesia.features.mel import ENCODER_MEL
from chromesthesia_training.encoder import earlier
from chromesthesia_training.encoder.model import EncoderSizes, Reading, StreamingEncoder
from chromesthesia_training.encoder.module import ABOUT, TEMPERATURE
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.fit.checkpoint import load, load_weights, part
from chromesthesia_training.machine import thread_times_ms
from chromesthesia_training.onnx_file import onnx_bytes
from chromesthesia_training.safe_write import whole_file

logger = logging.getLogger(__name__)

PARITY_TOLERANCE = 1e-4
ANSWER_NAMES = ("valence", "arousal", "probabilities", "confidence", "embedding")


@dataclass(frozen=True)
class TrainedEncoder:
    """A checkpoint read back: the network in evaluation mode, the temperature of its confidence, its training step.

    begun_with: name in `sources` of what its layers began with, empty where they began at random.
    """

    model: StreamingEncoder
    temperature: float
    step: int
    begun_with: str = ""


@dataclass(frozen=True)
class EncoderExport:
    """What was written.

    parity: greatest difference of any answer from torch, both streamed; streamed_offline: of the streamed ONNX from
    torch that hears the whole sound at once; step_ms: median milliseconds a step of one thread's own time.
    """

    path: Path
    parity: float
    streamed_offline: float
    step_ms: float
    size_bytes: int


class ExportedStep(nn.Module):
    """One step as the engine sees it: log_mel [1, 2, 64] and states in, named answers and next states out.

    probabilities are softmax(logits / temperature), all alike as far as a sound feels nothing; confidence is the
    greatest of them, rescaled so that chance is 0 and certainty 1.
    """

    def __init__(self, trained: TrainedEncoder) -> None:
        super().__init__()
        self.model = trained.model
        self.temperature = trained.temperature

    def forward(self, log_mel: Tensor, *state: Tensor) -> tuple[Tensor, ...]:
        reading, next_state = self.model(log_mel, state)
        return *(values[:, 0] for values in self.answers(reading)), *next_state

    def answers(self, reading: Reading) -> tuple[Tensor, ...]:
        """The named answers of a reading [B, S, ...], in the order of `ANSWER_NAMES`, each [B, S, ...]."""
        probabilities = torch.softmax(reading.logits / self.temperature, dim=-1)
        chance = 1.0 / len(EMOTIONS)
        if self.model.to_unfelt is not None:
            felt = torch.sigmoid(-reading.unfelt).unsqueeze(-1)
            probabilities = felt * probabilities + (1.0 - felt) * chance
        confidence = (probabilities.amax(dim=-1) - chance) / (1.0 - chance)
        valence, arousal = reading.valence_arousal[..., 0], reading.valence_arousal[..., 1]
        return valence, arousal, probabilities, confidence, reading.embedding


def load_trained(run_dir: Path) -> TrainedEncoder:
    """The best encoder of a run, by its folder; also of one that an earlier version trained.

    Raises:
        TrainingError: there is none, or its checkpoint is damaged.
    """
    best, before = run_dir / "checkpoints" / "best.ckpt", run_dir / earlier.BEST
    if best.exists() or not before.exists():
        stored = load(
            best, ("state_dict", "figures", ABOUT), missing="train first: chromesthesia-train encoder"
        )
        about, weights = stored[ABOUT], part(stored["state_dict"], "encoder")
        temperature = stored["figures"][TEMPERATURE]
        path = best
    else:
        about = load(before, ("sizes", "model", "temperature"))
        stored, weights, temperature, path = about, about["model"], about["temperature"], before
    model = load_weights(StreamingEncoder(EncoderSizes(**about["sizes"])), weights, path)
    return TrainedEncoder(
        model.eval(), float(temperature), int(stored["step"]), str(about.get("begun_with", ""))
    )


def state_names(model: StreamingEncoder) -> tuple[list[str], list[str]]:
    """Names of the state inputs and of the outputs that follow them."""
    count = len(model.state_shapes())
    return [f"state_{i}" for i in range(count)], [f"next_state_{i}" for i in range(count)]


def export_onnx(trained: TrainedEncoder, out: Path) -> EncoderExport:
    """Write the ONNX model (opset 20, fp32, batch 1, fixed shapes) and hold it against torch over a noisy sequence.

    Raises TrainingError, leaving an earlier file in place, when it differs by `PARITY_TOLERANCE` or more from torch,
    streamed or offline; DataError when the disk is full.
    """
    step = ExportedStep(trained).eval()
    content = _onnx_bytes(step)
    parity, streamed_offline, step_ms = _compare(trained, step, content)
    for difference, whom in ((parity, "torch"), (streamed_offline, "the whole sound heard at once")):
        if not difference < PARITY_TOLERANCE:
            raise TrainingError(
                f"the exported encoder differs from {whom} by {difference:.2g}, allowed is {PARITY_TOLERANCE:g}",
                "use the pinned torch and onnxruntime versions of constraints.txt",
            )
    with whole_file(out) as file:
        file.write(content)
    logger.info("wrote %s: parity %.1e, %.3f ms a step on one thread", out, parity, step_ms)
    return EncoderExport(out, parity, streamed_offline, step_ms, len(content))


def _onnx_bytes(step: ExportedStep) -> bytes:
    inputs, outputs = state_names(step.model)
    example = (torch.zeros(1, ENCODER_HOPS, ENCODER_MEL.mels), *step.model.initial_state())
    return onnx_bytes(step, example, ("log_mel", *inputs), (*ANSWER_NAMES, *outputs))


class StreamedEncoder:
    """An exported encoder, a file or its content, run step by step with carried state on one thread."""

    def __init__(self, model: Path | bytes) -> None:
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(
            str(model) if isinstance(model, Path) else model, options, providers=["CPUExecutionProvider"]
        )
        self.state_shapes = {
            item.name: item.shape for item in self.session.get_inputs() if item.name.startswith("state_")
        }
        self.reset()

    def reset(self) -> None:
        """Start of a sound."""
        self.state = {name: np.zeros(shape, np.float32) for name, shape in self.state_shapes.items()}

    def step(self, log_mel: Float32) -> dict[str, Float32]:
        """log_mel float32 [2, mels] -> answers by name, without their batch axis."""
        values = self.session.run(None, {"log_mel": log_mel[None], **self.state})
        answers = dict(zip((item.name for item in self.session.get_outputs()), values, strict=True))
        self.state = {name: answers[f"next_{name}"] for name in self.state}
        return {name: answers[name][0] for name in ANSWER_NAMES}

    def run(self, log_mel: Float32) -> dict[str, Float32]:
        """A whole sound from its start, float32 [hops, mels] -> answers by name, each [steps, ...]."""
        self.reset()
        hops = np.ascontiguousarray(log_mel, dtype=np.float32)
        steps = [
            self.step(hops[at : at + ENCODER_HOPS])
            for at in range(0, len(hops) - ENCODER_HOPS + 1, ENCODER_HOPS)
        ]
        return {name: np.stack([answers[name] for answers in steps]) for name in ANSWER_NAMES}


def _compare(
    trained: TrainedEncoder, step: ExportedStep, content: bytes, steps: int = 300
) -> tuple[float, float, float]:
    """Differences of the streamed ONNX from torch, streamed and offline, and the median ms of a step.

    Over a sequence with loud, quiet and silent passages.
    """
    rng = np.random.default_rng(20)
    loudness = np.repeat(rng.uniform(-14.0, 0.0, steps // 10 + 1), 10)[:steps, None, None]
    sequence = (loudness + rng.normal(0.0, 1.5, (steps, ENCODER_HOPS, ENCODER_MEL.mels))).astype(np.float32)
    streamed = StreamedEncoder(content)
    answers = [streamed.step(hops) for hops in sequence]
    state = step.model.initial_state()
    parity = 0.0
    with torch.inference_mode():
        for hops, answer in zip(sequence, answers, strict=True):
            outputs = step(torch.from_numpy(hops[None]), *state)
            state = outputs[len(ANSWER_NAMES) :]
            parity = max(parity, _difference(answer, outputs))
        whole = torch.from_numpy(sequence.reshape(1, -1, ENCODER_MEL.mels))
        reading, _ = trained.model.eval()(whole)
        heard = step.answers(reading)
    offline = max(
        _difference(answer, [values[0, place : place + 1] for values in heard])
        for place, answer in enumerate(answers)
    )
    turns = iter(np.concatenate([sequence, sequence]))
    step_ms = thread_times_ms({"step": lambda: streamed.step(next(turns))}, steps)["step"]
    return parity, offline, step_ms


def _difference(answer: dict[str, Float32], wanted: Sequence[Tensor]) -> float:
    """Greatest difference over the named answers; `wanted` has a batch axis of one."""
    return max(
        float(np.abs(answer[name] - tensor[0].numpy()).max())
        for name, tensor in zip(ANSWER_NAMES, wanted, strict=False)
    )
