"""What other settings would have said of the coupling of an hour: not one set of parameters, but many.

The deciding test has one window, one range of lags and one statistic. Here stand the p of windows of 15 to
60 s, lags of ± 2.5 to ± 10 s, with and without straight lines, of the largest lag (C) and of the mean |z|.
They describe: whoever chooses among them afterwards has no p.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from acquisition.stream import FloatArray
from processing.coupling.common import Marked
from processing.coupling.config import SynchronyConfig
from processing.coupling.deciding import decide, p_of_mean
from processing.coupling.wclc import TableShape
from processing.coupling.windows import tables, windows_at
from processing.indices import SIGNALS
from processing.surrogates.whole_hour import slowed

WINDOWS = (15.0, 30.0, 45.0, 60.0)
MAX_LAGS = (2.5, 5.0, 10.0)
"""Widths and lags (±) [s]; to whole samples."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Hold one setting and its p.

    Parameters
    ----------
    window, max_lag : float
        [s]
    straightened : bool
        Straight lines were taken out of the windows.
    statistic : str
        "peak": the largest studentised lag; "mean": mean |z| over lags.
    p : float
        The larger of both nulls; nan with too few segments.
    n : float
        Segments.
    decides : bool
        It is that of the deciding test, at the rate of this table.
    """

    signal: str
    window: float
    max_lag: float
    straightened: bool
    statistic: str
    p: float
    n: float
    decides: bool


def settings(
    x: FloatArray, y: FloatArray, begin: float, signal: str, config: SynchronyConfig, marked: Marked
) -> list[Setting]:
    """Return the p of each setting.

    Parameters
    ----------
    x, y : ndarray
        Signals of both people without what goes with speech.
    begin : float
        Time of the first sample [s, LSL clock].
    """
    sfreq, (x, y) = slowed(SIGNALS[signal].sfreq, x, y)
    return [
        row
        for window in WINDOWS
        for straightened in (True, False)
        for row in _of_window(x, y, begin, sfreq, signal, window, straightened, config, marked)
    ]


def agreeing(rows: list[Setting], p: float, level: float) -> float:
    """Return the share of the settings whose p lies on the same side of a level as `p`; nan without any."""
    known = [row.p for row in rows if math.isfinite(row.p)]
    return float(np.mean([(one <= level) == (p <= level) for one in known])) if known else math.nan


def _of_window(
    x: FloatArray,
    y: FloatArray,
    begin: float,
    sfreq: float,
    signal: str,
    window: float,
    straightened: bool,
    config: SynchronyConfig,
    marked: Marked,
) -> Iterator[Setting]:
    lags = [round(lag * sfreq) for lag in MAX_LAGS]
    most = lags[-1]
    shape = TableShape(
        window=round(window * sfreq),
        max_lag=most,
        coverage=config.coverage,
        renew=len(x) + 1,
        detrend=straightened,
    )
    ends = marked.segments(reach=most, window=shape.window, n=len(x), begin=begin, sfreq=sfreq).taken
    z = np.empty((shape.n_lags, 0, 0))
    if len(ends):
        z = np.arctanh(tables(windows_at(x, ends, shape), windows_at(y, ends, shape), shape))
        matched = np.isfinite(np.einsum("kii->ki", z)).all(axis=0)
        z = z if matched.all() else z[:, matched][:, :, matched]
    for lag in lags:
        part = z[most - lag : most + lag + 1]
        enough = z.shape[1] >= config.least_segments
        for statistic, p_of in (("peak", lambda v: decide(v).p), ("mean", p_of_mean)):
            usual = (window, lag) == (config.window, round(config.max_lag * sfreq))
            yield Setting(
                signal=signal,
                window=window,
                max_lag=lag / sfreq,
                straightened=straightened,
                statistic=statistic,
                p=p_of(part) if enough else math.nan,
                n=float(z.shape[1]),
                decides=usual and straightened and statistic == "peak",
            )
