"""Interbeat intervals as they are judged: codes, tables, and the judging of a whole series at once."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np

from acquisition.stream import BoolArray, FloatArray
from processing.heart.rpeaks_refine import TURNING
from processing.heart.waves.passed import FAINT, NONE, WEAK

NORMAL, ECTOPIC, LONG, SHORT, MISPLACED = 0.0, 1.0, 2.0, 3.0, 4.0
"""Codes of `ibi_class`; nan where a beat was not judged."""

UNLIKE = "unlike other beats"
"""Fault of a beat that is one, but of another shape than the trusted ones: it is judged, and not normal."""
REJECTED, MARKED = "rejected by hand", "marked as artefact by hand"
"""Faults of a beat that somebody has judged: one whose intervals are void, and one that is no signal."""
MISSING = "samples missing"
PASSED_OVER = "a beat may be missing"
"""Said of an interval in which the detector passed over what may be a beat."""
ASTRAY = "R peak on another wave"
"""Said of the intervals beside a beat whose mark lies on another deflection than the person's own."""

SAID = {
    ECTOPIC: "early beat",
    SHORT: "extra beat",
    LONG: "long interval",
    MISPLACED: "late beat",
    NORMAL: "another rhythm begins",
}
"""What is said of the interval before a beat that proves not to be normal."""

EVEN, IRREGULAR, ALTERNATING, CHANGED, ACCEPTED, DOUBTED, ROUGH = 0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0
"""What the intervals up to a beat were like: see `Intervals.rhythms`."""


Row = TypeVar("Row", bound=tuple[Any, ...])


def made_of(kind: type[Row]) -> Callable[[tuple[Any, ...]], Row]:
    """Return what makes a row of all its fields in order, as `kind._make` does, at a third of the cost: for
    those of which there are several for each beat."""
    return partial(tuple.__new__, kind)


class Intervals(NamedTuple):
    """Hold judged intervals, one row per beat, in time order.

    Fields
    ------
    times : ndarray, shape (n,)
        The beat that ends the interval [s].
    values : ndarray, shape (n,)
        NN interval [ms]: between two normal beats in a row; nan otherwise. Nothing stands in for the others.
    classes : ndarray, shape (n,)
        Code of the beat; nan where it was not judged.
    spans : ndarray, shape (n,)
        Time up to the beat between two beats that were judged, normal or not [s]; 0 otherwise.
    paired : ndarray of bool, shape (n,)
        This interval and the one before are both NN and follow each other: their difference counts.
    doubtful : ndarray of bool, shape (n,)
        Whether the beat is normal or not rests on its time alone, or its shape is at the limit.
    rhythms : ndarray, shape (n,)
        0; 1 where the intervals up to here are irregular, 2 where short and long ones alternate, 3 where
        another rhythm was taken up, 4 where somebody has accepted the beat, whatever its rhythm, 5 where a
        beat before it may be missing and else nothing is said, 6 where the interval is known to the width of
        a QRS, too, since a mark of its lies on another deflection.
    placing : ndarray, shape (n,)
        Standard deviation of the error of the beat's R peak [ms]; nan where nothing tells it: only the time
        is known, or somebody vouches for the beat.
    turning : ndarray, shape (n, 10)
        How the shape of the QRS turns, as `Beats.turning` has it; nan where `placing` is.
    reasons : list of str
        Why the value is nan; "" otherwise.
    """

    times: FloatArray
    values: FloatArray
    classes: FloatArray
    spans: FloatArray
    paired: BoolArray
    doubtful: BoolArray
    rhythms: FloatArray
    placing: FloatArray
    turning: FloatArray
    reasons: list[str]


def is_uneven(rhythms: FloatArray) -> BoolArray:
    """Tell of which beats the rhythm speaks against variability as breathing makes it."""
    return np.asarray((rhythms != EVEN) & (rhythms != ACCEPTED) & (rhythms < DOUBTED))


def with_rough(beats: Intervals) -> Intervals:
    """Return them with the intervals that are known to the width of a QRS: what is wrong in one is made good
    by the next, so a mean of many needs no better."""
    rough = (beats.rhythms == ROUGH) & (beats.spans > 0)
    return beats._replace(values=np.where(rough, 1e3 * beats.spans, beats.values))


