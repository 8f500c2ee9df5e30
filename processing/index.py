"""IndexSample and the Estimator protocol: what the pipeline is made of."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from itertools import repeat
from operator import itemgetter
from typing import NamedTuple, Protocol

import numpy as np

from acquisition.event import Event
from acquisition.stream import Chunk, FloatArray
from processing.indices import INDICES, unit_of


class IndexSample(NamedTuple):
    """Hold one value of one index (a NamedTuple, since a session makes a quarter of a million of them).

    Fields
    ------
    time : float
        Centre of the window it describes, or the moment of a beat or response [s, LSL clock].
    available : float
        T of the tick that settled it [s, LSL clock].
    entity : str
        client, therapist or dyad.
    index : str
        Name as in docs/indices.md.
    value : float
        In `unit`; nan with a `reason` when a gate failed.
    quality : float
        0-1.
    """

    time: float
    available: float
    entity: str
    index: str  # type: ignore[assignment]  # hides tuple.index, which nothing here needs
    value: float
    unit: str
    quality: float
    reason: str

    def order(self) -> tuple[float, str, str, float]:
        """Return the sort key of results: (available, entity, index, time)."""
        return self.available, self.entity, self.index, self.time


JUDGES = frozenset(name for name, index in INDICES.items() if index.judges)
IN_DOUBT = "in doubt: "


def in_doubt(sample: IndexSample) -> bool:
    """Tell whether a value is there and stands at quality 0: it is shown, and nothing is to be made of it."""
    return sample[6] == 0.0 and sample[4] == sample[4] and sample[3] not in JUDGES


def withheld(sample: IndexSample) -> IndexSample:
    """Return a sample without its value; the reason says that it was in doubt, and why."""
    return sample._replace(value=math.nan, quality=0.0, reason=doubted(sample.reason))


def doubted(why: str) -> str:
    """Return the reason of what is left out because of a doubt; that of the arousal index says it already."""
    return why if IN_DOUBT in why else IN_DOUBT + (why or "quality 0")


_KEYS = tuple(map(itemgetter, (0, 3, 2, 1)))
_from_row = partial(tuple.__new__, IndexSample)  # `IndexSample._make` at the speed of C


def sort_samples(samples: list[IndexSample]) -> None:
    """Sort in place by `IndexSample.order`: stable sorts by one value each are faster."""
    for key in _KEYS:
        samples.sort(key=key)


Watermarks = Mapping[str, FloatArray]
"""Source (`processing.parts`) → its watermark at each tick [s], shape (n_ticks,), not decreasing."""


class Estimator(Protocol):
    """Turn chunks, index samples of others and events into index samples, causally.

    Equal results (==) for any chunking and any grouping of ticks is part of the contract. What an estimator
    computes for data time b (all samples with stamps < b seen) is final at the first tick whose watermark
    is ≥ b; `released` finds that tick.

    Where it uses heard samples, a result for data time t may use those with `time` ≤ t (or another bound
    stated in data time), never "all heard so far": a batch of many ticks hears more at once than a live run
    does. It is settled at t plus a fixed delay that covers the delays of what it hears.

    Whoever needs no chunks, samples or events lets them pass.
    """

    def update(self, chunk: Chunk) -> None:
        """Take in admitted samples: stamps on the recorder's clock, not decreasing; canonical units."""

    def hear(self, samples: Sequence[IndexSample]) -> None:
        """Take in index samples that became final, before `advance` is called for the same ticks."""

    def mark(self, event: Event, time: float) -> None:
        """Take in an event that acts at `time`, T of the tick that closed its slice [s]."""

    def advance(self, ticks: FloatArray, watermarks: Watermarks) -> list[IndexSample]:
        """Return what became final at these ticks, which do not decrease, shape (n_ticks,)."""


def released(settled: FloatArray, ticks: FloatArray, watermarks: FloatArray) -> tuple[int, FloatArray]:
    """Tell how many of the results are final and since when.

    Parameters
    ----------
    settled : ndarray, shape (n,)
        Data time b at which each result is settled [s]; not decreasing.
    ticks, watermarks : ndarray, shape (n_ticks,)

    Returns
    -------
    n_final : int
        The first `n_final` results are final.
    available : ndarray, shape (n_final,)
        T of the tick that settled each [s].
    """
    if len(ticks) == 0:
        return 0, np.empty(0)
    n = int(np.searchsorted(settled, watermarks[-1], side="right"))
    return n, ticks[np.searchsorted(watermarks, settled[:n], side="left")]


def index_samples(
    times: FloatArray,
    available: FloatArray,
    entity: str,
    index: str,
    values: FloatArray,
    qualities: FloatArray,
    reasons: Sequence[str],
) -> list[IndexSample]:
    """Return index samples from columns, each of length n."""
    columns = (times.tolist(), available.tolist(), values.tolist(), qualities.tolist(), reasons)
    if len({len(column) for column in columns}) != 1:
        raise ValueError(f"{index}: columns of different lengths")
    at, since, value, quality, why = columns
    return rows(at, since, entity, index, value, quality, why)


def index_sample(
    time: float, available: float, entity: str, index: str, value: float, quality: float, reason: str
) -> IndexSample:
    """Return one index sample, in the unit of its record."""
    return IndexSample(time, available, entity, index, value, unit_of(index), quality, reason)


def rows(
    times: Iterable[float],
    available: Iterable[float],
    entity: str,
    index: str,
    values: Iterable[float],
    qualities: Iterable[float],
    reasons: Iterable[str],
) -> list[IndexSample]:
    """Return index samples from plain columns: for results that come one at a time."""
    columns = zip(
        times,
        available,
        repeat(entity),
        repeat(index),
        values,
        repeat(unit_of(index)),
        qualities,
        reasons,
        strict=False,
    )
    return list(map(_from_row, columns))
