"""Acts of a review: what one act does to events, what takes it back, and what was typed as a value. No Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from acquisition.errors import RecordingError
from acquisition.event import Event, Value
from acquisition.events.overlay import Edit, held

REVIEW_UNC = 1.0
"""Uncertainty of a moment that was set in review [s]."""
UNDO = "undo of "
"""Begins the reason of an edit that takes another one back; its `when` follows."""
Act = tuple[str, str, dict[str, Any]]
"""Op, id and fields."""


@dataclass(frozen=True, slots=True)
class Back:
    """Hold what takes an act back, and the code of the event it was about."""

    acts: list[Act]
    why: str
    code: str


def taking_back(events: Sequence[Event], edits: Sequence[Edit], who: str) -> Back | None:
    """Return what takes back the last act of a person; None if there is none.

    Edits of one person at the same `when` are one act.

    Raises
    ------
    RecordingError
        If somebody else has changed the event since.
    """
    undone = {e.why.removeprefix(UNDO) for e in edits if e.who == who and e.why.startswith(UNDO)}
    mine = [e for e in edits if e.who == who and not e.why.startswith(UNDO) and e.when not in undone]
    if not mine:
        return None
    when = mine[-1].when
    act = [e for e in edits if (e.who, e.when) == (who, when)]
    at = edits.index(act[0])
    ids = [e.id for e in act]
    since = [e.who for e in edits[at:] if e.id in ids and e.who != who]
    if since:
        raise RecordingError(f"not undone: changed since by {since[-1]}")
    before, now = held(events, edits[:at]), held(events, edits)
    code = next((e.code for i in ids for e in (before.get(i), now.get(i)) if e is not None), "edit")
    return Back([_inverse(i, before.get(i), now.get(i)) for i in ids], UNDO + when, code)


def _inverse(key: str, before: Event | None, now: Event | None) -> Act:
    """Return what leads from `now` back to `before`."""
    if before is None:
        return "void", key, {}
    old = all_fields(before)
    if now is None:
        return "add", key, old
    return "edit", key, {k: v for k, v in old.items() if v != getattr(now, k)}


def all_fields(event: Event) -> dict[str, Any]:
    """Return all fields of an event but its id."""
    return {k: v for k, v in asdict(event).items() if k != "id"}


def said_fields(event: Event) -> dict[str, Any]:
    """Return the fields of an event that say something."""
    return {k: v for k, v in all_fields(event).items() if v not in ("", None)}


def moment_fields(time: float) -> dict[str, Any]:
    """Return the fields of a moment that a reviewer has set [s, LSL clock]."""
    return {"time": time, "t_shift": 0.0, "t_unc": REVIEW_UNC}


def typed_value(text: str) -> Value:
    """Return a number or a text as it was typed; None for nothing."""
    if not text:
        return None
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def typed_uncertainty(text: str) -> float:
    """Return the seconds that were typed.

    Raises
    ------
    RecordingError
        If they are not within 0 to 3600.
    """
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not 0.0 <= seconds <= 3600.0:
        raise RecordingError(f"± {text[:40]!r}: must be seconds from 0 to 3600")
    return seconds
