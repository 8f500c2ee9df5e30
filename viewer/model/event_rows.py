"""Event rows: what the event list of a review shows, an interval as one row. No Qt."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from acquisition.event import Event, Value
from acquisition.events.overlay import Edit

OPEN = "open"


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Show an event that holds, or an interval of two.

    Parameters
    ----------
    key, off : str
        Ids that an edit names the event and the end of its interval with; `off` is "" where there is none.
    start, stop : float
        The moments meant [s since the first tick]; `stop` is nan for a point and for an open interval.
    unc : float
        Uncertainty of the moment [s].
    added, edited : str
        Who added it in review, and the last edit of it: who, when and why; "" where it is as recorded.
    """

    key: str
    code: str
    actor: str
    start: float
    stop: float = math.nan
    off: str = ""
    interval: bool = False
    value: Value = None
    unc: float = 0.0
    note: str = ""
    source: str = ""
    rater: str = ""
    added: str = ""
    edited: str = ""

    @property
    def open(self) -> bool:
        """Tell whether it is an interval without an end."""
        return self.interval and math.isnan(self.stop)


def rows(
    events: Mapping[str, Event], edits: Sequence[Edit], t0: float, hidden: frozenset[str] = frozenset()
) -> list[Row]:
    """Return the rows of the events that hold, by time.

    Parameters
    ----------
    events : mapping
        Id → event, later edits applied.
    t0 : float
        First tick [s, LSL clock].
    hidden : frozenset of str
        People of whom nothing is shown; of theirs, only the pause itself is.
    """
    added = {e.id: e.who for e in edits if e.op == "add"}
    edited = {e.id: _said(e) for e in edits}
    out: dict[str, Row] = {}
    shown = ((k, e) for k, e in events.items() if e.actor not in hidden or e.code == "consent_pause")
    for key, event in sorted(shown, key=lambda item: item[1].onset):
        begun = _begun(event, out) if event.phase == "off" else None
        if begun is not None:
            out[begun.key] = _ended(begun, key, event, t0, edited)
            continue
        out[key] = Row(
            key=key,
            code=event.code,
            actor=event.actor,
            start=round(event.onset - t0, 6),
            interval=event.phase == "on",
            value=event.value,
            unc=event.t_unc,
            note=event.note,
            source=event.source,
            rater=event.rater,
            added=added.get(key, ""),
            edited=edited.get(key, ""),
        )
    return sorted(out.values(), key=lambda r: r.start)


def _said(edit: Edit) -> str:
    return " · ".join(t for t in (edit.who, edit.when[:16].replace("T", " "), edit.why) if t)


def _begun(off: Event, so_far: Mapping[str, Row]) -> Row | None:
    """Return the open interval that an event ends: the one it names, or the last of its code and actor."""
    mine = [r for r in so_far.values() if r.open and (r.code, r.actor) == (off.code, off.actor)]
    named = [r for r in so_far.values() if r.open and off.ref and r.key == off.ref]
    found = named or mine[-1:]
    return found[0] if found else None


def _ended(row: Row, key: str, off: Event, t0: float, edited: Mapping[str, str]) -> Row:
    return Row(
        key=row.key,
        off=key,
        code=row.code,
        actor=row.actor,
        start=row.start,
        stop=round(off.onset - t0, 6),
        interval=True,
        value=row.value if row.value is not None else off.value,
        unc=max(row.unc, off.t_unc),
        note=" · ".join(dict.fromkeys(t for t in (row.note, off.note) if t)),
        source=row.source,
        rater=row.rater,
        added=row.added,
        edited=edited.get(key, "") or row.edited,
    )


def fine_clock(seconds: float) -> str:
    """Return seconds since the start as h:mm:ss.t."""
    tenths = max(round(seconds * 10), 0)
    whole = tenths // 10
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}.{tenths % 10}"


def seconds_of(text: str) -> float | None:
    """Return the seconds in "0:12:03.5", "12:03" or "723.5"; None if it is none of them."""
    parts = text.strip().split(":")
    if len(parts) > 3 or not re.fullmatch(r"\d{1,6}(\.\d{1,6})?", parts[-1]):
        return None
    if not all(re.fullmatch(r"\d{1,4}", p) for p in parts[:-1]) or (
        len(parts) > 1 and not float(parts[-1]) < 60
    ):
        return None
    total = 0.0
    for part in parts:
        total = 60 * total + float(part)
    return total


def value_text(value: Value) -> str:
    """Return a value as the list shows it."""
    if value is None:
        return ""
    return f"{value:g}" if isinstance(value, int | float) else str(value)


def counts(found: Sequence[Row], shown: int) -> str:
    """Return how many events the list shows, and how many intervals have no end."""
    n_open = sum(r.open for r in found)
    text = f"{shown} of {len(found)} events" if shown != len(found) else f"{shown} events"
    return text + (f", {n_open} open" if n_open else "")
