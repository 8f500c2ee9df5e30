"""Signal: the running state of one EDA stream whose sampling rate is known."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from acquisition.stream import FloatArray
from processing.corrections.edits import Edits
from processing.skin.config import SkinConfig
from processing.skin.eda_quality import EdaGate, said_by_hand
from processing.skin.noise import Sway
from processing.skin.scl import Level, SecondMeans
from processing.skin.scr import ResponseFinder, Scr
from processing.skin.validity import Validity

Sink = Callable[[FloatArray, FloatArray], None]


class Signal:
    """Take in one stream of EDA: its faults, responses and level.

    Parameters
    ----------
    sfreq : float
        Sampling rate [Hz].
    edits : Edits, optional
        What was corrected by hand.
    sink : callable, optional
        Takes the valid samples, stamps [s] and skin conductance [µS], once that is known of them.
    """

    def __init__(
        self, sfreq: float, config: SkinConfig, edits: Edits | None = None, sink: Sink | None = None
    ) -> None:
        self.sfreq, self._edits, self._sink = sfreq, edits, sink
        self._settling = config.level_wait
        self._gate = EdaGate(sfreq, config.quality)
        self._finder = ResponseFinder(sfreq, config.scr, config.quality, config.falls, edits)
        self.validity = Validity(config.quality, edits)
        self._means = SecondMeans(int(2.0 * config.scl.window))
        self.level = Level(config.scl)
        self.sway, self._around = Sway(sfreq, config.scr.minimum), config.quality.around
        self.fresh: list[Scr] = []

    def push(self, times: FloatArray, eda: FloatArray) -> None:
        """Take in samples: stamps [s] and skin conductance [µS]."""
        codes, gaps = self._gate.push(times, eda)
        if self._edits is not None:
            codes = said_by_hand(self._edits, times, codes)
        found = self._finder.push(times, eda, codes, gaps)
        self.validity.push(times, eda, codes, found.stretches)
        self.level.push(found.felt, found.begun)
        self.fresh += found.scrs

    def settle(self, until: float) -> None:
        """Work out what follows from all stamps below `until`."""
        settled = self.validity.settle(until)
        if self._sink is not None:
            self._sink(settled.times[settled.valid], settled.eda[settled.valid])
        self._means.push(*settled)
        self.sway.push(*settled, until - self._around)
        for second in self._means.complete(until - self._settling):
            self.level.take(second)


def whole(eda: FloatArray, sfreq: float, config: SkinConfig) -> Signal:
    """Return the state after a whole array, stamped from 0 s on."""
    signal = Signal(sfreq, config)
    signal.push(np.arange(len(eda)) / sfreq, np.asarray(eda, float))
    signal.settle(np.inf)
    return signal
