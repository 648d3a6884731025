"""Items with their labels: categories by slope, parts of pieces, the split, and data that is named as bad."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from chromesthesia_training.errors import DataError
from chromesthesia_training.vae.categories import CATEGORIES, category, category_numbers
from chromesthesia_training.vae.material import chunks, paintings, songs_of, wholes


@pytest.mark.parametrize(
    ("valence", "arousal", "wanted"),
    [
        (0.5, 0.4, "excited"),
        (0.5, 0.33, "delighted"),
        (0.5, 0.1, "happy"),
        (0.5, 0.0, "content"),
        (0.5, -0.2, "relaxed"),
        (0.5, -0.5, "calm"),
        (-0.5, -0.4, "tired"),
        (-0.5, -0.2, "bored"),
        (-0.5, -0.1, "depressed"),
        (-0.5, 0.1, "frustrated"),
        (-0.5, 0.2, "angry"),
        (-0.5, 0.5, "tense"),
        (0.0, 0.5, "tense"),
        (0.0, -0.5, "tired"),
    ],
)
def test_an_emotion_follows_from_the_slope(valence: float, arousal: float, wanted: str) -> None:
    assert category(valence, arousal) == wanted
    assert CATEGORIES[category_numbers(np.array([[valence, arousal]]))[0]] == wanted


def test_every_emotion_can_be_reached() -> None:
    grid = np.array([(v, a) for v in np.linspace(-1, 1, 41) for a in np.linspace(-1, 1, 41)])
    assert set(category_numbers(grid)) == set(range(12))


@pytest.mark.parametrize("point", [(1.2, 0.0), (0.0, -1.5), (float("nan"), 0.0)])
def test_a_point_outside_the_scale_is_named(point: tuple[float, float]) -> None:
    with pytest.raises(DataError, match=r"valence is|arousal is") as caught:
        category(*point)
    assert caught.value.kind == "scale"


def test_parts_are_labelled_by_the_ratings_of_their_time(data: Path) -> None:
    found = chunks(songs_of(data))
    assert len(found.items) == 5 * 6
    first = [item for item in found.items if item.path.stem == "piece2"]
    assert [item.start_s for item in first] == [0.0, 5.0, 10.0, 15.0, 20.0, 25.0]
    assert [round(item.va[1], 3) for item in first] == [0.0, 0.1, 0.2, 0.3, 0.4, 0.5]
    assert {round(item.va[0], 3) for item in first} == {-0.1}
    whole = [item for item in wholes(songs_of(data)).items if item.path.stem == "piece2"]
    assert len(whole) == 1
    assert 0.25 < whole[0].va[1] < 0.5  # the last rating holds to the end


def test_ratings_of_paintings_are_brought_to_the_scale_of_music(data: Path) -> None:
    found = paintings(data / "art")
    assert found.items[0].va == pytest.approx((2 * 0.05 - 1, 2 * 0.95 - 1))
    learn, choose, score = found.split(0)
    assert (learn.astype(int) + choose + score == 1).all()
    artists = [
        {item.group for item, kept in zip(found.items, side, strict=True) if kept} for side in (learn, score)
    ]
    assert not artists[0] & artists[1]


def test_a_rating_outside_the_scale_is_named(data: Path) -> None:
    table = data / "vgmidi/dynamic.csv"
    table.write_text(table.read_text().replace("piece2,0,0.0,-0.1,", "piece2,0,0.0,-1.1,"))
    with pytest.raises(DataError, match=r"piece2 at 0\.0 s") as caught:
        songs_of(data)
    assert caught.value.kind == "scale"


def test_items_of_one_fold_cannot_be_split(data: Path) -> None:
    songs = songs_of(data)
    with pytest.raises(DataError, match="fewer than two folds"):
        chunks(replace(songs, songs=songs.songs[:1]))
