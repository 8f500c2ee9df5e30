"""Which rows of an index rest on samples that a device kept, and that came only after the recording."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from acquisition.event import Notice
from acquisition.recording.lock import held
from acquisition.recording.recording import Recording
from acquisition.recording.refill import is_refilled
from acquisition.refilling.hint import hint
from acquisition.stream import PEOPLE, BoolArray, FloatArray, StreamInfo
from processing.config import PipelineConfig
from processing.index import IndexSample
from processing.indices import COUPLINGS, INDICES, SIGNALS, Index, part_of
from processing.parts import PARTS, sources

SMOOTHED = 3.0
"""Time constants of a smoothing for which what was before still counts."""
COUPLED = {index.name: signal for signal, mine in COUPLINGS.items() for index in mine}
"""The signal of each index of the two people."""
LOOK = "look"
"""What brings a row that is about all of the time so far."""
Spans = FloatArray
"""First and last stamp of stretches, in order and apart from one another [s], shape (n, 2)."""


@dataclass(frozen=True, slots=True, eq=False)
class Refills:
    """Hold the refilled stretches of a recording: entity → estimator → spans, and how far indices reach.

    An index rests on a stretch where one lies in the window that the row describes, or in those of the
    indices that it is made of. What it is relative to (a baseline, a band of chance) is not looked at.
    """

    spans: Mapping[str, Mapping[str, Spans]]
    config: PipelineConfig

    def rests(self, entity: str, index: str, times: FloatArray) -> BoolArray:
        """Tell which rows of an index rest on what was refilled; `time` of the rows [s], shape (n,)."""
        out = np.zeros(len(times), np.bool_)
        record = INDICES[index]
        before, after = _reach(record, self.config)
        for person, part in _made_of(entity, record):
            spans = self.spans.get(person, {}).get(part)
            if spans is not None:
                # The first stretch that ends in or after the window lies in it if it begins before its end.
                first = np.searchsorted(spans[:, 1], times - before)
                begins = np.append(spans[:, 0], np.inf)[first]
                out |= begins <= times + after
        return out

    def of(self, samples: Sequence[IndexSample]) -> NDArray[np.bool_]:
        """Tell which samples rest on what was refilled, shape (n,)."""
        out = np.zeros(len(samples), np.bool_)
        if not self.spans:
            return out
        places: dict[tuple[str, str], list[int]] = {}
        for k, s in enumerate(samples):
            places.setdefault((s.entity, s.index), []).append(k)
        for (entity, index), rows in places.items():
            out[rows] = self.rests(entity, index, np.array([samples[k].time for k in rows]))
        return out


def refills(
    notices: Iterable[Notice], streams: Iterable[StreamInfo], config: PipelineConfig, *, passed: bool
) -> Refills:
    """Return what of a recording was refilled and fed its estimators.

    Parameters
    ----------
    passed : bool
        Whether devices changed hands: then any stream of a kind may have fed the estimator of that kind.
    """
    told: dict[tuple[str, str], list[tuple[float, float]]] = {}
    for n in notices:
        if is_refilled(n):
            told.setdefault((str(n.role), n.stream), []).append((n.start, n.stop))
    if not told:
        return Refills({}, config)
    listed = list(streams)
    chosen = [sources([s]) for s in listed] if passed else [sources(listed)]
    fed: dict[str, dict[str, list[tuple[float, float]]]] = {}
    for (role, source), info in (pair for one in chosen for pair in one.items()):
        for part in PARTS:
            if source in (*part.sources, *part.also, *part.waits):
                some = told.get((str(info.role), info.name), [])
                fed.setdefault(str(role), {}).setdefault(part.name, []).extend(some)
    return Refills(
        {who: {part: _joined(some) for part, some in of.items() if some} for who, of in fed.items()}, config
    )


def could_be_refilled(recording: Recording, notices: Iterable[Notice]) -> list[str]:
    """Say in a line what a device kept of what is missing; nothing while the recording grows."""
    session = recording.session
    if session is None or not recording.path.is_dir() or held(recording.path):
        return []
    line = hint(session, recording.streams, notices, recording.path, recording.path.resolve().name)
    return [line] if line else []


def _joined(spans: Sequence[tuple[float, float]]) -> Spans:
    """Return spans in order, those that overlap as one."""
    out: list[list[float]] = []
    for start, stop in sorted(spans):
        if out and start <= out[-1][1]:
            out[-1][1] = max(out[-1][1], stop)
        else:
            out.append([start, stop])
    return np.array(out)


def _made_of(entity: str, record: Index) -> list[tuple[str, str]]:
    """Return the (person, estimator) whose samples an index is made of."""
    if signal := COUPLED.get(record.name):
        return [(str(p), part_of(signal)) for p in PEOPLE]
    return list(product([entity], record.of))


def _reach(record: Index, config: PipelineConfig) -> tuple[float, float]:
    """Return how far before and after its `time` a row looks [s]."""
    half, wait = record.timing.window(config) / 2.0, record.timing.wait(config)
    if record.timing.each == LOOK:
        return np.inf, 0.0
    if record.name in COUPLED:
        signal = SIGNALS[COUPLED[record.name]]
        needs = max(INDICES[n].timing.window(config) / 2.0 for n in signal.needs)
        far = half + config.synchrony.lag_of(slow=signal.slow) + needs
        return far, far
    if record.of == ("arousal",):
        heard = [INDICES[n].timing for names in config.arousal.channels.values() for n in names]
        longest = max((t.window(config) for t in heard), default=0.0)
        return longest + config.arousal.median + SMOOTHED * config.arousal.tau, 0.0
    if half == 0.0:
        return (wait, wait) if np.isfinite(wait) else (np.inf, 0.0)
    return half, half
