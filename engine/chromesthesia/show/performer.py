"""Learns who performs: marked moments make a head of the performer's own, beside the encoder that hears."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from chromesthesia.control.commands import LearnClear, LearnLoad, LearnMark, LearnSave, LearnUndo
from chromesthesia.control.controller import Controller
from chromesthesia.control.notice import Notice
from chromesthesia.core.emotions import EMOTIONS
from chromesthesia.core.errors import ChromesthesiaError
from chromesthesia.core.paths import user_folder
from chromesthesia.core.protocols import Encoder
from chromesthesia.core.records import (
    ENCODER_HOPS,
    HOP_SAMPLES,
    SAMPLE_RATE_HZ,
    EmotionReading,
    EmotionState,
    Float32,
)
from chromesthesia.core.state_file import StateFile
from chromesthesia.core.user_files import one_line, shown
from chromesthesia.emotion.head import Head, Mark, fit_head, is_sound, marked, with_mark
from chromesthesia.emotion.performer_file import (
    KIND,
    NAME_LIMIT,
    SCHEMA,
    Marks,
    PerformerError,
    check_encoder,
    marks_of,
    moods_marked,
    read_marks,
    table_of,
    write_marks,
)
from chromesthesia.params.declaration import Value
from chromesthesia.params.readings import LEARN_PERFORMER, learned_address
from chromesthesia.params.values import nearest
from chromesthesia.show.file_names import stem_of

log = logging.getLogger(__name__)

MARKED_S = 1.0
MARKED_STEPS = round(MARKED_S * SAMPLE_RATE_HZ / (ENCODER_HOPS * HOP_SAMPLES))
"""A mark is of so many steps of the encoder, the newest."""
MOST_STEPS_BACK = 100
MOST_ENCODERS = 4
"""Marks for the encoders used last are kept while a show runs."""
MOST_PERFORMERS = 200
"""Most files that the folder of performers is filled with."""
LEAST_ACTIVITY = 0.5
UNNAMED = "not kept yet"
"""Shown in the place of a name."""
FILE = "performer.json"


class PersonalEncoder:
    """An encoder with the head of a performer behind it; without one it answers as the encoder does.

    `step` and `reset` belong to one thread; `head` may be replaced, and `recent` read, from any.
    """

    def __init__(self, inner: Encoder, head: Head | None = None) -> None:
        self._inner = inner
        self.head = head
        self.recent: tuple[EmotionReading, ...] = ()
        """The newest readings as the encoder gave them, at most `MARKED_STEPS`."""

    def step(self, encoder_mel: Float32, end_sample: int, entered_s: float) -> EmotionReading:
        """As the encoder's, moved by the head."""
        reading = self._inner.step(encoder_mel, end_sample, entered_s)
        self.recent = (*self.recent[1 - MARKED_STEPS :], reading)
        head = self.head
        return reading if head is None else head.said(reading)

    def reset(self) -> None:
        """As the encoder's; what was heard is forgotten."""
        self.recent = ()
        self._inner.reset()


Step = tuple[tuple[Mark, ...], str]
"""Marks and the name that they are kept by, empty for none."""


@dataclass(slots=True)
class _Learned:
    """What is known of a performer through one encoder."""

    pack: str
    marks: tuple[Mark, ...] = ()
    name: str = ""
    before: deque[Step] = field(default_factory=lambda: deque(maxlen=MOST_STEPS_BACK))


