"""Cardiac indices at each beat: heart rate, RMSSD, SDNN over sliding windows, with their gates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from acquisition.stream import BoolArray, FloatArray
from processing.heart.hrv import elementwise, mean_windows, rmssd_windows, sdnn_windows
from processing.heart.ibi import Intervals


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartConfig:
    """Hold the parameters of the cardiac indices; defaults after Task Force (1996) unless said otherwise."""

    hr_window: float = 10.0
    """Seconds."""
    hr_cover: float = 0.8
    """Share of the window that accepted intervals must cover."""
    rmssd_window: float = 60.0
    """Seconds; within ± 20 % of the 5-minute value in 78 % of cases (measured on 24 h sinus rhythm)."""
    cover: float = 0.8
    """Share of the RMSSD, SDNN and spectral windows that accepted intervals must cover; ours."""
    rmssd_differences: int = 30
    """Least differences between detected intervals; ours."""
    corrected: float = 0.05
    """Largest share of corrected or rejected beats (Quigley et al. 2024 advise the same)."""
    sdnn_window: float = 120.0
    """Seconds."""
    hf_window: float = 128.0
    """Seconds; shorter at the start, not under 64."""
    rsa_window: float = 30.0
    """Seconds (Porges & Bohrer 1990)."""
    breathing: tuple[float, float] = (0.18, 0.37)
    """Breathing rates that HF and RSA are valid for [Hz]: at the edges of the band leakage loses 70 %;
    ours."""
    breathing_per_beat: float = 0.30
    """Largest breathing rate times mean NN interval: the cubic loses 7 % there, 40 % at 0.42; ours."""
    speech: float = 0.5
    """Share of own speech in a window from which HF and RSA have no value and lnRMSSD is flagged; ours."""
    speech_lag: float = 5.0
    """Speech of the last seconds of a window is left out [s]: it may not have arrived."""
    silence: float = 5.0
    """Seconds without an accepted beat after which rows say so."""


class Column(NamedTuple):
    """Hold one index at several window ends: `length` of its window [s], values, and reasons where nan."""

    name: str
    length: float
    values: FloatArray
    reasons: list[str]


def gated(values: FloatArray, gates: list[tuple[BoolArray, str]]) -> tuple[FloatArray, list[str]]:
    """Return the values with nan where a gate is shut, and the first such gate's reason."""
    out = values.copy()
    why = np.full(len(values), "", dtype=object)
    for shut, reason in reversed(gates):
        out[shut] = np.nan
        why[shut] = reason
    return out, [str(reason) for reason in why]


def beat_columns(beats: Intervals, ends: FloatArray, config: HeartConfig) -> list[Column]:
    """Return every windowed index at the given beats.

    Parameters
    ----------
    beats : Intervals
        Reaching back at least one window before the first end.
    ends : ndarray, shape (n,)
        Times of beats [s].
    """
    c = config
    few, many = "too few accepted beats", "too many corrected beats"
    pulse = mean_windows(beats, ends, c.hr_window)
    hr = gated(60000.0 / pulse.value, [(pulse.cover < c.hr_cover, few)])
    short = rmssd_windows(beats, ends, c.rmssd_window)
    gates = [
        (short.cover < c.cover, few),
        (short.corrected > c.corrected, many),
        (short.n < c.rmssd_differences, "too few differences"),
    ]
    value, why = gated(short.value, gates)
    low, high = gated(short.low, gates)[0], gated(short.high, gates)[0]
    long = sdnn_windows(beats, ends, c.sdnn_window)
    sd = gated(long.value, [(long.cover < c.cover, few), (long.corrected > c.corrected, many)])
    logarithm = elementwise(math.log, np.where(value > 0, value, np.nan))
    lnwhy = [w or ("no variation" if v == 0 else "") for w, v in zip(why, value.tolist(), strict=True)]
    return [
        Column("hr", c.hr_window, *hr),
        Column("rmssd", c.rmssd_window, value, why),
        Column("rmssd_low", c.rmssd_window, low, why),
        Column("rmssd_high", c.rmssd_window, high, why),
        Column("lnrmssd", c.rmssd_window, logarithm, lnwhy),
        Column("sdnn", c.sdnn_window, *sd),
    ]
