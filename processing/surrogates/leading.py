"""Who leads over a whole session, at which lag, and how surely."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from acquisition.stream import FloatArray
from processing.coupling.permutation import Verdict, judge
from processing.coupling.statement import clear_side
from processing.coupling.wclc import TableShape
from processing.coupling.windows import tables, windows_at
from processing.surrogates.segments import COVERAGE, checked_pair, in_samples, shortcoming
from processing.surrogates.surrogates import LEAST_SEGMENTS

HALF_LEAST = 0.25
"""Half an interval is at least this, in samples: what lies between samples is not known better."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """Hold who leads.

    Parameters
    ----------
    lag : float
        Lag at which mean z of the matched segments is farthest from that of permuted ones [s]; > 0: the
        client follows.
    interval : tuple of float
        lag ± the 95 % point of |lag* − lag|, lag* from segments drawn anew with replacement [s], around both
        readings of the peak between samples, round (a parabola) and pointed (two straight lines), and never
        narrower than half a sample. Percentiles of lag* hold the true lag in 89-93 % only: where the peak is
        lopsided they lie on the wrong side.
    leader : "therapist", "client" or None
        None: no clear leader.
    p_coupling, p_lead : float
        Of the largest studentised |mean z| over lags, and of the contrast between the two directions.
    n_segments : int
    reason : str
        Why there is no leader or no lag.
    """

    lag: float
    interval: tuple[float, float]
    leader: str | None
    p_coupling: float
    p_lead: float
    n_segments: int
    reason: str = ""


def lead(
    therapist: ArrayLike,
    client: ArrayLike,
    *,
    sfreq: float,
    segment: float = 30.0,
    max_lag: float = 5.0,
    n_permutations: int = 1000,
    n_bootstrap: int = 1000,
    least_lag: float = 0.5,
    p_leader: float = 0.05,
    detrend: bool = False,
    rng: np.random.Generator,
) -> Lead:
    """Find the lag of the coupling and name a leader where that is clear.

    A leader is named when the coupling and the lead contrast both have p ≤ `p_leader` against permuted
    segments, the lag has the sign of the contrast and is at least `least_lag` from 0, and not at the edge.

    Parameters
    ----------
    therapist, client : array_like, shape (n,)
        nan where missing.
    sfreq : float
        [Hz]
    segment, max_lag, least_lag : float
        [s]
    detrend : bool
        Take a straight line out of each window.

    Raises
    ------
    ValueError
        If the signals differ in length.

    References
    ----------
    Boker et al. (2002), doi:10.1037/1082-989X.7.3.338, for the geometry of the windows.
    """
    x, y = checked_pair(therapist, client, sfreq)
    shape = TableShape(
        window=in_samples(segment, sfreq, "segment", least=4),
        max_lag=in_samples(max_lag, sfreq, "max_lag", least=1),
        coverage=COVERAGE,
        renew=len(x) + 1,
        detrend=detrend,
    )
    z = _matched(x, y, shape)
    if z.shape[1] < LEAST_SEGMENTS:
        why = shortcoming(x, y, sfreq)
        reason = f"{z.shape[1]} usable segments of {segment:g} s, {LEAST_SEGMENTS} are needed {why}"
        return unknown(reason, z.shape[1])
    return lead_of(
        z,
        sfreq=sfreq,
        n_permutations=n_permutations,
        n_bootstrap=n_bootstrap,
        least_lag=least_lag,
        p_leader=p_leader,
        rng=rng,
    )


def unknown(reason: str, n_segments: int) -> Lead:
    """Return that nothing is known of a lag."""
    nan = float("nan")
    return Lead(
        lag=nan,
        interval=(nan, nan),
        leader=None,
        p_coupling=nan,
        p_lead=nan,
        n_segments=n_segments,
        reason=reason,
    )


def lead_of(
    z: FloatArray,
    *,
    sfreq: float,
    n_permutations: int = 1000,
    n_bootstrap: int = 1000,
    least_lag: float,
    p_leader: float,
    rng: np.random.Generator,
) -> Lead:
    """Find lag and leader from z of segments with segments, as `lead` does.

    Parameters
    ----------
    z : ndarray, shape (2L + 1, n, n)
        As of `processing.coupling.statement.compared`.
    """
    verdict = judge(z, n_permutations, rng)
    side = clear_side(verdict, p=verdict.p_coupling, p_leader=p_leader, least_lag=least_lag * sfreq)
    return _named(z, verdict, side, n_bootstrap, sfreq, rng)


def _matched(x: FloatArray, y: FloatArray, shape: TableShape) -> FloatArray:
    """Return z of all pairs of segments that are whole enough in both people at every lag."""
    ends = np.arange(shape.window + shape.max_lag - 1, len(x), shape.window)
    if len(ends) == 0:
        return np.empty((shape.n_lags, 0, 0))
    z = np.arctanh(tables(windows_at(x, ends, shape), windows_at(y, ends, shape), shape))
    whole = np.isfinite(np.einsum("kii->ki", z)).all(axis=0)
    return z[:, whole][:, :, whole]


def _named(
    z: FloatArray, verdict: Verdict, leading: int, n_bootstrap: int, sfreq: float, rng: np.random.Generator
) -> Lead:
    n, reach = z.shape[1], len(z) // 2
    matched = np.einsum("kii->ik", z)
    draws = rng.multinomial(n, np.full(n, 1.0 / n), size=n_bootstrap) / n
    # Not studentised: the spread of 1000 permutations is rough enough to bend a peak by a hundredth second.
    profile = matched.mean(axis=0)[None] - verdict.middle
    own, pointed = float(_peak_lags(profile)[0]), float(_peak_lags(profile, pointed=True)[0])
    away = float(np.quantile(np.abs(_peak_lags(draws @ matched - verdict.middle) - own), 0.95))
    low = max(min(min(own, pointed) - away, own - HALF_LEAST), -reach)
    high = min(max(max(own, pointed) + away, own + HALF_LEAST), reach)
    # To the nanosecond: the order of sums differs when the people are exchanged, and must not be seen.
    low, high = round(low / sfreq, 9), round(high / sfreq, 9)
    edge = max(abs(verdict.lag), abs(own)) >= reach
    side = 0 if edge or np.sign(own) != verdict.side else leading
    reason = "peak at the edge of the lags" if edge else "" if side else "no clear leader"
    return Lead(
        lag=float("nan") if edge else round(own / sfreq, 9),
        interval=(low, high),
        leader={1: "therapist", -1: "client", 0: None}[side],
        p_coupling=verdict.p_coupling,
        p_lead=verdict.p_lead,
        n_segments=n,
        reason=reason,
    )


def _peak_lags(strengths: FloatArray, *, pointed: bool = False) -> FloatArray:
    """Return the lag of the largest |value| of each row, in samples, refined between samples.

    By a parabola through three values, or by two straight lines of one slope if `pointed`.
    """
    size = np.abs(strengths)
    n_lags = size.shape[1]
    at = size.argmax(axis=1)
    rows, inner = np.arange(len(size)), np.clip(at, 1, n_lags - 2)
    before, top, after = (size[rows, inner + d] for d in (-1, 0, 1))
    drop = top - np.minimum(before, after) if pointed else 2.0 * top - before - after
    shift = np.where((at == inner) & (drop > 0), 0.5 * (after - before) / np.where(drop > 0, drop, 1.0), 0.0)
    lags: FloatArray = at + np.clip(shift, -0.5, 0.5) - n_lags // 2
    return lags
