"""Marks of a running recording: what a client asks for becomes an event, checked; intervals toggle; undo."""

from __future__ import annotations

import math
import uuid
from collections.abc import Collection, Mapping
from dataclasses import replace
from typing import Any, cast, get_args

from acquisition.errors import ControlError
from acquisition.event import Event, Phase
from acquisition.events.intervals import Intervals, Span
from acquisition.events.vocabulary import (
    ACTORS,
    MAX_NOTE,
    PAUSE,
    SOFTWARE,
    Code,
    Vocabulary,
    checked_value,
)
from acquisition.events.who import who_fault
from acquisition.session.patterns import CodePatterns
from acquisition.stream import Role

SOURCES = ("key", "pedal", "review", "auto", "lsl", "import", "cli")
SKEW = (300.0, 1.0)
"""How far a client's stamp may lie before and after now [s]."""
_FIELDS = {
    "time",
    "code",
    "phase",
    "actor",
    "source",
    "rater",
    "value",
    "ref",
    "t_shift",
    "t_unc",
    "note",
    "id",
}


class Marks:
    """Make marks: what may be marked follows from the vocabulary and from the marks that hold.

    Parameters
    ----------
    intervals : Intervals, optional
        What holds already.
    patterns : CodePatterns, optional
        Which codes raters and people have.
    """

    def __init__(
        self,
        vocabulary: Vocabulary,
        intervals: Intervals | None = None,
        patterns: CodePatterns | None = None,
    ) -> None:
        self.vocabulary = vocabulary
        self._patterns = patterns or CodePatterns()
        self.intervals = Intervals() if intervals is None else intervals

    @property
    def open(self) -> list[Event]:
        """Return the beginnings of the intervals that have no end."""
        return [span.on for span in self.intervals.open]

    @property
    def last(self) -> float:
        """Return when the last mark that holds was made [s]; nan without any."""
        return max((e.time for e in self._held()), default=math.nan)

    def make(self, fields: Mapping[str, Any], now: float) -> Event:
        """Return the event that a client's fields describe; without a phase an interval toggles.

        Raises
        ------
        VocabularyError
            If the code is unknown.
        ControlError
            If another field is not as it must be.
        """
        unknown = sorted(set(fields) - _FIELDS)
        if unknown:
            raise ControlError(f"unknown field {unknown[0][:40]!r} (known: {', '.join(sorted(_FIELDS))})")
        if fields.get("phase") == "void":
            return self.void(_text(fields, "ref", 64), now, id=_text(fields, "id", 64))
        code = self.vocabulary.find(_text(fields, "code", 80))
        source = _choice(fields, "source", SOURCES, "cli")
        if code.group == SOFTWARE and source != "auto":
            raise ControlError(f"code {code.code!r} is written by the software only")
        actor = _choice(fields, "actor", [a for a in ACTORS if a != "any"], _actor(code))
        before = self.intervals.running(code.code, actor)
        again = fields.get("phase") == "on" and fields.get("value") is not None
        if before is not None and before.value is None and again and fields.get("ref") == before.key:
            before = None  # the same beginning once more, with its value
        phase = self._phase(fields, code, before)
        ref = _text(fields, "ref", 64)
        if before is not None and phase == "off":
            ref = before.key  # what it ends, also where a client named something else
        rater = _text(fields, "rater", 12)
        if rater and (why := who_fault(rater, patterns=self._patterns)):
            raise ControlError(f"rater: {why}")
        return Event(
            time=_number(fields, "time", now, now - SKEW[0], now + SKEW[1]),
            code=code.code,
            phase=phase,
            actor=actor,
            source=source,
            rater=rater,
            value=checked_value(fields.get("value"), code),
            ref=ref,
            t_shift=_number(fields, "t_shift", 0.0, -3600.0, 3600.0),
            t_unc=_number(fields, "t_unc", 5.0, 0.0, 3600.0),
            note=_text(fields, "note", MAX_NOTE),
            id=_text(fields, "id", 64) or str(uuid.uuid4()),
        )

    def _phase(self, fields: Mapping[str, Any], code: Code, before: Span | None) -> Phase:
        if code.kind == "point":
            _choice(fields, "phase", ("point",), "point")
            return "point"
        # A client that leaves a point event's phase as it is by default means "toggle" for an interval.
        said = _choice(fields, "phase", [p for p in get_args(Phase) if p != "void"], "point")
        phase = said if said != "point" else ("off" if before else "on")
        if (phase == "on") == (before is not None):
            state = "open already" if before else "not open"
            raise ControlError(f"interval {code.code!r} is {state}")
        return cast(Phase, phase)

    def completed(self, event: Event) -> Event | None:
        """Return the mark without a value that an event names in `ref` and repeats with one."""
        if event.value is None or event.phase not in ("point", "on"):
            return None
        same = (event.ref, event.code, event.actor, event.phase, None)
        return next((e for e in self._held() if (e.id, e.code, e.actor, e.phase, e.value) == same), None)

    def note(self, event: Event) -> None:
        """Take in an event that was recorded."""
        self.intervals.add(event)

    def _held(self) -> list[Event]:
        return list(self.intervals.held.values())

    def void(self, which: str, now: float, *, id: str = "", paused: Collection[Role] = ()) -> Event:
        """Return the event that undoes another: the last one, or the last with that id or code.

        Unless one is named, marks of those who are `paused` are left out: nothing of theirs can be stored.

        Raises
        ------
        ControlError
            If there is none that holds, or it is a pause, which only a resume ends.
        """
        held = [e for e in self._held() if e.code != PAUSE and which in ("", e.id, e.code)]
        held = [e for e in held if which or e.role not in paused]
        if not held:
            raise ControlError(f"no mark {which[:64]!r} to undo" if which else "no mark to undo")
        void = replace(held[-1], time=now, phase="void", ref=held[-1].id, value=None, note="")
        return replace(void, id=id or str(uuid.uuid4()))

    def closing(self, now: float, paused: Collection[Role]) -> list[Event]:
        """Return the ends, marked as censored, of the intervals that are open when the recording ends."""
        return [
            replace(e, time=now, phase="off", ref=e.id, id=str(uuid.uuid4()), source="auto", note="censored")
            for e in self.open
            if e.role not in paused
        ]


def _actor(code: Code) -> str:
    return "dyad" if code.actor == "any" else code.actor


def _text(fields: Mapping[str, Any], key: str, longest: int) -> str:
    value = fields.get(key, "")
    if not isinstance(value, str) or len(value) > longest or not value.replace("\n", "").isprintable():
        raise ControlError(f"{key}: must be printable text of at most {longest} characters")
    return value


def _choice(fields: Mapping[str, Any], key: str, choices: Collection[str], default: str) -> str:
    value = fields.get(key, default)
    if value not in choices:
        raise ControlError(f"{key} = {str(value)[:40]!r}: must be one of {', '.join(choices)}")
    return str(value)


def _number(fields: Mapping[str, Any], key: str, default: float, low: float, high: float) -> float:
    value = fields.get(key, default)
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ControlError(f"{key} = {str(value)[:40]}: must be a number from {low:g} to {high:g}")
    return float(value)
