"""How far the first stamps of a segment are believed where they tell of another sample period."""

from __future__ import annotations

import math

from acquisition.timebase.manner import Manner, Seen

OTHER, OTHER_PACKETS = 0.03, 0.2
"""Shares by which the first seconds must differ from the nominal rate to be believed instead. Of four packets
one may have been held up by 0.3 s."""
SHORTEST, LONGEST = 1e-6, 3600.0
"""Bounds of a sample period [s], whatever stamps say."""
DOUBT, UNSURE, HALFWAY = 0.003, 0.3, 0.7
"""Share by which a sample period may differ from what is known of it; where only a few packets tell it; and
for packets also this share of the difference that the first few seem to show."""
CLEARLY = 0.01
"""Share by which stamps with jitter must seem to differ from what is known to be given as much doubt."""
LEARNED = 5e-4
"""The same where another manner begins: the period is known from before, unless steps within packets and
packets themselves both tell of another."""
FARTHER = 0.05
"""Share from which on packets alone are half believed there: a line would stay at the other rate for ever."""


def learned(seen: Seen, known: float, *, joins: bool) -> tuple[float, float]:
    """Return the sample period [s] and the share by which it may differ.

    Parameters
    ----------
    known : float
        The period so far [s]; nan if there is none.
    joins : bool
        The samples go on after others, from which it is known.
    """
    found = seen.period if seen.period > 0 and math.isfinite(seen.period) else known
    found = min(max(found, SHORTEST), LONGEST) if found > 0 else 1.0
    packets = seen.manner is Manner.PACKETS
    off = abs(found / known - 1.0)
    if not off <= (OTHER_PACKETS if packets else OTHER):
        return found, UNSURE if packets else DOUBT
    if joins:
        both = abs(seen.inner / found - 1.0) < CLEARLY < abs(seen.inner / known - 1.0)
        if packets and off > FARTHER and not both:
            return known, HALFWAY * off
        return (found, DOUBT) if both else (known, LEARNED)
    if packets or seen.samples > 1.0:
        return known, max(DOUBT, HALFWAY * off)
    return known, off if off > CLEARLY else DOUBT
