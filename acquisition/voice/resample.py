"""Sound of any rate → 16 kHz, with a stamp for every sample."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np

from acquisition.errors import DeviceError
from acquisition.stream import FloatArray
from acquisition.voice.models import SFREQ, Samples

PIECE = 1024
"""Samples that are resampled at once: a fixed number, so that results do not depend on how sound arrives."""
GAP = 0.02
"""Seconds by which a stamp may differ from the one before plus the sampling interval."""


class Resampler:
    """Bring one microphone to 16 kHz; a jump of its stamps begins anew.

    Raises
    ------
    DeviceError
        If `sfreq` is not 16000 and soxr is not installed.
    """

    def __init__(self, sfreq: float) -> None:
        self.sfreq = sfreq
        if sfreq != SFREQ and find_spec("soxr") is None:
            raise DeviceError(f"sound at {sfreq:g} Hz needs soxr (pip install 'attunement[voice]')")
        self._times, self._samples = np.zeros(0), np.zeros(0, np.float32)
        self._stop = np.nan
        self._begin()

    def _begin(self) -> None:
        self._stream: Any = None
        self._given = self._first = 0
        """Samples given out, and number of the sample to which `_known[0]` belongs."""
        self._known = np.zeros(0)
        if self.sfreq != SFREQ:
            import soxr

            self._stream = soxr.ResampleStream(self.sfreq, SFREQ, 1, dtype="float32")

    def push(self, times: FloatArray, samples: Samples) -> list[tuple[FloatArray, Samples]]:
        """Take in stamps [s] and samples, shape (n,); return stretches of both at 16 kHz."""
        if self._stream is None or len(times) == 0:
            return [(times, samples)] if len(times) else []
        steps = np.diff(
            times, prepend=self._stop - 1 / self.sfreq if len(self._known) or len(self._times) else np.nan
        )
        breaks = np.flatnonzero(np.abs(steps - 1 / self.sfreq) > GAP).tolist()
        self._stop = float(times[-1]) + 1 / self.sfreq
        out = []
        for a, b in zip([0, *breaks], [*breaks, len(times)], strict=True):
            if a in breaks:
                out += self._pieces(last=True)
                self._times, self._samples = np.zeros(0), np.zeros(0, np.float32)
                self._begin()
            self._times = np.concatenate([self._times, times[a:b]])
            self._samples = np.concatenate([self._samples, samples[a:b]])
            out += self._pieces(last=False)
        return [(t, x) for t, x in out if len(t)]

    def finish(self) -> list[tuple[FloatArray, Samples]]:
        """Return what is left."""
        return [] if self._stream is None else [(t, x) for t, x in self._pieces(last=True) if len(t)]

    def _pieces(self, *, last: bool) -> list[tuple[FloatArray, Samples]]:
        out = []
        while len(self._times) >= PIECE:
            out.append(self._piece(PIECE, last=False))
        if last and (len(self._times) or len(self._known)):
            out.append(self._piece(len(self._times), last=True))
        return out

    def _piece(self, n: int, *, last: bool) -> tuple[FloatArray, Samples]:
        samples: Samples = self._stream.resample_chunk(self._samples[:n], last=last)
        self._known = np.concatenate([self._known, self._times[:n]])
        self._times, self._samples = self._times[n:], self._samples[n:]
        places = (self._given + np.arange(len(samples))) * (self.sfreq / SFREQ) - self._first
        whole = np.clip(places.astype(np.int64), 0, max(len(self._known) - 1, 0))
        times: FloatArray = (
            self._known[whole] + (places - whole) / self.sfreq if len(samples) else np.zeros(0)
        )
        self._given += len(samples)
        keep = max(0, int(self._given * (self.sfreq / SFREQ)) - self._first - 2)
        self._known, self._first = self._known[keep:], self._first + keep
        return times, samples
