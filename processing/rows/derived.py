"""Intervals that follow from a mark by a rule, in a row each, with how much of them was recorded.

`recon_trigger` opens +10 min … +6 h (Podolan & Gelo (2024), doi:10.36131/cnfioritieditore20240505). The rule
is the theory's; nothing is claimed of what happens in it, and most of it lies after the hour.
"""

from __future__ import annotations

from dataclasses import dataclass

from processing.hour.timeline import Timeline

TRIGGER = "recon_trigger"
WINDOW = (600.0, 6.0 * 3600.0)
"""From and until so long after the mark [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivedRow:
    """Hold one derived interval; times since the recording began [s], whether recorded or not.

    `recorded` [s] and `recorded_pct` say how much of it lies in the recording.
    """

    person: str
    code: str
    trigger: float
    on: float
    off: float
    recorded: float
    recorded_pct: float


def derived_rows(line: Timeline) -> list[DerivedRow]:
    """Return the derived intervals in order of time."""
    end = float(line.times[-1]) if len(line.times) else line.begin
    out = []
    for event in sorted((e for e in line.points if e.code == TRIGGER), key=lambda e: e.onset):
        on, off = (event.onset + after for after in WINDOW)
        recorded = max(0.0, min(off, end) - on)
        out.append(
            DerivedRow(
                person=event.actor,
                code="recon_window",
                trigger=event.onset - line.begin,
                on=on - line.begin,
                off=off - line.begin,
                recorded=recorded,
                recorded_pct=100.0 * recorded / (off - on),
            )
        )
    return out
