"""Heart: from ECG or interbeat intervals to beats, heart rate and heart rate variability of one person."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from acquisition.stream import Chunk, FloatArray, Modality
from processing.hrv import mean_windows, rmssd_windows, sdnn_windows
from processing.ibi import BeatCorrector, Intervals
from processing.index import IndexSample, index_samples, released
from processing.rpeaks import Beats, RPeaks

UNITS = {
    "ibi": "ms",
    "ibi_class": "",
    "hr": "bpm",
    "rmssd": "ms",
    "rmssd_low": "ms",
    "rmssd_high": "ms",
    "lnrmssd": "ln ms",
    "sdnn": "ms",
}
SETTLING = 1.2
"""Grid results wait so long after the time they describe [s]: every beat is decided by then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartConfig:
    """Hold the parameters of the cardiac indices; defaults after Task Force (1996) unless said otherwise."""

    hr_window: float = 10.0
    """Seconds."""
    hr_cover: float = 0.8
    """Share of the window that accepted intervals must cover."""
    rmssd_window: float = 60.0
    """Seconds; ± 20 % of the 5-minute value in 78 % of cases."""
    rmssd_cover: float = 0.8
    rmssd_differences: int = 30
    corrected: float = 0.05
    """Largest share of corrected beats (Task Force 1996 asks for visual checks instead)."""
    sdnn_window: float = 120.0
    """Seconds."""
    contrast: float = 2.5
    """Least QRS envelope over the noise floor of an accepted beat; ours."""
    likeness: float = 0.4
    """Least correlation of an accepted beat with the recent ones; ours."""
    silence: float = 5.0
    """Seconds without an accepted beat after which rows say so."""


