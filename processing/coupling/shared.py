"""From when to when both people's sensors were on one person, as far as it was known at a moment."""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from acquisition.stream import FloatArray
from processing.index import IndexSample

Spans = tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Hold what of two people can turn out to be of one, and in which words it is said.

    Parameters
    ----------
    index : str
        The index that tells it: 1 where it is of one, 0 where it is not; nan where that is open.
    signals : frozenset of str
        The signals that tell nothing about two people there.
    window : float
        What a row says is of so many seconds around its time.
    reason, hint : str
        What stands in place of their values, and what is said to whoever put the sensors on.
    least : int
        After so many rows of it, it is said: a single look may err.
    ahead : float
        It is held to go on for so long after a row's window, until the next row is known [s].
    """

    index: str
    signals: frozenset[str]
    window: float
    reason: str
    hint: str
    least: int
    ahead: float = 0.0

    def is_asked(self, compared: Iterable[str]) -> bool:
        """Tell whether it is looked for: where signals are compared that tell nothing of it."""
        return not self.signals.isdisjoint(compared)

    def spans_of(self, rows: Mapping[tuple[str, str], Sequence[IndexSample]]) -> Spans:
        """Return from when to when it was so in a session [s, LSL clock].

        Parameters
        ----------
        rows : dict
            (entity, index) → its samples, in the order of their times.
        """
        shared = Shared(self)
        shared.hear(rows.get(("dyad", self.index), ()))
        return shared.spans()


class Shared:
    """Hold from when to when what was looked for was there, as far as it was known at a moment."""

    def __init__(self, kind: Kind) -> None:
        self.kind = kind
        self._since = list[float]()
        self._known = list[Spans]()
        """The spans that each row made known, with `_since` when."""
        self._holds = False
        self.rows = 0
        """So many rows told it, or left it open behind one that did."""

    def hear(self, samples: Iterable[IndexSample]) -> None:
        """Take in index samples; others are passed over."""
        for s in samples:
            if s[3] == self.kind.index:
                held, self._holds = self._holds, s[4] == 1.0 or (self._holds and s[4] != 0.0)
                before = self._known[-1] if self._known else ()
                if held and not self._holds:
                    begin, end = before[-1]
                    before = *before[:-1], (begin, end - self.kind.ahead)
                self.rows += self._holds
                self._since.append(s[1])
                self._known.append(self._with(before, s[0]) if self._holds else before)

    def spans(self, available: float = math.inf) -> Spans:
        """Return the spans [s, LSL clock] known at `available`: told windows, and open ones behind them."""
        known = bisect_right(self._since, available)
        return self._known[known - 1] if known else ()

    def _with(self, spans: Spans, centre: float) -> Spans:
        """Return spans with one more window, which begins no earlier than the last of them."""
        begin, end = centre - self.kind.window / 2.0, centre + self.kind.window / 2.0 + self.kind.ahead
        if spans and begin <= spans[-1][1]:
            return *spans[:-1], (spans[-1][0], end)
        return *spans, (begin, end)


def inside(times: FloatArray, spans: Iterable[tuple[float, float]]) -> np.ndarray:
    """Return which moments lie in one of the spans."""
    out = np.zeros(len(times), np.bool_)
    for begin, end in spans:
        out |= (times >= begin) & (times < end)
    return out
