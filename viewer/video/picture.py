"""A decoded picture made ready to be drawn: at the size of its place, upright, in a screen's pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from viewer.video.reader import Shown

PIXELS = "bgra"
"""What Qt calls RGB32 where bytes run from low to high."""


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """Hold pixels, four bytes each, without gaps between rows.

    Parameters
    ----------
    begin, end : float
        Stamps from which to which it is the one to show [s].
    exact : bool
        False for a picture on the way to the one that is wanted.
    place : tuple of int
        Width and height of the place it was made for [px].
    """

    data: bytes
    width: int
    height: int
    begin: float
    end: float
    exact: bool
    place: tuple[int, int]


def drawn(shown: Shown, shape: tuple[float, float], place: tuple[int, int], *, exact: bool = True) -> Picture:
    """Return a decoded picture at the size of a place, in its own proportions.

    Parameters
    ----------
    shape : tuple of float
        Width and height as the file means them, before the picture is turned.
    place : tuple of int
        [px]
    """
    turns = round(shown.frame.rotation / 90) % 4
    wide, high = shape if turns % 2 == 0 else shape[::-1]
    scale = min(place[0] / max(wide, 1.0), place[1] / max(high, 1.0))
    size = max(2, round(wide * scale)), max(2, round(high * scale))
    across, down = size if turns % 2 == 0 else size[::-1]
    shrinks = across * 2 < shown.frame.width
    made = shown.frame.reformat(
        width=across, height=down, format=PIXELS, interpolation="AREA" if shrinks else "BILINEAR"
    )
    plane = made.planes[0]
    rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)[:down, : 4 * across]
    pixels = rows.reshape(down, across, 4) if rows.flags.c_contiguous else np.ascontiguousarray(rows)
    whole = np.rot90(pixels.reshape(down, across, 4), turns)
    return Picture(whole.tobytes(), *size, shown.begin, shown.end, exact, place)
