"""One inlet: samples with raw stamps, clock offsets before them, and remarks on what happened to it.

liblsl's own post-processing stays off: originals cannot be recovered from it.
"""

from __future__ import annotations

import math
import queue
import threading
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

import numpy as np
import pylsl
from numpy.typing import NDArray
from pylsl.util import LostError
from pylsl.util import TimeoutError as LslTimeout

from acquisition.event import MAX_TEXT, NoticeKind
from acquisition.lsl.pinned import Pinned, Pulled
from acquisition.plausible import LATEST, Tally, stamped
from acquisition.stream import FloatArray
from acquisition.text import clean_text

BUFFER = 360
"""Seconds (irregular streams: hundreds of samples) that liblsl keeps while nobody pulls."""
CORRECTION_PERIOD = 5.0
CORRECTION_TIMEOUT = 2.0
PATIENCE = 5.0
"""Seconds that samples wait for a clock offset."""
STEADY, ANSWERS = 1.5, 2
"""Seconds after a jump of the stamps, and measurements, in which the sender's clock has not moved: then
samples are not held until they are too late to count."""
JUMP = 0.5
"""Seconds by which stamps that run backwards, or ahead of the clock, tell of a clock that was reset."""


class Offset(NamedTuple):
    """Say what to add to the stamps that follow; `collected` is on the sender's clock [s]."""

    collected: float
    value: float


class Samples(NamedTuple):
    """Hold raw stamps, shape (n,), and values, shape (n, n_channels)."""

    times: FloatArray
    values: NDArray[Any]


class Remark(NamedTuple):
    """Say what happened; the times are on this machine's clock [s]."""

    kind: NoticeKind
    message: str
    start: float = math.nan
    stop: float = math.nan


class Measured(NamedTuple):
    """Hold a clock offset as measured; `asked` is when the measurement began."""

    asked: float
    at: float
    value: float


class RawInlet(Protocol):
    """What is used of `acquisition.lsl.pinned.Pinned`."""

    def pull(self) -> list[Pulled]: ...
    def time_correction(self, timeout: float) -> float: ...
    def close_stream(self) -> None: ...


