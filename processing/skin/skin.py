"""Skin: from electrodermal activity to its level, responses and quality, for one person.

| index | window, step | settled after the end of the window |
|---|---|---|
| `scr`, `scr_onset` | each response | at most 3 s after the peak |
| `scl`, `scl_low`, `scl_high` | 10 s, 1 s | 5 s |
| `scr_rate`, `scr_amp` | 60 s, 5 s | 5 s |
| `eda_quality` | 1 s (2 s below 4 Hz), 1 s | 5 s |

The 5 s are those around an invalid sample that make its neighbours invalid.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from acquisition.event import Event
from acquisition.stream import BoolArray, Chunk, FloatArray, IntArray
from processing.corrections.edits import Edits
from processing.index import IndexSample, Watermarks, index_samples, released
from processing.skin.config import SkinConfig
from processing.skin.eda_quality import REASONS, Fault, dominant_reason, quality_width, said_as
from processing.skin.found import Scr
from processing.skin.signal import Signal, Sink

Rows = Callable[[FloatArray, FloatArray], list[IndexSample]]
STEP = SkinConfig.step
"""Everything is settled at a multiple of this data time [s]: live, most calls then have nothing to do."""
STEPS = 16
"""Steps between stamps that tell the sampling rate of a stream that does not say it."""
SWINGS = "swings hide responses: breath, pulse, or mains"
"""What is said of rates among swings, and of responses that do not stand out of them."""
OUT = 2.0
"""A response stands out that is so many times as large."""
SLOWEST = 0.9
"""At a lower rate [Hz] seconds have no level, and a response may rise and fall between two samples."""
SLOW = "less than one value a second: neither level nor responses"
"""What is said of it."""


class Skin:
    """Estimate the skin indices of one person from chunks of EDA.

    Parameters
    ----------
    entity : str
        client or therapist.
    edits : Edits, optional
        What was corrected by hand; live there is nothing.
    sink : callable, optional
        Takes the valid samples, stamps [s] and skin conductance [µS], `config.settled` after they came.
    """

    def __init__(
        self, entity: str, *, config: SkinConfig, edits: Edits | None = None, sink: Sink | None = None
    ) -> None:
        self._entity, self._edits, self._sink = entity, edits, sink
        self._config = config
        self._signal: Signal | None = None
        self._steps: list[float] = []
        self._last = math.nan
        self._unit, self._slow = "", False
        self._pending: list[Scr] = []
        self._scrs: list[Scr] = []
        self._next: dict[str, float] = {}
        self._held: list[tuple[FloatArray, FloatArray]] = []
        self._first, self._until = math.inf, -math.inf

    def update(self, chunk: Chunk) -> None:
        """Take in admitted EDA [µS], the first channel."""
        times = np.asarray(chunk.times, float)
        eda = np.ascontiguousarray(chunk.samples[:, 0], dtype=np.float64)
        self._unit = self._unit or chunk.info.unit
        if self._signal is None and not self._slow and len(times):
            used = self._begin(chunk.info.sfreq, times)
            times, eda = times[used:], eda[used:]
        if self._signal is not None and len(times):
            self._held.append((times, eda))

    def _take(self) -> None:
        """Work through the samples that came since the last time."""
        if self._signal is not None and self._held:
            times, eda = (np.concatenate(column) for column in zip(*self._held, strict=True))
            self._signal.push(times, eda)
        self._held = []

    def _begin(self, sfreq: float, times: FloatArray) -> int:
        """Find the sampling rate, if need be from the stamps; return how many samples that took."""
        if sfreq > 0.0 and math.isfinite(sfreq):
            self._open(sfreq)
            return 0
        for i, t in enumerate(times.tolist()):
            if t > self._last:
                self._steps.append(t - self._last)
            self._last = t
            if len(self._steps) == STEPS:
                self._open(1.0 / float(np.median(self._steps)))
                return i + 1
        return len(times)

    def _open(self, sfreq: float) -> None:
        """Begin with a signal of this rate [Hz], if it is one that says something."""
        self._slow = sfreq < SLOWEST
        if not self._slow:
            self._signal = Signal(sfreq, self._config, self._edits, self._sink)

    def hear(self, samples: Sequence[IndexSample]) -> None:
        """Let index samples pass: none bears on the skin."""

    def mark(self, event: Event, time: float) -> None:
        """Let an event pass: none bears on the skin."""

    def advance(self, ticks: FloatArray, watermarks: Watermarks) -> list[IndexSample]:
        """Return what became final at these ticks."""
        if len(ticks) == 0:
            return []
        passed = watermarks["skin"]
        self._first = min(self._first, float(ticks[0]))
        until = math.floor(passed[-1] / STEP) * STEP if math.isfinite(passed[-1]) else -math.inf
        if not until > self._until:
            return []
        self._until = until
        self._take()
        if self._signal is not None:
            self._signal.settle(until)
        out = self._responses(ticks, passed)
        for index, step, delay, rows in self._rows():
            times = self._grid(index, step, self._first, until - delay)
            if len(times):
                _, available = released(times + delay, ticks, passed)
                out += rows(times, available)
        self._forget(until)
        return out

    def _rows(self) -> list[tuple[str, float, float, Rows]]:
        """Return what lies on a grid: index, step [s], delay after the window's centre [s], and its maker."""
        config, after = self._config, self._config.quality.around
        level, rates = config.scl.window / 2, config.rate_window / 2
        return [
            ("eda_quality", 1.0, 1.0 + after, self._quality),
            ("scl", 1.0, level + config.level_wait, self._level),
            ("scr_rate", 5.0, rates + config.rates_wait, self._rates),
        ]

    def _grid(self, index: str, step: float, start: float, until: float) -> FloatArray:
        """Return the multiples of `step` up to `until` that are still to come, from the first tick on [s]."""
        first = self._next.setdefault(index, math.ceil(math.ceil(start) / step) * step)
        if not until >= first:
            return np.empty(0)
        times: FloatArray = first + step * np.arange(math.floor((until - first) / step) + 1.0)
        self._next[index] = float(times[-1]) + step
        return times

    def _counts(self, times: FloatArray, width: float) -> IntArray:
        """Return how many samples of each fault lie in windows centred on `times`, shape (n, n_faults)."""
        if self._signal is None:
            return np.zeros((len(times), len(Fault)), np.int64)
        return self._signal.validity.window(times - width / 2, width)

    def _covered(self, counts: IntArray, width: float, *also: Fault) -> FloatArray:
        """Return which share of each window is valid; one sample more, as windows fall between samples.

        Samples of the faults `also` are no hole in it.
        """
        expected = 1.0 if self._signal is None else self._signal.sfreq * width
        valid = counts[:, [Fault.NONE, *also]].sum(axis=1)
        share: FloatArray = np.where(valid > 0, np.minimum(1.0, (valid + 1) / expected), 0.0)
        return share

    def _reasons(
        self, times: FloatArray, values: FloatArray, counts: IntArray, covered: FloatArray, otherwise: str
    ) -> list[str]:
        """Say why each value is nan, and what is to be doubted of the others."""
        reasons = [""] * len(values)
        for k in np.flatnonzero(np.isnan(values)).tolist():
            gated = covered[k] < self._config.covered
            reasons[k] = self._why(counts[k]) or REASONS[Fault.MISSING] if gated else otherwise
        return [why or doubt for why, doubt in zip(reasons, self._doubts(times), strict=True)]

    def _doubts(self, times: FloatArray) -> list[str]:
        """Say of windows centred on whole seconds why the signal was in doubt by then."""
        return [""] * len(times) if self._signal is None else self._signal.level.doubts(times)

    def _doubted(self, times: FloatArray) -> BoolArray:
        """Tell of windows centred on whole seconds whether the signal was in doubt by then."""
        return np.array([why != "" for why in self._doubts(times)], bool)

    def _why(self, counts: IntArray) -> str:
        """Return the reason of the most frequent fault in a window."""
        if self._slow:
            return SLOW
        return said_as(dominant_reason(counts), self._unit, self._config)

    def _quality(self, times: FloatArray, available: FloatArray) -> list[IndexSample]:
        counts = self._counts(times, 1.0 if self._signal is None else quality_width(self._signal.sfreq))
        present = counts.sum(axis=1)
        good = counts[:, Fault.NONE] + 0.5 * counts[:, Fault.BEFORE]
        share = np.where(present > 0, good / np.maximum(present, 1), np.nan)
        whole = (share == 1.0).tolist()
        reasons = ["" if good else self._why(row) for good, row in zip(whole, counts, strict=True)]
        quality = np.nan_to_num(share)
        return index_samples(times, available, self._entity, "eda_quality", share, quality, reasons)

    def _level(self, times: FloatArray, available: FloatArray) -> list[IndexSample]:
        width = self._config.scl.window
        counts = self._counts(times, width)
        # A dip shows where it began and ended: the level goes on, if half of the window is without.
        covered = self._covered(counts, width, Fault.NOISE, Fault.DIP)
        covered[self._covered(counts, width, Fault.NOISE) < 0.5] = 0.0
        values = np.full((3, len(times)), np.nan)
        if self._signal is not None:
            values = np.array(self._signal.level.at(times), float).reshape(-1, 3).T
            values[:, covered < self._config.covered] = np.nan
        reasons = self._reasons(times, values[0], counts, covered, "too few whole seconds")
        unsure = np.isnan(values[0]) | self._doubted(times)
        quality = np.where(unsure, 0.0, self._covered(counts, width, Fault.NOISE))
        out: list[IndexSample] = []
        for index, column in zip(("scl", "scl_low", "scl_high"), values, strict=True):
            out += index_samples(times, available, self._entity, index, column, quality, reasons)
        return out

    def _rates(self, times: FloatArray, available: FloatArray) -> list[IndexSample]:
        width = self._config.rate_window
        counts = self._counts(times, width)
        covered = self._covered(counts, width)
        n, total = self._sums(times - width / 2, times + width / 2)
        gated = covered < self._config.covered
        rate = np.where(gated, np.nan, n / (np.where(gated, 1.0, covered) * width / 60.0))
        mean = np.where(gated | (n == 0), np.nan, total / np.maximum(n, 1))
        sways = [False] * len(times)
        if self._signal is not None:
            sways = self._signal.sway.within(times - width / 2, width)
        out: list[IndexSample] = []
        for index, values in (("scr_rate", rate), ("scr_amp", mean)):
            quality = np.where(np.isnan(values) | self._doubted(times) | sways, 0.0, covered)
            reasons = self._reasons(times, values, counts, covered, "no responses")
            reasons = [why or SWINGS * one for why, one in zip(reasons, sways, strict=True)]
            out += index_samples(times, available, self._entity, index, values, quality, reasons)
        return out

    def _sums(self, starts: FloatArray, stops: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return the number of responses in each window and the sum of their ln(1 + amplitude)."""
        n, total = np.zeros(len(starts)), np.zeros(len(starts))
        for scr in self._scrs:
            inside = (scr.peak >= starts) & (scr.peak < stops)
            n += inside
            total += np.where(inside, math.log1p(scr.amplitude), 0.0)
        return n, total

    def _responses(self, ticks: FloatArray, watermarks: FloatArray) -> list[IndexSample]:
        """Return the responses that became final."""
        if self._signal is None:
            return []
        self._pending += self._signal.fresh
        self._signal.fresh = []
        settled = (np.floor(np.array([s.known for s in self._pending]) / STEP) + 1.0) * STEP
        n, available = released(settled, ticks, watermarks)
        new, self._pending = self._pending[:n], self._pending[n:]
        self._scrs += new
        peaks, reasons = np.array([s.peak for s in new]), self._doubts(self._levelled(settled[:n]))
        reasons = [
            why or self._hidden(scr, s) for why, scr, s in zip(reasons, new, settled.tolist(), strict=False)
        ]
        quality = np.array([0.0 if why else 1.0 for why in reasons])
        out: list[IndexSample] = []
        for index, found in (("scr", [s.amplitude for s in new]), ("scr_onset", [s.onset for s in new])):
            values = np.array(found)
            out += index_samples(peaks, available, self._entity, index, values, quality, reasons)
        return out

    def _hidden(self, scr: Scr, settled: float) -> str:
        """Say of a response that was settled at a moment [s] if it may be one of the swings around it."""
        assert self._signal is not None
        size = self._signal.sway.size_at(settled - self._config.quality.around)
        return SWINGS if scr.amplitude < OUT * size else ""

    def _levelled(self, settled: FloatArray) -> FloatArray:
        """Return the newest window of a level that is surely known when each response is settled [s]."""
        return np.floor(settled - self._config.level_wait - self._config.scl.window / 2) - 1.0

    def _forget(self, until: float) -> None:
        """Let go of what no later row can need."""
        before = until - self._config.kept
        self._scrs = [s for s in self._scrs if s.peak >= before]
        if self._signal is not None and math.isfinite(before):
            self._signal.validity.forget(before)
            self._signal.level.forget(before)
            self._signal.sway.forget(before)
