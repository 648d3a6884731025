"""What trained a pack, file by file: only what is known to be free is, and a pack is refused for any other byte."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from msgspec.structs import replace
from tests.training.packing.test_pack import ENCODER_METRICS, PARITY, write_generator
from typer.testing import CliRunner

from chromesthesia.inference.check import find_faults
from chromesthesia.packs.manifest import DataSource
from chromesthesia_training.cli.app import app
from chromesthesia_training.encoder.export import TrainedEncoder
from chromesthesia_training.errors import DataError, TrainingError
from chromesthesia_training.packing.licences import free_terms
from chromesthesia_training.packing.manifest import manifest_of
from chromesthesia_training.packing.pack import PackParts, build_pack
from chromesthesia_training.packing.provenance import (
    PROVENANCE_NAME,
    Origin,
    check_pack,
    counted,
    judge,
    origins_of_files,
    origins_of_index,
    provenance_bytes,
    read_provenance,
)
from chromesthesia_training.packing.sealing import renew_terms, seal
from chromesthesia_training.packing.sources import KNOWN_SOURCES, sources_of

FREE = [
    "CC0-1.0",
    "CC0 1.0",
    "public domain (artist died 1899)",
    "Apache-2.0",
    "MIT",
    "CC BY 4.0",
    "made by script",
]
NOT_FREE = [
    "CC BY-NC-SA 4.0",
    "CC BY-NC 4.0",
    "CC BY-ND 4.0",
    "CC BY-SA 4.0",
    "CC BY-NC-ND 4.0",
    "research",
    "free for research",
    "not stated, research",
    "none given",
    "artists' rights, research only",
    "the user's own, not checked",
    "Open Database License 1.0",
    "CC BY 4.0 for research",
    "not public domain",
    "",
]


def origin(
    used_for: str = "encoder", licence: str = "CC0-1.0", source: str = "EMO-DB", byte: int = 0
) -> Origin:
    digest = hashlib.sha256(bytes([byte])).hexdigest()
    return Origin(used_for, source, "c511f04c", licence, f"wav/{byte}.wav", digest)


@pytest.mark.parametrize("licence", FREE)
def test_what_is_known_to_be_free_is(licence: str) -> None:
    assert free_terms(licence) is not None


@pytest.mark.parametrize("licence", NOT_FREE)
def test_all_else_is_not(licence: str) -> None:
    assert free_terms(licence) is None


def test_the_sets_that_a_pack_names_agree_with_the_licences_that_are_free() -> None:
    for source in KNOWN_SOURCES.values():
        if source.restricted:
            assert free_terms(source.licence) is None, source.name
        elif (
            source.name != KNOWN_SOURCES["crema-d"].name
        ):  # a licence for databases: unrestricted, not known as free
            assert free_terms(source.licence) is not None, source.name


def test_a_list_is_read_back_as_written_each_file_once(tmp_path: Path) -> None:
    rows = [origin(byte=1), origin("generator", source='Anna, "the painter"', byte=2)]
    path = tmp_path / PROVENANCE_NAME
    path.write_bytes(provenance_bytes([*rows, rows[0]]))
    assert list(read_provenance(path)) == rows


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        ("encoder,", "painter,", "row 2: used_for is 'painter'"),
        ("EMO-DB", "", "row 2: no source"),
        ("CC0-1.0", "", "row 2: no licence"),
        ("wav/0.wav", "", "row 2: no path"),
        ("6e340b9c", "nohash..", "row 2: 'nohash"),
        ("sha256", "hash", "has no column sha256"),
    ],
)
def test_a_damaged_list_is_refused_by_row(before: str, after: str, complaint: str, tmp_path: Path) -> None:
    path = tmp_path / PROVENANCE_NAME
    text = provenance_bytes([origin()]).decode()
    assert before in text
    path.write_text(text.replace(before, after))
    with pytest.raises(DataError, match=complaint):
        read_provenance(path)


def test_one_file_that_is_not_free_makes_the_whole_not_free() -> None:
    free = [origin(byte=number) for number in range(5)]
    verdict = judge(free)
    assert verdict.free
    assert "Every one of the 5 files that trained it is free (CC0-1.0 5)" in verdict.may
    verdict = judge([*free, origin(licence="research", source="Emotify", byte=9)])
    assert not verdict.free
    assert verdict.refusals == ("1 file of Emotify: 'research' is not free",)
    assert "Not for paid shows" in verdict.may
    assert not judge([]).free


def test_who_has_to_be_named_is_named_and_ones_own_is_ones_own() -> None:
    may = judge([origin(), origin(licence="CC BY 4.0", source="SUBESCO", byte=1)]).may
    assert "naming SUBESCO." in may
    verdict = judge(
        [origin(), origin("generator", "the user's own, not checked", "the artist's own pictures", 1)]
    )
    assert not verdict.free
    assert "Yours to decide" in verdict.may


def prepared(folder: Path, put: Callable[[Path, bytes], Path]) -> Path:
    lines = ["path,corpus,split,licence"]
    for number, (corpus, split, licence) in enumerate(
        [
            ("emodb", "train", "old words"),
            ("emodb", "test", "old words"),
            ("nemo", "train", "CC BY-NC-SA 4.0"),
        ]
    ):
        put(folder / f"{number}.wav", bytes([number]))
        lines.append(f"{number}.wav,{corpus},{split},{licence}")
    put(folder / "index.csv", "\n".join(lines).encode())
    return folder


def put_bytes(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def test_files_are_listed_from_a_table_those_that_trained_only(tmp_path: Path) -> None:
    folder = prepared(tmp_path / "speech", put_bytes)
    listed = origins_of_index(folder, "encoder", "audeering/emodb", "c511", "CC0-1.0", corpus="emodb")
    assert [(one.path, one.licence, one.sha256) for one in listed] == [
        ("0.wav", "CC0-1.0", hashlib.sha256(b"\0").hexdigest())
    ]
    assert {one.licence for one in origins_of_index(folder, "encoder", "x", "")} == {
        "old words",
        "CC BY-NC-SA 4.0",
    }
    with pytest.raises(DataError, match=r"no row in train, val of the corpus 'tess'"):
        origins_of_index(folder, "encoder", "x", "", corpus="tess")
    (folder / "0.wav").unlink()
    with pytest.raises(DataError, match=r"0.wav cannot be read"):
        origins_of_index(folder, "encoder", "x", "")


@pytest.fixture
def free_pack(tmp_path: Path, exported: tuple[TrainedEncoder, Path]) -> Path:
    """A pack whose manifest restricts nothing, without a list."""
    return packed(tmp_path, exported, sources_of(["emodb", "yamnet"], "encoder"))


def packed(place: Path, exported: tuple[TrainedEncoder, Path], sources: list[DataSource]) -> Path:
    generator = write_generator(place / "generator.onnx")
    parts = PackParts(exported[1], generator, PARITY, sources, ENCODER_METRICS, {})
    return build_pack(parts, place / "packs" / "free", created=date(2026, 11, 26)).folder


def test_a_pack_is_free_when_every_file_is_and_lies_where_it_is_said_to(
    free_pack: Path, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    files = [
        (put_bytes(data / name, content), "CC0-1.0") for name, content in (("a.wav", b"a"), ("b.jpg", b"b"))
    ]
    rows = [
        *origins_of_files(files[:1], data, "encoder", "EMO-DB", "c511"),
        *origins_of_files(files[1:], data, "generator", "paintings", "6a55"),
    ]
    verdict = seal(free_pack, rows)
    assert verdict.free
    assert not find_faults(free_pack)
    assert verdict.may in (free_pack / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert check_pack(free_pack, [data]).free
    put_bytes(data / "b.jpg", b"another painting")
    changed = check_pack(free_pack, [data])
    assert changed.refusals == ("paintings: b.jpg is not among the data with those bytes",)
    assert not changed.free


def test_a_pack_without_a_list_or_with_a_changed_one_or_half_of_one_is_refused(free_pack: Path) -> None:
    assert "has no provenance.csv" in check_pack(free_pack).refusals[0]
    verdict = seal(free_pack, [origin()])
    assert verdict.refusals == ("no file is listed for the generator",)
    assert "Not for paid shows" in (free_pack / "MODEL_CARD.md").read_text(encoding="utf-8")
    seal(free_pack, [origin(), origin("generator", byte=1)])
    assert check_pack(free_pack).free
    path = free_pack / PROVENANCE_NAME
    path.write_bytes(path.read_bytes() + provenance_bytes([origin(byte=5)]).split(b"\n", 1)[1])
    assert check_pack(free_pack).refusals == ("provenance.csv is not the file that the pack was made with",)


def test_a_manifest_that_names_a_restricted_set_is_believed_over_the_list(
    tmp_path: Path, exported: tuple[TrainedEncoder, Path]
) -> None:
    pack = packed(tmp_path, exported, sources_of(["emodb", "nemo"], "encoder"))
    verdict = seal(pack, [origin(), origin("generator", byte=1)])
    assert verdict.refusals == ("the manifest restricts nEMO (Polish speech): CC BY-NC-SA 4.0",)


def test_sealing_says_one_line_however_often(free_pack: Path) -> None:
    for _ in range(2):
        seal(free_pack, [origin(), origin("generator", byte=1)])
    card = (free_pack / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert card.count("Show it, sell it") == 1
    assert card.count("| data | used for | licence |") == 1
    assert sorted(path.name for path in free_pack.parent.iterdir()) == ["free"]


def test_an_earlier_pack_is_told_what_is_known_today_of_its_data(
    tmp_path: Path, exported: tuple[TrainedEncoder, Path]
) -> None:
    earlier = [replace(one, licence="research", restricted=True) for one in sources_of(["emodb"], "encoder")]
    pack = packed(tmp_path, exported, [*earlier, *sources_of(["nemo", "mine"], "encoder")])
    card = pack / "MODEL_CARD.md"
    whole = card.read_text(encoding="utf-8")
    assert "| EMO-DB (German speech) | encoder: emotion categories | research |" in whole
    assert renew_terms(pack) == ("EMO-DB (German speech)",)
    told = card.read_text(encoding="utf-8")
    assert not find_faults(pack)
    assert [source.restricted for source in manifest_of(pack).data] == [False, True, True]
    assert "- EMO-DB (CC0-1.0): Felix Burkhardt" in told
    assert "- nEMO (CC BY-NC-SA 4.0): Iwona Christop" in told
    assert told.count("Who made the data") == 1
    before, after = (text.partition("## What it cannot do")[2] for text in (whole, told))
    assert before == after != ""
    assert renew_terms(pack) == ()
    assert card.read_text(encoding="utf-8") == told
    assert sorted(path.name for path in pack.parent.iterdir()) == [pack.name]


def test_what_a_list_of_files_allows_stays_when_terms_are_said_anew(free_pack: Path) -> None:
    verdict = seal(free_pack, [origin(), origin("generator", byte=1)])
    renew_terms(free_pack)
    assert verdict.may in (free_pack / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert check_pack(free_pack).free


def test_a_card_without_its_headings_is_refused_and_the_pack_stays(free_pack: Path) -> None:
    card = free_pack / "MODEL_CARD.md"
    card.write_text("# A pack\n\n## May I use it?\n\nYes.\n", encoding="utf-8")
    with pytest.raises(TrainingError, match="no heading"):
        renew_terms(free_pack)
    assert card.read_text(encoding="utf-8").endswith("Yes.\n")


def test_every_committed_pack_that_lists_its_files_is_what_it_says(repository: Path) -> None:
    for manifest in (repository / "exports").glob("*/manifest.toml"):
        pack = manifest.parent
        verdict = check_pack(pack)
        if (pack / PROVENANCE_NAME).is_file():
            assert verdict.free, verdict.refusals
        card = (pack / "MODEL_CARD.md").read_text(encoding="utf-8")
        assert verdict.free == ("Show it, sell it, pass it on" in card)


def test_the_command_lists_records_and_checks(free_pack: Path, tmp_path: Path) -> None:
    runner = CliRunner()
    sound, picture = put_bytes(tmp_path / "d" / "a.wav", b"a"), put_bytes(tmp_path / "d" / "b.jpg", b"b")
    lists = [tmp_path / "e.csv", tmp_path / "g.csv"]
    for out, file, use in zip(lists, (sound, picture), ("encoder", "generator"), strict=True):
        arguments = ["provenance", "list", str(out), str(file), "--for", use, "--source", "me"]
        assert isinstance(runner.invoke(app, arguments).exception, DataError)
        assert runner.invoke(app, [*arguments, "--licence", "CC0-1.0"]).exit_code == 0
    check = ["provenance", "check", str(free_pack), "--data", str(tmp_path / "d")]
    assert isinstance(runner.invoke(app, check).exception, DataError)
    recorded = runner.invoke(app, ["provenance", "record", str(free_pack), *map(str, lists)])
    assert recorded.exit_code == 0
    checked = runner.invoke(app, check)
    assert checked.exit_code == 0, checked.output
    assert "Show it, sell it, pass it on" in checked.output


def test_a_list_in_short_says_by_source_how_much_and_of_which_bytes() -> None:
    rows = [origin(byte=1), origin(byte=2), origin(licence="Apache-2.0", source="EmoGator", byte=3)]
    short = counted(rows)
    assert [(one["source"], one["licence"], one["files"]) for one in short] == [
        (rows[0].source, "CC0-1.0", 2), ("EmoGator", "Apache-2.0", 1),
    ]  # fmt: skip
    assert counted([rows[1], rows[0], rows[2]]) == short
    assert counted([origin(byte=1), origin(byte=4), rows[2]])[0]["sha256"] != short[0]["sha256"]
