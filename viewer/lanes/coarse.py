"""What an ECG lane shows on a long page, where a waveform would be a solid block: its beats, as a rate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt

from acquisition.stream import FloatArray
from viewer.lanes.curve import Curve, TraceCurve
from viewer.model.history import Line
from viewer.model.trace import Trace

FAR = 600.0
"""A page longer than this shows beats in place of the ECG [s]."""


@dataclass(frozen=True, slots=True, eq=False)
class Coarse:
    """Hold what stands in a lane on pages longer than `above` seconds, in place of its own.

    Parameters
    ----------
    span : float
        Least height of the scale, in `unit`.
    """

    curves: tuple[Curve, ...]
    title: str
    unit: str
    hover: str
    span: float
    above: float = FAR


class Rates:
    """Give intervals between beats [ms] as a rate [1/min], as a `Trace` gives its samples."""

    def __init__(self, intervals: Trace) -> None:
        self._intervals = intervals

    @property
    def n(self) -> int:
        """Return how many beats there are."""
        return self._intervals.n

    @property
    def times(self) -> FloatArray:
        """Return when they were [s]."""
        return self._intervals.times

    def line(self, start: float, stop: float, n_bins: int) -> Line:
        """Return the polyline between two times [s]."""
        times, intervals = self._intervals.line(start, stop, n_bins)
        return times, 60_000.0 / intervals

    def extent(self, start: float, stop: float) -> tuple[float, float]:
        """Return the smallest and largest rate between two times; nan without any."""
        low, high = self._intervals.extent(start, stop)
        return 60_000.0 / high, 60_000.0 / low


def beats(plot: object, intervals: Callable[[], Trace], entity: str, colour: str) -> Coarse:
    """Return the beats of a person as a lane of their ECG shows them on a long page."""
    curve = TraceCurve(plot, lambda: Rates(intervals()), entity, colour, Qt.PenStyle.SolidLine)
    hover = (
        "On a page of more than 10 min: 60000 / interval of each accepted beat. Gaps: no beats, or none that "
        "count. A shorter time axis shows the ECG."
    )
    return Coarse((curve,), "Beats", "/min", hover, 20.0)
