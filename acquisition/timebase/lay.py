"""The times of a whole stream at once, as they are needed to import a file."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from acquisition.stream import FloatArray
from acquisition.timebase.account import Account
from acquisition.timebase.base import TimeBase
from acquisition.timebase.repeats import Repeats


class Whole(NamedTuple):
    """Hold the times of all samples of a stream [s], its rate [Hz], and what was found out."""

    times: FloatArray
    sfreq: float
    account: Account


def lay(stamps: FloatArray, sfreq: float, rows: NDArray[Any] | None = None) -> Whole:
    """Lay a whole stream.

    Parameters
    ----------
    stamps : ndarray, shape (n,)
        Raw stamps [s].
    sfreq : float
        Rate that the stream says [Hz]; 0 if it says none.
    rows : ndarray, shape (n, n_channels), optional
        The samples, by which those are told that came twice and have no place.
    """
    base, stamps = TimeBase(sfreq), np.asarray(stamps, np.float64)
    out = None if rows is None else Repeats(base.account).left_out(stamps, rows)
    times = np.full(len(stamps), np.nan)
    keep = np.ones(len(stamps), np.bool_) if out is None else ~out
    laid = base.push(stamps[keep])
    times[keep] = np.append(laid.times, base.drain())
    base.account.judge_rate(int(np.count_nonzero(keep)) - 1, ended=True)
    return Whole(times, 1.0 / base.usual, base.account)
