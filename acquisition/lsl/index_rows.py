"""Index samples as rows of numbers for LSL, and what of them may be published while a person is paused."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from typing import Protocol

import numpy as np

from acquisition.batch import Batch
from acquisition.events.paused import Paused
from acquisition.stream import PEOPLE, FloatArray, Role

PARTS = ("", " quality", " time")
"""What follows an index in the label of its channels: value, quality and the moment it stands for."""


class Released(Protocol):
    """Describe an index sample; see `processing.index.IndexSample`."""

    @property
    def time(self) -> float:
        """Return the moment it stands for [s]."""

    @property
    def available(self) -> float:
        """Return T of the tick that settled it [s]."""

    @property
    def entity(self) -> str:
        """Return client, therapist or dyad."""

    @property
    def index(self) -> str:
        """Return its name."""

    @property
    def value(self) -> float:
        """Return its value; nan with a reason."""

    @property
    def quality(self) -> float:
        """Return its quality, 0-1."""

    @property
    def reason(self) -> str:
        """Return why there is no value."""


def index_rows(samples: Iterable[Released], names: Sequence[str]) -> tuple[FloatArray, FloatArray]:
    """Return the rows that hold the samples of one entity.

    Parameters
    ----------
    samples : iterable of Released
        Sorted by `available`.
    names : sequence of str
        Index of each group of three channels: value, quality, time.

    Returns
    -------
    times : ndarray, shape (n_rows,)
        `available` of what the row holds [s, LSL clock]: a row is stamped with when it could first be known.
    rows : ndarray, shape (n_rows, 3 n_names)
        nan where nothing of an index was released; its time is a number wherever something was.
    """
    places = {name: len(PARTS) * k for k, name in enumerate(names)}
    rows: list[FloatArray] = []
    times: list[float] = []
    first, counts = 0, dict[str, int]()
    for sample in samples:
        place = places.get(sample.index)
        if place is None:
            continue
        if not times or times[-1] != sample.available:
            first, counts = len(rows), {}
        row = first + counts.get(sample.index, 0)
        counts[sample.index] = row - first + 1
        if row == len(rows):
            rows.append(np.full(len(PARTS) * len(names), np.nan))
            times.append(sample.available)
        rows[row][place : place + len(PARTS)] = sample.value, sample.quality, sample.time
    return np.array(times), np.array(rows).reshape(len(rows), len(PARTS) * len(names))


class Curtain:
    """Know who is paused when; of a paused person, and of the two together, nothing is published."""

    def __init__(self) -> None:
        self._paused = Paused()
        self._turns: dict[Role, tuple[list[float], list[bool]]] = {p: ([], []) for p in PEOPLE}

    def hear(self, batch: Batch) -> None:
        """Take in the pauses of a batch; they act at T of their slice."""
        for k, event in batch.events:
            for role in self._paused.hear(event):
                times, paused = self._turns[role]
                times.append(float(batch.ticks[k]))
                paused.append(self._paused.now(role))

    def shown(self, entity: str, at: float) -> bool:
        """Tell whether what was known of an entity at `at` [s] may be published."""
        people = [Role(entity)] if entity in PEOPLE else PEOPLE
        return not any(self._was_paused(person, at) for person in people)

    def _was_paused(self, person: Role, at: float) -> bool:
        times, paused = self._turns[person]
        last = bisect_right(times, at)
        return bool(last) and paused[last - 1]
