"""What stamps tell that nobody vouches for: gaps, jumps of the sender's clock, a rate it does not say."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from acquisition.event import NoticeKind
from acquisition.stream import FloatArray
from acquisition.text import how_many
from acquisition.timebase.account import Loss
from acquisition.timebase.base import TimeBase
from acquisition.timebase.repeats import Repeats

EVERY = 1.0
"""Seconds of arrivals after which stamps are looked at together: one by one costs ten times as much."""
MANY = 10
"""More gaps than this at once become one."""
SMALL = 0.1
"""Seconds up to which a loss is told of once only."""


class Told(NamedTuple):
    """Say what happened, and between which stamps [s]."""

    kind: NoticeKind
    message: str
    start: float
    stop: float


class StampWatch:
    """Lay a stream while it is recorded, for what can be told of it; the recording keeps the raw stamps.

    Parameters
    ----------
    sfreq : float
        Rate that the stream says [Hz].
    """

    def __init__(self, sfreq: float) -> None:
        self._sfreq = sfreq
        self._said: set[str] = set()
        self._is_lossy = False
        self.restart()

    def restart(self) -> None:
        """Begin anew after a pause, in which anything may have happened; what was told is not told again."""
        self._base = TimeBase(self._sfreq)
        self._repeats = Repeats(self._base.account)
        self._waiting: list[tuple[FloatArray, float]] = []
        self._given, self._last = 0, math.nan
        self._losses = self._remarks = 0

    def hear(self, times: FloatArray, now: float, rows: NDArray[Any] | None = None) -> list[Told]:
        """Take in stamps that arrived by `now` [s], and the samples; return what they tell."""
        if rows is not None and (left_out := self._repeats.left_out(times, rows)) is not None:
            times = times[~left_out]
            if not len(times):
                return []
        self._waiting.append((times, now))
        if now - self._waiting[0][1] < EVERY:
            return []
        stamps = np.concatenate([t for t, _ in self._waiting])
        arrivals = np.repeat([at for _, at in self._waiting], [len(t) for t, _ in self._waiting])
        self._waiting = []
        laid = np.append(self._last, self._base.push(stamps, arrivals).times)
        first, self._given = self._given, self._given + len(laid) - 1
        told = self._new_losses(laid, first)
        if len(told) > MANY:
            what = f"{len(told)} gaps"
            told = [Told("gap", what, told[0].start, told[-1].stop)]
        told += self._new_remarks(float(stamps[-1]))
        self._last = float(laid[-1])
        return told

    def _new_losses(self, laid: FloatArray, first: int) -> list[Told]:
        """Tell of losses whose samples have their times; laid[k] is the time of sample first + k - 1."""
        told = list[Told]()
        losses = self._base.account.losses
        while self._losses < len(losses) and losses[self._losses].at < self._given:
            loss = losses[self._losses]
            self._losses += 1
            at = max(0, loss.at - first)
            if loss.seconds > SMALL:
                told.append(_gap(loss, laid[at : at + 2]))
            elif not self._is_lossy:
                self._is_lossy = True
                one = _gap(loss, laid[at : at + 2])
                told.append(one._replace(message=f"{one.message}; further small losses are only counted"))
        return told

    def _new_remarks(self, last: float) -> list[Told]:
        told = list[Told]()
        for remark in self._base.account.remarks[self._remarks :]:
            if remark.kind == "segment" or remark.message not in self._said:
                told.append(Told(remark.kind, remark.message, math.nan, last))
            self._said.add(remark.message)
        self._remarks = len(self._base.account.remarks)
        return told


def _gap(loss: Loss, bounds: FloatArray) -> Told:
    n = round(loss.samples)
    start, stop = float(bounds[0]), float(bounds[-1])
    return Told("gap", f"{how_many(n, 'sample')} missing", start, stop)
