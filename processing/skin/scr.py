"""Skin conductance responses: causal detection with an absolute threshold, in what is valid of a signal.

`processing.skin.rises` finds them in an unbroken stretch; here the stream is cut into stretches, and what
lies in bad seconds is left out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from acquisition.stream import BoolArray, FloatArray
from processing.corrections.edits import Edits
from processing.skin.eda_quality import CodeArray, EdaGate, EdaQualityConfig, Fault, quality_width, spreads
from processing.skin.falls import FallConfig
from processing.skin.found import Scr, Stretch
from processing.skin.held import Holds
from processing.skin.limits import LimitFinder, NoisyLimitFinder
from processing.skin.lines import LineFinder
from processing.skin.noise import EVERY
from processing.skin.rises import ScrConfig, ScrDetector
from processing.skin.settling import SettlingFinder
from processing.sums import after

__all__ = ["Found", "ResponseFinder", "Scr", "ScrConfig", "Scrs", "detect_scrs", "stretches"]

FILLED = 0.25
"""A rise of which so much was filled is no response [s]."""
KEPT = 20.0
"""How long it is remembered which samples were bad [s]."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Scrs:
    """Hold responses as columns, shape (n_responses,): moments [s], amplitude [µS], rise time [s]."""

    onset: FloatArray
    peak: FloatArray
    amplitude: FloatArray
    rise: FloatArray
    known: FloatArray


def stretches(usable: BoolArray, starts: BoolArray) -> list[tuple[int, int, bool]]:
    """Return the runs of usable samples as (start, stop, begins a new stretch).

    A run begins at a usable sample after an unusable one, or at one of `starts`; the first run of the
    arrays carries on the stretch before unless it is in `starts`.
    """
    edges = np.flatnonzero(np.diff(usable)) + 1 if len(usable) else np.empty(0, np.int64)
    cuts = np.unique(np.concatenate(([0], edges, np.flatnonzero(starts), [len(usable)])))
    pairs = zip(cuts[:-1].tolist(), cuts[1:].tolist(), strict=True)
    return [(a, b, bool(starts[a])) for a, b in pairs if usable[a]]


class Found(NamedTuple):
    """Hold what became final: responses, those and others in noise, which only tell the level how much of it
    is their tails, the moments where an unbroken signal begins [s], and stretches at fault."""

    scrs: list[Scr]
    felt: list[Scr]
    begun: list[float]
    stretches: list[Stretch]


