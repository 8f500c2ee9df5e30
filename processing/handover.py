"""Handover: where a person's signal comes from another device from a slice on, a new estimator takes over.

Windows never reach over the change: beats of one belt and of another are not neighbours. What describes a
moment before the first tick of the new device's slices comes from the estimator before, what describes a
later one from the new one, so each row is there once. Until the estimator before has said its last, the new
one waits for its watermark, so that rows keep their order.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from acquisition.event import Event
from acquisition.stream import Chunk, FloatArray, IntArray, Role, StreamInfo
from processing.index import Estimator, IndexSample, Watermarks

Key = tuple[Role, str]
Fed = Mapping[str, StreamInfo]
LAST = 300.0
"""Seconds after a change within which the estimator before has said all: longer than any window."""
OVER = 10.0
"""Of a device whose time is over nothing comes that is older than this [s]."""


@dataclass(slots=True, eq=False)
class Term:
    """Hold an estimator for as long as its devices feed it.

    Parameters
    ----------
    first : int
        The slice from which on it does.
    fed : dict
        Source → stream.
    begin, end : float
        First ticks of its slices and of those of the next one [s]; inf while that is not known.
    """

    first: int
    fed: Fed
    estimator: Estimator
    begin: float = math.inf
    end: float = math.inf

    def watermarks(self, own: Mapping[Key, FloatArray], ticks: FloatArray, held: Watermarks) -> Watermarks:
        """Return its watermarks, no higher than those that hold it back."""
        out = {}
        for source, info in self.fed.items():
            marks = np.where(ticks >= self.end, np.maximum(own[info.key], ticks - OVER), own[info.key])
            out[source] = np.minimum(marks, held[source]) if source in held else marks
        return out


@dataclass(slots=True, eq=False)
class Handover:
    """Be the estimators of one part of one person, one after the other.

    Parameters
    ----------
    make : callable
        Sources and their streams → a new estimator.
    """

    make: Callable[[Fed], Estimator]
    terms: list[Term] = field(default_factory=list)
    passed: dict[str, FloatArray] = field(default_factory=dict)
    """Source → watermarks of the last ticks, of whoever was in office."""
    _now: dict[str, float] = field(default_factory=dict)

    def add(self, first: int, fed: Fed) -> None:
        """Let another estimator take over from slice `first` on."""
        self.terms.append(Term(first, fed, self.make(fed)))

    def take(self, chunk: Chunk, numbers: IntArray) -> None:
        """Take in samples; `numbers` are those of the slices in which they were settled."""
        mine = [t for t in self.terms if any(info.key == chunk.info.key for info in t.fed.values())]
        edges = np.searchsorted(numbers, [t.first for t in mine[1:]]).tolist()
        bounds = [0, *edges, len(numbers)]
        for term, start, stop in zip(mine, bounds[:-1], bounds[1:], strict=True):
            if stop > start:
                term.estimator.update(Chunk(chunk.info, chunk.times[start:stop], chunk.samples[start:stop]))

    def update(self, chunk: Chunk) -> None:
        """Refuse samples without their slices: they go through `take`."""
        raise NotImplementedError

    def hear(self, samples: Sequence[IndexSample]) -> None:
        """Let all hear what became final."""
        for term in self.terms:
            term.estimator.hear(samples)

    def mark(self, event: Event, time: float) -> None:
        """Let all hear what happened."""
        for term in self.terms:
            term.estimator.mark(event, time)

    def advance(self, ticks: FloatArray, watermarks: Watermarks) -> list[IndexSample]:
        """Refuse to advance without the watermarks of each stream: see `follow`."""
        raise NotImplementedError

    def follow(
        self, numbers: IntArray, ticks: FloatArray, own: Mapping[Key, FloatArray]
    ) -> list[IndexSample]:
        """Return what became final; `own` are the watermarks of each stream at these ticks."""
        self._begin(numbers, ticks)
        out: list[IndexSample] = []
        held: Watermarks = {}
        self.passed = {}
        for term in self.terms:
            if term.begin == math.inf:
                break
            marks = term.watermarks(own, ticks, held)
            start, stop = ticks.searchsorted((term.begin, term.end + LAST)).tolist()
            self._put(marks, start)
            if stop > start:
                there = {source: w[start:stop] for source, w in marks.items()}
                made = term.estimator.advance(ticks[start:stop], there)
                out += [row for row in made if term.begin <= row.time < term.end]
            held = {s: np.where(ticks >= term.end + LAST, np.inf, w) for s, w in marks.items()}
        for source, marks_ in self.passed.items():
            marks_ = np.maximum.accumulate(np.maximum(marks_, self._now.get(source, -np.inf)))
            self.passed[source], self._now[source] = marks_, float(marks_[-1])
        return out

    def _put(self, marks: Watermarks, start: int) -> None:
        for source, w in marks.items():
            before = self.passed.get(source)
            self.passed[source] = (
                w.copy() if before is None else np.where(np.arange(len(w)) >= start, w, before)
            )

    def _begin(self, numbers: IntArray, ticks: FloatArray) -> None:
        """Find the first tick of each term, once it is there."""
        for before, term in zip([None, *self.terms[:-1]], self.terms, strict=True):
            if term.begin == math.inf and numbers[-1] >= term.first:
                at = float(ticks[numbers.searchsorted(term.first)])
                # What it tells of may lie before the first tick of all, but not before another's last word.
                term.begin = -math.inf if before is None and term.first == 0 else at
                if before is not None:
                    before.end = at


def changes(
    epochs: Sequence[tuple[int, Fed]], names: Sequence[str], beside: Sequence[str] = ()
) -> list[tuple[int, Fed]]:
    """Return from which slice on the streams of a part are others than before, and which they are.

    Parameters
    ----------
    names, beside : sequence of str
        The sources any of which brings the part about, and those that change it. Stretches without any are
        left out: who was there goes on, as one that fell silent.
    """
    found: list[tuple[int, Fed]] = []
    for first, fed in epochs:
        mine = {source: info for source, info in fed.items() if source in (*names, *beside)}
        last = {source: info.key for source, info in found[-1][1].items()} if found else {}
        if (
            any(source in names for source in mine)
            and {source: info.key for source, info in mine.items()} != last
        ):
            found.append((first, mine))
    return found
