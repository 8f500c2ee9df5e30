"""What is wanted of a device's memory, and what it holds: the words that drivers and the refill share."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from acquisition.drivers.ble_link import Link
from acquisition.stream import IntArray, StreamInfo

LEAST_SAME, LEAST_SHARE = 20, 0.98
"""Samples that both came and were kept that must be there to compare, and the share that must be the same."""


@dataclass(frozen=True, slots=True)
class Span:
    """Bound what is missing on the device's clock [ns]: after one stamp, before another."""

    after: int
    before: int


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """Say which stretches of a stream are missing; `around` [ns] is what is compared on either side."""

    info: StreamInfo
    spans: tuple[Span, ...]
    around: int
    came: Kept | None = None
    """What came of the stream: it tells which of several files are of this recording."""


@dataclass(frozen=True, slots=True, eq=False)
class Kept:
    """Hold samples of a stream as they would have been streamed; nan is what the driver would have left out.

    Parameters
    ----------
    stamps : ndarray of int64, shape (n_samples,)
        On the device's clock [ns].
    samples : ndarray, shape (n_samples, n_channels)
    """

    stamps: IntArray
    samples: NDArray[Any]


def agreeing(came: Kept | None, kept: Kept, sfreq: float) -> tuple[int, int]:
    """Return how many samples both came and were kept, and how many of these are the same."""
    if came is None or not len(kept.stamps):
        return 0, 0
    # Stamps between those of packets are computed, and right to a nanosecond only.
    near = 0.25e9 / sfreq
    there = np.searchsorted(kept.stamps, came.stamps - round(near))
    there = np.minimum(there, len(kept.stamps) - 1)
    here = np.flatnonzero(np.abs(kept.stamps[there] - came.stamps) < near)
    a, b = came.samples[here].astype(np.float32), kept.samples[there[here]].astype(np.float32)
    same = ((a == b) | np.isnan(a) | np.isnan(b)).all(axis=1)
    return len(here), int(same.sum())


def nothing(n_channels: int) -> Kept:
    """Return no samples."""
    return Kept(np.empty(0, np.int64), np.empty((0, n_channels), np.float32))


class OverTheAir(Protocol):
    """Fetch what a device kept over its connection; may be called again after one that broke."""

    def __call__(self, link: Link, told: Callable[[str], None]) -> Awaitable[list[Kept]]:
        """Return what was found for each stream."""
