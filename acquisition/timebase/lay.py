"""The times of a whole stream at once, as they are needed to import a file."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray
from acquisition.timebase.account import Account
from acquisition.timebase.base import TimeBase


class Whole(NamedTuple):
    """Hold the times of all samples of a stream [s], its rate [Hz], and what was found out."""

    times: FloatArray
    sfreq: float
    account: Account


def lay(stamps: FloatArray, sfreq: float) -> Whole:
    """Lay a whole stream.

    Parameters
    ----------
    stamps : ndarray, shape (n,)
        Raw stamps [s].
    sfreq : float
        Rate that the stream says [Hz]; 0 if it says none.
    """
    base = TimeBase(sfreq)
    laid = base.push(np.asarray(stamps, np.float64))
    times = np.append(laid.times, base.drain())
    base.account.judge_rate(len(stamps) - 1, ended=True)
    return Whole(times, 1.0 / base.usual, base.account)
