"""The unit that samples seem to be in, where their size cannot be that of the unit they are said to be in."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from acquisition.errors import UnitError
from acquisition.stream import FloatArray, Modality
from acquisition.units import CANONICAL, factor

_NAMES = {
    Modality.ECG: {1e3: "V", 1.0: "mV", 1e-3: "µV", 1e-6: "nV"},
    Modality.EDA: {1e6: "S", 1e3: "mS", 1.0: "µS", 1e-3: "nS"},
}
"""Factor to the canonical unit → name."""
SMALLEST_R, LARGEST_R = 0.02, 40.0
"""R amplitudes outside of these [mV] are a wrong unit."""
USUAL_R = 1.0
"""[mV]"""
BEATS, SECONDS = 16, 60.0
"""The median of so many last beats within so many seconds is the R amplitude."""


def looks_like(modality: Modality, unit: str, power: int) -> str:
    """Say that samples in `unit` would be of the usual size if they were 1000 to the `power` times larger.

    Parameters
    ----------
    modality : Modality
        ecg or eda.
    unit : str
        What the stream says; "" counts as the canonical one.
    """
    names, said = _NAMES[modality], unit or CANONICAL[modality]
    try:
        scale = factor(said, modality)
    except UnitError:  # a resistance, which has no factor
        return f"not in {said}"
    said = _near(names, scale) or said
    other = _near(names, scale * 1000.0**power)
    return f"unit looks like {other}, not {said}" if other else f"not in {said}"


def _near(names: dict[float, str], scale: float) -> str:
    return next((name for known, name in names.items() if math.isclose(known, scale)), "")


def doubted_ecg(amplitude: float, unit: str) -> str:
    """Return what is wrong with the unit of an ECG whose R waves are so high [mV]; "" if nothing is."""
    if not amplitude > 0.0 or SMALLEST_R <= amplitude <= LARGEST_R:
        return ""
    return looks_like(Modality.ECG, unit, round(math.log10(USUAL_R / amplitude) / 3.0))


def doubts(times: FloatArray, heights: FloatArray, at: FloatArray, unit: str) -> list[str]:
    """Say of each moment what the beats up to it tell against the unit of their ECG; "" if nothing.

    Parameters
    ----------
    times, heights : ndarray, shape (n_beats,)
        R times [s] and amplitudes without sign [mV]; nan where there is none.
    at : ndarray, shape (n,)
        Moments [s].
    """
    if not ((heights < SMALLEST_R) | (heights > LARGEST_R)).any():
        return [""] * len(at)
    stops = np.searchsorted(times, at, side="right")
    starts = np.maximum(stops - BEATS, np.searchsorted(times, at - SECONDS))
    return [
        doubted_ecg(float(np.median(heights[start:stop])), unit) if stop > start else ""
        for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)
    ]


def with_doubts(values: FloatArray, reasons: Sequence[str], unsure: Sequence[str]) -> list[str]:
    """Return reasons, and the doubt with each value that has one."""
    return [
        doubt if doubt and not math.isnan(value) else why
        for value, why, doubt in zip(values.tolist(), reasons, unsure, strict=True)
    ]
