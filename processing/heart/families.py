"""Families of QRS shapes of one person, and how much each beat resembles the normal ones.

Every beat joins the family of shapes it fits, or founds one. The normal family is the most frequent one that
is not early as a rule, so an ectopic beat cannot define what is normal however often it comes: in a bigeminy,
half of all beats are ectopic, but they are the early half.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray, IntArray
from processing.heart.waves.typical import KEPT, Latest
from processing.sums import middle

STEP = 0.008
"""Grid of a shape [s]."""
FIRST, LAST = -15, 18
"""First and last grid point of a shape, from the R peak: 120 ms before to 144 ms after it."""
SHIFT = 4
"""Grid points by which a shape may be shifted to fit another: the mark of a wide beat wanders by 30 ms."""
WIDTH = LAST - FIRST + 1
SMOOTH = 0.03
"""Half length of the smoothing of a shape [s]."""
JOIN = 0.90
"""Least correlation with a family to belong to it."""
SIZES = (0.5, 2.0)
"""Least and largest amplitude over that of a family to belong to it."""
FORGET = 0.985
"""What a family keeps of its number at each beat: about the last 67 beats count."""
FAMILIES = 8
EVERY = 3
"""Once `KEPT` shapes are kept, their median is taken anew every third time: it costs more than all else."""
LAIN = 3
"""Beats after which it is known where a QRS lies."""
EARLY, BACK = 0.90, 1.08
"""A family whose beats come this early as a rule (share of the usual interval), with an interval after them
so much longer, is not the normal one. Where the heart gets faster, the next interval is short, too."""
SEEN = 2.5
"""A family of so many beats was seen before."""
MIDDLE = slice(-FIRST - 8, -FIRST + 9)
"""What of a shape tells where its QRS lies: 64 ms before to 64 ms after its mark."""
INSIDE = MIDDLE.stop - MIDDLE.start
"""Its grid points."""
ELSEWHERE = 0.010
"""A QRS that lies so far from where those of this person do about their marks has its mark on another of its
deflections [s]: noise moves a mark on one deflection by a quarter of that. From 6 to 12 ms alike."""
LEAST = 0.1
"""A family that is so much rarer than the most frequent one is not the normal one."""

IN_TURN, TURNS = 20, 0.8
"""Normal beats over which it is looked at whether two families take turns, and share of changes from which
they do."""

_SHIFTS = 2 * SHIFT + 1
_ONES = np.ones(WIDTH)


def qrs_shapes(
    ecg: FloatArray, places: IntArray, rest: FloatArray, sfreq: float
) -> tuple[FloatArray, FloatArray]:
    """Return the shape of each beat around its R peak at every shift, mean 0, and its norms.

    Parameters
    ----------
    ecg : ndarray, shape (n_samples,)
        ECG [mV]; what lies beyond its ends is taken to be as at the end.
    places : ndarray of int, shape (n_beats,)
        Sample nearest to each R peak.
    rest : ndarray, shape (n_beats,)
        From there to the R peak [samples].
    sfreq : float
        Sampling rate [Hz].

    Returns
    -------
    shapes : ndarray, shape (n_beats, 2 SHIFT + 1, WIDTH)
        ECG smoothed by a Hann window of 60 ms, linear between samples, at 125 Hz [mV].
    norms : ndarray, shape (n_beats, 2, 2 SHIFT + 1)
        Of the whole shape, and of its `MIDDLE` about the mean of that.
    """
    if not len(places):  # as of most pieces that come live
        return np.empty((0, _SHIFTS, WIDTH)), np.empty((0, 2, _SHIFTS))
    half = round(SMOOTH * sfreq)
    taps = np.hanning(2 * half + 3)
    taps = np.append(0.0, taps / taps.sum())  # 0 on both sides: each grid point lies between two samples
    at = rest[:, None] + np.arange(FIRST - SHIFT, LAST + SHIFT + 1) * (STEP * sfreq)
    whole = np.floor(at)
    part = at - whole  # from the nearest sample: a sum with its number would round by where the ECG begins
    low = places[:, None] + whole.astype(np.int64)
    shapes = np.zeros(at.shape)
    for k in range(-half, half + 2):
        weight = taps[k + half + 2] * (1.0 - part) + taps[k + half + 1] * part
        shapes += ecg[np.clip(low + k, 0, len(ecg) - 1)] * weight
    # in C order, or sums would add in an order that depends on how many beats there are
    parts = np.lib.stride_tricks.sliding_window_view(shapes, WIDTH, axis=1).copy()
    parts -= parts.mean(axis=2, keepdims=True)
    inner = parts[:, :, MIDDLE].copy()
    inner -= inner.mean(axis=2, keepdims=True)
    return parts, np.stack([np.sqrt((x * x).sum(axis=2)) + 1e-9 for x in (parts, inner)], axis=1)


class Family:
    """Hold the recent shapes of one family, and how its beats lie in time."""

    def __init__(self, shape: FloatArray) -> None:
        self.n = 1.0
        """Beats, older ones for less."""
        self.before: list[float] = []
        self.norm = 0.0
        self.typical = shape
        self._shapes = Latest(WIDTH)
        self._shapes.add(shape)
        self._after: list[float] = []
        self._lies: list[float] = []
        self._middle = np.zeros(WIDTH)
        self._model()

    def learn(self, shape: FloatArray) -> None:
        """Take in the shape of another beat."""
        self.n += 1.0
        self._shapes.add(shape)
        if self._shapes.count < KEPT or self._shapes.count % EVERY == 0:
            self._model()

    def came(self, ratio: float) -> None:
        """Note the interval before a beat over the usual one."""
        self.before = [*self.before[1 - KEPT :], ratio]

    def went(self, ratio: float) -> None:
        """Note the interval after a beat over the usual one."""
        self._after = [*self._after[1 - KEPT :], ratio]

    @property
    def usual_after(self) -> float:
        """The usual interval after a beat over the usual one; nan while none is known."""
        return middle(self._after) if self._after else math.nan

    @property
    def width(self) -> float:
        """How long the typical shape is far from 0 [s]."""
        size = np.abs(self.typical)
        return STEP * float(np.count_nonzero(size > 0.35 * size.max()))

    def fit(self, parts: FloatArray, norms: FloatArray) -> tuple[float, float, int]:
        """Return the best correlation of a beat at any shift, its amplitude over this family's, and the
        shift."""
        across = parts.dot(self.typical)
        found = (across / norms[0]).tolist()
        best = max(found)
        shift = found.index(best)
        return best, float(across[shift]) / self.norm, shift

    def astray(self, parts: FloatArray, norms: FloatArray, *, learn: bool) -> float:
        """Return how much later than usual a QRS lies about its mark [s], from where it is most like this
        family; 0 while few lay anywhere. `learn` lets it tell what is usual.

        In noise, or where the breath turns the heart, the mark of a QRS with two peaks of like size changes
        from one to the other; its shape stays.
        """
        fits = (parts.dot(self._middle) / norms[1]).tolist()
        top = fits.index(max(fits))
        lies = float(top - SHIFT)
        if 0 < top < 2 * SHIFT:
            bend = fits[top - 1] - 2 * fits[top] + fits[top + 1]
            lies += 0.5 * (fits[top - 1] - fits[top + 1]) / bend if bend < 0 else 0.0
        usual = middle(self._lies) if len(self._lies) >= LAIN else lies
        if learn:
            self._lies = [*self._lies[1 - KEPT :], lies]
        return STEP * (lies - usual)

    def is_early(self, limit: float) -> bool:
        """Tell whether its beats come before their time as a rule."""
        before = middle(self.before) if len(self.before) >= 3 else math.inf
        return before <= limit and not self.usual_after < BACK * before

    def is_kin(self, main: Family) -> bool:
        """Tell whether this may be a normal family beside the main one: like it in size and shape."""
        if self.n > 3 * main.n:
            return True
        size = float(np.median(self._shapes.held().dot(main.typical))) / main.norm
        shifts = range(-SHIFT, SHIFT + 1)
        return (
            0.6 < size < 1.6 and max(float(np.roll(self.typical, k).dot(main.typical)) for k in shifts) > 0.70
        )

    def _model(self) -> None:
        ordered = self._shapes.ordered()
        n = ordered.shape[1]
        typical = ordered[:, n // 2] if n % 2 else 0.5 * (ordered[:, n // 2 - 1] + ordered[:, n // 2])
        typical = typical - typical.dot(_ONES) / WIDTH
        self.norm = math.sqrt(typical.dot(typical)) + 1e-9
        self.typical = typical / self.norm
        inner = self.typical[MIDDLE]
        self._middle[MIDDLE] = inner - inner.dot(_ONES[MIDDLE]) / INSIDE


class Placed(NamedTuple):
    """Hold where a beat was put.

    `likeness` is its correlation with the nearest normal family, at least `JOIN` for a beat of such a family;
    `size` its amplitude over that family's; `family` where it was put; `astray` how much later than usual its
    QRS lies about its mark [s].
    """

    likeness: float
    size: float
    family: Family
    astray: float


class Families:
    """Sort beats into families, one after another."""

    def __init__(self) -> None:
        self._all: list[Family] = []

    def place(self, parts: FloatArray, norms: FloatArray, before: float) -> Placed:
        """Put a beat into its family; return that, and how it resembles normal beats.

        Parameters
        ----------
        parts, norms : ndarray
            Of one beat, as `qrs_shapes` gives them.
        before : float
            Interval before it over the usual one; nan if there is none.
        """
        best, own, size, shift = -1.0, None, 1.0, SHIFT
        for family in self._all:
            family.n *= FORGET
            fit, gain, at = family.fit(parts, norms)
            if fit > best and SIZES[0] < gain < SIZES[1]:
                best, own, size, shift = fit, family, gain, at
        if own is None or best < JOIN:
            own = self._found(parts[SHIFT])
        else:
            own.learn(parts[shift])
        if not math.isnan(before):
            own.came(before)
        main = self._main()
        astray = main.astray(parts, norms, learn=own is main)
        if own is main:
            return Placed(best if best > 0 else 1.0, size, own, astray)
        if _is_normal(own, main):
            return Placed(max(best, JOIN), size, own, astray)
        normal = [family for family in self._all if family is main or _is_normal(family, main)]
        likeness, size, _ = max((family.fit(parts, norms) for family in normal), key=lambda found: found[0])
        return Placed(likeness, size, own, astray)

    def look(self, parts: FloatArray, norms: FloatArray) -> tuple[float, float]:
        """Return likeness and size of a beat that was placed by hand, which no family learns from.

        Only where its shape is that of a family that is not normal does it tell: what the detector missed is
        as a rule hidden in noise, and resembles nothing.
        """
        known = [family for family in self._all if family.n > SEEN]
        fits = [family.fit(parts, norms) for family in known]
        if not fits:
            return 1.0, 1.0
        best, family = max(zip(fits, known, strict=True), key=lambda found: found[0][0])
        main = self._main()
        if best[0] < JOIN or not SIZES[0] < best[1] < SIZES[1] or family is main or _is_normal(family, main):
            return 1.0, 1.0
        normal = [f for f in self._all if f is main or _is_normal(f, main)]
        return max((f.fit(parts, norms) for f in normal), key=lambda found: found[0])[:2]

    def _found(self, shape: FloatArray) -> Family:
        own = Family(shape)
        self._all.append(own)
        if len(self._all) > FAMILIES:
            self._all.remove(min(self._all[:-1], key=lambda family: family.n))
        return own

    def _main(self) -> Family:
        if len(self._all) == 1:
            return self._all[0]
        largest = max(family.n for family in self._all)
        timely = [f for f in self._all if f.n > LEAST * largest and not f.is_early(EARLY)]
        return max(timely or self._all, key=lambda family: family.n)


def _is_normal(family: Family, main: Family) -> bool:
    """Tell whether a family beside the main one is normal: frequent, neither early nor followed by a pause,
    nor wider, and alike."""
    return (
        family.n > max(4.0, 0.08 * main.n)
        and len(family.before) >= 5
        and not family.is_early(0.93)
        and family.usual_after < 1.10
        and family.width <= main.width + 0.025
        and family.is_kin(main)
    )


class Turns:
    """Follow whether beats of two families, which both pass for normal, take turns.

    Every second beat may be an ectopic one that comes in time. Whatever they are, the marks of two shapes do
    not lie alike, and differences between intervals are those of the marks. A turn goes back to the family
    before the last: in a faint or noisy ECG the beats of one shape change among several.
    """

    def __init__(self) -> None:
        self._last: Family | None = None
        self._before: Family | None = None
        self._changes: list[bool] = []

    def taken(self, family: Family | None) -> bool:
        """Take in the family of a beat, None if the beat is not normal; tell whether they take turns."""
        if family is not None and self._last is not None:
            turned = family is not self._last and (self._before is None or family is self._before)
            self._changes = [*self._changes[1 - IN_TURN :], turned]
        self._before, self._last = self._last, family
        return len(self._changes) == IN_TURN and sum(self._changes) > TURNS * IN_TURN
