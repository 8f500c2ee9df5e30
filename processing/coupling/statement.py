"""Statements over the session so far: coupling above chance, and who leads, at fixed looks.

A single value outside its band means nothing (some always is); these rules hold for the session as a whole.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acquisition.stream import FloatArray, IntArray
from processing.coupling.permutation import Verdict, judge, seeded
from processing.coupling.wclc import TableShape
from processing.coupling.windows import Windows, joined, tables, windows_at


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
    """Collect segments of both people and look at all of them at once."""

    def __init__(self, shape: TableShape, rule: Rule, *, session_id: str, signal: str) -> None:
        self._shape = shape
        self._rule = rule
        self._seed = (session_id, signal)
        self._x: list[Windows] = []
        self._y: list[Windows] = []
        self._n = 0
        self._z = np.empty((shape.n_lags, 64, 64))
        self._side = 0

    def add(self, x: FloatArray, y: FloatArray, ends: IntArray) -> None:
        """Take in the segments of x and y that end at samples `ends` and are not yet in."""
        if len(ends) == 0:
            return
        new_x, new_y = (windows_at(signal, ends, self._shape) for signal in (x, y))
        n, total = self._n, self._n + len(ends)
        while total > self._z.shape[1]:
            wider = np.empty((self._shape.n_lags, 2 * self._z.shape[1], 2 * self._z.shape[1]))
            wider[:, :n, :n] = self._z[:, :n, :n]
            self._z = wider
        self._fill(slice(n, total), slice(n, total), new_x, new_y)
        if n:
            self._fill(slice(n, total), slice(n), new_x, joined(self._y))
            self._fill(slice(n), slice(n, total), joined(self._x), new_y)
        self._x.append(new_x)
        self._y.append(new_y)
        self._n = total

    def _fill(self, rows: slice, columns: slice, x: Windows, y: Windows) -> None:
        self._z[:, rows, columns] = np.arctanh(tables(x, y, self._shape))

    def look(self, number: int) -> Statement:
        """Return the statement of look `number`, which also seeds its random draws."""
        z = self._z[:, : self._n, : self._n]
        matched = np.isfinite(np.einsum("kii->ki", z)).all(axis=0)
        n = int(matched.sum())
        share = n / self._n if self._n else 0.0
        if n < self._rule.least_segments:
            self._side = 0
            reason = "too few segments" if n else "no data"
            return Statement(p=np.nan, p_reason=reason, leader=np.nan, leader_reason=reason, share=share)
        rng = seeded(*self._seed, number)
        verdict = judge(z if n == self._n else z[:, matched][:, :, matched], self._rule.n_permutations, rng)
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
