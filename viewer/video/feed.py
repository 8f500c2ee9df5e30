"""The sound that is to be heard next, by its stamps: given to the output in step with the cursor. No Qt.

A sample has a stamp, the output says when it will be heard, and the cursor says where it will be then.
Small differences are taken up unheard, by playing slightly faster or slower; at large ones sound is left
out. Where there is none yet, there is silence, and what follows comes at its own moment.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]
LOOK = 0.033
"""A cursor stands this long between two looks, in the mean half of it behind where it is by the clock [s]."""
APART = 0.045
"""Sound that is further from the cursor is put where it belongs at once [s, as heard]."""
CLOSE = 0.004
"""So close, nothing is done [s]."""
CALMING = 0.08
"""How much of a new difference counts: what devices tell of their delay jumps from block to block."""
GENTLE, MOST = 0.1, 0.004
"""How much of a difference is taken up in a second, and by how much faster or slower at most: 7 cents."""
UNTOLD = 0.3
"""A cursor that was not told of for so long stands [s]."""
RAMP = 0.005
"""Sound that begins comes up in this time [s]."""


@dataclass(frozen=True, slots=True)
class Piece:
    """Hold sound, shape (n, channels), that begins at a stamp; `step` of the video is a sample [s]."""

    begin: float
    samples: Samples
    step: float

    @property
    def end(self) -> float:
        """Return the stamp at which it is over [s]."""
        return self.begin + len(self.samples) * self.step


@dataclass(frozen=True, slots=True)
class Cursor:
    """Hold where a cursor was, when that was, and how it runs.

    Parameters
    ----------
    stamp : float
        Presentation stamp [s].
    at : float
        When it was there [s, monotonic clock].
    speed : float
        0 where it stands.
    limit : float
        The stamp up to which there are pictures [s].
    """

    stamp: float = math.nan
    at: float = -math.inf
    speed: float = 0.0
    limit: float = math.inf

    def stamp_at(self, when: float) -> float:
        """Return which stamp is seen at a time [s]."""
        return self.stamp + self.speed * (when - self.at - LOOK / 2)


class Feed:
    """Hold sound that was decoded, and give it out by the cursor."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pieces: deque[Piece] = deque()
        self._cursor = Cursor()
        self._next = math.nan
        """The stamp of the next sample; nan where none was given just before."""
        self._off = 0.0
        """How far sound is ahead of the cursor, calmed [s, as heard]."""
        self.gain = 1.0
        self.delay = 0.0
        """How long a block takes until it is heard [s]."""

    def tell(self, cursor: Cursor) -> None:
        """Say where the cursor is."""
        with self._lock:
            self._cursor = cursor

    def clear(self) -> None:
        """Forget all sound."""
        with self._lock:
            self._pieces.clear()
            self._next = math.nan

    def add(self, piece: Piece) -> None:
        """Add sound that follows what there is."""
        with self._lock:
            self._pieces.append(piece)

    @property
    def end(self) -> float:
        """Return up to which stamp there is sound; -inf where there is none."""
        with self._lock:
            return self._pieces[-1].end if self._pieces else -math.inf

    def fill(self, block: Samples, now: float, when: float) -> None:
        """Write what is heard from a time on into a block of silence; see `Speaker`."""
        with self._lock:
            self.delay = when - now
            cursor = self._cursor
            if not cursor.speed or now > cursor.at + UNTOLD:
                self._next = math.nan
                return
            self._give(block, cursor, cursor.stamp_at(when))

    def _give(self, block: Samples, cursor: Cursor, due: float) -> None:
        if not self._pieces:
            self._next = math.nan
            return
        step = self._pieces[0].step
        begins = self._aligned(due, cursor.speed)
        pace = step * (1.0 - max(-MOST, min(GENTLE * self._off, MOST)) * (abs(self._off) > CLOSE))
        end = self._next + len(block) * pace
        if end > cursor.limit:  # sound does not run ahead of a picture that is late
            self._next = math.nan
            return
        while self._pieces and self._pieces[0].end <= self._next:
            self._pieces.popleft()
        for piece in self._pieces:
            if piece.begin >= end:
                break
            _lay(piece, block, self._next, pace)
        self._next = end
        if begins:
            ramp = max(1, round(RAMP * cursor.speed / step))
            block[:ramp] *= np.linspace(0.0, 1.0, ramp, dtype=np.float32)[: len(block), None]
        block *= self.gain

    def _aligned(self, due: float, speed: float) -> bool:
        """Put the next sample where the cursor wants it, if it is not near; tell whether it was put there."""
        off = (self._next - due) / speed
        self._off += CALMING * (off - self._off)
        if abs(self._off) < APART and abs(off) < 3 * APART:
            return False
        self._next, self._off = due, 0.0
        return True


def _lay(piece: Piece, block: Samples, begin: float, pace: float) -> None:
    """Write a piece where it belongs in a block that begins at a stamp, `pace` a sample."""
    first = max(0, math.ceil((piece.begin - begin) / pace - 0.5))
    last = min(len(block), math.ceil((piece.end - begin) / pace - 0.5))
    if first >= last:
        return
    at = (begin + first * pace - piece.begin) / piece.step
    if pace == piece.step:
        start = max(0, round(at))
        taken = piece.samples[start : start + last - first]
        block[first : first + len(taken)] = taken
        return
    x, known = at + np.arange(last - first) * (pace / piece.step), np.arange(len(piece.samples))
    for channel in range(block.shape[1]):
        block[first:last, channel] = np.interp(x, known, piece.samples[:, channel])
