"""Statements over the session so far: coupling above chance, and who leads, at fixed looks.

A single value outside its band means nothing (some always is); these rules hold for the session as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acquisition.stream import FloatArray, IntArray
from processing.coupling.permutation import Verdict, judge, seeded
from processing.coupling.wclc import TableShape
from processing.coupling.windows import tables, windows_at


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Fix when something is said.

    Parameters
    ----------
    n_permutations : int
    least_segments : int
        Fewer say nothing.
    p_leader : float
        Both p must reach it, at two successive looks.
    least_lag : float
        Smallest lag of a leader, in samples.
    """

    n_permutations: int
    least_segments: int
    p_leader: float
    least_lag: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Hold what one look says: p of the coupling, and 1, −1 or nan for the leader x, y or none."""

    p: float
    p_reason: str
    leader: float
    leader_reason: str
    share: float


class Looks:
    """Look at all segments of both people at once; between two looks only where they end is kept."""

    def __init__(self, shape: TableShape, rule: Rule, *, session_id: str, signal: str) -> None:
        self._shape = shape
        self._rule = rule
        self._seed = (session_id, signal)
        self._ends = np.empty(0, np.int64)
        self._side = 0

    def add(self, ends: IntArray) -> None:
        """Take in the segments that end at samples `ends` and are not yet in."""
        self._ends = np.concatenate([self._ends, ends])

    def look(self, number: int, x: FloatArray, y: FloatArray) -> Statement:
        """Return the statement of look `number`, which also seeds its random draws.

        Parameters
        ----------
        x, y : ndarray
            Signals of both people, from the beginning at least to the last segment's end.
        """
        n_all = len(self._ends)
        z = np.empty((self._shape.n_lags, 0, 0))
        if n_all:
            both = (windows_at(signal, self._ends, self._shape) for signal in (x, y))
            z = np.arctanh(tables(next(both), next(both), self._shape))
        matched = np.isfinite(np.einsum("kii->ki", z)).all(axis=0)
        n = int(matched.sum())
        share = n / n_all if n_all else 0.0
        if n < self._rule.least_segments:
            self._side = 0
            reason = "too few segments" if n else "no data"
            return Statement(p=np.nan, p_reason=reason, leader=np.nan, leader_reason=reason, share=share)
        rng = seeded(*self._seed, number)
        verdict = judge(z if n == n_all else z[:, matched][:, :, matched], self._rule.n_permutations, rng)
        side = leading_side(verdict, self._rule)
        named = side != 0 and side == self._side
        self._side = side
        return Statement(
            p=verdict.p_coupling,
            p_reason="",
            leader=float(side) if named else np.nan,
            leader_reason="" if named else "no clear leader",
            share=share,
        )


def leading_side(verdict: Verdict, rule: Rule) -> int:
    """Return 1 or −1 if this look alone points to x or y as leader, else 0."""
    clear = verdict.p_coupling <= rule.p_leader and verdict.p_lead <= rule.p_leader
    far = abs(verdict.lag) >= rule.least_lag and np.sign(verdict.lag) == verdict.side
    return verdict.side if clear and far else 0
