"""Token files: written whole, read lazily, and every kind of damage named."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from chromesthesia_training.errors import DataError
from chromesthesia_training.vae.batches import BalancedBatchSampler, LazyMultiModalDataset, Side
from chromesthesia_training.vae.material import Item, Items
from chromesthesia_training.vae.tokens import Tokens, read_tokens, scale_of, tokens_of

SHAPE = (4, 3)


def items(count: int = 5) -> Items:
    found = tuple(
        Item("image", Path(f"{number}.png"), f"artist {number}", number % 5, (0.1 * number, -0.1 * number))
        for number in range(count)
    )
    return Items("image", "made up", found)


def numbers(start: int, end: int) -> tuple[torch.Tensor, torch.Tensor]:
    tokens = torch.arange(start, end)[:, None, None] + torch.zeros(end - start, *SHAPE)
    return tokens, tokens[:, 0] * 10.0


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    tokens_of(items(), tmp_path / "tokens", SHAPE, True, numbers)
    return tmp_path / "tokens"


def test_what_is_written_is_read_and_not_computed_again(folder: Path) -> None:
    def never(start: int, end: int) -> tuple[torch.Tensor, torch.Tensor]:
        raise AssertionError("computed again")

    found = tokens_of(items(), folder, SHAPE, True, never)
    assert found.shape == SHAPE
    assert found.tokens[3].max() == found.tokens[3].min() == 3.0
    assert found.cls is not None
    assert found.cls[4][0] == 40.0
    assert found.va[2] == pytest.approx([0.2, -0.2])


def test_a_file_of_the_wrong_shape_is_named(folder: Path) -> None:
    with pytest.raises(
        DataError, match=r"tokens\.npy is float16 of shape 5 x 4 x 3, expected float16 of 5 x 4 x 7"
    ) as caught:
        read_tokens(folder, (4, 7), False)
    assert caught.value.kind == "layout"


@pytest.mark.parametrize(
    ("name", "array", "message"),
    [
        ("tokens.npy", np.zeros((4, *SHAPE), np.float16), "of shape 4 x 4 x 3"),
        ("tokens.npy", np.zeros((5, *SHAPE), np.float32), "float32"),
        ("tokens.npy", np.full((5, *SHAPE), np.nan, np.float16), "no number"),
        ("cls.npy", np.zeros((5, 2), np.float16), "of shape 5 x 2"),
    ],
)
def test_an_array_that_does_not_fit_is_named(
    folder: Path, name: str, array: np.ndarray, message: str
) -> None:
    np.save(folder / name, array)
    with pytest.raises(DataError, match=message) as caught:
        read_tokens(folder, SHAPE, True)
    assert name in caught.value.message


def test_a_damaged_or_missing_file_is_named(folder: Path) -> None:
    (folder / "tokens.npy").write_bytes(b"no array")
    with pytest.raises(DataError, match="damaged"):
        read_tokens(folder, SHAPE, True)
    (folder / "tokens.npy").unlink()
    with pytest.raises(DataError, match=r"there is no .*tokens\.npy"):
        read_tokens(folder, SHAPE, True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"valence": [0.0, 1.5, 0.0, 0.0, 0.0]}, r"1\.png.*valence is 1\.5"),
        ({"arousal": [0.0]}, "not every item"),
        ({"arousal": [0.0, 0.0, 0.0, 0.0, "high"]}, "a label is high"),
        ({"names": None}, "lacks names"),
    ],
)
def test_labels_that_do_not_fit_are_named(folder: Path, change: dict[str, object], message: str) -> None:
    meta = json.loads((folder / "meta.json").read_text())
    (folder / "meta.json").write_text(json.dumps({**meta, **change}))
    with pytest.raises(DataError, match=message):
        read_tokens(folder, SHAPE, True)


def test_tokens_of_other_items_are_refused(folder: Path) -> None:
    with pytest.raises(DataError, match="other items"):
        tokens_of(items(4), folder, SHAPE, True, numbers)


def test_nothing_is_left_where_a_tokenizer_fails(tmp_path: Path) -> None:
    def wrong(start: int, end: int) -> tuple[torch.Tensor, None]:
        return torch.zeros(end - start, 4, 8), None

    with pytest.raises(DataError, match=r"gave \(4, 8\), expected \(4, 3\)"):
        tokens_of(items(), tmp_path / "tokens", SHAPE, False, wrong)
    assert not any(path.is_file() for path in tmp_path.rglob("*"))


def side(kind: str, count: int) -> Side:
    tokens = np.random.default_rng(1).normal(3.0, 2.0, (count, *SHAPE)).astype(np.float16)
    names = tuple(map(str, range(count)))
    whole = Tokens(kind, tokens, None, np.zeros((count, 2)), names)  # type: ignore[arg-type]
    return Side(whole, scale_of(tokens, np.arange(count)), None, np.arange(count))


def test_a_batch_holds_as_many_pictures_as_sounds(folder: Path) -> None:
    data = LazyMultiModalDataset({"image": side("image", 20), "sound": side("sound", 3)})
    seen: set[int] = set()
    for indices in BalancedBatchSampler(20, 3, 6, 7):
        (batch,) = data.__getitems__(indices)
        assert len(batch["image"].tokens) == len(batch["sound"].tokens) == 3
        seen.update(index for index in indices if index < 20)
    assert len(seen) == 20  # each picture comes before any comes again


def test_tokens_are_standardised_by_the_training_items() -> None:
    part = side("image", 200).part(range(200))
    assert float(part.tokens.mean()) == pytest.approx(0.0, abs=1e-3)
    assert float(part.tokens.square().mean()) == pytest.approx(1.0, abs=2e-2)


@pytest.mark.parametrize(("pictures", "sounds", "batch"), [(3, 3, 5), (0, 3, 4), (3, 0, 4)])
def test_a_batch_that_cannot_be_balanced_is_refused(pictures: int, sounds: int, batch: int) -> None:
    with pytest.raises(DataError):
        BalancedBatchSampler(pictures, sounds, batch, 2)
