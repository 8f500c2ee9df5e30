"""Which beats of two lists are the same, what leads from one to the other, and how far two people agree."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from acquisition.events.corrections import Correction
from acquisition.stream import FloatArray, IntArray
from processing.heart.config import HeartConfig
from processing.heart.table import BeatRows
from processing.heart.windows import Column, beat_columns

SAME_BEAT = 0.05
"""Two marks so near are of the same beat [s]."""
MOVE_OVER = 0.01
"""A beat is moved if the other list has it further away [s]; two detectors place one beat a few ms apart."""

USUAL = HeartConfig()
"""Parameters unless others are given."""


class Pairs(NamedTuple):
    """Hold which beats of two lists are the same, as places in each, in order of time."""

    one: IntArray
    other: IntArray


def matched(one: FloatArray, other: FloatArray, within: float = SAME_BEAT) -> Pairs:
    """Pair beats of two lists, each with the nearest that is nearest to it, at most `within` apart [s].

    Parameters
    ----------
    one, other : ndarray
        Times in order [s].
    """
    pairs = [
        (abs(float(one[k]) - float(other[j])), k, j)
        for k in range(len(one))
        for j in range(
            int(np.searchsorted(other, one[k] - within)),
            int(np.searchsorted(other, one[k] + within, side="right")),
        )
    ]
    taken: tuple[set[int], set[int]] = (set(), set())
    kept = []
    for _, k, j in sorted(pairs):
        if k not in taken[0] and j not in taken[1]:
            taken[0].add(k)
            taken[1].add(j)
            kept.append((k, j))
    rows = np.array(sorted(kept), np.int64).reshape(-1, 2)
    return Pairs(rows[:, 0], rows[:, 1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Purpose:
    """Say whose beats are corrected, by whom, when and why."""

    role: str
    who: str
    when: str
    why: str


def leading_to(
    now: FloatArray, wanted: FloatArray, purpose: Purpose, move_over: float = MOVE_OVER
) -> list[Correction]:
    """Return the corrections, one act, that lead from the beats that count now to a full list.

    Beats before the first and after the last of the list stay: it does not speak of them. Placed beats keep
    the times of the list to the bit.

    Parameters
    ----------
    now, wanted : ndarray
        Times in order [s, LSL clock].
    move_over : float
        A beat that is in both is moved if it is further away than this [s].
    """
    pairs = matched(now, wanted)
    here = (now >= wanted[0] - SAME_BEAT) & (now <= wanted[-1] + SAME_BEAT)
    here[pairs.one] = False
    new = np.ones(len(wanted), np.bool_)
    new[pairs.other] = False
    key = str(uuid.uuid4())
    said: dict[str, Any] = {
        "id": key, "role": purpose.role, "signal": "heart", "who": purpose.who, "when": purpose.when,
        "why": purpose.why,
    }  # fmt: skip
    out = [Correction(op="delete", time=t, **said) for t in now[here].tolist()]
    both = zip(now[pairs.one].tolist(), wanted[pairs.other].tolist(), strict=True)
    out += [Correction(op="move", time=a, to=b, **said) for a, b in both if abs(b - a) > move_over]
    out += [Correction(op="insert", time=t, **said) for t in wanted[new].tolist()]
    return [replace(c, lines=len(out)) for c in out]


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Hold how far two lists of beats of one person agree.

    Parameters
    ----------
    both, only_a, only_b : int
        Beats of both, and of one alone.
    apart : float
        Mean distance of beats of both [ms].
    farthest : float
        The largest [ms].
    windows : int
        Windows of the RMSSD of which both have a value.
    rmssd_a, rmssd_b : float
        Their mean [ms].
    bias, low, high : float
        Mean of B − A and its limits of agreement (mean ± 1.96 SD) [ms].
    """

    both: int
    only_a: int
    only_b: int
    apart: float
    farthest: float
    windows: int
    rmssd_a: float
    rmssd_b: float
    bias: float
    low: float
    high: float

    @property
    def share(self) -> float:
        """Return how many of all beats both have [%]."""
        n = self.both + self.only_a + self.only_b
        return 100.0 * self.both / n if n else np.nan


def agreement(
    a: BeatRows,
    b: BeatRows,
    begin: float,
    end: float,
    *,
    has_shapes: bool,
    config: HeartConfig = USUAL,
) -> Agreement:
    """Return how far two people agree on the beats of a third, and on its RMSSD in windows side by side.

    References
    ----------
    Limits of agreement: Bland & Altman (1986), doi:10.1016/S0140-6736(86)90837-8
    """
    one, other = a.beats.times, b.beats.times
    pairs = matched(one, other)
    apart = 1e3 * np.abs(one[pairs.one] - other[pairs.other])
    length = config.rmssd_window
    ends = np.arange(begin + length, end + 1e-9, length)
    values = [rmssd_at(rows, ends, has_shapes=has_shapes, config=config) for rows in (a, b)]
    known = np.isfinite(values[0]) & np.isfinite(values[1])
    first, second = (v[known] for v in values)
    step = second - first
    bias = _mean(step)
    spread = 1.96 * float(np.std(step, ddof=1)) if len(step) > 1 else np.nan
    return Agreement(
        both=len(apart),
        only_a=len(one) - len(apart),
        only_b=len(other) - len(apart),
        apart=_mean(apart),
        farthest=float(apart.max()) if len(apart) else np.nan,
        windows=len(first),
        rmssd_a=_mean(first),
        rmssd_b=_mean(second),
        bias=bias,
        low=bias - spread,
        high=bias + spread,
    )


def rmssd_at(
    rows: BeatRows, ends: FloatArray, *, has_shapes: bool, config: HeartConfig = USUAL
) -> FloatArray:
    """Return RMSSD of the window that ends at each moment [ms], nan where a gate is shut."""
    return rmssd_column(rows, ends, has_shapes=has_shapes, config=config).values


def rmssd_column(
    rows: BeatRows, ends: FloatArray, *, has_shapes: bool, config: HeartConfig = USUAL
) -> Column:
    """Return RMSSD of windows by their ends [ms], with the reason where it is nan or uncertain."""
    columns = beat_columns(rows.beats, ends, config, has_shapes=has_shapes)
    return next(column for column in columns if column.name == "rmssd")


def _mean(values: Sequence[float] | FloatArray) -> float:
    return float(np.mean(values)) if len(values) else np.nan
