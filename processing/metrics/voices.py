"""Whether the two voices go together from turn to turn: intensity and F0 of adjacent turns. Exploratory."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import linregress

from acquisition.stream import FloatArray
from processing.hour.measure import Definition, Measure, measure, nothing
from processing.hour.uncertainty import (
    MEMORY,
    correlation_interval,
    correlation_place,
    memory,
    remembering_interval,
)

LEAST_PAIRS = 20
ALIKE = Definition(
    compares=True,
    name="intensity_similarity",
    baselines="talk counts",
    whose="dyad",
    unit="SD",
    text="mean over adjacent turns of −|z_therapist − z_client| of turn intensity",
    interval=MEMORY,
    exploratory=True,
)
COUPLING = Definition(
    compares=True,
    name="vocal_coupling",
    baselines="talk counts",
    whose="dyad",
    unit="",
    text="correlation of adjacent turns' F0 medians [semitones], each person's linear trend removed",
    interval="Fisher's z, counting as many turns as the memory from one to the next leaves",
    exploratory=True,
)
COUPLING_RANK = Definition(
    compares=True,
    name="vocal_coupling_percentile",
    baselines="talk counts",
    whose="dyad",
    unit="%",
    text="place of vocal_coupling among correlations of unrelated voices that remember as much from turn "
    "to turn",
    bare="a place among unrelated voices; vocal_coupling has one",
    exploratory=True,
)
DEFINITIONS = (ALIKE, COUPLING, COUPLING_RANK)


@dataclass(frozen=True, slots=True, kw_only=True)
class SpokenTurn:
    """Hold a turn: who, from when to when [s], median F0 [Hz], intensity [dB]; nan where unknown."""

    entity: str
    start: float
    stop: float
    f0: float
    intensity: float


def similarity(
    people: dict[str, list[SpokenTurn]], pairs: Sequence[tuple[SpokenTurn, SpokenTurn]]
) -> list[Measure]:
    """Return how alike adjacent turns are in intensity."""
    z: dict[int, float] = {}
    for entity, turns in people.items():
        levels = np.array([t.intensity for t in turns])
        spread = float(np.nanstd(levels, ddof=1)) if np.isfinite(levels).sum() > 2 else 0.0
        if spread <= 0.0:
            return nothing([ALIKE], f"intensity of the {entity}'s turns does not vary")
        middle = float(np.nanmean(levels))
        z |= {id(t): (t.intensity - middle) / spread for t in turns}
    sides = np.array([(z[id(a)], z[id(b)]) for a, b in pairs]).reshape(-1, 2)
    sides = sides[np.isfinite(sides).all(axis=1)]
    known = -np.abs(sides[:, 0] - sides[:, 1])
    if len(known) < LEAST_PAIRS:
        return nothing([ALIKE], f"{len(known)} adjacent turns, {LEAST_PAIRS} are needed", len(known))
    # Distances of voices that drift remember less than the voices do, and are far from normal.
    least = (0.5 * (memory(sides[:, 0]) + memory(sides[:, 1]))) ** 2
    return [measure(ALIKE, float(known.mean()), len(known), interval=remembering_interval(known, least))]


def coupling(
    people: dict[str, list[SpokenTurn]], pairs: Sequence[tuple[SpokenTurn, SpokenTurn]]
) -> list[Measure]:
    """Return the correlation of adjacent turns' F0, and its place among those of unrelated voices."""
    known = [(a, b) for a, b in pairs if a.f0 > 0.0 and b.f0 > 0.0]
    if len(known) < LEAST_PAIRS:
        why = f"{len(known)} adjacent turns with F0, {LEAST_PAIRS} are needed"
        return nothing([COUPLING, COUPLING_RANK], why, len(known))
    x, y = (_detrended([pair[k] for pair in known]) for k in (0, 1))
    r = _r(x, y)
    below = 100.0 * correlation_place(x, y, r)
    around = correlation_interval(x, y, r)
    return [measure(COUPLING, r, len(known), interval=around), measure(COUPLING_RANK, below, len(known))]


def _detrended(turns: Sequence[SpokenTurn]) -> FloatArray:
    times = np.array([t.start for t in turns])
    f0 = 12.0 * np.log2(np.array([t.f0 for t in turns]) / 100.0)
    line = linregress(times - times[0], f0)
    return np.asarray(f0 - line.intercept - line.slope * (times - times[0]))


def _r(x: FloatArray, y: FloatArray) -> float:
    a, b = x - x.mean(), y - y.mean()
    scale = math.sqrt(float((a * a).sum()) * float((b * b).sum()))
    return float((a * b).sum()) / scale if scale > 0.0 else math.nan
