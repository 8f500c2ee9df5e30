"""Recovery T50: how long from the peak of an excursion until half way back, with censoring."""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from acquisition.stream import FloatArray
from processing.arousal.excursion import Excursion, recovery
from processing.hour.measure import Definition, Measure, measure, nothing
from processing.hour.timeline import Person

T50 = Definition(
    name="recovery_t50",
    whose="person",
    unit="s",
    text="Kaplan-Meier median of the time from the peak of an excursion until the index is half way back "
    "to its median at rest, held 5 s; gaps and the end censor; where the curve lies flat at one half, the "
    "middle of that stretch",
    interval="Brookmeyer-Crowley, log-log (statsmodels)",
    source="Kaplan & Meier (1958), doi:10.1080/01621459.1958.10501452",
)
T50_CENSORED = Definition(
    name="recovery_t50_censored_count",
    whose="person",
    unit="",
    text="recoveries that a gap or the end cut short",
    bare="a count of what happened",
)
DEFINITIONS = (T50, T50_CENSORED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """Hold the recovery from one excursion: T50, or the time until it was cut [s]."""

    seconds: float
    censored: bool


def recoveries(person: Person, times: FloatArray, found: Sequence[Excursion]) -> list[Recovery]:
    """Return the recovery from each excursion, in order."""
    values = np.where(person.valid, person.arousal, np.nan)
    out = []
    for excursion in found:
        at = int(np.searchsorted(times, excursion.peak_time))
        seconds, censored = recovery(times, values, float(person.median[at]), excursion)
        out.append(Recovery(seconds=seconds, censored=censored))
    return out


def recovery_measures(found: Sequence[Recovery], pct: float, missing: str) -> list[Measure]:
    """Return the Kaplan-Meier median of T50 with the number of censored recoveries."""
    if missing or not found:
        return nothing(DEFINITIONS, missing or "no excursion", 0, pct)
    cut = sum(r.censored for r in found)
    middle, low, high = kaplan_meier_median(
        np.array([r.seconds for r in found]), np.array([not r.censored for r in found])
    )
    reason = "fewer than half recovered before a cut" if math.isnan(middle) else ""
    return [
        measure(T50, middle, len(found), pct, interval=(low, high), reason=reason),
        measure(T50_CENSORED, float(cut), len(found), pct),
    ]


def kaplan_meier_median(seconds: FloatArray, seen: np.ndarray) -> tuple[float, float, float]:
    """Return the Kaplan-Meier median and its 95 % interval; nan where the curve does not come to one half."""
    from statsmodels.duration.survfunc import SurvfuncRight

    if not seen.any():
        return math.nan, math.nan, math.nan
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # a curve that ends at 0 has no standard error there
        curve = SurvfuncRight(seconds, seen.astype(int))
        middle = _middle(curve.surv_times, curve.surv_prob)
        low, high = curve.quantile_ci(0.5, method="cloglog") if len(seconds) > 2 else (math.nan, math.nan)
    return middle, _finite(low), _finite(high)


def _middle(times: FloatArray, share: FloatArray) -> float:
    """Return when half is left: the middle of the stretch on which exactly half is; nan if it never comes."""
    here = np.flatnonzero(share <= 0.5 + 1e-9)
    if len(here) == 0:
        return math.nan
    lower = np.flatnonzero(share < 0.5 - 1e-9)
    flat = share[here[0]] >= 0.5 - 1e-9 and len(lower) > 0
    return float(times[here[0]] + times[lower[0]]) / 2.0 if flat else float(times[here[0]])


def _finite(value: float) -> float:
    return float(value) if math.isfinite(value) else math.nan
