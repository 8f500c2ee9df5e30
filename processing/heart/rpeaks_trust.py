"""Which of the detected beats look like this person's beats: the gate that silences a loose electrode.

The detector must be bold, since a wide or small beat is a beat; what enters intervals must not be noise.
So each
beat is compared with the shape and height of the beats trusted so far. Noise never becomes the model:
only trusted
beats teach it, and another shape replaces it only after a run of beats that are alike among themselves.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from acquisition.stream import FloatArray
from processing.heart.waves.typical import KEPT, Latest

EVERY = 4
"""Once so many are kept, the median is taken anew every fourth beat: it costs more than all else per beat."""
KNOWN = 3
"""Beats needed for a typical shape."""
MOST, TWICE, RECENT = 12, 2, 10.0
"""Beats of other shapes that are remembered, and how many must be alike; beats over which calm is judged."""
RUN = 5
"""Beats in a row that are alike before a new shape is trusted."""


class TrustConfig(NamedTuple):
    """Hold the limits of a trusted beat; all ours, set on simulated noise, electrode-off and ectopic
    beats."""

    likeness: float = 0.70
    """Least correlation with the typical trusted beat."""
    lowest: float = 0.4
    """Least and largest height over that of trusted beats."""
    highest: float = 2.5
    contrast: float = 2.5
    """Least QRS envelope over the noise floor."""
    first_contrast: float = 4.0
    """The same while nothing is trusted yet."""
    alike: float = 0.85
    """Least correlation among the beats of a run that establishes a new shape."""


LIMITS = TrustConfig()


class OthersConfig(NamedTuple):
    """Hold the limits of a beat of a shape that came before; all ours, set with six records in view."""

    contrast: float = 4.0
    """Least QRS envelope over the noise floor."""
    alike: float = 0.90
    """Least correlation."""
    sizes: tuple[float, float] = (0.6, 1.6)
    """Height over that of the one before."""
    calm: float = 0.7
    """Least share of the last beats that stand out by `calm_contrast`: in noise anything looks alike."""
    calm_contrast: float = 6.0


OTHERS = OthersConfig()


class NoiseConfig(NamedTuple):
    """Hold the limits of slow noise and what slopes count in it; all ours, set with five records in the
    motion of an electrode in view."""

    contrast: float = 8.0
    """QRS envelope over the noise floor from which a beat stands clear of noise."""
    share: float = 0.4
    """Share of the last beats that do not, above which there is noise,"""
    of_trusted: float = 0.25
    """if it is this of trusted ones, too: a wide ectopic beat stands out less than they do."""
    rough: float = 1.4
    """Energy of the slopes of what is no beat over that of trusted beats, above which slopes tell nothing: of
    motion it is up to 1.0, of white noise 2 and more."""
    weight: float = 8.0
    """Weight of the correlation of slopes with those of trusted beats, from `middle`."""
    middle: float = 0.55
    least: float = -2.5
    """Least that it counts: ectopic beats are beats."""
    less: float = 0.7
    """What all evidence counts there, beside an even rhythm."""


NOISE = NoiseConfig()


class Shapes:
    """Remember the shapes of recent beats, and tell how much another one resembles them."""

    def __init__(self, recent: list[FloatArray] | None = None) -> None:
        self._recent: list[FloatArray] = recent or []
        self._shapes: Latest | None = None
        self._typical: FloatArray | None = None
        for part in self._recent:
            self._keep(part)
        self._average()

    def likeness(self, parts: FloatArray) -> tuple[float, int]:
        """Return the best correlation of any shifted part with the typical shape, and which part; 0.5
        while unknown."""
        if self._typical is None:
            return 0.5, len(parts) // 2
        # always of the same shape, so always in the same order; a list, since it has but seven values
        fits = parts.dot(self._typical).tolist()
        best = max(fits)
        return best, fits.index(best)

    def fit(self, parts: FloatArray) -> float:
        """Return the first of `likeness`."""
        return 0.5 if self._typical is None else max(parts.dot(self._typical).tolist())

    @property
    def typical(self) -> FloatArray | None:
        """Return the typical shape; none while unknown."""
        return self._typical

    @property
    def known(self) -> bool:
        """Tell whether there is a typical shape."""
        return self._typical is not None

    def learn(self, part: FloatArray) -> None:
        """Take in the shape of a beat."""
        self._recent = [*self._recent[1 - RUN :], part]
        learned = self._keep(part)
        if learned < KEPT or learned % EVERY == 0:
            self._average()

    def latest(self, n: int) -> list[FloatArray]:
        """Return the last `n` shapes, at most `RUN`."""
        return self._recent[-n:]

    def _keep(self, part: FloatArray) -> int:
        """Remember a shape; return how many were learned so far."""
        self._shapes = self._shapes or Latest(len(part))
        self._shapes.add(part)
        return self._shapes.count

    def _average(self) -> None:
        if self._shapes is None or self._shapes.count < KNOWN:
            return
        ordered = self._shapes.ordered()
        typical = ordered[:, ordered.shape[1] // 2]
        typical = typical - np.add.reduce(typical) / len(typical)
        self._typical = typical / (math.sqrt(np.add.reduce(typical * typical)) + 1e-12)


class Others:
    """Remember the shapes of recent beats that are no usual ones and stand out: ectopic beats come again, and
    one that comes early looks like a T wave to all other signs.

    Of them only what came twice counts, and only while most beats stand out of the noise.
    """

    def __init__(self) -> None:
        self._recent: list[tuple[FloatArray, float, bool]] = []
        self._calm = 0.5

    @property
    def is_calm(self) -> bool:
        """Tell whether most of the last beats stand out of the noise."""
        return self._calm >= OTHERS.calm

    def hold(self, parts: FloatArray, height: float, contrast: float) -> tuple[bool, bool]:
        """Tell whether a candidate has the shape and the size of two of them, and of two that are no T waves
        for sure."""
        if not (contrast > OTHERS.contrast and self.is_calm and len(self._recent) >= TWICE):
            return False, False
        low, high = OTHERS.sizes
        alike = sure = 0
        for part, size, is_sure in self._recent:
            if low * size < height < high * size and max(parts.dot(part).tolist()) > OTHERS.alike:
                alike += 1
                sure += is_sure
        return alike >= TWICE, sure >= TWICE

    def learn(
        self,
        part: FloatArray,
        height: float,
        contrast: float,
        likeness: float,
        *,
        trusted: bool,
        sure: bool,
    ) -> None:
        """Take in a beat: its shape, QRS envelope [mV], that over the noise floor, likeness to trusted beats,
        and whether it was sure to be no T wave."""
        self._calm += (float(contrast > OTHERS.calm_contrast) - self._calm) / RECENT
        if not trusted and contrast > OTHERS.contrast and likeness < LIMITS.likeness:
            self._recent = [*self._recent[1 - MOST :], (part, height, sure)]

    def passed_over(self, part: FloatArray, height: float) -> None:
        """Take in a beat that was passed over, as it proved: its shape and QRS envelope [mV]."""
        if self.is_calm:
            self._recent = [*self._recent[1 - MOST :], (part, height, True)]


class SlowNoise:
    """Follow how far beats stand out of noise, and tell in slow noise how much the slopes of a candidate
    resemble those of trusted beats.

    The motion of an electrode is the stronger the slower it is. Its slopes are about as strong at all
    frequencies of a QRS, and in such noise the correlation with a known shape is the best linear detector.
    The slopes of white noise are not.
    """

    def __init__(self) -> None:
        self._share = self._of_trusted = 0.0
        self._rough: list[float] = []
        self.is_loud = False
        """Many of the last beats do not stand out of noise."""

    def accept(self, contrast: float, *, trusted: bool) -> None:
        """Take in the QRS envelope of a beat over the noise floor."""
        low = float(contrast < NOISE.contrast)
        self._share += (low - self._share) / RECENT
        if trusted:
            self._of_trusted += (low - self._of_trusted) / RECENT
        self.is_loud = self._share > NOISE.share and self._of_trusted > NOISE.of_trusted

    def reject(self, part: FloatArray) -> None:
        """Take in the shape of what was no beat, at mean 0 and norm 1."""
        if self.is_loud:
            slopes = part[1:] - part[:-1]
            self._rough = [*self._rough[1 - MOST :], float(np.add.reduce(slopes * slopes))]

    def evidence(self, parts: FloatArray, typical: FloatArray | None) -> float | None:
        """Return what the slopes of a candidate say for a beat [log-odds]; none outside of slow noise.

        Parameters
        ----------
        parts : ndarray, shape (n_shifts, width)
            Its shape at every shift, mean 0 and norm 1.
        typical : ndarray, shape (width,), or None
            That of trusted beats.
        """
        if not self.is_loud or len(self._rough) < KNOWN or typical is None:
            return None
        own = typical[1:] - typical[:-1]
        power = float(np.add.reduce(own * own))
        if sorted(self._rough)[len(self._rough) // 2] > NOISE.rough * power:
            return None
        slopes = parts[:, 1:] - parts[:, :-1]
        norms = np.sqrt(power * (slopes * slopes).sum(axis=1)) + 1e-12
        fit: float = max((slopes.dot(own) / norms).tolist())
        return max(NOISE.weight * (max(fit, 0.0) - NOISE.middle), NOISE.least)


class Trust:
    """Judge beats one after another."""

    def __init__(self, config: TrustConfig = LIMITS) -> None:
        self._config = config
        self._shapes = Shapes()
        self._heights: list[float] = []
        self._run: list[float] = []

    def likeness(self, parts: FloatArray) -> float:
        """Return the best correlation of any shifted part with the trusted shape; 0.5 while unknown."""
        return self._shapes.fit(parts)

    @property
    def typical(self) -> FloatArray | None:
        """Return the typical shape of trusted beats, at mean 0 and norm 1; none while unknown."""
        return self._shapes.typical

    def judge(
        self, parts: FloatArray, part: FloatArray, recent: Shapes, contrast: float, height: float
    ) -> tuple[bool, float]:
        """Tell whether a beat is trusted, and its correlation with the typical trusted beat.

        Parameters
        ----------
        parts : ndarray, shape (n_shifts, width)
            Its shape at every shift, mean 0 and norm 1.
        part : ndarray, shape (width,)
            The shift that fits the recent beats, which include this one.
        recent : Shapes
            All recent beats, trusted or not.
        contrast, height : float
            QRS envelope over the noise floor; QRS envelope [mV].
        """
        c = self._config
        self._follow(part, recent, contrast, height)
        likeness, shift = self._shapes.likeness(parts)
        if not self._shapes.known:
            trusted = contrast >= c.first_contrast
        else:
            usual = sorted(self._heights)[len(self._heights) // 2]
            size = height / max(usual, 1e-12)
            trusted = likeness >= c.likeness and contrast >= c.contrast and c.lowest <= size <= c.highest
        if len(self._run) >= RUN and not trusted:
            self._shapes, self._heights = Shapes(recent.latest(RUN)), self._run[-RUN:]
            likeness, trusted = self._shapes.likeness(parts)[0], True
        elif trusted:
            self._shapes.learn(parts[shift])
            self._heights = [*self._heights[-(KEPT - 1) :], height]
        return trusted, likeness

    def _follow(self, part: FloatArray, recent: Shapes, contrast: float, height: float) -> None:
        """Count the beats in a row that are alike."""
        before = recent.latest(2)
        even = not self._run or 0.5 <= height / max(self._run[-1], 1e-12) <= 2.0
        if not even or len(before) < 2 or contrast < self._config.contrast:
            self._run = []
        elif float(before[0].dot(part)) >= self._config.alike:
            self._run = [*self._run[-(KEPT - 1) :], height]
        else:
            self._run = []
