"""int8 models for CPUs: static QDQ quantisation, calibrated on what the engine really asks, kept only where it pays.

A convolution whose quantisation shows in the picture stays fp32: they are tried one by one, then as many of the
harmless ones are taken together as the picture bears. Nothing is kept that is not faster in the same run.
"""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnxruntime.quantization import (
    CalibrationDataReader,
    CalibrationMethod,
    QuantFormat,
    QuantType,
    quantize_static,
)
from onnxruntime.quantization.shape_inference import quant_pre_process

from chromesthesia.audio.etude import ETUDE
from chromesthesia.core.emotions import CONDITION_LABELS, EMOTIONS
from chromesthesia.core.records import (
    BAND_COUNT,
    EMBEDDING_SIZE,
    ENCODER_HOPS,
    EmotionState,
    FeatureFrame,
    Float32,
    Heard,
)
from chromesthesia.generator.walks.latent import LatentMotion, MotionSettings
from chromesthesia.inference.binding import BoundSession
from chromesthesia.inference.sessions import Session, open_session
from chromesthesia_training.data.sound import mel_of_file
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.machine import thread_times_ms
from chromesthesia_training.packing.picture_likeness import colour_r, structural_similarity

logger = logging.getLogger(__name__)

CALIBRATION_PICTURES, JUDGED_PICTURES = 24, 16
CALIBRATION_STEPS, JUDGED_STEPS = 400, 800
LEAST_GAIN = 0.1
"""Share of the time that int8 must save to be worth a second file."""
LARGEST_LEVELS = 1.5
"""Mean absolute difference of a picture, of 255 levels."""
LEAST_SSIM = 0.98
LEAST_COLOUR_R = 0.98
LARGEST_ANSWER_SHIFT = 0.02
"""Mean absolute difference of the encoder's valence, arousal and probabilities."""
LEAST_AGREEMENT = 0.98
"""Share of steps on which both encoders name the same emotion."""
LEAST_WEIGHTS = 2_000
"""A layer with fewer takes no time worth saving."""
WEIGHTY_KINDS = {"generator": ("Conv",), "encoder": ("Conv", "Gemm", "MatMul")}
"""A generator's products work on single vectors: its time goes into its convolutions."""
TIMED_RUNS = 60

Feed = dict[str, Float32]
Judge = Callable[[Session], dict[str, float]]
"""Figures of a quantised model against the fp32 one."""


@dataclass(frozen=True)
class Int8Result:
    """What came of quantising one model.

    kept: whether `content` (None otherwise) is worth shipping; why: in words with figures; fp32_ms, int8_ms: medians of
    one thread's own time, in turns; figures: likeness to fp32; quantised: names of the nodes in int8, of `candidates`.
    """

    model: str
    kept: bool
    why: str
    fp32_ms: float
    int8_ms: float
    figures: Mapping[str, float]
    quantised: tuple[str, ...]
    candidates: int
    content: bytes | None


def quantise_generator(fp32: Path) -> Int8Result:
    """Try int8 on a generator `fp32`, judged by its pictures. Raises TrainingError when quantisation itself fails."""
    session = open_session(fp32.read_bytes(), "cpu", name=str(fp32))
    sizes = {item.name: item.shape for item in session.get_inputs()}
    feeds = engine_requests(CALIBRATION_PICTURES + JUDGED_PICTURES, int(str(sizes["noise"][1])))
    calibration, judged = feeds[:CALIBRATION_PICTURES], feeds[CALIBRATION_PICTURES:]
    wanted = np.concatenate([session.run(["image"], feed)[0] for feed in judged])

    def judge(candidate: Session) -> dict[str, float]:
        made = np.concatenate([candidate.run(["image"], feed)[0] for feed in judged])
        return {
            "levels": 255.0 * float(np.abs(made - wanted).mean()),
            "ssim": structural_similarity(made, wanted),
            "colour_r": colour_r(made, wanted),
        }

    def stays(figures: Mapping[str, float]) -> bool:
        return (
            figures["levels"] <= LARGEST_LEVELS
            and figures["ssim"] >= LEAST_SSIM
            and figures["colour_r"] >= LEAST_COLOUR_R
        )

    return _try("generator", fp32, calibration, judge, stays, lambda figures: figures["levels"], judged[0])


