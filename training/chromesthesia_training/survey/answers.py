"""What was answered: a line of JSON each in `answers.jsonl`, and nothing of who gave it but a number drawn by lot."""

from __future__ import annotations

import json
import os
import re
import threading
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from chromesthesia.core.user_files import is_there, one_line, read_text, shown
from chromesthesia_training.errors import DataError
from chromesthesia_training.safe_write import disk_errors, write_text_whole
from chromesthesia_training.survey.questions import CHOICES, Questions

FILE_NAME = "answers.jsonl"
MOST_BYTES = 16 * 1024 * 1024
LEAST, MOST = 1, 9
"""Ends of the scales of pleasant and stirring."""
_RATER = re.compile(r"[0-9a-f]{16}")


class RefusedError(ValueError):
    """An answer that is not taken, and why."""


@dataclass(frozen=True)
class Answer:
    """One answer: `choice` 0 to 3 of a match, or `pleasant` and `stirring` 1 to 9 of a picture."""

    rater: str
    question: str
    choice: int | None = None
    pleasant: int | None = None
    stirring: int | None = None


def checked(content: Any, questions: Questions) -> Answer:
    """An answer from foreign content. Raises RefusedError naming what is wrong."""
    fields = {"rater", "question", "choice", "pleasant", "stirring"}
    if not isinstance(content, dict) or set(content) - fields:
        raise RefusedError(f"an answer is {shown(content)}; it has {', '.join(sorted(fields))}")
    rater, key = content.get("rater"), content.get("question")
    if not isinstance(rater, str) or not _RATER.fullmatch(rater):
        raise RefusedError(f"rater is {shown(rater)}")
    wanted: tuple[str, ...]
    others: tuple[str, ...]
    if any(match.key == key for match in questions.matches):
        wanted, most, others, least = ("choice",), CHOICES - 1, ("pleasant", "stirring"), 0
    elif any(rate.key == key for rate in questions.rates):
        wanted, most, others, least = ("pleasant", "stirring"), MOST, ("choice",), LEAST
    else:
        raise RefusedError(f"no question is called {shown(key)}")
    for name in wanted:
        value = content.get(name)
        if type(value) is not int or not least <= value <= most:
            raise RefusedError(f"{name} is {shown(value)}; it is {least} to {most}")
    if any(content.get(name) is not None for name in others):
        raise RefusedError(f"{' and '.join(others)} are not asked by {key}")
    return Answer(rater, str(key), *(content.get(name) for name in ("choice", "pleasant", "stirring")))


class Answers:
    """The answers of a folder. Safe from several threads; the file is only ever longer by whole lines."""

    def __init__(self, folder: Path, questions: Questions) -> None:
        self.path = folder / FILE_NAME
        self.questions = questions
        self._lock = threading.Lock()
        self._all = _read(self.path, questions)

    def all(self) -> list[Answer]:
        """Every answer so far."""
        with self._lock:
            return list(self._all.values())

    def of(self, rater: str) -> set[str]:
        """Keys of the questions that a rater has answered."""
        with self._lock:
            return {question for one, question in self._all if one == rater}

    def add(self, answer: Answer) -> None:
        """Keep an answer. Raises RefusedError for a second one to the same question, or where no more fits, and
        DataError for a disk that is full."""
        line = (json.dumps(asdict(answer)) + "\n").encode()
        with self._lock:
            if (answer.rater, answer.question) in self._all:
                raise RefusedError(f"{answer.question} is answered already")
            with disk_errors(self.path), self.path.open("ab") as file:
                if file.tell() + len(line) > MOST_BYTES:
                    raise RefusedError("the file of answers is full")
                file.write(line)
                file.flush()
                os.fsync(file.fileno())
            self._all[answer.rater, answer.question] = answer

    def forget(self, rater: str) -> int:
        """Take every answer of a rater out of the file; says how many there were."""
        with self._lock:
            kept = {key: one for key, one in self._all.items() if key[0] != rater}
            gone = len(self._all) - len(kept)
            if gone:
                write_text_whole(self.path, "".join(json.dumps(asdict(one)) + "\n" for one in kept.values()))
                self._all = kept
            return gone


def _read(path: Path, questions: Questions) -> dict[tuple[str, str], Answer]:
    """Answers by rater and question. A last line that was cut off is dropped, as it was never acknowledged."""
    if not is_there(path):
        return {}
    text = read_text(path, MOST_BYTES, DataError)
    whole, _, cut = text.rpartition("\n")
    if cut:
        write_text_whole(path, whole + "\n" if whole else "")
    found: dict[tuple[str, str], Answer] = {}
    for number, line in enumerate(whole.split("\n") if whole else (), start=1):
        try:
            answer = checked(json.loads(line), questions)
        except (RefusedError, ValueError, RecursionError) as problem:
            raise DataError(
                f"{one_line(path)}: line {number}: {one_line(problem)}",
                "correct or remove that line",
                "corrupt",
            ) from problem
        if (answer.rater, answer.question) in found:
            raise DataError(
                f"{one_line(path)}: line {number}: {answer.question} is answered twice by one rater",
                "remove one of the lines",
                "duplicate",
            )
        found[answer.rater, answer.question] = answer
    return found
