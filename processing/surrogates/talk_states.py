"""Coupling while the talk is in one state: nobody speaks, the client alone, the therapist alone.

The state is that of the moment of whoever leads at a lag. It describes: what remains of an hour in one state
is little, and turns come and go within a segment.
"""

from __future__ import annotations

import numpy as np

from acquisition.stream import BoolArray, FloatArray, IntArray
from processing.coupling.deciding import decide
from processing.coupling.speech import SPOKEN
from processing.coupling.wclc import R_LIMIT

STATES = ("silent", "client_talk", "therapist_talk")
LEAST_IN_STATE = 10.0
"""A segment needs so much time in the state at every lag [s]."""
LEAST_SEGMENTS = 12
"""So many segments; fewer say too little of a state."""


def in_state(therapist: FloatArray, client: FloatArray, state: str) -> BoolArray:
    """Return the moments in a state; those of which it is not known are in none.

    Parameters
    ----------
    therapist, client : ndarray, shape (n,)
        Speech, 0-1; nan where not known.
    """
    t, c = therapist >= SPOKEN, client >= SPOKEN
    known = np.isfinite(therapist) & np.isfinite(client)
    wanted = {"silent": ~t & ~c, "client_talk": c & ~t, "therapist_talk": t & ~c}[state]
    there: BoolArray = known & wanted
    return there


def p_in_state(
    x: FloatArray, y: FloatArray, mask: BoolArray, ends: IntArray, *, window: int, max_lag: int, sfreq: float
) -> tuple[float, int]:
    """Return the p of C over the moments of a state, and segments; nan with fewer than 12 of these.

    Parameters
    ----------
    x, y : ndarray, shape (n,)
        Signals without what goes with speech; nan where missing.
    mask : ndarray of bool, shape (n,)
    ends : ndarray of int
        Last sample of each segment.
    """
    ahead = [_of_leader(x, y, mask, ends, window, k) for k in range(max_lag + 1)]
    behind = [_of_leader(y, x, mask, ends, window, k) for k in range(max_lag + 1)]
    counts = np.array([count for count, _ in (*ahead, *behind)])
    # At lag 0 either may be the one whose moments count.
    middle = 0.5 * (ahead[0][1] + behind[0][1].T)
    z = np.array([*(z.T for _, z in behind[:0:-1]), middle, *(z for _, z in ahead[1:])])
    enough = (counts >= LEAST_IN_STATE * sfreq).all(axis=0) & np.isfinite(np.einsum("kii->ki", z)).all(axis=0)
    n = int(enough.sum())
    return (decide(z[:, enough][:, :, enough]).p if n >= LEAST_SEGMENTS else float("nan")), n


def _of_leader(
    leader: FloatArray, follower: FloatArray, mask: BoolArray, ends: IntArray, window: int, lag: int
) -> tuple[FloatArray, FloatArray]:
    """Return samples in the state per segment of the leader, and z of each with each of the follower.

    Both over the moments that are in the state, and known, in the leader's segment, `lag` samples earlier.
    """
    at = ends[:, None] + np.arange(1 - window, 1)
    a, b = leader[at - lag], follower[at]
    weight = (mask[at - lag] & np.isfinite(a)).astype(np.float64)
    a = np.where(weight > 0.0, a - np.nanmean(leader), 0.0)
    # What is missing of the follower stands in its own mean, which neither helps nor hinders.
    there = np.isfinite(b)
    mean = np.where(there, b, 0.0).sum(axis=1, keepdims=True) / np.maximum(
        there.sum(axis=1, keepdims=True), 1
    )
    b = np.where(there, b - mean, 0.0)
    count = weight.sum(axis=1)
    n = np.maximum(count, 1.0)[:, None]
    sa, sb = a.sum(axis=1)[:, None], weight @ b.T
    va = (a * a).sum(axis=1)[:, None] - sa * sa / n
    vb = weight @ (b * b).T - sb * sb / n
    known = (va > 0.0) & (vb > 1e-12 * np.maximum((b * b).sum(axis=1), 1e-300)[None, :])
    r = np.where(known, a @ b.T - sa * sb / n, np.nan) / np.sqrt(np.where(known, va * vb, 1.0))
    return count, np.arctanh(np.clip(r, -R_LIMIT, R_LIMIT))
