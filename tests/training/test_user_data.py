"""What users save: tables, folders and pictures of every kind that computers make, read rightly or refused by name."""

from __future__ import annotations

import io
import json
import os
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageCms

from chromesthesia.audio import files as engine_files
from chromesthesia.core.errors import AudioError
from chromesthesia.core.records import SAMPLE_RATE_HZ
from chromesthesia.testing.audio import tone
from chromesthesia.testing.sound_files import encode, mp3, restate, wav_bytes
from chromesthesia_training.corpora.check import check
from chromesthesia_training.corpora.facts import look_at
from chromesthesia_training.corpora.paintings import load_art, read_paintings
from chromesthesia_training.corpora.registry import find_corpora
from chromesthesia_training.corpora.vgmidi import read_vgmidi_original
from chromesthesia_training.data.art import ArtError
from chromesthesia_training.data.clips import Clip
from chromesthesia_training.data.folders import read_sound_folder
from chromesthesia_training.data.pictures import PictureError, load_rgb
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


COLOURS = np.random.default_rng(0).integers(0, 256, (12, 20, 3)).astype(np.uint8)
RAMP = np.tile(np.arange(256, dtype=np.uint8), (4, 1))


def saved(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def pixels(content: bytes) -> np.ndarray:
    image = load_rgb(content)
    assert image.mode == "RGB"
    return np.asarray(image)


@pytest.mark.parametrize(
    ("kind", "scale"), [("PNG", 256), ("PNG", 257), ("TIFF", 256), ("TIFF", 257), ("PPM", 257)]
)
def test_sixteen_bits_of_grey_are_the_eight_bit_picture(kind: str, scale: int) -> None:
    deep = Image.fromarray(RAMP.astype(np.uint16) * scale)
    assert deep.mode == "I;16"
    np.testing.assert_array_equal(pixels(saved(deep, kind)), pixels(saved(Image.fromarray(RAMP))))


def png(width: int, height: int, bits: int, colour_type: int, rows: bytes) -> bytes:
    """A png file without filters, of a depth that the imaging library does not write."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    head = struct.pack(">IIBBBBB", width, height, bits, colour_type, 0, 0, 0)
    stride = len(rows) // height
    data = b"".join(b"\0" + rows[row * stride : (row + 1) * stride] for row in range(height))
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


@pytest.mark.parametrize("alpha", [False, True])
@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bits_a_channel_are_the_eight_bit_picture(channels: int, alpha: bool) -> None:
    colours = COLOURS[..., :channels]
    if alpha:
        colours = np.concatenate([colours, np.full((12, 20, 1), 255, np.uint8)], axis=2)
    kind = {1: 0, 3: 2}[channels] + (4 if alpha else 0)
    deep = png(20, 12, 16, kind, (colours.astype(">u2") * 257).tobytes())
    expected = np.broadcast_to(colours[..., :channels], (12, 20, 3))
    np.testing.assert_array_equal(pixels(deep), expected)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP"])
@pytest.mark.parametrize(("orientation", "turns"), [(1, 0), (3, 2), (6, 3), (8, 1)])
def test_a_picture_is_turned_as_its_camera_says(kind: str, orientation: int, turns: int) -> None:
    image = Image.new("RGB", (16, 8), (255, 0, 0))
    image.paste((0, 0, 255), (0, 0, 8, 8))
    exif = Image.Exif()
    exif[0x0112] = orientation
    turned = pixels(saved(image, kind, exif=exif.tobytes()))
    expected = np.rot90(pixels(saved(image, kind)), turns)
    assert turned.shape == expected.shape
    np.testing.assert_allclose(turned.astype(int), expected.astype(int), atol=16)


def test_damaged_tags_of_a_camera_leave_the_picture(tmp_path: Path) -> None:
    image = Image.fromarray(COLOURS)
    for tags in (b"Exif\0\0MM", b"Exif\0\0II*\0\xff\xff\xff\xff", b"garbage", b"Exif\0\0" + bytes(40)):
        assert pixels(saved(image, "JPEG", exif=tags)).shape == (12, 20, 3)


def test_palette_grey_and_two_levels_are_the_plain_picture() -> None:
    few = Image.fromarray(COLOURS // 128 * 255)
    np.testing.assert_array_equal(pixels(saved(few.convert("P", palette=Image.Palette.ADAPTIVE))), few)
    grey = Image.fromarray(RAMP)
    np.testing.assert_array_equal(pixels(saved(grey))[..., 0], RAMP)
    two = Image.fromarray((RAMP > 127).astype(np.uint8) * 255).convert("1")
    np.testing.assert_array_equal(pixels(saved(two))[..., 2], np.asarray(two.convert("L")))


def test_what_is_transparent_shows_white() -> None:
    solid = Image.fromarray(COLOURS)
    clear = solid.convert("RGBA")
    np.testing.assert_array_equal(pixels(saved(clear)), COLOURS)
    clear.putalpha(Image.fromarray(np.repeat([[0, 255]], 10, axis=1).astype(np.uint8).repeat(12, axis=0)))
    seen = pixels(saved(clear))
    assert (seen[:, :10] == 255).all()
    np.testing.assert_array_equal(seen[:, 10:], COLOURS[:, 10:])
    grey = Image.fromarray(np.full((4, 4), 90, np.uint8)).convert("LA")
    grey.putalpha(0)
    assert (pixels(saved(grey)) == 255).all()
    palette = Image.new("P", (4, 4), 1)
    palette.putpalette([9, 9, 9, 200, 0, 0])
    assert (pixels(saved(palette, transparency=1)) == 255).all()
    assert (pixels(saved(palette, transparency=0)) == (200, 0, 0)).all()
    assert (pixels(saved(Image.new("RGB", (4, 4), (1, 2, 3)), transparency=(1, 2, 3))) == 255).all()


def test_inks_become_light() -> None:
    even = Image.new("RGB", (16, 16), (200, 40, 90))
    inks = pixels(saved(even.convert("CMYK"), "JPEG", quality=95))
    np.testing.assert_allclose(inks[8, 8], (200, 40, 90), atol=6)
    np.testing.assert_allclose(pixels(saved(even.convert("CMYK"), "TIFF"))[8, 8], (200, 40, 90), atol=2)


def test_a_profile_is_taken_into_account() -> None:
    """Colours that are Lab under their profile come out as the same seen colours in sRGB."""
    image = Image.new("RGB", (8, 8), (200, 40, 90))
    standard = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    np.testing.assert_array_equal(pixels(saved(image, icc_profile=standard.tobytes())), image)
    swapped = bytearray(standard.tobytes())
    swapped = swapped.replace(b"rXYZ", b"tXYZ").replace(b"gXYZ", b"rXYZ").replace(b"tXYZ", b"gXYZ")
    swapped = swapped.replace(b"s\0R\0G\0B", b"o\0d\0d\0!").replace(b"sRGB", b"odd!")
    seen = pixels(saved(image, icc_profile=bytes(swapped)))
    np.testing.assert_allclose(seen[4, 4].astype(int), (40, 200, 90), atol=2)


@pytest.mark.parametrize("profile", [b"", b"no profile", bytes(200)])
@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA"])
def test_a_damaged_or_foreign_profile_is_left_aside(profile: bytes, mode: str) -> None:
    image = Image.new("RGB", (8, 8), (90, 90, 90)).convert(mode, palette=Image.Palette.ADAPTIVE)
    assert (pixels(saved(image, icc_profile=profile)) == 90).all()


@pytest.mark.parametrize(
    ("mode", "what"), [("F", "floating-point numbers"), ("I", "32-bit whole numbers"), ("LAB", "Lab colours")]
)
def test_pixels_without_certain_colours_are_refused_by_name(
    tmp_path: Path, mode: str, what: str, build_art: Callable[[bytes], Path]
) -> None:
    content = saved(Image.new(mode, (8, 8)), "TIFF")
    with pytest.raises(PictureError, match=what):
        load_rgb(content)
    folder = build_art(content)
    with pytest.raises(ArtError, match=rf"a\.png is damaged or no picture: its pixels are {what}"):
        load_art(folder, side=8)
    facts = look_at(folder / "awe" / "a.png", picture=True)
    assert facts.fault == "corrupt"
    assert what in facts.detail


@pytest.fixture
def build_art(tmp_path: Path) -> Callable[[bytes], Path]:
    """A folder of one painting with the given content."""

    def build(content: bytes) -> Path:
        path = tmp_path / "art" / "awe" / "a.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return tmp_path / "art"

    return build


def test_paintings_and_the_check_see_the_same_picture(build_art: Callable[[bytes], Path]) -> None:
    plain = build_art(saved(Image.fromarray(RAMP)))
    expected, facts = load_art(plain, side=16).images, look_at(plain / "awe" / "a.png", picture=True)
    deep = build_art(saved(Image.fromarray(RAMP.astype(np.uint16) * 257)))
    np.testing.assert_array_equal(load_art(deep, side=16).images, expected)
    assert look_at(deep / "awe" / "a.png", picture=True).fingerprint == facts.fingerprint
