"""Intake: the samples of a recording's streams as estimators get them, on the recorder's clock.

batch → sample times → admission → chunk in the canonical unit, and watermarks
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from acquisition.batch import Batch, StreamPart
from acquisition.stream import Chunk, FloatArray, IntArray, Modality, Role, StreamInfo
from acquisition.timebase.account import Account
from acquisition.units import convert
from processing.admission import Admission
from processing.beat_times import times_of
from processing.config import PipelineConfig
from processing.sums import after

SPEECH_SPARE = 1.0
"""Speech may be late by so much less than the heart leaves out of it [s]: a row of speech stands for a second
that ends up to half a second after its stamp."""


class Taken(NamedTuple):
    """Hold what a batch admits of a stream.

    Fields
    ------
    chunk : Chunk or None
        Its samples; None if there are none.
    slices : ndarray, shape (n_samples,)
        Index into the batch's ticks of the slice in which each was settled.
    watermarks : ndarray, shape (n_ticks,)
        How far the stream has passed at each tick [s].
    """

    chunk: Chunk | None
    slices: IntArray
    watermarks: FloatArray


class Intake:
    """Admit the samples of some streams.

    Parameters
    ----------
    infos : sequence of StreamInfo
        The streams that are taken in.
    streams : sequence of StreamInfo
        All streams of the recording.
    """

    def __init__(
        self, infos: Sequence[StreamInfo], streams: Sequence[StreamInfo], config: PipelineConfig
    ) -> None:
        self._config = config
        found = {s.key: times_of(s, streams, self._lateness(s)) for s in infos}
        self._times = {key: times for key, times in found.items() if times is not None}
        self._gates = {s.key: Admission(self._lateness(s)) for s in infos}

    def _lateness(self, info: StreamInfo) -> float:
        """Return how late a sample may be; speech that comes later than this no beat has waited for."""
        seconds = info.lateness if self._config.lateness is None else self._config.lateness
        if info.modality is not Modality.VOICE:
            return seconds
        return min(seconds, self._config.heart.speech_lag - SPEECH_SPARE)

    @property
    def dropped(self) -> dict[tuple[Role, str], tuple[int, int]]:
        """Return how many samples of each stream came too late, and from the future."""
        return {key: (gate.late, gate.future) for key, gate in self._gates.items()}

    @property
    def time_bases(self) -> dict[tuple[Role, str], Account]:
        """Return what was found out about the stamps of each stream that does not vouch for its own."""
        return {key: times.account for key, times in self._times.items()}

    def take(self, info: StreamInfo, batch: Batch, ticks: FloatArray) -> Taken:
        """Return what a batch admits of a stream."""
        part, waits = batch.streams.get(info.key), None
        if info.key in self._times:
            part, waits = self._times[info.key].lay(part, ticks)
        admitted = self._gates[info.key].admit(part, ticks, waits)
        if part is None or not len(admitted.times):
            return Taken(None, np.empty(0, np.int64), admitted.watermarks)
        chunk = _canonical(info, part, admitted.keep, admitted.times)
        return Taken(chunk, part.slices[admitted.keep], admitted.watermarks)


def follow(last: float, ticks: Sequence[float] | FloatArray) -> FloatArray:
    """Return ticks that do not go back, nor before the last one [s]."""
    return np.maximum.accumulate(after(last, np.asarray(ticks, np.float64)))[1:]


def _canonical(info: StreamInfo, part: StreamPart, keep: np.ndarray, times: FloatArray) -> Chunk:
    """Return the admitted samples in the modality's canonical unit."""
    samples = part.samples if keep.all() else part.samples[keep]
    unit = part.info.unit or info.unit
    return Chunk(part.info, times, convert(np.asarray(samples, float), unit, info.modality))