class Performer:
    """Does the learning commands on the control thread: a fit takes a millisecond.

    `ear` may be called from any thread, whenever another encoder is to hear: marks belong to an encoder, and those of
    the last few are there again with it. Marks are kept in the live state too (`keep`, on the state keeper's thread).
    """

    def __init__(
        self,
        controller: Controller,
        felt: Callable[[], EmotionState | None],
        folder: Path | None = None,
    ) -> None:
        """felt: the emotion now. folder: of the files by name, the user's own when left out."""
        self._controller = controller
        self._felt = felt
        self._folder = user_folder("performers") if folder is None else folder
        self._lock = threading.RLock()
        self._by_encoder: dict[str, _Learned] = {}
        self._encoder = ""
        self._ear: PersonalEncoder | None = None
        self._file: StateFile | None = None
        self._written: Step = ((), "")
        self._names: dict[tuple[Path, int, int], str] = {}

    def register(self) -> None:
        """Let the controller hand the commands on."""
        handle = self._controller.handle
        handle(LearnMark, lambda command, now_s: self.mark(command.mood, now_s))
        handle(LearnUndo, lambda command, now_s: self.undo(now_s))
        handle(LearnClear, lambda command, now_s: self.clear(now_s))
        handle(LearnSave, lambda command, now_s: self.save(command.name, now_s))
        handle(LearnLoad, lambda command, now_s: self.load(command.name, now_s))

    def ear(self, encoder: Encoder, made_for: str, pack: str) -> PersonalEncoder:
        """What hears from now on. made_for: hash of the pack's encoder, empty for one of the caller's own."""
        with self._lock:
            learned = self._by_encoder.pop(made_for, None) or _Learned(pack)
            self._by_encoder[made_for] = learned
            for old in list(self._by_encoder)[:-MOST_ENCODERS]:
                del self._by_encoder[old]
            self._encoder = made_for
            self._ear = PersonalEncoder(encoder, fit_head(learned.marks))
            return self._ear

    def readings(self) -> dict[str, Value]:
        """A value for each of `params.readings.LEARN`, by address. Any thread."""
        marks, name = self._now()
        counts = {learned_address(mood): count for mood, count in moods_marked(marks).items()}
        return {**counts, LEARN_PERFORMER: (name or UNNAMED) if marks else ""}

    # -- the commands ---------------------------------------------------------------------------------------

    def mark(self, mood: str | int, now_s: float) -> None:
        """The last second was of this mood. Raises PerformerError for a mood that is none, and in silence."""
        place = _mood(mood)
        felt = self._felt()
        if felt is None or felt.activity < LEAST_ACTIVITY:
            raise PerformerError("the room is silent", f"mark {EMOTIONS[place]} while it sounds")
        with self._lock:
            readings = () if self._ear is None else self._ear.recent
            if len(readings) < MARKED_STEPS:
                raise PerformerError(f"less than {MARKED_S:g} s was heard", "mark again in a moment")
            mark = marked(readings, place)
            if not is_sound(mark):
                raise PerformerError(
                    "the encoder gave no numbers in the last second", "mark again in a moment"
                )
            learned = self._learned()
            self._take((with_mark(learned.marks, mark), learned.name))
            count = moods_marked(learned.marks)[EMOTIONS[place]]
        self._tell(f"{EMOTIONS[place]}: {count} marked", now_s)

    def undo(self, now_s: float) -> None:
        """The marks as they were before the last change. Raises PerformerError where there was none."""
        with self._lock:
            learned = self._learned()
            if not learned.before:
                raise PerformerError("nothing was marked", "there is nothing to take back")
            self._set(learned.before.pop())
            count = len(learned.marks)
        self._tell(f"taken back: {count} marks are left", now_s)

    def clear(self, now_s: float) -> None:
        """Hear as the pack alone does."""
        with self._lock:
            if self._learned().marks:
                self._take(((), ""))
        self._tell("no marks: the pack alone is heard with", now_s)

    def save(self, name: str, now_s: float) -> None:
        """Keep the marks by this name; the file of the same name is replaced.

        Raises PerformerError without any mark, for a name that cannot be, and when it cannot be written.
        """
        name = _checked_name(name)
        with self._lock:
            learned, encoder = self._learned(), self._encoder
            marks = learned.marks
        if not marks:
            raise PerformerError(f"no marks to keep as {shown(name)}", "mark some moments first")
        if not encoder:
            raise PerformerError("marks of an encoder of one's own are not kept", "play with a model pack")
        path = self._path_for(name)
        write_marks(path, Marks(marks, name, learned.pack, encoder))
        with self._lock:
            learned.name = name
        log.info("%d marks are kept as %s", len(marks), one_line(path))
        self._tell(f"kept as {name}", now_s)

    def load(self, name: str, now_s: float) -> None:
        """Hear with the marks kept by this name. Raises PerformerError for none, and for those of another encoder."""
        path = self._find(name)
        if path is None:
            names = self.names()
            hint = nearest(name, names) or f"there are: {', '.join(names) or 'none'}"
            raise PerformerError(f"no performer {shown(name)}", hint)
        kept = read_marks(path)
        with self._lock:
            check_encoder(kept, self._encoder, self._learned().pack)
            self._take((kept.marks, kept.name))
        self._tell(f"hears as {kept.name or name} marked", now_s)

    def names(self) -> list[str]:
        """Whose marks are kept, in the order of the files. Any thread."""
        return list(dict.fromkeys(self._name_of(path) for path in self._files()))

    # -- the live state -------------------------------------------------------------------------------------

    def go_on(self, file: StateFile) -> None:
        """Hear as an earlier show did, and keep the marks there from now on. Before the show."""
        self._file = file
        kept = file.read(lambda table: marks_of(table, "the last show"))
        if kept is None or not kept.marks:
            return
        with self._lock:
            learned = self._by_encoder.setdefault(kept.encoder, _Learned(kept.pack))
            learned.marks, learned.name = kept.marks, kept.name
            if kept.encoder == self._encoder:
                self._set((kept.marks, kept.name))
                self._written = (kept.marks, kept.name)
            else:
                log.warning("the marks of the last show are for another encoder, of pack %s", kept.pack)

    def keep(self) -> None:
        """Write the marks where `go_on` reads them, if they are others. Raises StateError. The keeper's thread."""
        if self._file is None:
            return
        with self._lock:
            learned, encoder = self._by_encoder.get(self._encoder), self._encoder
            now = self._now()
        if learned is None or not encoder or now == self._written:
            return
        table = table_of(Marks(*now, learned.pack, encoder))
        self._file.write({key: value for key, value in table.items() if key not in ("kind", "schema")})
        self._written = now

    # -- within ---------------------------------------------------------------------------------------------

    def _learned(self) -> _Learned:
        return self._by_encoder.setdefault(self._encoder, _Learned(""))

    def _now(self) -> Step:
        with self._lock:
            learned = self._by_encoder.get(self._encoder)
            return ((), "") if learned is None else (learned.marks, learned.name)

    def _take(self, step: Step) -> None:
        """Other marks, with a way back."""
        learned = self._learned()
        learned.before.append((learned.marks, learned.name))
        self._set(step)

    def _set(self, step: Step) -> None:
        learned = self._learned()
        learned.marks, learned.name = step
        if self._ear is not None:
            self._ear.head = fit_head(learned.marks)

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob("*.json"))[:MOST_PERFORMERS]

    def _name_of(self, path: Path) -> str:
        """The name in a file, looked up once; of one that cannot be read, the name of the file."""
        try:
            told = path.stat()
            key = (path, told.st_mtime_ns, told.st_size)
            if key not in self._names:
                if len(self._names) >= 2 * MOST_PERFORMERS:
                    self._names.clear()
                self._names[key] = read_marks(path).name or path.stem
            return self._names[key]
        except (ChromesthesiaError, OSError):
            return path.stem

    def _find(self, name: str) -> Path | None:
        wanted = " ".join(name.split()).casefold()
        return next((path for path in self._files() if self._name_of(path).casefold() == wanted), None)

    def _path_for(self, name: str) -> Path:
        """The file of this name, else one that is not there yet."""
        found = self._find(name)
        if found is not None:
            return found
        there = {path.stem for path in self._folder.glob("*.json")}
        if len(there) >= MOST_PERFORMERS:
            raise PerformerError(
                f"{len(there)} performers are kept", f"remove some from {one_line(self._folder)}"
            )
        stem = free = stem_of(name, "performer")
        number = 1
        while free in there:
            number += 1
            free = f"{stem}-{number}"
        return self._folder / f"{free}.json"

    def _tell(self, text: str, now_s: float) -> None:
        self._controller.notice = Notice(one_line(text), now_s)


def state_file(folder: Path) -> StateFile:
    """Where the marks of a show that is to be gone on with are kept, beside its live state."""
    return StateFile(folder / FILE, KIND, SCHEMA)


def _mood(mood: str | int) -> int:
    if isinstance(mood, str):
        text = mood.strip().casefold()
        if text in EMOTIONS:
            return EMOTIONS.index(text)
    elif 0 <= mood < len(EMOTIONS):
        return mood
    raise PerformerError(
        f"no mood {shown(mood)}", f"one of {', '.join(EMOTIONS)}, or 0 to {len(EMOTIONS) - 1}"
    )


def _checked_name(name: str) -> str:
    plain = " ".join(name.split())
    if not plain or plain != one_line(plain, NAME_LIMIT):
        raise PerformerError(
            f"a performer's name {shown(name)}", f"give one of at most {NAME_LIMIT} letters, on one line"
        )
    return plain