class Inlet:
    """Receive one stream.

    Parameters
    ----------
    raw : RawInlet
        An open inlet, pinned to its outlet.
    sfreq : float
        Nominal rate [Hz]; only stamps of regular streams must not run back or ahead.
    known : float, optional
        The clock offset that the outlet before this one had [s]: another one is told of.
    clock : callable
        The LSL clock [s].
    """

    def __init__(
        self,
        raw: RawInlet,
        sfreq: float,
        *,
        known: float | None = None,
        clock: Callable[[], float] = pylsl.local_clock,
    ) -> None:
        self.missed = 0
        """Measurements of the clock offset that timed out."""
        self.arrived = clock()
        """When samples came last, or the stream was opened [s]."""
        self._raw = raw
        self._clock = clock
        self._regular = sfreq > 0
        self._offset: float | None = None
        self._known = known
        self._wait: float | None = None
        self._answers = 0
        self._deadline = self.arrived + PATIENCE
        self._pending: list[Samples] = []
        self._trusted = False
        self._last = math.nan
        self._absurd = Tally()
        self._measured: queue.SimpleQueue[Measured] = queue.SimpleQueue()
        self._ask = threading.Event()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._measure, name="lsl-offset", daemon=True)

    def start(self) -> None:
        """Begin to measure the clock offset."""
        self._thread.start()

    def stop(self) -> None:
        """End the measurements and drop the connection."""
        self._stop.set()
        self._ask.set()
        if self._thread.is_alive():
            self._thread.join(CORRECTION_TIMEOUT + 1.0)
        self._raw.close_stream()

    def age(self) -> float:
        """Return how long ago samples came [s]."""
        return self._clock() - self.arrived

    def _measure(self) -> None:
        while not self._stop.is_set():
            self._ask.clear()
            pause = CORRECTION_PERIOD if self._wait is None else 0.5
            asked = self._clock()
            try:
                value = self._raw.time_correction(CORRECTION_TIMEOUT)
            except (LslTimeout, LostError, RuntimeError, ValueError):  # liblsl's errors; the next try counts
                value = math.nan
            if abs(value) <= LATEST:
                self._measured.put(Measured(asked, self._clock(), value))
            else:
                self.missed, pause = self.missed + 1, 0.5
            self._ask.wait(pause)

    def drain(self) -> list[Offset | Samples | Remark]:
        """Return what arrived, without waiting; an offset comes before the samples it holds for."""
        out: list[Offset | Samples | Remark] = []
        self._take_offsets(out)
        if said := self._absurd.due(self._clock()):
            out.append(Remark("health", said))
        if new := self._pull():
            self.arrived = self._clock()
        self._pending += new
        if self._waits(out):
            return out
        pulled, self._pending = self._pending, []
        while pulled:
            part = pulled.pop(0)
            odd = self._odd(part.times)
            if odd is None:
                out.append(part)
                self._last = float(part.times[-1])
                continue
            if odd:
                out.append(Samples(part.times[:odd], part.values[:odd]))
            self._pending = [Samples(part.times[odd:], part.values[odd:]), *pulled]
            self._wait, self._answers = self._clock(), 0
            self._deadline = self._wait + PATIENCE
            self._ask.set()
            break
        return out

    def _take_offsets(self, out: list[Offset | Samples | Remark]) -> None:
        while True:
            try:
                new = self._measured.get_nowait()
            except queue.Empty:
                return
            before = self._known if self._offset is None else self._offset
            step = 0.0 if before is None else new.value - before
            if abs(step) > JUMP:
                out.append(
                    Remark(
                        "clock", f"the sender's clock was reset; the offset changed by {step:.3f} s", new.at
                    )
                )
            if self._wait is not None and abs(step) > JUMP:
                self._settle()
            elif self._wait is not None and new.asked >= self._wait:
                self._answers += 1
            self._offset = new.value
            out.append(Offset(new.at - new.value, new.value))

    def _settle(self) -> None:
        self._wait = None
        self._last = math.nan

    def _waits(self, out: list[Offset | Samples | Remark]) -> bool:
        now = self._clock()
        if self._offset is None and now < self._deadline:
            return True
        if self._offset is None:
            self._offset, self._known = 0.0, None
            out.append(Offset(now, 0.0))
            out.append(
                Remark(
                    "clock", f"no clock offset within {PATIENCE:g} s: 0 is used until one is measured", now
                )
            )
        if self._wait is not None and (now >= self._deadline or self._is_steady(now - self._wait)):
            self._settle()
            self._trusted = True
            out.append(
                Remark("clock", "stamps jump though the sender's clock does not: taken as they are", now)
            )
        return self._wait is not None

    def _is_steady(self, waited: float) -> bool:
        return waited >= STEADY and self._answers >= ANSWERS

    def _pull(self) -> list[Samples]:
        return [
            part
            for values, times in self._raw.pull()
            for part in self._believed(np.asarray(times, np.float64), values)
        ]

    def _believed(self, times: FloatArray, values: NDArray[Any]) -> list[Samples]:
        """Return samples without those whose stamps no clock shows: they tell nothing of a reset either."""
        keep = stamped(times)
        if not keep.all():
            why = f"stamps that no clock shows ({times[~keep][0]:g})"
            self._absurd.add(int((~keep).sum()), why)
            times, values = times[keep], values[keep]
        return [Samples(times, _decoded(values))] if len(times) else []

    def _odd(self, times: FloatArray) -> int | None:
        """Return the first sample whose stamp tells of a clock reset, if any does."""
        if self._trusted or not self._regular:
            return None
        ahead = times + (self._offset or 0.0) > self._clock() + JUMP
        back = np.diff(times, prepend=self._last) < -JUMP
        hits = np.flatnonzero(ahead | back)
        return int(hits[0]) if len(hits) else None


def _decoded(values: NDArray[Any]) -> NDArray[Any]:
    if values.dtype != object:
        return values
    text = np.empty(values.shape, object)
    text.ravel()[:] = [clean_text(v.decode("utf-8", "replace"), MAX_TEXT) for v in values.ravel()]
    return text


def open_raw(found: pylsl.StreamInfo, timeout: float) -> tuple[Pinned, str]:
    """Open an inlet for a resolved stream and return it with the stream's full description (XML).

    Raises
    ------
    TimeoutError
        If the sender does not answer in time, or another one does at its address.
    """
    opened = pylsl.local_clock()
    raw = pylsl.StreamInlet(found, max_buflen=BUFFER, recover=True)
    try:
        said = raw.info(timeout)
        raw.open_stream(timeout)
    except (LslTimeout, LostError) as error:
        raise TimeoutError(f"it was found but does not answer within {timeout:g} s") from error
    if said.uid() != found.uid():
        raise TimeoutError("it was found, and another one answers at its address")
    return Pinned(raw, opened), said.as_xml()
