"""Somebody outside is told when the show is ill or well again: seldom, briefly, and never waited for."""

from __future__ import annotations

import http.server
import json
import sys
import threading
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from chromesthesia.core.clock import ManualClock
from chromesthesia.core.errors import UsageError
from chromesthesia.health.alerts import PAUSE_S, SETTLE_S, Alerts, Way, command, webhook
from chromesthesia.health.verdict import State, Verdict

WAIT_S = 20.0
OK = Verdict(State.OK)
ILL = Verdict(State.DEGRADED, ("on the rung shaders",))
DEAD = Verdict(State.FAILING, ("analysis stands still",))


class Told:
    """A way that keeps what it is told; `hold` keeps it from coming back."""

    def __init__(self) -> None:
        self.alerts: list[Mapping[str, object]] = []
        self.hold = threading.Event()
        self.hold.set()
        self.news = threading.Semaphore(0)

    def send(self, alert: Mapping[str, object]) -> None:
        self.alerts.append(alert)
        self.news.release()
        assert self.hold.wait(WAIT_S)

    def wait(self) -> Mapping[str, object]:
        assert self.news.acquire(timeout=WAIT_S)
        return self.alerts[-1]


def test_a_state_is_told_once_it_has_held() -> None:
    clock, told = ManualClock(100.0), Told()
    alerts = Alerts([Way("a friend", told.send)], clock)
    alerts.look(OK, {})
    alerts.look(ILL, {"rung": "shaders"})
    clock.advance(SETTLE_S - 0.1)
    alerts.look(ILL, {"rung": "shaders"})
    assert told.alerts == []
    clock.advance(0.2)
    alerts.look(ILL, {"rung": "shaders"})
    assert told.wait() == {"state": "degraded", "text": "on the rung shaders", "rung": "shaders"}
    for _ in range(100):
        clock.advance(1.0)
        alerts.look(ILL, {})
    alerts.look(OK, {})
    clock.advance(SETTLE_S)
    alerts.look(OK, {})
    assert told.wait()["state"] == "ok"
    alerts.close()
    assert len(told.alerts) == 2
    assert alerts.counts() == {"sent": 2, "failures": 0}


def test_what_is_over_at_once_is_not_told() -> None:
    clock, told = ManualClock(100.0), Told()
    alerts = Alerts([Way("a friend", told.send)], clock)
    for _ in range(50):
        for verdict in (ILL, OK):
            alerts.look(verdict, {})
            clock.advance(SETTLE_S / 2)
            alerts.look(verdict, {})
    alerts.close()
    assert told.alerts == []


def test_a_show_that_swings_is_told_seldom() -> None:
    clock, told = ManualClock(100.0), Told()
    alerts = Alerts([Way("a friend", told.send)], clock)
    for _ in range(60):
        for verdict in (ILL, OK):
            for _ in range(int(SETTLE_S) + 1):
                alerts.look(verdict, {})
                clock.advance(1.0)
    seconds = 60 * 2 * (int(SETTLE_S) + 1)
    alerts.close()
    assert alerts.sent <= seconds / PAUSE_S + 1


def test_who_does_not_answer_holds_up_nobody_and_little_is_kept() -> None:
    clock, told = ManualClock(100.0), Told()
    told.hold.clear()
    alerts = Alerts([Way("a friend", told.send)], clock, settle_s=0.0, pause_s=0.0)
    alerts.look(ILL, {})
    told.wait()
    for verdict in (OK, ILL) * 50:
        alerts.look(verdict, {})
    told.hold.set()
    alerts.close()
    assert len(told.alerts) <= 6


def test_a_way_that_fails_is_counted_and_the_next_is_told(caplog: pytest.LogCaptureFixture) -> None:
    def broken(alert: Mapping[str, object]) -> None:
        raise OSError("no route to host")

    clock, told = ManualClock(100.0), Told()
    alerts = Alerts([Way("the web", broken), Way("a friend", told.send)], clock, settle_s=0.0)
    alerts.look(DEAD, {})
    assert told.wait()["state"] == "failing"
    alerts.close()
    assert alerts.counts() == {"sent": 1, "failures": 1}
    assert "the web could not be told: no route to host" in caplog.text


@pytest.fixture
def server() -> Iterator[tuple[str, list[dict[str, object]]]]:
    got: list[dict[str, object]] = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.headers["Content-Type"] == "application/json"
            got.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(500 if self.path == "/broken" else 204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    serving = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=serving.serve_forever, args=(0.01,))
    thread.start()
    yield f"http://127.0.0.1:{serving.server_port}", got
    serving.shutdown()
    thread.join()
    serving.server_close()


def test_a_webhook_is_posted_to(server: tuple[str, list[dict[str, object]]]) -> None:
    url, got = server
    webhook(f"{url}/ill").send({"state": "degraded", "text": "è"})
    assert got == [{"state": "degraded", "text": "è"}]
    with pytest.raises(OSError, match="500"):
        webhook(f"{url}/broken").send({})


def test_a_command_gets_the_alert_and_no_shell(tmp_path: Path) -> None:
    script = tmp_path / "tell.py"
    script.write_text(
        "import pathlib, sys\n"
        "pathlib.Path(sys.argv[1]).write_text('|'.join(sys.argv[2:]) + '|' + sys.stdin.read())\n"
    )
    out = tmp_path / "out"
    way = command(f"{sys.executable} {script} {out} '{{state}}' 'it says: {{text}}' '$(id)'")
    way.send({"state": "failing", "text": "a; b"})
    assert out.read_text() == 'failing|it says: a; b|$(id)|{"state": "failing", "text": "a; b"}'


def test_a_command_that_hangs_or_fails_is_given_up() -> None:
    with pytest.raises(Exception, match="timed out"):
        command(f"{sys.executable} -c 'import time; time.sleep(60)'", within_s=0.05).send(
            {"state": "", "text": ""}
        )
    with pytest.raises(Exception, match="exit status 3"):
        command(f"{sys.executable} -c 'raise SystemExit(3)'").send({"state": "", "text": ""})


@pytest.mark.parametrize("url", ["ftp://a/b", "nonsense", "http://", "file:///etc/passwd"])
def test_an_address_that_is_none_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(UsageError, match="--alert-webhook"):
        webhook(url)


@pytest.mark.parametrize("line", ["", "no-such-program-here x", "'unclosed"])
def test_a_command_that_is_none_is_refused_at_the_start(line: str) -> None:
    with pytest.raises(UsageError, match="--alert-command"):
        command(line)
