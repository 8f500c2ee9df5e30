"""A skin conductance response, as it goes from the rise that is found to the level that holds its tail."""

from __future__ import annotations

from typing import NamedTuple


class Scr(NamedTuple):
    """Hold one response: moments [s], amplitude from trough to peak [µS], rise time [s].

    `known` is the stamp of the sample that settled it.
    """

    onset: float
    peak: float
    amplitude: float
    rise: float
    known: float
