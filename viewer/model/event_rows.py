"""Event rows: what the event list of a review shows, an interval as one row. No Qt."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from acquisition.event import Event, Value
from acquisition.events.intervals import Intervals, Span
from acquisition.events.overlay import Edit
from acquisition.events.vocabulary import PAUSE
from acquisition.text import how_many

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
    marked: Intervals, edits: Sequence[Edit], t0: float, hidden: frozenset[str] = frozenset()
) -> list[Row]:
    """Return the rows of the events that hold, by time; an end that ends nothing has a row of its own.

    Parameters
    ----------
    marked : Intervals
        The events that hold, later edits applied.
    t0 : float
        First tick [s, LSL clock].
    hidden : frozenset of str
        People of whom nothing is shown; of theirs, only the pause itself is.
    """
    added = {e.id: e.who for e in edits if e.op == "add"}
    edited = {e.id: _said(e) for e in edits}
    begun = {span.key: span for span in marked.spans}
    out = []
    for key, event in sorted(marked.held.items(), key=lambda item: item[1].onset):
        if event.phase == "off" and key not in marked.loose:
            continue
        if event.actor in hidden and event.code != PAUSE:
            continue
        row = Row(
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
        span = begun.get(key)
        out.append(row if span is None or span.off is None else _ended(row, span, span.off, t0, edited))
    return sorted(out, key=lambda r: r.start)


def _said(edit: Edit) -> str:
    return " · ".join(t for t in (edit.who, edit.when[:16].replace("T", " "), edit.why) if t)


def _ended(row: Row, span: Span, off: Event, t0: float, edited: Mapping[str, str]) -> Row:
    return replace(
        row,
        off=span.off_key,
        stop=round(span.stop - t0, 6),
        value=span.value,
        unc=max(row.unc, off.t_unc),
        note=" · ".join(dict.fromkeys(t for t in (row.note, off.note) if t)),
        edited=edited.get(span.off_key, "") or row.edited,
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
    text = (f"{shown} of " if shown != len(found) else "") + how_many(len(found), "event")
    return text + (f", {n_open} open" if n_open else "")
