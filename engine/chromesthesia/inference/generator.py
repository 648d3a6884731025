"""The picture generator of a pack."""

from __future__ import annotations

import numpy as np

from chromesthesia.core.emotions import condition_size
from chromesthesia.core.errors import ChromesthesiaError
from chromesthesia.core.records import Float32, UInt8
from chromesthesia.inference.binding import BoundSession
from chromesthesia.inference.probe import check_session
from chromesthesia.inference.sessions import first_provider, open_session
from chromesthesia.packs.manifest import GENERATOR_ROLE
from chromesthesia.packs.pack import Pack

FLATTEST = 2
"""A picture whose brightest and darkest values are closer than this, of 255, shows nothing."""


class PaintError(ChromesthesiaError):
    """A picture that cannot be shown: the show holds the last good one."""

    exit_code = 4


class OnnxGenerator:
    """Paints with the pack's generator on `provider` (auto, cpu, cuda, tensorrt). Not thread-safe.

    Raises PackError when the model does not fit the pack's manifest, UsageError when the provider is not there.
    """

    def __init__(
        self,
        pack: Pack,
        provider: str = "auto",
        threads: int = 1,
        model: tuple[str, bytes] | None = None,
    ) -> None:
        """model: file name and content of a precision of the pack's; None for the one that fits the provider."""
        spec = pack.manifest.generator
        file, content = model or pack.model(GENERATOR_ROLE, on_cpu=first_provider(provider) == "cpu")
        name = f"{pack.name}/{file}"
        session = open_session(content, provider, threads, name)
        check_session(session, spec.inputs, spec.outputs, name)
        self._labels = spec.condition_labels
        self._condition: Float32 = np.zeros((1, condition_size(spec.condition_labels)), dtype=np.float32)
        self._noise: Float32 = np.zeros((1, spec.noise_size), dtype=np.float32)
        self._image: Float32 = np.zeros((1, 3, *spec.image_size), dtype=np.float32)
        self._bound = BoundSession(
            session, {"condition": self._condition, "noise": self._noise}, {"image": self._image}
        )
        self.provider = session.get_providers()[0]
        """The execution provider in use, as ONNX Runtime names it."""

    @property
    def noise_size(self) -> int:
        """Length of the noise vector."""
        return int(self._noise.shape[1])

    @property
    def condition_labels(self) -> tuple[str, ...]:
        """What the numbers of the condition mean, in order."""
        return self._labels

    def paint(self, condition: Float32, noise: Float32) -> UInt8:
        """condition float32 [C], noise float32 [Z] -> a new picture uint8 [H, W, 3], row 0 at the top.

        Raises PaintError when the model answers NaN or infinity, ValueError on a wrong shape.
        """
        for given, bound, name in ((condition, self._condition, "condition"), (noise, self._noise, "noise")):
            if given.shape != bound.shape[1:]:
                raise ValueError(f"{name}: expected shape {bound.shape[1:]}, got {given.shape}")
            bound[0] = given
        self._bound.run()
        return to_pixels(self._image[0])


def to_pixels(image: Float32) -> UInt8:
    """Planar float32 [3, H, W] in 0..1 -> uint8 [H, W, 3]. Raises PaintError on NaN or infinity."""
    scaled = image * np.float32(255.0) + np.float32(0.5)
    if not np.isfinite(np.add.reduce(scaled, axis=None)):
        raise PaintError("the generator painted NaN or infinity", "choose another pack")
    clipped = np.clip(scaled, 0.0, 255.0, out=scaled)
    return np.ascontiguousarray(clipped.astype(np.uint8).transpose(1, 2, 0))


def check_picture(pixels: UInt8, shape: tuple[int, ...] | None = None) -> None:
    """Raise PaintError unless `pixels` is uint8 [H, W, 3] (equal to `shape` when given) and not flat."""
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[2] != 3 or 0 in pixels.shape:
        raise PaintError(f"expected a picture uint8 [H, W, 3], got {pixels.dtype} {list(pixels.shape)}")
    if shape is not None and pixels.shape != shape:
        raise PaintError(f"expected a picture of {list(shape)}, got {list(pixels.shape)}")
    if int(pixels.max()) - int(pixels.min()) < FLATTEST:
        raise PaintError(f"the picture is flat: every value is about {int(pixels.max())}")
