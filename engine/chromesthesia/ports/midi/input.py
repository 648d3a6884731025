"""MIDI in: messages become commands, and what they say of the tempo goes to the beat clock. Nothing is raised."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass

from chromesthesia.control.actions import BY_PATH, commands_of
from chromesthesia.control.commands import Command, NudgeParameter, SetParameter, ToggleParameter
from chromesthesia.core.logs import BoundedLog
from chromesthesia.core.protocols import Clock
from chromesthesia.core.user_files import one_line, shown
from chromesthesia.params.actions import PRESET_LOAD
from chromesthesia.params.declaration import Param, Value
from chromesthesia.params.tempo import MIDI_FORGET, MIDI_LEARN
from chromesthesia.params.tree import ParameterTree
from chromesthesia.ports.midi.bindings import Binding, Bindings, Key
from chromesthesia.ports.midi.devices import MidiError
from chromesthesia.ports.midi.learn import Learner
from chromesthesia.ports.midi.takeover import Grip, left, moved
from chromesthesia.tempo.clock import BeatClock
from chromesthesia.tempo.mtc import MtcReader

log = logging.getLogger(__name__)

SOURCE = "midi:"
"""How the source of every value begins that a control of ours set."""
ACTION_SOURCE = "midi action:"
"""The same for what else was asked for: a preset takes values out of the hand of every fader."""
LSB_CONTROLLERS = 32
_CLOCK_AWAY_S = 1.0
"""After so long without a pulse another device may send the clock."""
_FULL_BEND, _FULL_CC, _FULL_CC14 = 16_383, 127, 16_383


@dataclass(slots=True)
class MidiCounters:
    """messages heard; those that were no MIDI; controls that steer nothing; values and actions that were not taken."""

    messages: int = 0
    malformed: int = 0
    unbound: int = 0
    refused: int = 0


class MidiInput:
    """Turns the messages of every input into commands. Messages may come from several threads, one for each device.

    bindings: may be replaced by learning; `keep` then hands the new ones to `save`.
    """

    def __init__(
        self,
        tree: ParameterTree,
        post: Callable[..., None],
        tempo: BeatClock,
        clock: Clock,
        bindings: Bindings,
        save: Callable[[Bindings], None],
    ) -> None:
        self._tree = tree
        self._post = post
        self._tempo = tempo
        self._clock = clock
        self._save = save
        self._lock = threading.Lock()
        self._learner = Learner()
        self._learning = ""
        self._grips: dict[Binding, Grip] = {}
        self._writer: dict[str, Binding] = {}
        self._coarse: dict[tuple[str, int, int], int] = {}
        self._mtc: dict[str, MtcReader] = {}
        self._unsaved: Bindings | None = None
        self._clock_device = ""
        self._clock_heard_s = float("-inf")
        self._bounded_log = BoundedLog(log)
        self.bindings = bindings
        self.counters = MidiCounters()
        tree.listen(self._on_write)

    def close(self) -> None:
        """Listen to the tree no more."""
        self._tree.unlisten(self._on_write)

    def counts(self) -> dict[str, int]:
        """What became of the messages."""
        return asdict(self.counters)

    def gone(self, device: str) -> None:
        """A device was unplugged: its clock is followed no more, its faders are to meet their values again."""
        with self._lock:
            self._mtc.pop(device, None)
            self._grips.clear()
            self._coarse = {key: value for key, value in self._coarse.items() if key[0] != device}
            if device == self._clock_device:
                self._clock_device = ""
                self._tempo.forget_midi()

    def keep(self) -> None:
        """Save what was learned since the last call; a file that cannot be written is logged, and not tried again."""
        with self._lock:
            unsaved, self._unsaved = self._unsaved, None
        if unsaved is not None:
            try:
                self._save(unsaved)
            except MidiError as error:
                log.warning("what MIDI learned is not kept: %s", error)

    def handle(self, message: Sequence[int], device: str, at_s: float) -> None:
        """Take one whole message: status byte and data. Whatever it is, nothing is raised."""
        with self._lock:
            self.counters.messages += 1
            try:
                commands = self._read(message, device, at_s)
            except (ValueError, TypeError, IndexError):
                self.counters.malformed += 1
                return
        if commands:
            self._post(*commands)

    def hand(self, target: str) -> Binding | None:
        """The control that set `target` last."""
        return self._writer.get(target)

    def forget(self, target: str) -> None:
        """MIDI steers `target` no more."""
        with self._lock:
            self._change(self.bindings.without(target), f"MIDI steers {one_line(target, 80)} no more")

    # -- what the messages are --------------------------------------------------------------------------------

    def _read(self, message: Sequence[int], device: str, at_s: float) -> list[Command]:
        status, *data = message
        if not 0x80 <= status <= 0xFF:
            raise ValueError(status)
        if status == 0xF0:
            body = data[:-1] if data and data[-1] == 0xF7 else data
            self._full_frame(body, device, at_s)
            return []
        if not all(0 <= byte <= 127 for byte in data):
            raise ValueError(data)
        if status > 0xF0:
            self._system(status, data, device, at_s)
            return []
        channel = (status & 15) + 1
        source = SOURCE + device
        match status >> 4:
            case 0x8 | 0x9:
                note, velocity = data
                pressed = velocity if status >> 4 == 0x9 else 0
                return self._moved(("note", channel, note), pressed, _FULL_CC, source)
            case 0xB:
                number, value = data
                return self._controller(channel, number, value, device, source)
            case 0xC:
                (program,) = data
                return (
                    (commands_of(PRESET_LOAD, (program,), ACTION_SOURCE + device) or [])
                    if self.bindings.programs
                    else []
                )
            case 0xD:
                (value,) = data
                return self._moved(("pressure", channel, 0), value, _FULL_CC, source)
            case 0xE:
                fine, coarse = data
                return self._moved(("bend", channel, 0), coarse << 7 | fine, _FULL_BEND, source)
        return []

    def _controller(self, channel: int, number: int, value: int, device: str, source: str) -> list[Command]:
        key = ("cc", channel, number)
        if number < LSB_CONTROLLERS:
            self._coarse[device, channel, number] = value
            if self.bindings.of(("cc14", channel, number)):
                # Its fine half follows; without it the value would jump there and back.
                return self._learn(key, value, source) or []
        elif number < 2 * LSB_CONTROLLERS:
            base = number - LSB_CONTROLLERS
            coarse = self._coarse.get((device, channel, base))
            rows = self.bindings.of(("cc14", channel, base))
            if coarse is not None and rows:
                learned = self._learn(key, value, source)
                return (
                    self._steer(rows, coarse << 7 | value, _FULL_CC14, source) if learned is None else learned
                )
        return self._moved(key, value, _FULL_CC, source)

    def _system(self, status: int, data: Sequence[int], device: str, at_s: float) -> None:
        if status == 0xF1:
            (quarter,) = data
            position = self._mtc_of(device).quarter(quarter >> 4, quarter & 15, at_s)
            if position is not None:
                self._tempo.timecode(position)
            return
        if status not in (0xF2, 0xF8, 0xFA, 0xFB, 0xFC) or not self._is_clock(status, device, at_s):
            return
        match status:
            case 0xF2:
                fine, coarse = data
                self._tempo.song_position(coarse << 7 | fine)
            case 0xF8:
                self._tempo.pulse(at_s)
            case 0xFA:
                self._tempo.start()
            case 0xFB:
                self._tempo.resume()
            case 0xFC:
                self._tempo.stop()

    def _is_clock(self, status: int, device: str, at_s: float) -> bool:
        """One device is the clock; another one may be when that has been silent for a second."""
        if device != self._clock_device and at_s - self._clock_heard_s < _CLOCK_AWAY_S:
            return False
        if device != self._clock_device:
            if self._clock_device:
                self._tempo.forget_midi()
            self._clock_device = device
            log.info("MIDI clock from %s", one_line(device))
        if status == 0xF8:
            self._clock_heard_s = at_s
        return True

    def _full_frame(self, body: Sequence[int], device: str, at_s: float) -> None:
        position = self._mtc_of(device).full_frame(body, at_s)
        if position is not None:
            self._tempo.timecode(position)

    def _mtc_of(self, device: str) -> MtcReader:
        return self._mtc.setdefault(device, MtcReader())

    # -- what the controls steer --------------------------------------------------------------------------------

    def _moved(self, key: Key, value: int, full: int, source: str) -> list[Command]:
        learned = self._learn(key, value, source)
        if learned is not None:
            return learned
        rows = self.bindings.of(key)
        if not rows:
            self.counters.unbound += 1
            return []
        return self._steer(rows, value, full, source)

    def _steer(self, rows: Sequence[Binding], value: int, full: int, source: str) -> list[Command]:
        return [command for row in rows for command in self._commands(row, value, full, source)]

    def _commands(self, row: Binding, value: int, full: int, source: str) -> list[Command]:
        if row.target in BY_PATH:
            return self._act(row, value / full, ACTION_SOURCE + source.removeprefix(SOURCE))
        param = self._tree.params.get(row.target)
        if param is None:
            return []  # it may come while the show runs
        if isinstance(param.default, str) and not param.choices:
            self._refuse_text(param)
            return []
        button = (row.control == "note" and row.mode != "hold") or row.mode == "toggle"
        pressed = value if row.control == "note" or value * 2 > full else 0
        if button and not pressed:
            return []
        command: Command
        if button and isinstance(param.default, bool):
            command = ToggleParameter(row.target, source)
        elif row.mode == "relative":
            command = NudgeParameter(row.target, _turned(row, param, value), source)
        else:
            raw = self._pressed(param, pressed) if button else self._placed(row, param, value / full)
            if raw is None:
                return []
            command = SetParameter(row.target, raw, source, row.target)
        self._writer[row.target] = row
        return [command]

    def _act(self, row: Binding, place: float, source: str) -> list[Command]:
        pressed = place > 0.0 if row.control == "note" else place >= 0.5
        before = self._grips.get(row, Grip())
        self._grips[row] = Grip(pressed, place)
        if not pressed or before.held:
            return []
        argument = row.argument
        try:
            commands = commands_of(BY_PATH[row.target], () if argument is None else (argument,), source)
        except KeyError:
            commands = None
        if commands is None:
            self.counters.refused += 1
            self._bounded_log.warning(
                self._clock.now_s(), "%s: %s does not take %s", source, row.target, shown(argument)
            )
            return []
        return commands

    def _pressed(self, param: Param, value: int) -> Value:
        """A button goes to the next choice, and gives a number by how hard it was hit."""
        if param.choices:
            now = self._tree.snapshot()[param.path]
            return (param.choices.index(str(now)) + 1) % len(param.choices)
        low, high = ends(None, param)
        return low + (high - low) * value / _FULL_CC

    def _placed(self, row: Binding, param: Param, place: float) -> Value | None:
        """Where a fader stands, as a value; None while it has not met the value."""
        low, high = ends(row, param)
        if row.mode == "soft" and row.control != "note" and not isinstance(param.default, bool):
            grip = self._grips.get(row, Grip())
            if grip.held and self._writer.get(row.target) is not row:
                grip = Grip(False, grip.place)
            grip = self._grips[row] = moved(grip, place, (self._number(param) - low) / (high - low))
            if not grip.held:
                return None
        return low + (high - low) * place

    def _refuse_text(self, param: Param) -> None:
        self.counters.refused += 1
        self._bounded_log.warning(self._clock.now_s(), "%s is a text: no controller can steer it", param.path)

    def _number(self, param: Param) -> float:
        """The value now; of a choice its number."""
        now = self._tree.snapshot()[param.path]
        return float(param.choices.index(now)) if isinstance(now, str) and param.choices else float(now)

    def _on_write(self, path: str, value: Value, source: str) -> None:
        """Control thread: somebody set a value."""
        if path == MIDI_LEARN.path:
            with self._lock:
                self._learning = str(value)
                self._learner.begin()
        if path == MIDI_FORGET.path and value:
            self.forget(str(value))
            self._post(SetParameter(MIDI_FORGET.path, "", SOURCE))
        if source.startswith(SOURCE):
            return
        with self._lock:
            param = self._tree.params.get(path)
            if param is None or isinstance(value, str):
                return
            for row, grip in self._grips.items():
                if row.target == path:
                    low, high = ends(row, param)
                    self._grips[row] = left(grip, (float(value) - low) / (high - low))

    # -- learning -------------------------------------------------------------------------------------------------

    def _learn(self, key: Key, value: int, source: str) -> list[Command] | None:
        """None when nobody asked, else what is to be done about what was asked."""
        found = self._learner.watch(key, value)
        if not self._learning:
            return None
        if found is None:
            return []
        target, self._learning = self._learning, ""
        param = self._tree.params.get(target)
        known = target in BY_PATH or (param is not None and param.writable)
        if known:
            control, channel, number = found
            binding = Binding(target, control, channel, number)
            self._change(self.bindings.learned(binding), f"{source} {control} {number}: {target}")
        else:
            self.counters.refused += 1
            log.warning("MIDI cannot learn %s: there is no such setting or action", shown(target, 80))
        return [SetParameter(MIDI_LEARN.path, "", SOURCE)]

    def _change(self, bindings: Bindings, told: str) -> None:
        self.bindings = bindings
        self._grips.clear()
        self._unsaved = bindings
        log.info("%s", one_line(told))


def _turned(row: Binding, param: Param, value: int) -> float:
    """How far an endless encoder moves a setting: a whole number or choice by one, others by 1/127 of the travel."""
    low, high = ends(row, param)
    steps = value if value < 64 else value - 128
    return steps * ((high - low) / _FULL_CC if param.is_float else 1.0)


def ends(row: Binding | None, param: Param) -> tuple[float, float]:
    """The values at the ends of a control's travel."""
    last = len(param.choices) - 1 if param.choices else None
    low = param.low if row is None or row.low is None else row.low
    high = param.high if row is None or row.high is None else row.high
    low = float(low or 0.0)
    high = float(last if high is None and last is not None else 1.0 if high is None else high)
    return (low, high) if low != high else (low, low + 1.0)
