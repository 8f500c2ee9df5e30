"""Events: session markers, and notices: what happened to a device or file."""

from __future__ import annotations

import json
import math
import uuid
from dataclasses import dataclass, replace
from typing import Literal, Self, cast, get_args

from acquisition.stream import Role
from acquisition.text import clean_text

Phase = Literal["point", "on", "off", "void"]
Value = float | str | None
NoticeKind = Literal[
    "gap", "stale", "lost", "resumed", "segment", "clock", "disk", "paused", "health", "ended", "refilled"
]
MAX_TEXT = 16_384
"""Longest marker text that is read [characters]; a longer one is kept as a foreign marker, cut."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """Mark a moment of the session.

    Parameters
    ----------
    time : float
        LSL clock [s] at the key press.
    code : str
        A code of the vocabulary, or the text of a foreign marker.
    phase : str
        "point", "on" or "off" for intervals, "void" to undo the event whose id is in `ref`.
    actor : str
        client, therapist, dyad, system, tech or any.
    source : str
        key, pedal, review, auto, lsl, import or cli.
    t_shift, t_unc : float
        Seconds from the press to the moment that is meant, and its uncertainty [s].
    """

    time: float
    code: str
    phase: Phase = "point"
    actor: str = "dyad"
    source: str = "key"
    rater: str = ""
    value: Value = None
    ref: str = ""
    t_shift: float = 0.0
    t_unc: float = 5.0
    note: str = ""
    id: str = ""

    @property
    def onset(self) -> float:
        """Return the moment that is meant [s]."""
        return self.time + self.t_shift

    @property
    def role(self) -> Role:
        """Return whose file holds the event."""
        return Role(self.actor) if self.actor in ("client", "therapist") else Role.DYAD

    def identified(self) -> Self:
        """Return the event with an id, made now if it has none."""
        return self if self.id else replace(self, id=str(uuid.uuid4()))

    def to_json(self) -> str:
        """Return the marker text; the time is the sample's stamp and not in it."""
        fields: dict[str, object] = {"v": 1, "id": self.id, "code": self.code, "phase": self.phase}
        fields |= {"actor": self.actor, "source": self.source, "rater": self.rater, "value": self.value}
        fields |= {"ref": self.ref, "t_shift": self.t_shift, "t_unc": self.t_unc, "note": self.note}
        return json.dumps({k: v for k, v in fields.items() if v not in ("", None)}, ensure_ascii=False)

    @classmethod
    def from_json(cls, time: float, text: str) -> Self:
        """Read a marker text; what is not one of ours becomes a foreign point marker, as it is."""
        fields = own_fields(text)
        if fields is None:
            return cls(time=time, code=clean_text(text, MAX_TEXT), source="lsl", t_unc=0.0)
        said = {k: clean_text(str(v), MAX_TEXT) for k, v in fields.items() if v is not None}
        phase = said.get("phase", "point")
        return cls(
            time=time,
            code=said.get("code", ""),
            phase=cast(Phase, phase) if phase in get_args(Phase) else "point",
            actor=said.get("actor", "dyad"),
            source=said.get("source", "lsl"),
            rater=said.get("rater", ""),
            value=_value(fields.get("value")),
            ref=said.get("ref", ""),
            t_shift=_number(fields.get("t_shift"), 0.0),
            t_unc=_number(fields.get("t_unc"), 5.0),
            note=said.get("note", ""),
            id=said.get("id", ""),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Say what happened to a device, a stream or the files, for whom it concerns.

    `start` and `stop` bound it on the LSL clock [s]; nan where open or not meant.
    """

    time: float
    kind: NoticeKind
    role: Role
    stream: str = ""
    message: str = ""
    start: float = math.nan
    stop: float = math.nan

    def to_json(self) -> str:
        """Return the text for the Notices stream; the time is the sample's stamp and not in it."""
        fields: dict[str, object] = {
            "v": 1,
            "kind": self.kind,
            "stream": self.stream,
            "message": self.message,
        }
        fields |= {k: v for k, v in (("start", self.start), ("stop", self.stop)) if math.isfinite(v)}
        return json.dumps(fields, ensure_ascii=False)

    @classmethod
    def from_json(cls, time: float, role: Role, text: str) -> Self:
        """Read a notice; a text that is not one becomes a health notice with that text."""
        fields = own_fields(text, needs="kind")
        kind = str(fields["kind"]) if fields else ""
        if fields is None or kind not in get_args(NoticeKind):
            return cls(time=time, kind="health", role=role, message=clean_text(text, MAX_TEXT))
        return cls(
            time=time,
            kind=cast(NoticeKind, kind),
            role=role,
            stream=clean_text(str(fields.get("stream", "")), MAX_TEXT),
            message=clean_text(str(fields.get("message", "")), MAX_TEXT),
            start=_number(fields.get("start"), math.nan),
            stop=_number(fields.get("stop"), math.nan),
        )


def own_fields(text: str, needs: str = "code") -> dict[str, object] | None:
    """Return the fields of a text that is an event or notice of ours, None of any other."""
    if len(text) > MAX_TEXT or not text.lstrip().startswith("{"):
        return None
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) and fields.get("v") == 1 and needs in fields else None


def _value(value: object) -> Value:
    """Return a value that every table can hold: a finite number or a text; a number beyond it as text."""
    if value is None or isinstance(value, bool):
        return None if value is None else str(value)
    if isinstance(value, int | float):
        number = _number(value, math.nan)
        return number if math.isfinite(number) else str(value)[:MAX_TEXT]
    return clean_text(str(value), MAX_TEXT)


def _number(value: object, otherwise: float) -> float:
    try:
        fit = isinstance(value, int | float) and not isinstance(value, bool)
        number = float(value) if fit else math.nan  # type: ignore[arg-type]
    except OverflowError:  # a whole number of more digits than any float has
        return otherwise
    return number if math.isfinite(number) else otherwise
