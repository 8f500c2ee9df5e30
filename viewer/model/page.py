"""The page: which stretch of the session the lanes show, and the vertical scale. No Qt.

The page stands still while it fills and jumps when it is full: only the newest second has to be drawn.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

HEAD_ROOM = 0.15
"""Share of the page that is free after a jump."""
EDGE = 0.04
"""Share of a scale, at either end, that a line keeps free: on the very edge it looks cut off."""
WHOLE = 0.0
"""In place of a length: the whole session, however long."""
WINDOWS = (10.0, 30.0, 60.0, 120.0, 300.0, 900.0, 1800.0, 3600.0, WHOLE)
"""Lengths of a page to choose from [s]."""
LADDER = tuple(
    60.0 * m for m in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 7.5, 9, 11, 13, 15, 18, 21, 25, 30, 35, 40, 45, 50, 55, 60)
)
"""Lengths of a page that holds a session of less than an hour while it grows [s]; then ten minutes more."""
SPARE = 0.05
"""Share of such a page that is free at least: it jumps seldom, and shows little that is empty."""


@dataclass(frozen=True, slots=True)
class Page:
    """Name a stretch of the session [s since its first tick]."""

    start: float
    seconds: float

    @property
    def stop(self) -> float:
        """Return where it ends [s]."""
        return self.start + self.seconds


def follow(page: Page | None, now: float, seconds: float) -> Page:
    """Return the page that shows `now`: the same one until it is full."""
    if page is not None and page.seconds == seconds and page.start <= now < page.stop:
        return page
    if now <= seconds:
        return Page(0.0, seconds)
    return Page(max(now - (1.0 - HEAD_ROOM) * seconds, 0.0), seconds)


def length_of(chosen: float, elapsed: float, *, grows: bool = True) -> float:
    """Return the length of a page [s]; that of the whole session grows in steps: the page stands still.

    A session that is over fills it.
    """
    if chosen != WHOLE:
        return chosen
    if not grows:
        return max(elapsed, LADDER[0])
    need = elapsed / (1.0 - SPARE)
    return next((s for s in LADDER if s >= need), 600.0 * max(math.ceil(need / 600.0), 1))


def centred(time: float, seconds: float, end: float) -> Page:
    """Return the page around a time, within the session as far as it goes."""
    latest = max(end - seconds, 0.0)
    return Page(min(max(time - seconds / 2, 0.0), latest), seconds)


def rescaled(
    scale: tuple[float, float] | None, data: tuple[float, float], span: float
) -> tuple[float, float] | None:
    """Return a new vertical scale, or None where the present one will do.

    Parameters
    ----------
    scale : (low, high) or None
        The present one.
    data : (low, high)
        What must fit; nan where there is nothing.
    span : float
        Least height of the scale, in the lane's unit.

    Notes
    -----
    It grows at once and shrinks only when the data fill less than 45 % of it: a scale that breathes with the
    signal would hide change.
    """
    low, high = data
    if not (math.isfinite(low) and math.isfinite(high)):
        return None
    height = max(high - low, span)
    middle = (low + high) / 2
    edge = 0.0 if scale is None else EDGE * (scale[1] - scale[0])
    fits = scale is not None and scale[0] + edge <= low and high <= scale[1] - edge
    if scale is not None and fits and height > 0.45 * (scale[1] - scale[0]):
        return None
    fresh = middle - 0.66 * height, middle + 0.66 * height
    return (
        None
        if scale is not None and fits and math.isclose(fresh[1] - fresh[0], scale[1] - scale[0])
        else fresh
    )


def clock(seconds: float) -> str:
    """Return seconds since the start as h:mm:ss."""
    whole = int(max(seconds, 0.0))
    return f"{whole // 3600}:{whole // 60 % 60:02d}:{whole % 60:02d}"


STEPS = (1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0, 3600.0)


def time_marks(page: Page, most: int) -> list[float]:
    """Return round times within a page, at most so many [s]."""
    step = next((s for s in STEPS if page.seconds / s <= most), STEPS[-1])
    first = math.ceil(page.start / step)
    return [k * step for k in range(first, math.floor(page.stop / step) + 1)]
