"""Whether the arousal index swings at a period of its own, 1 to 10 min, against first-order noise (AR(1)).

Any slow series shows waves. A peak of its spectrum counts only where it stands out of those of 1000 series of
first-order noise with the same memory and the same gaps, each treated as the index is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from acquisition.stream import BoolArray, FloatArray
from processing.arousal.band import ArousalConfig
from processing.hour.measure import OF_DRAWS, Definition, Measure, measure, nothing, seeded
from processing.hour.timeline import Person
from processing.metrics.in_band import gate

STEP = 5
"""Width of the means the spectrum is made of [s]."""
LOWEST, HIGHEST = 1.0 / 600.0, 1.0 / 60.0
LEAST_SECONDS = 1800
"""Three waves of the slowest kind."""
N_DRAWS = 1000
ALPHA = 0.05
MEMORIES = tuple(5.0 * 1.12**k for k in range(48))
"""Correlation times of the noise that are tried, 5 to 1000 s."""
SOURCE = "Allen & Smith (1996), doi:10.1175/1520-0442(1996)009<3373:MCSDIO>2.0.CO;2"
P = Definition(
    name="arousal_oscillation_p",
    whose="person",
    unit="",
    text="share of 1000 series of AR(1) noise with at least as high a peak over the AR(1) spectrum, "
    "1/600 to 1/60 Hz, without the linear trend; the noise's memory by Whittle's likelihood in that band",
    bare=OF_DRAWS,
    source=SOURCE,
    exploratory=True,
)
RATIO = Definition(
    name="arousal_oscillation_ratio",
    whose="person",
    unit="",
    text="power at the highest peak over the AR(1) spectrum, divided by it",
    bare="the highest of many peaks: its p says what it is worth",
    exploratory=True,
)
PERIOD = Definition(
    name="arousal_oscillation_period",
    whose="person",
    unit="s",
    text="period of that peak; none where p > 0.05",
    bare="no swing is as even as an interval would need",
    exploratory=True,
)
DEFINITIONS = (P, RATIO, PERIOD)


@dataclass(frozen=True, slots=True, kw_only=True)
class Peak:
    """Hold the highest peak over the AR(1) spectrum: p, ratio of power, period [s]."""

    p: float
    ratio: float
    period: float


def oscillation_measures(person: Person, session_id: str, config: ArousalConfig) -> list[Measure]:
    """Return the highest peak of the index's spectrum, and whether chance has such."""
    n, pct, why = int(np.count_nonzero(person.valid)), person.valid_pct, gate(person)
    hour = np.flatnonzero(person.counts)
    if not why and hour[-1] + 1 - hour[0] < LEAST_SECONDS:
        why = f"{(hour[-1] + 1 - hour[0]) / 60:.1f} min, {LEAST_SECONDS // 60} min are needed"
    if why:
        return nothing(DEFINITIONS, why, n, pct)
    series = np.where(person.valid, person.arousal, np.nan)[hour[0] : hour[-1] + 1]
    found = highest_peak(series, config, seeded(session_id, P.name))
    if found is None:
        return nothing(DEFINITIONS, "the index does not vary", n, pct)
    none = f"no peak above AR(1) noise (p = {found.p:.2f})" if found.p > ALPHA else ""
    return [
        measure(P, found.p, n, pct),
        measure(RATIO, found.ratio, n, pct),
        measure(PERIOD, math.nan if none else found.period, n, pct, reason=none),
    ]


def highest_peak(series: FloatArray, config: ArousalConfig, rng: np.random.Generator) -> Peak | None:
    """Return the highest peak of a series over the spectrum of AR(1) noise; None if it does not vary.

    Parameters
    ----------
    series : ndarray, shape (n_seconds,)
        nan where not valid.
    config : ArousalConfig
        How the index was smoothed; what that took away is given back.
    """
    means = _means(series)
    there = np.isfinite(means)
    x = _without_trend(np.where(there, means, 0.0)[None], there)
    if float(np.square(x).sum()) < 1e-12:
        return None
    frequencies = _frequencies(len(means))
    (ratio,), (memory,) = _over_noise(_power(x) / _passed(frequencies, config), frequencies)
    null = _over_noise(_power(_chance(float(memory), there, rng)), frequencies)[0].max(axis=1)
    best = int(np.argmax(ratio))
    p = float(1 + np.count_nonzero(null >= ratio[best] * (1.0 - 1e-12))) / (1 + N_DRAWS)
    return Peak(p=p, ratio=float(ratio[best]), period=1.0 / float(frequencies[best]))


