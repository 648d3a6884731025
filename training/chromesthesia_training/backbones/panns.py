"""Adapter for CNN14 of PANNs (Kong et al. 2020): for who has the published file, which is not shipped.

Layout of `Cnn14_mAP=0.431.pth`: a checkpoint whose `model` holds `spectrogram_extractor.stft.conv_real.weight` and
`conv_imag.weight` [513, 1, 1024], `logmel_extractor.melW` [513, 64], `bn0`, six `conv_block<n>` of `conv1`, `conv2`,
`bn1`, `bn2`, `fc1` [2048, 2048] and `fc_audioset` [527, 2048]. Sizes are read from the file itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from chromesthesia.core.records import Float32
from chromesthesia_training.errors import DataError

FILE_NAME = "Cnn14_mAP=0.431.pth"
WHERE = "https://zenodo.org/records/3987831"
RATE_HZ, HOP = 32_000, 320
BLOCKS = 6
LEAST_POWER = 1e-10
STFT_REAL = "spectrogram_extractor.stft.conv_real.weight"
STFT_IMAGINARY = "spectrogram_extractor.stft.conv_imag.weight"
MEL = "logmel_extractor.melW"
FIRST_NEEDED = (
    STFT_REAL,
    STFT_IMAGINARY,
    MEL,
    "bn0.weight",
    *(f"conv_block{number}.conv1.weight" for number in range(1, BLOCKS + 1)),
    "fc1.weight",
)
NOT_READ = ("fc_audioset.",)


class _Block(nn.Module):
    def __init__(self, narrow: int, wide: int, pool: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(narrow, wide, 3, padding=1, bias=False)
        self.conv2 = nn.Conv2d(wide, wide, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(wide)
        self.bn2 = nn.BatchNorm2d(wide)
        self.pool = pool

    def forward(self, inputs: Tensor) -> Tensor:
        hidden = functional.relu(self.bn1(self.conv1(inputs)))
        hidden = functional.relu(self.bn2(self.conv2(hidden)))
        return functional.avg_pool2d(hidden, self.pool) if self.pool > 1 else hidden


class Cnn14(nn.Module):
    """Sound [B, n] at 32 kHz -> embedding [B, 2048]; its own spectrum and mel filters come from the file."""

    def __init__(self, window: int, bins: int, mels: int, widths: tuple[int, ...], embedding: int) -> None:
        super().__init__()
        self.window = window
        self.real = nn.Conv1d(1, bins, window, stride=HOP, bias=False)
        self.imaginary = nn.Conv1d(1, bins, window, stride=HOP, bias=False)
        self.mel = nn.Parameter(torch.zeros(bins, mels))
        self.bn0 = nn.BatchNorm2d(mels)
        narrow = 1
        for number, wide in enumerate(widths, start=1):
            self.add_module(f"conv_block{number}", _Block(narrow, wide, 2 if number < len(widths) else 1))
            narrow = wide
        self.blocks = len(widths)
        self.fc1 = nn.Linear(narrow, embedding)

    @property
    def least_samples(self) -> int:
        """The shortest sound that leaves a frame after the pooling."""
        return int(HOP * 2 ** (self.blocks - 1))

    def forward(self, samples: Tensor) -> Tensor:
        half = self.window // 2
        sound = functional.pad(samples[:, None], (half, half), mode="reflect")
        power = self.real(sound) ** 2 + self.imaginary(sound) ** 2
        log_mel = 10.0 * torch.log10((power.transpose(1, 2) @ self.mel).clamp_min(LEAST_POWER))
        hidden = self.bn0(log_mel.transpose(1, 2)[:, :, :, None]).permute(0, 3, 2, 1)
        for number in range(1, self.blocks + 1):
            hidden = self.get_submodule(f"conv_block{number}")(hidden)
        over_bands = hidden.mean(dim=3)
        return functional.relu(self.fc1(over_bands.amax(dim=2) + over_bands.mean(dim=2)))


def load_cnn14(path: Path) -> Cnn14:
    """The network with the weights of a file of that layout.

    Raises DataError when the file is missing (saying where to get it), no torch checkpoint of plain tensors, or lacks
    a tensor or has one of a shape that does not fit, which is named.
    """
    weights = _read(path)
    missing = [name for name in FIRST_NEEDED if name not in weights]
    if missing:
        raise DataError(
            f"{path} lacks {', '.join(missing[:4])}{' and more' if len(missing) > 4 else ''}",
            f"give {FILE_NAME} as published",
            "layout",
        )
    widths = tuple(
        int(weights[f"conv_block{number}.conv1.weight"].shape[0]) for number in range(1, BLOCKS + 1)
    )
    bins, _, window = weights[STFT_REAL].shape
    net = Cnn14(window, bins, int(weights[MEL].shape[1]), widths, int(weights["fc1.weight"].shape[0]))
    renamed = {STFT_REAL: "real.weight", STFT_IMAGINARY: "imaginary.weight", MEL: "mel"}
    given = {
        renamed.get(name, name): value for name, value in weights.items() if not name.startswith(NOT_READ)
    }
    own = net.state_dict()
    for name, value in own.items():
        if name.endswith("num_batches_tracked"):
            given.setdefault(name, value)
        if name not in given:
            raise DataError(f"{path} lacks {name}", f"give {FILE_NAME} as published", "layout")
        if tuple(given[name].shape) != tuple(value.shape):
            raise DataError(
                f"{path}: {name} is of shape {tuple(given[name].shape)}, expected {tuple(value.shape)}",
                f"give {FILE_NAME} as published",
                "layout",
            )
    net.load_state_dict({name: given[name] for name in own})
    return net.eval()


def _read(path: Path) -> Mapping[str, Tensor]:
    if not path.is_file():
        raise DataError(f"there is no {path}", f"put {FILE_NAME} of {WHERE} there", "missing")
    try:
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for a damaged or a pickled file
        raise DataError(
            f"{path} is no checkpoint of plain tensors: {str(error).splitlines()[0] if str(error) else error!r}",
            f"give {FILE_NAME} as published",
            "corrupt",
        ) from error
    weights = content.get("model") if isinstance(content, Mapping) else None
    if not isinstance(weights, Mapping) or not all(isinstance(value, Tensor) for value in weights.values()):
        raise DataError(f"{path} holds no `model` of tensors", f"give {FILE_NAME} as published", "layout")
    return cast(Mapping[str, Tensor], weights)


@torch.inference_mode()
def embed_chunks(net: Cnn14, samples: Float32) -> Float32:
    """Embedding of every whole 3 s of a sound, float32 [n] at 32 kHz; one for a shorter one: float32 [chunks, 2048]."""
    length = 3 * RATE_HZ
    count = max(1, len(samples) // length)
    samples = np.pad(samples, (0, max(0, count * length - len(samples))))
    chunks = torch.from_numpy(np.ascontiguousarray(samples[: count * length].reshape(count, length)))
    return np.concatenate([net(part).numpy() for part in torch.split(chunks, 4)])
