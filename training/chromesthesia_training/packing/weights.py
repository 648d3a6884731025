"""The generator of a pack as a network that can learn on: its weights read back from the ONNX file.

A pack holds no checkpoint. The exporter keeps the names of parameters and buffers; what it folds (the norms' variances,
the head's offset) is found by what the graph does with it, and the whole is held against the file before it is used.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor

from chromesthesia.core.user_files import one_line
from chromesthesia.inference.sessions import open_session
from chromesthesia_training.data.condition import ENGINE_VAD_GAIN, ConditionSpace, random_engine_conditions
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.gan.checkpoint import TrainedGenerator
from chromesthesia_training.gan.export import EngineGenerator
from chromesthesia_training.gan.model import LATENT_SIZE, Generator
from chromesthesia_training.onnx_file import LARGEST_DIFFERENCE
from chromesthesia_training.packing.manifest import ports_of

PARITY_DRAWS = 3
PREFIX = "generator."


def read_generator(path: Path) -> TrainedGenerator:
    """The generator in an ONNX file that `chromesthesia-train export` wrote; step and time are not in it, and 0.

    Raises TrainingError for what is no ONNX file, another kind of painter, and a network read back that paints others.
    """
    ports_of(path)  # says it in our words where it is no ONNX file
    graph = onnx.load(path).graph
    arrays = {one.name: torch.from_numpy(numpy_helper.to_array(one).copy()) for one in graph.initializer}
    try:
        widths = _widths(arrays)
        space = _space(arrays["translate.to_vad"])
        state = {name.removeprefix(PREFIX): values for name, values in arrays.items() if PREFIX in name}
        state |= _folded(graph, arrays)
        generator = Generator(widths)
        own = generator.state_dict()
        # what only training uses
        state |= {
            name: own[name] for name in own if name.endswith(("num_batches_tracked", "steering.slopes"))
        }
        generator.load_state_dict(state)
    except (KeyError, IndexError, ValueError, StopIteration, RuntimeError) as error:
        raise TrainingError(
            f"the painter in {path} is not one that can be tuned: {one_line(error)}",
            "give a pack whose generator `chromesthesia-train gan` made, exports/default for one",
        ) from error
    generator.eval()
    trained = TrainedGenerator(generator, space, 0, 0, 0.0)
    difference = difference_from(path, trained)
    if not difference <= LARGEST_DIFFERENCE:
        raise TrainingError(
            f"the network read from {path} paints otherwise: it differs by {difference:g} of 1",
            "export that pack again with this version",
        )
    return trained


def difference_from(path: Path, trained: TrainedGenerator) -> float:
    """Greatest difference of values 0..1 between the file's pictures and the network's, over a few requests."""
    session = open_session(path.read_bytes(), "cpu")
    module = EngineGenerator(trained.generator, trained.space).eval()
    rng = torch.Generator().manual_seed(3)
    conditions = random_engine_conditions(PARITY_DRAWS, rng)
    noises = torch.randn(PARITY_DRAWS, LATENT_SIZE, generator=rng)
    worst = 0.0
    for row in range(PARITY_DRAWS):
        condition, noise = conditions[row : row + 1], noises[row : row + 1]
        with torch.no_grad():
            wanted = module(condition, noise).numpy()
        (image,) = session.run(["image"], {"condition": condition.numpy(), "noise": noise.numpy()})
        if image.shape != wanted.shape:
            return float("inf")
        worst = max(worst, float(np.abs(image - wanted).max()))
    return worst


def _widths(arrays: dict[str, Tensor]) -> tuple[int, ...]:
    count = 0
    widths = [arrays[f"{PREFIX}blocks.0.up.narrow.weight"].shape[1]]
    while (name := f"{PREFIX}blocks.{count}.up.narrow.weight") in arrays:
        widths.append(arrays[name].shape[0])
        count += 1
    return tuple(widths)


def _space(to_vad: Tensor) -> ConditionSpace:
    """Dominance's slopes; the scale of the ratings is not in the file, nor needed to paint."""
    slopes = (to_vad[:, 2] / ENGINE_VAD_GAIN).tolist()
    return ConditionSpace((0.5, 0.5, 0.5), (1.0, 1.0, 1.0), (slopes[0], slopes[1]))


def _folded(graph: onnx.GraphProto, arrays: dict[str, Tensor]) -> dict[str, Tensor]:
    """Variances of the norms and the head's offset."""
    maker = {output: node for node in graph.node for output in node.output}
    users: dict[str, list[onnx.NodeProto]] = {}
    for node in graph.node:
        for name in node.input:
            users.setdefault(name, []).append(node)
    found = {}
    for name in arrays:
        if not name.endswith(".norm.running_mean"):
            continue
        # mean * (scale * rsqrt(variance + eps))
        (scaled,) = (one for one in users[name][0].input if one != name)
        (inverse,) = (one for one in maker[scaled].input if one in arrays)
        eps = torch.nn.BatchNorm2d(1).eps
        variance = arrays[inverse].double().pow(-2).sub(eps).float()
        found[name.removeprefix(PREFIX).replace("running_mean", "running_var")] = variance
    shuffle = next(node for node in graph.node if node.op_type == "DepthToSpace")
    (offset,) = (one for one in users[shuffle.output[0]][0].input if one in arrays)
    found["head.bias"] = arrays[offset].flatten()
    return found
