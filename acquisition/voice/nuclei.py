"""Syllable nuclei: voiced peaks of intensity with dips on both sides.

De Jong & Wempe 2009, doi:10.3758/BRM.41.2.385, made causal:

- 25 dB are counted down from the 99th percentile of the last 60 s of own speech, not of the file;
- a peak is known once the intensity has fallen by 2 dB, and the next begins once it has risen by 2 dB.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from acquisition.voice.models import HOP, SFREQ

DIP = 2.0
"""[dB]"""
DEPTH = 25.0
"""How far below the loudest own speech a nucleus may lie [dB]."""
MEMORY = round(60.0 * SFREQ / HOP)
"""Frames of own speech that the loudest is taken of: 60 s."""
PERCENTILE = 99.0


class NucleusFinder:
    """Count the syllable nuclei of one person, frame by frame."""

    def __init__(self) -> None:
        self._levels: deque[float] = deque(maxlen=MEMORY)
        self.restart()

    def restart(self) -> None:
        """Begin anew after a gap; how loud the person is stays known."""
        self._rising = True
        self._extreme = -math.inf
        self._voiced = False

    def push(self, level: float, *, own: bool, voiced: bool) -> bool:
        """Take in the intensity of a frame [dB]; tell whether it showed that a nucleus lies before it."""
        if own:
            self._levels.append(level)
        if self._rising:
            if level > self._extreme:
                self._extreme, self._voiced = level, own and voiced
            elif level <= self._extreme - DIP:
                peak, self._rising, self._extreme = self._extreme, False, level
                return self._voiced and peak >= self._floor()
        elif level < self._extreme:
            self._extreme = level
        elif level >= self._extreme + DIP:
            self._rising, self._extreme, self._voiced = True, level, own and voiced
        return False

    def _floor(self) -> float:
        return float(np.percentile(np.array(self._levels), PERCENTILE)) - DEPTH
