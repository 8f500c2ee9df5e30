"""All records by name."""

from __future__ import annotations

from processing.indices import arousal, dyad, heart, rating, skin, voice
from processing.indices.record import Index

PERSON = (*arousal.INDICES, *heart.INDICES, *skin.INDICES, *voice.INDICES, *rating.INDICES)
"""Indices of one person, in the order of the tables."""
INDICES: dict[str, Index] = {index.name: index for index in (*PERSON, *dyad.INDICES)}


def of_part(part: str) -> tuple[Index, ...]:
    """Return the indices of a person that an estimator can give, in the order of the tables."""
    return tuple(index for index in PERSON if part in index.of)


def unit_of(index: str) -> str:
    """Return the unit of an index as in the tables.

    Raises
    ------
    ValueError
        If there is no such index.
    """
    try:
        return INDICES[index].unit
    except KeyError:
        raise ValueError(f"no index named {index!r} (known: {', '.join(INDICES)})") from None
