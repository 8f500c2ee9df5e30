"""Bounds of parameters: what nothing can be computed with is refused by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

LONGEST = 43200.0
"""The longest session [s]: no window is longer, and no count of what comes once a second larger."""


def refuse_outside(
    config: object,
    *,
    lengths: Sequence[str] = (),
    from_zero: Sequence[str] = (),
    shares: Sequence[str] = (),
    counts: Sequence[str] = (),
) -> None:
    """Check parameters of a configuration, by name (`scl.window` for one of a part of it).

    Parameters
    ----------
    lengths : sequence of str
        Above 0 and at most `LONGEST`.
    from_zero : sequence of str
        0 or more and finite.
    shares : sequence of str
        0 to 1.
    counts : sequence of str
        From 1 to `LONGEST`.

    Raises
    ------
    ValueError
        If one is outside; all that are, are named.
    """
    faults = [
        *_faults(config, lengths, lambda v: 0.0 < v <= LONGEST, f"a number above 0, at most {LONGEST:g}"),
        *_faults(config, from_zero, lambda v: 0.0 <= v < math.inf, "0 or more"),
        *_faults(config, shares, lambda v: 0.0 <= v <= 1.0, "a share from 0 to 1"),
        *_faults(config, counts, lambda v: 1.0 <= v <= LONGEST, f"1 or more, at most {LONGEST:g}"),
    ]
    if faults:
        raise ValueError("; ".join(faults))


def numbers_of(config: object, part: str) -> list[str]:
    """Return the names of all numbers in a part of a configuration, as `refuse_outside` takes them."""
    inner: Any = attrgetter(part)(config)
    kinds = {f.name: type(getattr(inner, f.name)) for f in fields(inner)}
    return [f"{part}.{name}" for name, kind in kinds.items() if kind in (int, float)]


def _faults(config: object, names: Sequence[str], fits: Callable[[float], bool], what: str) -> Iterator[str]:
    for name in names:
        value = float(attrgetter(name)(config))
        if not fits(value):
            yield f"{name} = {value:g}: must be {what}"
