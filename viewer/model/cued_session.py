"""Cued review: which moments a person is asked about, what they answered, and where they left off. No Qt.

An answer is an event of the vocabulary (felt_ok, felt_over, felt_under) at the end of its moment, with the
person as actor and their certainty as value; what is answered is found again in the file, so that a review
may be closed and taken up on another day.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from acquisition.events.intervals import NOT_THE_HOUR
from acquisition.events.vocabulary import Vocabulary
from acquisition.stream import Role
from processing.codings.cues import LENGTH, MOST, Moment, propose
from processing.hour.measure import seeded
from processing.metrics.tolerated import LABELS
from viewer.model.event_rows import Row
from viewer.model.event_rows import rows as rows_of
from viewer.model.model import SessionModel
from viewer.model.page import clock
from viewer.review.desk import ReviewDesk

NOTE = "cued review"
UNC = LENGTH / 2
"""The answer is about the whole moment [s]."""
ANCHORS = ("change moments", "alliance", "consent and rights")
"""Groups of codes whose events, as marked live, are worth asking about."""
AGAIN = "answered again"


class CuedSession:
    """Ask one person about the moments of a recording.

    Parameters
    ----------
    role : Role
        Who answers; their code is stored as who made the entry.
    """

    def __init__(self, model: SessionModel, desk: ReviewDesk, role: Role, most: int = MOST) -> None:
        self._model, self._desk, self.role = model, desk, role
        self.moments = _with_answered(
            self._labels(), proposed(model, desk.vocabulary, role, NOTE, most), most
        )
        self.at = 0
        self.at = self._next_open(0)

    def _labels(self) -> list[Row]:
        return [
            r
            for r in self._desk.rows()
            if r.code in LABELS and r.actor == self.role.value and r.note.startswith(NOTE)
        ]

    def answer(self, k: int) -> Row | None:
        """Return the answer to a moment, if there is one."""
        return _at(self._labels(), self.moments[k])

    @property
    def answered(self) -> list[bool]:
        """Return which moments have an answer."""
        labels = self._labels()
        return [_at(labels, moment) is not None for moment in self.moments]

    @property
    def done(self) -> bool:
        """Tell whether every moment has an answer."""
        return all(self.answered)

    def _next_open(self, begin: int) -> int:
        """Return the next moment without an answer, from the beginning again if need be."""
        missing = [k for k, there in enumerate(self.answered) if not there]
        return next((k for k in missing if k >= begin), missing[0] if missing else min(begin, self.last))

    @property
    def last(self) -> int:
        """Return the number of the last moment, from 0."""
        return max(len(self.moments) - 1, 0)

    def store(self, code: str, certainty: float | None) -> bool:
        """Store the answer to the moment that is asked about, and go on; tell whether that worked."""
        row, desk = self.answer(self.at), self._desk
        mine = self._model.facts.code(self.role) or desk.who
        before = desk.who, desk.why
        desk.who, desk.why = mine, AGAIN if row is not None else NOTE
        try:
            stored = self._changed(row, code, certainty) if row is not None else self._added(code, certainty)
        finally:
            desk.who, desk.why = before
        if stored:
            self.at = self._next_open(self.at + 1) if not self.done else min(self.at + 1, self.last)
        return stored

    def _added(self, code: str, certainty: float | None) -> bool:
        moment = self.moments[self.at]
        note = f"{NOTE}, {LENGTH:.0f} s"
        key = self._desk.add(code, moment.stop, actor=self.role.value, value=certainty, note=note, unc=UNC)
        return key is not None

    def _changed(self, row: Row, code: str, certainty: float | None) -> bool:
        if row.code != code and not self._desk.change(row, "code", code):
            return False
        text = "" if certainty is None else f"{certainty:g}"
        return row.value == certainty or self._desk.change(row, "value", text)

    def go(self, by: int) -> None:
        """Go to another moment, answered or not."""
        self.at = min(max(self.at + by, 0), self.last)

    def progress(self) -> str:
        """Return where the person stands, in words."""
        if not self.moments:
            return "this recording has no moment to ask about"
        n = sum(self.answered)
        return f"moment {self.at + 1} of {len(self.moments)} · {n} answered"

    def span(self) -> str:
        """Return the moment as times since the recording began."""
        moment = self.moments[self.at]
        return f"{clock(moment.start)} – {clock(moment.stop)}"


def proposed(
    model: SessionModel, vocabulary: Vocabulary, role: Role, purpose: str, most: int = MOST
) -> list[Moment]:
    """Return the moments of a recording that a person is asked about, by time since it began [s].

    Parameters
    ----------
    purpose : str
        What they are asked for: chance plays a part of its own in each.
    """
    person = role.value
    trace = model.trace(person, "arousal")
    raw = rows_of(model.recorded(), (), model.t0)
    excluded = [(r.start, _stop(r, model.elapsed)) for r in raw if r.code in NOT_THE_HOUR]
    excluded += model.pauses.get(role, [])
    if role in model.paused:
        excluded.append((model.paused[role], math.inf))
    known = vocabulary.codes
    anchors = [r.start for r in raw if r.code in known and known[r.code].group in ANCHORS]
    baselines = (_stop(r, model.elapsed) for r in raw if r.code.startswith("baseline"))
    return propose(
        trace.times,
        trace.values.astype(float),
        excluded,
        anchors,
        seeded(model.facts.id, purpose, person),
        begin=max(baselines, default=0.0),
        end=model.elapsed,
        most=most,
    )


def _at(labels: Sequence[Row], moment: Moment) -> Row | None:
    return next((r for r in labels if abs(r.start - moment.stop) < 0.5), None)


def _stop(row: Row, end: float) -> float:
    """Return when a mark is over; an interval that nobody closed lasts to the end of the recording."""
    return row.start if not row.interval else end if row.open else row.stop


def _with_answered(labels: Sequence[Row], proposed: Sequence[Moment], most: int) -> list[Moment]:
    """Return the moments that were answered, and of the others as many as are left to ask."""
    kept = [Moment(r.start - LENGTH, r.start) for r in labels]
    for moment in proposed:
        same = [k for k in kept if abs(k.stop - moment.stop) < LENGTH]
        if not same and len(kept) < most:
            kept.append(moment)
    return sorted(kept, key=lambda m: m.stop)
