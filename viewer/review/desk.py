"""The review desk: adds, moves, changes and voids events of a finished recording, and takes that back. No Qt.

Each act is one append to overlay.jsonl, or to the file of a blind rater, with who, when and why. What was
recorded, or entered by somebody else, is only changed with a reason.
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from acquisition.errors import AttunementError, RecordingError
from acquisition.event import Event, Value
from acquisition.events.overlay import Edit, read_edits
from acquisition.events.overlay_file import append_edits
from acquisition.events.vocabulary import PAUSE, Vocabulary
from acquisition.events.who import patterns_of, who_fault
from acquisition.protection.audit import keep
from acquisition.protection.sealed_rows import recording_of
from acquisition.recorder.marks import Marks
from viewer.model.event_rows import Row, fine_clock, rows, seconds_of
from viewer.model.markers import label_of
from viewer.model.model import SessionModel
from viewer.review.acts import (
    REVIEW_UNC,
    Act,
    moment_fields,
    said_fields,
    taking_back,
    typed_uncertainty,
    typed_value,
)

CODED = "coded in review"


class ReviewDesk:
    """Edit the events of a recording.

    Parameters
    ----------
    model : SessionModel
        Whose events are edited; it is told of each edit.
    file : Path
        Where the edits go.
    clock : callable
        Returns the wall time as text (ISO 8601); never the same twice.
    who : str
        Code of whoever edits.
    """

    def __init__(
        self,
        model: SessionModel,
        file: Path,
        vocabulary: Vocabulary,
        *,
        clock: Callable[[], str],
        who: str = "",
    ) -> None:
        self.model, self.file, self.vocabulary, self.who = model, file, vocabulary, who
        self.why = ""
        self.message, self.failed = "", False
        self._told = False
        """Whether the log says that somebody edits: once a window."""
        self.blind = False
        """Whether a blind rater is at work, who changes nothing but their own codings."""
        self.faulty = ""
        """Why nothing can be edited at all, if so."""
        self._clock = clock
        self.edits: list[Edit] = []
        self.reload()

    def reload(self) -> None:
        """Read what is stored, from the disk."""
        try:
            self._take(read_edits(self.file))
        except RecordingError as error:
            self.faulty = str(error)
            self._say(f"later edits are not shown: {error}", failed=True)

    def _take(self, edits: Sequence[Edit]) -> None:
        self.edits = list(edits)
        self.model.edits = tuple(edits)
        self.model.event_revision += 1

    def held(self) -> Mapping[str, Event]:
        """Return the events that hold, by id."""
        return self.model.marked().held

    def rows(self, hidden: frozenset[str] = frozenset()) -> list[Row]:
        """Return the rows of the event list."""
        return rows(self.model.marked(), self.edits, self.model.t0, hidden)

    def _say(self, message: str, *, failed: bool = False) -> None:
        self.message, self.failed = message, failed

    def forget_message(self) -> None:
        """Say nothing more of the last edit."""
        self._say(
            f"later edits are not shown: {self.faulty}" if self.faulty else "", failed=bool(self.faulty)
        )

    def _refused(self, error: AttunementError) -> bool:
        """Say that nothing was stored, and why."""
        self._say(f"NOT STORED: {error}", failed=True)
        return False

    def _time(self, seconds: float) -> float:
        """Return a moment of the session on the LSL clock [s]."""
        if not 0.0 <= seconds <= self.model.elapsed + 1e-6:
            end = fine_clock(self.model.elapsed)
            raise RecordingError(f"{fine_clock(seconds)} is outside the recording (0:00:00 to {end})")
        return self.model.t0 + seconds

    def add(
        self,
        code: str,
        seconds: float,
        *,
        actor: str = "",
        value: Value = None,
        note: str = "",
        unc: float = REVIEW_UNC,
    ) -> str | None:
        """Add an event at a moment [s since the first tick]; an interval begins, or ends where it is open.

        Returns
        -------
        str or None
            Its id; None if it was refused, `message` then says why.
        """
        try:
            event = self._made(code, self._time(seconds), actor, value, note, unc)
            begun = next((r for r in self.rows() if r.key == event.ref), None)
            if begun is not None and seconds <= begun.start:
                raise RecordingError(
                    f"{label_of(code)} would end before it begins, {fine_clock(begun.start)}"
                )
            fields = said_fields(event)
            self._append([("add", event.id, fields)], self.why or CODED)
        except AttunementError as error:
            self._refused(error)
            return None
        done = {"on": "begins", "off": "ends"}.get(event.phase, "added")
        self._say(f"{label_of(code)} {done} at {fine_clock(seconds)}")
        return event.id

    def _made(
        self, code: str, time: float, actor: str, value: Value, note: str, unc: float = REVIEW_UNC
    ) -> Event:
        """Return an event, checked against the vocabulary as a live one is."""
        if code == PAUSE:
            raise RecordingError("a pause is as it was recorded; it cannot be edited")
        marks = Marks(self.vocabulary, self.model.marked(), patterns_of(recording_of(self.file)))
        fields: dict[str, Any] = {"code": code, "time": time, "source": "review", "rater": self.who}
        fields |= {"t_unc": unc, "note": note, "value": value}
        return marks.make(fields | ({"actor": actor} if actor else {}), time)

    def void(self, row: Row) -> bool:
        """Take an event, or both ends of an interval, out of what holds."""
        ids = [row.key, *([row.off] if row.off else [])]
        return self._edit(row, [("void", i, {}) for i in ids], f"voided {label_of(row.code)}")

    def move(self, row: Row, *, start: float | None = None, stop: float | None = None) -> bool:
        """Put the beginning or the end of an event elsewhere [s since the first tick]; an open one ends."""
        try:
            begin, end = row.start if start is None else start, row.stop if stop is None else stop
            if row.interval and not math.isnan(end) and end <= begin:
                raise RecordingError(f"{label_of(row.code)} would end before it begins")
            acts = [] if start is None else [("edit", row.key, moment_fields(self._time(start)))]
            if stop is not None and row.off:
                acts.append(("edit", row.off, moment_fields(self._time(stop))))
            elif stop is not None:
                off = replace(
                    self.held()[row.key], phase="off", ref=row.key, value=None, note="", rater=self.who
                )
                off = replace(off, source="review", **moment_fields(self._time(stop)))
                acts.append(("add", str(uuid.uuid4()), said_fields(off)))
        except AttunementError as error:
            return self._refused(error)
        return self._edit(row, acts, f"moved {label_of(row.code)}")

    def change(self, row: Row, what: str, text: str) -> bool:
        """Change one thing of an event as it was typed.

        Parameters
        ----------
        what : str
            start, stop, code, actor, value, unc or note.
        """
        text = text.strip()
        if what in ("start", "stop"):
            seconds = seconds_of(text)
            if seconds is None:
                self._say(f"NOT STORED: {text[:40]!r} is no time, such as 0:12:03.5", failed=True)
                return False
            return self.move(row, **{what: seconds})
        try:
            acts = self._changed(row, what, text)
        except AttunementError as error:
            return self._refused(error)
        return self._edit(row, acts, f"changed the {what} of {label_of(row.code)}")

    def _changed(self, row: Row, what: str, text: str) -> list[Act]:
        ids = [row.key, *([row.off] if row.off else [])]
        if what == "unc":
            return [("edit", i, {"t_unc": typed_uncertainty(text)}) for i in ids]
        if what == "note":
            return [("edit", row.key, {"note": text[:2000]})]
        code, actor = (text if what == w else v for w, v in (("code", row.code), ("actor", row.actor)))
        value: Value = typed_value(text) if what == "value" else row.value
        known = row.code in self.vocabulary.codes
        if what == "value" and not known:
            return [("edit", row.key, {"value": value})]
        checked = self._made_alone(code, actor, value)
        kind = self.vocabulary.find(code).kind
        if known and what == "code" and (kind == "interval") != row.interval:
            raise RecordingError(
                f"{label_of(code)} is a{'n' * (kind == 'interval')} {kind}: add it, and void this one"
            )
        if what == "value":
            return [("edit", row.key, {"value": checked.value})]
        return [("edit", i, {what: getattr(checked, what)}) for i in ids]

    def _made_alone(self, code: str, actor: str, value: Value) -> Event:
        fields: dict[str, Any] = {"code": code, "actor": actor, "value": value, "source": "review"}
        return Marks(self.vocabulary).make(fields, self.model.t0)

    def _edit(self, row: Row, acts: Sequence[Act], done: str) -> bool:
        try:
            if row.code == PAUSE:
                raise RecordingError("a pause is as it was recorded; it cannot be edited")
            if self.blind and row.added != self.who:
                raise RecordingError("a blind rater changes only their own codings")
            if not self.why and row.added != self.who:
                whose = f"entered by {row.added}" if row.added else "recorded"
                raise RecordingError(f"this event was {whose}: say why in the box, then edit it")
            self._append(acts, self.why)
        except AttunementError as error:
            return self._refused(error)
        self._say(f"{done} at {fine_clock(row.start)}")
        return True

    def _append(self, acts: Sequence[Act], why: str) -> None:
        if self.faulty:
            raise RecordingError(self.faulty)
        if fault := who_fault(self.who, recording_of(self.file)):
            raise RecordingError(f"say who edits: it {fault}")
        when = self._clock()
        fresh = [Edit(op=o, id=i, fields=f, who=self.who, when=when, why=why) for o, i, f in acts]
        append_edits(self.file, fresh)
        if not self._told:
            keep("edited", recording_of(self.file), file="raters" if self.blind else "overlay")
        self._told = True
        self._take([*self.edits, *fresh])

    def undo(self) -> bool:
        """Take back one's own last act, also one of an earlier day."""
        try:
            back = taking_back(self.model.events, self.edits, self.who)
            if back is None:
                self._say("nothing of yours to undo")
                return False
            self._append(back.acts, back.why)
        except AttunementError as error:
            return self._refused(error)
        self._say(f"undone: {label_of(back.code)}")
        return True
