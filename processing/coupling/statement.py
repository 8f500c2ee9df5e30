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

UNSTATED = "coupling not stated"
"""Why nobody leads where no coupling is stated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Fix when something is said.

    Parameters
    ----------
    n_permutations : int
    least_segments : int
        Fewer say nothing.
    p_stated : float
        Largest p of a look that states coupling; it stands for that look alone.
    p_leader : float
        Both p must reach it, at two successive looks.
    least_lag : float
        Smallest lag of a leader, in samples.
    """

    n_permutations: int
    least_segments: int
    p_leader: float
    least_lag: float
    p_stated: float = 0.001


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """Hold what one look says.

    Parameters
    ----------
    p : float
        Of the coupling.
    stated : float
        1 where coupling above chance may be said, 0 where not, nan where it was not tested.
    reason : str
        Why it was not tested.
    leader : float
        Where coupling is stated: 1 or −1 for the leader x or y, 0 where the peak is at lag 0 (both moved
        together), nan where nobody clearly leads.
    leader_reason : str
    share : float
        Share of the segments that took part.
    """

    p: float
    stated: float
    reason: str
    leader: float
    leader_reason: str
    share: float


def unsaid(reason: str, share: float = 0.0) -> Statement:
    """Return the statement that nothing was tested."""
    nan = float("nan")
    return Statement(p=nan, stated=nan, reason=reason, leader=nan, leader_reason=reason, share=share)


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
            return unsaid(reason, share)
        rng = seeded(*self._seed, number)
        verdict = judge(z if n == n_all else z[:, matched][:, :, matched], self._rule.n_permutations, rng)
        before, self._side = self._side, leading_side(verdict, self._rule)
        stated = verdict.p_coupling <= self._rule.p_stated
        leader, why = self._leader(verdict, before) if stated else (np.nan, UNSTATED)
        return Statement(
            p=verdict.p_coupling,
            stated=float(stated),
            reason="",
            leader=leader,
            leader_reason=why,
            share=share,
        )

    def _leader(self, verdict: Verdict, before: int) -> tuple[float, str]:
        if self._side != 0 and self._side == before:
            return float(self._side), ""
        return (0.0, "") if verdict.lag == 0 else (np.nan, "no clear leader")


def leading_side(verdict: Verdict, rule: Rule) -> int:
    """Return 1 or −1 if this look alone points to x or y as leader, else 0."""
    clear = verdict.p_coupling <= rule.p_leader and verdict.p_lead <= rule.p_leader
    far = abs(verdict.lag) >= rule.least_lag and np.sign(verdict.lag) == verdict.side
    return verdict.side if clear and far else 0
