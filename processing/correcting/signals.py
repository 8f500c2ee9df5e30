"""The signals of a finished recording as the pipeline gets them, and the beats that it finds in them.

The same stamps and the same detector: a beat has the time, to the bit, that `ibi` has in the results.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from acquisition.errors import RecordingError
from acquisition.recording.recording import Recording
from acquisition.stream import PEOPLE, FloatArray, Modality, StreamInfo
from processing.config import PipelineConfig
from processing.corrections.edits import Edits, no_edits
from processing.heart.by_hand.intervals import CorrectedIntervals
from processing.heart.by_hand.merged import MergedBeats, Shape
from processing.heart.families import qrs_shapes
from processing.heart.rpeaks import AROUND, SLOWEST, Beats, RPeaks, joined
from processing.heart.table import BeatRows, BeatTable
from processing.intake import Intake, follow
from processing.parts import sources

KINDS = ("heart", "skin")
BLOCK = 1 << 16
"""So many samples are given to the detector at a time."""
MARGIN = 0.26
"""ECG on either side of a placed beat that its shape needs [s]."""
Key = tuple[str, str]
"""Role, and heart or skin."""


@dataclass(slots=True, eq=False, kw_only=True)
class RawSignal:
    """Hold one signal: stamps on the LSL clock [s] and values [mV, ms or µS], shape (n,)."""

    info: StreamInfo
    times: FloatArray
    values: FloatArray

    @property
    def is_ecg(self) -> bool:
        """Tell whether it is an ECG, and no list of intervals or skin conductance."""
        return self.info.modality is Modality.ECG

    def part(self, start: float, stop: float) -> tuple[FloatArray, FloatArray]:
        """Return stamps and values from `start` up to `stop` [s]."""
        first, last = np.searchsorted(self.times, (start, stop))
        return self.times[first:last], self.values[first:last]


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Signals:
    """Hold the signals of a recording that can be corrected; first and last tick [s, LSL clock]."""

    begin: float
    end: float
    held: dict[Key, RawSignal]


def read_signals(path: Path, progress: Callable[[float], None] | None = None) -> Signals:
    """Read the heart and skin signals of a finished recording.

    Raises
    ------
    RecordingError
        If the recording cannot be read, or still grows.
    """
    recording = Recording(path)
    if recording.state == "growing":
        raise RecordingError(f"{path}: still grows; what is corrected by hand is a finished recording")
    fed = {(r.value, part): s for (r, part), s in sources(recording.streams).items() if part in KINDS}
    intake = Intake(list(fed.values()), recording.streams, PipelineConfig())
    rows: dict[Key, list[tuple[FloatArray, NDArray[np.float64]]]] = {key: [] for key in fed}
    infos = dict(fed)
    begin, end = math.nan, -math.inf
    for batch in recording.batches():
        if not len(batch.ticks):
            continue
        ticks = follow(end, batch.ticks)
        begin = float(ticks[0]) if math.isnan(begin) else begin
        end = float(ticks[-1])
        for key, info in fed.items():
            chunk = intake.take(info, batch, ticks).chunk
            if chunk is not None:
                infos[key] = chunk.info
                rows[key].append(
                    (np.asarray(chunk.times, np.float64), chunk.samples[:, 0].astype(np.float64))
                )
        if progress:
            progress(end - begin)
    held = {
        key: RawSignal(
            info=infos[key],
            times=np.concatenate([t for t, _ in parts]),
            values=np.concatenate([v for _, v in parts]),
        )
        for key, parts in rows.items()
        if parts
    }
    return Signals(begin=begin, end=end, held=held)


@dataclass(slots=True, eq=False, kw_only=True)
class Detected:
    """Hold what the detector found in the signal of a heart, before it is judged."""

    signal: RawSignal
    found: Beats | None = None
    starts: Sequence[float] = ()
    holes: Sequence[tuple[float, float]] = ()
    spikes: Sequence[tuple[float, float]] = ()
    _shapes: dict[float, Shape] = field(default_factory=dict)

    def shape_at(self, time: float) -> Shape:
        """Return the shape of the ECG at a moment as the pipeline sees it, and its height [mV]."""
        if time not in self._shapes:
            self._shapes[time] = _shape_at(self.signal, self.spikes, time)
        return self._shapes[time]


def detect(signal: RawSignal) -> Detected:
    """Find the beats of an ECG; a stream of intervals tells its own, and one too slow has none."""
    if not signal.is_ecg or not signal.info.sfreq >= SLOWEST:
        return Detected(signal=signal)
    peaks = RPeaks(signal.info.sfreq)
    blocks = [slice(k, k + BLOCK) for k in range(0, len(signal.times), BLOCK)]
    parts = [peaks.update(signal.times[block], signal.values[block]) for block in blocks]
    parts.append(peaks.settle(math.inf))
    return Detected(
        signal=signal,
        found=joined(parts),
        starts=peaks.starts,
        holes=peaks.holes.known(),
        spikes=peaks.spikes.known(),
    )


def judged(detected: Detected, edits: Edits | None = None) -> BeatTable:
    """Return the beats with what was corrected, judged as in the pipeline."""
    table, edits = BeatTable(), edits or no_edits()
    if detected.found is not None:
        merged = MergedBeats(
            table,
            edits,
            starts=detected.starts,
            holes=lambda: detected.holes,
            shape=detected.shape_at,
        )
        merged.take(detected.found)
        merged.settle(math.inf)
    elif not detected.signal.is_ecg:
        intervals = CorrectedIntervals(table, edits)
        intervals.update(detected.signal.times, detected.signal.values)
        intervals.settle(math.inf)
    table.gather()
    return table


def beats_of(table: BeatTable) -> BeatRows:
    """Return the judged beats of a table."""
    return table.rows


def _shape_at(signal: RawSignal, spikes: Sequence[tuple[float, float]], time: float) -> Shape:
    """Do what `RPeaks.shape_at` does, on the whole signal."""
    near = slice(*np.searchsorted(signal.times, (time - 2 * MARGIN, time + 2 * MARGIN)).tolist())
    times, values = signal.times[near], signal.values[near]
    known = np.isfinite(values)
    times, values = times[known], values[known]
    values = _without(spikes, times, values)
    sfreq = signal.info.sfreq
    half, place = round(MARGIN * sfreq), int(np.searchsorted(times, time))
    if not half <= place < len(times) - half or abs(times[place] - time) > AROUND:
        parts, norms = qrs_shapes(np.zeros(1), np.zeros(1, np.int64), np.zeros(1), sfreq)
        return parts[0], norms[0], math.nan
    rest = np.clip((time - times[place]) * sfreq, -1.0, 0.0)
    ecg = values[place - half : place + half + 1]
    parts, norms = qrs_shapes(ecg, np.array([half]), np.array([rest]), sfreq)
    return parts[0], norms[0], float(values[place] - np.sort(ecg)[len(ecg) // 2])


def _without(spikes: Sequence[tuple[float, float]], times: FloatArray, values: FloatArray) -> FloatArray:
    """Lay lines under the spikes, as the detector did."""
    under = np.zeros(len(times), np.bool_)
    for start, stop in spikes:
        under[slice(*np.searchsorted(times, (start, np.nextafter(stop, math.inf))).tolist())] = True
    at = np.arange(len(times))
    if not under.any() or under.all():
        return values
    return np.where(under, np.interp(at, at[~under], values[~under]), values)


def people(signals: Signals, kind: str) -> list[str]:
    """Return who has a signal of a kind, heart or skin."""
    return [role.value for role in PEOPLE if (role.value, kind) in signals.held]