UNTOLD: FloatArray = np.full(TURNING, np.nan)
"""Of a beat of which only the time is known."""


class Arrival(NamedTuple):
    """Hold a beat as it is detected, or as it was placed by hand.

    `time` is its R peak, `settled` the data time at which it was decided, `interval` the time since the beat
    before, nan if none goes before [s]; `fault` says why it is no good beat, "" if it is. `parts` and `norms`
    are its shape as `qrs_shapes` gives it, None if only its time is known. `is_first` says that the beat
    before it, though `interval` was told, did not come; `missing`, why nothing is known of the time between
    the two, "" where it is. A beat that is `placed` was put there by hand; one that is `vouched` for lies
    where somebody has accepted the signal: it is normal. `passed` is what speaks for a beat among the
    waves that were passed over since the beat before: see `waves.passed`; `placing` is the standard deviation
    of the error of its time [s], nan where nothing tells it, and `turning` how its shape differs from those
    before it (`Beats.turning`).
    """

    time: float
    settled: float
    interval: float
    fault: str
    parts: FloatArray | None = None
    norms: FloatArray | None = None
    is_first: bool = False
    missing: str = ""
    placed: bool = False
    vouched: bool = False
    passed: float = NONE
    placing: float = math.nan
    turning: FloatArray = UNTOLD

    def without_motion(self, *, is_steady: bool, is_irregular: bool) -> Arrival:
        """Return it without a single wave that was passed over: motion, as a rule, amid an even rhythm, and
        one that hardly resembles a beat where there is any rhythm."""
        most = NONE if is_irregular else WEAK if is_steady else FAINT
        return self._replace(passed=NONE) if NONE < self.passed <= most else self


class Known(NamedTuple):
    """Hold what is known of a beat as it arrives.

    `value` is the interval before it [ms], nan where `reason` says why not; it counts only if the beat turns
    out normal. `accepted` says that the beat is one of this person's, normal or not: no noise.
    """

    value: float
    reason: str
    accepted: bool


class Verdict(NamedTuple):
    """Hold one beat once its class is known: see `Intervals`; `settled` is the data time of that [s], and
    `placing` is in s."""

    time: float
    settled: float
    value: float
    kind: float
    span: float
    paired: bool
    doubtful: bool
    rhythm: float
    placing: float
    turning: FloatArray
    reason: str


arrival_of, known_of, verdict_of = made_of(Arrival), made_of(Known), made_of(Verdict)


def tabled(verdicts: list[Verdict]) -> tuple[Intervals, FloatArray]:
    """Return verdicts as columns, and when each was settled [s]."""
    if not verdicts:
        return no_intervals(), np.empty(0)
    times, settled, values, kinds, spans, paired, doubtful, rhythms, placing, turning, reasons = zip(
        *verdicts, strict=True
    )
    beats = Intervals(
        np.array(times, np.float64),
        np.array(values, np.float64),
        np.array(kinds, np.float64),
        np.array(spans, np.float64),
        np.array(paired, np.bool_),
        np.array(doubtful, np.bool_),
        np.array(rhythms, np.float64),
        1e3 * np.array(placing, np.float64),
        np.array(turning, np.float64),
        list(reasons),
    )
    return beats, np.array(settled, np.float64)


def no_intervals() -> Intervals:
    """Return an empty table of intervals."""
    nothing, none = np.empty(0), np.empty(0, np.bool_)
    turning = np.empty((0, TURNING))
    return Intervals(nothing, nothing, nothing, nothing, none, none, nothing, nothing, turning, [])


def joined_intervals(parts: list[Intervals]) -> Intervals:
    """Return several tables of intervals as one."""
    columns = [np.concatenate([p[k] for p in parts]) for k in range(9)]
    return Intervals._make([*columns, [reason for p in parts for reason in p.reasons]])


def cut_intervals(beats: Intervals, part: slice) -> Intervals:
    """Return some rows of a table."""
    return Intervals._make([*(column[part] for column in beats[:9]), beats.reasons[part]])