def _means(series: FloatArray) -> FloatArray:
    """Return means over 5 s; nan where under half of them is valid."""
    blocks = series[: len(series) // STEP * STEP].reshape(-1, STEP)
    known = np.isfinite(blocks)
    count = known.sum(axis=1)
    total = np.where(known, blocks, 0.0).sum(axis=1)
    return np.where(2 * count >= STEP, total / np.maximum(count, 1), np.nan)


def _without_trend(x: FloatArray, there: BoolArray) -> FloatArray:
    """Return rows without mean and linear trend, 0 where nothing is known."""
    n = np.count_nonzero(there)
    at = np.where(there, np.arange(len(there)) - np.flatnonzero(there).mean(), 0.0)
    rest = np.where(there, x - x.sum(axis=1, keepdims=True) / n, 0.0)
    slope = (rest * at).sum(axis=1, keepdims=True) / np.square(at).sum()
    return np.where(there, rest - slope * at, 0.0)


def _frequencies(n: int) -> FloatArray:
    every = np.fft.rfftfreq(n, STEP).astype(np.float64)
    return np.asarray(every[_band(every)])


def _band(frequencies: FloatArray) -> BoolArray:
    return np.asarray((frequencies >= LOWEST - 1e-12) & (frequencies <= HIGHEST + 1e-12))


def _power(x: FloatArray) -> FloatArray:
    """Return the power of each row at each frequency of the band, what the means took away given back."""
    every = np.fft.rfftfreq(x.shape[1], STEP).astype(np.float64)
    band = _band(every)
    power = np.square(np.abs(np.fft.rfft(x, axis=1)[:, band]))
    return np.asarray(power / np.square(np.sinc(STEP * every[band])))


def _passed(frequencies: FloatArray, config: ArousalConfig) -> FloatArray:
    """Return the share of power that the smoothing of the index lets through.

    So slow a signal passes the median as it would a mean.
    """
    exponential = 1.0 + np.square(2.0 * math.pi * frequencies * config.tau)
    return np.asarray(np.square(np.sinc(config.median * frequencies)) / exponential)


def _over_noise(power: FloatArray, frequencies: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the power of each row over that of the AR(1) noise that fits it best, and its memory [s].

    The noise of correlation time τ has the spectrum 1 / (1 + (2 π f τ)²); its size follows from Whittle's
    likelihood at each τ.
    """
    best, memory = np.full(len(power), np.inf), np.zeros(len(power))
    ratio = np.empty_like(power)
    for tau in MEMORIES:
        over = power * (1.0 + np.square(2.0 * math.pi * frequencies * tau))
        size = over.mean(axis=1)
        cost = np.log(size) - np.log1p(np.square(2.0 * math.pi * frequencies * tau)).mean()
        better = cost < best
        best, memory = np.where(better, cost, best), np.where(better, tau, memory)
        ratio[better] = over[better] / size[better, None]
    return ratio, memory


def _chance(memory: float, there: BoolArray, rng: np.random.Generator) -> FloatArray:
    """Return series of means of first-order noise with the same gaps, each without its trend."""
    n = len(there)
    keep = math.exp(-1.0 / memory)
    noise = rng.normal(size=(n * STEP, N_DRAWS))
    spread = math.sqrt(1.0 - keep**2)
    for k in range(1, len(noise)):
        noise[k] = keep * noise[k - 1] + spread * noise[k]
    means = noise.reshape(n, STEP, N_DRAWS).mean(axis=1).T
    return _without_trend(np.where(there, means, 0.0), there)
