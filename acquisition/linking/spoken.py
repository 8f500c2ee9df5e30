"""What was said when, as far as the rows of a recording tell: the power of each person's own speech."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from acquisition.stream import FloatArray, Role
from acquisition.voice.rows import ROW_CHANNELS

_PHONATION, _INTENSITY = ROW_CHANNELS.index("phonation"), ROW_CHANNELS.index("intensity")


@dataclass(frozen=True, slots=True, eq=False)
class Spoken:
    """Hold the seconds of a recording of which there are rows of everybody who has a microphone.

    Parameters
    ----------
    stops : ndarray, shape (n,)
        End of each second [s], increasing by whole seconds.
    power : ndarray, shape (n_people, n)
        Mean square of own speech over the second, at the person's own microphone.
    filled : ndarray, shape (n,)
        How much of the second somebody spoke, 0-1.
    """

    stops: FloatArray
    power: FloatArray
    filled: FloatArray
    people: tuple[Role, ...]


def spoken_of(rows: Mapping[Role, tuple[FloatArray, FloatArray]]) -> Spoken:
    """Return what was said.

    Parameters
    ----------
    rows : mapping
        Role → stamps, shape (n,), and values of `ROW_CHANNELS`, shape (n, n_channels).
    """
    people = tuple(role for role, (stamps, _) in rows.items() if len(stamps))
    if not people:
        return Spoken(np.empty(0), np.empty((0, 0)), np.empty(0), ())
    shift = float(np.median(np.concatenate([rows[p][0] - np.round(rows[p][0]) for p in people])))
    numbers = {p: np.round(rows[p][0] - shift).astype(np.int64) for p in people}
    common = numbers[people[0]]
    for person in people[1:]:
        common = np.intersect1d(common, numbers[person])
    common = np.unique(common)
    power, filled = np.empty((len(people), len(common))), np.zeros(len(common))
    for k, person in enumerate(people):
        _, first = np.unique(numbers[person], return_index=True)
        at = first[np.searchsorted(numbers[person][first], common)]
        values = rows[person][1][at].astype(np.float64)
        level = np.where(np.isfinite(values[:, _INTENSITY]), values[:, _INTENSITY], -np.inf)
        phonation = np.nan_to_num(values[:, _PHONATION])
        power[k] = phonation * 10 ** (level / 10)
        filled += phonation
    return Spoken(np.asarray(common + shift), power, np.minimum(filled, 1.0), people)
