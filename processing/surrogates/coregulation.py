"""Co-regulation: how each person's next change follows from the other's level.

dC(t) = a + κ C(t − 1) + γ T(t − 1), and the same with the people exchanged. A p comes from pseudo-dyads only
(`pseudo_dyads`): autocorrelation makes the regression's own one meaningless.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from acquisition.stream import FloatArray
from processing.surrogates.segments import checked_pair, in_samples, shortcoming

LEAST_STEPS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Coregulation:
    """Hold both directions; nan with a `reason` where they cannot be estimated.

    Parameters
    ----------
    client_return, therapist_return : float
        κ: share of the own distance from the mean that is made up in a step (negative: back to the mean).
    client_gain, therapist_gain : float
        γ: change of the client per SD of the therapist [SD per step], and the other way round.
    n : int
        Steps used.
    """

    client_return: float
    client_gain: float
    therapist_return: float
    therapist_gain: float
    n: int
    reason: str = ""


def coregulation(therapist: ArrayLike, client: ArrayLike, *, sfreq: float, step: float = 1.0) -> Coregulation:
    """Estimate co-regulation in both directions by least squares, on means over steps, standardised.

    Parameters
    ----------
    therapist, client : array_like, shape (n,)
        nan where missing; a step with under half its samples is missing, as are the changes that touch it.
    sfreq : float
        [Hz]
    step : float
        [s]

    Raises
    ------
    ValueError
        If the signals differ in length.
    """
    x, y = checked_pair(therapist, client, sfreq)
    length = in_samples(step, sfreq, "step", least=1)
    a, b = _standardised(_steps(x, length)), _standardised(_steps(y, length))
    ok = np.isfinite(a[1:]) & np.isfinite(a[:-1]) & np.isfinite(b[1:]) & np.isfinite(b[:-1])
    n = int(ok.sum())
    if n < LEAST_STEPS:
        nan = float("nan")
        return Coregulation(
            client_return=nan,
            client_gain=nan,
            therapist_return=nan,
            therapist_gain=nan,
            n=n,
            reason=f"{n} usable steps of {step:g} s, {LEAST_STEPS} are needed {shortcoming(x, y, sfreq)}",
        )
    client_return, client_gain = _fit(b, a, ok)
    therapist_return, therapist_gain = _fit(a, b, ok)
    return Coregulation(
        client_return=client_return,
        client_gain=client_gain,
        therapist_return=therapist_return,
        therapist_gain=therapist_gain,
        n=n,
    )


def _fit(own: FloatArray, other: FloatArray, ok: np.ndarray) -> tuple[float, float]:
    design = np.stack([np.ones(int(ok.sum())), own[:-1][ok], other[:-1][ok]], axis=1)
    weights = np.linalg.lstsq(design, np.diff(own)[ok], rcond=None)[0]
    return float(weights[1]), float(weights[2])


def _steps(signal: FloatArray, length: int) -> FloatArray:
    """Return means over adjoining steps; the tail is dropped."""
    cut = signal[: len(signal) // length * length].reshape(-1, length)
    mask = np.isfinite(cut)
    count = mask.sum(axis=1)
    total = np.where(mask, cut, 0.0).sum(axis=1)
    return np.where(2 * count >= length, total / np.maximum(count, 1), np.nan)


def _standardised(values: FloatArray) -> FloatArray:
    """Return values with mean 0 and SD 1; all nan if they do not vary."""
    there = values[np.isfinite(values)]
    spread = float(there.std()) if len(there) else 0.0
    if spread <= 1e-12 * float(np.abs(there).max(initial=0.0)):
        return np.full_like(values, np.nan)
    standard: FloatArray = (values - there.mean()) / spread
    return standard
