"""The encoder: pieces equal the whole, the future is not heard, ONNX equals torch."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from chromesthesia.core.records import ENCODER_HOPS
from chromesthesia_training.backbones.yamnet import load_yamnet
from chromesthesia_training.encoder import export
from chromesthesia_training.encoder import model as network
from chromesthesia_training.encoder.export import (
    StreamedEncoder,
    TrainedEncoder,
    export_onnx,
    load_trained,
    state_names,
)
from chromesthesia_training.encoder.model import EncoderSizes, Reading, StreamingEncoder
from chromesthesia_training.encoder.pretrained import begin_with_yamnet
from chromesthesia_training.errors import TrainingError
from chromesthesia_training.metrics.model_size import parameter_count

SMALL = EncoderSizes(widths=(4, 4, 8, 8, 8, 8, 16))
MakeModel = Callable[..., StreamingEncoder]


def mel(batch: int, hops: int, seed: int = 1) -> torch.Tensor:
    return torch.randn(batch, hops, 64, generator=torch.Generator().manual_seed(seed)) * 3.0 - 8.0


def streamed(model: StreamingEncoder, log_mel: torch.Tensor, pieces: list[int]) -> Reading:
    """Whole-sequence code on pieces of the given numbers of steps."""
    state, readings, at = model.initial_state(log_mel.shape[0]), [], 0
    for steps in pieces:
        reading, state = model(log_mel[:, at : at + steps * ENCODER_HOPS], state)
        readings.append(reading)
        at += steps * ENCODER_HOPS
    return Reading(*(torch.cat(parts, dim=1) for parts in zip(*readings, strict=True)))


@pytest.mark.parametrize("pieces", [[1] * 20, [7, 1, 10, 2], [19, 1]])
@torch.no_grad()
def test_pieces_equal_the_whole(pieces: list[int], lively: MakeModel) -> None:
    model = lively(EncoderSizes())
    whole, _ = model(mel(2, 160))
    for wanted, found in zip(whole, streamed(model, mel(2, 160), pieces), strict=True):
        torch.testing.assert_close(found, wanted, atol=1e-5, rtol=0.0)


@torch.no_grad()
def test_steps_equal_the_whole_beyond_one_chunk_of_sums(
    lively: MakeModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(network, "SUM_STEPS", 7)
    whole, last = lively(SMALL)(mel(1, 160))
    model, state = lively(SMALL), lively(SMALL).initial_state()
    for at in range(0, 160, ENCODER_HOPS):
        reading, state = model(mel(1, 160)[:, at : at + ENCODER_HOPS], state)
    torch.testing.assert_close(reading.logits[:, 0], whole.logits[:, -1], atol=1e-5, rtol=0.0)
    for wanted, held in zip(last, state, strict=True):
        torch.testing.assert_close(held, wanted, atol=1e-4, rtol=1e-4)


@torch.no_grad()
def test_the_future_is_not_heard(lively: MakeModel) -> None:
    model = lively(SMALL)
    changed = mel(1, 80).clone()
    changed[:, 40:] += 5.0
    before, after = model(mel(1, 80))[0], model(changed)[0]
    torch.testing.assert_close(after.logits[:, :5], before.logits[:, :5])
    assert not torch.allclose(after.logits[:, 5], before.logits[:, 5])


@torch.no_grad()
def test_gain_changes_nothing(lively: MakeModel) -> None:
    model = lively(SMALL)
    quieter, as_it_was = model(mel(1, 160) - 4.6)[0], model(mel(1, 160))[0]
    torch.testing.assert_close(quieter.logits, as_it_was.logits, atol=1e-4, rtol=0.0)


@torch.no_grad()
def test_a_pause_hardly_moves_the_statistics(lively: MakeModel) -> None:
    model = lively(SMALL)
    sound = mel(1, 160)
    _, state = model(sound)
    pause, _ = model.statistics(mel(1, 40, seed=2) - 12.0, state)
    louder, _ = model.statistics(mel(1, 40, seed=2) + 1.0, state)
    before = model.statistics(sound)[0][:, -1]
    assert (pause[:, -1] - before).norm() < 0.1 * (louder[:, -1] - before).norm()


def test_the_shipped_size_is_less_than_a_million() -> None:
    model = StreamingEncoder()
    assert 600_000 < parameter_count(model) < 1_000_000
    assert model.state_shapes()[0] == (1, 3)
    assert model.state_shapes()[-1] == (1, 2 * 256 * 4 + 512 * 4)


@pytest.mark.shared_data
def test_layers_begin_with_those_of_yamnet(shared_dir: Path) -> None:
    """The middle layer of a sound equals YAMNet's own, but for the frames at its edges, a look-ahead later."""
    weights = shared_dir / "data/weights/yamnet.tflite"
    model = StreamingEncoder()
    begin_with_yamnet(model, weights)
    yamnet = load_yamnet(weights)
    spectrum = torch.randn(1, 1, 160, 64, generator=torch.Generator().manual_seed(5)) - 1.0
    with torch.no_grad():
        wanted = yamnet(spectrum, (1,))[1]
        found, _ = model.first(spectrum, torch.zeros(1, *model.first.state_shape))
    # YAMNet pads behind: its frame t sees hops 2t to 2t + 2, ours 2t - 1 to 2t + 1
    shifted, _ = model.first(spectrum[:, :, 1:], torch.zeros(1, *model.first.state_shape))
    assert not torch.allclose(found[:, :, 5:40], wanted[:, :, 5:40], atol=1e-3)
    torch.testing.assert_close(shifted[:, :, 5:40], wanted[:, :, 5:40], atol=1e-4, rtol=1e-4)


