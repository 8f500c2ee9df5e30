"""Every self-report label of an hour in a row, with the index it stands for: what is pooled over sessions."""

from __future__ import annotations

import math
from dataclasses import dataclass

from processing.hour.timeline import Timeline
from processing.metrics.tolerated import LABELS, arousal_at


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelRow:
    """Hold one label.

    Parameters
    ----------
    time : float
        Since the recording began [s].
    code : str
        felt_ok, felt_over or felt_under.
    arousal : float
        Mean index of the 10 s up to it [SD]; nan where there was none.
    confidence : float
        0 to 10, as it was given; nan without.
    """

    person: str
    time: float
    code: str
    source: str
    arousal: float
    confidence: float


def label_rows(line: Timeline) -> list[LabelRow]:
    """Return the labels of both people in order of time."""
    return [
        LabelRow(
            person=event.actor,
            time=event.onset - line.begin,
            code=event.code,
            source=event.source,
            arousal=arousal_at(line, line.people[event.actor], event.onset),
            confidence=float(event.value) if isinstance(event.value, int | float) else math.nan,
        )
        for event in sorted(line.points, key=lambda e: e.onset)
        if event.code in LABELS and event.actor in line.people
    ]
