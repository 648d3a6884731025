"""Anything that paints, behind one call: an exported ONNX generator, or the averaged generator of a run."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import onnx

from chromesthesia.core.records import Float32, UInt8
from chromesthesia.inference.sessions import Session, open_session
from chromesthesia_training.data.condition import CONDITION_SIZE, ENGINE_CONDITION_SIZE
from chromesthesia_training.errors import TrainingError


class Painter(Protocol):
    """Paints from the engine's five values: valence, arousal in [-1, 1], p_angry, p_happy, p_sad."""

    @property
    def name(self) -> str: ...

    @property
    def side(self) -> int:
        """Side of its pictures in pixels."""
        ...

    @property
    def latent_size(self) -> int: ...

    def paint(self, conditions: Float32, latents: Float32) -> UInt8:
        """Conditions float32 (N, 5) and latents (N, latent_size) to pictures uint8 (N, side, side, 3)."""
        ...

    def paint_inner(self, inner: Float32, latents: Float32) -> UInt8:
        """The same from inner conditions (N, 11), which can ask for any painting's ratings and emotion."""
        ...


class OnnxPainter:
    """An exported generator on one CPU thread, read once; sizes are those of the model.

    Raises:
        TrainingError: no such file, or one whose inputs and outputs are not those of a generator.
        PackError: no ONNX model.
    """

    def __init__(self, path: Path) -> None:
        if not path.is_file():
            raise TrainingError(f"no generator at {path}", "export one, or give the path of a generator.onnx")
        content = path.read_bytes()
        self._session = open_session(content, "cpu", 1, path.name)
        self._inner_session: tuple[Session, str] | None = None
        shapes = {one.name: _sizes(one.shape) for one in self._session.get_inputs()}
        image = {one.name: _sizes(one.shape) for one in self._session.get_outputs()}.get("image", [])
        if (
            set(shapes) != {"condition", "noise"}
            or shapes["condition"] != [1, ENGINE_CONDITION_SIZE]
            or len(image) != 4
            or image[2] != image[3]
        ):
            raise TrainingError(
                f"{path} takes {shapes} and gives image {image}",
                "expected condition [1, 5] and noise [1, n] to image [1, 3, side, side]",
            )
        self._model = onnx.load_from_string(content)
        self.name = path.parent.name + "/" + path.name
        self.bytes, self.sha256 = len(content), hashlib.sha256(content).hexdigest()[:16]
        self.parameters = int(sum(np.prod(one.dims) for one in self._model.graph.initializer))
        self.side = image[2]
        self.latent_size = shapes["noise"][1]

    def paint(self, conditions: Float32, latents: Float32) -> UInt8:
        return self._paint(self._session, "condition", conditions, latents)

    def paint_inner(self, inner: Float32, latents: Float32) -> UInt8:
        if self._inner_session is None:
            content, name = with_inner_input(self._model)
            self._inner_session = open_session(content, "cpu", 1, self.name), name
        session, name = self._inner_session
        return self._paint(session, name, inner, latents)

    def _paint(self, session: Session, name: str, conditions: Float32, latents: Float32) -> UInt8:
        pictures = np.empty((len(conditions), self.side, self.side, 3), np.uint8)
        feed = {"condition": np.zeros((1, ENGINE_CONDITION_SIZE), np.float32)}
        for row, (condition, latent) in enumerate(zip(conditions, latents, strict=True)):
            (image,) = session.run(["image"], {**feed, name: condition[None], "noise": latent[None]})
            pictures[row] = eight_bit(image[0].transpose(1, 2, 0))
        return pictures


def with_inner_input(model: onnx.ModelProto) -> tuple[bytes, str]:
    """An exported generator that takes the inner condition as a further input; its content and that input's name.

    The five values are translated within the graph: the first tensor of shape (1, 11) is what they become. It turns
    into an input; whatever computed it is left without use.

    Raises:
        TrainingError: there is no such tensor.
    """
    shaped = model if model.graph.value_info else onnx.shape_inference.infer_shapes(model)
    wanted = {
        one.name
        for one in shaped.graph.value_info
        if [size.dim_value for size in one.type.tensor_type.shape.dim] == [1, CONDITION_SIZE]
    }
    for node in model.graph.node:
        for place, name in enumerate(node.output):
            if name in wanted:
                node.output[place] = f"{name}_of_five_values"
                shape = [1, CONDITION_SIZE]
                model.graph.input.append(
                    onnx.helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
                )
                return model.SerializeToString(), name
    raise TrainingError(
        f"no tensor of shape (1, {CONDITION_SIZE}) in the generator", "measure its run instead of its export"
    )


def _sizes(shape: Sequence[int | str | None]) -> list[int]:
    """A tensor's shape; 0 where it is open."""
    return [size if isinstance(size, int) else 0 for size in shape]


def eight_bit(image: Float32) -> UInt8:
    """Values in [0, 1] as they are shown: uint8, rounded.

    Raises:
        TrainingError: a value is not a number.
    """
    if not np.isfinite(image).all():
        raise TrainingError(
            "the generator painted NaN or infinity", "look at its training, or export it again"
        )
    rounded: UInt8 = np.clip(image * 255.0 + 0.5, 0, 255).astype(np.uint8)
    return rounded


def normal_latents(count: int, size: int, seed: int) -> Float32:
    """Latents float32 (count, size), standard normal."""
    return np.random.default_rng([seed, 17]).standard_normal((count, size)).astype(np.float32)
