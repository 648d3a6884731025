"""Clips side by side are heard as each of them alone, whatever their lengths."""

from __future__ import annotations

import numpy as np
import torch

from chromesthesia_training.encoder.model import EncoderSizes, StreamingEncoder
from chromesthesia_training.encoder.whole_clips import SILENCE, clip_batches


def _spectra(lengths: list[int]) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(-8.0, 2.0, (hops, 64)).astype(np.float16) for hops in lengths]


def test_every_clip_comes_once_with_its_steps_and_silence_after_it() -> None:
    spectra = _spectra([100, 5, 40, 23])
    parts = list(clip_batches(spectra, 3))
    assert [part.places for part in parts] == [[1, 3, 2], [0]]
    assert [part.steps for part in parts] == [[1, 2, 5], [12]]
    first = parts[0].log_mel
    assert first.shape == (3, 40, 64)
    np.testing.assert_array_equal(first[0, :5], spectra[1].astype(np.float32))
    assert np.all(first[0, 5:] == np.float32(SILENCE))
    np.testing.assert_array_equal(first[1, :16], spectra[3][:16].astype(np.float32))
    assert np.all(first[1, 16:] == np.float32(SILENCE))


@torch.no_grad()
def test_a_clip_is_answered_alike_alone_and_beside_longer_ones() -> None:
    torch.manual_seed(0)
    model = StreamingEncoder(EncoderSizes(widths=(4, 4, 8, 8, 8, 8, 16))).eval()
    spectra = _spectra([48, 160])
    (beside,) = clip_batches(spectra, 2)
    together, _ = model(beside.log_mel)
    alone, _ = model(torch.from_numpy(spectra[0].astype(np.float32))[None])
    torch.testing.assert_close(together.logits[:1, :6], alone.logits, atol=1e-5, rtol=1e-5)
