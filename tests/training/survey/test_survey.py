"""The survey: what a folder may hold, what is taken as an answer, what it comes to, and the page over loopback."""

from __future__ import annotations

import http.client
import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from chromesthesia_training.errors import DataError, TrainingError
from chromesthesia_training.survey import answers as answers_module
from chromesthesia_training.survey.answers import Answer, Answers, RefusedError, checked
from chromesthesia_training.survey.command import survey_app
from chromesthesia_training.survey.outcome import NO_ANSWERS, outcome
from chromesthesia_training.survey.questions import Questions, Rate, read_questions
from chromesthesia_training.survey.server import MOST_BODY_BYTES, Desk, SurveyServer

ONE, TWO = "0" * 16, "1" * 16


def change(folder: Path, old: str, new: str) -> None:
    file = folder / "survey.toml"
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_questions_are_read_with_the_files_that_they_name(folder: Path) -> None:
    questions = read_questions(folder)
    assert questions.title == "Which fits?"
    assert questions.matches[0].fits == 1
    assert questions.rates[0] == Rate("r1", folder / "1.png", 0.5, -0.5)
    assert [path.name for path in questions.media] == ["a.wav", "1.png", "2.png", "3.png", "4.png"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"m1"', '"r1"', "'r1' is there twice"),
        ('"m1"', '""', "key is ''"),
        ("fits = 2", "fits = 5", "fits of m1 is 5"),
        ("fits = 2", "fits = true", "fits of m1 is True"),
        ('"4.png"]', '"3.png"]', "pictures of m1"),
        ('"4.png"]', '"gone.png"]', "'gone.png' of m1 is not there"),
        ('"a.wav"', '"1.png"', "no audio file"),
        ('"a.wav"', '"../a.wav"', "lies outside the folder"),
        ("valence = 0.5", "valence = 2", "valence of r1 is 2"),
        ("valence = 0.5", "valence = nan", "valence of r1 is nan"),
        ("valence = 0.5", "value = 0.5", "'value' is not known"),
        ("[[rate]]", "[rate]", "rate is"),
        ("title", "titles", "'titles' is not known"),
    ],
)
def test_what_is_wrong_in_a_folder_is_named(folder: Path, old: str, new: str, said: str) -> None:
    (folder.parent / "a.wav").write_bytes((folder / "a.wav").read_bytes())
    change(folder, old, new)
    with pytest.raises(DataError, match=said):
        read_questions(folder)


def test_a_folder_without_questions_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_questions(tmp_path)
    (tmp_path / "survey.toml").write_text("title = 'x'", encoding="utf-8")
    with pytest.raises(DataError, match="asks 0 questions"):
        read_questions(tmp_path)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([], "an answer is"),
        ({"rater": ONE, "question": "m1", "choice": 1, "name": "Ada"}, "an answer is"),
        ({"rater": "me", "question": "m1", "choice": 1}, "rater is 'me'"),
        ({"rater": ONE, "question": "m9", "choice": 1}, "no question is called 'm9'"),
        ({"rater": ONE, "question": ["m1"], "choice": 1}, "no question is called"),
        ({"rater": ONE, "question": "m1", "choice": 4}, "choice is 4"),
        ({"rater": ONE, "question": "m1", "choice": True}, "choice is True"),
        ({"rater": ONE, "question": "m1"}, "choice is None"),
        ({"rater": ONE, "question": "r1", "pleasant": 10, "stirring": 1}, "pleasant is 10"),
        ({"rater": ONE, "question": "r1", "pleasant": 0, "stirring": 1}, "pleasant is 0"),
        ({"rater": ONE, "question": "r1", "pleasant": 5}, "stirring is None"),
        ({"rater": ONE, "question": "r1", "pleasant": 5, "stirring": 5, "choice": 1}, "choice are not asked"),
    ],
)
def test_what_is_no_answer_is_refused(folder: Path, content: Any, said: str) -> None:
    with pytest.raises(RefusedError, match=said):
        checked(content, read_questions(folder))


