"""The bench: the signals of a recording, what was found in them, and what corrections make of that. No Qt."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

import numpy as np

from acquisition.errors import RecordingError
from acquisition.events.corrected import ByHand
from acquisition.stream import FloatArray
from processing.config import PipelineConfig
from processing.correcting.matching import rmssd_column
from processing.correcting.signals import Detected, Key, RawSignal, Signals, detect, judged, read_signals
from processing.correcting.skin import Responses, responses
from processing.corrections.edits import edits_of
from processing.heart.table import BeatTable
from viewer.corrections.places import Place, of_beats, of_quality, of_responses, ordered
from viewer.model.trace import Trace

QUALITY = {"heart": "ecg_quality", "skin": "eda_quality"}
AROUND = 6.0
"""What was accepted bears on responses so far around it [s]."""
Outcome = BeatTable | FloatArray
"""Beats as judged, or the peaks of further responses."""
Traces = Callable[[str, str], Trace | None]
"""Entity and index → its trace."""


class Value(NamedTuple):
    """Hold a value [ms]; a reason where it is uncertain, or nan since a gate is shut."""

    value: float
    reason: str


@dataclass(slots=True, eq=False, kw_only=True)
class Lane:
    """Hold one signal: as detected, and with what was corrected.

    Parameters
    ----------
    before, after : BeatTable
        Beats as detected, and as corrected; empty for skin conductance.
    found : Responses
        Responses of the skin as detected.
    known : ByHand
        What `after` was judged with.
    """

    key: Key
    signal: RawSignal
    detected: Detected
    before: BeatTable
    after: BeatTable
    found: Responses
    places: list[Place] = field(default_factory=list)
    low: list[Place] = field(default_factory=list)
    """Stretches of low quality, among the places."""
    by_hand: ByHand = field(default_factory=ByHand)
    known: ByHand = field(default_factory=ByHand)
    config: PipelineConfig = field(default_factory=PipelineConfig)
    more: FloatArray = field(default_factory=lambda: np.empty(0))
    """Peaks of responses in stretches that were accepted."""

    def beat_times(self) -> FloatArray:
        """Return the beats, or the peaks of responses, that count now, in order [s, LSL clock]."""
        if self.key[1] == "skin":
            return np.union1d(self.found.peaks, self.more)
        found = self.before.rows.beats.times
        gone = np.array([*self.by_hand.deleted, *self.by_hand.moved])
        left = found[~np.isin(found, gone)] if len(gone) else found
        more = [*self.by_hand.inserted, *self.by_hand.moved.values()]
        return np.sort(np.concatenate((left, more))) if more else left

    @property
    def stale(self) -> bool:
        """Tell whether the beats are not yet judged with what was corrected."""
        return self.known != self.by_hand

    def judged_with(self, by_hand: ByHand) -> Outcome:
        """Return what corrections make of the beats, or of the responses in what was accepted."""
        if self.key[1] == "heart":
            return self.before if not by_hand else judged(self.detected, edits_of(by_hand))
        spans = [(a - AROUND, b + AROUND) for a, b in by_hand.accepted]
        peaks = [responses(self.signal, edits_of(by_hand), *span, self.config.skin).peaks for span in spans]
        return np.concatenate([np.empty(0), *peaks])

    def take(self, by_hand: ByHand, outcome: Outcome) -> None:
        """Take what was judged."""
        if isinstance(outcome, BeatTable):
            self.after = outcome
        else:
            self.more = outcome
        self.known = by_hand

    def rmssd(self, centre: float) -> tuple[Value, Value]:
        """Return RMSSD of the window around a moment [s, LSL clock], as detected and as corrected."""
        rules = self.config.heart
        ends = np.array([centre + rules.rmssd_window / 2])
        before, after = (
            rmssd_column(t.rows, ends, has_shapes=self.signal.is_ecg, config=rules)
            for t in (self.before, self.after)
        )
        return Value(float(before.values[0]), before.reasons[0]), Value(
            float(after.values[0]), after.reasons[0]
        )

    def responses_in(self, start: float, stop: float) -> Responses:
        """Return the responses of a stretch with what was corrected [s, LSL clock]."""
        return responses(self.signal, edits_of(self.by_hand), start, stop, self.config.skin)


@dataclass(slots=True, eq=False, kw_only=True)
class Bench:
    """Hold the lanes of a recording; first and last tick [s, LSL clock]."""

    begin: float
    end: float
    lanes: dict[Key, Lane]

    @property
    def keys(self) -> list[Key]:
        """Return which signals there are: the client's heart first."""
        return sorted(self.lanes)

    def correct(self, signals: Mapping[Key, ByHand]) -> None:
        """Take what holds now."""
        for key, lane in self.lanes.items():
            lane.by_hand = signals.get(key, ByHand())

    def judge(self) -> None:
        """Judge all that is not yet judged with what was corrected."""
        for lane in self.lanes.values():
            if lane.stale:
                lane.take(lane.by_hand, lane.judged_with(lane.by_hand))


def read_bench(
    recording: Path,
    traces: Traces,
    progress: Callable[[float], None] | None = None,
    config: PipelineConfig | None = None,
) -> Bench:
    """Read a finished recording, find its beats and responses, and list what is doubtful.

    Parameters
    ----------
    config : PipelineConfig, optional
        What RMSSD and responses are computed with; the usual parameters without.

    Raises
    ------
    RecordingError
        If the recording cannot be read, or holds nothing that can be corrected.
    """
    signals = read_signals(recording, progress)
    if not signals.held:
        raise RecordingError(f"{recording}: no ECG, intervals or skin conductance to correct")
    lanes = {
        key: _lane(key, signal, signals, traces, config or PipelineConfig())
        for key, signal in signals.held.items()
    }
    return Bench(begin=signals.begin, end=signals.end, lanes=lanes)


def _lane(key: Key, signal: RawSignal, signals: Signals, traces: Traces, config: PipelineConfig) -> Lane:
    quality = of_quality(traces(key[0], QUALITY[key[1]])) if signal.info.sfreq or key[1] == "skin" else []
    if key[1] == "skin":
        found, none = responses(signal, config=config.skin), BeatTable()
        large = of_responses(found.peaks, found.amplitudes, signals.begin)
        return Lane(
            key=key,
            signal=signal,
            detected=Detected(signal=signal),
            before=none,
            after=none,
            found=found,
            places=ordered([*quality, *large]),
            low=quality,
            config=config,
        )
    detected = detect(signal)
    table = judged(detected)
    return Lane(
        key=key,
        signal=signal,
        detected=detected,
        before=table,
        after=table,
        found=Responses(*np.empty((3, 0))),
        places=ordered([*quality, *of_beats(table.rows.beats, signals.begin)]),
        low=quality,
        config=config,
    )


def per_minute(found: Responses, start: float, stop: float) -> float:
    """Return how many responses a minute a stretch holds; nan for one of no length."""
    if not stop > start:
        return math.nan
    return 60.0 * int(np.count_nonzero((found.peaks >= start) & (found.peaks < stop))) / (stop - start)
