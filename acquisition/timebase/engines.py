"""Which engine lays the samples of a segment, by the manner in which its stamps come."""

from __future__ import annotations

from acquisition.timebase.account import Account
from acquisition.timebase.laid import Engine
from acquisition.timebase.levels import Levels
from acquisition.timebase.manner import SLOW, Manner, Seen
from acquisition.timebase.packets import Packets
from acquisition.timebase.steps import Steps


def engine(
    seen: Seen, periods: tuple[float, float, float], account: Account, *, first: int, joins: bool
) -> Engine:
    """Return a new engine.

    Parameters
    ----------
    periods : tuple of float
        Sample period [s], the share by which it may be off, and the period that filters are made for [s].
    first : int
        Number of the first sample.
    joins : bool
        Whether the times go on from those of another engine.
    """
    period, doubt, usual = periods
    if seen.manner is Manner.PACKETS:
        return Packets(seen, period, doubt, account, first=first, joins=joins)
    if seen.manner is Manner.JITTER:
        return Levels(period, doubt, account, usual=usual, first=first, chunk=seen.samples)
    loose = period >= SLOW and seen.manner is Manner.UNEVEN
    return Steps(period, account, first=first, loose=loose)
