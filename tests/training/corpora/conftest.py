"""Made-up corpora in the layouts of the published ones: a handful of short tones, tables of a few rows."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PIL import Image

AXES = ("valence", "arousal")


def tone_bytes(seed: int, seconds: float = 0.3, rate_hz: int = 8_000) -> bytes:
    """A wav file of three tones that no other seed has."""
    rng = np.random.default_rng(seed)
    time_s = np.arange(round(seconds * rate_hz)) / rate_hz
    parts = [
        np.sin(2.0 * np.pi * rng.uniform(200.0, 3_000.0) * time_s) * rng.uniform(0.05, 0.3) for _ in range(3)
    ]
    file = io.BytesIO()
    soundfile.write(file, np.sum(parts, axis=0).astype(np.float32), rate_hz, format="WAV")
    return file.getvalue()


def put(path: Path, content: bytes | str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def put_sounds(folder: Path, names: Iterable[str]) -> Path:
    for seed, name in enumerate(names):
        put(folder / name, tone_bytes(seed))
    return folder


def put_table(path: Path, rows: list[Mapping[str, object]], delimiter: str = ",") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


def put_picture(path: Path, seed: int, side: int = 64) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    coarse = np.random.default_rng(seed).integers(0, 255, (6, 6, 3)).astype(np.uint8)
    Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC).save(path)
    return path


def ravdess(folder: Path) -> Path:
    return put_sounds(
        folder,
        (
            f"Actor_{actor:02d}/03-01-{emotion:02d}-{1 + (emotion > 4):02d}-01-01-{actor:02d}.wav"
            for actor in range(1, 7)
            for emotion in (1, 3, 4, 5)
        ),
    )


def crema_d(folder: Path) -> Path:
    names = (
        f"AudioWAV/{actor}_DFA_{emotion}_{level}.wav"
        for actor in range(1001, 1006)
        for emotion, level in (("ANG", "XX"), ("HAP", "HI"), ("SAD", "LO"), ("FEA", "MD"))
    )
    return put_sounds(folder, (*names, "AudioWAV/1005_ITH_SAD_X.wav"))


def savee(folder: Path) -> Path:
    return put_sounds(
        folder,
        (
            f"{who}/{code}{n:02d}.wav"
            for who in ("DC", "JE", "JK", "KL")
            for code in ("a", "h", "sa", "su")
            for n in (1, 2)
        ),
    )


def savee_flat(folder: Path) -> Path:
    return put_sounds(
        folder,
        (
            f"ALL/{who}_{code}{n:02d}.wav"
            for who in ("DC", "JE", "JK", "KL")
            for code in ("a", "h", "sa")
            for n in (1, 2)
        ),
    )


def tess(folder: Path) -> Path:
    emotions = (("angry", "angry"), ("happy", "happy"), ("Sad", "sad"), ("Pleasant_surprise", "ps"))
    names = (
        f"{who}_{place}/{who}_{word}_{code}.wav"
        for who in ("OAF", "YAF")
        for place, code in emotions
        for word in ("back", "bar")
    )
    return put_sounds(folder, (*names, "OAF_neutral/OA_bite_neutral.wav"))


def emodb(folder: Path) -> Path:
    return put_sounds(
        folder,
        (
            f"wav/{who}a{text:02d}{code}a.wav"
            for who in ("03", "08", "09", "10", "11")
            for code in "WFTL"
            for text in (1, 2)
        ),
    )


def nemo(folder: Path) -> Path:
    names = [
        (f"{who}_{emotion}_{n}.wav", emotion, f"        {who}")
        for who in ("EB0", "KS0", "MK0", "TP0", "WR0")
        for emotion in ("anger", "happiness", "sadness", "surprised")
        for n in (1, 2)
    ]
    put_table(
        folder / "data.tsv",
        [
            {"file_id": name, "emotion": emotion, "raw_text": "x", "speaker_id": who}
            for name, emotion, who in names
        ],
        "\t",
    )
    return put_sounds(folder, (f"samples/{name}" for name, _, _ in names))


def urdu(folder: Path) -> Path:
    return put_sounds(
        folder,
        (
            f"{emotion}/{who}_F{n}_{emotion[0]}0{n}.wav"
            for emotion in ("Angry", "Happy", "Sad", "Neutral")
            for who in ("SM1", "SM2", "SF1", "SF2", "SF3")
            for n in (1, 2)
        ),
    )


def emotale(folder: Path) -> Path:
    return put_sounds(
        folder,
        (
            f"wav/{language}_{who:03d}_{code}_{sentence}.wav"
            for who in (1, 3, 4, 6, 7)
            for code in "AHSB"
            for language, sentence in (("DK", 1), ("EN", 5))
        ),
    )


def ased(folder: Path) -> Path:
    names = (
        f"{place}/{code}{n}-01-0{take}-01-{who:02d}.wav"
        for who in (1, 2, 50, 64, 65)
        for n, (place, code) in enumerate(
            (("03Happy", "h"), ("04Sad", "s"), ("05Angry", "a"), ("02Fearful", "f")), 1
        )
        for take in (1, 2)
    )
    return put_sounds(folder, (*names, "04Sad/S4-03-01-01-01.wav"))


def jl_corpus(folder: Path) -> Path:
    return put_sounds(
        folder,
        (
            f"JL(wav+txt)/{who}_{emotion}_{sentence}_1.wav"
            for who in ("male1", "male2", "female1", "female2")
            for emotion in ("angry", "happy", "sad", "excited", "apologetic")
            for sentence in ("1a", "12b")
        ),
    )


def bangla_ser(folder: Path) -> Path:
    return put_sounds(
        folder,
        (
            f"Actor {actor:02d}/03-01-{emotion:02d}-{1 + (emotion in (3, 4)):02d}-0{sentence}-01-{actor:02d}.wav"
            for actor in (1, 2, 3, 4, 34)
            for emotion in (1, 2, 3, 5)
            for sentence in (1, 3)
        ),
    )


def subesco(folder: Path) -> Path:
    names = (
        f"{who}_S_{sentence}_{emotion}_{take}.wav"
        for who in ("F_01_ANNA", "F_02_MONIKA", "M_01_TOM", "M_02_JAN", "M_11_NIPUN")
        for emotion in ("ANGRY", "HAPPY", "SAD", "SURPRISE")
        for sentence, take in ((1, 1), (10, 5))
    )
    return put_sounds(folder, (*names, "F_02_MONIKA_S_2_SURPRISE_3].wav"))


def mesd(folder: Path) -> Path:
    return put_sounds(
        folder,
        (
            f"{emotion}_{voice}_{words}.wav"
            for voice in "FMC"
            for emotion in ("Anger", "Happiness", "Sadness", "Neutral")
            for words in ("A_abajo", "B_piel de gallina")
        ),
    )


def emozionalmente(folder: Path) -> Path:
    rows: list[Mapping[str, object]] = [
        {
            "file_name": f"16128728{actor}{n}.wav",
            "sentence": "È andato a scuola, dopo pranzo",
            "sentence_language": "italian",
            "actor": f"{actor}b8030cbf",
            "emotion_expressed": emotion,
        }
        for actor in range(5)
        for n, emotion in enumerate(("anger", "joy", "sadness", "neutrality"))
    ]
    put_table(folder / "metadata" / "samples.csv", rows)
    put_table(folder / "metadata" / "users.csv", [{"username": "0b8030cbf", "gender": "male"}])
    return put_sounds(folder, (f"audio/{row['file_name']}" for row in rows))


def emns(folder: Path) -> Path:
    emotions = ("Angry", "Happy", "Sad", "Excited", "Sarcastic")
    rows: list[Mapping[str, object]] = [
        {
            "id": n,
            "utterance": "He said: no, never | or so",
            "emotion": emotion,
            "status": "Complete",
            "level": "5",
            "audio_recording": f"wavs/recorded_{n}.webm",
            "user_id": 3,
        }
        for n, emotion in enumerate(emotions * 2)
    ]
    waiting = {**rows[0], "id": 99, "status": "Needs Updating", "audio_recording": ""}
    put_table(folder / "metadata.csv", [*rows, waiting], "|")
    return put_sounds(folder, (f"wavs/recorded_{n}.wav" for n in range(len(rows))))


def csemotions(folder: Path) -> Path:
    rows: list[Mapping[str, object]] = [
        {"file_name": f"sounds/{speaker}-{n}.flac", "text": "一", "emotion": emotion, "speaker": speaker}
        for speaker in ("S01", "S02", "S03", "S04", "S05")
        for n, emotion in enumerate(("Angry", "Happy", "Sad", "Surprise", "Playfulness"))
    ]
    put_table(folder / "metadata.csv", rows)
    return put_sounds(folder, (str(row["file_name"]) for row in rows))


def deam(folder: Path) -> Path:
    put_sounds(folder, (f"MEMD_audio/{song}.mp3" for song in (2, 3, 4, 5, 1001, 2001)))
    averaged = folder / "annotations" / "annotations averaged per song"
    put(
        averaged / "song_level" / "static_annotations_averaged_songs_1_2000.csv",
        "song_id, valence_mean, valence_std, arousal_mean, arousal_std\n"
        "2,3.1,0.94,3,0.63\n3,9,1,1,1\n4,5.7,1.42,5.5,1.63\n5,4.4,2.01,5.3,1.85\n1001,7,1,3,1\n",
    )
    put(
        averaged / "song_level" / "static_annotations_averaged_songs_2000_2058.csv",
        "song_id, valence_mean, valence_std, valence_max_mean, arousal_mean, arousal_std\n2001,5,1,6,9,1\n",
    )
    for axis, sign in (("valence", 1), ("arousal", -1)):
        put_table(
            averaged / "dynamic (per second annotations)" / f"{axis}.csv",
            [
                {
                    "song_id": song,
                    "sample_15000ms": sign * 0.1,
                    "sample_15500ms": sign * 0.2,
                    "sample_16000ms": "" if song == 2 else sign * 0.3,
                }
                for song in (2, 3, 4, 5, 1001, 2001)
            ],
        )
    return folder


def pmemo(folder: Path) -> Path:
    put_sounds(folder, (f"chorus/{song}.mp3" for song in (1, 4, 5, 6, 7)))
    put_table(
        folder / "annotations" / "static_annotations.csv",
        [{"musicId": song, "Arousal(mean)": song / 10, "Valence(mean)": 0.75} for song in (1, 4, 5, 6, 7)],
    )
    put_table(
        folder / "annotations" / "dynamic_annotations.csv",
        [
            {"musicId": song, "frameTime": time_s, "Arousal(mean)": 0.25, "Valence(mean)": 1.0}
            for song in (1, 4, 5, 6, 7)
            for time_s in (15.5, 15.0)
        ],
    )
    return folder


GEMS = [
    "amazement",
    "solemnity",
    "tenderness",
    "nostalgia",
    "calmness",
    "power",
    "joyful_activation",
    "tension",
    "sadness",
]


def emotify(folder: Path) -> Path:
    put_sounds(folder, [f"{genre}/{n}.mp3" for genre in ("classical", "rock") for n in (1, 2, 3)])
    rows: list[Mapping[str, object]] = [
        {
            "track id": track,
            " genre": genre,
            **{f" {name}": int(name == felt) for name in GEMS},
            " mood": 3,
            " liked": 1,
        }
        for genre, first, felt in (("classical", 1, "calmness"), ("rock", 101, "power"))
        for track in range(first, first + 3)
        for felt in (felt, "sadness")
    ]
    put_table(folder / "data.csv", rows)
    return folder


def vgmidi(folder: Path) -> Path:
    pieces = {
        f"piece{n}": {
            "midi": f"{series}_PS1_{series} VII_Song {n}.mid",
            "name": f"Song {n}",
            "duration": 8.0,
            "measures": 4,
        }
        for n, series in enumerate(("Final Fantasy", "Final Fantasy", "Zelda", "Mario", "Mana", "Chrono"))
    }
    annotations = {
        f"{piece}_{listener}": {
            "valence": [0.1 * listener, 0.2, 0.3, 0.4],
            "arousal": [-0.1 * listener, -0.2, -0.3, -0.4],
        }
        for piece in pieces
        for listener in (1, 2, 3)
    }
    put(
        folder / "labelled" / "annotations" / "vgmidi_raw_1.json",
        json.dumps({"annotations": annotations, "pieces": pieces}),
    )
    return put_sounds(folder, (f"rendered/{Path(piece['midi']).stem}.wav" for piece in pieces.values()))  # type: ignore[arg-type]


def dvisa(folder: Path) -> Path:
    rows: list[Mapping[str, object]] = []
    for artist in ("aaron", "betty", "carl", "dora", "emil"):
        for n, emotion in enumerate(("anger", "sadness", "contentment")):
            name = f"{artist}_untitled-{n}.jpg"
            put_picture(folder / "data" / name, seed=len(rows))
            rows.append(
                {
                    "artwork": name,
                    "final_emo": emotion,
                    "final_vad": f"[0.25, 0.30000000000000004, {0.1 * n}]",
                }
            )
    put_table(folder / "D-ViSA.csv", rows)
    return folder


def foodpics(folder: Path) -> Path:
    rows: list[Mapping[str, object]] = []
    for n in range(1, 8):
        put_picture(folder / "images" / f"{n:04d}.jpg", seed=n)
        rows.append({"image": n, "valence": 10 * n, "arousal": 50})
    put_table(folder / "ratings.csv", rows)
    return folder


def own_sounds(folder: Path) -> Path:
    return put_sounds(
        folder,
        (
            f"{label}/{who}/{n}.wav"
            for label in ("angry", "joy", "sad")
            for who in ("maria", "tom", "kim")
            for n in (1, 2)
        ),
    )


def own_pictures(folder: Path) -> Path:
    for seed, (label, artist) in enumerate(
        (label, artist) for label in ("sadness", "anger", "awe") for artist in ("klee", "miro")
    ):
        put_picture(folder / label / f"{artist}_{seed}.png", seed)
    return folder


BUILDERS: dict[str, Callable[[Path], Path]] = {
    "ravdess": ravdess,
    "crema-d": crema_d,
    "savee": savee,
    "tess": tess,
    "emodb": emodb,
    "nemo": nemo,
    "urdu": urdu,
    "emotale": emotale,
    "ased": ased,
    "jl-corpus": jl_corpus,
    "bangla-ser": bangla_ser,
    "subesco": subesco,
    "mesd": mesd,
    "emozionalmente": emozionalmente,
    "emns": emns,
    "csemotions": csemotions,
    "deam": deam,
    "pmemo": pmemo,
    "emotify": emotify,
    "vgmidi": vgmidi,
    "d-visa": dvisa,
    "food-pics": foodpics,
    "own-sounds": own_sounds,
    "own-pictures": own_pictures,
}


@pytest.fixture(name="builders", scope="session")
def builders_fixture() -> dict[str, Callable[[Path], Path]]:
    """Writes a made-up corpus of that name into a folder and returns it."""
    return BUILDERS


@pytest.fixture
def build(tmp_path: Path) -> Callable[[str], Path]:
    """Writes a made-up corpus into a folder named unlike it."""
    return lambda name: BUILDERS[name](tmp_path / f"folder-of-{name}")


@pytest.fixture(name="put", scope="session")
def put_fixture() -> Callable[[Path, bytes | str], Path]:
    """`put`, for test modules."""
    return put


@pytest.fixture(name="tone_bytes", scope="session")
def tone_bytes_fixture() -> Callable[..., bytes]:
    """`tone_bytes`, for test modules."""
    return tone_bytes


@pytest.fixture
def flat_savee(tmp_path: Path) -> Path:
    """SAVEE as it is often passed on: all speakers in one folder."""
    return savee_flat(tmp_path / "flat")
