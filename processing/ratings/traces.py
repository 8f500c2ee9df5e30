"""Ratings on the grid of an hour: a trace for each rater, turn and axis, live and afterwards alike."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from acquisition.ratings.files import SFREQ, Rated
from acquisition.stream import FloatArray, Modality, Role, StreamInfo
from acquisition.units import rating_ends
from processing.index import IndexSample
from processing.rated.rating import AXES
from processing.rated.seconds import NO_DATA, second

HALF = 0.5


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Trace:
    """Hold one axis of one turn of one rater, second by second; every array has shape (n_seconds,).

    Parameters
    ----------
    person : str
        Of whom it tells: client, therapist or dyad.
    rater : str
        A code, or "live" for the person's own stream of the session.
    by : str
        client or therapist, where one of them gave it.
    bounded : bool
        The scale goes from -1 to 1.
    mean, gradient, quality : ndarray
        Of each second [-1 to 1, or own units; per s; 0-1]; nan where there is nothing.
    reasons : sequence of str
        Why there is nothing.
    """

    person: str
    rater: str
    by: str
    turn: int
    axis: str
    bounded: bool
    mean: FloatArray
    gradient: FloatArray
    quality: FloatArray
    reasons: Sequence[str]

    @property
    def name(self) -> str:
        """Return how tables call the rater: with the turn from the second on."""
        return self.rater + (f" ({self.turn})" if self.turn > 1 else "")

    @property
    def own(self) -> bool:
        """Tell whether the person it is of gave it."""
        return self.by == self.person

    @property
    def others_word(self) -> bool:
        """Tell whether one of the two people gave it of the other, or of both."""
        return bool(self.by) and not self.own

    @property
    def signal(self) -> FloatArray:
        """Return what is compared: the level, of a scale without ends the gradient (arXiv:1907.01008)."""
        return self.mean if self.bounded else self.gradient


def afterwards(rated: Rated, grid: FloatArray) -> list[Trace]:
    """Return the traces of what was rated afterwards.

    Parameters
    ----------
    grid : ndarray, shape (n_seconds,)
        Whole seconds [clock of the recording].
    """
    sitting = rated.sitting
    starts = np.searchsorted(rated.times, grid - HALF).tolist()
    stops = np.searchsorted(rated.times, grid + HALF).tolist()
    out = []
    for k, axis in enumerate(sitting.axes):
        values = rated.values[:, k]
        rows = [
            second(rated.times[a:b], values[a:b], SFREQ, bounded=sitting.bounded)
            for a, b in zip(starts, stops, strict=True)
        ]
        out.append(
            Trace(
                person=str(sitting.whose.of),
                rater=sitting.rater,
                by=str(sitting.whose.by or ""),
                turn=sitting.turn,
                axis=axis.name,
                bounded=sitting.bounded,
                mean=np.array([r.mean for r in rows]),
                gradient=np.array([r.slope for r in rows]),
                quality=np.array([r.quality for r in rows]),
                reasons=[r.reason for r in rows],
            )
        )
    return out


def live(
    rows: Mapping[tuple[str, str], Sequence[IndexSample]],
    streams: Sequence[StreamInfo],
    grid: FloatArray,
) -> list[Trace]:
    """Return the traces of what the two people rated while the session ran.

    Parameters
    ----------
    rows : mapping
        (entity, index) → its samples.
    """
    out = []
    for (entity, index), mine in rows.items():
        if index not in AXES or not mine:
            continue
        slopes = rows.get((entity, f"{index}_gradient"), ())
        mean, quality, reasons = _on(mine, grid)
        gradient, _, _ = _on(slopes, grid)
        info = next((s for s in streams if s.modality is Modality.RATING and s.role == Role(entity)), None)
        ends = rating_ends(info.unit) if info is not None else None
        out.append(
            Trace(
                person=entity,
                rater="live",
                by=entity,
                turn=1,
                axis=index,
                bounded=ends is None or math.isfinite(ends[0]),
                mean=mean,
                gradient=gradient,
                quality=quality,
                reasons=reasons,
            )
        )
    return sorted(out, key=lambda t: (t.person, t.axis))


def _on(rows: Sequence[IndexSample], grid: FloatArray) -> tuple[FloatArray, FloatArray, list[str]]:
    """Return values, qualities and reasons of rows of whole seconds on a grid of whole seconds."""
    values, quality = np.full(len(grid), math.nan), np.zeros(len(grid))
    reasons = [NO_DATA] * len(grid)
    first = grid[0] if len(grid) else 0.0
    for row in rows:
        k = round(row.time - first)
        if 0 <= k < len(grid):
            values[k], quality[k], reasons[k] = row.value, row.quality, row.reason
    return values, quality, reasons