class Heart:
    """Estimate the cardiac indices of one person.

    Parameters
    ----------
    entity : str
        client or therapist.
    modality : Modality
        What feeds it: ECG [mV], or RR or PPI [ms].
    """

    def __init__(self, entity: str, modality: Modality, *, config: HeartConfig) -> None:
        self.entity, self.modality, self.config = entity, modality, config
        self._detector: RPeaks | None = None
        self._corrector = BeatCorrector()
        self._last = math.nan
        self._refused = ""
        self._parts: list[tuple[Intervals, FloatArray, FloatArray]] = []
        self._beats = self._corrector.push([], [], [], [])
        self._settled = self._quality = np.empty(0)
        self._emitted = 0
        self._grid = math.nan

    def update(self, chunk: Chunk) -> None:
        """Take in admitted samples."""
        if len(chunk.times) == 0:
            return
        values = np.ascontiguousarray(chunk.samples[:, 0], dtype=np.float64)
        if self.modality != Modality.ECG:
            self._take_intervals(chunk.times, values)
            return
        if self._detector is None and not self._refused:
            try:
                self._detector = RPeaks(chunk.info.sfreq)
            except ValueError as error:
                self._refused = str(error)
        if self._detector is not None:
            self._take_beats(self._detector.update(chunk.times, values))

    def _take_beats(self, found: Beats) -> None:
        if len(found.times) == 0:
            return
        intervals = np.diff(found.times, prepend=self._last)
        intervals[found.first] = np.nan
        self._last = float(found.times[-1])
        faults = [
            self._fault(*row) for row in zip(found.contrast.tolist(), found.likeness.tolist(), strict=True)
        ]
        judged = self._corrector.push(found.times.tolist(), intervals.tolist(), found.first.tolist(), faults)
        quality = np.clip((found.likeness - 0.2) / 0.7, 0.0, 1.0)
        self._parts.append((judged, found.settled, quality))

    def _fault(self, contrast: float, likeness: float) -> str:
        if contrast < self.config.contrast:
            return "noise"
        return "unlike other beats" if likeness < self.config.likeness else ""

    def _take_intervals(self, times: FloatArray, values: FloatArray) -> None:
        known = np.isfinite(values) & (values > 0)
        times, seconds = times[known], values[known] / 1e3
        if len(times) == 0:
            return
        fresh = np.abs(np.diff(times, prepend=self._last) - seconds) > 1.5
        fresh |= np.isnan(np.diff(times, prepend=self._last))
        self._last = float(times[-1])
        judged = self._corrector.push(times.tolist(), seconds.tolist(), fresh.tolist(), [""] * len(times))
        self._parts.append((judged, np.nextafter(times, np.inf), np.ones(len(times))))

    def advance(self, ticks: FloatArray, watermarks: FloatArray) -> list[IndexSample]:
        """Return what became final at these ticks."""
        if len(ticks) == 0:
            return []
        if math.isnan(self._grid):
            self._grid = 5.0 * math.ceil((math.ceil(float(ticks[0])) + self.config.silence) / 5.0)
        self._gather()
        out = self._per_beat(ticks, watermarks)
        out += self._silent(ticks, watermarks)
        self._trim()
        return out

    def _gather(self) -> None:
        if not self._parts:
            return
        rows = [self._beats, *(p[0] for p in self._parts)]
        columns = [np.concatenate([r[k] for r in rows]) for k in range(5)]
        self._beats = Intervals(*columns, [reason for r in rows for reason in r.reasons])
        self._settled = np.concatenate((self._settled, *(p[1] for p in self._parts)))
        self._quality = np.concatenate((self._quality, *(p[2] for p in self._parts)))
        self._parts = []

    def _per_beat(self, ticks: FloatArray, watermarks: FloatArray) -> list[IndexSample]:
        n, available = released(self._settled[self._emitted :], ticks, watermarks)
        if n == 0:
            return []
        fresh = slice(self._emitted, self._emitted + n)
        self._emitted += n
        ends, quality = self._beats.times[fresh], self._quality[fresh]
        reasons = self._beats.reasons[fresh]
        out = self._rows(ends, available, "ibi", self._beats.values[fresh], quality, reasons)
        out += self._rows(ends, available, "ibi_class", self._beats.classes[fresh], quality, reasons)
        for name, shift, values, why in self._windows(ends):
            good = np.where(np.isnan(values), 0.0, quality)
            out += self._rows(ends - shift / 2, available, name, values, good, why)
        return out

    def _windows(self, ends: FloatArray) -> list[tuple[str, float, FloatArray, list[str]]]:
        c, beats = self.config, self._beats
        pulse = mean_windows(beats, ends, c.hr_window)
        hr, hr_why = gated(60000.0 / pulse.value, [(pulse.cover < c.hr_cover, "too few accepted beats")])
        short = rmssd_windows(beats, ends, c.rmssd_window)
        gates = [
            (short.cover < c.rmssd_cover, "too few accepted beats"),
            (short.corrected > c.corrected, "too many corrected beats"),
            (short.n < c.rmssd_differences, "too few differences"),
        ]
        value, why = gated(short.value, gates)
        low, high = (gated(edge, gates)[0] for edge in (short.low, short.high))
        long = sdnn_windows(beats, ends, c.sdnn_window)
        gates = [
            (long.cover < c.rmssd_cover, "too few accepted beats"),
            (long.corrected > c.corrected, "too many corrected beats"),
        ]
        sd, sd_why = gated(long.value, gates)
        return [
            ("hr", c.hr_window, hr, hr_why),
            ("rmssd", c.rmssd_window, value, why),
            ("rmssd_low", c.rmssd_window, low, why),
            ("rmssd_high", c.rmssd_window, high, why),
            ("lnrmssd", c.rmssd_window, np.log(value), why),
            ("sdnn", c.sdnn_window, sd, sd_why),
        ]

    def _silent(self, ticks: FloatArray, watermarks: FloatArray) -> list[IndexSample]:
        """Return rows that say why there is no value, every 5 s while no accepted beat came."""
        stop = float(watermarks[-1]) - SETTLING
        n = max(0, math.floor((stop - self._grid) / 5.0) + 1) if math.isfinite(stop) else 0
        if n == 0:
            return []
        grid = self._grid + 5.0 * np.arange(n)
        self._grid += 5.0 * n
        quiet, any_beat = self._quiet(grid)
        ends = grid[quiet]
        _, available = released(ends + SETTLING, ticks, watermarks)
        c, out = self.config, list[IndexSample]()
        shifts = {"hr": c.hr_window, "sdnn": c.sdnn_window, "ibi": 0.0, "ibi_class": 0.0}
        for name in UNITS:
            rows = ~any_beat[quiet] if name.startswith("ibi") else np.ones(len(ends), np.bool_)
            at = ends[rows] - shifts.get(name, c.rmssd_window) / 2
            nothing = np.full(len(at), np.nan)
            reasons = [self._refused or "no accepted beat"] * len(at)
            out += self._rows(at, available[rows], name, nothing, np.zeros(len(at)), reasons)
        return out

    def _quiet(self, grid: FloatArray) -> tuple[np.ndarray, np.ndarray]:
        """Tell at which grid times no accepted beat came in the last seconds, and where any was detected."""
        counts = []
        for which in (np.isfinite(self._beats.values), np.ones(len(self._settled), np.bool_)):
            times, settled = self._beats.times[which], self._settled[which]
            early = np.searchsorted(times, grid - self.config.silence, side="right")
            late = np.minimum(
                np.searchsorted(times, grid, side="right"),
                np.searchsorted(settled, grid + SETTLING, side="right"),
            )
            counts.append(late > early)
        return ~counts[0], counts[1]

    def _rows(
        self,
        at: FloatArray,
        available: FloatArray,
        name: str,
        values: FloatArray,
        quality: FloatArray,
        why: list[str],
    ) -> list[IndexSample]:
        return index_samples(at, available, self.entity, name, values, UNITS[name], quality, why)

    def _trim(self) -> None:
        old = int(np.searchsorted(self._beats.times, self._oldest(), side="left"))
        drop = min(old, self._emitted)
        if drop < 500:
            return
        columns = [column[drop:] for column in self._beats[:5]]
        self._beats = Intervals(*columns, self._beats.reasons[drop:])
        self._settled, self._quality = self._settled[drop:], self._quality[drop:]
        self._emitted -= drop

    def _oldest(self) -> float:
        newest = float(self._beats.times[self._emitted - 1]) if self._emitted else math.inf
        return min(newest, self._grid) - 300.0


def gated(values: FloatArray, gates: list[tuple[np.ndarray, str]]) -> tuple[FloatArray, list[str]]:
    """Return the values with nan where a gate is shut, and the first such gate's reason."""
    out = values.copy()
    why = np.full(len(values), "", dtype=object)
    for shut, reason in reversed(gates):
        out[shut] = np.nan
        why[shut] = reason
    return out, [str(reason) for reason in why]
