"""Trial: whether what lies around a rise, before it and after, lets it be a response of the skin.

A sweat gland fills within half a second at the least and empties within seconds, from a level that was there
before. So none of these is a response:

- a rise of which one step within a quarter of a second makes up most;
- a bump: what falls again as fast as it rose;
- a recovery: what only brings the signal back to where a fall that no skin makes took it from, in the signal
  as it is or in the one without jumps;
- a drift, a swing, or what a slow dip leaves (processing.skin.swings).

The trial waits `after` seconds after the peak, so that a response is announced within 3 s of it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from acquisition.stream import FloatArray
from processing.skin.eda_quality import quality_width
from processing.skin.falls import Fall, FallConfig, FallFinder
from processing.skin.found import Scr
from processing.skin.scr_signal import Smoothed, Smoother
from processing.skin.swings import SwingConfig, none_of_skin
from processing.sums import trailing_sum

EDGE = 0.25
"""What lies so near to an onset or a peak counts as part of the rise [s]."""
STEPS = 2.0
"""Below this rate a response rises from one sample to the next, and no step is told from it [Hz]."""
STEP, FEW = 0.25, 0.12
"""A step is taken over this time, between means of this length [s]."""
LAG = 0.5
"""A fall after the peak is taken over this time [s]."""
WHOLE = 1.0
"""A fall that goes on is taken over this time [s]."""
MEMORY = 60.0
"""What is older than this is let go of [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrialConfig:
    """Hold the parameters of the trial; shares are of a response's amplitude.

    Parameters
    ----------
    after, slow_after : float
        How long after the peak the trial ends [s]; below 4 Hz the next sample may come a second later.
    step, step_least : float
        A step of this share and so much more [µS] is none of the skin.
    fall, fall_least : float
        So is a fall of this share of the height over the last `before` seconds, and so much more [µS].
    falls_on : float
        Or one of this share that goes on for a second.
    before : float
        [s]
    restless : int
        So many falls in those seconds and since are a movement that goes on.
    jump : float
        Where so much was taken out as a jump [µS] the rise was freed of its step.
    memory : float
        How long after a fall a rise may be its recovery [s].
    half : float
        A dip of which this share of the depth was taken out and not put back has left a rise behind.
    regained, under, whole : float
        A rise is a recovery if it reaches this share of the depth, lies under the height before the fall by
        the second share, and the third share of it is still there when jumps are taken out.
    goes_on : float
        What falls so long after its fall was seen has not been up again [s].
    above : float
        A rise that begins in a dip reaches at least so much of its amplitude over the height before the dip.
    """

    after: float = 2.25
    slow_after: float = 1.75
    step: float = 0.6
    step_least: float = 0.02
    fall: float = 0.4
    fall_least: float = 0.02
    falls_on: float = 0.65
    before: float = 10.0
    restless: int = 3
    jump: float = 0.04
    memory: float = 15.0
    half: float = 0.4
    regained: float = 0.65
    under: float = 0.5
    whole: float = 0.75
    goes_on: float = 0.75
    above: float = 0.35
    swings: SwingConfig = field(default_factory=SwingConfig)


class Trial:
    """Hold rises until what follows them is known, and let those pass that can be responses.

    Parameters
    ----------
    sfreq : float
        Sampling rate [Hz].
    latest : float
        What is settled later than this after its peak [s] comes too late to be announced.
    smoother : Smoother
        What smooths the signal, for the rates of its means and its grid.
    smallest : float
        Least amplitude of a response [µS].
    """

    def __init__(
        self,
        sfreq: float,
        config: TrialConfig,
        latest: float,
        falls: FallConfig,
        smoother: Smoother,
        smallest: float,
    ) -> None:
        self._config, self._latest = config, latest
        self._falls = FallFinder(sfreq, falls)
        self._smallest = smallest
        self._few = max(1, round(FEW * smoother.rate))
        self._step = max(1, int(STEP * smoother.rate + 0.01))
        self._stepless = sfreq < STEPS
        self._lag = max(1, round(LAG * smoother.sfreq))
        self._after = config.after if sfreq >= 4.0 else config.slow_after
        self._half = 0.5 * quality_width(sfreq)
        self.reset()

    def reset(self) -> None:
        """Begin a new stretch; what is not final is dropped."""
        none = np.empty(0)
        self._falls.reset()
        self._waiting: list[Scr] = []
        self._fallen: list[Fall] = []
        self._raw: tuple[FloatArray, ...] = (none, none)
        self._means: tuple[FloatArray, ...] = (none, none, none)
        self._grid: tuple[FloatArray, ...] = (none, none, none)

    def push(
        self, times: FloatArray, eda: FloatArray, smooth: Smoothed, rises: Sequence[Scr]
    ) -> tuple[list[Scr], list[Fall]]:
        """Take in samples, what the smoother made of them and the rises found in it.

        Returns the responses that became final, and the falls that were decided.
        """
        fallen, *raw = self._falls.push(times, eda)
        self._fallen += fallen
        self._waiting += rises
        self._raw = _joined(self._raw, raw)
        self._means = _joined(self._means, smooth.means)
        self._grid = _joined(self._grid, (smooth.times, smooth.steady, smooth.known))
        passed = []
        while self._waiting:
            rise = self._waiting[0]
            k = int(np.searchsorted(times, rise.peak + self._after))
            if k == len(times):
                break
            rise = rise._replace(known=max(rise.known, float(times[k])))
            tests = (
                self._comes_late,
                self._undecided,
                self._restless,
                self._steps,
                self._bumps,
                self._halves,
                self._recovers,
                self._swings,
            )
            if not any(test(rise) for test in tests):
                passed.append(rise)
            del self._waiting[0]
        self._forget()
        return passed, fallen

    def _swings(self, rise: Scr) -> bool:
        """Tell whether a rise is none of the skin for what is beside it."""
        swings = self._config.swings
        return none_of_skin(rise, self._grid, self._raw, self._falls.sfreq, self._smallest, swings)

    def _comes_late(self, rise: Scr) -> bool:
        """Tell whether a rise was settled too late to be announced within 3 s of its peak."""
        return rise.known > rise.peak + self._latest

    def _undecided(self, rise: Scr) -> bool:
        """Tell whether most of the second of a peak may yet be missing or in a dip."""
        middle = float(np.rint(rise.peak))
        begun = min((f.start for f in self._seen(rise.known) if f.known > rise.known), default=np.inf)
        if begun < middle or begun == np.inf:
            return begun < middle
        # What is missing is not among the samples.
        first, last = np.searchsorted(self._raw[0], (middle - self._half, begun)).tolist()
        return bool(last - first < self._half * self._falls.sfreq)

    def _restless(self, rise: Scr) -> bool:
        """Tell whether the signal falls again and again as no skin does."""
        begin = rise.onset - self._config.before
        falls = sum(fall.start >= begin and not fall.spike for fall in self._seen(rise.known))
        return falls >= self._config.restless

    def _seen(self, known: float) -> list[Fall]:
        """Return the falls that were seen by a moment, whether decided or not."""
        opened = [self._falls.open] if self._falls.open is not None else []
        return [fall for fall in (*self._fallen, *opened) if fall.seen <= known]

    def _steps(self, rise: Scr) -> bool:
        """Tell whether one step makes up most of a rise."""
        if self._stepless:
            return False
        t, x, steady = self._means
        inside = slice(*np.searchsorted(t, (rise.onset - EDGE, rise.peak + EDGE)).tolist())
        taken = (x - steady)[inside]
        if len(taken) < self._few or np.ptp(taken) >= self._config.jump:
            return False
        y = trailing_sum(steady[inside], self._few) / self._few
        most = float((y[self._step :] - y[: -self._step]).max(initial=0.0))
        # On the tail of another a response looks low and steep.
        begin = int(np.searchsorted(t, rise.onset - LAG))
        falls = max(0.0, float(steady[begin] - steady[inside].min())) / LAG
        height = rise.amplitude + falls * rise.rise
        return most + falls * STEP >= self._config.step * height + self._config.step_least

    def _bumps(self, rise: Scr) -> bool:
        """Tell whether the signal falls after a peak faster than a response can."""
        config, lag = self._config, self._lag
        t, y, known = self._grid
        moments = (rise.onset - config.before, rise.onset - 4.0 * LAG, rise.onset, rise.peak)
        far, near, onset, peak = np.searchsorted(t, np.subtract(moments, 1e-3)).tolist()
        after = y[peak : int(np.searchsorted(known, rise.known, side="right"))]
        if len(after) <= lag:
            return False
        early = y[near : onset + 1]
        usual = float((early[:-lag] - early[lag:]).max(initial=0.0)) if len(early) > lag else 0.0
        height = max(rise.amplitude, float(y[peak] - y[far : onset + 1].min()))
        fell = float((after[:-lag] - after[lag:]).max())
        if fell - usual >= config.fall * height + config.fall_least:
            return True
        return self._falls_on(rise, 2.0 * usual + config.falls_on * height + config.fall_least)

    def _falls_on(self, rise: Scr, limit: float) -> bool:
        """Tell whether the signal as it is falls by more within a second after a peak, not in one step."""
        t, z = self._raw
        z = z[slice(*np.searchsorted(t, (rise.peak, rise.known + 1e-3)).tolist())]
        second, quarter = (max(1, round(s * self._falls.sfreq)) for s in (WHOLE, STEP))
        if len(z) <= second:
            return False
        falls = z[:-second] - z[second:]
        place = int(np.argmax(falls))
        inside = z[place : place + second + 1]
        step = float((inside[:-quarter] - inside[quarter:]).max())
        return float(falls[place]) >= limit and step <= self._config.step * float(falls[place])

    def _halves(self, rise: Scr) -> bool:
        """Tell whether a rise is what a dip left: of its flanks only one was taken out as a jump."""
        t, x, steady = self._means
        for fall in self._fallen:
            if not fall.back or fall.known > rise.known:
                continue
            first, last = np.searchsorted(t, (fall.start - EDGE, fall.stop + EDGE)).tolist()
            if last >= len(t):
                continue
            depth = fall.level - float(x[first : last + 1].min())
            near = rise.onset >= fall.start - EDGE and abs(rise.peak - fall.stop) <= 3.0 * EDGE
            if near and rise.amplitude <= 0.35 * depth:
                return True
            if rise.onset - 2.0 * EDGE <= fall.stop <= rise.peak + 2.0 * EDGE:
                taken = (x[last] - steady[last]) - (x[first] - steady[first])
                if abs(taken) >= self._config.half * depth:
                    return True
        return False

    def _recovers(self, rise: Scr) -> bool:
        """Tell whether a rise only brings the signal back to where it fell from."""
        config = self._config
        first, last = rise.onset - config.memory, rise.onset + 2.0 * EDGE
        falls = [fall for fall in self._seen(rise.known) if first <= fall.start < last]
        if not falls:
            return False
        t, z = self._raw
        begin, end = np.searchsorted(t, (rise.onset - EDGE, rise.peak + EDGE)).tolist()
        if begin == end:
            return False
        bottom, top = float(z[begin:end].min()), float(z[begin:end].max())
        if any(self._inside(fall, rise, top) for fall in falls):
            return True
        if rise.amplitude < config.whole * (top - bottom):
            return False
        return any(self._from(fall, rise, begin, bottom, top) for fall in falls)

    def _inside(self, fall: Fall, rise: Scr, top: float) -> bool:
        """Tell whether a rise that begins in a dip ends where the dip began: a part of the dip was taken
        out as jumps, and what is left looks like a response."""
        dip = fall.back and fall.known <= rise.known and rise.onset >= fall.start - EDGE
        if not dip or rise.onset > fall.stop + EDGE:
            return False
        t, z = self._raw
        low = float(z[slice(*np.searchsorted(t, (fall.start, fall.stop)).tolist())].min(initial=fall.level))
        falls_back = fall.base - low < 0.3 * (fall.level - low)  # a bump came before
        return not falls_back and top < fall.level + self._config.above * rise.amplitude

    def _from(self, fall: Fall, rise: Scr, begin: int, bottom: float, top: float) -> bool:
        """Tell whether a rise from `bottom` to `top` recovers from one fall."""
        config, (t, z) = self._config, self._raw
        first, seen, last = np.searchsorted(t, (fall.start, fall.seen, rise.known)).tolist()
        dip = fall.known <= rise.known and fall.back
        low = float(z[first : int(np.searchsorted(t, fall.stop)) + 1 if dip else last + 1].min())
        low = min(low, bottom)
        depth = fall.level - low
        if fall.base - low < 0.3 * depth or bottom > low + 0.4 * depth:
            return (
                False  # it fell back from a bump to where it had been, or the signal is up again by the onset
            )
        if dip and fall.stop < rise.onset - 2.0 * EDGE:
            return False
        if not dip and begin > seen:
            lowest = seen + int(np.argmin(z[seen:begin]))
            since = lowest if float(t[lowest]) > fall.seen + config.goes_on else seen
            if float(z[since:begin].max()) > low + 0.5 * depth:  # it was up again
                return False
        under = min(top, fall.level) - bottom
        back = fall.level - (1.0 - config.regained) * depth
        return under >= config.under * (top - bottom) and top >= back

    def _forget(self) -> None:
        """Let go of what no rise to come can need."""
        newest = float(self._raw[0][-1]) if len(self._raw[0]) else -np.inf
        before = min([newest, *(rise.onset for rise in self._waiting)]) - MEMORY
        self._fallen = [fall for fall in self._fallen if fall.start >= before]
        for name in ("_raw", "_means", "_grid"):
            columns: tuple[FloatArray, ...] = getattr(self, name)
            n = int(np.searchsorted(columns[0], before))
            setattr(self, name, tuple(column[n:] for column in columns))


def _joined(old: tuple[FloatArray, ...], new: Sequence[FloatArray]) -> tuple[FloatArray, ...]:
    """Return each column with what is new."""
    return tuple(np.concatenate(pair) for pair in zip(old, new, strict=True))