def test_answers_are_kept_once_each_and_read_again(folder: Path) -> None:
    questions = read_questions(folder)
    kept = Answers(folder, questions)
    kept.add(Answer(ONE, "m1", choice=1))
    kept.add(Answer(ONE, "r1", pleasant=7, stirring=2))
    with pytest.raises(RefusedError, match="answered already"):
        kept.add(Answer(ONE, "m1", choice=2))
    kept.add(Answer(TWO, "m1", choice=0))
    again = Answers(folder, questions)
    assert again.all() == kept.all()
    assert len(again.all()) == 3
    assert again.of(ONE) == {"m1", "r1"}
    assert set(json.loads((folder / "answers.jsonl").read_text().split("\n")[0])) == {
        "rater", "question", "choice", "pleasant", "stirring",
    }  # fmt: skip


def test_answers_that_are_taken_back_are_gone_from_the_file(folder: Path) -> None:
    questions = read_questions(folder)
    kept = Answers(folder, questions)
    for rater in (ONE, TWO):
        kept.add(Answer(rater, "m1", choice=1))
    assert kept.forget(ONE) == 1
    assert kept.forget(ONE) == 0
    assert ONE not in (folder / "answers.jsonl").read_text()
    kept.add(Answer(TWO, "r1", pleasant=1, stirring=9))
    assert [one.rater for one in Answers(folder, questions).all()] == [TWO, TWO]


def test_a_line_that_was_cut_off_is_dropped_and_a_wrong_one_named(folder: Path) -> None:
    questions = read_questions(folder)
    Answers(folder, questions).add(Answer(ONE, "m1", choice=1))
    file = folder / "answers.jsonl"
    whole = file.read_text()
    file.write_text(whole + '{"rater": "00')
    kept = Answers(folder, questions)
    kept.add(Answer(TWO, "m1", choice=3))
    assert len(Answers(folder, questions).all()) == 2
    file.write_text(whole + "[1]\n")
    with pytest.raises(DataError, match="line 2: an answer is"):
        Answers(folder, questions)
    file.write_text(whole + whole)
    with pytest.raises(DataError, match="line 2: m1 is answered twice"):
        Answers(folder, questions)


def test_the_file_of_answers_has_an_end(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(answers_module, "MOST_BYTES", 150)
    kept = Answers(folder, read_questions(folder))
    kept.add(Answer(ONE, "m1", choice=1))
    with pytest.raises(RefusedError, match="full"):
        kept.add(Answer(TWO, "m1", choice=1))
    assert len(kept.all()) == 1


def test_the_outcome_counts_hits_beside_luck_and_says_how_sure_it_is(folder: Path) -> None:
    questions = read_questions(folder)
    said = [Answer(f"{number:016x}", "m1", choice=1 if number < 8 else 0) for number in range(10)]
    found = outcome(questions, said)
    assert found["raters"] == 10
    assert "rate" not in found
    assert found["match"]["hit_rate"] == pytest.approx(0.8)
    assert found["match"]["by_luck"] == 0.25
    low, high = found["match"]["interval"]
    assert 0.4 < low < 0.8 < high <= 1.0
    alone = outcome(questions, said[:1])["match"]
    assert alone["interval_of"].startswith("Wilson")
    assert alone["alpha"] is None


def test_the_outcome_holds_ratings_against_what_was_asked(folder: Path) -> None:
    rates = tuple(Rate(f"r{number}", folder / "1.png", number / 4.0 - 0.5, None) for number in range(4))
    questions = Questions("", (), rates)
    said = [
        Answer(rater, f"r{number}", pleasant=2 * number + 1 + bias, stirring=5)
        for rater, bias in ((ONE, 0), (TWO, 1))
        for number in range(4)
    ]
    found = outcome(questions, said)["rate"]
    assert found["pleasant"]["r_with_valence_asked"] == pytest.approx(1.0)
    assert found["pleasant"]["alpha"] > 0.8
    assert found["stirring"]["r_with_arousal_asked"] is None
    assert found["stirring"]["alpha"] is None


def test_it_ships_empty_and_the_report_invents_nothing(folder: Path) -> None:
    shown = CliRunner().invoke(survey_app, ["report", str(folder)])
    assert shown.exit_code == 0
    assert NO_ANSWERS in shown.output
    told = CliRunner().invoke(survey_app, ["report", str(folder), "--json"])
    assert json.loads(told.output) == {"answers": 0, "raters": 0}
    assert not (folder / "answers.jsonl").exists()
    Answers(folder, read_questions(folder)).add(Answer(ONE, "m1", choice=1))
    assert "hit rate" in CliRunner().invoke(survey_app, ["report", str(folder)]).output


class Browser:
    """Asks the server over loopback, as a page would."""

    def __init__(self, server: SurveyServer) -> None:
        self.port = server.server_address[1]

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | None = None,
        host: str | None = None,
        kind: str = "application/json",
    ) -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)
        try:
            headers = {"Host": host or f"127.0.0.1:{self.port}"} | (
                {} if body is None else {"Content-Type": kind}
            )
            connection.request(method, path, body, headers)
            reply = connection.getresponse()
            return reply.status, reply.read()
        finally:
            connection.close()

    def post(self, path: str, content: object, **more: Any) -> tuple[int, Any]:
        status, body = self.ask("POST", path, json.dumps(content).encode(), **more)
        return status, json.loads(body)


