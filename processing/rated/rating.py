"""Ratings of one person from a stream of theirs: mean and gradient of each second.

| index | window, step | settled after `time` |
|---|---|---|
| `rating`, `rating_gradient`, `rating2`, `rating2_gradient` | the second around `time`, 1 s | 0.5 s |

The gradient of a trace without ends follows phasic skin conductance better than its level does (Camilleri,
Yannakakis & Liapis 2019, arXiv:1907.01008).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from acquisition.event import Event
from acquisition.stream import Chunk, FloatArray
from acquisition.units import rating_ends
from processing.index import IndexSample, Watermarks, index_sample, released
from processing.rated.seconds import Second, second

HALF = 0.5
AXES = ("rating", "rating2")


class Rating:
    """Estimate the ratings of one person.

    Parameters
    ----------
    entity : str
        client or therapist.
    channels : int
        Axes of the stream; of more than two the first two count.
    """

    def __init__(self, entity: str, *, channels: int = 1) -> None:
        self.entity = entity
        self._axes = AXES[: max(1, channels)]
        self._waiting: list[tuple[FloatArray, FloatArray]] = []
        self._sfreq, self._bounded = math.nan, True
        self._second = math.nan

    def update(self, chunk: Chunk) -> None:
        """Take in samples, shape (n_samples, n_axes): from -1 to 1, or of a scale without ends."""
        self._sfreq = chunk.info.sfreq
        ends = rating_ends(chunk.info.unit)
        self._bounded = ends is None or math.isfinite(ends[0])
        samples = np.asarray(chunk.samples, np.float64)[:, : len(self._axes)]
        if samples.shape[1] < len(self._axes):
            samples = np.pad(samples, ((0, 0), (0, 1)), constant_values=np.nan)
        self._waiting.append((np.asarray(chunk.times, np.float64), samples))

    def hear(self, samples: Sequence[IndexSample]) -> None:
        """Let index samples pass: none bears on a rating."""

    def mark(self, event: Event, time: float) -> None:
        """Let an event pass: none bears on a rating."""

    def advance(self, ticks: FloatArray, watermarks: Watermarks) -> list[IndexSample]:
        """Return what became final at these ticks."""
        if len(ticks) == 0:
            return []
        passed = watermarks["rating"]
        if math.isnan(self._second):
            self._second = float(math.ceil(ticks[0]))
        until = float(passed[-1]) - HALF
        if not until >= self._second:
            return []
        centres = self._second + np.arange(math.floor(until - self._second) + 1.0)
        _, available = released(centres + HALF, ticks, passed)
        out: list[IndexSample] = []
        for centre, tick, rows in zip(
            centres.tolist(), available.tolist(), self._seconds(centres), strict=True
        ):
            for axis, row in zip(self._axes, rows, strict=True):
                out += self._rows(centre, tick, axis, row)
        self._second = float(centres[-1]) + 1.0
        return out

    def _seconds(self, centres: FloatArray) -> list[list[Second]]:
        """Return what the axes say in each of these seconds; later samples wait."""
        times = np.concatenate([t for t, _ in self._waiting] or [np.empty(0)])
        values = np.concatenate([v for _, v in self._waiting] or [np.empty((0, len(self._axes)))])
        starts = np.searchsorted(times, centres - HALF).tolist()
        stops = np.searchsorted(times, centres + HALF).tolist()
        self._waiting = [(times[stops[-1] :], values[stops[-1] :])]
        return [
            [second(times[a:b], column, self._sfreq, bounded=self._bounded) for column in values[a:b].T]
            for a, b in zip(starts, stops, strict=True)
        ]

    def _rows(self, time: float, tick: float, axis: str, row: Second) -> list[IndexSample]:
        slope_quality = 0.0 if row.slope_reason else row.quality
        return [
            index_sample(time, tick, self.entity, axis, row.mean, row.quality, row.reason),
            index_sample(
                time, tick, self.entity, f"{axis}_gradient", row.slope, slope_quality, row.slope_reason
            ),
        ]
