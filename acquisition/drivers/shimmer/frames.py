"""Frames of a Shimmer → samples: stamps without laps, what is lost counted, what only repeats left out."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from acquisition.drivers import Assumption
from acquisition.drivers.ble_stream import PacketStream
from acquisition.errors import PacketError
from acquisition.gatt.shimmer import LAP, TICKS, full_stamp
from acquisition.gatt.shimmer_reader import DataFrame
from acquisition.gatt.shimmer_values import (
    EXG1_CH1,
    EXG1_CH2,
    EXG1_STATUS,
    FEEDBACK,
    GSR,
    NEW_CONVERSION,
    OPEN,
    SETTLING,
    Layout,
    column,
    conductance,
    held_over,
    millivolts,
)
from acquisition.stream import FloatArray

RUN = 10
"""Frames handed on at once: one that is lost before them is more than the tolerance of a period."""
BACKWARDS = 8
"""Frames in a row whose stamps lie before the last one after which that one counts as wrong."""

Frames = NDArray[np.uint8]


class Reading(NamedTuple):
    """Say how frames become values, and how many at the end are not certain yet.

    Both are given frames, shape (n, size), and whether the first of them was handed on already and only
    stands before the others. `values` returns those of the others, `open_end` how many of the last may still
    turn out to be repeats.
    """

    values: Callable[[Frames, bool], FloatArray]
    open_end: Callable[[Frames, bool], int]
    counted: dict[str, int]
    """What the protocol leaves open, counted as it comes."""
    missing: str
    """Why values are nan, which the stream then lacks."""


def skin_conductance(of: Layout, sfreq: float, fixed_range: int | None) -> Reading:
    """Return how EDA is read [µS]: where the unit chooses its range, its repeats before a change are nan.

    Where nothing conducts it is 0, but for a word of a range that is about to be changed.
    """
    longest = 0 if fixed_range is not None else math.ceil(SETTLING * sfreq)
    counted = {"changes of range": 0, f"words repeated before them (assumed: {longest} each)": 0}
    changes, repeats_of = counted

    def values(frames: Frames, with_last: bool) -> FloatArray:
        words = column(frames, of, GSR)
        us = conductance(words, fixed_range=fixed_range)
        nothing = words & 0x0FFF <= OPEN
        us[nothing if fixed_range is not None else nothing & (words >> 14 & 0x03 == len(FEEDBACK) - 1)] = 0.0
        if longest:
            held = held_over(words, longest)
            us[held] = np.nan
            counted[changes] += int(np.count_nonzero(np.diff(words >> 14 & 0x03)))
            counted[repeats_of] += int(held.sum())
        return us[1:] if with_last else us

    def open_end(frames: Frames, with_last: bool) -> int:
        words = column(frames, of, GSR)
        same = np.flatnonzero(words != words[-1])
        repeats = len(words) - 1 - (int(same[-1]) + 1 if len(same) else 0)
        return min(longest, repeats)

    why = "it repeats its last reading while it changes its range, or its range ends"
    return Reading(values, open_end, counted, why)


LEADS = {"LL-RA": (1, 0), "LA-RA": (0, 1), "LL-LA": (1, -1)}
"""Lead → weights of the chip's channels 1 (LL-RA) and 2 (LA-RA)."""


def ecg(of: Layout, lead: str, gain: int) -> Reading:
    """Return how an ECG is read [mV]: a reading that is none of a new conversion and only repeats is nan."""
    first, second = LEADS[lead]
    counted = {"readings": 0, "readings of a new conversion, by bit 7 (assumed: all)": 0}
    readings, fresh = counted

    def values(frames: Frames, with_last: bool) -> FloatArray:
        raw = first * column(frames, of, EXG1_CH1) + second * column(frames, of, EXG1_CH2)
        mv = millivolts(raw, gain)
        old = np.zeros(len(mv), np.bool_)
        # Whether the bit is always set is not known; a reading that differs is a new one in any case.
        same = (np.diff(column(frames, of, EXG1_CH1)) == 0) & (np.diff(column(frames, of, EXG1_CH2)) == 0)
        old[1:] = same & (column(frames, of, EXG1_STATUS)[1:] & NEW_CONVERSION == 0)
        mv[old] = np.nan
        bits = column(frames, of, EXG1_STATUS)[int(with_last) :]
        counted[readings] += len(bits)
        counted[fresh] += int(np.count_nonzero(bits & NEW_CONVERSION))
        return mv[1:] if with_last else mv

    return Reading(values, lambda _, __: 0, counted, "readings that only repeat the one before")


