"""Events: session markers, and notices: what happened to a device or file."""

from __future__ import annotations

import json
import math
import uuid
from dataclasses import dataclass, replace
from typing import Literal, Self, cast, get_args

from acquisition.stream import Role

Phase = Literal["point", "on", "off", "void"]
Value = float | str | None
NoticeKind = Literal["gap", "stale", "lost", "resumed", "segment", "clock", "disk", "paused", "health"]
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
        fields = _own_fields(text)
        if fields is None:
            return cls(time=time, code=text[:MAX_TEXT], source="lsl", t_unc=0.0)
        value = fields.get("value")
        phase = str(fields.get("phase", "point"))
        return cls(
            time=time,
            code=str(fields["code"]),
            phase=cast(Phase, phase) if phase in get_args(Phase) else "point",
            actor=str(fields.get("actor", "dyad")),
            source=str(fields.get("source", "lsl")),
            rater=str(fields.get("rater", "")),
            value=value if value is None or isinstance(value, float | int | str) else str(value),
            ref=str(fields.get("ref", "")),
            t_shift=_number(fields.get("t_shift"), 0.0),
            t_unc=_number(fields.get("t_unc"), 5.0),
            note=str(fields.get("note", "")),
            id=str(fields.get("id", "")),
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
        fields = _own_fields(text, needs="kind")
        kind = str(fields["kind"]) if fields else ""
        if fields is None or kind not in get_args(NoticeKind):
            return cls(time=time, kind="health", role=role, message=text[:MAX_TEXT])
        return cls(
            time=time,
            kind=cast(NoticeKind, kind),
            role=role,
            stream=str(fields.get("stream", "")),
            message=str(fields.get("message", "")),
            start=_number(fields.get("start"), math.nan),
            stop=_number(fields.get("stop"), math.nan),
        )


def _own_fields(text: str, needs: str = "code") -> dict[str, object] | None:
    if len(text) > MAX_TEXT or not text.lstrip().startswith("{"):
        return None
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return fields if isinstance(fields, dict) and fields.get("v") == 1 and needs in fields else None


def _number(value: object, otherwise: float) -> float:
    return float(value) if isinstance(value, int | float) and math.isfinite(value) else otherwise
