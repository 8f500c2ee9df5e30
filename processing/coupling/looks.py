"""Looks at both people at once, every so often, each over a window that ends there."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from acquisition.event import Event
from acquisition.stream import Chunk, FloatArray
from processing.coupling.shared import Kind
from processing.index import IndexSample, Watermarks, index_samples, released


class Looks:
    """Tell every so often whether what both people's sensors have is of one person.

    Parameters
    ----------
    kind : Kind
        What is told.
    part : str
        heart or skin: whose watermarks say up to where it is known.
    step, first : float
        Time between looks, and from the begin to the first that is told, a multiple of it [s].
    wait : float
        How long after a moment what is compared is settled [s].
    """

    def __init__(self, kind: Kind, *, part: str, step: float, first: float, wait: float) -> None:
        self._kind, self._part, self._step, self._wait = kind, part, step, wait
        self._until_first = first
        self._next, self._first = math.nan, math.nan

    def update(self, chunk: Chunk) -> None:
        """Let samples pass that nobody has judged yet."""

    def mark(self, event: Event, time: float) -> None:
        """Let an event pass."""

    def hear(self, samples: Sequence[IndexSample]) -> None:
        """Let index samples pass."""

    def advance(self, ticks: FloatArray, watermarks: Watermarks) -> list[IndexSample]:
        """Return what became final; `watermarks` are the lower ones of the two people."""
        passed = watermarks[self._part]
        if len(ticks) == 0:
            return []
        if math.isnan(self._next):
            begin = math.ceil(float(ticks[0]))
            self._next, self._first = begin + self._step, begin + self._until_first
        if self._next + self._wait > passed[-1]:
            return []
        ends = np.arange(self._next, float(passed[-1]) - self._wait + self._step, self._step)
        n, available = released(ends + self._wait, ticks, passed)
        ends = ends[:n]
        self._next += self._step * n
        told = []
        for end in ends.tolist():
            self._listen(end)
            if end >= self._first:
                told.append(self._look(end))
        shown = ends >= self._first
        values, reasons = zip(*told, strict=True) if told else ((), ())
        quality = np.where(np.isnan(values), 0.0, 1.0)
        centres = ends[shown] - self._kind.window / 2.0
        rows = (np.array(values), quality, reasons)
        return index_samples(centres, available[shown], "dyad", self._kind.index, *rows)

    def _listen(self, end: float) -> None:
        """Take in what came until the end of one more step [s]."""

    def _look(self, end: float) -> tuple[float, str]:
        """Tell of the window that ends there [s]: 1, 0 or nan, and why."""
        raise NotImplementedError
