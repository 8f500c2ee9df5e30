"""Coupling of simulated dyads and pseudo-dyads: as rows, or as signals from which it is computed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from acquisition.stream import FloatArray
from processing.cohort.models.pairs import COLUMNS
from processing.cohort.simulated.cohort import dyads, typed
from processing.cohort.simulated.truth import Truth

if TYPE_CHECKING:
    import pandas as pd

LEVEL, NOISE = 0.2, 0.02
"""Mean |atanh r| of people who never met, and its SD from pair to pair."""
MEMORY = 4.0
"""Correlation time of a simulated signal [s]."""


def simulated_pairs(truth: Truth, rng: np.random.Generator, signal: str = "hr") -> pd.DataFrame:
    """Return what `pairs` would: people and hours differ in how much they go with anybody."""
    import pandas as pd

    every = dyads(truth, rng)
    sides = {side: _of_hours(truth, rng) for side in ("therapist", "client")}
    rows = []
    for i, mine in enumerate(every):
        for j, other in enumerate(every):
            for s in range(truth.sessions):
                for o in range(truth.sessions) if i != j else (s,):
                    value = LEVEL + sides["therapist"][i, s] + sides["client"][j, o]
                    value += NOISE * rng.standard_normal() + (mine.coupling if i == j else 0.0)
                    rows.append(
                        (signal, mine.code, s + 1.0, other.code, o + 1.0, mine.client, mine.therapist, value)
                    )
    return pd.DataFrame(rows, columns=COLUMNS)


def _of_hours(truth: Truth, rng: np.random.Generator) -> FloatArray:
    person = truth.hour_sd * rng.standard_normal((truth.dyads, 1))
    hours: FloatArray = person + truth.hour_sd * rng.standard_normal((truth.dyads, truth.sessions))
    return hours


def simulated_signals(
    truth: Truth, rng: np.random.Generator, *, weight: float, minutes: float = 30.0, sfreq: float = 2.0
) -> pd.DataFrame:
    """Return the table of signals: first-order noise, of which `weight` is common to a dyad, at its lag.

    Parameters
    ----------
    weight : float
        Share of the variance that the client takes from the therapist, `Dyad.lag` seconds later.
    """
    rows: list[dict[str, Any]] = []
    for dyad in dyads(truth, rng):
        lag = round(dyad.lag * sfreq)
        for session in range(1, truth.sessions + 1):
            n = round(60.0 * minutes * sfreq)
            common, own, other = (_noise(n + 2 * abs(lag), sfreq, rng) for _ in range(3))
            start = abs(lag)
            t = math.sqrt(weight) * common + math.sqrt(1.0 - weight) * own
            c = math.sqrt(weight) * np.roll(common, lag) + math.sqrt(1.0 - weight) * other
            speaks = np.zeros(n, np.float32)
            rows.append(
                dyad.keys(session)
                | {
                    "signal": "hr",
                    "sfreq": sfreq,
                    "begin": 300.0,
                    "client_values": c[start : start + n].astype(np.float32),
                    "therapist_values": t[start : start + n].astype(np.float32),
                    "client_speaks": speaks,
                    "therapist_speaks": speaks,
                }
            )
    return typed("signals", rows)


def _noise(n: int, sfreq: float, rng: np.random.Generator) -> FloatArray:
    from scipy.signal import lfilter

    keep = math.exp(-1.0 / (MEMORY * sfreq))
    white = rng.standard_normal(n) * math.sqrt(1.0 - keep**2)
    white[0] /= math.sqrt(1.0 - keep**2)
    out: FloatArray = lfilter([1.0], [1.0, -keep], white)
    return out
