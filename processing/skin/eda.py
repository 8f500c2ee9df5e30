"""Electrodermal activity on whole arrays: the same computation as the live estimator, under one roof.

`detect_scrs`, `tonic_level` and `tonic_interval` take an array and its sampling rate;
`processing.skin.skin.Skin` takes chunks.
"""

from __future__ import annotations

import math

import numpy as np

from acquisition.stream import FloatArray
from processing.skin.config import SkinConfig
from processing.skin.scl import SclConfig
from processing.skin.scr import Scr, ScrConfig, Scrs, detect_scrs
from processing.skin.signal import whole
from processing.skin.skin import Skin

__all__ = [
    "SclConfig",
    "Scr",
    "ScrConfig",
    "Scrs",
    "Skin",
    "SkinConfig",
    "detect_scrs",
    "tonic_interval",
    "tonic_level",
]


def tonic_level(
    eda: FloatArray, sfreq: float, *, config: SkinConfig | None = None
) -> tuple[FloatArray, FloatArray]:
    """Estimate the tonic level, as the live estimator does, without its gate for too little valid signal.

    Parameters
    ----------
    eda : ndarray, shape (n_samples,)
        Skin conductance [µS]; nan where missing.
    sfreq : float
        Sampling rate [Hz].

    Returns
    -------
    times : ndarray, shape (n,)
        Centre of each window, every second [s since the first sample].
    level : ndarray, shape (n,)
        Skin conductance level [µS]; nan where there is none.
    """
    return tonic_interval(eda, sfreq, config=config)[:2]


def tonic_interval(
    eda: FloatArray, sfreq: float, *, config: SkinConfig | None = None
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """Estimate the tonic level and the interval that holds the level without responses.

    Parameters are those of `tonic_level`.

    Returns
    -------
    times, level, low, high : ndarray, shape (n,)
        Centre of each window [s since the first sample], level and ends of its interval [µS].
    """
    config = config or SkinConfig()
    half = config.scl.window / 2
    times = np.arange(math.ceil(half), len(eda) / sfreq - half + 1e-9, 1.0)
    values = whole(eda, sfreq, config).level.at(times)
    level, low, high = np.array(values, float).reshape(-1, 3).T
    return times, level, low, high