class ResponseFinder:
    """Split classed samples into stretches and find the responses in each.

    A missing sample or two is passed over; a gap or an invalid sample ends the stretch. A response is not
    reported when its onset lies within `around` seconds after an invalid sample, or when the second
    of its peak holds more bad samples than good ones: missing, in a dip, or too soon after an invalid one.
    Nor when it was rejected by hand.
    """

    def __init__(
        self,
        sfreq: float,
        config: ScrConfig,
        quality: EdaQualityConfig,
        falls: FallConfig,
        edits: Edits | None = None,
    ) -> None:
        self._edits = edits
        self._sfreq, self._how = sfreq, (config, falls)
        self._detector = ScrDetector(sfreq, config, falls)
        self._holds, self._held, self._rate = Holds(), 1.0, sfreq
        self._half = 0.5 * quality_width(sfreq)
        self._around = quality.around
        self._fault = -np.inf
        self._broken = True
        self._limit, self._line = LimitFinder(), LineFinder(sfreq)
        self._noisy, self._settling = NoisyLimitFinder(sfreq), SettlingFinder(sfreq)
        self._bad: list[Stretch] = []
        self._seen: tuple[FloatArray, BoolArray] = (np.empty(0), np.empty(0, bool))

    def push(self, times: FloatArray, eda: FloatArray, codes: CodeArray, gaps: BoolArray) -> Found:
        """Take in samples: stamps [s], EDA [µS], their faults, and whether a gap lies before each."""
        self._remember(times, codes)
        present = codes != Fault.MISSING
        if not present.all():
            times, eda, codes, gaps = times[present], eda[present], codes[present], gaps[present]
        settles = self._settling.push(times, eda)
        usable = (codes == Fault.NONE) | (codes == Fault.FLAT)
        held = self._holds.push(eda)
        anew = held.length != after(self._held, held.length[:-1])[: len(gaps)]
        starts = gaps | anew | after(self._broken, ~usable[:-1])[: len(gaps)]
        seen = times[usable], eda[usable]
        still = [*self._limit.push(*seen), *self._noisy.push(*seen), *self._line.push(*seen), *settles]
        found = Found([], [], [], self._unsaid(still))
        self._bad += found.stretches
        for a, b, new in stretches(usable, starts):
            if new:
                self._begin(float(held.length[a]))
                found.begun.append(float(times[a]))
            if a and not usable[a - 1]:
                self._fail(times[a - 1 : a], codes[a - 1 : a])
            taken = held.taken[a:b]
            scrs, bad = self._detector.push(times[a:b][taken], eda[a:b][taken])
            scrs, bad = self._said(scrs), self._unsaid(bad)
            self._bad += bad
            found.stretches.extend(bad)
            still = [one for one in self._bad if one.fault != Fault.NOISE]
            felt = [
                s for s in scrs if self._late_enough(s.onset) and self._good(s, still) and not self._filled(s)
            ]
            found.felt.extend(felt)
            found.scrs.extend(s for s in felt if self._good(s, self._bad))
        if len(usable):
            self._broken, self._held = not usable[-1], float(held.length[-1])
            if self._broken:
                self._fail(times[-1:], codes[-1:])
        return found

    def _begin(self, length: float) -> None:
        """Begin a new stretch, of values that are held for so many samples."""
        rate = self._sfreq / length
        if rate == self._rate:
            self._detector.reset()
        else:
            self._detector, self._rate = ScrDetector(rate, *self._how), rate

    def _late_enough(self, onset: float) -> bool:
        """Tell whether a response began long enough after what was invalid, or where that was accepted."""
        vouched = self._edits is not None and bool(self._edits.accepts(np.array([onset]))[0])
        return onset >= self._fault + self._around or vouched

    def _fail(self, time: FloatArray, code: CodeArray) -> None:
        """Note an invalid sample, if nothing can be told for a while after it."""
        if spreads(code)[0]:
            self._fault = float(time[0])

    def _said(self, scrs: list[Scr]) -> list[Scr]:
        """Leave out responses that were rejected by hand."""
        if self._edits is None:
            return scrs
        none = self._edits.rejects(np.array([s.peak for s in scrs])).tolist()
        return [s for s, out in zip(scrs, none, strict=True) if not out]

    def _unsaid(self, stretches: list[Stretch]) -> list[Stretch]:
        """Leave out faults in what was accepted by hand."""
        if self._edits is None:
            return stretches
        starts, stops = (np.array([getattr(s, name) for s in stretches]) for name in ("start", "stop"))
        good = self._edits.vouches(starts, stops).tolist()
        return [s for s, out in zip(stretches, good, strict=True) if not out]

    def _remember(self, times: FloatArray, codes: CodeArray) -> None:
        """Note which samples are bad; let go of what is older than any response to come."""
        faults = np.where(spreads(codes), times, -np.inf)
        last = np.maximum.accumulate(after(self._fault, faults))[1:]
        bad = (codes != Fault.NONE) | (times - last <= self._around)
        if self._edits is not None:
            bad &= ~(self._edits.accepts(times) & (codes == Fault.NONE))
        t, b = np.concatenate((self._seen[0], times)), np.concatenate((self._seen[1], bad))
        n = int(np.searchsorted(t, (times[0] if len(times) else -np.inf) - KEPT))
        self._seen = (t[n:], b[n:])
        self._bad = [one for one in self._bad if len(t) == n or max(one.stop, one.known) >= t[n]]

    def _filled(self, scr: Scr) -> bool:
        """Tell whether a part of a rise was not measured, or was that of a filter."""
        none = (Fault.FILLED, Fault.SETTLES)
        lines = [one for one in self._bad if one.fault in none and one.known <= scr.known]
        return any(min(one.stop, scr.peak) - max(one.start, scr.onset) > FILLED for one in lines)

    def _good(self, scr: Scr, bad_in: Sequence[Stretch]) -> bool:
        """Tell whether half of the samples are good in the second of the peak, as `eda_quality` counts: not
        what lies in these stretches."""
        (t, bad), centre = self._seen, np.rint(scr.peak)
        inside = slice(*np.searchsorted(t, (centre - self._half, centre + self._half)).tolist())
        t, bad = t[inside], bad[inside].copy()
        for one in bad_in:
            if one.known <= scr.known:
                # As long as it is not known that noise has ended, it goes on.
                ended = one.fault != Fault.NOISE or one.known + EVERY <= scr.known
                bad |= (t > one.start) & ((t <= one.stop) | (not ended))
        return bool(2 * np.count_nonzero(bad) <= len(bad))


def detect_scrs(
    eda: FloatArray,
    sfreq: float,
    *,
    config: ScrConfig | None = None,
    quality: EdaQualityConfig | None = None,
    falls: FallConfig | None = None,
) -> Scrs:
    """Detect skin conductance responses, as the live estimator does.

    Parameters
    ----------
    eda : ndarray, shape (n_samples,)
        Skin conductance [µS]; nan where missing.
    sfreq : float
        Sampling rate [Hz].

    Returns
    -------
    Scrs
        Moments in seconds since the first sample.

    References
    ----------
    Boucsein (2012), doi:10.1007/978-1-4614-1126-0
    """
    quality = quality or EdaQualityConfig()
    times, eda = np.arange(len(eda)) / sfreq, np.asarray(eda, float)
    codes, gaps = EdaGate(sfreq, quality).push(times, eda)
    finder = ResponseFinder(sfreq, config or ScrConfig(), quality, falls or FallConfig())
    found = finder.push(times, eda, codes, gaps)
    columns = np.array(found.scrs, float).reshape(-1, len(Scr._fields)).T
    return Scrs(**dict(zip(Scr._fields, columns, strict=True)))
