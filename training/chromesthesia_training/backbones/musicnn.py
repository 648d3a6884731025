"""MusiCNN (Pons and Serra 2019) in torch, with the published weights trained on the tags of the Million Song Dataset.

A front end that listens for timbre (7 frames x 38 or 67 bands) and for time (128, 64 or 32 frames of one band), three
layers along time, the greatest and the mean of all of it, one dense layer of 200 that is used as the embedding.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from chromesthesia.core.records import Float32
from chromesthesia_training.errors import DataError

RATE_HZ = 16_000
FFT, HOP, MELS = 512, 256, 96
PATCH_FRAMES = 187
"""Frames of 3 s."""
TIMBRE_BANDS, TIMBRE_CHANNELS = (38, 67), 204
TIME_FRAMES, TIME_CHANNELS = (128, 64, 32), 51
MIDDLE = 64
POOLED = 2 * (2 * TIMBRE_CHANNELS + 3 * TIME_CHANNELS + 3 * MIDDLE)
EMBEDDING = 200
TAGS = (
    "rock", "pop", "alternative", "indie", "electronic", "female vocalists", "dance", "00s", "alternative rock",
    "jazz", "beautiful", "metal", "chillout", "male vocalists", "classic rock", "soul", "indie rock", "Mellow",
    "electronica", "80s", "folk", "90s", "chill", "instrumental", "punk", "oldies", "blues", "hard rock", "ambient",
    "acoustic", "experimental", "female vocalist", "guitar", "Hip-Hop", "70s", "party", "country", "easy listening",
    "sexy", "catchy", "funk", "electro", "heavy metal", "Progressive rock", "60s", "rnb", "indie pop", "sad",
    "House", "happy",
)  # fmt: skip


class Affine(nn.Module):
    """Batch norm as it is stored, folded: times a scale, plus an offset, by channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.scale = nn.Parameter(torch.ones(channels))
        self.offset = nn.Parameter(torch.zeros(channels))

    def forward(self, inputs: Tensor) -> Tensor:
        shape = (1, -1, *(1,) * (inputs.ndim - 2))
        return inputs * self.scale.view(shape) + self.offset.view(shape)


class Musicnn(nn.Module):
    """Log-mel [B, 187, 96] -> tags [B, 50]; `embed` gives what lies before."""

    def __init__(self) -> None:
        super().__init__()
        self.input_norm = Affine(1)
        self.timbre = nn.ModuleList(nn.Conv2d(1, TIMBRE_CHANNELS, (7, bands)) for bands in TIMBRE_BANDS)
        self.timbre_norm = nn.ModuleList(Affine(TIMBRE_CHANNELS) for _ in TIMBRE_BANDS)
        self.time = nn.ModuleList(nn.Conv2d(1, TIME_CHANNELS, (frames, 1)) for frames in TIME_FRAMES)
        self.time_norm = nn.ModuleList(Affine(TIME_CHANNELS) for _ in TIME_FRAMES)
        front = POOLED // 2 - 3 * MIDDLE
        self.middle = nn.ModuleList(
            nn.Conv1d(width, MIDDLE, 7, padding=3) for width in (front, MIDDLE, MIDDLE)
        )
        self.middle_norm = nn.ModuleList(Affine(MIDDLE) for _ in range(3))
        self.pooled_norm = Affine(POOLED)
        self.dense = nn.Linear(POOLED, EMBEDDING)
        self.dense_norm = Affine(EMBEDDING)
        self.classifier = nn.Linear(EMBEDDING, len(TAGS))

    def pool(self, log_mel: Tensor) -> Tensor:
        """Greatest and mean over time of every channel, one after the other: [B, 1506]."""
        heard = self.input_norm(log_mel[:, None])
        found = []
        for conv, norm in zip((*self.timbre, *self.time), (*self.timbre_norm, *self.time_norm), strict=True):
            found.append(norm(functional.relu(_convolve(conv, heard))).amax(dim=3))
        front = torch.cat(found, dim=1)
        layers, hidden = [front], front
        for number, (conv, norm) in enumerate(zip(self.middle, self.middle_norm, strict=True)):
            made = norm(functional.relu(conv(hidden)))
            hidden = made if number == 0 else hidden + made
            layers.append(hidden)
        every = torch.cat(layers, dim=1)
        return torch.stack([every.amax(dim=2), every.mean(dim=2)], dim=2).flatten(1)

    def embed(self, log_mel: Tensor) -> tuple[Tensor, Tensor]:
        """Pooled activations [B, 1506] and the embedding [B, 200]."""
        pooled = self.pool(log_mel)
        return pooled, functional.relu(self.dense(self.pooled_norm(pooled)))

    def forward(self, log_mel: Tensor) -> Tensor:
        return torch.sigmoid(self.classifier(self.dense_norm(self.embed(log_mel)[1])))


