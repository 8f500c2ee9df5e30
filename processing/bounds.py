"""Bounds of parameters: what nothing can be computed with is refused by name."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from operator import attrgetter


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
        Above 0 and finite.
    from_zero : sequence of str
        0 or more and finite.
    shares : sequence of str
        0 to 1.
    counts : sequence of str
        1 or more and finite.

    Raises
    ------
    ValueError
        If one is outside; all that are, are named.
    """
    faults = [
        *_faults(config, lengths, lambda v: 0.0 < v < math.inf, "a number above 0"),
        *_faults(config, from_zero, lambda v: 0.0 <= v < math.inf, "0 or more"),
        *_faults(config, shares, lambda v: 0.0 <= v <= 1.0, "a share from 0 to 1"),
        *_faults(config, counts, lambda v: 1.0 <= v < math.inf, "1 or more"),
    ]
    if faults:
        raise ValueError("; ".join(faults))


def _faults(config: object, names: Sequence[str], fits: Callable[[float], bool], what: str) -> Iterator[str]:
    for name in names:
        value = float(attrgetter(name)(config))
        if not fits(value):
            yield f"{name} = {value:g}: must be {what}"
