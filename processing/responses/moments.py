"""Every second of an hour as a moment that could have been marked: what stood before, what came after.

What stood before holds no value that looks past the moment: indices whose windows are centred end earlier.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from acquisition.stream import BoolArray, FloatArray, IntArray

BEFORE = (5, 15, 30, 60)
"""Lengths of the stretches before a moment whose means describe it [s]."""
AFTER = 60
"""Length of the stretch after it whose mean is the response [s]."""
SHARE = 30
"""Length of the stretch before it over which speech is counted [s]."""
LEAST_VALID = 0.8
"""Least share of a stretch that must be valid."""
LEAST_BESIDE = 0.9
"""Least share of the moments in which an index beside must be known."""
NOT_KNOWN = -1
"""Talk state of a second in which it is not known who speaks."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Moments:
    """Hold the moments of an hour on its 1 Hz grid.

    Parameters
    ----------
    usable : ndarray of bool, shape (n_seconds,)
        Enough was valid before and after.
    level, change : ndarray, shape (n_seconds,)
        Mean of the last 5 s, and that less the mean of the last 60 s; nan where not usable.
    after : ndarray, shape (n_seconds,)
        Mean of the 60 s after, of values whose windows begin after the moment.
    known : ndarray, shape (n_seconds, n_columns)
        What a forecast may use: means before, talk state, shares of speech, a constant, time and its square.
    talk : ndarray of int, shape (n_seconds,)
        Who speaks: 0 nobody, 1 this person, 2 the other, 3 both, −1 not known.
    """

    usable: BoolArray
    level: FloatArray
    change: FloatArray
    after: FloatArray
    known: FloatArray
    talk: IntArray


def describe(
    series: FloatArray,
    own: FloatArray,
    other: FloatArray,
    counts: BoolArray,
    *,
    ahead: int = 0,
    beside: Sequence[tuple[FloatArray, int]] = (),
) -> Moments:
    """Describe each second of an hour.

    Parameters
    ----------
    series : ndarray, shape (n_seconds,)
        An index at 1 Hz; nan where not valid.
    own, other : ndarray, shape (n_seconds,)
        1 where this person, the other speaks, 0 where not, nan where not known.
    counts : ndarray of bool, shape (n_seconds,)
        Seconds of the hour proper; no stretch uses another.
    ahead : int
        How far a value looks past its time, half of a centred window [s].
    beside : sequence of (ndarray, int)
        Further indices whose past the forecast may use, and how far they look ahead. One that is not known
        in most moments is not used: it would take them with it.
    """
    x = np.where(counts, series, np.nan)
    means = [_mean(x, -ahead - k, -ahead) for k in BEFORE]
    after = _mean(x, ahead, AFTER)
    usable = counts & np.logical_and.reduce([np.isfinite(m) for m in (after, *means)])
    more: list[FloatArray] = []
    for y, a in beside:
        theirs = [_mean(np.where(counts, y, np.nan), -a - k, -a) for k in BEFORE]
        known = usable & np.logical_and.reduce([np.isfinite(m) for m in theirs])
        if np.count_nonzero(known) >= LEAST_BESIDE * np.count_nonzero(usable):
            more, usable = [*more, *theirs], known
    talk = np.where(np.isfinite(own + other), (own > 0.5) + 2 * (other > 0.5), NOT_KNOWN).astype(np.int64)
    n = len(x)
    time = np.linspace(-1.0, 1.0, n) if n > 1 else np.zeros(n)
    columns = [
        *means,
        *more,
        *(((talk == who) | (talk == 3)).astype(float) for who in (1, 2)),
        *(np.nan_to_num(_mean(s, -SHARE, 0, least=0.0)) for s in (own, other)),
        np.ones(n),
        time,
        np.square(time),
    ]
    blank = np.where(usable, 0.0, np.nan)
    return Moments(
        usable=usable,
        level=means[0] + blank,
        change=means[0] - means[-1] + blank,
        after=after + blank,
        known=np.column_stack(columns),
        talk=talk,
    )


def _mean(x: FloatArray, start: int, stop: int, *, least: float = LEAST_VALID) -> FloatArray:
    """Return at each second t the mean over t + start … t + stop − 1; nan where too little of it is valid."""
    n, there = len(x), np.isfinite(x)
    count, total = (np.concatenate([[0.0], np.cumsum(v)]) for v in (there, np.where(there, x, 0.0)))
    first, last = np.arange(n) + start, np.arange(n) + stop
    inside = (first >= 0) & (last <= n)
    a, b = np.clip(first, 0, n), np.clip(last, 0, n)
    number = count[b] - count[a]
    enough = inside & (number >= max(least * (stop - start), 1.0))
    return np.where(enough, (total[b] - total[a]) / np.maximum(number, 1.0), np.nan)
