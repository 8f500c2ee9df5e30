"""A person's own rating as labels of the tolerated window, where a study sets thresholds; marked as derived.

A level held for the seconds of the rule gives one label at its end, and no more within the next minute: what
lasts is one answer, not many. Another's rating is none: felt_* is self-report.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from acquisition.event import Event
from acquisition.session.rating_settings import RatingSettings
from acquisition.stream import FloatArray
from processing.ratings.traces import Trace

SOURCE = "derived"
APART = 60.0
"""Labels of one code lie so far apart, at least [s]."""


def labels_of(traces: Sequence[Trace], grid: FloatArray, settings: RatingSettings) -> list[Event]:
    """Return the labels that a study's rule makes of each person's own rating on its first axis."""
    rule = settings.labels
    if rule is None:
        return []
    out = []
    for trace in traces:
        first = trace.axis in (settings.axes[0].name, "rating") and trace.turn == 1
        if not (trace.own and trace.bounded and first):
            continue
        for code, holds in (("felt_over", trace.mean >= rule.over), ("felt_ok", trace.mean <= rule.ok)):
            out += [_label(trace, code, time) for time in _held(holds, grid, rule.seconds)]
    return sorted(out, key=lambda e: e.time)


def _held(holds: np.ndarray, grid: FloatArray, seconds: float) -> list[float]:
    """Return when something had held for so long, at least `APART` after the last time."""
    out: list[float] = []
    run = 0
    for time, there in zip(grid.tolist(), holds.tolist(), strict=True):
        run = run + 1 if there else 0
        if run >= seconds and (not out or time - out[-1] >= APART):
            out.append(time)
    return out


def _label(trace: Trace, code: str, time: float) -> Event:
    return Event(
        time=time,
        code=code,
        actor=trace.person,
        source=SOURCE,
        rater=trace.rater,
        t_unc=0.5,
        note="from a rating, by the thresholds of the study",
        id=f"{code}_{trace.person}_{trace.rater}_{time:.0f}",
    )