def quantise_encoder(fp32: Path, sound: Path = ETUDE) -> Int8Result:
    """Try int8 on a streaming encoder, judged by its answers while it hears `sound` at several levels."""
    session = open_session(fp32.read_bytes(), "cpu", name=str(fp32))
    heard = _louder_and_softer(mel_of_file(sound), CALIBRATION_STEPS + JUDGED_STEPS)
    streamed = _stream(session, heard)
    calibration = [feed for feed, _ in streamed[:CALIBRATION_STEPS:10]]
    judged = heard[CALIBRATION_STEPS:]
    wanted = [answers for _, answers in _stream(session, judged)]

    def judge(candidate: Session) -> dict[str, float]:
        made = [answers for _, answers in _stream(candidate, judged)]
        pairs = list(zip(made, wanted, strict=True))
        names = ("valence", "arousal", "probabilities")
        shift = np.mean([[np.abs(one[name] - other[name]).mean() for name in names] for one, other in pairs])
        agree = np.mean(
            [one["probabilities"].argmax() == other["probabilities"].argmax() for one, other in pairs]
        )
        return {"answer_shift": float(shift), "agreement": float(agree)}

    def stays(figures: Mapping[str, float]) -> bool:
        return figures["answer_shift"] <= LARGEST_ANSWER_SHIFT and figures["agreement"] >= LEAST_AGREEMENT

    timed = streamed[CALIBRATION_STEPS // 2][0]
    return _try("encoder", fp32, calibration, judge, stays, lambda figures: figures["answer_shift"], timed)


def engine_requests(count: int, noise_size: int, seed: int = 0) -> list[Feed]:
    """What a show asks of a generator: conditions and noise of the engine's own latent walk, over all emotions."""
    rng = np.random.default_rng(seed)
    feeds = []
    for number in range(count):
        motion = LatentMotion(seed, noise_size, CONDITION_LABELS)
        heard = _heard(rng)
        for _ in range(3):
            condition, noise = motion.step(0.1, heard, MotionSettings(scene=number))
        feeds.append({"condition": condition[None], "noise": noise[None]})
    return feeds


def _heard(rng: np.random.Generator) -> Heard:
    """A moment with a sure or unsure emotion anywhere on the plane."""
    probabilities = rng.dirichlet(np.full(len(EMOTIONS), 0.4)).astype(np.float32)
    valence, arousal = rng.uniform(-1.0, 1.0, 2)
    frame = FeatureFrame(
        0,
        240,
        0.0,
        np.zeros(64, np.float32),
        np.zeros(64, np.float32),
        -20.0,
        -20.0,
        np.zeros(BAND_COUNT, np.float32),
        1_000.0,
        0.1,
        0.0,
    )
    emotion = EmotionState(
        240, 0.0, float(valence), float(arousal), probabilities, float(probabilities.max()),
        np.zeros(EMBEDDING_SIZE, np.float32), 1.0,
    )  # fmt: skip
    return Heard(frame, emotion, 0, 0.0)


def _louder_and_softer(log_mel: Float32, steps: int) -> Float32:
    """Log-mel [steps, 8, mels] of a sound from its start, repeated when short; its level changes every two seconds."""
    hops = np.resize(log_mel, (steps * ENCODER_HOPS, log_mel.shape[1]))
    levels = np.random.default_rng(4).uniform(-4.0, 1.5, steps // 25 + 1).repeat(25)[:steps]
    return np.asarray(hops.reshape(steps, ENCODER_HOPS, -1) + levels[:, None, None], np.float32)


def _stream(session: Session, heard: Float32) -> list[tuple[Feed, Feed]]:
    """Inputs and outputs of every step, the state carried."""
    state: Feed = {
        item.name: np.zeros(tuple(int(str(side)) for side in item.shape), np.float32)
        for item in session.get_inputs()
        if item.name != "log_mel"
    }
    names = [item.name for item in session.get_outputs()]
    steps = []
    for hops in heard:
        feed = {"log_mel": hops[None], **state}
        answers = dict(zip(names, session.run(None, feed), strict=True))
        steps.append((feed, answers))
        state = {name: answers[f"next_{name}"] for name in state}
    return steps


def _try(
    model: str,
    fp32: Path,
    calibration: Sequence[Feed],
    judge: Judge,
    stays: Callable[[Mapping[str, float]], bool],
    harm: Callable[[Mapping[str, float]], float],
    timed: Feed,
) -> Int8Result:
    with tempfile.TemporaryDirectory() as folder, _quiet():
        prepared = Path(folder) / "prepared.onnx"
        try:
            quant_pre_process(str(fp32), str(prepared), skip_symbolic_shape=True)
            nodes = _weighty_nodes(prepared, WEIGHTY_KINDS[model])
            made: dict[tuple[str, ...], bytes] = {}

            def figures_of(chosen: tuple[str, ...]) -> dict[str, float]:
                made[chosen] = _quantised(prepared, Path(folder) / "int8.onnx", chosen, calibration)
                return judge(open_session(made[chosen], "cpu", name=f"{model} int8"))

            by_harm = sorted(nodes, key=lambda node: harm(figures_of((node,))))
            chosen, figures = _most_that_stays(by_harm, figures_of, stays)
        except (ValueError, RuntimeError, AttributeError, KeyError) as error:
            raise TrainingError(
                f"{fp32} cannot be quantised: {error}", "export without int8: --no-int8"
            ) from error
    times = thread_times_ms(
        {"fp32": _runner(fp32.read_bytes(), timed), "int8": _runner(made[chosen], timed)}, TIMED_RUNS
    )
    kept, why = _verdict(model, times, figures, stays(figures), len(chosen), len(nodes))
    logger.info("%s int8: %s", model, why)
    return Int8Result(
        model,
        kept,
        why,
        times["fp32"],
        times["int8"],
        figures,
        chosen,
        len(nodes),
        made[chosen] if kept else None,
    )


def _most_that_stays(
    by_harm: Sequence[str],
    figures_of: Callable[[tuple[str, ...]], dict[str, float]],
    stays: Callable[[Mapping[str, float]], bool],
) -> tuple[tuple[str, ...], dict[str, float]]:
    """The longest beginning of `by_harm` that stays like fp32, at least its first, by bisection; its figures."""
    low, high = 1, len(by_harm)
    found = tuple(by_harm[:1])
    figures = figures_of(found)
    while low < high:
        middle = (low + high + 1) // 2
        tried = tuple(by_harm[:middle])
        result = figures_of(tried)
        if stays(result):
            low, found, figures = middle, tried, result
        else:
            high = middle - 1
    return found, figures


def _verdict(
    model: str, times: Mapping[str, float], figures: Mapping[str, float], stays: bool, count: int, nodes: int
) -> tuple[bool, str]:
    unit = "a picture" if model == "generator" else "a step"
    shown = ", ".join(f"{name.replace('_', ' ')} {value:.3g}" for name, value in figures.items())
    spent = f"{times['int8']:.3g} ms {unit} beside {times['fp32']:.3g} ms in fp32 in the same run"
    tried = f"{count} of {nodes} layers in int8: {spent}; against fp32: {shown}"
    if not stays:
        return False, f"not kept, the answers change too much; {tried}"
    if times["int8"] > (1.0 - LEAST_GAIN) * times["fp32"]:
        return False, f"not kept, it saves less than {LEAST_GAIN:.0%}; {tried}"
    return True, f"kept; {tried}"


def _weighty_nodes(path: Path, kinds: Sequence[str]) -> list[str]:
    """Nodes of these kinds with enough weights: where the time goes."""
    graph = onnx.load(str(path)).graph
    shapes = {tensor.name: tuple(tensor.dims) for tensor in graph.initializer}
    nodes = []
    for node in graph.node:
        weight = next((shapes[name] for name in node.input if len(shapes.get(name, ())) >= 2), ())
        if node.op_type in kinds and np.prod(weight, initial=1) >= LEAST_WEIGHTS:
            nodes.append(node.name)
    if not nodes:
        raise ValueError(f"it has no {' or '.join(kinds)} of {LEAST_WEIGHTS} weights or more")
    return nodes


def _quantised(prepared: Path, out: Path, nodes: Sequence[str], calibration: Sequence[Feed]) -> bytes:
    quantize_static(
        str(prepared),
        str(out),
        _Reader(calibration),
        quant_format=QuantFormat.QDQ,
        calibrate_method=CalibrationMethod.MinMax,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
        per_channel=True,
        nodes_to_quantize=list(nodes),
    )
    return out.read_bytes()


class _Reader(CalibrationDataReader):  # type: ignore[misc]
    def __init__(self, feeds: Sequence[Feed]) -> None:
        self._feeds = iter(feeds)

    def get_next(self) -> Any:
        return next(self._feeds, None)


def _runner(content: bytes, feed: Feed) -> Callable[[], None]:
    """One run as the engine does it: bound arrays, one thread."""
    session = open_session(content, "cpu")
    outputs = {
        item.name: np.zeros(tuple(int(str(side)) for side in item.shape), np.float32)
        for item in session.get_outputs()
    }
    return BoundSession(
        session, {name: np.ascontiguousarray(array) for name, array in feed.items()}, outputs
    ).run


@contextmanager
def _quiet() -> Iterator[None]:
    """Without the quantiser's advice in the root log."""
    root = logging.getLogger()
    level = root.level
    root.setLevel(logging.ERROR)
    try:
        yield
    finally:
        root.setLevel(level)
