"""Agreement over sessions and any number of raters: per code, on bins of 5 s and on what each session holds.

A rater who did not code a session is missing there, not silent: alpha goes on without them, kappa takes the
sessions that a pair has in common, ICC those that all have.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from acquisition.stream import FloatArray
from processing.codings.agreement import BIN, cohen_kappa, occupied
from processing.codings.reliability import Icc, alpha, icc
from processing.hour.timeline import Interval


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class CodedSession:
    """Hold what each rater coded of one session; who did not code it has no entry."""

    name: str
    seconds: float
    by_rater: Mapping[str, Sequence[Interval]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Several:
    """Hold how raters agree on one code of one actor.

    Parameters
    ----------
    sessions : int
        Sessions that two raters or more coded.
    kappa : float
        Cohen's kappa on bins, mean over pairs of raters (Light 1971).
    alpha : float
        Krippendorff's, nominal, on the same bins.
    alpha_values : float
        Krippendorff's, interval, of the values given, on bins in which two raters gave one.
    count, minutes : Icc
        How often, and for how long [min], each rater set it in each session.
    times : dict
        Rater → how often it was set.
    still_open : dict
        Rater → intervals that were never closed, and are taken to last to the end.
    """

    code: str
    actor: str
    sessions: int
    kappa: float
    alpha: float
    alpha_values: float
    count: Icc
    minutes: Icc
    times: Mapping[str, int]
    still_open: Mapping[str, int]
    reason: str


def agreement_of_several(
    sessions: Sequence[CodedSession], raters: Sequence[str], *, bin_length: float = BIN
) -> list[Several]:
    """Compare raters over sessions; one result per code and actor that anybody used, sorted."""
    keys = sorted({(i.code, i.actor) for s in sessions for spans in s.by_rater.values() for i in spans})
    return [_of_code(key, sessions, raters, bin_length) for key in keys]


def _of_code(
    key: tuple[str, str], sessions: Sequence[CodedSession], raters: Sequence[str], bin_length: float
) -> Several:
    mine = [
        {r: [i for i in s.by_rater[r] if (i.code, i.actor) == key and 0.0 <= i.start < s.seconds]
         for r in raters if r in s.by_rater}
        for s in sessions
    ]  # fmt: skip
    held, values = (
        np.concatenate([fill(s, m, raters, bin_length) for s, m in zip(sessions, mine, strict=True)], axis=1)
        for fill in (_held, _values)
    )
    found, why = alpha(held)
    counts, minutes = (
        np.array([[of(m[r]) if r in m else math.nan for r in raters] for m in mine]) for of in (len, _minutes)
    )
    return Several(
        code=key[0],
        actor=key[1],
        sessions=sum(len(m) >= 2 for m in mine),
        kappa=_kappa(held),
        alpha=found,
        alpha_values=alpha(values, "interval")[0],
        count=icc(counts.astype(float)),
        minutes=icc(minutes),
        times={r: sum(len(m.get(r, ())) for m in mine) for r in raters},
        still_open={r: n for r in raters if (n := sum(i.censored for m in mine for i in m.get(r, ())))},
        reason=why,
    )


def _minutes(spans: Sequence[Interval]) -> float:
    return sum(i.stop - i.start for i in spans) / 60.0


def _held(
    session: CodedSession, mine: Mapping[str, Sequence[Interval]], raters: Sequence[str], bin_length: float
) -> FloatArray:
    """Return 1 and 0 for each rater and bin, nan for raters who did not code the session."""
    n = len(occupied([], session.seconds, bin_length))
    return np.array(
        [
            occupied(mine[r], session.seconds, bin_length).astype(float) if r in mine else np.full(n, np.nan)
            for r in raters
        ]
    )


def _values(
    session: CodedSession, mine: Mapping[str, Sequence[Interval]], raters: Sequence[str], bin_length: float
) -> FloatArray:
    """Return the value that each rater gave in each bin; nan where none was."""
    n = len(occupied([], session.seconds, bin_length))
    out = np.full((len(raters), n), np.nan)
    for row, rater in zip(out, raters, strict=True):
        for span in mine.get(rater, ()):
            if isinstance(span.value, int | float):
                row[occupied([span], session.seconds, bin_length)] = float(span.value)
    return out


def _kappa(held: FloatArray) -> float:
    """Return the mean of Cohen's kappa over pairs of raters, each on the bins that both coded."""
    each = []
    for a, b in combinations(held, 2):
        both = np.isfinite(a) & np.isfinite(b)
        if both.any():
            each.append(cohen_kappa(a[both] > 0.0, b[both] > 0.0)[0])
    known = [k for k in each if math.isfinite(k)]
    return float(np.mean(known)) if known else math.nan
