"""The curve of a raw signal: a history that is drawn now and then, and a tail that grows with each frame."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from viewer.lanes.curve import EMPTY, new_item, set_line, unmoved
from viewer.lanes.tail import TailStrip
from viewer.model.history import Line, Waveform
from viewer.model.page import Page

TAIL = 2.0
"""Seconds after which the live tail joins the history."""


class WaveCurve:
    """Draw a raw signal: history up to two seconds ago, and the tail after it.

    Parameters
    ----------
    strip : TailStrip, optional
        Draws the tail above the plot; without one it is an item of the plot.
    """

    def __init__(
        self,
        plot: Any,
        wave: Callable[[], Waveform | None],
        entity: str,
        colour: str,
        strip: TailStrip | None = None,
    ) -> None:
        self.entity = entity
        self._wave, self.strip = wave, strip
        self._history, self._tail = new_item(plot, colour), new_item(plot, colour)
        self._frozen = 0
        self._drawn = -1
        self._bins = 1
        self._settled = self._kept = 0
        """First sample from which on the tail changes, and how many of its points come before."""

    def rebuild(self, page: Page, n_bins: int, live: bool) -> None:
        wave, self._bins = self._wave(), n_bins
        if wave is None:
            return self.clear()
        line, self._frozen = wave.line(page.start, page.stop, n_bins)
        set_line(self._history, line)
        self._set_tail(EMPTY, page)
        self._drawn = -1 if live else wave.n
        return None

    def _set_tail(self, line: Line, page: Page) -> None:
        if self.strip is not None:
            self.strip.show_line(line, page)
        else:
            set_line(self._tail, line)

    def refresh(self, page: Page) -> bool:
        wave = self._wave()
        fits = self.strip is None or self.strip.fits(page)
        if wave is None or (wave.n == self._drawn and fits):
            return False
        new = (wave.n - self._drawn) / wave.sfreq
        if self.strip is None and self._drawn != -1 and unmoved(new, page, self._bins):
            return False
        size = wave.bin_size(page.seconds, self._bins)
        full = wave.n - self._frozen > TAIL * wave.sfreq + size
        if not (fits and not full and self._go_on(wave, size)):
            self._begin_tail(wave, page, size, full)
        self._drawn = wave.n
        return True

    def _go_on(self, wave: Waveform, size: int) -> bool:
        """Add what is new to the strip, if that is all there is to do."""
        if self.strip is None or self._drawn == -1 or not self.strip.going:
            return False
        line = wave.tail(self._settled, size)
        if not np.isfinite(line[1]).all():
            return False
        self.strip.go_on(line, self._kept)
        self._settled, more = wave.settled(self._settled, size)
        self._kept += more
        return True

    def _begin_tail(self, wave: Waveform, page: Page, size: int, full: bool) -> None:
        """Draw the tail anew; one that is too long, or has a gap, joins the history of the page first."""
        if full:
            self._join(wave, page)
        tail = wave.tail(self._frozen - 1, size)
        if self.strip is not None and self._drawn != -1 and not np.isfinite(tail[1]).all():
            # What lies below a gap belongs to the page: the strip would hide it.
            self._join(wave, page)
            tail = wave.tail(self._frozen - 1, size)
        self._settled, self._kept = wave.settled(self._frozen - 1, size)
        self._set_tail(tail, page)

    def _join(self, wave: Waveform, page: Page) -> None:
        line, self._frozen = wave.line(page.start, page.stop, self._bins)
        set_line(self._history, line)

    def clear(self) -> None:
        self._drawn = -1
        for item in (self._history, self._tail):
            set_line(item, EMPTY)
        if self.strip is not None:
            self.strip.show_nothing()

    def end(self) -> tuple[float, float] | None:
        wave = self._wave()
        if wave is None or wave.n == 0 or not math.isfinite(float(wave.values[-1])):
            return None
        return wave.last, float(wave.values[-1])

    def extent(self, page: Page) -> tuple[float, float]:
        wave = self._wave()
        return (math.nan, math.nan) if wave is None else wave.extent(page.start, page.stop)
