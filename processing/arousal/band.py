"""Arousal index of a second, and the reference band it is held against.

Channels are heart rate, ln skin conductance level, √ of the response rate and, off by default, voice pitch
while speaking. Each becomes z = (x − median)/scale of the person's own rest; the index is their weighted
mean in SD, then a 10 s median and an exponential mean (τ = 5 s). The band lies k·s_A around the medians of
rest and talk, s_A = max(1.4826·MAD at rest, in talk, 0.75). A convention of ours, not a validated
instrument: docs/arousal.md.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import ClassVar

import numpy as np

from acquisition.stream import FloatArray
from processing.bounds import refuse_outside

BITS = {"hr": 1, "scl": 2, "scr": 4, "f0": 8}
"""Channels, in order, and their bits in `arousal_channels`."""
CARDIAC = 1
EDA = 2 | 4
MAD = 1.4826
"""Makes the median absolute deviation of normal data their standard deviation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArousalConfig:
    """Hold the parameters of the arousal index; the values are conventions of ours (docs/arousal.md).

    Parameters
    ----------
    weight_hr, weight_scl, weight_scr, weight_f0 : float
        Weights of the channels; a channel of weight 0 is left out.
    floor_hr, floor_scl, floor_scr, floor_f0 : float
        Least scale [bpm, ln µS, √(1/min), semitones].
    k : float
        Half-width of the band in s_A; `k_low` and `k_high` set one edge alone.
    least_scale : float
        Floor of s_A [SD]: five minutes of rest hold only 2-6 independent values.
    median, tau, restart : float
        Window of the median, time constant of the mean, and the gap after which the mean starts anew [s].
    hold, back, inside : float
        An excursion begins after `hold` s past an edge, ends after `back` s at least `inside`·s_A within it.
    share, rest, talk, skip : float
        A baseline passes with this share valid per channel, and these many valid seconds of the index, the
        first `skip` left out.
    old_after : float
        So long after its end a rest baseline is called old [s].
    posture, posture_window : float
        So is one whose trunk was inclined otherwise, by this angle [degrees], than that of these seconds [s].
    fallen, fallen_window : float
        So is one of whose EDA level less than this share is left in the median of so many seconds: electrodes
        that dry or loosen are seen as a person whose level falls.
    sunk : float
        So is one whose level, in that median, takes the index down by more [SD], and responses fell with it.
    jumped : float
        And one since which the level stands this many times higher or lower after interruptions than before,
        or by what takes the index up or down by more than `sunk`.
    delay : float, optional
        Seconds after t at which the index of t is settled; left out, as soon as all that it is made of is.
    """

    weight_hr: float = 0.4
    weight_scl: float = 0.4
    weight_scr: float = 0.2
    weight_f0: float = 0.0
    floor_hr: float = 4.0
    floor_scl: float = 0.10
    floor_scr: float = 0.5
    floor_f0: float = 1.0
    k: float = 2.0
    k_low: float | None = None
    k_high: float | None = None
    least_scale: float = 0.75
    median: float = 10.0
    tau: float = 5.0
    restart: float = 10.0
    hold: float = 10.0
    back: float = 5.0
    inside: float = 0.5
    share: float = 0.8
    rest: float = 180.0
    talk: float = 60.0
    skip: float = 10.0
    old_after: float = 4500.0
    posture: float = 30.0
    posture_window: float = 60.0
    fallen: float = 0.5
    fallen_window: float = 300.0
    sunk: float = 1.0
    jumped: float = 1.5
    delay: float | None = None

    channels: ClassVar[dict[str, tuple[str, ...]]] = {
        "hr": ("hr",),
        "scl": ("scl",),
        "scr": ("scr_rate",),
        "f0": ("f0_shift", "speaking"),
    }
    """Channel → the indices that it is made of."""

    def __post_init__(self) -> None:
        """Refuse what no index can be computed with."""
        refuse_outside(
            self,
            lengths=(
                "floor_hr",
                "floor_scl",
                "floor_scr",
                "floor_f0",
                "least_scale",
                "median",
                "tau",
                "old_after",
                "posture",
                "posture_window",
                "fallen_window",
                "rest",
                "talk",
                "share",
            ),
            from_zero=(
                "weight_hr",
                "weight_scl",
                "weight_scr",
                "weight_f0",
                "k",
                "restart",
                "hold",
                "back",
                "inside",
                "skip",
                "sunk",
            ),
            shares=("share", "fallen"),
        )
        for name in ("median", "skip", "posture_window", "fallen_window"):
            value = float(getattr(self, name))
            if value != round(value):
                raise ValueError(f"{name} = {value:g}: must be whole seconds: the index has a value a second")
        if self.posture > 180.0:
            raise ValueError(f"posture = {self.posture:g}: no two directions are more than 180 degrees apart")
        if not self.jumped > 1.0:
            raise ValueError(f"jumped = {self.jumped:g}: must be above 1")
        if not self.weights():
            raise ValueError("weight_hr, weight_scl, weight_scr, weight_f0: one must be above 0")

    def weights(self) -> dict[str, float]:
        """Return the weight of each channel that counts."""
        named = {c: float(getattr(self, f"weight_{c}")) for c in BITS}
        return {c: w for c, w in named.items() if w > 0.0}

    def heard(self) -> list[str]:
        """Return the indices that the channels which count are made of."""
        return [index for channel in self.weights() for index in self.channels[channel]]


@dataclass(frozen=True, slots=True)
class Scale:
    """Hold the median and scale of a channel at rest."""

    median: float
    scale: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Band:
    """Hold a reference band for one set of channels [SD].

    `scale` is s_A; `talk` tells whether the talk baseline is in it; edges are nan where there is no band.
    """

    low: float
    high: float
    scale: float
    talk: bool


