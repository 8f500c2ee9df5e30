"""Markers: which events are seen, their intervals, and where their labels go without touching. No Qt."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from acquisition.event import Event, Value
from acquisition.events.assignments import ASSIGN
from acquisition.events.intervals import Intervals
from acquisition.events.vocabulary import PAUSE

SUFFIX = 26.0
"""Room that every label keeps for a count of those that found no place, such as "+12" [px]."""
SPACE = 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Marker:
    """Show an event: from `start` to `stop`, seconds since the first tick; a moment has stop = start."""

    start: float
    stop: float
    label: str
    actor: str
    open: bool = False
    code: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """Place a text: row, left edge [px], and how many labels it stands for beside its own."""

    row: int
    left: float
    text: str
    marker: int
    more: int = 0


def label_of(code: str) -> str:
    """Return a code as it is shown; a foreign marker is cut."""
    text = "devices change hands" if code == ASSIGN else code.replace("_", " ")
    return text if len(text) <= 28 else text[:27] + "…"


def markers(marked: Intervals, t0: float, hidden: frozenset[str]) -> list[Marker]:
    """Return what the event lane shows, by time.

    Parameters
    ----------
    marked : Intervals
        The events that hold.
    hidden : frozenset of str
        People who are paused: of theirs, only the pause itself is shown.
    """
    begun = {span.key: span for span in marked.spans}
    out: list[Marker] = []
    for key, event in marked.held.items():
        span = begun.get(key)
        if event.phase == "off" or (event.actor in hidden and event.code != PAUSE):
            continue
        start = event.onset
        out.append(
            Marker(
                start=start - t0,
                stop=(start if span is None or span.open else span.stop) - t0,
                label=_text(event, event.value if span is None else span.value),
                actor=event.actor,
                open=span is not None and span.open,
                code=event.code,
            )
        )
    return sorted(out, key=lambda m: m.start)


def _text(event: Event, value: Value) -> str:
    text = label_of(event.code)
    if event.code == "note" and event.note:
        return label_of(f"“{event.note}”")
    said = f"{value:g}" if isinstance(value, float) else value
    return text if value is None else label_of(f"{text} {said}")


def place(lefts: Sequence[float], widths: Sequence[float], rows: int, right: float) -> list[Label]:
    """Place labels in rows so that none touches another or leaves the lane.

    Parameters
    ----------
    lefts, widths : sequence of float
        Where each label wants to begin, ascending, and its width [px].
    right : float
        Right edge of the lane [px].

    Returns
    -------
    list of Label
        With `text` empty: the caller knows it. A label that finds no row is counted in the `more` of the one
        whose place it would have taken.
    """
    free = [0.0] * rows
    last: list[int | None] = [None] * rows
    out: list[Label] = []
    for k, (want, width) in enumerate(zip(lefts, widths, strict=True)):
        room = width + SUFFIX
        left = max(min(want, right - room), 0.0)
        row = next((r for r in range(rows) if free[r] <= left), None)
        if row is None:
            taken = [(free[r], r) for r in range(rows) if last[r] is not None]
            owner = last[min(taken)[1]] if taken else None
            if owner is not None:
                o = out[owner]
                out[owner] = Label(o.row, o.left, o.text, o.marker, o.more + 1)
            continue
        last[row] = len(out)
        free[row] = left + room + SPACE
        out.append(Label(row, left, "", k))
    return out


def bar_slots(spans: Sequence[tuple[float, float]], most: int) -> list[int]:
    """Return which slot each interval's bar goes to, so that those that overlap in time have different ones.

    With more than `most` at once, the rest share the last slot.
    """
    free = [-math.inf] * most
    out = []
    for start, stop in spans:
        slot = next((k for k in range(most) if free[k] <= start), most - 1)
        free[slot] = max(stop, free[slot])
        out.append(slot)
    return out
