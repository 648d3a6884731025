"""Adapter for EnCodec at 24 kHz (Defossez et al. 2022): for who has the published file, which is not shipped.

Layout of `encodec_24khz-d7cc33bc.th`, a plain state dict: convolutions `encoder.model.<n>.conv.conv.weight_g`,
`.weight_v`, `.bias` (weight norm), residual blocks `encoder.model.<n>.block.1`, `.block.3`, `.shortcut`, an LSTM
`encoder.model.13.lstm`, the same mirrored under `decoder.model` with `convtr.convtr`, and the code books
`quantizer.vq.layers.<n>._codebook.embed` [entries, width]. Sizes are read from the file itself.
"""

from __future__ import annotations

import math
import pickle
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from chromesthesia_training.errors import DataError

Made = TypeVar("Made")
FILE_NAME = "encodec_24khz-d7cc33bc.th"
WHERE = "https://dl.fbaipublicfiles.com/encodec/v0/encodec_24khz-d7cc33bc.th"
RATE_HZ, HOP = 24_000, 320
STRIDES = (2, 4, 5, 8)
BLOCKS_AT, DOWN_AT = (1, 4, 7, 10), (3, 6, 9, 12)
LSTM_AT, LAST_AT = 13, 15
UP_AT, BACK_BLOCKS_AT = (3, 6, 9, 12), (4, 7, 10, 13)


class Encodec:
    """Sound at 24 kHz to codes at 75 frames a second, and back. Holds plain tensors; nothing is trained."""

    def __init__(self, weights: Mapping[str, Tensor], where: Path) -> None:
        self.weights = weights
        self.where = where
        self.books: list[Tensor] = []
        while (name := f"quantizer.vq.layers.{len(self.books)}._codebook.embed") in weights:
            self.books.append(weights[name])
        if not self.books:
            raise _lacks(where, "quantizer.vq.layers.0._codebook.embed")
        self._lstm = {side: self._read_lstm(side, at) for side, at in (("encoder", LSTM_AT), ("decoder", 1))}
        self.decode(self.encode(torch.zeros(1, HOP * 2)))  # names what is missing or does not fit, now

    @torch.inference_mode()
    def frames(self, samples: Tensor) -> Tensor:
        """Sound [B, n] to frames [B, width, ceil(n / 320)]."""
        hidden = self._conv("encoder.model.0", samples[:, None])
        for block, down, stride in zip(BLOCKS_AT, DOWN_AT, STRIDES, strict=True):
            hidden = self._block(f"encoder.model.{block}", hidden)
            hidden = self._conv(f"encoder.model.{down}", functional.elu(hidden), stride)
        hidden = self._recur("encoder", hidden)
        return self._conv(f"encoder.model.{LAST_AT}", functional.elu(hidden))

    @torch.inference_mode()
    def encode(self, samples: Tensor) -> Tensor:
        """Sound [B, n] to codes int64 [B, books, frames]: each book describes what those before it have left."""
        rest = self.frames(samples).transpose(1, 2)
        codes = []
        for book in self.books:
            code = torch.cdist(rest, book[None].expand(len(rest), -1, -1)).argmin(dim=2)
            rest = rest - book[code]
            codes.append(code)
        return torch.stack(codes, dim=1)

    @torch.inference_mode()
    def decode(self, codes: Tensor) -> Tensor:
        """Codes [B, books, frames] to sound [B, frames * 320]; fewer books give a rougher sound."""
        given = torch.zeros((len(codes), codes.shape[2], self.books[0].shape[1]))
        for number, book in enumerate(self.books[: codes.shape[1]]):
            given = given + book[codes[:, number]]
        hidden = self._recur("decoder", self._conv("decoder.model.0", given.transpose(1, 2)))
        for up, block, stride in zip(UP_AT, BACK_BLOCKS_AT, reversed(STRIDES), strict=True):
            hidden = self._up(f"decoder.model.{up}", functional.elu(hidden), stride)
            hidden = self._block(f"decoder.model.{block}", hidden)
        return self._conv("decoder.model.15", functional.elu(hidden))[:, 0]

    def _block(self, name: str, given: Tensor) -> Tensor:
        hidden = self._conv(f"{name}.block.1", functional.elu(given))
        hidden = self._conv(f"{name}.block.3", functional.elu(hidden))
        return self._conv(f"{name}.shortcut", given) + hidden

    def _conv(self, name: str, given: Tensor, stride: int = 1) -> Tensor:
        """Causal: what is padded is before, mirrored; at the end only what fills the last frame."""
        weight, bias = self._weight(f"{name}.conv.conv"), self._get(f"{name}.conv.conv.bias")
        before = weight.shape[2] - stride
        count = math.ceil((given.shape[2] - weight.shape[2] + before) / stride + 1)
        after = (count - 1) * stride + weight.shape[2] - before - given.shape[2]
        return self._fitting(
            name, lambda: functional.conv1d(_mirrored(given, before, after), weight, bias, stride)
        )

    def _up(self, name: str, given: Tensor, stride: int) -> Tensor:
        weight, bias = self._weight(f"{name}.convtr.convtr"), self._get(f"{name}.convtr.convtr.bias")
        made = self._fitting(name, lambda: functional.conv_transpose1d(given, weight, bias, stride))
        return made[:, :, : made.shape[2] - (weight.shape[2] - stride)]

    def _recur(self, side: str, given: Tensor) -> Tensor:
        sequence = given.permute(2, 0, 1)
        told, _ = self._lstm[side](sequence)
        return torch.as_tensor(told + sequence).permute(1, 2, 0)

    def _read_lstm(self, side: str, at: int) -> nn.LSTM:
        name = f"{side}.model.{at}.lstm"
        width = int(self._get(f"{name}.weight_hh_l0").shape[1])
        lstm: nn.LSTM = nn.LSTM(width, width, 2)
        state = {key: self._get(f"{name}.{key}") for key in lstm.state_dict()}
        self._fitting(name, lambda: lstm.load_state_dict(state))
        lstm.eval()
        return lstm

    def _weight(self, name: str) -> Tensor:
        """Weight norm: a direction and a length for each first index."""
        way, length = self._get(f"{name}.weight_v"), self._get(f"{name}.weight_g")
        made: Tensor = self._fitting(name, lambda: way * (length / way.flatten(1).norm(dim=1)[:, None, None]))
        return made

    def _get(self, name: str) -> Tensor:
        if name not in self.weights:
            raise _lacks(self.where, name)
        return self.weights[name]

    def _fitting(self, name: str, compute: Callable[[], Made]) -> Made:
        try:
            return compute()
        except RuntimeError as error:
            raise DataError(
                f"{self.where}: {name} does not fit the layer before: {str(error).splitlines()[0]}",
                f"give {FILE_NAME} as published",
                "layout",
            ) from error


