"""The phases of an hour that a reader compares: rest, neutral talk, the hour itself, and marked segments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from acquisition.events.intervals import NOT_THE_HOUR
from acquisition.stream import BoolArray, FloatArray
from processing.hour.timeline import Interval, Timeline

Span = tuple[float, float]
TITLES = {"baseline_rest": "rest baseline", "baseline_talk": "talk baseline", "segment": "segment"}


@dataclass(frozen=True, slots=True)
class Phase:
    """Hold a phase: what it is called, and its spans, from start up to stop [s, LSL clock], in order."""

    title: str
    spans: tuple[Span, ...]

    @property
    def seconds(self) -> float:
        """Return its length [s]."""
        return sum(stop - start for start, stop in self.spans)

    def holds(self, times: FloatArray, before: FloatArray | float = 0.0) -> BoolArray:
        """Return which stretches from `before` seconds before a time up to it lie in one of the spans."""
        inside = np.zeros(len(times), np.bool_)
        for start, stop in self.spans:
            inside |= (times - before >= start) & (times < stop)
        return inside

    def holds_windows(self, centres: FloatArray, length: float) -> BoolArray:
        """Return which windows of `length` s around these times lie in one of the spans."""
        inside = np.zeros(len(centres), np.bool_)
        for start, stop in self.spans:
            inside |= (centres - length / 2.0 >= start) & (centres + length / 2.0 <= stop)
        return inside


def phases(line: Timeline, end: float) -> list[Phase]:
    """Return the phases of an hour that ends at `end` [s, LSL clock]; one of no length is left out.

    The hour runs from the last session_start to the first session_end, or as long as the recording where
    they were not marked, without baselines, challenges and breaks.
    """
    out = []
    for code in ("baseline_rest", "baseline_talk"):
        out += _marked(line.marked(code), TITLES[code], line.begin, end)
    first = max([line.begin, *(e.onset for e in line.points if e.code == "session_start")])
    last = min([end, *(e.onset for e in line.points if e.code == "session_end")])
    apart = [(i.start, i.stop) for i in line.marked(*NOT_THE_HOUR)]
    out.append(Phase("hour", without((first, last), apart)))
    out += _marked(line.marked("segment"), TITLES["segment"], line.begin, end)
    return [phase for phase in out if phase.seconds > 0.0]


def without(span: Span, apart: Sequence[Span]) -> tuple[Span, ...]:
    """Return what remains of a span without others, in order."""
    at, stop = span
    left = []
    for first, last in sorted(apart):
        if at < min(first, stop):
            left.append((at, min(first, stop)))
        at = max(at, last)
    if at < stop:
        left.append((at, stop))
    return tuple(left)


def _marked(found: Sequence[Interval], title: str, begin: float, end: float) -> list[Phase]:
    out = []
    for k, i in enumerate(found, 1):
        label = str(i.value or i.note or "").strip()
        which = f"{title} {k}" if len(found) > 1 else title
        name = f"{which}: {label}" if label and title == TITLES["segment"] else which
        start, stop = max(i.start, begin), min(i.stop, end)
        out.append(Phase(name, ((start, max(start, stop)),)))
    return out