@pytest.fixture
def server(folder: Path) -> Iterator[SurveyServer]:
    questions = read_questions(folder)
    with SurveyServer(Desk(questions, Answers(folder, questions)), 0) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


def test_a_visit_from_consent_to_answers_to_taking_them_back(server: SurveyServer, folder: Path) -> None:
    browser = Browser(server)
    status, page = browser.ask("GET", "/")
    assert status == 200
    assert b"I agree" in page
    assert browser.ask("GET", "/title") == (200, b'{"title": "Which fits?"}')
    status, begun = browser.post("/consent", {"agreed": True})
    assert status == 200
    match = next(one for one in begun["questions"] if one["kind"] == "match")
    assert browser.ask("GET", f"/media/{match['sound']}") == (200, (folder / "a.wav").read_bytes())
    shown = match["places"].index(1)  # wherever it is shown, the picture that fits is the second of the file
    assert browser.ask("GET", f"/media/{match['pictures'][shown]}") == (200, (folder / "2.png").read_bytes())
    answer = {"rater": begun["rater"], "question": "m1", "choice": match["places"][shown]}
    assert browser.post("/answer", answer) == (200, {"kept": True})
    assert browser.post("/answer", answer)[0] == 400
    found = outcome(server.desk.questions, Answers(folder, server.desk.questions).all())
    assert found["match"]["hit_rate"] == 1.0
    assert browser.post("/withdraw", {"rater": begun["rater"]}) == (200, {"forgotten": 1})
    assert Answers(folder, server.desk.questions).all() == []


def test_nothing_is_kept_of_who_did_not_agree(server: SurveyServer, folder: Path) -> None:
    browser = Browser(server)
    for said in ({"agreed": False}, {"agreed": "yes"}, {}):
        assert browser.post("/consent", said)[0] == 400
    assert browser.post("/answer", {"rater": ONE, "question": "m1", "choice": 1})[0] == 403
    assert browser.post("/withdraw", {"rater": [ONE]})[0] == 403
    assert not (folder / "answers.jsonl").exists()


def test_what_is_asked_of_the_server_is_bounded_and_stays_in_its_folder(server: SurveyServer) -> None:
    browser = Browser(server)
    assert browser.ask("GET", "/media/99")[0] == 404
    assert browser.ask("GET", "/media/../survey.toml")[0] == 404
    assert server.desk.get("/media/\u00b2")[0] == 404
    assert browser.ask("GET", "/survey.toml")[0] == 404
    assert browser.post("/answers", {})[0] == 404
    assert browser.ask("POST", "/consent", b" " * (MOST_BODY_BYTES + 1))[0] == 413
    assert browser.ask("POST", "/consent", b"{", kind="application/json")[0] == 400
    assert browser.ask("POST", "/consent", b"[" * 4_000)[0] == 400
    assert browser.ask("POST", "/consent", b"{}", kind="text/plain")[0] == 415
    assert browser.ask("GET", "/", host="elsewhere.example")[0] == 403
    assert browser.post("/consent", {"agreed": True}, host=f"elsewhere.example:{browser.port}")[0] == 403
    assert browser.post("/consent", {"agreed": True})[0] == 200


def test_a_port_that_is_taken_is_named(server: SurveyServer) -> None:
    with pytest.raises(TrainingError, match=f"port {server.server_address[1]} "):
        SurveyServer(server.desk, server.server_address[1])


def test_raters_get_orders_of_their_own(folder: Path) -> None:
    questions = read_questions(folder)
    desk = Desk(questions, Answers(folder, questions))
    orders = set()
    for _ in range(40):
        _, _, body = desk.post("/consent", b'{"agreed": true}')
        match = next(one for one in json.loads(body)["questions"] if one["kind"] == "match")
        orders.add(tuple(match["places"]))
    assert len(orders) > 5