@pytest.mark.shared_data
def test_other_widths_do_not_take_yamnets_layers(shared_dir: Path) -> None:
    with pytest.raises(ValueError, match="widths: expected"):
        begin_with_yamnet(StreamingEncoder(SMALL), shared_dir / "data/weights/yamnet.tflite")


def test_onnx_streamed_equals_torch_offline(exported: tuple[TrainedEncoder, Path]) -> None:
    trained, path = exported
    log_mel = mel(1, 200, seed=4)
    answers = StreamedEncoder(path).run(log_mel[0].numpy())
    with torch.no_grad():
        reading, _ = trained.model(log_mel)
    probabilities = torch.softmax(reading.logits[0] / trained.temperature, dim=-1).numpy()
    np.testing.assert_allclose(answers["probabilities"], probabilities, atol=1e-4)
    np.testing.assert_allclose(answers["valence"], reading.valence_arousal[0, :, 0].numpy(), atol=1e-4)
    np.testing.assert_allclose(answers["arousal"], reading.valence_arousal[0, :, 1].numpy(), atol=1e-4)
    np.testing.assert_allclose(answers["embedding"], reading.embedding[0].numpy(), atol=1e-4)
    np.testing.assert_allclose(answers["confidence"], (probabilities.max(axis=1) - 1 / 3) * 1.5, atol=1e-4)


def test_the_file_does_not_tell_where_it_was_made(exported: tuple[TrainedEncoder, Path]) -> None:
    content = exported[1].read_bytes()
    assert b".py" not in content
    assert str(Path.cwd()).encode() not in content


def test_onnx_has_the_agreed_tensors(exported: tuple[TrainedEncoder, Path]) -> None:
    trained, path = exported
    session = StreamedEncoder(path).session
    states, next_states = state_names(trained.model)
    shapes = {item.name: tuple(item.shape) for item in (*session.get_inputs(), *session.get_outputs())}
    assert [item.name for item in session.get_inputs()] == ["log_mel", *states]
    assert [item.name for item in session.get_outputs()][5:] == next_states
    assert shapes["log_mel"] == (1, ENCODER_HOPS, 64)
    assert (shapes["valence"], shapes["probabilities"], shapes["embedding"]) == ((1,), (1, 3), (1, 128))
    assert all(shapes[state] == shapes[f"next_{state}"] for state in states)
    assert not list(path.parent.glob("*.part"))


def test_an_export_that_differs_keeps_the_earlier_file(
    exported: tuple[TrainedEncoder, Path],
    lively: MakeModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trained, onnx_of_another = exported
    other = TrainedEncoder(lively(trained.model.sizes, seed=9), temperature=1.0, step=5)
    out = tmp_path / "encoder.onnx"
    out.write_bytes(b"earlier")
    monkeypatch.setattr(export, "_onnx_bytes", lambda step: onnx_of_another.read_bytes())
    with pytest.raises(TrainingError, match="differs from torch by"):
        export_onnx(other, out)
    assert out.read_bytes() == b"earlier"
    assert [path.name for path in tmp_path.iterdir()] == ["encoder.onnx"]


def test_a_missing_or_damaged_checkpoint_is_a_clear_error(tmp_path: Path) -> None:
    with pytest.raises(TrainingError, match="there is no checkpoint"):
        load_trained(tmp_path)
    for name in ("best.pt", "checkpoints/best.ckpt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"PK\x03\x04 not a checkpoint")
        with pytest.raises(TrainingError, match=rf"{name} is damaged"):
            load_trained(tmp_path)
