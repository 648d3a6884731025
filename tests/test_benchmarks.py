"""The table of benchmarks, and that the list, the folder and the documentation name the same ones."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from benchmarks import __main__ as runner
from benchmarks import emotion_reads, peers
from benchmarks.rows import Absent, Row, Times, compared, in_turns, table, times

PLUMBING = {
    "__init__",
    "__main__",
    "network",
    "many_machine",
    "many_traces",
    "emotion_reads",
    "rows",
    "peers",
    "music_material",
    "music_midi",
    "music_peers",
    "music_scores",
    "music_synthesis",
}


def test_ratio_is_ours_by_theirs_and_survives_the_way_through_json() -> None:
    (row,) = compared("a step", Times(2e-3, 5e-3), {"peer": Times(4e-3, 6e-3)}, "ms")
    assert (row.ours, row.theirs, row.ratio) == pytest.approx((2.0, 4.0, 0.5))
    assert Row.of_dict(json.loads(json.dumps(row.to_dict()))) == row


def test_an_absent_peer_is_said_and_ours_stays() -> None:
    rows = compared(
        "a step", Times(2e-6, 5e-6), {"floor": Times(1e-6, 1e-6), "peer": Absent("not installed: X")}, "us"
    )
    lines = table(rows).splitlines()
    assert lines[1].split() == ["a", "step", "2", "floor", "1", "2", "us"]
    assert lines[2].split() == ["a", "step", "2", "peer", "absent", "us", "not", "installed:", "X"]


def test_a_benchmark_that_cannot_run_says_why() -> None:
    assert "not run  torch" in table([Row("picture", None, "torch", None, "ms", note="no torch")])


def test_contenders_take_turns_and_warm_up_unmeasured() -> None:
    calls: list[str] = []
    spent = in_turns({"a": lambda: calls.append("a"), "b": lambda: calls.append("b")}, 3, calls=2, warm_up=1)
    assert "".join(calls) == "aabb" * 4
    assert set(spent) == {"a", "b"}


def test_percentiles() -> None:
    assert times([float(value) for value in range(1, 101)]) == Times(50.5, 99.0)
    assert times([3.0]) == Times(3.0, 3.0)


def test_a_peer_that_is_not_installed_carries_the_remedy() -> None:
    assert peers.load("no_such_peer", "install it") == Absent("install it")
    assert peers.load("json.decoder").JSONDecoder is json.JSONDecoder


def test_every_benchmark_of_the_folder_runs_and_is_documented(repository: Path) -> None:
    there = {file.stem for file in (repository / "benchmarks").glob("*.py")} - PLUMBING
    documented = set(
        re.findall(
            r"^\| `(\w+)` \|", (repository / "docs/benchmarks.md").read_text(encoding="utf-8"), flags=re.M
        )
    )
    assert set(runner.BENCHMARKS) == there == documented


def run(monkeypatch: pytest.MonkeyPatch, measured: dict[str, list[Row] | str], *arguments: str) -> int:
    """The runner with benchmarks that give what is said here."""
    monkeypatch.setattr(runner, "_run", lambda name, quick, torch_python: measured[name])
    monkeypatch.setattr("sys.argv", ["benchmarks", *measured, *arguments])
    return runner.main()


GOOD = [Row("a step", 1.0, "floor", 2.0, "ms")]
LACKING = [Row("a step", 1.0, "peer", None, "ms", note="not installed")]


def test_one_that_fails_fails_the_run_and_hides_no_other(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, {"start": "it raised TypeError", "mapper": GOOD}) == 1
    said = capsys.readouterr()
    assert "a step" in said.out
    assert "it raised TypeError" in said.err
    assert "FAILED: start" in said.err


def test_peers_may_be_required(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, {"start": LACKING}) == 0
    assert run(monkeypatch, {"start": LACKING}, "--require-peers") == 1
    assert "ABSENT: peer" in capsys.readouterr().err


def test_a_benchmark_that_raises_is_told_with_its_traceback(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = tmp_path / "benchmarks"
    package.mkdir()
    for name in ("__init__", "__main__", "rows"):
        source = Path(runner.__file__).with_name(f"{name}.py").read_text(encoding="utf-8")
        (package / f"{name}.py").write_text(source, encoding="utf-8")
    (package / "start.py").write_text("def rows(quick):\n    raise TypeError('moved')\n", encoding="utf-8")
    monkeypatch.setattr(runner, "ROOT", tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    told = runner._run("start", True, None)
    assert isinstance(told, str)
    assert "TypeError: moved" in told


def test_torch_rows_are_announced_where_there_is_no_torch() -> None:
    told = runner._run("torch_models", True, None)
    assert not isinstance(told, str)
    (row,) = told
    assert row.ours is None
    assert ".venv-train" in row.note


def test_clips_of_held_out_speakers_are_taken_in_turns(tmp_path: Path) -> None:
    rows = [
        *(f"{speaker}/{number}.wav,angry,{speaker},test" for speaker in ("b", "a") for number in range(3)),
        "a/9.wav,happy,a,test",
        "c/1.wav,angry,c,train",
        "a/8.wav,,a,test",
    ]
    index = tmp_path / "index.csv"
    index.write_text("path,emotion3,speaker,split\n" + "\n".join(rows) + "\n", encoding="utf-8")
    clips = emotion_reads.chosen(index, 3)
    assert [(path.relative_to(tmp_path).as_posix(), emotion) for path, emotion, _ in clips] == [
        ("a/0.wav", "angry"),
        ("b/0.wav", "angry"),
        ("a/1.wav", "angry"),
        ("a/9.wav", "happy"),
    ]


def test_an_emotion_is_told_by_what_other_speakers_look_like() -> None:
    emotions = ["angry", "happy", "sad"] * 3
    speakers = ["a"] * 3 + ["b"] * 3 + ["c"] * 3
    at = {"angry": 0.0, "happy": 1.0, "sad": 2.0}
    features = np.array([[at[emotion], 1.0] for emotion in emotions])
    assert emotion_reads.told(features, emotions, speakers) == emotions
    # Who alone has them the other way round is told by the others' ways, not by their own.
    features[:3, 0] = features[2::-1, 0]
    assert emotion_reads.told(features, emotions, speakers)[:3] == ["sad", "happy", "angry"]
