"""Synthetic dyads with known coupling, and index samples made of them."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

from acquisition.stream import FloatArray
from processing.index import IndexSample


def autoregressive(rng: np.random.Generator, n: int, *, sfreq: float, tau: float) -> FloatArray:
    """Return a stationary AR(1) signal of unit variance with correlation time `tau` [s]."""
    a, burn = float(np.exp(-1.0 / (sfreq * tau))), int(10 * tau * sfreq)
    noise = rng.standard_normal(n + burn)
    signal: FloatArray = lfilter([np.sqrt(1.0 - a * a)], [1.0, -a], noise)[burn:]
    return signal


def coupled(
    rng: np.random.Generator, n: int, *, sfreq: float, lead: float, mix: float, tau: float = 2.0
) -> tuple[FloatArray, FloatArray]:
    """Return therapist and client; the client follows by `lead` seconds with weight `mix`."""
    shift = round(lead * sfreq)
    x = autoregressive(rng, n + shift, sfreq=sfreq, tau=tau)
    own = autoregressive(rng, n, sfreq=sfreq, tau=tau)
    return x[shift:], np.sqrt(1.0 - mix**2) * own + mix * x[:n]


def grid_rows(
    index: str, entity: str, values: FloatArray, *, sfreq: float, start: float = 0.0, delay: float = 1.0
) -> list[IndexSample]:
    """Return index samples on a grid; nan values are left out, as a silent sensor leaves them out. Intervals
    come with the class of a normal beat."""
    rows = [
        IndexSample(start + k / sfreq, start + k / sfreq + delay, entity, index, float(v), "", 1.0, "")
        for k, v in enumerate(values)
        if np.isfinite(v)
    ]
    return rows + classes(rows) if index == "ibi" else rows


def classes(rows: list[IndexSample], kind: float = 0.0, *, later: float = 0.0) -> list[IndexSample]:
    """Return the class of the beat of each interval, available so much later [s]."""
    return [
        row._replace(index="ibi_class", value=kind, unit="", available=row.available + later) for row in rows
    ]
