"""The marking desk: connects keys, buttons and boxes of the marker bar with the recorder."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QWidget

from acquisition.events.vocabulary import Code
from acquisition.stream import Modality
from viewer.live.doubt_bar import DoubtBar, ask_answer
from viewer.live.letters import QUICK, Letter, Letters
from viewer.live.marker_bar import MarkerBar
from viewer.live.questions import Questions
from viewer.live.value_entry import ValueEntry
from viewer.model.doubts import Doubt, Doubts
from viewer.model.markers import label_of
from viewer.model.marking import Marking
from viewer.model.model import SessionModel
from viewer.model.page import clock

TYPED = "suds"
"""The code whose value is typed on the number pad: digits, then Enter."""
GRACE = 0.1
"""Seconds more for a letter that was pressed in time and waits behind the drawing of a frame."""
WRITING = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.GroupSwitchModifier
"""Modifiers of a key that writes."""


class Desk:
    """Mark, pause, note, undo and stop, and say what became of it.

    Parameters
    ----------
    parent : QWidget
        Owns the question before the end.
    now : callable
        Returns the LSL clock [s].
    """

    def __init__(
        self, parent: QWidget, model: SessionModel, marking: Marking, now: Callable[[], float]
    ) -> None:
        self._parent, self._model, self.marking, self._now = parent, model, marking, now
        self._note_begun = math.nan
        self._typed = ""
        self._codes: dict[str, Code] = {}
        self.values = ValueEntry(marking.complete, now)
        self.doubts = Doubts(marking.waiting_streams, time.monotonic)
        self.doubt_bar: DoubtBar | None = None
        self.bar: MarkerBar | None = None
        self.questions: Questions = Questions(self, parent)
        self.letters = Letters(self._mark_letter, self._write)
        self._heard = (0, "")
        self._newest = (0, -math.inf)
        self._due, self._grace = _timer(parent, QUICK), _timer(parent, GRACE)
        # The second begins only when the first has fired: after a long frame waiting keys come in between.
        self._due.timeout.connect(self._grace.start)
        self._grace.timeout.connect(self.letters.settle)

    def connect(self, bar: MarkerBar) -> None:
        """Serve a marker bar; the one before it is gone."""
        self.bar = bar
        self._codes = {button.code.code: button.code for button in bar.buttons}
        bar.note.textEdited.connect(self._note_key)
        bar.value.textEdited.connect(lambda _: self.values.touch())
        self.show()

    @property
    def open(self) -> bool:
        """Tell whether anything can be marked now."""
        return self._model.state == "growing"

    def hear(self, event: QKeyEvent) -> None:
        """Note when a key was pressed and what it writes, before it is known whose key it is."""
        self._heard = event.timestamp(), event.text()

    def letter(self, code: Code, ago: bool) -> None:
        """Mark as a letter does: once it is clear that nobody types."""
        written = code.hotkey.upper() if ago else code.hotkey.lower()
        stamp, text = self._heard
        self._heard = (0, "")
        self._take(Letter(text if text.isprintable() and text else written, self._now(), code, ago), stamp)

    def type_text(self, event: QKeyEvent) -> bool:
        """Take a key that writes and marks nothing, if it is one; tell whether it was taken."""
        text, other = event.text(), event.modifiers() & ~WRITING
        if event.isAutoRepeat() or other or not text or not text.isprintable():
            return False
        return self.typed(text, event.timestamp())

    def typed(self, text: str, stamp: int = 0) -> bool:
        """Take what a key writes that marks nothing; tell whether it was taken."""
        if self.letters.held and text.isdecimal():
            self.settle()  # the value of the marker just pressed
            if self.values.asked is not None and self.bar is not None:
                self.bar.value.insert(text)
                return True
        return self._take(Letter(text, self._now(), counts=text.isalpha()), stamp)

    def _take(self, letter: Letter, stamp: int) -> bool:
        now = time.monotonic()
        before, then = self._newest
        # The stamps of the display tell when keys were pressed, however late they are heard.
        gap = (stamp - before) / 1000 if stamp and before else now - then
        taken = self.letters.press(letter, gap)
        if letter.counts:
            self._newest = stamp, now
        if self.letters.held:
            self._grace.stop()
            self._due.start()
        return taken

    def settle(self) -> None:
        """Let the letters that wait mark before anything else is done."""
        self._due.stop()
        self._grace.stop()
        self.letters.settle()

    def _mark_letter(self, letter: Letter) -> None:
        if letter.code is not None:
            self._press(letter.code, letter.ago, letter.time)

    def _write(self, text: str, begun: float) -> None:
        """Put typed letters into the note box, which has the keys from now on."""
        bar = self.bar
        if bar is None:
            return
        if self.values.asked is not None:
            self.values.finish(self._typed_value())
        bar.end_value()
        if math.isnan(self._note_begun):
            self._note_begun = begun
        parted = bar.note.text() and not bar.note.hasFocus() and not bar.note.text().endswith(" ")
        bar.note.setFocus()
        bar.note.end(False)
        bar.note.insert(f" {text}" if parted else text)

    def press(self, code: Code, ago: bool) -> None:
        """Mark a moment, or begin or end an interval, at once."""
        self.settle()
        self._press(code, ago, self._now())

    def _press(self, code: Code, ago: bool, pressed: float) -> None:
        if not self.open:
            self.not_stored(f"marker {label_of(code.code)}")
            return
        self.values.finish(self._typed_value())
        takes = bool(code.value) and not self.marking.is_running(code)
        event = self.marking.press(code, ago=ago, time=pressed)
        if takes:
            self.values.ask(code, event)
            if self.bar is not None:
                self.bar.ask_value(code)
        self.show()

    def not_stored(self, what: str) -> None:
        """Say that the recording is over, in place of the last marker."""
        self.marking.say(f"NOT STORED: {what}: the recording has ended", failed=True)
        self.show()

    def _typed_value(self) -> str:
        return "" if self.bar is None else self.bar.value.text()

    def leave(self) -> None:
        """Leave the box that has the keys; a press that waits for its value stays without one."""
        self.settle()
        if self.values.asked is not None:
            self.values.finish("")
            self.show()
        self._parent.setFocus()

    def close(self) -> None:
        """Store what still waits, and let the recorder answer."""
        self.settle()
        if self.open:
            self.values.finish(self._typed_value())
        self.doubts.close()
        self.marking.close()

    def look_for_doubts(self) -> None:
        """Show which streams wait for a confirmation."""
        if self.doubt_bar is not None:
            self.doubt_bar.show_doubts(self.doubts.poll() if self.open else ())

    def answer_doubt(self, doubt: Doubt, yes: bool) -> None:
        """Confirm a stream that waits, or refuse its sender."""
        self.settle()
        if self.open:
            self.marking.confirm(doubt, yes=yes)
            self.doubts.answered(doubt)
            self.look_for_doubts()
            self.show()

    def ask_doubt(self) -> None:
        """Ask about the first stream that waits."""
        self.settle()
        if not self.doubts.waiting:
            self.marking.say("no stream waits for a confirmation")
            self.show()
            return
        doubt = self.doubts.waiting[0]
        if (yes := ask_answer(self._parent, doubt)) is not None:
            self.answer_doubt(doubt, yes)

    def undo(self) -> None:
        """Void the last marker that holds; once more, the one before it."""
        self.settle()
        if self.open:
            self.values.drop()
            last = self.marking.undoable()
            if self.marking.undo() is not None and last is not None:
                at = clock(last.time - self._model.t0)
                self.marking.say(f"undone: {label_of(last.code)} at {at}")
            self.show()

    def pause(self, role: str) -> None:
        """Pause a person, or resume them."""
        self.settle()
        if not self.open:
            self.not_stored(f"pause of the {role}")
            return
        if role in {r.value for r in self._model.paused}:
            self.marking.resume(role)
        else:
            self.marking.pause(role)

    def ask_stop(self) -> None:
        """Ask whether to end the recording; keeping it is the default."""
        self.settle()
        self.questions.stop()

    def ask_swap(self) -> None:
        """Ask which devices are on the wrong person, and let them change hands; going back is the default."""
        self.settle()
        self.questions.swap()

    def ask_replacement(self) -> None:
        """Ask which device takes the place of which; going back is the default."""
        self.settle()
        self.questions.replace()

    def modalities(self) -> set[Modality]:
        """Return what is recorded of the two people."""
        return {health.info.modality for health in self._model.health.values()}

    def type_value(self, event: QKeyEvent) -> bool:
        """Take a key of the number pad, if it is one: digits make a value 0-100, Enter stores it."""
        code = self._codes.get(TYPED)
        text = event.text()
        if code is None or not self.open:
            return False
        self.settle()
        if text.isdecimal():
            self._typed = (self._typed + text)[-3:]
        elif self._typed and text in ("\r", "\n"):
            self._store_typed(code)
        else:
            return False
        self.show()
        return True

    def _store_typed(self, code: Code) -> None:
        value, self._typed = int(self._typed), ""
        if value <= 100:
            self.marking.press(code, value=float(value))
        else:
            self.marking.say(f"{code.code}: {value} is not within 0-100")

    def enter(self) -> None:
        """Go into the note box, or store what was typed there."""
        self.settle()
        if self.bar is not None and self.bar.value.hasFocus():
            if self.values.enter(self.bar.value.text()):
                self._parent.setFocus()
            self.show()
        elif self.bar is not None and self.bar.note.hasFocus():
            self._note_done()
        elif self.bar is not None:
            self.bar.note.setFocus()

    def _note_key(self, text: str) -> None:
        self._newest = (0, time.monotonic())
        self.letters.wrote()
        if math.isnan(self._note_begun):
            self._note_begun = self._now()
        if not text:
            self._note_begun = math.nan

    def _note_done(self) -> None:
        bar = self.bar
        if bar is None:
            return
        text = bar.note.text().strip()
        if text and not self.open:
            self.not_stored("note")  # it stays in its box
            return
        if text:
            self.marking.note(text, self._note_begun)
        bar.note.clear()
        self._parent.setFocus()
        self._note_begun = math.nan
        self.show()

    def show(self) -> None:
        """Show the last marker and which intervals run."""
        self.marking.poll()
        self.values.poll(self._typed_value())
        self.marking.adopt(self._model.recorded(), self._model.paused)
        if self.bar is not None:
            for button in self.bar.buttons:
                button.set_running(self.marking.is_running(button.code))
            if self.values.asked is None and not self.bar.value.isHidden():
                self.bar.end_value()
                self._parent.setFocus()
            self.bar.show_last(self.last_text(), failed=self.marking.failed)

    def last_text(self) -> str:
        """Return the last marker and what became of it, in words."""
        marking, asked = self.marking, self.values.asked
        if asked is not None:
            takes = self.values.fault or "Enter adds its value, Esc none"
            return f"{label_of(asked.code.code)} at {clock(asked.event.time - self._model.t0)}: {takes}"
        if self._typed:
            return f"{TYPED} {self._typed} · Enter stores it"
        if marking.message or marking.last is None:
            return marking.message or "no marker yet"
        last = marking.last
        what = label_of(last.code) + {"on": " begins", "off": " ends"}.get(last.phase, "")
        if last.value is not None:
            what += f" {last.value:g}" if isinstance(last.value, float) else f" “{last.value}”"
        ago = ", about 10 s before" if last.t_shift and last.code != "note" else ""
        stored = "stored" if last.id in self._model.event_ids else "sending"
        return f"{what} at {clock(last.time - self._model.t0)}{ago} · {stored}"


def _timer(parent: QWidget, seconds: float) -> QTimer:
    timer = QTimer(parent)
    timer.setSingleShot(True)
    timer.setTimerType(Qt.TimerType.PreciseTimer)
    timer.setInterval(round(seconds * 1000))
    return timer
