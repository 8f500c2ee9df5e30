"""SUSY: surrogate synchrony of segments, for comparison with the literature.

References
----------
Tschacher & Meier (2020), doi:10.1080/10503307.2019.1612114; R package SUSY 0.1.0.

Departures
----------
- Lag > 0 means that the client follows; SUSY's own sign is opposite.
- A segment with under 80 % of its samples, or without any variation, is left out; SUSY deletes missing rows
  and closes the gap, and counts a constant segment as 0. Without either the results agree to 1e-10.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from acquisition.stream import FloatArray
from processing.surrogates.segments import (
    WHOLE,
    SegmentTable,
    checked_pair,
    in_samples,
    row_blocks,
    segment_table,
    shortcoming,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Susy:
    """Hold SUSY's results; nan with a `reason` where they do not exist.

    Parameters
    ----------
    z, z_pseudo : float
        Mean |atanh r| over lags and segments, of matched and of all mismatched segments.
    es_susy : float
        (z − z_pseudo) / SD over lags of z_pseudo. **Not a test**: on independent pairs the signed one is
        beyond 1.96 in 73-93 % of cases. `permutation_test` is one.
    z_signed, z_pseudo_signed, es_susy_signed : float
        The same of atanh r.
    z_therapist_leads, z_client_leads : float
        Mean |atanh r| over the lags at which that person leads; lag 0 is in neither.
    n_segments : int
        Segments used in both people.
    """

    z: float
    z_pseudo: float
    es_susy: float
    z_signed: float
    z_pseudo_signed: float
    es_susy_signed: float
    z_therapist_leads: float
    z_client_leads: float
    n_segments: int
    reason: str = ""


def susy(
    therapist: ArrayLike,
    client: ArrayLike,
    *,
    sfreq: float,
    segment: float = 30.0,
    max_lag: float = 5.0,
) -> Susy:
    """Return SUSY's Z, its pseudo-synchrony and effect sizes.

    Parameters
    ----------
    therapist, client : array_like, shape (n,)
        nan where missing.
    sfreq : float
        Rate of both [Hz].
    segment, max_lag : float
        Length of the segments and reach of the lags [s].

    Raises
    ------
    ValueError
        If the signals differ in length, or the lags reach past the segment.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> shared = np.cumsum(rng.standard_normal(4 * 600)) * 0.1
    >>> x, y = (shared + rng.standard_normal(4 * 600) for _ in range(2))
    >>> found = susy(x, y, sfreq=4.0)
    >>> found.n_segments, found.z > found.z_pseudo
    (20, True)

    References
    ----------
    doi:10.1080/10503307.2019.1612114
    """
    x, y = checked_pair(therapist, client, sfreq)
    n = in_samples(segment, sfreq, "segment", least=4)
    lag = in_samples(max_lag, sfreq, "max_lag", least=1)
    if len(x) // n > WHOLE:
        return _long(x, y, n, lag, segment, sfreq)
    table = segment_table(x, y, n, lag)
    n_segments = int(table.both.sum())
    if n_segments < 2:
        reason = f"{n_segments} usable segments of {segment:g} s, 2 are needed {shortcoming(x, y, sfreq)}"
        return Susy(**dict.fromkeys(_NUMBERS, float("nan")), n_segments=n_segments, reason=reason)
    return _from_table(table, n_segments)


_NUMBERS = (
    "z",
    "z_pseudo",
    "es_susy",
    "z_signed",
    "z_pseudo_signed",
    "es_susy_signed",
    "z_therapist_leads",
    "z_client_leads",
)


def _long(x: FloatArray, y: FloatArray, n: int, lag: int, segment: float, sfreq: float) -> Susy:
    """Return the same of a long session, whose table of all pairs is never held whole."""
    sums, n_pairs = np.zeros((2, 2 * lag + 1)), 0
    own: list[FloatArray] = [np.empty((0, 2 * lag + 1))]
    for z, matched in row_blocks(x, y, n, lag, both=False):
        others = z[~matched]
        sums += np.array([np.abs(others).sum(axis=0), others.sum(axis=0)])
        n_pairs += len(others)
        own.append(z[matched])
    diagonal = np.concatenate(own)
    if len(diagonal) < 2:
        reason = f"{len(diagonal)} usable segments of {segment:g} s, 2 are needed {shortcoming(x, y, sfreq)}"
        return Susy(**dict.fromkeys(_NUMBERS, float("nan")), n_segments=len(diagonal), reason=reason)
    mean, signed = np.abs(diagonal).mean(axis=0), diagonal.mean(axis=0)
    return _of_profiles(mean, sums[0] / n_pairs, signed, sums[1] / n_pairs, len(diagonal))


def _from_table(table: SegmentTable, n_segments: int) -> Susy:
    return _of_profiles(*profiles(np.abs(table.z)), *profiles(table.z), n_segments)


def _of_profiles(
    matched: FloatArray,
    mismatched: FloatArray,
    signed: FloatArray,
    mismatched_signed: FloatArray,
    n_segments: int,
) -> Susy:
    lag = len(matched) // 2
    return Susy(
        z=float(matched.mean()),
        z_pseudo=float(mismatched.mean()),
        es_susy=_effect(matched, mismatched),
        z_signed=float(signed.mean()),
        z_pseudo_signed=float(mismatched_signed.mean()),
        es_susy_signed=_effect(signed, mismatched_signed),
        z_therapist_leads=float(matched[lag + 1 :].mean()),
        z_client_leads=float(matched[:lag].mean()),
        n_segments=n_segments,
    )


def profiles(z: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the mean over matched and over mismatched pairs of segments at each lag."""
    there = np.isfinite(z[:, :, z.shape[2] // 2])
    own = np.eye(len(z), dtype=bool)
    return z[there & own].mean(axis=0), z[there & ~own].mean(axis=0)


def _effect(matched: FloatArray, mismatched: FloatArray) -> float:
    spread = float(mismatched.std(ddof=1))
    return float(matched.mean() - mismatched.mean()) / spread if spread > 0 else float("nan")
