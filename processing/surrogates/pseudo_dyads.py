"""Pseudo-dyads: each therapist with the clients of other sessions, the null that keeps the course of an hour.

Two sessions at most are in memory at a time.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from acquisition.stream import FloatArray, IntArray
from processing.coupling.permutation import p_value
from processing.coupling.wclc import mean_over_lags
from processing.surrogates.segments import (
    NoValueWarning,
    checked_pair,
    in_samples,
    matched_segments,
    shortcoming,
)

Load = Callable[[], tuple[ArrayLike, ArrayLike]]
Statistic = Callable[[FloatArray, FloatArray], float]
LEAST_SESSIONS = 8


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class PseudoDyads:
    """Hold real sessions against pseudo ones; nan with a `reason` where there are too few.

    Parameters
    ----------
    real : ndarray, shape (n_sessions,)
        The statistic of each session.
    pseudo : ndarray, shape (n_sessions, n_partners)
        That of its therapist with other sessions' clients; nan where it has none.
    p : float
        Of the mean over sessions, among draws of one value, real or pseudo, per session.
    p_each : ndarray, shape (n_sessions,)
        Rank of each session among its own pseudo-dyads; never below 1 / (n_partners + 1).
    reasons : tuple of str
        Why a session takes no part; else empty.
    effect : float
        (mean of the draws subtracted from the mean of the real) / SD of the draws.
    """

    real: FloatArray
    pseudo: FloatArray
    p: float
    p_each: FloatArray
    effect: float
    reasons: tuple[str, ...]
    reason: str = ""


def pseudo_dyad_test(
    sessions: Sequence[Load],
    dyads: Sequence[str],
    statistic: Statistic,
    *,
    n_partners: int = 20,
    n_draws: int = 1000,
    rng: np.random.Generator,
) -> PseudoDyads:
    """Test whether sessions have more of a statistic than pseudo-dyads do.

    Parameters
    ----------
    sessions : sequence of callable
        Each loads one session when called: (therapist, client), shape (n,), nan where missing.
    dyads : sequence of str
        Code of the dyad of each session; sessions of the same dyad are no pseudo-dyads of each other.
    statistic : callable
        Takes (therapist, client), cut to the shorter of the two.
    n_partners : int
        Pseudo-dyads per session, drawn without replacement; fewer if there are not so many.

    Raises
    ------
    ValueError
        If there is not one dyad code per session.
    """
    if len(sessions) != len(dyads):
        raise ValueError(f"{len(sessions)} sessions, but {len(dyads)} dyad codes")
    partners = _partners(dyads, n_partners, rng)
    real, pseudo = np.full(len(sessions), np.nan), np.full(partners.shape, np.nan)
    reasons = [""] * len(sessions)
    for i, load in enumerate(sessions):
        therapist, client = load()
        real[i], reasons[i] = _value(statistic, therapist, client)
        del client
        for k, j in enumerate(partners[i].tolist()):
            if j >= 0:
                pseudo[i, k] = _value(statistic, therapist, sessions[j]()[1])[0]
        if not reasons[i] and not np.isfinite(pseudo[i]).any():
            reasons[i] = "no pseudo-dyad with a value"
    return _compared(real, pseudo, tuple(reasons), n_draws, rng)


def matched_coupling(
    therapist: ArrayLike,
    client: ArrayLike,
    *,
    sfreq: float,
    segment: float = 30.0,
    max_lag: float = 5.0,
    signed: bool = False,
    detrend: bool = False,
) -> float:
    """Return the statistic of `permutation_test` alone: the quickest one for thousands of pseudo-dyads.

    Mean over lags and segments of |atanh r|, or of atanh r if `signed`; without a usable segment nan, with a
    `NoValueWarning` that says why.

    Parameters
    ----------
    therapist, client : array_like, shape (n,)
        nan where missing; segments with under 80 % take no part.
    sfreq : float
        [Hz]
    segment, max_lag : float
        [s]

    Raises
    ------
    ValueError
        If the signals differ in length, or the lags reach past the segment.
    """
    x, y = checked_pair(therapist, client, sfreq)
    n = in_samples(segment, sfreq, "segment", least=4)
    lag = in_samples(max_lag, sfreq, "max_lag", least=1)
    z = matched_segments(x, y, n, lag, detrend=detrend)
    if len(z) == 0:
        why = f"no usable segment of {segment:g} s {shortcoming(x, y, sfreq)}"
        warnings.warn(why, NoValueWarning, stacklevel=2)
        return float("nan")
    return float(mean_over_lags(z if signed else np.abs(z)).mean())


def _value(statistic: Statistic, therapist: ArrayLike, client: ArrayLike) -> tuple[float, str]:
    """Return the statistic, and why it is nan."""
    x, y = np.asarray(therapist, np.float64), np.asarray(client, np.float64)
    n = min(len(x), len(y))
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always", NoValueWarning)
        value = float(statistic(x[:n], y[:n]))
    reason = "" if np.isfinite(value) else "the statistic is nan"
    for warning in said:
        if not issubclass(warning.category, NoValueWarning):
            warnings.warn_explicit(warning.message, warning.category, warning.filename, warning.lineno)
        elif reason:
            reason = str(warning.message)
    return value, reason


def _partners(dyads: Sequence[str], n_partners: int, rng: np.random.Generator) -> IntArray:
    """Return numbers of the sessions that lend their clients, −1 where there are none left."""
    rows = np.full((len(dyads), max(1, min(n_partners, len(dyads) - 1))), -1, np.int64)
    codes = np.array(dyads)
    for i in range(len(dyads)):
        others = rng.permutation(np.flatnonzero(codes != codes[i]))[: rows.shape[1]]
        rows[i, : len(others)] = others
    return rows


def _compared(
    real: FloatArray, pseudo: FloatArray, reasons: tuple[str, ...], n_draws: int, rng: np.random.Generator
) -> PseudoDyads:
    usable = np.isfinite(real) & np.isfinite(pseudo).any(axis=1)
    n = np.isfinite(pseudo).sum(axis=1)
    above = (pseudo >= real[:, None]).sum(axis=1)
    p_each = np.where(usable, (1.0 + above) / (n + 1.0), np.nan)
    p = effect = float("nan")
    reason = f"{int(usable.sum())} usable sessions, {LEAST_SESSIONS} are needed"
    if usable.sum() >= LEAST_SESSIONS:
        reason = ""
        choices = [np.append(real[i], pseudo[i][np.isfinite(pseudo[i])]) for i in np.flatnonzero(usable)]
        draws = np.mean([c[rng.integers(0, len(c), n_draws)] for c in choices], axis=0)
        mean, spread = float(real[usable].mean()), float(draws.std())
        p = p_value(mean, draws)
        effect = (mean - float(draws.mean())) / spread if spread > 0 else float("nan")
    return PseudoDyads(
        real=real, pseudo=pseudo, p=p, p_each=p_each, effect=effect, reasons=reasons, reason=reason
    )
