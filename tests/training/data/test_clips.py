"""Data sets: what is read from them, splits that never share a speaker, and every bad cell named."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import pytest

from chromesthesia_training.corpora.datasets import find_sound_sets
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.data.folders import read_sound_folder
from chromesthesia_training.data.music import read_emotify, read_vgmidi
from chromesthesia_training.data.speech import read_speech
from chromesthesia_training.errors import DataError

WriteCsv = Callable[[Path, list[dict[str, object]]], Path]


def splits_by_group(clips: list[Clip]) -> dict[tuple[str, str], set[str]]:
    splits = defaultdict(set)
    for clip in clips:
        splits[clip.corpus, clip.group].add(clip.split)
    return splits


def test_speech_has_categories_and_a_proxy_on_the_plane(speech_folder: Callable[..., Path]) -> None:
    clips = read_speech(speech_folder())
    angry = next(clip for clip in clips if clip.emotion == "angry")
    assert {clip.emotion for clip in clips} == {"angry", "happy", "sad", None}
    assert angry.annotation == "proxy"
    assert angry.points[0].valence < 0 < angry.points[0].arousal


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"emotion": "hangry"}, "emotion of angry-1.wav is 'hangry'"),
        ({"emotion3": "glad"}, "emotion3 of angry-1.wav is 'glad'"),
        ({"split": "exam"}, "split of angry-1.wav is 'exam'"),
        ({"fold": "first"}, "fold of angry-1.wav is 'first'"),
        ({"speaker": "speaker0"}, "speaker0 is in both train and val"),
    ],
)
def test_a_bad_cell_is_named(
    changed: dict[str, str], message: str, speech_folder: Callable[..., Path]
) -> None:
    with pytest.raises(DataError) as caught:
        read_speech(speech_folder(**changed))
    assert message in str(caught.value)
    assert caught.value.remedy


def test_missing_column_and_missing_table_are_named(tmp_path: Path, write_csv: WriteCsv) -> None:
    write_csv(tmp_path / "speech" / "index.csv", [{"path": "a.wav", "emotion": "sad"}])
    with pytest.raises(DataError, match="has no column corpus, emotion3"):
        read_speech(tmp_path / "speech")
    with pytest.raises(DataError, match="cannot be read"):
        read_speech(tmp_path / "nowhere")
    with pytest.raises(DataError, match="holds none of"):
        find_sound_sets(tmp_path / "nowhere", None)


@pytest.fixture
def vgmidi(write_csv: WriteCsv) -> Callable[..., Path]:
    """Writes two rated pieces of three measures each."""

    def write(folder: Path, valence: float = 0.3) -> Path:
        write_csv(
            folder / "index.csv",
            [
                {"path": f"{name}.ogg", "song_id": name, "series": name, "split": split, "fold": 0}
                for name, split in (("a", "train"), ("b", "test"))
            ],
        )
        write_csv(
            folder / "dynamic.csv",
            [
                {
                    "song_id": name,
                    "measure": measure,
                    "time_s": 2.0 * measure,
                    "valence": valence,
                    "arousal": -0.1,
                }
                for name in ("a", "b")
                for measure in (2, 0, 1)
            ],
        )
        return folder

    return write


def test_rated_pieces_carry_their_ratings_in_order_of_time(
    tmp_path: Path, vgmidi: Callable[..., Path]
) -> None:
    first, second = read_vgmidi(vgmidi(tmp_path / "vgmidi"))
    assert first.annotation == "label"
    assert [point.time_s for point in first.points] == [0.0, 2.0, 4.0]
    assert (first.split, second.split) == ("train", "test")


def test_a_rating_out_of_range_and_an_unrated_piece_are_named(
    tmp_path: Path, vgmidi: Callable[..., Path], write_csv: WriteCsv
) -> None:
    with pytest.raises(DataError, match=r"a at 4\.0 s is rated \(3\.0, -0\.1\)"):
        read_vgmidi(vgmidi(tmp_path / "loud", valence=3.0))
    folder = vgmidi(tmp_path / "unrated")
    write_csv(folder / "dynamic.csv", [{"song_id": "a", "time_s": 0, "valence": 0, "arousal": 0}])
    with pytest.raises(DataError, match="has no rating of b"):
        read_vgmidi(folder)


def test_own_folder_is_split_by_speaker_with_every_label_in_every_split(own_sounds: Path) -> None:
    clips = read_sound_folder(own_sounds)
    assert all(len(splits) == 1 for splits in splits_by_group(clips).values())
    for split in ("train", "val", "test"):
        assert {clip.emotion for clip in clips if clip.split == split} == {"angry", "happy", "sad"}
    assert [clip.split for clip in clips] == [clip.split for clip in read_sound_folder(own_sounds)]


def test_own_folder_without_speakers_is_split_by_file(
    tmp_path: Path, write_tone: Callable[..., Path]
) -> None:
    for label in ("anger", "joy", "Sadness"):
        for index in range(6):
            write_tone(tmp_path / "mine" / label / f"{index}.wav", 440.0, 0.3)
    clips = read_sound_folder(tmp_path / "mine")
    assert len(splits_by_group(clips)) == 18
    assert {clip.emotion for clip in clips if clip.split == "test"} == {"angry", "happy", "sad"}


def test_own_folder_with_unknown_empty_or_missing_label_is_refused(
    own_sounds: Path, write_tone: Callable[..., Path]
) -> None:
    (own_sounds / "hangry").mkdir()
    with pytest.raises(DataError, match="hangry names no known emotion"):
        read_sound_folder(own_sounds)
    (own_sounds / "hangry").rename(own_sounds / "calm")
    with pytest.raises(DataError, match="calm holds no sounds"):
        read_sound_folder(own_sounds)
    write_tone(own_sounds / "calm" / "a.wav", 200.0)
    (own_sounds / "sad").rename(own_sounds / "bored")
    with pytest.raises(DataError, match="has no sounds of 'sad'"):
        read_sound_folder(own_sounds)
    with pytest.raises(DataError, match="there is no folder"):
        read_sound_folder(own_sounds / "nothing")


@pytest.mark.shared_data
def test_the_shared_sets_never_share_a_speaker_series_or_song_between_splits(shared_dir: Path) -> None:
    data = shared_dir / "data"
    clips = [*read_speech(data / "speech"), *read_vgmidi(data / "vgmidi"), *read_emotify(data / "emotify")]
    splits = splits_by_group(clips)
    assert len(splits) > 400
    assert all(len(found) == 1 for found in splits.values())
