"""Statements over the session so far: coupling above chance, and who leads, at fixed looks.

A single value outside its band means nothing (some always is); these rules hold for the session as a whole.
The whole hour is judged by the same `compared` and `decide`, afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np

from acquisition.stream import BoolArray, FloatArray, IntArray
from processing.coupling.common import Segments
from processing.coupling.config import SynchronyConfig
from processing.coupling.deciding import Decision, decide
from processing.coupling.said import NO_SPEECH
from processing.coupling.speech import regressors, without_speech
from processing.coupling.wclc import TableShape
from processing.coupling.windows import tables, windows_at
from processing.indices import SIGNALS

UNSTATED = "coupling not stated"
"""Why nobody leads where no coupling is stated."""
TOO_FEW = "too few segments"
ALL_TAKEN = "too few segments clear of common events"
SPEECH_GAPS = "too few segments in which speech is known"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Fix when something is said.

    Parameters
    ----------
    sfreq : float
        Rate of the signals [Hz].
    courses : bool
        What follows the beginning of a turn for up to a minute is taken out, too.
    least_segments : int
        Fewer say nothing.
    p_stated : float
        Largest p of a look that states coupling; it stands for that look alone.
    p_leader : float
        Both p must reach it, at two successive looks.
    least_lag : float
        Smallest lag of a leader, in samples.
    """

    sfreq: float
    courses: bool
    least_segments: int
    p_stated: float
    p_leader: float
    least_lag: float


def rule_of(signal: str, config: SynchronyConfig) -> Rule:
    """Return the rule of a signal."""
    return Rule(
        sfreq=SIGNALS[signal].sfreq,
        courses=SIGNALS[signal].courses,
        least_segments=config.least_segments,
        p_stated=config.p_stated,
        p_leader=config.p_leader,
        least_lag=config.least_lag * SIGNALS[signal].sfreq,
    )


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
        Share of the segments of the hour so far that took part.
    """

    p: float
    stated: float
    reason: str
    leader: float
    leader_reason: str
    share: float


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Pair:
    """Hold both people on one grid: signals, speech (0-1), nan where missing; each of shape (n,)."""

    x: FloatArray
    y: FloatArray
    x_speaks: FloatArray
    y_speaks: FloatArray

    @property
    def speech_known(self) -> bool:
        """Tell whether it is known of both, at some time, whether they spoke."""
        return bool(np.isfinite(self.x_speaks).any() and np.isfinite(self.y_speaks).any())

    def without_speech(
        self, ends: IntArray, window: int, *, sfreq: float, courses: bool
    ) -> tuple[FloatArray, FloatArray]:
        """Return both signals less what goes with the speech of both (`processing.coupling.speech`)."""
        own, other = (
            regressors(said, sfreq=sfreq, courses=courses) for said in (self.x_speaks, self.y_speaks)
        )
        return (
            without_speech(self.x, own, other, ends=ends, window=window),
            without_speech(self.y, other, own, ends=ends, window=window),
        )


def unsaid(reason: str, share: float = 0.0) -> Statement:
    """Return the statement that nothing was tested."""
    nan = float("nan")
    return Statement(p=nan, stated=nan, reason=reason, leader=nan, leader_reason=reason, share=share)


def compared(x: FloatArray, y: FloatArray, ends: IntArray, shape: TableShape) -> tuple[FloatArray, IntArray]:
    """Return z of each segment of x with each of y at each lag, of those whole enough in both.

    Straight lines are taken out of each window: what only drifts together is no coupling.

    Parameters
    ----------
    ends : ndarray of int
        Last sample of each segment; the signals reach back W + L − 1 samples before the first.

    Returns
    -------
    z : ndarray, shape (2L + 1, n, n)
    ends : ndarray of int, shape (n,)
        Of the segments that it holds.
    """
    if not len(ends):
        return np.empty((shape.n_lags, 0, 0)), ends
    straight = replace(shape, detrend=True)
    z = np.arctanh(tables(windows_at(x, ends, straight), windows_at(y, ends, straight), straight))
    matched = np.isfinite(np.einsum("kii->ki", z)).all(axis=0)
    return (z, ends) if matched.all() else (z[:, matched][:, :, matched], ends[matched])


class Looks:
    """Look at all segments of both people at once."""

    def __init__(self, shape: TableShape, rule: Rule) -> None:
        self._shape = shape
        self._rule = rule
        self._side = 0

    def look(self, pair: Pair, segments: Segments) -> Statement:
        """Return the statement of the next look; `pair` reaches at least to the last segment's end."""
        rule = self._rule
        before, self._side = self._side, 0
        ends, inside, taken = segments.ends, segments.inside, segments.taken
        n_all = int(inside.sum())
        if untested := why_untested(pair, ends, inside, self._shape):
            return unsaid(untested)
        x, y = pair.without_speech(taken, self._shape.window, sfreq=rule.sfreq, courses=rule.courses)
        z, _ = compared(x, y, taken, self._shape)
        share = z.shape[1] / n_all
        if z.shape[1] < rule.least_segments:
            return unsaid(why_too_few(pair, ends[inside], taken, self._shape, rule.least_segments), share)
        found = decide(z)
        self._side = leading_side(found, rule)
        stated = found.p <= rule.p_stated
        leader, why = self._leader(found, before) if stated else (np.nan, UNSTATED)
        return Statement(
            p=found.p, stated=float(stated), reason="", leader=leader, leader_reason=why, share=share
        )

    def _leader(self, found: Decision, before: int) -> tuple[float, str]:
        if self._side != 0 and self._side == before:
            return float(self._side), ""
        return (0.0, "") if found.lag == 0 else (np.nan, "no clear leader")


