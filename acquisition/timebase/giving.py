"""Samples that are given times as they come to be known, and by which sample each was settled."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from acquisition.stream import FloatArray
from acquisition.timebase.laid import NOTHING, Laid
from acquisition.timebase.line import Course


class Giving:
    """Number samples, lay them on a course in place of their numbers, and hand them out."""

    def __init__(self) -> None:
        self.given = 0
        """Number of the first sample that waits."""
        self._begun = self._laid = 0
        self._times: FloatArray = np.empty(0)
        self._stops: list[int] = []
        self._by: list[int] = []

    def number(self, stop: int) -> None:
        """Number the samples that wait, up to one."""
        self._begun, self._times = self.given, np.arange(self.given, stop, dtype=np.float64)

    def skip(self, stop: int) -> None:
        """Let samples up to one be given times by somebody else."""
        self.given = self._laid = stop

    def give(self, stop: int, settled: int) -> None:
        """Let samples up to one be laid on the course as it is, settled by the sample of a number."""
        if stop > self.given:
            self.give_all([stop], [settled])

    def give_all(self, stops: list[int], settled: Sequence[int]) -> None:
        """Do so up to several, the samples up to each settled by one of their own."""
        self._stops += stops
        self._by += settled
        self.given = stops[-1]

    def lay(self, course: Course, missing: float) -> None:
        """Lay what was given out, before the course becomes another or more samples are missing."""
        if self.given == self._laid:
            return
        numbers = self._times[self._laid - self._begun : self.given - self._begun]
        if missing:
            numbers += missing
        course.lay(numbers)
        self._laid = self.given

    def leave_out(self, stop: int, settled: int) -> None:
        """Give samples up to one no place, once those before are laid."""
        self._times[self.given - self._begun : max(stop, self.given) - self._begun] = np.nan
        self.give(stop, settled)
        self._laid = self.given

    def take_out(self) -> Laid:
        """Return what was laid."""
        if self.given == self._begun:
            return NOTHING
        stops = np.array([self._begun, *self._stops])
        settled = np.repeat(self._by, stops[1:] - stops[:-1])
        self._stops, self._by = [], []
        return Laid(self._times[: self.given - self._begun], settled)
