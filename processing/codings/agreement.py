"""Agreement of two raters of one session: Cohen's kappa on bins of 5 s, and moments matched within ± 10 s.

Each code of each actor is judged by itself. Kappa asks whether the two say the same about the same seconds;
matching asks whether they found the same moments, which suits points better: two presses 3 s apart may fall
into two bins.

References
----------
Cohen (1960), A coefficient of agreement for nominal scales, doi:10.1177/001316446002000104
Bakeman & Quera (2011), Sequential analysis and observational methods for the behavioral sciences,
doi:10.1017/CBO9781139017343: kappa on time units, and a tolerance for onsets.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from acquisition.stream import BoolArray, FloatArray
from processing.codings.reliability import alpha
from processing.hour.timeline import Interval

BIN = 5.0
"""Length of a bin [s]."""
TOLERANCE = 10.0
"""How far apart two onsets may be that mean the same moment [s]."""
LEAST_SHIFT = 60.0
"""Shifts for chance are at least this long [s], and as far from the whole session."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Hold how two raters agree on one code of one actor.

    Parameters
    ----------
    kappa : float
        Cohen's kappa over bins; nan with a `reason` where it is not defined.
    observed, expected : float
        Share of bins in which both say the same, and what chance would give.
    bins : int
        Bins of the session; `bins_a`, `bins_b`: those in which A and B have the code.
    n_a, n_b, matched : int
        Times that A and B set the code, and pairs of them at most the tolerance apart.
    match : float
        2 matched / (n_a + n_b), 0-1; `match_chance`: the same if B's moments are shifted round the session.
    delay : float
        Median of B − A over the pairs [s]; nan without a pair.
    alpha : float
        Krippendorff's alpha, nominal, over the same bins.
    open_a, open_b : int
        Intervals that were never closed, and are taken to last to the end.
    """

    code: str
    actor: str
    kappa: float
    observed: float
    expected: float
    bins: int
    bins_a: int
    bins_b: int
    n_a: int
    n_b: int
    matched: int
    match: float
    match_chance: float
    delay: float
    alpha: float = math.nan
    open_a: int = 0
    open_b: int = 0
    reason: str = ""


def agreements(
    a: Sequence[Interval],
    b: Sequence[Interval],
    seconds: float,
    *,
    bin_length: float = BIN,
    tolerance: float = TOLERANCE,
) -> list[Agreement]:
    """Compare two raters' codings of a session.

    Parameters
    ----------
    a, b : sequence of Interval
        What each rater set, `start` and `stop` in seconds since the session began; a point has no length.
    seconds : float
        Length of the session; what begins outside of it does not count.

    Returns
    -------
    list of Agreement
        One per code and actor that either used, sorted.
    """
    mine, yours = _by_code(a, seconds), _by_code(b, seconds)
    return [
        _agreement(key, mine.get(key, []), yours.get(key, []), seconds, bin_length, tolerance)
        for key in sorted(mine.keys() | yours.keys())
    ]


def _by_code(spans: Sequence[Interval], seconds: float) -> dict[tuple[str, str], list[Interval]]:
    out: dict[tuple[str, str], list[Interval]] = {}
    for span in spans:
        if 0.0 <= span.start < seconds:
            out.setdefault((span.code, span.actor), []).append(span)
    return out


def _agreement(
    key: tuple[str, str],
    a: Sequence[Interval],
    b: Sequence[Interval],
    seconds: float,
    bin_length: float,
    tolerance: float,
) -> Agreement:
    in_a, in_b = occupied(a, seconds, bin_length), occupied(b, seconds, bin_length)
    kappa, observed, expected = cohen_kappa(in_a, in_b)
    onsets_a, onsets_b = (np.sort([i.start for i in x]) for x in (a, b))
    pairs = matched(onsets_a, onsets_b, tolerance)
    delays = [float(onsets_b[j] - onsets_a[i]) for i, j in pairs]
    return Agreement(
        code=key[0],
        actor=key[1],
        kappa=kappa,
        observed=observed,
        expected=expected,
        bins=len(in_a),
        bins_a=int(np.count_nonzero(in_a)),
        bins_b=int(np.count_nonzero(in_b)),
        n_a=len(a),
        n_b=len(b),
        matched=len(pairs),
        match=2 * len(pairs) / (len(a) + len(b)),
        match_chance=chance_match(onsets_a, onsets_b, seconds, tolerance, bin_length),
        delay=float(np.median(delays)) if delays else math.nan,
        alpha=alpha(np.array([in_a, in_b], float))[0],
        open_a=sum(i.censored for i in a),
        open_b=sum(i.censored for i in b),
        reason=_reason(kappa, a, b),
    )


def _reason(kappa: float, a: Sequence[Interval], b: Sequence[Interval]) -> str:
    said = []
    if not math.isfinite(kappa):
        said.append("both have it in every bin: no chance to disagree")
    elif not (a and b):
        said.append(f"only {'A' if a else 'B'} set it")
    for name, spans in (("A", a), ("B", b)):
        if n := sum(i.censored for i in spans):
            said.append(f"never closed by {name}, taken to the end: {n}")
    return "; ".join(said)


def occupied(spans: Sequence[Interval], seconds: float, bin_length: float = BIN) -> BoolArray:
    """Return which bins of the session hold a code.

    A point holds the bin it lies in; an interval those it covers by half or more, and the one of its middle.
    """
    n = max(1, math.ceil(seconds / bin_length))
    edges = np.arange(n + 1) * bin_length
    edges[-1] = max(seconds, edges[-2])  # the last bin may be shorter
    held = np.zeros(n, np.bool_)
    for span in spans:
        start, stop = max(span.start, 0.0), min(span.stop, seconds)
        covered = np.minimum(stop, edges[1:]) - np.maximum(start, edges[:-1])
        held |= (covered >= np.diff(edges) / 2.0) & (covered > 0.0)
        held[min(int((start + max(stop, start)) / 2.0 // bin_length), n - 1)] = True
    return held


def cohen_kappa(a: BoolArray, b: BoolArray) -> tuple[float, float, float]:
    """Return kappa, the observed and the expected share of agreement; kappa is nan where chance gives all.

    Examples
    --------
    >>> import numpy as np
    >>> a, b = np.array([1, 1, 0, 0, 0], bool), np.array([1, 0, 0, 0, 0], bool)
    >>> tuple(round(x, 3) for x in cohen_kappa(a, b))
    (0.545, 0.8, 0.56)
    """
    share_a, share_b = float(np.mean(a)), float(np.mean(b))
    observed = float(np.mean(a == b))
    expected = share_a * share_b + (1.0 - share_a) * (1.0 - share_b)
    kappa = (observed - expected) / (1.0 - expected) if expected < 1.0 else math.nan
    return kappa, observed, expected


def matched(a: FloatArray, b: FloatArray, tolerance: float = TOLERANCE) -> list[tuple[int, int]]:
    """Pair moments one to one: as many pairs as possible, and of these choices the nearest in sum.

    Parameters
    ----------
    a, b : ndarray
        Sorted onsets [s].

    Returns
    -------
    list of (int, int)
        Positions in `a` and in `b`.

    Examples
    --------
    >>> import numpy as np
    >>> matched(np.array([10.0, 50.0]), np.array([12.0, 58.0, 90.0]), 10.0)
    [(0, 0), (1, 1)]
    """
    both = np.sort(np.concatenate([a, b]))
    # Moments with more than the tolerance between them have nothing to do with each other.
    breaks = both[1:][np.diff(both) > tolerance]
    cuts = zip(
        np.searchsorted(a, [*breaks, np.inf]).tolist(),
        np.searchsorted(b, [*breaks, np.inf]).tolist(),
        strict=True,
    )
    pairs, i, j = [], 0, 0
    for to_i, to_j in cuts:
        pairs += [(i + x, j + y) for x, y in _align(a[i:to_i], b[j:to_j], tolerance)]
        i, j = to_i, to_j
    return pairs


def _align(a: FloatArray, b: FloatArray, tolerance: float) -> list[tuple[int, int]]:
    """Pair the moments of one cluster; the best pairs never need to cross, so an alignment finds them."""
    best = [[(0, 0.0)] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i, x in enumerate(a.tolist(), 1):
        for j, y in enumerate(b.tolist(), 1):
            choice = max(best[i - 1][j], best[i][j - 1])
            if abs(y - x) <= tolerance:
                n, cost = best[i - 1][j - 1]
                choice = max(choice, (n + 1, cost - abs(y - x)))
            best[i][j] = choice
    pairs, i, j = [], len(a), len(b)
    while i and j:
        if best[i][j] == best[i - 1][j]:
            i -= 1
        elif best[i][j] == best[i][j - 1]:
            j -= 1
        else:
            i, j = i - 1, j - 1
            pairs.append((i, j))
    return pairs[::-1]


def chance_match(
    a: FloatArray, b: FloatArray, seconds: float, tolerance: float = TOLERANCE, step: float = BIN
) -> float:
    """Return the mean of `match` over all shifts of B's moments round the session; nan in a short session.

    The shifts keep how often and how densely each rater marks; only the coincidence goes.
    """
    shifts = np.arange(LEAST_SHIFT, seconds - LEAST_SHIFT + step / 2, step)
    if len(shifts) == 0 or len(a) + len(b) == 0:
        return math.nan
    counts = [_count(a, np.sort((b + shift) % seconds), tolerance) for shift in shifts.tolist()]
    return float(2 * np.mean(counts) / (len(a) + len(b)))


def _count(a: FloatArray, b: FloatArray, tolerance: float) -> int:
    """Return how many pairs there can be: taking the earliest two that fit is never worse."""
    i = j = n = 0
    first, second = a.tolist(), b.tolist()
    while i < len(first) and j < len(second):
        gap = second[j] - first[i]
        if abs(gap) <= tolerance:
            i, j, n = i + 1, j + 1, n + 1
        elif gap > 0:
            i += 1
        else:
            j += 1
    return n
