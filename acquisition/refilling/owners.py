"""Whose a device's samples are, slice by slice: those of a drop-out are that person's who wore it then."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from acquisition.drivers.ble_stream import device_time_info
from acquisition.events.assignments import Assignments
from acquisition.recording.recording import Recording
from acquisition.recording.slices import Key
from acquisition.stream import BoolArray, FloatArray, IntArray, Role, StreamInfo

Spans = list[tuple[float, float]]


class Owners:
    """Say of each stream of a recording as what it was first recorded, and whose it is in which slice."""

    def __init__(self, recording: Recording) -> None:
        self._assignments: Assignments | None = recording.assignments if recording.assignments.any else None
        self._usable = {info.key: info for info in recording.streams}
        self._first = {} if self._assignments is None else self._assignments.firsts()

    @property
    def infos(self) -> dict[Key, StreamInfo]:
        """Return the streams as they were first recorded."""
        if self._assignments is None:
            return self._usable
        return {info.key: info for info in self._assignments.streams}

    def first(self, key: Key) -> Key:
        """Return as what a stream of a person was first recorded."""
        return self._first.get(key, key)

    def epochs(self, key: Key) -> list[tuple[int, StreamInfo | None]]:
        """Return from which slice on a stream is whose, as in that person's file; None: it is not kept."""
        if self._assignments is None:
            return [(0, self.infos[key])]
        return [(step.first, self._in_file(key, step.first)) for step in self._assignments.steps[key]]

    def _in_file(self, key: Key, slice_: int) -> StreamInfo | None:
        assert self._assignments is not None
        owned = self._assignments.belongs(key, slice_)
        if owned is None or owned.key not in self._usable:
            return None  # nobody's, or of somebody who did not consent to it
        name = self._assignments.name_in(key, owned.role)
        return replace(self.infos[key], role=owned.role, name=name)

    def stamps(self, key: Key, role: Role) -> StreamInfo:
        """Return the stream of device stamps beside a stream, as in a person's file."""
        of = device_time_info(self.infos[key])
        if self._assignments is None:
            return of
        return replace(of, role=role, name=self._assignments.name_in(of.key, role))


def owner_of(epochs: list[tuple[int, StreamInfo | None]], numbers: IntArray) -> IntArray:
    """Return the index of the epoch of each slice."""
    firsts = np.array([first for first, _ in epochs])
    return np.asarray(np.searchsorted(firsts, numbers, side="right") - 1, np.int64)


def kept_out(
    epochs: list[tuple[int, StreamInfo | None]],
    of: IntArray,
    times: FloatArray,
    pauses: dict[Role, Spans],
    lengths: FloatArray | float = 0.0,
) -> BoolArray:
    """Tell which samples stay out: nobody's, or measured while the person whose they are was paused.

    Parameters
    ----------
    of : ndarray
        Epoch of each sample.
    times, lengths : ndarray
        When each ended, and how long it took [s].
    """
    out = np.array([info is None for _, info in epochs])[of]
    for k, (_, info) in enumerate(epochs):
        for start, stop in [] if info is None else pauses_of(info.role, pauses):
            out |= (of == k) & (times >= start) & (times - lengths < stop)
    return out


def pauses_of(role: Role, pauses: dict[Role, Spans]) -> Spans:
    """Return when somebody was paused; of a stream of both, when anybody was."""
    mine = pauses.get(role)
    return mine if mine is not None else [span for spans in pauses.values() for span in spans]
