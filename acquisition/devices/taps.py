"""Which sensor was tapped: every stream's last second against the seconds before."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from acquisition.errors import UnitError
from acquisition.stream import Chunk, FloatArray, Modality, StreamInfo
from acquisition.units import convert

HEARD = (Modality.ECG, Modality.EDA, Modality.ACC, Modality.RESP)
"""What a tap moves; intervals between beats it does not."""
RECENT, BEFORE = 1.0, 10.0
"""Seconds that are looked at for a tap, and that they are compared with."""
LAG = 0.05
"""Seconds between readings that are compared: a tap bends a signal that quickly, a skin response does not."""
MOVES, MOVES_ECG = 4.0, 1.5
"""How many times more than before a stream must bend to count as the one that moved. An ECG bends at every
beat, and a tap of 3 mV only twice as much as an R wave of 1.5 mV; but beats are alike, so less tells."""
SPREAD = 6.0
"""By how many deviations (1.4826 MAD) an ECG must bend more than its beats do, beside."""
LEAST = {Modality.ECG: 0.3, Modality.EDA: 0.1, Modality.ACC: 0.1}
"""By how much it must bend at least [mV, µS, g]: the noise of a quiet sensor also has its moments."""
SETTLE = 0.5
"""Seconds after a tap until it is said: another stream may show the same tap more clearly."""
APART = 0.75
"""Seconds by which two taps of a stream are at least apart."""
KEPT = 3.0
"""Seconds for which a tap is remembered that packets of another sensor, which come late, may show as well."""


@dataclass(slots=True, eq=False)
class Activity:
    """How a stream moves: the last second against the seconds before."""

    info: StreamInfo
    times: FloatArray = field(default_factory=lambda: np.empty(0))
    values: FloatArray = field(default_factory=lambda: np.empty(0))
    _least: float = 0.0

    def hear(self, chunk: Chunk) -> None:
        """Take in a chunk; several channels count as the length of their vector."""
        x, self._least = _comparable(chunk)
        one = x[:, 0] if x.shape[1] == 1 else np.sqrt((x * x).sum(axis=1))
        self.times = np.concatenate([self.times, chunk.times])
        self.values = np.concatenate([self.values, one])
        keep = self.times > self.times[-1] - BEFORE - RECENT
        self.times, self.values = self.times[keep], self.values[keep]

    def look(self) -> tuple[float, float, float]:
        """Return how much more the signal bends in the last second than before, the bound, and when [s].

        nan before three seconds were heard, and for intervals between beats, which a tap does not move.
        """
        unknown = math.nan, math.nan, math.nan
        if not self.info.sfreq > 0 or not len(self.times) or self.times[-1] - self.times[0] < 3.0 * RECENT:
            return unknown
        lag = max(1, round(LAG * self.info.sfreq))
        bends = np.abs(self.values[2 * lag :] - 2 * self.values[lag:-lag] + self.values[: -2 * lag])
        if not len(bends):
            return unknown
        centres = self.times[lag:-lag]
        age = self.times[-1] - centres
        most = np.array(
            [
                _most(bends[(age >= k * RECENT) & (age < (k + 1) * RECENT)])
                for k in range(int(BEFORE / RECENT) + 1)
            ]
        )
        before = most[1:][np.isfinite(most[1:])]
        if not len(before) or math.isnan(most[0]):
            return unknown
        usual = float(np.median(before))
        recent = age < RECENT
        at = float(centres[recent][np.nanargmax(bends[recent])])
        if most[0] < self._least:
            return (min(1.0, most[0] / usual) if usual > 0 else 0.0), math.inf, at
        ratio = float(most[0]) / usual if usual > 0 else math.inf
        return ratio, self._bound(before, usual), at

    def _bound(self, before: FloatArray, usual: float) -> float:
        """Return how many times more than before counts as a tap."""
        if self.info.modality is not Modality.ECG or not usual > 0:
            return MOVES
        deviation = 1.4826 * float(np.median(np.abs(before - usual)))
        return min(MOVES, max(MOVES_ECG, 1.0 + SPREAD * deviation / usual))

    def ratio(self) -> float:
        """Return how many times more the signal bends in the last second than before; nan if unknown."""
        return self.look()[0]

    def moves(self) -> bool:
        """Tell whether it moves clearly more than before."""
        ratio, bound, _ = self.look()
        return ratio >= bound


def _most(part: FloatArray) -> float:
    return float(np.nanmax(part)) if np.isfinite(part).any() else math.nan


def _comparable(chunk: Chunk) -> tuple[FloatArray, float]:
    """Return samples in the canonical unit, if theirs is known, and the least bend that counts in it."""
    x = np.asarray(chunk.samples, np.float64)
    try:
        return convert(x, chunk.info.unit, chunk.info.modality), LEAST.get(chunk.info.modality, 0.0)
    except UnitError:
        return x, 0.0


@dataclass(slots=True, eq=False)
class _Tap:
    activity: Activity
    time: float
    excess: float
    said: bool = False


class Taps:
    """Tell every tap once: the stream that shows it most clearly.

    A tap of one sensor also shakes those beside it, so a tap is said `SETTLE` seconds after its peak; if
    another stream shows the same moment more clearly only then, because its packets come late, that one is
    said too.
    """

    def __init__(self) -> None:
        self.activities: dict[Any, Activity] = {}
        self._taps: list[_Tap] = []

    def hear(self, chunk: Chunk) -> None:
        """Take in a chunk of any stream; those that a tap does not move are left out."""
        if chunk.info.modality in HEARD and chunk.info.sfreq > 0 and len(chunk.times):
            self.activities.setdefault(chunk.info.key, Activity(chunk.info)).hear(chunk)

    def new(self) -> list[Activity]:
        """Return the streams that were tapped since the last call, in the order of their taps."""
        if not self.activities:
            return []
        newest = max(a.times[-1] for a in self.activities.values())
        self._taps = [t for t in self._taps if t.time > newest - KEPT - RECENT]
        for activity in self.activities.values():
            self._look(activity)
        out = []
        for tap in sorted(self._taps, key=lambda t: t.time):
            if not tap.said and newest >= tap.time + SETTLE:
                tap.said = True
                if not any(self._clearer(other, tap) for other in self._taps):
                    out.append(tap.activity)
        return out

    def _look(self, activity: Activity) -> None:
        ratio, bound, at = activity.look()
        if not ratio >= bound:
            return
        excess = math.inf if math.isinf(ratio) else ratio / bound
        own = next((t for t in self._taps if t.activity is activity and abs(t.time - at) < APART), None)
        if own is None:
            self._taps.append(_Tap(activity, at, excess))
        elif not own.said and excess > own.excess:
            own.time, own.excess = at, excess

    @staticmethod
    def _clearer(other: _Tap, tap: _Tap) -> bool:
        return other is not tap and abs(other.time - tap.time) < SETTLE and other.excess > tap.excess
