"""Interbeat intervals as they are judged: codes, tables, and the judging of a whole series at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from acquisition.stream import BoolArray, FloatArray

NORMAL, ECTOPIC, LONG, SHORT, MISPLACED = 0.0, 1.0, 2.0, 3.0, 4.0
"""Codes of `ibi_class`; nan where a beat was not judged."""

EVEN, IRREGULAR, ALTERNATING, CHANGED = 0.0, 1.0, 2.0, 3.0
"""What the intervals up to a beat were like: see `Intervals.rhythms`."""


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
        another rhythm was taken up.
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
    reasons: list[str]


class Verdict(NamedTuple):
    """Hold one beat once its class is known: see `Intervals`; `settled` is the data time of that [s]."""

    time: float
    settled: float
    value: float
    kind: float
    span: float
    paired: bool
    doubtful: bool
    rhythm: float
    reason: str


def tabled(verdicts: list[Verdict]) -> tuple[Intervals, FloatArray]:
    """Return verdicts as columns, and when each was settled [s]."""
    if not verdicts:
        return no_intervals(), np.empty(0)
    times, settled, values, kinds, spans, paired, doubtful, rhythms, reasons = zip(*verdicts, strict=True)
    beats = Intervals(
        np.array(times, np.float64),
        np.array(values, np.float64),
        np.array(kinds, np.float64),
        np.array(spans, np.float64),
        np.array(paired, np.bool_),
        np.array(doubtful, np.bool_),
        np.array(rhythms, np.float64),
        list(reasons),
    )
    return beats, np.array(settled, np.float64)


def no_intervals() -> Intervals:
    """Return an empty table of intervals."""
    nothing, none = np.empty(0), np.empty(0, np.bool_)
    return Intervals(nothing, nothing, nothing, nothing, none, none, nothing, [])


def joined_intervals(parts: list[Intervals]) -> Intervals:
    """Return several tables of intervals as one."""
    columns = [np.concatenate([p[k] for p in parts]) for k in range(7)]
    return Intervals._make([*columns, [reason for p in parts for reason in p.reasons]])


def cut_intervals(beats: Intervals, part: slice) -> Intervals:
    """Return some rows of a table."""
    return Intervals._make([*(column[part] for column in beats[:7]), beats.reasons[part]])
