"""Markers: which events are seen, their intervals, and where their labels go without touching. No Qt."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from acquisition.event import Event

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
    text = code.replace("_", " ")
    return text if len(text) <= 28 else text[:27] + "…"


def markers(events: Iterable[Event], voided: set[str], t0: float, hidden: frozenset[str]) -> list[Marker]:
    """Return what the event lane shows, by time.

    Parameters
    ----------
    voided : set of str
        Ids of undone events.
    hidden : frozenset of str
        People who are paused: of theirs, only the pause itself is shown.
    """
    out: list[Marker] = []
    running: dict[tuple[str, str], int] = {}
    for event in events:
        if event.phase == "void" or event.id in voided:
            continue
        if event.actor in hidden and event.code != "consent_pause":
            continue
        key, time = (event.code, event.actor), event.onset - t0
        if event.phase == "off":
            begun = running.pop(key, None)
            if begun is not None:
                on = out[begun]
                out[begun] = Marker(start=on.start, stop=time, label=on.label, actor=on.actor, code=on.code)
            continue
        is_open = event.phase == "on"
        if is_open:
            running[key] = len(out)
        out.append(
            Marker(
                start=time, stop=time, label=_text(event), actor=event.actor, open=is_open, code=event.code
            )
        )
    return sorted(out, key=lambda m: m.start)


def _text(event: Event) -> str:
    text = label_of(event.code)
    if event.code == "note" and event.note:
        return label_of(f"“{event.note}”")
    value = f"{event.value:g}" if isinstance(event.value, float) else event.value
    return text if value is None else label_of(f"{text} {value}")


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
