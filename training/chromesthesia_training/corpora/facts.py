"""What a file is: whether it can be read, how long it sounds, its content hash and fingerprint; kept between runs."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from chromesthesia.core.user_files import one_line
from chromesthesia_training.corpora.fingerprint import picture_fingerprint, sound_fingerprint, to_hex
from chromesthesia_training.data.pictures import PictureError, load_rgb
from chromesthesia_training.data.sound import read_as_recorded
from chromesthesia_training.data.walking import sha256_of
from chromesthesia_training.errors import DataError, Kind
from chromesthesia_training.safe_write import whole_file

logger = logging.getLogger(__name__)

FACTS_VERSION = 2
SAVE_EVERY = 500
WORKERS = 2
SILENT_PEAK = 10.0 ** (-70.0 / 20.0)


@dataclass(frozen=True, slots=True)
class FileFacts:
    """What was found in one file.

    fault: None when it can be used; detail: what is wrong, in words; content: sha256 of the bytes, empty for a
    missing file; seconds: how long a sound lasts, 0 for a picture; fingerprint: hex of 256 bits, empty where there
    is a fault; note: what is odd about a file that can be used all the same.
    """

    fault: Kind | None
    detail: str
    content: str
    seconds: float = 0.0
    fingerprint: str = ""
    note: str = ""


def look_at(path: Path, picture: bool) -> FileFacts:
    """Read a file whole and say what it is. Never raises for what is in the file."""
    try:
        digest = sha256_of(path)
        if path.stat().st_size == 0:
            return FileFacts("empty", "0 bytes", digest)
        return _picture_facts(path.read_bytes(), digest) if picture else _sound_facts(path, digest)
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else str(error)
        return FileFacts("missing", said or "cannot be read", "")


def _picture_facts(content: bytes, digest: str) -> FileFacts:
    try:
        return FileFacts(None, "", digest, 0.0, to_hex(picture_fingerprint(load_rgb(content))))
    except PictureError as error:
        return FileFacts("corrupt", str(error), digest)


def _sound_facts(path: Path, digest: str) -> FileFacts:
    notes: list[str] = []
    try:
        samples, rate_hz = read_as_recorded(path, notes.append)
    except DataError as problem:
        detail = problem.message.removeprefix(f"the sound {one_line(path)} ")
        return FileFacts(problem.kind, detail, digest)
    seconds = round(len(samples) / rate_hz, 3)
    note = "; ".join(notes)
    if np.abs(samples).max() < SILENT_PEAK:
        return FileFacts("silent", "is silent", digest, seconds, note=note)
    return FileFacts(None, "", digest, seconds, to_hex(sound_fingerprint(samples, rate_hz)), note)


def facts_of(
    files: Sequence[tuple[Path, bool]],
    cache_dir: Path,
    on_progress: Callable[[int], None] = lambda count: None,
) -> dict[Path, FileFacts]:
    """Facts of files given as (path, whether it is a picture), from an earlier run where size and time are unchanged.

    They are kept in `cache_dir/file-facts.json`, saved every 500 files, so that an interrupted run goes on.
    on_progress: called after each file looked at, with the number done. Raises DataError when the cache cannot be
    written.
    """
    store = cache_dir / "file-facts.json"
    known = _load(store)
    facts: dict[Path, FileFacts] = {}
    unseen: dict[Path, tuple[bool, str]] = {}
    for path, picture in files:
        stamp = _stamp(path)
        entry = known.get(str(path.resolve()))
        if stamp and entry is not None and entry[0] == stamp:
            facts[path] = entry[1]
        else:
            unseen[path] = (picture, stamp)
    on_progress(len(facts))
    executor = ThreadPoolExecutor(WORKERS)  # decoding lets go of the interpreter's lock
    try:
        looked_at = executor.map(look_at, unseen, (picture for picture, _ in unseen.values()))
        for done, (path, fact) in enumerate(zip(unseen, looked_at, strict=True), start=1):
            facts[path] = fact
            if stamp := unseen[path][1]:
                known[str(path.resolve())] = (stamp, fact)
            if done % SAVE_EVERY == 0:
                _save(store, known)
            on_progress(len(facts))
    finally:
        executor.shutdown(cancel_futures=True)
    if unseen:
        _save(store, known)
    return facts


def _stamp(path: Path) -> str:
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{status.st_size} {status.st_mtime_ns}"


def _load(store: Path) -> dict[str, tuple[str, FileFacts]]:
    if not store.is_file():
        return {}
    try:
        content = json.loads(store.read_text(encoding="utf-8"))
        if content["version"] != FACTS_VERSION:
            return {}
        return {key: (stamp, FileFacts(**facts)) for key, (stamp, facts) in content["files"].items()}
    except (ValueError, KeyError, TypeError) as error:
        logger.warning("%s is damaged (%s); looking at every file again", store, error)
        return {}


def _save(store: Path, known: dict[str, tuple[str, FileFacts]]) -> None:
    files = {key: (stamp, asdict(facts)) for key, (stamp, facts) in known.items()}
    with whole_file(store) as file:
        file.write(json.dumps({"version": FACTS_VERSION, "files": files}).encode())
