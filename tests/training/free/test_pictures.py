"""Free pictures: squares of brushwork labelled by rule, a licence for every file, and nothing of one without."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from typer.testing import CliRunner

from chromesthesia_training.cli.app import app
from chromesthesia_training.data.art import EMOTIONS, load_art
from chromesthesia_training.errors import DataError, LicenceError
from chromesthesia_training.free.forms import MEASURES, labels_of, maps_of, measures_of
from chromesthesia_training.free.pictures import SIDES, squares_of, write_free_pictures
from chromesthesia_training.packing.provenance import PROVENANCE_NAME, is_listed_free, read_provenance

Csv = Callable[..., Path]
UInt8 = NDArray[np.uint8]
SIDE = 224
FREE = "public domain (artist died 1899)"


def plain(colour: tuple[int, int, int]) -> UInt8:
    return np.full((SIDE, SIDE, 3), colour, np.uint8)


def striped(width: int, light: int = 255) -> UInt8:
    """Upright bands, black and light."""
    bands = (np.arange(SIDE) // width % 2 * light).astype(np.uint8)
    return np.repeat(np.tile(bands, (SIDE, 1))[:, :, None], 3, axis=2)


def rings(width: int) -> UInt8:
    rows, columns = np.mgrid[:SIDE, :SIDE] - SIDE / 2
    light = (np.hypot(rows, columns) // width % 2 * 255).astype(np.uint8)
    return np.repeat(light[:, :, None], 3, axis=2)


def measured(picture: UInt8) -> dict[str, float]:
    return dict(zip(MEASURES, measures_of(maps_of(picture)).tolist(), strict=True))


@pytest.fixture
def folder(tmp_path: Path, write_csv: Csv) -> Path:
    """Four painters of two pictures each, half busy and half plain."""
    pictures = [
        striped(8),
        rings(6),
        plain((230, 220, 90)),
        striped(30, 120),
        plain((20, 20, 60)),
        rings(20),
        plain((200, 60, 40)),
        striped(4, 90),
    ]
    rows = []
    (tmp_path / "in").mkdir()
    for number, picture in enumerate(pictures):
        path = tmp_path / "in" / f"p{number}.png"
        Image.fromarray(picture).save(path)
        painter = number // 2
        split = ("train", "train", "val", "test")[painter]
        rows.append(
            {"path": path.name, "artist": f"a{painter}", "split": split, "fold": painter, "licence": FREE}
        )
    write_csv(tmp_path / "in" / "index.csv", rows)
    return tmp_path / "in"


def test_measures_say_what_a_painter_would() -> None:
    dark, light = measured(plain((20, 20, 20))), measured(plain((220, 220, 220)))
    red, blue = measured(plain((220, 60, 30))), measured(plain((40, 60, 200)))
    assert dark["brightness"] < 0.2 < 0.8 < light["brightness"]
    assert blue["warmth"] < 0 < red["warmth"]
    assert light["saturation"] < 0.02 < red["saturation"]
    stripes, circles = measured(striped(8)), measured(rings(8))
    assert stripes["edge_density"] > 0.2 > light["edge_density"]
    assert stripes["straightness"] > circles["straightness"] + 0.05
    assert stripes["contrast"] > 0.8
    assert circles["symmetry"] > 0.95


def test_labels_follow_colour_and_form() -> None:
    measures = np.stack([measures_of(maps_of(one)) for one in (
        plain((240, 235, 200)), plain((30, 30, 40)), striped(6), striped(6, 90), rings(5))])  # fmt: skip
    labels = labels_of(measures)
    assert labels.vad.shape == (5, 3)
    assert labels.vad.min() >= 0.0
    assert labels.vad.max() <= 1.0
    assert labels.vad[0, 0] > labels.vad[1, 0]
    assert labels.vad[2, 1] > labels.vad[0, 1]
    assert set(labels.emotions) <= set(EMOTIONS)
    assert labels.emotions[0] == "contentment"
    assert labels.emotions[1] == "sadness"


def test_squares_lie_apart_where_the_picture_is_busy() -> None:
    picture = plain((200, 200, 200))
    picture[:, :110] = striped(6)[:, :110]
    found = squares_of(maps_of(picture), 3)
    assert 1 < len(found) <= 3
    assert found[0].left < 40
    assert all(one.side in SIDES for one in found)
    assert len({(one.top, one.left) for one in found}) == len(found)


def test_a_folder_can_be_trained_on_and_lists_every_file(folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    pictures, squares = write_free_pictures(folder, out)
    assert pictures == 8
    art = load_art(out, 64)
    assert len(art) == squares > pictures
    assert set(art.splits) == {"train", "val", "test"}
    origins = read_provenance(out / PROVENANCE_NAME)
    learned = {f"p{number}.png" for number in range(6)}  # the last two are of the split test
    assert {origin.path for origin in origins} == learned | {"free/forms.py", "free/pictures.py"}
    assert {origin.used_for for origin in origins} == {"generator"}
    assert is_listed_free(out)
    assert not is_listed_free(folder)


def test_one_picture_that_is_not_free_stops_all(folder: Path, tmp_path: Path) -> None:
    index = folder / "index.csv"
    index.write_text(index.read_text().replace(FREE, "artists' rights, research only", 1))
    with pytest.raises(LicenceError, match=r"p0\.png.*not free"):
        write_free_pictures(folder, tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("content", "said"), [(None, "cannot read"), (b"no picture", "damaged or no picture")]
)
def test_a_picture_that_cannot_be_read_is_named(
    folder: Path, tmp_path: Path, content: bytes | None, said: str
) -> None:
    path = folder / "p3.png"
    path.unlink() if content is None else path.write_bytes(content)
    with pytest.raises(DataError, match=said):
        write_free_pictures(folder, tmp_path / "out")
    assert not (tmp_path / "out" / "index.csv").exists()


def test_the_command_says_how_many(folder: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["free-pictures", str(tmp_path / "out"), "--folder", str(folder)])
    assert result.exit_code == 0, result.output
    assert "of 8 pictures" in result.output
    assert (tmp_path / "out" / "index.csv").is_file()


def test_a_picture_outside_the_folder_is_refused(folder: Path, tmp_path: Path) -> None:
    index = folder / "index.csv"
    index.write_text(index.read_text().replace("p2.png", "../p2.png"))
    with pytest.raises(DataError, match="line 4"):
        write_free_pictures(folder, tmp_path / "out")
    assert not (tmp_path / "out" / "index.csv").exists()


def test_pictures_of_one_name_in_two_folders_stay_two(folder: Path, tmp_path: Path) -> None:
    (folder / "more").mkdir()
    (folder / "p0.png").rename(folder / "more" / "p1.png")
    index = folder / "index.csv"
    index.write_text(index.read_text().replace("p0.png", "more/p1.png"))
    _, squares = write_free_pictures(folder, tmp_path / "out")
    assert len(list((tmp_path / "out" / "images").iterdir())) == squares
