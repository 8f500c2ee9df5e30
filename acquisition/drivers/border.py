"""The border between drivers and the recording: numbers that no sensor and no clock shows do not pass it.

Whatever passes can be written, counted with and read again. What does not is counted and told; nothing is
replaced by a number. A sample without a value stays where streams are sampled evenly, as nan: its count tells
when the others were. Checked once more by the recorder, whatever driver a chunk comes from.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.drivers import Drained
from acquisition.event import MAX_TEXT, Notice
from acquisition.plausible import LATEST, Tally, measured, stamped
from acquisition.stream import BoolArray, Chunk, ClockOffset, Modality, Role, StreamInfo
from acquisition.text import clean_text
from acquisition.timebase.vouched import REGULAR

VALUES = "values that no sensor measures (not a number, or beyond 1e15)"
SPARSE = frozenset((Modality.VOICE, Modality.DEVICE_TIME))
"""Modalities whose rows may hold nan by right, or numbers beyond all bounds, and are never dropped."""
Key = tuple[Role, str]


class Border:
    """Let through of each item what can be believed.

    Parameters
    ----------
    clock : callable
        LSL clock [s].
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.tallies: dict[Key, Tally] = {}

    def admit(self, item: Drained) -> Drained | None:
        """Return what of an item may pass, None if nothing.

        Raises
        ------
        ValueError
            If a chunk has another shape than its stream.
        """
        if isinstance(item, Chunk):
            return self._chunk(item)
        if isinstance(item, ClockOffset):
            fit = abs(item.value) <= LATEST and abs(item.collected) <= LATEST
            return item if fit else None
        return replace(item, message=clean_text(item.message, MAX_TEXT))

    def _chunk(self, chunk: Chunk) -> Chunk | None:
        info, times, samples = chunk.info, np.asarray(chunk.times, np.float64), chunk.samples
        if samples.ndim != 2 or samples.shape != (len(times), len(info.channels)):
            raise ValueError(f"samples of shape {samples.shape} for {len(times)} stamps")
        keep = stamped(times)
        if not keep.all():
            self._count(info, int((~keep).sum()), f"stamps that no clock shows ({times[~keep][0]:g})")
        if samples.dtype == object:
            samples = texts(samples)
        elif not (fit := measured(samples)).all():
            samples, some = self._fit(info, samples, fit)
            keep &= some
        if keep.all():
            return Chunk(info, times, samples)
        return Chunk(info, times[keep], samples[keep]) if keep.any() else None

    def _fit(self, info: StreamInfo, samples: NDArray[Any], fit: BoolArray) -> tuple[NDArray[Any], BoolArray]:
        """Return samples with nan for what cannot be, and which rows still hold something."""
        if info.modality is Modality.DEVICE_TIME:
            return samples, np.isfinite(samples).all(axis=1)
        absurd = ~fit & ~np.isnan(samples)
        samples = np.where(fit, samples, np.nan).astype(samples.dtype)
        some: BoolArray = np.logical_or.reduce(fit, axis=1)
        keeps = info.modality in REGULAR  # it is counted: without it those after it would be earlier
        wrong = absurd.any(axis=1) | (~some if info.modality not in SPARSE else False)
        if wrong.any():
            became = "have no value" if keeps else "dropped"
            self._count(info, int(wrong.sum()), VALUES, became)
        return samples, np.ones(len(fit), np.bool_) if keeps or info.modality in SPARSE else some

    def _count(self, info: StreamInfo, n: int, why: str, became: str = "dropped") -> None:
        self.tallies.setdefault(info.key, Tally()).add(n, why, became)

    def told(self, *, last: bool = False) -> Iterator[Notice]:
        """Give a notice for each stream of which something was dropped; each ten seconds, and at the end."""
        now = self._clock()
        for (role, name), tally in self.tallies.items():
            if said := tally.due(now, last=last):
                yield Notice(time=now, kind="health", role=role, stream=name, message=said)


def texts(samples: NDArray[Any]) -> NDArray[Any]:
    """Return texts of markers, cleaned."""
    out = np.empty(samples.shape, object)
    out.ravel()[:] = [clean_text(str(text), MAX_TEXT) for text in samples.ravel()]
    return out
