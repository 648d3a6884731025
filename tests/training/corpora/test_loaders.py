"""Every loader on made-up files of the published layout: labels, groups, ratings, splits, and what it refuses."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chromesthesia_training.corpora.deam import read_deam, read_deam_dynamic
from chromesthesia_training.corpora.emotify import read_emotify_original
from chromesthesia_training.corpora.foodpics import nearest_emotion
from chromesthesia_training.corpora.pmemo import read_pmemo, read_pmemo_dynamic
from chromesthesia_training.corpora.ravdess import read_ravdess
from chromesthesia_training.corpora.registry import (
    CORPORA,
    Reading,
    corpus_named,
    find_corpora,
    read_corpus,
    recognise,
)
from chromesthesia_training.corpora.savee import read_savee
from chromesthesia_training.corpora.vgmidi import read_vgmidi_original
from chromesthesia_training.data.clips import Clip, check_disjoint
from chromesthesia_training.errors import DataError

Build = Callable[[str], Path]
Put = Callable[[Path, bytes | str], Path]

ORIGINALS = [
    corpus.name for corpus in CORPORA if not corpus.prepared and not corpus.name.endswith("-dynamic")
]
LABELS = {
    "ravdess": {"neutral": 6, "happy": 6, "sad": 6, "angry": 6},
    "crema-d": {"angry": 5, "happy": 5, "sad": 6, "fearful": 5},
    "savee": {"angry": 8, "happy": 8, "sad": 8, "surprised": 8},
    "tess": {"angry": 4, "happy": 4, "sad": 4, "surprised": 4, "neutral": 1},
    "emodb": {"angry": 10, "happy": 10, "sad": 10, "bored": 10},
    "nemo": {"angry": 10, "happy": 10, "sad": 10, "surprised": 10},
    "urdu": {"angry": 10, "happy": 10, "sad": 10, "neutral": 10},
    "emotale": {"angry": 10, "happy": 10, "sad": 10, "bored": 10},
    "ased": {"angry": 10, "happy": 10, "sad": 11, "fearful": 10},
    "jl-corpus": {"angry": 8, "happy": 8, "sad": 8, "excited": 8},
    "bangla-ser": {"happy": 10, "sad": 10, "angry": 10, "neutral": 10},
    "subesco": {"angry": 10, "happy": 10, "sad": 10, "surprised": 11},
    "mesd": {"angry": 6, "happy": 6, "sad": 6, "neutral": 6},
    "emozionalmente": {"angry": 5, "happy": 5, "sad": 5, "neutral": 5},
    "emns": {"angry": 2, "happy": 2, "sad": 2, "excited": 2},
    "csemotions": {"angry": 5, "happy": 5, "sad": 5, "surprised": 5},
    "own-sounds": {"angry": 6, "happy": 6, "sad": 6},
}


def read(name: str, folder: Path) -> Reading:
    return read_corpus(corpus_named(name), folder)


@pytest.mark.parametrize("name", ORIGINALS)
def test_a_layout_is_recognised_and_read_whole(name: str, build: Build) -> None:
    folder = build(name)
    corpus = recognise(folder)
    assert corpus is not None
    assert corpus.name == name
    reading = read(name, folder)
    items: list[Any] = [*reading.clips, *reading.paintings]
    assert items
    assert all(item.path.is_file() for item in items)
    assert len({item.path for item in items}) == len(items)


@pytest.mark.parametrize("name", ORIGINALS)
def test_no_group_is_in_two_splits_or_folds_and_reading_again_gives_the_same(name: str, build: Build) -> None:
    folder = build(name)
    first, again = read(name, folder), read(name, folder)
    assert (first.clips, first.paintings) == (again.clips, again.paintings)
    if not name.startswith("own-"):
        check_disjoint(first.clips)
        homes = {(painting.artist, painting.split, painting.fold) for painting in first.paintings}
        assert len(homes) == len({painting.artist for painting in first.paintings})
        splits = {clip.split for clip in first.clips} | {painting.split for painting in first.paintings}
        assert splits == {"train"} if name == "emns" else {"train", "test"} <= splits  # EMNS is one speaker


@pytest.mark.parametrize("name", LABELS)
def test_file_names_give_the_labels(name: str, build: Build) -> None:
    clips = read(name, build(name)).clips
    assert Counter(clip.label for clip in clips) == LABELS[name]
    for clip in clips:
        assert clip.emotion == (clip.label if clip.label in ("angry", "happy", "sad") else None)
        assert clip.annotation == "proxy"
        assert clip.role == "speech"


def test_ravdess_knows_actor_strength_and_song(
    build: Build, put: Put, tone_bytes: Callable[..., bytes]
) -> None:
    folder = build("ravdess")
    put(folder / "Actor_01" / "03-02-03-01-01-01-01.wav", tone_bytes(99))
    clips = {clip.path.stem: clip for clip in read_ravdess(folder)}
    assert len(clips) == 24
    strong, normal = clips["03-01-05-02-01-01-02"], clips["03-01-03-01-01-01-02"]
    assert (strong.group, strong.label, normal.group) == ("ravdess_02", "angry", "ravdess_02")
    assert strong.points[0].arousal == pytest.approx(0.8 * 1.1)
    assert normal.points[0].arousal == pytest.approx(0.5 * 0.8)
    assert len(read_ravdess(folder, songs=True)) == 25


def test_savee_is_the_same_flat_or_in_folders(flat_savee: Path) -> None:
    assert recognise(flat_savee) == corpus_named("savee")
    clips = read_savee(flat_savee)
    assert {clip.group for clip in clips} == {"savee_DC", "savee_JE", "savee_JK", "savee_KL"}
    assert Counter(clip.label for clip in clips) == {"angry": 8, "happy": 8, "sad": 8}


def test_bangla_ser_and_ravdess_are_told_apart_and_refuse_each_other(build: Build) -> None:
    bangla, ravdess = build("bangla-ser"), build("ravdess")
    assert recognise(bangla / "Actor 01") == corpus_named("bangla-ser")
    clips = {clip.path.stem: clip for clip in read("bangla-ser", bangla).clips}
    strong, normal = clips["03-01-03-02-01-01-34"], clips["03-01-02-01-01-01-34"]
    assert (strong.group, strong.label, normal.label) == ("bangla-ser_34", "angry", "sad")
    assert strong.points[0].arousal == pytest.approx(0.8 * 1.1)
    with pytest.raises(DataError, match="statement '03'"):
        read("ravdess", bangla)
    problems: list[DataError] = []
    read_corpus(corpus_named("bangla-ser"), ravdess, problems.append)
    assert not problems  # names alone cannot tell: it is `recognise` that does
    assert recognise(ravdess) == corpus_named("ravdess")


def test_one_speaker_of_emotale_is_one_in_both_languages(build: Build) -> None:
    clips = read("emotale", build("emotale")).clips
    assert {clip.group for clip in clips} == {f"emotale_{who:03d}" for who in (1, 3, 4, 6, 7)}
    assert len({(clip.group, clip.split) for clip in clips}) == 5


LISTED_TABLES = [
    ("emozionalmente", "metadata/samples.csv", "anger", "emotion_expressed of 1612872800.wav 'rage'", "rage"),
    ("emns", "metadata.csv", "Angry", "emotion of recorded_0.webm 'Cross'", "Cross"),
    ("csemotions", "metadata.csv", "Angry", "emotion of S01-0.flac 'furious'", "Furious"),
]


@pytest.mark.parametrize(("name", "table", "before", "complaint", "after"), LISTED_TABLES)
def test_a_table_with_a_foreign_emotion_a_missing_or_doubled_file_or_nobody_speaking_is_named(
    name: str,
    table: str,
    before: str,
    complaint: str,
    after: str,
    build: Build,
    put: Put,
    tone_bytes: Callable[..., bytes],
) -> None:
    folder = build(name)
    whole = read(name, folder).clips
    text = (folder / table).read_text(encoding="utf-8")
    (folder / table).write_text(text.replace(before, after, 1), encoding="utf-8")
    with pytest.raises(DataError) as caught:
        read(name, folder)
    assert complaint in str(caught.value)
    assert table in str(caught.value)
    missing, doubled = whole[1].path, whole[2].path
    missing.unlink()
    put(folder / "again" / doubled.name, tone_bytes(7))
    problems: list[DataError] = []
    clips = read_corpus(corpus_named(name), folder, problems.append).clips
    assert sorted(problem.kind for problem in problems) == ["duplicate", "label", "missing"]
    assert len(clips) == len(whole) - 3


def test_a_listed_corpus_without_its_table_or_its_sounds_says_so(build: Build) -> None:
    folder = build("emns")
    for sound in (folder / "wavs").iterdir():
        sound.unlink()
    with pytest.raises(DataError, match="no sounds in"):
        read("emns", folder)
    (folder / "metadata.csv").write_text("id|utterance\n1|x\n")
    with pytest.raises(DataError, match=r"no table metadata.csv with the columns audio_recording"):
        read("emns", folder)


def test_emns_is_found_as_webm_too(build: Build) -> None:
    folder = build("emns")
    for sound in sorted((folder / "wavs").iterdir()):
        sound.rename(sound.with_suffix(".webm"))
    assert {clip.path.suffix for clip in read("emns", folder).clips} == {".webm"}


def test_csemotions_as_parquet_is_refused_with_what_to_do(tmp_path: Path, put: Put) -> None:
    put(tmp_path / "data" / "train-00000-of-00008.parquet", b"PAR1")
    with pytest.raises(DataError, match=r"as Parquet.*unpack it into sounds"):
        read("csemotions", tmp_path)


def test_tess_counts_its_misnamed_file_to_the_older_speaker(build: Build) -> None:
    clips = read("tess", build("tess")).clips
    assert Counter(clip.group for clip in clips) == {"tess_OAF": 9, "tess_YAF": 8}
    assert {clip.split for clip in clips} == {"train", "test"}


WRONG_CODES = [
    ("ravdess", "Actor_01/03-01-09-01-01-01-01.wav", "label", "emotion '09'"),
    ("ravdess", "Actor_01/03-01-05-03-01-01-01.wav", "label", "intensity '03'"),
    ("crema-d", "AudioWAV/1001_DFA_JOY_XX.wav", "label", "emotion 'JOY'"),
    ("savee", "DC/z01.wav", "label", "emotion 'z'"),
    ("savee", "XX/a01.wav", "label", "speaker 'XX'"),
    ("tess", "OAF_angry/OAF_back_cross.wav", "label", "emotion 'cross'"),
    ("emodb", "wav/03a01Xa.wav", "label", "emotion 'X'"),
    ("nemo", "samples/EB0_joy_1.wav", "label", "emotion 'joy'"),
    ("urdu", "Angry/SM1_F9_H09.wav", "label", "the folder says angry, the name happy"),
    ("urdu", "Angry/recording.wav", "layout", "is not named like SM1_F1_A01"),
    ("emotale", "wav/DK_001_F_1.wav", "label", "emotion 'F'"),
    ("emotale", "wav/SE_001_A_1.wav", "layout", "is not named like DK_004_A_5"),
    ("ased", "05Angry/x5-01-01-01-01.wav", "label", "emotion 'x'"),
    ("ased", "05Angry/h5-01-01-01-01.wav", "label", "the folder says angry, the name happy"),
    ("jl-corpus", "JL(wav+txt)/male1_jolly_1a_1.wav", "label", "emotion 'jolly'"),
    ("jl-corpus", "JL(wav+txt)/male3_angry_1a_1.wav", "layout", "is not named like female1_angry_10a_1"),
    ("bangla-ser", "Actor 01/03-01-06-01-01-01-01.wav", "label", "emotion '06'"),
    ("bangla-ser", "Actor 01/03-01-03-01-04-01-01.wav", "label", "sentence '04'"),
    ("bangla-ser", "Actor 01/03-01-03-01-01-01-35.wav", "label", "actor '35'"),
    ("bangla-ser", "Actor 01/03-01-03-03-01-01-01.wav", "label", "intensity '03'"),
    ("subesco", "F_02_MONIKA_S_1_JOY_5.wav", "label", "emotion 'JOY'"),
    ("subesco", "02_MONIKA_S_1_SAD_5.wav", "layout", "is not named like F_02_MONIKA_S_1_NEUTRAL_5"),
    ("mesd", "Surprise_C_A_abajo.wav", "label", "emotion 'Surprise'"),
    ("mesd", "Anger_X_A_abajo.wav", "layout", "is not named like Anger_C_A_abajo"),
    ("ravdess", "Actor_01/03-01-05-01-03-01-01.wav", "label", "statement '03'"),
    ("ravdess", "Actor_01/03-01-05-01-01-03-01.wav", "label", "repetition '03'"),
    ("ravdess", "Actor_01/03-01-05-01-01-01-30.wav", "label", "actor 30"),
    ("ravdess", "Actor_01/take two.wav", "layout", "is not named like 03-01-05-02-01-01-01"),
]


@pytest.mark.parametrize(("name", "file", "kind", "complaint"), WRONG_CODES)
def test_a_foreign_name_or_code_is_named_and_a_validator_reads_on(
    name: str, file: str, kind: str, complaint: str, build: Build, put: Put, tone_bytes: Callable[..., bytes]
) -> None:
    folder = build(name)
    whole = len(read(name, folder).clips)
    put(folder / file, tone_bytes(1))
    with pytest.raises(DataError) as caught:
        read(name, folder)
    assert complaint in str(caught.value)
    assert str(folder / file) in str(caught.value)
    problems: list[DataError] = []
    assert len(read_corpus(corpus_named(name), folder, problems.append).clips) == whole
    assert [problem.kind for problem in problems] == [kind]


def test_hidden_files_of_archives_are_passed_over(build: Build, put: Put) -> None:
    folder = build("emodb")
    put(folder / "__MACOSX" / "wav" / "._03a01Wa.wav", b"no sound")
    put(folder / "wav" / "._03a02Wa.wav", b"no sound")
    assert len(read("emodb", folder).clips) == 40


def test_nemo_holds_its_table_against_the_files(build: Build) -> None:
    folder = build("nemo")
    (folder / "samples" / "EB0_anger_1.wav").unlink()
    table = folder / "data.tsv"
    table.write_text(table.read_text().replace("KS0_anger_2.wav\tanger", "KS0_anger_2.wav\tfear"))
    problems: list[DataError] = []
    read_corpus(corpus_named("nemo"), folder, problems.append)
    assert [(problem.kind, problem.message.split()[-1]) for problem in problems] == [
        ("missing", "there"),
        ("label", "KS0_anger_2.wav"),
    ]


def by_stem(clips: list[Clip]) -> dict[str, Clip]:
    return {clip.path.stem: clip for clip in clips}


def test_deam_ratings_are_scaled_and_the_interchanged_ones_put_right(build: Build) -> None:
    folder = build("deam")
    clips = by_stem(read_deam(folder))
    assert (clips["3"].points[0].valence, clips["3"].points[0].arousal) == (-1.0, 1.0)
    assert clips["1001"].points[0].valence == pytest.approx(0.5)
    assert clips["2001"].points[0].arousal == 1.0
    assert {clip.annotation for clip in clips.values()} == {"label"}
    assert by_stem(read_deam(folder, correct_swap=False))["3"].points[0].valence == 1.0


def test_deam_in_time_begins_where_it_was_rated_and_ends_with_the_song(build: Build) -> None:
    clips = by_stem(read_deam_dynamic(build("deam")))
    assert [point.time_s for point in clips["2"].points] == [15.0, 15.5]
    assert [point.valence for point in clips["3"].points] == pytest.approx([0.1, 0.2, 0.3])
    assert [point.arousal for point in clips["3"].points] == pytest.approx([-0.1, -0.2, -0.3])


def test_deam_refuses_a_rating_outside_its_scale_and_names_a_missing_song(build: Build) -> None:
    folder = build("deam")
    table = next(folder.rglob("static_annotations_averaged_songs_1_2000.csv"))
    table.write_text(table.read_text().replace("3,9,1,1,1", "3,9.5,1,1,1"))
    with pytest.raises(DataError, match=r"valence of song 3 is 9\.5 \(ratings lie in 1\.\.9\)"):
        read_deam(folder)
    (folder / "MEMD_audio" / "4.mp3").unlink()
    problems: list[DataError] = []
    assert len(read_deam(folder, problems.append)) == 4
    assert [problem.kind for problem in problems] == ["scale", "missing", "missing"]


def test_pmemo_is_scaled_and_sorted_in_time(build: Build) -> None:
    folder = build("pmemo")
    point = by_stem(read_pmemo(folder))["4"].points[0]
    assert (point.valence, point.arousal) == pytest.approx((0.5, -0.2))
    assert [point.time_s for point in by_stem(read_pmemo_dynamic(folder))["4"].points] == [15.0, 15.5]


def test_emotify_counts_listeners_and_finds_the_song_of_a_genre(build: Build) -> None:
    clips = {
        (clip.path.parent.name, clip.path.stem): clip for clip in read_emotify_original(build("emotify"))
    }
    assert len(clips) == 6
    rock, classical = clips["rock", "1"], clips["classical", "1"]
    assert (rock.group, classical.group) == ("emotify_101", "emotify_1")
    # half calm (0.5, -0.8), half sad (-0.7, -0.5)
    assert (classical.points[0].valence, classical.points[0].arousal) == pytest.approx((-0.1, -0.65))
    assert rock.points[0].arousal == pytest.approx((0.8 - 0.5) / 2)


def test_emotify_refuses_an_answer_that_is_none(build: Build) -> None:
    folder = build("emotify")
    table = folder / "data.csv"
    table.write_text(table.read_text().replace("101,rock,0", "101,rock,2", 1))
    with pytest.raises(DataError, match="amazement of track 101 is '2'"):
        read_emotify_original(folder)


def test_vgmidi_takes_the_median_listener_and_splits_by_series(build: Build) -> None:
    clips = by_stem(read_vgmidi_original(build("vgmidi")))
    song = clips["Final Fantasy_PS1_Final Fantasy VII_Song 0"]
    assert song.group == "vgmidi_Final Fantasy"
    assert [point.time_s for point in song.points] == [0.0, 2.0, 4.0, 6.0]
    assert song.points[0].valence == pytest.approx(0.2)
    assert len({clip.group for clip in clips.values()}) == 5


def test_vgmidi_asks_for_sounds_of_its_pieces_and_ratings_on_its_scale(build: Build) -> None:
    folder = build("vgmidi")
    next(folder.rglob("*Song 2.wav")).unlink()
    table = next(folder.rglob("vgmidi_raw_1.json"))
    table.write_text(table.read_text().replace("0.4", "1.4", 1))
    problems: list[DataError] = []
    read_vgmidi_original(folder, problems.append)
    assert [problem.kind for problem in problems] == ["scale", "missing"]
    table.write_text("{")
    with pytest.raises(DataError, match="is damaged"):
        read_vgmidi_original(folder)


def test_dvisa_reads_emotion_rating_and_artist(build: Build) -> None:
    paintings = read("d-visa", build("d-visa")).paintings
    assert len(paintings) == 15
    assert {painting.artist for painting in paintings} == {"aaron", "betty", "carl", "dora", "emil"}
    assert Counter(painting.emotion for painting in paintings) == {"anger": 5, "sadness": 5, "contentment": 5}
    assert paintings[1].vad == pytest.approx((0.25, 0.3, 0.1))


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("anger", "boredom", "unknown emotion 'boredom'"),
        ("[0.25", "[1.25", r"valence is 1\.25"),
        ("[0.25,", "[", "final_vad is"),
        ("aaron_untitled-0", "aaron_lost", "is not there"),
    ],
)
def test_dvisa_refuses_what_does_not_fit(old: str, new: str, complaint: str, build: Build) -> None:
    folder = build("d-visa")
    table = folder / "D-ViSA.csv"
    table.write_text(table.read_text().replace(old, new, 1))
    with pytest.raises(DataError, match=complaint):
        read("d-visa", folder)


def test_foodpics_brings_its_scale_to_ours_and_guesses_the_emotion(build: Build) -> None:
    paintings = read("food-pics", build("food-pics")).paintings
    assert [painting.vad[0] for painting in paintings] == pytest.approx([0.1 * n for n in range(1, 8)])
    assert nearest_emotion(0.68, 0.40) == "contentment"
    assert nearest_emotion(0.27, 0.60) == "anger"


def test_every_corpus_is_in_the_documentation_as_it_is_in_the_code(repository: Path) -> None:
    page = (repository / "docs" / "data.md").read_text(encoding="utf-8")
    for corpus in CORPORA:
        row = (corpus.layout, corpus.labels, corpus.group, corpus.licence, corpus.here)
        assert f"| `{corpus.name}` | {' | '.join(row)} |" in page
    assert len({corpus.name for corpus in CORPORA}) == len(CORPORA)


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(DataError, match=r"'iemocap'.*ravdess.*d-visa"):
        corpus_named("iemocap")


def test_a_folder_of_several_corpora_is_taken_apart(
    builders: dict[str, Callable[[Path], Path]], tmp_path: Path
) -> None:
    for name in ("ravdess", "tess", "deam", "own-pictures"):
        builders[name](tmp_path / f"my {name}")
    assert [(corpus.name, folder.name) for corpus, folder in find_corpora(tmp_path)] == [
        ("deam", "my deam"),
        ("own-pictures", "my own-pictures"),
        ("ravdess", "my ravdess"),
        ("tess", "my tess"),
    ]


@pytest.mark.parametrize("name", ORIGINALS)
def test_the_parts_of_a_corpus_are_not_taken_for_corpora(name: str, build: Build) -> None:
    folder = build(name)
    assert find_corpora(folder) == [(corpus_named(name), folder)]


def test_a_folder_of_nothing_known_says_so(tmp_path: Path, put: Put) -> None:
    put(tmp_path / "holiday" / "list.txt", "milk")
    with pytest.raises(DataError, match="layout of no known corpus"):
        find_corpora(tmp_path)
    with pytest.raises(DataError, match="there is no folder"):
        find_corpora(tmp_path / "nowhere")


def test_an_empty_corpus_says_so(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no sounds in"):
        read("ravdess", tmp_path)


@pytest.mark.shared_data
def test_the_shared_data_are_recognised(shared_dir: Path) -> None:
    found = {folder.name: corpus.name for corpus, folder in find_corpora(shared_dir / "data")}
    assert found == {
        "annotations": "ratings",
        "art": "prepared-art",
        "clips": "prepared-clips",
        "deam_sample": "prepared-songs",
        "emotify": "prepared-emotify",
        "speech": "prepared-speech",
        "vgmidi": "prepared-vgmidi",
    }
