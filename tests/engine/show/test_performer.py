"""Learning who performs: marks from anywhere, ways back, files by name, another encoder, a show that goes on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from chromesthesia.control.actions import BY_PATH, commands_of
from chromesthesia.control.controller import Controller
from chromesthesia.core.clock import ManualClock
from chromesthesia.core.records import ENCODER_HOPS, EmotionReading, EmotionState, Float32
from chromesthesia.core.state_file import StateError
from chromesthesia.emotion.head import MOST_MARKS
from chromesthesia.emotion.performer_file import PerformerError, marks_of, read_marks
from chromesthesia.params.catalogue import PARAMETERS
from chromesthesia.params.presets import PLAIN, PresetLibrary
from chromesthesia.params.readings import LEARN
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.osc.codec import encode_message
from chromesthesia.ports.osc.input import OscInput
from chromesthesia.show.analysis import silent_heard
from chromesthesia.show.performer import MARKED_STEPS, MOST_PERFORMERS, Performer, state_file
from chromesthesia.show.state_keeper import StateKeeper
from chromesthesia.testing.models import ToneEncoder
from chromesthesia.testing.network import FakeDatagrams

OURS, OTHERS = "a" * 64, "b" * 64
LOUD = np.full((ENCODER_HOPS, 64), -4.0, np.float32)
SOFT = np.full((ENCODER_HOPS, 64), -14.0, np.float32)


class Room:
    """A controller and a performer who is heard through `ToneEncoder`."""

    def __init__(self, folder: Path, encoder: str = OURS) -> None:
        self.controller = Controller(ParameterTree(PARAMETERS), PresetLibrary((PLAIN,)))
        felt = silent_heard(self.controller.current[1]).emotion
        self.felt: EmotionState | None = replace(felt, activity=1.0)
        self.performer = Performer(self.controller, lambda: self.felt, folder)
        self.performer.register()
        self.ear = self.performer.ear(ToneEncoder(), encoder, "tones")

    def hear(self, mel: Float32 = LOUD, steps: int = MARKED_STEPS) -> EmotionReading:
        for _ in range(steps):
            reading = self.ear.step(mel, 0, 0.0)
        return reading

    def ask(self, path: str, *arguments: object) -> bool:
        """Send an action; False when it was refused."""
        refused = self.controller.counters.refused
        commands = commands_of(BY_PATH[path], arguments, "osc:panel")
        assert commands is not None, "of no use"
        self.controller.post(*commands)
        self.controller.step(0.0)
        return self.controller.counters.refused == refused

    def counts(self) -> tuple[object, ...]:
        return tuple(self.performer.readings()[f"/learn/marks/{mood}"] for mood in ("angry", "happy", "sad"))

    def whose(self) -> object:
        return self.performer.readings()["/learn/performer"]


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path / "performers")


def weights(room: Room) -> Any:
    return None if room.ear.head is None else room.ear.head.weights


def test_every_reading_of_learning_is_told(room: Room) -> None:
    assert set(room.performer.readings()) == {param.path for param in LEARN}
    assert room.counts() == (0, 0, 0)
    assert room.whose() == ""


def test_without_marks_every_answer_is_the_encoder_s_own(room: Room) -> None:
    plain = ToneEncoder()
    for mel in (LOUD, SOFT, LOUD):
        own, heard = plain.step(mel, 7, 0.5), room.ear.step(mel, 7, 0.5)
        assert (heard.valence, heard.arousal, heard.confidence) == (own.valence, own.arousal, own.confidence)
        assert (heard.end_sample, heard.entered_s) == (7, 0.5)
        assert np.array_equal(heard.probabilities, own.probabilities)
        assert np.array_equal(heard.embedding, own.embedding)


def test_a_mark_moves_what_is_heard_towards_it_at_once_and_undo_brings_back_exactly_what_was(
    room: Room,
) -> None:
    room.hear()
    assert room.ask("/learn/mark", "sad")
    first = weights(room)
    assert room.ask("/learn/mark", 2)
    assert room.counts() == (0, 0, 2)
    assert room.whose() == "not kept yet"
    plain = ToneEncoder()
    for _ in range(MARKED_STEPS + 1):
        own = plain.step(LOUD, 0, 0.0)
    assert room.hear(steps=1).probabilities[2] > own.probabilities[2]
    assert room.ask("/learn/undo")
    assert np.array_equal(weights(room), first)
    assert room.ask("/learn/undo")
    assert weights(room) is None
    assert not room.ask("/learn/undo")
    assert room.controller.notice.is_error


@pytest.mark.parametrize(
    ("path", "counted"), [("angry", (1, 0, 0)), ("happy", (0, 1, 0)), ("sad", (0, 0, 1))]
)
def test_a_button_marks_its_mood(room: Room, path: str, counted: tuple[int, ...]) -> None:
    room.hear()
    assert room.ask(f"/learn/{path}", 1.0)
    assert room.ask(f"/learn/{path}", 0.0), "let go"
    assert room.counts() == counted
    assert room.controller.notice.text == f"{path}: 1 marked"


def test_silence_and_too_little_sound_cannot_be_marked(room: Room) -> None:
    room.hear(steps=MARKED_STEPS - 1)
    assert not room.ask("/learn/mark", "happy")
    room.hear()
    assert room.felt is not None
    for felt in (replace(room.felt, activity=0.2), None):
        room.felt = felt
        assert not room.ask("/learn/mark", "happy")
    assert room.counts() == (0, 0, 0)


def test_a_second_without_numbers_cannot_be_marked(room: Room) -> None:
    class Broken(ToneEncoder):
        def step(self, encoder_mel: Float32, end_sample: int, entered_s: float) -> EmotionReading:
            reading = super().step(encoder_mel, end_sample, entered_s)
            return replace(reading, embedding=np.full(128, np.nan, np.float32))

    room.ear = room.performer.ear(Broken(), OURS, "tones")
    room.hear()
    assert not room.ask("/learn/mark", "happy")
    assert room.counts() == (0, 0, 0)


def test_a_mood_has_at_most_so_many_marks(room: Room) -> None:
    room.hear()
    for _ in range(MOST_MARKS + 3):
        assert room.ask("/learn/mark", "happy")
    assert room.counts() == (0, MOST_MARKS, 0)


def test_clearing_can_be_taken_back(room: Room) -> None:
    room.hear()
    room.ask("/learn/mark", "angry")
    before = weights(room)
    assert room.ask("/learn/clear")
    assert room.counts() == (0, 0, 0)
    assert weights(room) is None
    assert room.ask("/learn/undo")
    assert np.array_equal(weights(room), before)


def test_marks_are_kept_by_name_and_come_back_exactly(room: Room, tmp_path: Path) -> None:
    room.hear()
    room.ask("/learn/mark", "angry")
    room.hear(SOFT, 30)
    room.ask("/learn/mark", "sad")
    before = weights(room)
    assert room.ask("/learn/save", "Zoë & the band")
    assert room.whose() == "Zoë & the band"
    (path,) = (tmp_path / "performers").iterdir()
    assert path.name == "zoe-the-band.json"
    another = Room(tmp_path / "performers")
    assert another.performer.names() == ["Zoë & the band"]
    assert another.ask("/learn/load", "zoë & THE band")
    assert np.array_equal(weights(another), before)
    assert another.counts() == (1, 0, 1)
    assert another.ask("/learn/undo")
    assert another.counts() == (0, 0, 0)


def test_the_same_name_is_written_over_and_another_has_a_file_of_its_own(room: Room, tmp_path: Path) -> None:
    room.hear()
    room.ask("/learn/mark", "angry")
    assert room.ask("/learn/save", "Ann")
    room.ask("/learn/mark", "angry")
    assert room.ask("/learn/save", "ann")
    assert room.ask("/learn/save", "Ann!")
    assert {path.name for path in (tmp_path / "performers").iterdir()} == {"ann.json", "ann-2.json"}
    assert len(read_marks(tmp_path / "performers" / "ann.json").marks) == 2


@pytest.mark.parametrize(
    "name", ["../../outside", "/etc/passwd", "..", "a\x00b", "a\u2028b", "x" * 5000, "C:\\boot"]
)
def test_no_name_leads_out_of_the_folder(room: Room, tmp_path: Path, name: str) -> None:
    room.hear()
    room.ask("/learn/mark", "angry")
    room.ask("/learn/save", name)
    commands = commands_of(BY_PATH["/learn/load"], (name,), "osc:x")
    room.controller.post(*(commands or ()))
    room.controller.step(0.0)
    assert {path.parent for path in tmp_path.rglob("*") if path.is_file()} <= {tmp_path / "performers"}


def test_nothing_is_kept_without_marks_or_of_an_encoder_of_one_s_own(room: Room, tmp_path: Path) -> None:
    assert not room.ask("/learn/save", "Ann")
    room.ear = room.performer.ear(ToneEncoder(), "", "own models")
    room.hear()
    assert room.ask("/learn/mark", "angry"), "it learns all the same"
    assert not room.ask("/learn/save", "Ann")
    assert not (tmp_path / "performers").exists()


def test_a_full_folder_takes_no_more(room: Room, tmp_path: Path) -> None:
    folder = tmp_path / "performers"
    folder.mkdir()
    for number in range(MOST_PERFORMERS):
        (folder / f"p{number}.json").write_text("{}")
    room.hear()
    room.ask("/learn/mark", "angry")
    assert not room.ask("/learn/save", "Ann")
    assert len(list(folder.iterdir())) == MOST_PERFORMERS


def kept(room: Room, folder: Path) -> dict[str, Any]:
    room.hear()
    room.ask("/learn/mark", "angry")
    assert room.ask("/learn/save", "Ann")
    table: dict[str, Any] = json.loads((folder / "ann.json").read_text())
    return table


def test_marks_of_another_encoder_are_refused_by_name(room: Room, tmp_path: Path) -> None:
    kept(room, tmp_path / "performers")
    another = Room(tmp_path / "performers", OTHERS)
    with pytest.raises(PerformerError, match=r"'Ann': marks for the encoder a{12} of pack 'tones'.*b{12}"):
        another.performer.load("Ann", 0.0)
    assert another.counts() == (0, 0, 0)
    with pytest.raises(PerformerError, match=r"no performer 'Anne'.*Ann"):
        another.performer.load("Anne", 0.0)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"kind": "chromesthesia live state"}, "no marks of a performer"),
        ({"schema": 2}, "expected schema 1, got 2"),
        ({"marks": 3}, "marks: expected"),
        ({"encoder": None}, "encoder: expected"),
        (
            {"marks": [{"mood": "bored", "embedding": "", "probabilities": [1, 0, 0]}]},
            "mark 1: mood is 'bored'",
        ),
        (
            {"marks": [{"mood": "sad", "embedding": "@", "probabilities": [1, 0, 0]}]},
            "mark 1: embedding is no",
        ),
        (
            {"marks": [{"mood": "sad", "embedding": "AAAA", "probabilities": [1, 0, 0]}]},
            "of 3 bytes, expected 512",
        ),
    ],
)
def test_a_bad_file_is_named_with_what_is_wrong(
    room: Room, tmp_path: Path, change: dict[str, Any], told: str
) -> None:
    folder = tmp_path / "performers"
    path = folder / "ann.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(kept(room, folder) | change))
    with pytest.raises(PerformerError, match=f"ann.json.*{told}"):
        read_marks(path)


@pytest.mark.parametrize(
    "probabilities", [[1.0, 0.0], [float("nan")] * 3, [1e300, 0, 0], [-1, 1, 1], [0.5] * 4]
)
def test_marks_of_no_numbers_are_refused(room: Room, tmp_path: Path, probabilities: list[float]) -> None:
    table = kept(room, tmp_path / "performers")
    table["marks"][0]["probabilities"] = probabilities
    with pytest.raises(PerformerError, match="mark 1: numbers that no encoder gives"):
        marks_of(table, "x")


def test_more_marks_than_there_can_be_are_refused(room: Room, tmp_path: Path) -> None:
    table = kept(room, tmp_path / "performers")
    table["marks"] *= 3 * MOST_MARKS + 1
    with pytest.raises(PerformerError, match="49 marks, at most 48"):
        marks_of(table, "x")


def test_a_cut_file_is_named(room: Room, tmp_path: Path) -> None:
    path = tmp_path / "performers" / "ann.json"
    kept(room, path.parent)
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(PerformerError, match=r"ann.json: cut short"):
        room.performer.load("ann", 0.0)


def test_marks_belong_to_an_encoder_and_come_back_with_it(room: Room) -> None:
    first = room.ear
    room.hear()
    room.ask("/learn/mark", "angry")
    room.ear = room.performer.ear(ToneEncoder(), OTHERS, "others")
    assert room.ear is not first
    assert room.ear.head is None
    assert room.counts() == (0, 0, 0)
    assert not room.ask("/learn/mark", "angry"), "it has heard nothing yet"
    room.ear = room.performer.ear(ToneEncoder(), OURS, "tones")
    assert room.ear.head is not None
    assert room.counts() == (1, 0, 0)


def test_only_so_many_encoders_are_remembered(room: Room) -> None:
    room.hear()
    room.ask("/learn/mark", "angry")
    for number in range(6):
        room.ear = room.performer.ear(ToneEncoder(), str(number) * 64, "p")
    room.ear = room.performer.ear(ToneEncoder(), OURS, "tones")
    assert room.counts() == (0, 0, 0)


def test_an_encoder_that_begins_anew_forgets_the_last_second(room: Room) -> None:
    room.hear()
    room.ear.reset()
    assert not room.ask("/learn/mark", "angry")


def test_a_show_goes_on_with_the_marks_of_the_last(room: Room, tmp_path: Path) -> None:
    room.performer.go_on(state_file(tmp_path))
    room.hear()
    room.ask("/learn/mark", "happy")
    room.performer.keep()
    written = (tmp_path / "performer.json").stat().st_mtime_ns
    room.performer.keep()
    assert (tmp_path / "performer.json").stat().st_mtime_ns == written, "nothing new to write"
    another = Room(tmp_path / "performers")
    another.performer.go_on(state_file(tmp_path))
    assert another.counts() == (0, 1, 0)
    assert np.array_equal(weights(another), weights(room))
    another.ask("/learn/clear")
    another.performer.keep()
    third = Room(tmp_path / "performers")
    third.performer.go_on(state_file(tmp_path))
    assert third.counts() == (0, 0, 0)


def test_marks_of_the_last_show_wait_for_their_encoder(room: Room, tmp_path: Path) -> None:
    room.performer.go_on(state_file(tmp_path))
    room.hear()
    room.ask("/learn/mark", "happy")
    room.performer.keep()
    another = Room(tmp_path / "performers", OTHERS)
    another.performer.go_on(state_file(tmp_path))
    assert another.ear.head is None
    another.ear = another.performer.ear(ToneEncoder(), OURS, "tones")
    assert another.counts() == (0, 1, 0)


def test_a_damaged_state_is_set_aside_and_the_show_begins(room: Room, tmp_path: Path) -> None:
    (tmp_path / "performer.json").write_text('{"kind": "chromesthesia performer", "schema": 1, "marks": 7}')
    room.performer.go_on(state_file(tmp_path))
    assert room.counts() == (0, 0, 0)
    assert (tmp_path / "performer.json.bad-1").exists()


def test_the_state_of_the_show_is_kept_when_the_marks_cannot_be(tmp_path: Path) -> None:
    def full() -> None:
        raise StateError("disk full")

    from chromesthesia.core.config import ShowConfig
    from chromesthesia.show.live_state import asked_of
    from chromesthesia.show.live_state import state_file as live_file

    config = ShowConfig(resume=True, state=tmp_path)
    controller = Controller(ParameterTree(PARAMETERS), PresetLibrary((PLAIN,)))
    keeper = StateKeeper(
        live_file(config),
        controller,
        asked_of(config),
        1,
        lambda: None,
        lambda: None,
        dict,
        ManualClock(),
        beside=full,
    )
    assert keeper.step()
    assert keeper.counts() == {"writes": 1, "failures": 1}


ODD = ("", "bored", "x" * 100_000, 3, -1, 0.5, float("nan"), float("inf"), True, None, b"sad")


@pytest.mark.parametrize("argument", [*ODD, 10**30])
def test_a_mood_that_is_none_changes_nothing(room: Room, argument: object) -> None:
    room.hear()
    room.controller.post(*(commands_of(BY_PATH["/learn/mark"], (argument,), "midi") or ()))
    room.controller.step(0.0)
    assert room.counts() == (0, 0, 0)
    assert room.ear.head is None


@pytest.mark.parametrize("path", ["/learn/mark", "/learn/save", "/learn/load"])
def test_hostile_packets_change_nothing(room: Room, tmp_path: Path, path: str) -> None:
    room.hear()
    osc = OscInput(FakeDatagrams(), ParameterTree(PARAMETERS), room.controller.post, ManualClock())
    packets = [encode_message(path, [argument]) for argument in ODD]
    packets += [
        encode_message(path, []),
        encode_message(path, ["sad"])[:-3],
        encode_message(path, [b"x"] * 50),
    ]
    for packet in packets:
        osc.handle(packet, ("10.0.0.7", 4000))
        room.controller.step(0.0)
    assert room.counts() == (0, 0, 0)
    assert room.ear.head is None
    assert list(tmp_path.iterdir()) == []
