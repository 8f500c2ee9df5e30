"""Where the arousal index was: percentiles, and how widely it spread."""

from __future__ import annotations

import math

import numpy as np

from acquisition.stream import FloatArray
from processing.hour.measure import Definition, Measure, measure, nothing
from processing.hour.timeline import Person
from processing.hour.uncertainty import series_interval
from processing.metrics.in_band import gate

BINS, REACH = 12, 6.0
BATCHES = "batch means (6 batches, Student's t)"
PERCENTILES = tuple(
    Definition(
        name=f"arousal_p{p}",
        whose="person",
        unit="SD",
        text=f"{p}th percentile of the arousal index over valid time",
        interval=BATCHES,
    )
    for p in (5, 50, 95)
)
ENTROPY = Definition(
    name="arousal_entropy",
    whose="person",
    unit="",
    text="entropy of the arousal index over 12 bins in ± 6 SD, divided by ln 12 (0 one bin, 1 all alike)",
    interval=BATCHES,
)
DEFINITIONS = (*PERCENTILES, ENTROPY)


def occupancy_measures(person: Person) -> list[Measure]:
    """Return P5, P50, P95 and the entropy of the index."""
    values = person.arousal[person.valid]
    why = gate(person)
    if why:
        return nothing(DEFINITIONS, why, len(values), person.valid_pct)
    out = []
    series = np.where(person.valid, person.arousal, np.nan)[person.counts]
    for definition, q in zip(PERCENTILES, (5.0, 50.0, 95.0), strict=True):
        around = series_interval(series, lambda v, q=q: float(np.percentile(v, q)))  # type: ignore[misc]
        value = float(np.percentile(values, q))
        out.append(measure(definition, value, len(values), person.valid_pct, interval=around))
    around = series_interval(series, entropy)
    out.append(measure(ENTROPY, entropy(values), len(values), person.valid_pct, interval=around))
    return out


def entropy(values: FloatArray) -> float:
    """Return the normalised entropy over 12 bins in ± 6 SD; what lies further out is in the outer bins."""
    counts, _ = np.histogram(np.clip(values, -REACH, REACH), bins=BINS, range=(-REACH, REACH))
    shares = counts[counts > 0] / max(len(values), 1)
    return float(-(shares * np.log(shares)).sum() / math.log(BINS)) if len(values) else math.nan
