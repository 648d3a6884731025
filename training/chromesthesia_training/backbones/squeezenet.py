"""Frozen image features: SqueezeNet 1.1 trained on ImageNet, and the interface of any net in its place."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from chromesthesia_training.errors import TrainingError

WEIGHTS_FILE = Path("weights/squeezenet1_1_imagenet_notop.npz")
"""Where the weights lie in the data folder."""
IMAGENET_MEAN_BGR = (103.939, 116.779, 123.68)


class WeightsError(TrainingError):
    """A weights file that is missing or not what its name says."""


class FeatureNet(Protocol):
    """A frozen net: `channels` names its feature maps, a call returns them.

    `image` is float32 (batch, 3, height, width) RGB in [-1, 1]; each map is (batch, channels[name], h, w).
    """

    @property
    def channels(self) -> dict[str, int]: ...

    def __call__(self, image: Tensor) -> dict[str, Tensor]: ...


def on_device(net: FeatureNet, device: torch.device) -> FeatureNet:
    """The net on a device; one that is no module is taken as it is."""
    return net.to(device) if isinstance(net, nn.Module) else net


class SqueezeNet(nn.Module):
    """SqueezeNet 1.1 without its top (Iandola et al. 2016), returning the maps after fire3, fire5 and fire9.

    Preprocessing (BGR, ImageNet mean, 0 to 255) is folded into the first convolution.
    """

    channels: dict[str, int] = {"fire3": 128, "fire5": 256, "fire9": 512}  # noqa: RUF012 - matches the protocol

    def __init__(self, weights: dict[str, npt.NDArray[np.float32]]) -> None:
        super().__init__()
        self.conv1 = _conv(weights, "conv1", stride=2)
        self.fires = nn.ModuleList(_Fire(weights, f"fire{number}") for number in range(2, 10))
        mean = torch.tensor(IMAGENET_MEAN_BGR)
        kernel = self.conv1.weight.data
        assert self.conv1.bias is not None
        self.conv1.bias.data += (kernel * (127.5 - mean)[None, :, None, None]).sum((1, 2, 3))
        self.conv1.weight.data = kernel.flip(1) * 127.5
        self.requires_grad_(False)
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.eval()

    def forward(self, image: Tensor) -> dict[str, Tensor]:
        maps = {}
        x = F.max_pool2d(F.relu(self.conv1(image), inplace=True), 3, 2)
        for number, fire in enumerate(self.fires, start=2):
            x = fire(x)
            if f"fire{number}" in self.channels:
                maps[f"fire{number}"] = x
            if number in (3, 5):
                x = F.max_pool2d(x, 3, 2)
        return maps


class _Fire(nn.Module):
    def __init__(self, weights: dict[str, npt.NDArray[np.float32]], name: str) -> None:
        super().__init__()
        self.squeeze = _conv(weights, f"{name}|squeeze1x1")
        self.expand1 = _conv(weights, f"{name}|expand1x1")
        self.expand3 = _conv(weights, f"{name}|expand3x3", padding=1)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.squeeze(x), inplace=True)
        return F.relu(torch.cat([self.expand1(x), self.expand3(x)], 1), inplace=True)


def _conv(
    weights: dict[str, npt.NDArray[np.float32]], name: str, stride: int = 1, padding: int = 0
) -> nn.Conv2d:
    kernel = torch.from_numpy(weights[f"{name}|kernel"].transpose(3, 2, 0, 1).copy())
    conv = nn.Conv2d(kernel.shape[1], kernel.shape[0], kernel.shape[2], stride, padding)
    conv.weight.data = kernel
    assert conv.bias is not None
    conv.bias.data = torch.from_numpy(weights[f"{name}|bias"].copy())
    return conv


def load_squeezenet(path: Path) -> SqueezeNet:
    """Read the Keras weights (`layer|name` keys, kernels HWIO) of an `.npz` file.

    Raises:
        WeightsError: the file is missing, no npz, or lacks a layer.
    """
    try:
        with np.load(path, allow_pickle=False) as archive:
            arrays = {_short_key(key): np.asarray(archive[key], np.float32) for key in archive.files}
        return SqueezeNet(arrays)
    except FileNotFoundError as error:
        raise WeightsError(
            f"no SqueezeNet weights at {path}", "give the path of squeezenet1_1_imagenet_notop.npz"
        ) from error
    except (ValueError, OSError, KeyError) as error:
        raise WeightsError(
            f"SqueezeNet weights {path} are damaged: {error}", "copy the file again"
        ) from error


def _short_key(key: str) -> str:
    """`fire2|expand1x1|fire2|expand1x1_3|bias:0` to `fire2|expand1x1|bias`, `conv1|conv1_3|bias:0` to `conv1|bias`."""
    parts = key.split("|")
    kind = parts[-1].split(":")[0]
    return f"conv1|{kind}" if parts[0] == "conv1" else f"{parts[0]}|{parts[1]}|{kind}"
