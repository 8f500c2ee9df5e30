"""A stretch of samples at fault, as any of the finders tells it."""

from __future__ import annotations

from typing import NamedTuple

from processing.skin.eda_quality import Fault


class Stretch(NamedTuple):
    """Hold what is wrong with the samples after `start`, up to `stop`, and the stamp of the sample that told
    it [s]."""

    fault: Fault
    start: float
    stop: float
    known: float
