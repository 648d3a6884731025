"""The validator on made-up folders with one fault each: named, of the right severity; a second run is fast."""

from __future__ import annotations

import io
import json
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soundfile
import soxr
from PIL import Image
from typer.testing import CliRunner

from chromesthesia_training.cli import app as cli
from chromesthesia_training.cli import options
from chromesthesia_training.corpora import facts as facts_module
from chromesthesia_training.corpora.check import PICTURE_BITS, SOUND_BITS, CheckResult, check
from chromesthesia_training.corpora.facts import FileFacts, facts_of
from chromesthesia_training.corpora.fingerprint import (
    near_pairs,
    picture_fingerprint,
    sound_fingerprint,
    to_hex,
    words,
)
from chromesthesia_training.corpora.registry import corpus_named
from chromesthesia_training.errors import DataError

Build = Callable[[str], Path]
Put = Callable[[Path, bytes | str], Path]


def kinds(result: CheckResult) -> Counter[tuple[str, str]]:
    return Counter((finding.severity, finding.kind) for finding in result.findings)


@pytest.fixture
def prepared(speech_folder: Callable[..., Path]) -> Callable[..., Path]:
    """A prepared speech folder of unlike sounds: 3 speakers, 4 emotions."""

    def write(**changed: object) -> Path:
        folder = speech_folder(**changed)
        for seed, path in enumerate(sorted(folder.glob("*.wav"))):
            path.write_bytes(voice(seed))
        return folder

    return write


def voice(seed: int, rate_hz: int = 16_000, seconds: float = 1.5, level: float = 1.0) -> bytes:
    """Bands of noise that come and go, unlike those of another seed."""
    rng = np.random.default_rng(seed)
    count = round(seconds * rate_hz)
    time_s = np.arange(count) / rate_hz
    total = np.zeros(count)
    for _ in range(24):
        envelope = np.interp(time_s, np.linspace(0.0, seconds, 12), rng.uniform(0.0, 1.0, 12) ** 3)
        total += envelope * np.sin(2.0 * np.pi * rng.uniform(300.0, 3_400.0) * time_s + rng.uniform(0.0, 6.0))
    file = io.BytesIO()
    soundfile.write(file, (level * 0.02 * total).astype(np.float32), rate_hz, format="WAV")
    return file.getvalue()


def test_sound_folders_without_a_fault_have_no_finding(prepared: Callable[..., Path], tmp_path: Path) -> None:
    result = check([prepared()], tmp_path / "cache")
    assert result.findings == ()
    (row,) = result.corpora
    assert (row.corpus, row.items, row.groups) == ("tiny", 12, 3)
    assert row.classes == {"angry": 3, "happy": 3, "neutral": 3, "sad": 3}
    assert row.splits == {"train": 4, "val": 4, "test": 4}
    assert row.minutes == pytest.approx(12 * 1.5 / 60.0)


