"""YAMNet (Plakal and Ellis 2019; MobileNet v1 on AudioSet) in torch, with its published weights."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from chromesthesia.core.records import Float32
from chromesthesia_training.backbones.tflite import read_constants
from chromesthesia_training.errors import DataError

WEIGHTS_FILE = Path("weights/yamnet.tflite")
"""Where the weights lie in the data folder."""
RATE_HZ = 16_000
WINDOW, HOP, FFT, MELS = 400, 160, 512, 64
LOW_HZ, HIGH_HZ, LOG_OFFSET = 125.0, 7_500.0, 1e-3
# (channels, stride) of the separable layers 2 to 14
LAYERS = (
    (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1), (512, 1), (512, 1), (512, 1), (512, 1),
    (1024, 2), (1024, 1),
)  # fmt: skip
CLASSES = 521


class SamePad(nn.Module):
    """TensorFlow's SAME padding of a 3 x 3 kernel: one on both sides at stride 1, behind only at stride 2."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride

    def forward(self, inputs: Tensor) -> Tensor:
        if self.stride == 1:
            return functional.pad(inputs, (1, 1, 1, 1))
        odd_h, odd_w = inputs.shape[2] % 2, inputs.shape[3] % 2
        return functional.pad(inputs, (odd_w, 1, odd_h, 1))


class Yamnet(nn.Module):
    """Log-mel [B, 1, frames, 64] -> activations of chosen layers; `classify` gives the 521 AudioSet scores."""

    def __init__(self) -> None:
        super().__init__()
        layers: list[nn.Module] = [
            nn.Sequential(SamePad(2), nn.Conv2d(1, 32, 3, stride=2), nn.ReLU(inplace=True))
        ]
        channels = 32
        for wider, stride in LAYERS:
            layers.append(
                nn.Sequential(
                    SamePad(stride),
                    nn.Conv2d(channels, channels, 3, stride=stride, groups=channels),
                    nn.ReLU(inplace=True),
                    nn.Conv2d(channels, wider, 1),
                    nn.ReLU(inplace=True),
                )
            )
            channels = wider
        self.layers = nn.ModuleList(layers)
        self.classifier = nn.Linear(channels, CLASSES)

    def forward(self, log_mel: Tensor, wanted: tuple[int, ...] = (14,)) -> dict[int, Tensor]:
        """Activations [B, C, frames', bands'] of the layers `wanted`, numbered from 1 as published."""
        kept = {}
        hidden = log_mel
        for number, layer in enumerate(self.layers, start=1):
            hidden = layer(hidden)
            if number in wanted:
                kept[number] = hidden
            if number == max(wanted):
                break
        return kept

    def classify(self, log_mel: Tensor) -> Tensor:
        """Scores in 0..1: [B, 521]."""
        return torch.sigmoid(self.classifier(self(log_mel)[14].mean(dim=(2, 3))))


def load_yamnet(path: Path) -> Yamnet:
    """Network with the weights of `yamnet.tflite`. Raises DataError when the file is not that network."""
    constants = read_constants(path)
    net = Yamnet()
    with torch.no_grad():
        _fill(part_of(net, 1, 1), _find(constants, "layer1/conv/Conv2D"), _find(constants, "layer1/conv/bn/"))
        for number in range(2, 15):
            where = f"layer{number}/"
            depthwise = _find(constants, f"{where}depthwise_conv/", ndim=4).transpose(3, 0, 1, 2)
            bias = _find(constants, f"{where}depthwise_conv/bn/", ndim=1)
            _fill(part_of(net, number, 1), depthwise, bias, given_oihw=True)
            pointwise = _find(constants, f"{where}pointwise_conv/Conv2D")
            _fill(part_of(net, number, 3), pointwise, _find(constants, f"{where}pointwise_conv/bn/", ndim=1))
        net.classifier.weight.copy_(torch.from_numpy(_find(constants, "dense/MatMul")))
        net.classifier.bias.copy_(torch.from_numpy(_find(constants, "dense/BiasAdd")))
    return net.eval()


def part_of(net: Yamnet, number: int, place: int) -> nn.Module:
    """A module of layer `number`, counted from 1."""
    layer = net.layers[number - 1]
    assert isinstance(layer, nn.Sequential)
    return layer[place]


def _find(constants: dict[str, Float32], part: str, ndim: int | None = None) -> Float32:
    for name, values in constants.items():
        if name.startswith(f"yamnet_frames/{part}") and (ndim is None or values.ndim == ndim):
            return values
    raise DataError(f"the weights of YAMNet have no tensor {part}", "give the published yamnet.tflite")


def _fill(conv: nn.Module, weight: Float32, bias: Float32, given_oihw: bool = False) -> None:
    assert isinstance(conv, nn.Conv2d)
    assert conv.bias is not None
    kernel = weight if given_oihw else weight.transpose(0, 3, 1, 2)
    conv.weight.copy_(torch.from_numpy(np.ascontiguousarray(kernel)))
    conv.bias.copy_(torch.from_numpy(np.ascontiguousarray(bias)))


@lru_cache(maxsize=1)
def _filterbank() -> Float32:
    """Triangular filters as `tf.signal.linear_to_mel_weight_matrix` makes them: [257, 64]."""

    def mel(frequency_hz: np.ndarray) -> np.ndarray:
        return np.asarray(1127.0 * np.log1p(frequency_hz / 700.0))

    edges = np.linspace(mel(np.array(LOW_HZ)), mel(np.array(HIGH_HZ)), MELS + 2)
    bins = mel(np.linspace(0.0, RATE_HZ / 2.0, FFT // 2 + 1))[:, None]
    rising = (bins - edges[None, :-2]) / (edges[1:-1] - edges[:-2])
    falling = (edges[None, 2:] - bins) / (edges[2:] - edges[1:-1])
    filters = np.clip(np.minimum(rising, falling), 0.0, None)
    filters[0] = 0.0
    return np.asarray(filters, dtype=np.float32)


def yamnet_log_mel(samples: Float32) -> Float32:
    """Log-mel magnitudes as YAMNet was trained on: float32 [n] at 16 kHz -> float32 [frames, 64].

    Sounds shorter than one window are filled with silence.
    """
    if len(samples) < WINDOW:
        samples = np.pad(samples, (0, WINDOW - len(samples)))
    frames = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
    hann = (0.5 - 0.5 * np.cos(2.0 * np.pi * np.arange(WINDOW) / WINDOW)).astype(np.float32)
    magnitude = np.abs(np.fft.rfft(frames * hann, FFT))
    return np.asarray(np.log(magnitude @ _filterbank() + LOG_OFFSET), dtype=np.float32)