def _convolve(conv: nn.Module, inputs: Tensor) -> Tensor:
    """The convolution with as many frames as before, filled with zeros as TensorFlow's SAME does."""
    assert isinstance(conv, nn.Conv2d)
    before = (conv.kernel_size[0] - 1) // 2
    return torch.as_tensor(conv(functional.pad(inputs, (0, 0, before, conv.kernel_size[0] - 1 - before))))


def read_weights(path: Path) -> dict[str, NDArray[np.generic]]:
    """Arrays of the published file, named as in the graph. Raises DataError when it is missing or damaged."""
    try:
        with np.load(path, allow_pickle=False) as stored:
            return {name.replace("|", "/"): np.asarray(stored[name]) for name in stored.files}
    except FileNotFoundError as error:
        raise DataError(f"there is no {path}", "put the weights of MusiCNN there", "missing") from error
    except (OSError, ValueError, KeyError, EOFError) as error:
        raise DataError(f"the weights {path} are damaged: {error}", "copy them again", "corrupt") from error


def load_musicnn(path: Path) -> Musicnn:
    """The network with the weights of `musicnn_msd.npz`. Raises DataError naming a tensor that does not fit."""
    net = Musicnn()
    weights = read_weights(path)
    with torch.no_grad():
        for parameter, name, turn in parameter_places(net):
            if name not in weights:
                raise DataError(
                    f"{path} has no tensor {name}", "give the published musicnn_msd.npz", "layout"
                )
            values = weights[name].transpose(turn) if turn else weights[name]
            if parameter.ndim == values.ndim - 1 and values.shape[-1] == 1:
                values = values[..., 0]
            if tuple(values.shape) != tuple(parameter.shape):
                raise DataError(
                    f"{path}: {name} is of shape {weights[name].shape}, which does not fit {tuple(parameter.shape)}",
                    "give the published musicnn_msd.npz",
                    "layout",
                )
            parameter.copy_(torch.from_numpy(np.array(values, np.float32)))
    return net.eval()


HWIO_TO_OIHW = (3, 2, 0, 1)
ALONG_TIME = (3, 1, 0, 2)
"""Kernels [frames, channels, 1, out] of the layers along time, to [out, channels, frames, 1]."""


def parameter_places(net: Musicnn) -> list[tuple[Tensor, str, tuple[int, ...] | None]]:
    """Every parameter with the name of its tensor and how its axes are turned."""
    found: list[tuple[Tensor, str, tuple[int, ...] | None]] = []

    def affine(norm: nn.Module, number: int) -> None:
        assert isinstance(norm, Affine)
        part = f"model/batch_normalization{f'_{number}' if number else ''}/FusedBatchNorm"
        found.extend([(norm.scale, f"{part}/Scaled", None), (norm.offset, f"{part}/Offset", None)])

    affine(net.input_norm, 0)
    convolutions = [*net.timbre, *net.time, *net.middle]
    norms = [*net.timbre_norm, *net.time_norm, *net.middle_norm]
    for number, (conv, norm) in enumerate(zip(convolutions, norms, strict=True)):
        assert isinstance(conv, nn.Conv1d | nn.Conv2d)
        assert conv.bias is not None
        name = f"conv2d{f'_{number}' if number else ''}"
        turn = HWIO_TO_OIHW if isinstance(conv, nn.Conv2d) else ALONG_TIME
        found.extend([(conv.weight, f"{name}/kernel", turn), (conv.bias, f"{name}/bias", None)])
        affine(norm, number + 1)
    for norm, linear, number, name in (
        (net.pooled_norm, net.dense, 9, "dense"),
        (net.dense_norm, net.classifier, 10, "dense_1"),
    ):
        part = f"model/batch_normalization_{number}/batchnorm"
        found.extend([(norm.scale, f"{part}/mul", None), (norm.offset, f"{part}/sub", None)])
        found.extend([(linear.weight, f"{name}/kernel", (1, 0)), (linear.bias, f"{name}/bias", None)])
    return found


def musicnn_patches(samples: Float32) -> Float32:
    """Log-mel as MusiCNN was trained on, a patch for every 3 s: float32 [n] at 16 kHz -> float32 [patches, 187, 96]."""
    import librosa

    count = max(1, len(samples) // (3 * RATE_HZ))
    samples = np.pad(samples, (0, max(0, 3 * RATE_HZ - len(samples))))
    power = librosa.feature.melspectrogram(y=samples, sr=RATE_HZ, n_fft=FFT, hop_length=HOP, n_mels=MELS)
    log_mel = np.log10(1.0 + 10_000.0 * power.T).astype(np.float32)
    starts = [round(number * 3 * RATE_HZ / HOP) for number in range(count)]
    return np.stack([log_mel[start : start + PATCH_FRAMES] for start in starts])
