"""Ears: hold what microphones hear for some seconds, in memory only, for a reading to be measured."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from acquisition.drivers import Drained
from acquisition.stream import FloatArray, Role
from acquisition.voice.listening import full_scale
from acquisition.voice.models import SFREQ, Samples
from acquisition.voice.resample import Resampler

KEPT = 60.0
"""Seconds of sound that are kept at most."""


class _Piece(NamedTuple):
    times: FloatArray
    samples: Samples
    sfreq: float


class Ears:
    """Take the place of `acquisition.voice.listening.Listening` in a driver: sound is kept, not analysed."""

    def __init__(self, roles: Sequence[Role]) -> None:
        self._pieces: dict[Role, deque[_Piece]] = {role: deque() for role in roles}
        self._lock = threading.Lock()
        self.loaded = threading.Event()
        self.loaded.set()

    def start(self) -> None:
        """Begin; nothing need be loaded."""

    def push(self, role: Role, times: FloatArray, samples: NDArray[Any], sfreq: float) -> None:
        """Take in sound without waiting; see `Listening.push`."""
        if len(times) == 0 or role not in self._pieces:
            return
        with self._lock:
            pieces = self._pieces[role]
            pieces.append(_Piece(times, full_scale(samples), sfreq))
            while pieces[0].times[-1] < times[-1] - KEPT:
                pieces.popleft()

    def drain(self) -> list[Drained]:
        """Return nothing: no row is made."""
        return []

    def waiting(self) -> float:
        """Return 0: nothing waits."""
        return 0.0

    def stop(self, timeout: float = 0.0) -> None:
        """End, and let go of all sound."""
        with self._lock:
            for pieces in self._pieces.values():
                pieces.clear()

    def deaf(self, since: float) -> list[Role]:
        """Return whose microphone has brought no sound of after a moment [s]."""
        with self._lock:
            return [r for r, p in self._pieces.items() if not p or p[-1].times[-1] < since]

    def between(self, start: float, stop: float) -> dict[Role, Samples]:
        """Return each microphone's sound at 16 kHz from `start` to `stop` [s]; a gap is digital silence."""
        n = round((stop - start) * SFREQ)
        out = {}
        for role, pieces in self._pieces.items():
            with self._lock:
                near = [p for p in pieces if p.times[-1] >= start - 1.0 and p.times[0] <= stop + 1.0]
            out[role] = np.zeros(n, np.float32)
            for times, samples in _resampled(near):
                place = np.rint((times - start) * SFREQ).astype(np.int64)
                inside = (place >= 0) & (place < n)
                out[role][place[inside]] = samples[inside]
        return out


def _resampled(pieces: Sequence[_Piece]) -> list[tuple[FloatArray, Samples]]:
    out: list[tuple[FloatArray, Samples]] = []
    resampler: Resampler | None = None
    for times, samples, sfreq in pieces:
        if resampler is None or resampler.sfreq != sfreq:
            out += resampler.finish() if resampler else []
            resampler = Resampler(sfreq)
        out += resampler.push(times, samples)
    return out + (resampler.finish() if resampler else [])
