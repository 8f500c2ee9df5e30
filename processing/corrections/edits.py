"""Edits: what was corrected by hand in one signal of one person, as arrays that estimators look up."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from acquisition.events.corrected import ByHand, Stretch
from acquisition.stream import BoolArray, FloatArray

SAME = 0.02
"""A beat or response is the one that was corrected if its time is so near [s]: other versions of the detector
may place it a few milliseconds elsewhere."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Edits:
    """Hold the edits of one signal, in order; times on the LSL clock [s].

    Parameters
    ----------
    placed : ndarray, shape (n,)
        Beats that were put there by hand: inserted, or moved.
    removed : ndarray, shape (n,)
        Detected beats that are none, or were moved away.
    rejected : ndarray, shape (n,)
        Beats whose intervals are void; of the skin, responses that are none.
    marked, accepted : ndarray, shape (n, 2)
        Stretches that are no signal; such as are one, whatever the gates say. None overlaps another.
    """

    placed: FloatArray
    removed: FloatArray
    rejected: FloatArray
    marked: FloatArray
    accepted: FloatArray
    met: set[float] = field(default_factory=set)
    """Removed and rejected beats or responses that were asked about: the others were not detected."""

    def removes(self, times: FloatArray) -> BoolArray:
        """Tell which detected beats are none."""
        return self._met(self.removed, times)

    def rejects(self, times: FloatArray) -> BoolArray:
        """Tell which beats or responses were rejected."""
        return self._met(self.rejected, times)

    def _met(self, known: FloatArray, times: FloatArray) -> BoolArray:
        found = near(known, times)
        if found.any():
            self.met.update(known[near(np.sort(times), known)].tolist())
        return found

    @property
    def unmet(self) -> int:
        """Return how many removed or rejected beats or responses nothing was near to."""
        return len({*self.removed.tolist(), *self.rejected.tolist()} - self.met)

    def marks(self, times: FloatArray) -> BoolArray:
        """Tell which moments lie in a stretch that is no signal."""
        return _inside(self.marked, times)

    def accepts(self, times: FloatArray) -> BoolArray:
        """Tell which moments lie in a stretch that was accepted."""
        return _inside(self.accepted, times)

    def crosses(self, starts: FloatArray, stops: FloatArray) -> BoolArray:
        """Tell which spans share time with a stretch that is no signal."""
        return _touching(self.marked, starts, stops)

    def vouches(self, starts: FloatArray, stops: FloatArray) -> BoolArray:
        """Tell which spans share time with a stretch that was accepted."""
        return _touching(self.accepted, starts, stops)


def edits_of(by_hand: ByHand) -> Edits:
    """Return the edits that corrections by hand amount to."""
    return Edits(
        placed=_sorted([*by_hand.inserted, *by_hand.moved.values()]),
        removed=_sorted([*by_hand.deleted, *by_hand.moved]),
        rejected=_sorted(by_hand.rejected),
        marked=_rows(by_hand.marked),
        accepted=_rows(by_hand.accepted),
    )


def no_edits() -> Edits:
    """Return edits that change nothing."""
    return edits_of(ByHand())


def near(known: FloatArray, times: FloatArray, within: float = SAME) -> BoolArray:
    """Tell which times have one of `known`, in order, within so many seconds."""
    if not len(known):
        return np.zeros(len(times), np.bool_)
    at = np.clip(np.searchsorted(known, times), 1, max(len(known) - 1, 1))
    before, after = known[at - 1], known[np.minimum(at, len(known) - 1)]
    return np.asarray(np.minimum(np.abs(times - before), np.abs(times - after)) <= within)


def _sorted(times: Iterable[float]) -> FloatArray:
    return np.array(sorted(times), np.float64)


def _rows(stretches: Iterable[Stretch]) -> FloatArray:
    return np.array(sorted(stretches), np.float64).reshape(-1, 2)


def _inside(stretches: FloatArray, times: FloatArray) -> BoolArray:
    """Tell which times lie in one of several stretches: from its start up to, but not at, its stop."""
    if not len(stretches):
        return np.zeros(len(times), np.bool_)
    at = np.searchsorted(stretches[:, 0], times, side="right") - 1
    return np.asarray((at >= 0) & (times < stretches[np.maximum(at, 0), 1]))


def _touching(stretches: FloatArray, starts: FloatArray, stops: FloatArray) -> BoolArray:
    if not len(stretches):
        return np.zeros(len(starts), np.bool_)
    first = np.searchsorted(stretches[:, 1], starts, side="right")
    last = np.searchsorted(stretches[:, 0], stops, side="left")
    return np.asarray(last > first)