class _Placed(NamedTuple):
    """A frame, its full stamp in ticks, and when it arrived [s]."""

    ticks: int
    data: bytes
    arrival: float


class FrameStream:
    """Feed one stream from frames.

    Parameters
    ----------
    stream : PacketStream
    reading : Reading
    ticks : int
        Between two frames.
    near : int
        The unit's clock [ticks] when the frames began, to within 256 s.
    """

    def __init__(self, stream: PacketStream, reading: Reading, ticks: int, near: int) -> None:
        self._stream, self._reading, self._ticks = stream, reading, ticks
        self._near, self._newest, self._refused = near, -1, 0
        self._waiting: list[_Placed] = []
        self._last: bytes | None = None
        self._why = ""

    def assumptions(self) -> list[Assumption]:
        """Return what was counted of what the protocol leaves open."""
        return [Assumption(what, "-", str(n)) for what, n in self._reading.counted.items()]

    def take(self, frames: Sequence[DataFrame], arrival: float) -> None:
        """Take in the frames of a notification.

        Raises
        ------
        PacketError
            If a stamp runs backwards, after all others were taken; that frame is left out.
        """
        refused = self._refused
        for frame in frames:
            ticks = self._place(int.from_bytes(frame.data[:3], "little"))
            if ticks is not None:
                self._waiting.append(_Placed(ticks, frame.data, arrival))
        self._deliver(final=False)
        if self._refused > refused:
            raise PacketError("shimmer: a frame whose stamp is not after the last one is left out")

    def flush(self) -> None:
        """Hand on what was kept back: nothing comes any more that could say more of it."""
        self._deliver(final=True)
        self._last = None

    def _place(self, stamp: int) -> int | None:
        """Return the full stamp, None of one that is not after the last."""
        if self._newest < 0:
            self._newest = full_stamp(stamp, self._near)
            return self._newest
        step = (stamp - self._newest) % LAP
        if not 0 < step < LAP // 2:
            self._refused += 1
            if self._refused % BACKWARDS:
                return None
            step = (stamp - self._newest + LAP // 2) % LAP - LAP // 2
        else:
            self._refused -= self._refused % BACKWARDS
        self._newest += step
        return self._newest

    def _deliver(self, *, final: bool) -> None:
        if not self._waiting:
            return
        rows = [w.data for w in self._waiting]
        with_last = self._last is not None
        if self._last is not None:
            rows.insert(0, self._last)
        frames = np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), -1)
        kept = 0 if final else min(self._reading.open_end(frames, with_last), len(self._waiting))
        ready = self._waiting[: len(self._waiting) - kept]
        if not ready:
            return
        values = self._reading.values(frames, with_last)
        self._waiting, self._last = self._waiting[len(ready) :], ready[-1].data
        there = np.isfinite(values)
        begin = 0
        for k in range(1, len(ready) + 1):
            same = k < len(ready) and k - begin < RUN and there[k] == there[begin]
            if same and self._continues(ready[k - 1], ready[k]):
                continue
            if there[begin]:
                part = values[begin:k, None].astype(np.float32)
                stamp = round(ready[k - 1].ticks * 1e9 / TICKS)
                self._stream.packet(part, stamp, ready[k - 1].arrival, why=self._why)
            self._why = "" if there[begin] else self._reading.missing
            begin = k

    def _continues(self, before: _Placed, after: _Placed) -> bool:
        return (
            before.arrival == after.arrival
            and abs(after.ticks - before.ticks - self._ticks) * 2 < self._ticks
        )