def why_untested(pair: Pair, ends: IntArray, inside: BoolArray, shape: TableShape) -> str:
    """Return why nothing can be tested at all: no data, none in the hour, or no speech; "" if it can."""
    if not _measured(pair, ends[inside], shape):
        return TOO_FEW if _measured(pair, ends, shape) else "no data"
    return "" if pair.speech_known else NO_SPEECH


def why_too_few(pair: Pair, ends: IntArray, taken: IntArray, shape: TableShape, least: int) -> str:
    """Return why too few segments are left: too few data, common events, or speech that is not known."""
    if _measured(pair, ends, shape) < least:
        return TOO_FEW
    return SPEECH_GAPS if _measured(pair, taken, shape) >= least else ALL_TAKEN


def _measured(pair: Pair, ends: IntArray, shape: TableShape) -> int:
    """Return how many segments have enough of both signals, whatever is known of speech."""
    both = (np.isfinite(pair.x) & np.isfinite(pair.y)).astype(np.float64)
    total = np.concatenate([[0.0], np.cumsum(both)])
    covered = total[ends + 1] - total[ends + 1 - shape.window]
    return int(np.count_nonzero(covered >= shape.coverage * shape.window))


def leading_side(found: Decision, rule: Rule) -> int:
    """Return 1 or −1 if x or y clearly leads, as far as this alone tells, else 0."""
    return clear_side(found, p=found.p, p_leader=rule.p_leader, least_lag=rule.least_lag)


class Sided(Protocol):
    """Say of the lead contrast how sure it is and to whom it points, and at which lag coupling is largest."""

    @property
    def p_lead(self) -> float:
        """Return the p of the contrast."""

    @property
    def side(self) -> int:
        """Return 1 for x, −1 for y."""

    @property
    def lag(self) -> int:
        """Return the lag in samples."""


def clear_side(of: Sided, *, p: float, p_leader: float, least_lag: float) -> int:
    """Return 1 or −1 where both p reach `p_leader` and the lag is far enough on the side of the contrast."""
    far = abs(of.lag) >= least_lag and np.sign(of.lag) == of.side
    return of.side if p <= p_leader and of.p_lead <= p_leader and far else 0