NO_BAND = Band(low=math.nan, high=math.nan, scale=math.nan, talk=False)


def scale_of(values: FloatArray, floor: float) -> Scale:
    """Return median and max(1.4826·MAD, floor) of the finite values.

    Examples
    --------
    >>> import numpy as np
    >>> scale_of(np.array([60.0, 61.0, 62.0, 90.0]), 4.0)
    Scale(median=61.5, scale=4.0)
    """
    finite = values[np.isfinite(values)]
    median = float(np.median(finite))
    return Scale(median, max(MAD * float(np.median(np.abs(finite - median))), floor))


def weighted(values: Mapping[str, float], scales: Mapping[str, Scale], weights: Mapping[str, float]) -> float:
    """Return Σ w·z / Σ w over the given channels [SD]; nan without any.

    Examples
    --------
    >>> scales = {"hr": Scale(62.0, 4.0), "scl": Scale(1.0, 0.2)}
    >>> round(weighted({"hr": 70.0, "scl": 1.2}, scales, {"hr": 0.4, "scl": 0.4}), 2)
    1.5
    """
    total = weight = 0.0
    for channel, value in values.items():
        scale, w = scales[channel], weights[channel]
        total += w * (value - scale.median) / scale.scale
        weight += w
    return total / weight if weight else math.nan


class Smoothing:
    """Take a median over the last seconds, then an exponential mean, one value a second.

    The median needs half of its window and the newest value. Nothing is held: where there is no median
    there is no value. After a gap shorter than `restart` the mean goes on with the weight of the time that
    passed; after a longer one it starts anew from the median.
    """

    def __init__(self, config: ArousalConfig) -> None:
        self._window: deque[float] = deque(maxlen=max(1, round(config.median)))
        self._tau, self._restart = config.tau, config.restart
        self._mean, self._gap = math.nan, 0

    def step(self, value: float) -> float:
        """Take the next second's value; return the smoothed one, nan where there is none."""
        self._window.append(value)
        finite = sorted(v for v in self._window if not math.isnan(v))
        n = len(finite)
        if math.isnan(value) or 2 * n < (self._window.maxlen or 1):
            self._gap += 1
            return math.nan
        median = finite[n // 2] if n % 2 else 0.5 * (finite[n // 2 - 1] + finite[n // 2])
        if math.isnan(self._mean) or self._gap >= self._restart:
            self._mean = median
        else:
            self._mean += -math.expm1(-(self._gap + 1) / self._tau) * (median - self._mean)
        self._gap = 0
        return self._mean


def index_series(
    values: Mapping[str, FloatArray],
    scales: Mapping[str, Scale],
    channels: Sequence[str],
    config: ArousalConfig,
) -> FloatArray:
    """Return the smoothed index [SD] at 1 Hz, where all of `channels` are valid, else nan."""
    weights = config.weights()
    rows = zip(*(values[c].tolist() for c in channels), strict=True)
    smoothing = Smoothing(config)
    # A nan in any channel makes the sum nan.
    return np.array(
        [smoothing.step(weighted(dict(zip(channels, r, strict=True)), scales, weights)) for r in rows]
    )


def _spread(values: FloatArray) -> float:
    return MAD * float(np.median(np.abs(values - np.median(values))))


def band(
    rest: Iterable[FloatArray],
    talk: Iterable[FloatArray],
    config: ArousalConfig,
    *,
    spread_of: Sequence[FloatArray] | None = None,
) -> Band:
    """Return the band from the index during the baselines.

    Parameters
    ----------
    rest, talk : iterable of ndarray
        Index of each baseline [SD], 1 Hz; nan where not valid. The first `skip` seconds of each are left out.
    spread_of : sequence of ndarray, optional
        What s_A is taken from, instead of rest and talk themselves [SD]; all finite.

    Examples
    --------
    >>> import numpy as np
    >>> rest, talk = np.zeros(300), np.full(120, 0.5)
    >>> band([rest], [talk], ArousalConfig())
    Band(low=-1.5, high=2.0, scale=0.75, talk=True)
    """
    skip = round(config.skip)
    still, speaking = (_finite([a[skip:] for a in part]) for part in (rest, talk))
    if len(still) < config.rest:
        return NO_BAND
    talked = len(speaking) >= config.talk
    parts = [still, speaking] if talked else [still]
    spreads = [_spread(p) for p in (parts if spread_of is None else spread_of) if len(p)]
    scale = max(config.least_scale, *spreads)
    medians = [float(np.median(p)) for p in parts]
    k_low = config.k if config.k_low is None else config.k_low
    k_high = config.k if config.k_high is None else config.k_high
    return Band(
        low=min(medians) - k_low * scale, high=max(medians) + k_high * scale, scale=scale, talk=talked
    )


def _finite(parts: Sequence[FloatArray]) -> FloatArray:
    joined = np.concatenate(parts) if parts else np.empty(0)
    return joined[np.isfinite(joined)]


def channel_sets(channels: Iterable[str]) -> list[tuple[str, ...]]:
    """Return every non-empty set of the channels, in the order of `BITS`."""
    known = [c for c in BITS if c in set(channels)]
    return [s for n in range(1, len(known) + 1) for s in combinations(known, n)]


def bits_of(channels: Iterable[str]) -> int:
    """Return the bits of a set of channels."""
    return sum(BITS[c] for c in channels)


def partial_reason(bits: int) -> str:
    """Say which kind of channel is missing; "" when a cardiac and an EDA channel are there."""
    if not bits & CARDIAC:
        return "partial: no heart rate" if bits & EDA else "partial: no heart rate, no EDA"
    return "" if bits & EDA else "partial: no EDA"
