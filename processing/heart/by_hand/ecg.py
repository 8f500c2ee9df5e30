"""An ECG whose beats were corrected by hand: the same detector, and what was said of its beats."""

from __future__ import annotations

import numpy as np

from acquisition.stream import FloatArray
from processing.corrections.edits import Edits
from processing.heart.by_hand.merged import MergedBeats
from processing.heart.rpeaks import RPeaks
from processing.heart.table import BeatTable

LOOK = 0.35
"""The ECG so long after a placed beat is enough for its shape [s]; it is remembered for 3 s."""


class CorrectedEcg:
    """Detect and judge the beats of an ECG with its corrections; stands where `EcgInput` stands.

    Parameters
    ----------
    sfreq : float
        Sampling rate [Hz].
    table : BeatTable
        Where the beats go.
    edits : Edits

    Raises
    ------
    ValueError
        If the rate is too low.
    """

    def __init__(self, sfreq: float, table: BeatTable, edits: Edits) -> None:
        self._detector = RPeaks(sfreq)
        self._merged = MergedBeats(
            table,
            edits,
            starts=self._detector.starts,
            holes=self._detector.holes.known,
            shape=self._detector.shape_at,
        )
        self._unseen: list[float] = edits.placed.tolist()[::-1]

    def update(self, times: FloatArray, ecg: FloatArray) -> None:
        """Take in samples [mV]."""
        begin = 0
        while self._unseen and len(times) and times[-1] >= self._unseen[-1] + LOOK:
            placed = self._unseen.pop()
            stop = int(np.searchsorted(times, placed + LOOK))
            if stop > begin:
                self._merged.take(self._detector.update(times[begin:stop], ecg[begin:stop]))
                begin = stop
            self._merged.look(placed)
        self._merged.take(self._detector.update(times[begin:], ecg[begin:]))

    def settle(self, until: float) -> None:
        """Judge what must be judged by data time `until` [s]."""
        self._merged.take(self._detector.settle(until))
        self._merged.settle(until)
