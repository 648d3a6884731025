"""Serves a survey on this machine alone: the page, its sounds and pictures by number, and takes the answers."""

from __future__ import annotations

import json
import logging
import random
import secrets
import threading
from collections.abc import Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from chromesthesia.core.user_files import read_bytes, shown
from chromesthesia_training.errors import DataError, TrainingError
from chromesthesia_training.survey.answers import Answers, RefusedError, checked
from chromesthesia_training.survey.page import PAGE
from chromesthesia_training.survey.questions import CHOICES, MOST_MEDIA_BYTES, TYPES, Questions

logger = logging.getLogger(__name__)

LOOPBACK = "127.0.0.1"
MOST_BODY_BYTES = 4_096
MOST_RATERS = 10_000
MOST_AT_ONCE = 16
PATIENCE_S = 20.0
HEADERS = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Content-Security-Policy": "default-src 'self'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; "
    "connect-src 'self'; frame-ancestors 'none'",
}
Reply = tuple[int, str, bytes]


class Desk:
    """What the server answers, without the network. Raters are those who agreed since it began. Safe from threads."""

    def __init__(self, questions: Questions, answers: Answers) -> None:
        self.questions = questions
        self.answers = answers
        self._media = questions.media
        self._raters: set[str] = set()
        self._lock = threading.Lock()

    def get(self, path: str) -> Reply:
        """The page, its title, or a sound or picture."""
        if path == "/":
            return 200, "text/html; charset=utf-8", PAGE.encode()
        if path == "/title":
            return _json({"title": self.questions.title})
        number = path.removeprefix("/media/")
        known = path.startswith("/media/") and number.isascii() and number.isdigit() and len(number) < 6
        if known and int(number) < len(self._media):
            file = self._media[int(number)]
            return 200, TYPES[file.suffix.lower()], read_bytes(file, MOST_MEDIA_BYTES, DataError)
        return _json({"problem": "there is nothing here"}, 404)

    def post(self, path: str, body: bytes) -> Reply:
        """Consent, an answer, or taking answers back."""
        try:
            content = json.loads(body)
            if not isinstance(content, dict):
                raise RefusedError(f"{shown(content)} is no table")
            if path == "/consent":
                return _json(self._consent(content))
            if path not in ("/answer", "/withdraw"):
                return _json({"problem": "there is nothing here"}, 404)
            with self._lock:
                agreed = (
                    content.get("rater") in self._raters if isinstance(content.get("rater"), str) else False
                )
            if not agreed:
                return _json({"problem": "nobody of that number agreed; load the page again"}, 403)
            if path == "/withdraw":
                return _json({"forgotten": self.answers.forget(content["rater"])})
            self.answers.add(checked(content, self.questions))
            return _json({"kept": True})
        except RefusedError as problem:
            return _json({"problem": str(problem)}, 400)
        except (ValueError, RecursionError):
            return _json({"problem": "that is no JSON"}, 400)

    def _consent(self, content: Mapping[str, Any]) -> dict[str, Any]:
        if content.get("agreed") is not True:
            raise RefusedError("nothing is asked of who does not agree")
        with self._lock:
            if len(self._raters) >= MOST_RATERS:
                raise RefusedError("no more people fit; begin the survey again")
            rater = secrets.token_hex(8)
            self._raters.add(rater)
        return {"rater": rater, "questions": self._asked(rater)}

    def _asked(self, rater: str) -> list[dict[str, Any]]:
        """The questions in an order of the rater's own; four pictures too, with the places they truly have."""
        draw = random.Random(rater)
        number = {path: place for place, path in enumerate(self._media)}
        found: list[dict[str, Any]] = []
        for match in self.questions.matches:
            places = draw.sample(range(CHOICES), CHOICES)
            found.append(
                {
                    "kind": "match",
                    "key": match.key,
                    "sound": number[match.sound],
                    "pictures": [number[match.pictures[place]] for place in places],
                    "places": places,
                }
            )
        found += [
            {"kind": "rate", "key": rate.key, "picture": number[rate.picture]}
            for rate in self.questions.rates
        ]
        draw.shuffle(found)
        return found


def _json(content: Mapping[str, Any], status: int = 200) -> Reply:
    return status, "application/json", json.dumps(content).encode()


class SurveyServer(ThreadingHTTPServer):
    """HTTP on loopback; at most `MOST_AT_ONCE` requests are worked on, further ones are turned away at once."""

    daemon_threads = True

    def __init__(self, desk: Desk, port: int) -> None:
        self.desk = desk
        self._places = threading.BoundedSemaphore(MOST_AT_ONCE)
        try:
            super().__init__((LOOPBACK, port), _Handler)
        except (OSError, OverflowError) as error:
            raise TrainingError(
                f"port {port} of {LOOPBACK} cannot be used: {error}", "give another with --port"
            ) from error

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://{LOOPBACK}:{self.server_address[1]}/"

    @property
    def hosts(self) -> set[str]:
        """What a browser on this machine calls this server; a page from elsewhere that was pointed here does not."""
        return {f"{name}:{self.server_address[1]}" for name in (LOOPBACK, "localhost")}

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        super().process_request(request, client_address)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        logger.debug("a request ended early", exc_info=True)


class _Handler(BaseHTTPRequestHandler):
    server: SurveyServer
    timeout = PATIENCE_S
    server_version, sys_version = "survey", ""

    def do_GET(self) -> None:
        self._reply(lambda: self.server.desk.get(self.path))

    def do_POST(self) -> None:
        self._reply(self._take)

    def _take(self) -> Reply:
        if self.headers.get_content_type() != "application/json":
            return _json({"problem": "send JSON"}, 415)
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit()):
            return _json({"problem": "say how long it is"}, 411)
        if len(length) > 9 or int(length) > MOST_BODY_BYTES:
            self.close_connection = True
            return _json({"problem": f"at most {MOST_BODY_BYTES} bytes are read"}, 413)
        return self.server.desk.post(self.path, self.rfile.read(int(length)))

    def _reply(self, make: Any) -> None:
        if self.headers.get("Host", "") not in self.server.hosts:
            status, kind, content = _json({"problem": "this page is for this machine alone"}, 403)
        else:
            try:
                status, kind, content = make()
            except DataError as problem:  # a disk that is full, a file that is gone: the next request may do
                logger.error("%s", problem)
                status, kind, content = _json({"problem": str(problem)}, 500)
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        for name, value in HEADERS.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing is logged of who asks: an address is personal."""
