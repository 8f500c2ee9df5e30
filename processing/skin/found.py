"""What the finders of the skin hand on: a response, and a stretch of samples at fault."""

from __future__ import annotations

from typing import NamedTuple

from processing.skin.eda_quality import Fault


class Scr(NamedTuple):
    """Hold one response: moments [s], amplitude from trough to peak [µS], rise time [s].

    `known` is the stamp of the sample that settled it.
    """

    onset: float
    peak: float
    amplitude: float
    rise: float
    known: float


class Stretch(NamedTuple):
    """Hold what is wrong with the samples after `start`, up to `stop`, and the stamp of the sample that told
    it [s]."""

    fault: Fault
    start: float
    stop: float
    known: float
