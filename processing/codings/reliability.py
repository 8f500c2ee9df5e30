"""Agreement of any number of raters: Krippendorff's alpha, and the intraclass correlation ICC(2,k).

References
----------
Krippendorff (2011), Computing Krippendorff's alpha-reliability: any raters, units that some left out.
Shrout & Fleiss (1979), doi:10.1037/0033-2909.86.2.420: ICC(2,1) and ICC(2,k), raters drawn from many.
McGraw & Wong (1996), doi:10.1037/1082-989X.1.1.30: their intervals.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.stats import f as f_distribution

from acquisition.stream import FloatArray

NOTHING_VARIES = "all values are alike: no chance to disagree"


@dataclass(frozen=True, slots=True, kw_only=True)
class Icc:
    """Hold ICC(2,1), of one rater, and ICC(2,k), of the mean of all; nan with a `reason`.

    `low`, `high` is the 95 % interval of ICC(2,k); `targets` were judged by all raters.
    """

    single: float
    mean: float
    low: float
    high: float
    targets: int
    raters: int
    reason: str = ""


def icc(table: FloatArray) -> Icc:
    """Return the intraclass correlations of raters that stand for others like them (two-way random).

    Parameters
    ----------
    table : ndarray, shape (n_targets, n_raters)
        nan where a rater did not judge a target: the target is then left out.

    Examples
    --------
    >>> import numpy as np
    >>> judged = [[9.0, 2, 5, 8], [6, 1, 3, 2], [8, 4, 6, 8], [7, 1, 2, 6], [10, 5, 6, 9], [6, 2, 4, 7]]
    >>> found = icc(np.array(judged))
    >>> round(found.single, 2), round(found.mean, 2)
    (0.29, 0.62)
    """
    whole = table[np.isfinite(table).all(axis=1)]
    n, k = whole.shape
    if n < 2 or k < 2:
        return _none(n, k, f"{n} judged by all {k} raters: two and more are needed")
    rows, columns, error = _mean_squares(whole)
    if rows <= 0.0 and error <= 0.0:
        return _none(n, k, NOTHING_VARIES)
    if rows + (columns - error) / n <= 0.0:
        return _none(n, k, "targets differ less than raters do by chance")
    single = (rows - error) / (rows + (k - 1) * error + k * (columns - error) / n)
    mean = (rows - error) / (rows + (columns - error) / n)
    low, high = _interval(rows, columns, error, n, k, single)
    return Icc(single=single, mean=mean, low=low, high=high, targets=n, raters=k)


def _none(n: int, k: int, reason: str) -> Icc:
    return Icc(
        single=math.nan, mean=math.nan, low=math.nan, high=math.nan, targets=n, raters=k, reason=reason
    )


def _mean_squares(table: FloatArray) -> tuple[float, float, float]:
    """Return the mean squares of targets, raters and the rest."""
    n, k = table.shape
    middle = float(table.mean())
    of_rows = table.mean(axis=1, keepdims=True)
    of_columns = table.mean(axis=0, keepdims=True)
    rest = table - of_rows - of_columns + middle
    return (
        k * float(np.square(of_rows - middle).sum()) / (n - 1),
        n * float(np.square(of_columns - middle).sum()) / (k - 1),
        float(np.square(rest).sum()) / ((n - 1) * (k - 1)),
    )


def _interval(
    rows: float, columns: float, error: float, n: int, k: int, single: float
) -> tuple[float, float]:
    """Return the 95 % interval of ICC(2,k): that of ICC(2,1) stepped up (Spearman-Brown)."""
    if error <= 0.0:
        return math.nan, math.nan
    ratio = columns / error
    part = k * single * ratio + n * (1.0 + (k - 1) * single) - k * single
    freedom = (
        (k - 1)
        * (n - 1)
        * part**2
        / ((n - 1) * k**2 * single**2 * ratio**2 + (n * (1.0 + (k - 1) * single) - k * single) ** 2)
    )
    up, down = (float(f_distribution.ppf(0.975, a, b)) for a, b in ((n - 1, freedom), (freedom, n - 1)))
    rest = k * columns + (k * n - k - n) * error
    low = n * (rows - up * error) / (up * rest + n * rows)
    high = n * (down * rows - error) / (rest + n * down * rows)
    if not low <= single <= high:  # so few degrees of freedom that F has no quantiles
        return math.nan, math.nan
    return _stepped_up(low, k), _stepped_up(high, k)


def _stepped_up(single: float, k: int) -> float:
    below = 1.0 + (k - 1) * single
    return k * single / below if below > 0.0 else math.nan


def alpha(ratings: FloatArray, level: Literal["nominal", "interval"] = "nominal") -> tuple[float, str]:
    """Return Krippendorff's alpha and why there is none.

    Parameters
    ----------
    ratings : ndarray, shape (n_raters, n_units)
        nan where a rater did not judge a unit.
    level : str
        nominal: values are names; interval: their differences count.
    """
    judged = np.isfinite(ratings).sum(axis=0) >= 2
    if not judged.any():
        return math.nan, "no unit was judged by two raters"
    values = ratings[:, judged]
    if len(np.unique(values[np.isfinite(values)])) < 2:
        return math.nan, NOTHING_VARIES
    import krippendorff

    return float(krippendorff.alpha(reliability_data=values, level_of_measurement=level)), ""
