"""Statistics held against the room that was heard so far: what a microphone adds is taken away, as time goes on."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from chromesthesia.core.records import ENCODER_HOPS
from chromesthesia_training.encoder.export import StreamedEncoder, TrainedEncoder, export_onnx
from chromesthesia_training.encoder.model import EncoderSizes, StreamingEncoder

ROOM = EncoderSizes(
    widths=(4, 4, 8, 8, 8, 8, 16), memories_s=(0.8, 3.0), unfelt=True, room_s=60.0, room_prior_s=2.0
)
ALONE = EncoderSizes(widths=ROOM.widths, memories_s=ROOM.memories_s, unfelt=True)
MakeModel = Callable[..., StreamingEncoder]


def mel(hops: int, seed: int = 1) -> torch.Tensor:
    """Something that goes on and on and changes all the time: [1, hops, 64]."""
    return torch.randn(1, hops, 64, generator=torch.Generator().manual_seed(seed)) * 3.0 - 8.0


def apart(model: StreamingEncoder, heard: torch.Tensor) -> torch.Tensor:
    """How far statistics lie from the training sounds' mean, in their deviations: [steps, values]."""
    statistics, _ = model.statistics(heard)
    return (statistics[0] - model.statistics_mean) / model.statistics_deviation


@torch.no_grad()
def test_a_room_streamed_is_the_room_heard_at_once(lively: MakeModel) -> None:
    model = lively(ROOM)
    whole, last = model(mel(640))
    state = model.initial_state()
    for at in range(0, 640, ENCODER_HOPS):
        reading, state = model(mel(640)[:, at : at + ENCODER_HOPS], state)
    torch.testing.assert_close(reading.logits[:, 0], whole.logits[:, -1], atol=1e-4, rtol=0.0)
    for wanted, held in zip(last, state, strict=True):
        torch.testing.assert_close(held, wanted, atol=1e-3, rtol=1e-3)


@torch.no_grad()
def test_what_a_room_always_does_is_taken_away_and_what_changes_in_it_stays(lively: MakeModel) -> None:
    model, alone = lively(ROOM), lively(ALONE)
    alone.load_state_dict(model.state_dict())
    microphone = torch.linspace(-3.0, 3.0, 64) ** 2
    heard = mel(4_000) + microphone
    late = slice(300, None)
    away, before = apart(model, heard)[late], apart(alone, heard)[late]
    assert away.mean(dim=0).abs().mean() < 0.4 * before.mean(dim=0).abs().mean()
    assert away.std(dim=0).mean() > 0.5 * before.std(dim=0).mean() > 0.0


@torch.no_grad()
def test_at_the_start_of_a_sound_nothing_is_known_of_the_room(lively: MakeModel) -> None:
    model, alone = lively(ROOM), lively(ALONE)
    alone.load_state_dict(model.state_dict())
    torch.testing.assert_close(
        apart(model, mel(ENCODER_HOPS)), apart(alone, mel(ENCODER_HOPS)), atol=0.05, rtol=0.05
    )


@torch.no_grad()
def test_silence_says_nothing_of_a_room(lively: MakeModel) -> None:
    model = lively(ROOM)
    _, state = model(mel(800))
    _, later = model(torch.full((1, 800, 64), -23.0), state)
    count = len(model.statistics_mean)
    before, after = (one[-1][0, :count] / one[-1][0, -1] for one in (state, later))
    assert float((before - after).abs().max()) < 0.05


def test_encoders_without_a_room_have_the_states_they_always_had(lively: MakeModel) -> None:
    assert len(lively(ROOM).state_shapes()) == len(lively(ALONE).state_shapes()) + 1
    assert "room_s" not in ALONE.told()
    assert ROOM.told()["room_s"] == 60.0


@pytest.mark.slow
def test_a_room_comes_through_export(tmp_path: Path, lively: MakeModel) -> None:
    trained = TrainedEncoder(lively(ROOM), temperature=1.2, step=3)
    export_onnx(trained, tmp_path / "encoder.onnx")
    streamed = StreamedEncoder(tmp_path / "encoder.onnx").run(mel(320)[0].numpy())
    with torch.no_grad():
        reading, _ = trained.model(mel(320))
    torch.testing.assert_close(
        torch.from_numpy(streamed["embedding"]), reading.embedding[0], atol=1e-3, rtol=1e-3
    )
