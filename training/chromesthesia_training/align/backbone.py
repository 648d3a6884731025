"""Image embeddings: one interface, behind it SqueezeNet from the data folder or any network of timm from a local file.

timm is optional and never downloads here: the weights are a file that the user brings.
"""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from chromesthesia.core.records import Float32
from chromesthesia_training.backbones.squeezenet import FeatureNet, WeightsError, load_squeezenet
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.measuring.reader import pool, resize

SQUEEZENET_SIDE = 160
TIMM_REMEDY = "install it and a torchvision that fits torch: pip install 'chromesthesia[timm]'"


class ImageBackbone(Protocol):
    """A frozen network from pictures to vectors. `name` says which, with its weights; `size` is the vectors' length.

    A call takes float32 (batch, 3, height, width) RGB in [-1, 1] and returns float32 (batch, size).
    """

    @property
    def name(self) -> str: ...

    @property
    def size(self) -> int: ...

    def __call__(self, images: Tensor) -> Tensor: ...


class PooledMaps:
    """Mean and deviation of every channel of every map of a feature net (SqueezeNet here: 2 x 896)."""

    def __init__(self, net: FeatureNet, name: str = "SqueezeNet 1.1", side: int = SQUEEZENET_SIDE) -> None:
        self.net = net
        self.name = f"{name}, maps' mean and deviation at {side} x {side}"
        self.size = 2 * sum(net.channels.values())
        self.side = side

    def __call__(self, images: Tensor) -> Tensor:
        with torch.no_grad():
            return pool(self.net(resize(images, self.side)))


class TimmBackbone:
    """A network of timm (EfficientNet, ViT, ...) without its classifier: pooled features of one picture.

    Pictures are scaled to the size, mean and deviation that the network was trained with.
    """

    def __init__(self, network: nn.Module, name: str, side: int, mean: Tensor, deviation: Tensor) -> None:
        self.network = network.eval().requires_grad_(False)
        self.name = name
        self.side = side
        self.mean = mean.reshape(1, 3, 1, 1)
        self.deviation = deviation.reshape(1, 3, 1, 1)
        self.size = self(torch.zeros(1, 3, side, side)).shape[1]

    def __call__(self, images: Tensor) -> Tensor:
        unit = (images + 1.0) / 2.0
        if unit.shape[2] != self.side:
            unit = F.interpolate(unit, size=(self.side, self.side), mode="bicubic", antialias=True).clamp(
                0, 1
            )
        with torch.no_grad():
            features: Tensor = self.network((unit - self.mean) / self.deviation)
        return features


def load_backbone(name: str, weights: Path) -> ImageBackbone:
    """`squeezenet` with the `.npz` of the data folder, or `timm:MODEL` (`timm:efficientnet_b0`) with a local file.

    Raises:
        WeightsError: a file that is missing, damaged or of another network.
        TrainingError: timm or a network of that name is missing.
    """
    if name == "squeezenet":
        return PooledMaps(load_squeezenet(weights))
    if name.startswith("timm:"):
        return load_timm(name.removeprefix("timm:"), weights)
    raise TrainingError(
        f"unknown image backbone {name!r}", "use squeezenet or timm:MODEL, e.g. timm:efficientnet_b0"
    )


def load_timm(model: str, weights: Path) -> TimmBackbone:
    """The network `model` of timm with the weights of a local file (`.pth`, `.pt`, `.bin` or `.safetensors`).

    The file's classifier is left out; every other tensor must be there and fit. Raises as `load_backbone`.
    """
    timm = _import_timm()
    if model not in timm.list_models():
        raise TrainingError(f"timm has no network {model!r}", "see timm.list_models() for the names")
    network: nn.Module = timm.create_model(model, pretrained=False, num_classes=0)
    state = _read_state(weights)
    wanted = network.state_dict()
    lacking = sorted(set(wanted) - set(state))
    if lacking:
        raise WeightsError(
            f"{weights} lacks {len(lacking)} tensors of {model}, the first is {lacking[0]}",
            "use the weight file of this very network",
        )
    for key, tensor in wanted.items():
        if tensor.shape != state[key].shape:
            raise WeightsError(
                f"{weights}: {key}: expected shape {tuple(tensor.shape)}, got {tuple(state[key].shape)}",
                "use the weight file of this very network",
            )
    network.load_state_dict({key: state[key] for key in wanted})
    config: dict[str, Any] = timm.data.resolve_model_data_config(network)
    return TimmBackbone(
        network,
        f"timm {model}, weights {weights.name}",
        int(config["input_size"][-1]),
        torch.tensor(config["mean"]),
        torch.tensor(config["std"]),
    )


def _import_timm() -> ModuleType:
    try:
        return importlib.import_module("timm")
    except ImportError as error:
        raise TrainingError(f"timm is not installed ({error})", TIMM_REMEDY) from error
    except RuntimeError as error:  # what torchvision raises beside a torch that it was not built for
        raise TrainingError(f"timm cannot be imported: {error}", TIMM_REMEDY) from error


def _read_state(path: Path) -> dict[str, Tensor]:
    remedy = "give the path of the network's weight file; nothing is downloaded"
    if not path.is_file():
        raise WeightsError(f"no backbone weights at {path}", remedy)
    try:
        if path.suffix == ".safetensors":
            safetensors = importlib.import_module("safetensors.torch")
            state: Any = safetensors.load_file(path)
        else:
            state = torch.load(path, map_location="cpu", weights_only=True)
    except ImportError as error:
        raise TrainingError("safetensors is not installed", "pip install safetensors") from error
    except Exception as error:  # both readers raise errors of many kinds at a damaged file
        raise WeightsError(f"backbone weights {path} are damaged: {error}", "copy the file again") from error
    for wrapper in ("state_dict", "model"):
        if isinstance(state, dict) and isinstance(state.get(wrapper), dict):
            state = state[wrapper]
    if not isinstance(state, dict) or not all(isinstance(value, Tensor) for value in state.values()):
        raise WeightsError(f"{path} holds no table of tensors", remedy)
    return {str(key).removeprefix("module."): value for key, value in state.items()}


def embed_pictures(backbone: ImageBackbone, pictures: NDArray[np.uint8], batch: int = 32) -> Float32:
    """Features float32 (N, size) of pictures uint8 (N, height, width, 3)."""
    parts = []
    for start in range(0, len(pictures), batch):
        part = torch.from_numpy(pictures[start : start + batch]).permute(0, 3, 1, 2).float()
        parts.append(backbone(part / 127.5 - 1.0).float().numpy())
    return np.concatenate(parts).astype(np.float32)
