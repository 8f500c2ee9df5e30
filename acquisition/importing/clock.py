"""What is known of the clocks of files, and of those of two people."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path


def moment_of(epoch: float) -> datetime | None:
    """Return a Unix time as a date in UTC; None for what is none, or of no year that can be written."""
    try:
        return datetime.fromtimestamp(epoch, UTC) if math.isfinite(epoch) else None
    except (OverflowError, OSError, ValueError):
        return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Say of a file what its clock is.

    `epoch` is the Unix time of its second 0, nan if it does not say; `own` is True if its second 0 means
    nothing outside of it, such as the clock of another computer; `opened` says when the file was begun then.
    """

    path: Path
    epoch: float = math.nan
    zoned: bool = True
    resolution: float = 0.0
    own: bool = False
    opened: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """Say how the two people's clocks are related.

    Parameters
    ----------
    kind : str
        one, aligned, start times or unknown.
    error : float
        How far the two may be apart [s]; nan if nothing is known.
    epoch : float
        Unix time of the recording's second 0; nan if unknown.
    zoned : bool
        `epoch` is in UTC, not the time of a clock on the wall.
    said : tuple of str
        For people.
    """

    kind: str
    error: float
    epoch: float = math.nan
    zoned: bool = True
    said: tuple[str, ...] = ()
