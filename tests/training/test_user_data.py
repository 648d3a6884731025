"""What users save: tables and folders of every kind that computers make, read rightly or refused by name."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from chromesthesia.audio import files as engine_files
from chromesthesia.core.errors import AudioError
from chromesthesia.core.records import SAMPLE_RATE_HZ
from chromesthesia.testing.audio import tone
from chromesthesia.testing.sound_files import encode, mp3, restate, wav_bytes
from chromesthesia_training.corpora.check import check
from chromesthesia_training.corpora.facts import look_at
from chromesthesia_training.corpora.paintings import read_paintings
from chromesthesia_training.corpora.registry import find_corpora
from chromesthesia_training.corpora.vgmidi import read_vgmidi_original
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.data.folders import read_sound_folder
from chromesthesia_training.data.sound import read_sound
from chromesthesia_training.data.speech import read_speech
from chromesthesia_training.data.tables import headings_of, read_table, to_number
from chromesthesia_training.errors import DataError

SpeechFolder = Callable[..., Path]
Write = Callable[..., Path]
DEBRIS = (
    "._1.wav",
    ".DS_Store",
    "Thumbs.db",
    "desktop.ini",
    "__MACOSX/._1.wav",
    "__MACOSX/1.wav",
    ".Trashes/1.wav",
    "~$1.wav",
)


def changed(table: Path, change: Callable[[str], bytes]) -> None:
    table.write_bytes(change(table.read_text(encoding="utf-8")))


SAVED: dict[str, Callable[[str], bytes]] = {
    "utf-8 with mark": lambda text: text.encode("utf-8-sig"),
    "utf-16": lambda text: text.encode("utf-16"),
    "semicolons": lambda text: text.replace(",", ";").encode(),
    "semicolons, marked": lambda text: text.replace(",", ";").encode("utf-8-sig"),
    "semicolons, named": lambda text: b"sep=;\r\n" + text.replace(",", ";").encode(),
    "tabs": lambda text: text.replace(",", "\t").encode(),
    "tabs, utf-16": lambda text: text.replace(",", "\t").encode("utf-16"),
    "blanks": lambda text: text.replace(",", " , ").encode(),
    "empty lines": lambda text: (text + ",,,,,,,\n,,,,,,,\n").encode(),
}


@pytest.mark.parametrize("saved", SAVED)
def test_a_table_is_the_same_however_a_program_saves_it(speech_folder: SpeechFolder, saved: str) -> None:
    folder = speech_folder()
    expected = read_speech(folder)
    changed(folder / "index.csv", SAVED[saved])
    assert read_speech(folder) == expected
    assert find_corpora(folder)[0][0].name == "prepared-speech"


@pytest.mark.parametrize("saved", SAVED)
def test_an_index_of_paintings_is_the_same_however_a_program_saves_it(art_folder: Path, saved: str) -> None:
    expected = read_paintings(art_folder)
    changed(art_folder / "index.csv", SAVED[saved])
    assert read_paintings(art_folder) == expected


@pytest.fixture
def art_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "paintings"
    folder.mkdir()
    rows = "path,artist,emotion,valence,arousal,dominance,split\n"
    for number, artist in enumerate(("klee", "miro", "aaron")):
        Image.new("RGB", (8, 8), (90 * number, 40, 90)).save(folder / f"{artist}.png")
        rows += f"{artist}.png,{artist},awe,0.5,0.25,0.75,train\n"
    (folder / "index.csv").write_text(rows)
    return folder


def test_a_decimal_comma_is_a_number() -> None:
    assert [to_number(text) for text in ("0,5", "0.5", "-1", "1e-2")] == [0.5, 0.5, -1.0, 0.01]
    for text in ("", "1,2,3", "1,000.5", "nan", "inf", "-inf", "much"):
        with pytest.raises(ValueError, match=r"."):
            to_number(text)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "has no column emotion"),
        (b"\xff\xfe\x00\xd8\x00\x00", "not UTF-8 text"),
        (b"path,emotion\n\xfc.wav,sad\n", "not UTF-8 text"),
        (
            b"path~emotion\na~b\n",
            "separate columns by commas, semicolons, tabs or bars; it has: path~emotion",
        ),
        (b"path,emotion\n", "has no rows"),
        (b'path,emotion\n"' + b"a" * 200_000 + b'",sad\n', "not a table: field larger than field limit"),
        (b'path,emotion\n"' + b"never closed\n" * 40_000, "not a table"),
    ],
)
def test_what_is_no_table_is_one_line(tmp_path: Path, content: bytes, said: str) -> None:
    (tmp_path / "index.csv").write_bytes(content)
    with pytest.raises(DataError, match=said) as caught:
        read_table(tmp_path / "index.csv", ("path", "emotion"))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 1_000
    assert isinstance(headings_of(tmp_path / "index.csv"), set)


def test_a_pipe_in_place_of_a_table_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "index.csv")
    with pytest.raises(DataError, match="not a regular file"):
        read_table(tmp_path / "index.csv")


def test_a_row_knows_the_line_it_stands_in(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("sep=;\npath;emotion\n\n;\na.wav;sad\nb.wav;sad\n")
    assert [row.line for row in read_table(tmp_path / "a.csv")] == [5, 6]


def test_a_cell_that_is_not_there_is_empty(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("path,emotion,split\na.wav,sad\nb.wav,sad,train,more\n")
    assert read_table(tmp_path / "a.csv") == [
        {"path": "a.wav", "emotion": "sad", "split": ""},
        {"path": "b.wav", "emotion": "sad", "split": "train"},
    ]


@pytest.mark.parametrize(
    "cell", ["../one.wav", "/etc/passwd", "a/../../one.wav", "..\\one.wav", ".", "", "a\0b.wav"]
)
def test_a_path_that_leaves_its_folder_is_refused(
    speech_folder: SpeechFolder, art_folder: Path, cell: str
) -> None:
    for folder, read in ((speech_folder(), read_speech), (art_folder, read_paintings)):
        header, first, *_ = (folder / "index.csv").read_text().splitlines()
        (folder / "index.csv").write_text(f"{header}\n{cell}{first[first.index(',') :]}\n")
        with pytest.raises(DataError, match=r"leads out of its folder|no path|not a table"):
            read(folder)


def test_a_path_written_on_windows_is_found(tmp_path: Path, write_csv: Write) -> None:
    row = {"path": r"angry\one.wav", "emotion": "angry", "emotion3": "angry", "corpus": "tiny"}
    row |= {"speaker": "a", "split": "train", "intensity": "", "fold": "0"}
    (clip,) = read_speech(write_csv(tmp_path / "index.csv", [row]).parent)
    assert clip.path == tmp_path / "angry" / "one.wav"


def test_a_name_that_no_folder_can_have_is_one_line(tmp_path: Path) -> None:
    long = tmp_path / ("a" * 300)
    for read in (read_sound_folder, read_paintings, find_corpora, read_sound):
        with pytest.raises(DataError) as caught:
            read(long)
        assert len(caught.value.message) < 400


@pytest.mark.parametrize("mark", [False, True])
def test_json_with_a_mark_is_read_and_a_garbled_one_named(
    tmp_path: Path, write_tone: Write, mark: bool
) -> None:
    write_tone(tmp_path / "Zelda_PS1_One.wav", 440.0)
    piece = {"midi": "Zelda_PS1_One.mid", "duration": 8.0, "measures": 2}
    rating = {"valence": [0.1, 0.2], "arousal": [0.3, 0.4]}
    table = tmp_path / "vgmidi_raw_1.json"
    content = {"annotations": {"piece0_1": rating}, "pieces": {"piece0": piece}}
    table.write_text(json.dumps(content), encoding="utf-8-sig" if mark else "utf-8")
    (clip,) = read_vgmidi_original(tmp_path)
    assert clip.points[1].valence == 0.2
    garblings: list[Any] = [{**piece, "measures": "two"}, {"midi": piece["midi"]}, None, []]
    for garbled in garblings:
        table.write_text(json.dumps({"annotations": {"piece0_1": rating}, "pieces": {"piece0": garbled}}))
        with pytest.raises(DataError, match="piece0 lacks or garbles"):
            read_vgmidi_original(tmp_path)
    for damaged in ("[" * 100_000, "{", "null", '{"annotations": [], "pieces": {}}'):
        table.write_text(damaged)
        with pytest.raises(DataError, match=r"is damaged|holds no annotations"):
            read_vgmidi_original(tmp_path)


def test_debris_in_a_folder_of_sounds_is_passed_over(own_sounds: Path, tmp_path: Path) -> None:
    clips = read_sound_folder(own_sounds)
    found = check([own_sounds], tmp_path / "cache")
    for place in (own_sounds, own_sounds / "angry", own_sounds / "angry" / "speaker0"):
        for name in DEBRIS:
            (place / name).parent.mkdir(exist_ok=True)
            (place / name).write_bytes(b"\0\5\26\7" + bytes(4_092))
    assert read_sound_folder(own_sounds) == clips
    assert check([own_sounds], tmp_path / "cache") == found


def test_debris_in_a_folder_of_pictures_is_passed_over(tmp_path: Path) -> None:
    folder = tmp_path / "mine"
    for label in ("awe", "fear"):
        (folder / label).mkdir(parents=True)
        Image.new("RGB", (8, 8)).save(folder / label / "klee.png")
    paintings = read_paintings(folder)
    for place in (folder, folder / "awe"):
        for name in ("._klee.png", "__MACOSX/._klee.png", "__MACOSX/klee.png", "Thumbs.db", ".DS_Store"):
            (place / name).parent.mkdir(exist_ok=True)
            (place / name).write_bytes(bytes(100))
    assert read_paintings(folder) == paintings


def test_debris_alone_is_no_folder_of_sounds(tmp_path: Path) -> None:
    (tmp_path / "angry").mkdir()
    (tmp_path / "angry" / "._1.wav").write_bytes(bytes(100))
    with pytest.raises(DataError, match="layout of no known corpus"):
        find_corpora(tmp_path)


def sounds(folder: Path) -> dict[str, Path]:
    """One sound of each kind that the engine reads or refuses for its header."""
    sound = tone(440.0, 2.0, 44_100)
    whole = wav_bytes(sound, 44_100)
    odd = b"LIST" + struct.pack("<I", 15) + b"INFOICMT\3\0\0\0abc"
    contents = {
        "whole.wav": whole,
        "cut.wav": whole[: len(whole) // 2],
        "unfilled.wav": restate(whole, 0x80000024, 0x80000000),
        "inexact.wav": whole[:-100],
        "odd.wav": wav_bytes(sound, 44_100, odd),
    }
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    encode(folder / "a.m4a", sound, 44_100, "aac", "ipod")
    encode(folder / "a.mp4", sound, 44_100, "aac", "mp4", picture=True)
    mp3(folder / "constant.mp3", sound, 44_100)
    mp3(folder / "variable.mp3", sound, 44_100, variable=True)
    return {path.name: path for path in sorted(folder.iterdir())}


def test_training_hears_what_the_engine_plays_and_refuses_what_it_refuses(tmp_path: Path) -> None:
    for name, path in sounds(tmp_path).items():
        facts = look_at(path, picture=False)
        if name == "cut.wav":
            with pytest.raises(AudioError) as refused:
                engine_files.read_sound(path)
            with pytest.raises(DataError) as caught:
                read_sound(path)
            assert refused.value.message in caught.value.message
            assert caught.value.kind == facts.fault == "corrupt"
            assert facts.detail.startswith("is truncated")
            continue
        played = engine_files.read_sound(path)
        np.testing.assert_array_equal(read_sound(path), played, err_msg=name)
        assert len(played) / SAMPLE_RATE_HZ == pytest.approx(2.0, abs=0.1), name
        assert facts.fault is None
        assert facts.seconds == pytest.approx(2.0, abs=0.1)
        assert bool(facts.note) == (name in ("unfilled.wav", "inexact.wav")), name


def test_a_cut_sound_stops_training_and_is_an_error_of_the_check(own_sounds: Path, tmp_path: Path) -> None:
    path = own_sounds / "angry" / "speaker0" / "one.wav"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    findings = check([own_sounds], tmp_path / "cache").findings
    errors = [found.message for found in findings if found.severity == "error" and found.kind == "corrupt"]
    assert len(errors) == 1
    assert errors[0].startswith(f"{path}: is truncated: its header promises")


def test_an_unfilled_header_is_a_warning_of_the_check(own_sounds: Path, tmp_path: Path) -> None:
    path = own_sounds / "angry" / "speaker0" / "one.wav"
    path.write_bytes(restate(bytearray(path.read_bytes()), 0, 0))
    findings = check([own_sounds], tmp_path / "cache").findings
    told = [found for found in findings if found.kind == "damaged"]
    assert [(found.severity, "never filled in" in found.message) for found in told] == [("warning", True)]


def test_films_are_sounds_of_ones_own_but_not_of_a_published_corpus(
    tmp_path: Path, write_tone: Write
) -> None:
    for folder in ("angry", "happy", "sad"):
        (tmp_path / "mine" / folder).mkdir(parents=True)
        (tmp_path / "mine" / folder / "one.mp4").write_bytes(b"")
        (tmp_path / "mine" / folder / "two.m4a").write_bytes(b"")
    clips: list[Clip] = read_sound_folder(tmp_path / "mine")
    assert {clip.path.name for clip in clips} == {"one.mp4", "two.m4a"}
    actor = tmp_path / "published" / "Actor_01"
    write_tone(actor / "03-01-05-02-01-01-01.wav", 440.0)
    (actor / "01-01-05-02-01-01-01.mp4").write_bytes(b"")
    ((corpus, place),) = find_corpora(tmp_path / "published")
    assert corpus.read_clips is not None
    assert [clip.path.suffix for clip in corpus.read_clips(place, lambda problem: None)] == [".wav"]