def _mirrored(given: Tensor, before: int, after: int) -> Tensor:
    """Mirrored at both ends; a sound too short for it gets silence behind, for the time of the mirroring."""
    short = max(0, max(before, after) + 1 - given.shape[2])
    padded = functional.pad(functional.pad(given, (0, short)), (before, after), mode="reflect")
    return padded[:, :, : padded.shape[2] - short]


def _lacks(where: Path, name: str) -> DataError:
    return DataError(f"{where} lacks {name}", f"give {FILE_NAME} as published", "layout")


def load_encodec(path: Path) -> Encodec:
    """Read a file of that layout. Raises DataError when it is missing (saying where to get it), no state dict of plain
    tensors, or lacks a tensor or has one of a shape that does not fit, which is named."""
    return Encodec(read_state(path, FILE_NAME, WHERE), path)


def encodec_file(folder: Path) -> Path:
    """The file in a folder of weights. Raises DataError naming it where there is none."""
    path = folder / FILE_NAME
    if not path.is_file():
        raise DataError(f"there is no {path}", f"put {FILE_NAME} of {WHERE} there", "missing")
    return path


def read_state(path: Path, file_name: str, where: str) -> Mapping[str, Tensor]:
    """A torch file of plain tensors by name. Raises DataError as `load_encodec`."""
    if not path.is_file():
        raise DataError(f"there is no {path}", f"put {file_name} of {where} there", "missing")
    try:
        content: Any = torch.load(path, map_location="cpu", weights_only=True)
    except (RuntimeError, OSError, EOFError, ValueError, KeyError, pickle.UnpicklingError) as error:
        said = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise DataError(
            f"{path} is no file of plain tensors: {said}", f"give {file_name} as published", "corrupt"
        ) from error
    if not isinstance(content, Mapping) or not all(isinstance(value, Tensor) for value in content.values()):
        raise DataError(f"{path} holds no tensors by name", f"give {file_name} as published", "layout")
    return content