@pytest.mark.parametrize(
    ("content", "kind", "severity"),
    [
        (b"", "empty", "error"),
        (b"text, not sound", "corrupt", "error"),
        (voice(0)[:60], "corrupt", "error"),
        (voice(0)[: len(voice(0)) // 2], "corrupt", "error"),
        (voice(0, seconds=0.1), "short", "error"),
        (voice(0, level=0.0), "silent", "warning"),
    ],
)
def test_a_bad_sound_is_named(
    content: bytes, kind: str, severity: str, prepared: Callable[..., Path], tmp_path: Path
) -> None:
    folder = prepared()
    (folder / "sad-1.wav").write_bytes(content)
    result = check([folder], tmp_path / "cache")
    assert kinds(result) == {(severity, kind): 1}
    assert str(folder / "sad-1.wav") in result.findings[0].message


def test_a_missing_sound_is_named(prepared: Callable[..., Path], tmp_path: Path) -> None:
    folder = prepared()
    (folder / "sad-1.wav").unlink()
    result = check([folder], tmp_path / "cache")
    assert kinds(result) == {("error", "missing"): 1}


@pytest.mark.parametrize("content", [b"", b"no picture"])
def test_a_bad_picture_is_named(content: bytes, build: Build, tmp_path: Path) -> None:
    folder = build("own-pictures")
    bad = next((folder / "awe").iterdir())
    bad.write_bytes(content)
    result = check([folder], tmp_path / "cache")
    assert kinds(result) == {("error", "corrupt" if content else "empty"): 1}
    assert str(bad) in result.findings[0].message


@pytest.mark.parametrize(
    ("changed", "kind"),
    [
        ({"emotion": "jolly"}, "label"),
        ({"split": "exam"}, "split"),
        ({"fold": "first"}, "label"),
        ({"split": "test", "fold": 2}, "leak"),
        ({"fold": 2}, "leak"),
    ],
)
def test_a_bad_row_is_a_finding_and_the_others_are_read(
    changed: dict[str, object], kind: str, prepared: Callable[..., Path], tmp_path: Path
) -> None:
    result = check([prepared(**changed)], tmp_path / "cache")
    assert kinds(result) == {("error", kind): 1}
    assert result.corpora[0].items == (12 if kind == "leak" else 11)


def test_a_rating_outside_the_scale_is_named(build: Build, tmp_path: Path) -> None:
    folder = build("deam")
    table = next(folder.rglob("static_annotations_averaged_songs_1_2000.csv"))
    table.write_text(table.read_text().replace("1001,7,", "1001,0.5,"))
    result = check([folder], tmp_path / "cache")
    found = {finding.kind: finding.message for finding in result.findings}
    assert "valence of song 1001 is 0.5" in found["scale"]


def test_a_class_with_one_clip_is_named(prepared: Callable[..., Path], tmp_path: Path) -> None:
    result = check([prepared(emotion="bored", emotion3="")], tmp_path / "cache")
    assert [finding.message for finding in result.findings] == ["tiny has 1 of 'bored'"]
    assert kinds(result) == {("error", "small class"): 1}


def test_a_copy_in_another_split_is_a_leak_and_in_the_same_a_waste(
    prepared: Callable[..., Path], tmp_path: Path
) -> None:
    folder = prepared()
    (folder / "angry-1.wav").write_bytes((folder / "angry-0.wav").read_bytes())
    result = check([folder], tmp_path / "cache")
    assert kinds(result) == {("error", "leak"): 1}
    assert "in train (fold 0) and val (fold 1)" in result.findings[0].message
    (folder / "angry-1.wav").write_bytes(voice(77))
    (folder / "happy-0.wav").write_bytes((folder / "angry-0.wav").read_bytes())
    again = check([folder], tmp_path / "cache")
    assert kinds(again) == {("warning", "duplicate"): 1}
    assert "labelled 'happy', not 'angry'" in again.findings[0].message


def test_a_sound_encoded_again_is_found(prepared: Callable[..., Path], tmp_path: Path) -> None:
    folder = prepared()
    samples, rate_hz = soundfile.read(folder / "angry-0.wav", dtype="float32")
    soundfile.write(folder / "sad-2.wav", 0.5 * samples, rate_hz, format="OGG", subtype="VORBIS")
    result = check([folder], tmp_path / "cache")
    assert kinds(result) == {("warning", "leak"): 1}
    assert "sounds like" in result.findings[0].message


def test_a_picture_saved_again_is_found(build: Build, tmp_path: Path) -> None:
    folder = build("own-pictures")
    original = next((folder / "awe").iterdir())
    with Image.open(original) as image:
        image.convert("RGB").resize((150, 140)).save(folder / "awe" / "klee_99.jpg", quality=60)
    result = check([folder], tmp_path / "cache")
    assert [finding.message.split()[1:3] for finding in result.findings] == [["looks", "like"]]


def watched_look_at(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that are looked at from now on."""
    looked_at: list[Path] = []
    look_at = facts_module.look_at

    def watched(path: Path, picture: bool) -> FileFacts:
        looked_at.append(path)
        return look_at(path, picture)

    monkeypatch.setattr(facts_module, "look_at", watched)
    return looked_at


def test_a_second_run_reads_no_file_and_finds_the_same(
    prepared: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = prepared()
    (folder / "sad-1.wav").write_bytes(b"")
    first = check([folder], tmp_path / "cache")
    looked_at = watched_look_at(monkeypatch)
    assert check([folder], tmp_path / "cache") == first
    assert looked_at == []
    (folder / "sad-1.wav").write_bytes(voice(50))
    assert check([folder], tmp_path / "cache").findings == ()
    assert looked_at == [folder / "sad-1.wav"]


def test_an_interrupted_run_goes_on_where_it_was(
    prepared: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = prepared()
    monkeypatch.setattr(facts_module, "SAVE_EVERY", 4)

    def interrupt(done: int) -> None:
        if done == 6:
            raise KeyboardInterrupt

    files = [(path, False) for path in sorted(folder.glob("*.wav"))]
    with pytest.raises(KeyboardInterrupt):
        facts_of(files, tmp_path / "cache", interrupt)
    looked_at = watched_look_at(monkeypatch)
    assert len(facts_of(files, tmp_path / "cache")) == 12
    assert sorted(looked_at) == [path for path, _ in files[4:]]


def test_a_damaged_cache_is_built_again(prepared: Callable[..., Path], tmp_path: Path) -> None:
    folder = prepared()
    first = check([folder], tmp_path / "cache")
    (tmp_path / "cache" / "file-facts.json").write_text("{")
    assert check([folder], tmp_path / "cache") == first


def test_a_table_that_cannot_be_read_is_a_finding(build: Build, tmp_path: Path) -> None:
    folder = build("d-visa")
    (folder / "D-ViSA.csv").write_text("artwork,final_emo\n")
    result = check([folder], tmp_path / "cache", corpus_named("d-visa"))
    assert kinds(result) == {("error", "layout"): 1}
    assert result.corpora[0].items == 0


def test_fingerprints_survive_level_rate_and_padding_and_tell_sounds_apart() -> None:
    copies, strangers = [], []
    for seed in range(6):
        samples, rate_hz = soundfile.read(io.BytesIO(voice(seed)), dtype="float32")
        original = sound_fingerprint(samples, rate_hz)
        padded = np.concatenate([np.zeros(900, np.float32), 0.1 * samples, np.zeros(2_000, np.float32)])
        copies.append((sound_fingerprint(padded, rate_hz) != original).sum())
        copies.append((sound_fingerprint(soxr.resample(samples, 16, 12), 12_000) != original).sum())
        other, _ = soundfile.read(io.BytesIO(voice(seed + 100)), dtype="float32")
        strangers.append((sound_fingerprint(other, rate_hz) != original).sum())
    assert np.median(copies) < SOUND_BITS
    assert max(copies) < min(strangers)
    assert min(strangers) > 1.5 * SOUND_BITS


def test_near_pairs_are_those_that_counting_bits_gives() -> None:
    rng = np.random.default_rng(0)
    bits = rng.random((300, 256)) < 0.5
    bits[250] = bits[10]
    bits[250, :PICTURE_BITS] ^= True
    bits[299] = bits[298]
    pairs = near_pairs(words([to_hex(row) for row in bits]), PICTURE_BITS)
    assert pairs.tolist() == [[10, 250], [298, 299]]
    assert near_pairs(words([]), 3).shape == (0, 2)


def test_a_picture_of_one_colour_has_a_fingerprint() -> None:
    assert not picture_fingerprint(Image.new("RGB", (8, 8), (3, 4, 5))).any()


def run(arguments: list[str], monkeypatch: pytest.MonkeyPatch) -> int:
    """Exit code of the console script."""
    monkeypatch.setattr(sys, "argv", ["chromesthesia-train", *arguments])
    with pytest.raises(SystemExit) as caught:
        cli.main()
    return caught.value.code if isinstance(caught.value.code, int) else 1


def test_the_command_prints_tables_and_leaves_with_the_code_of_bad_data(
    prepared: Callable[..., Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Wide enough for the path of the folder, however deep it lies: the console knows its width since it was made.
    monkeypatch.setattr(options.console, "width", 400)
    folder = prepared()
    arguments = ["data", "check", str(folder), "--cache", str(tmp_path / "cache")]
    good = CliRunner().invoke(cli.app, arguments)
    assert good.exit_code == 0, good.output
    assert "0 errors, 0 warnings" in good.output
    (folder / "sad-1.wav").write_bytes(b"")
    bad = CliRunner().invoke(cli.app, arguments)
    assert bad.exit_code == 9
    assert "sad-1.wav: 0 bytes" in bad.output
    assert "1 errors, 0 warnings" in bad.output


def test_the_command_prints_json(prepared: Callable[..., Path], tmp_path: Path) -> None:
    folder = prepared(emotion="jolly")
    arguments = ["data", "check", str(folder), "--json", "--cache", str(tmp_path / "cache")]
    result = CliRunner().invoke(cli.app, arguments)
    assert result.exit_code == 9
    content = json.loads(result.stdout)
    assert (content["ok"], content["errors"], content["warnings"]) == (False, 1, 0)
    assert content["findings"][0]["kind"] == "label"
    assert content["corpora"][0]["items"] == 11


def test_the_command_reads_a_folder_as_the_corpus_it_is_told(build: Build, tmp_path: Path) -> None:
    arguments = [
        "data",
        "check",
        str(build("deam")),
        "--corpus",
        "deam-dynamic",
        "--json",
        "--cache",
        str(tmp_path),
    ]
    content = json.loads(CliRunner().invoke(cli.app, arguments).stdout)
    assert content["corpora"][0]["layout"] == "deam-dynamic"


def test_a_folder_of_nothing_known_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["data", "check", str(tmp_path)], monkeypatch) == 9
    assert "layout of no known corpus" in capsys.readouterr().err


def test_a_full_disk_is_named_by_the_check(
    prepared: Callable[..., Path], full_disk: Callable[[int], None], tmp_path: Path
) -> None:
    folder = prepared()
    full_disk(100)
    with pytest.raises(DataError, match="No space left on device") as caught:
        check([folder], tmp_path / "cache")
    assert caught.value.kind == "disk"
    assert list((tmp_path / "cache").iterdir()) == []
