"""Decode the pictures of linked videos in a thread: the wanted one, and some ahead while it runs. No Qt.

What is asked for last counts. Pictures that would come too late, or closer together than a screen shows them,
are not made ready. A file is found and opened in the thread, too: a moved one is recognised by its contents.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from acquisition.errors import VideoError
from viewer.video.picture import Picture, drawn
from viewer.video.reader import CLOSE, Reader, Shown

logger = logging.getLogger(__name__)
SPACING = 0.04
"""Two pictures are never further apart for being left out [s]."""
SCREEN = 60.0
"""Pictures a second that a screen shows at most."""
AHEAD, MORE_AHEAD = 0.1, 0.12
"""How far ahead pictures are made ready: so much, and so much more for each unit of speed [s]."""
AGAIN = 0.25
"""How long a file that cannot be read is left alone [s]."""
ON_THE_WAY = 0.15
"""How often a picture on the way is shown while the wanted one is looked for [s]."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Hold what is to be shown.

    Parameters
    ----------
    film : object
        Which video, as whoever asks knows it; None for none.
    stamp : float
        Presentation stamp [s].
    place : tuple of int
        Width and height of the place [px].
    speed : float
        How fast it runs; 0 where it stands.
    lead : float
        How far ahead pictures have to be ready at least [s, as seen].
    """

    film: object = None
    stamp: float = math.nan
    place: tuple[int, int] = (0, 0)
    speed: float = 0.0
    lead: float = 0.0


class Decoder:
    """Give pictures as they are wanted.

    Parameters
    ----------
    find : callable
        Returns where the file of a film is; raises VideoError where it is not. Called in the thread.
    arrived : callable
        Is told, in the thread, that there is something new to show.
    stepped : callable
        Is told, in the thread, the film and the stamp of a picture that was stepped to.
    """

    def __init__(
        self,
        find: Callable[[object], Path],
        arrived: Callable[[], object],
        stepped: Callable[[object, float], object],
    ) -> None:
        self._find, self._arrived, self._stepped = find, arrived, stepped
        self._change = threading.Condition()
        self._wanted = Wanted()
        self._ready: deque[Picture] = deque()
        self._film: object = None
        """Whose pictures are ready."""
        self._steps = 0
        self._halt = False
        self._fault, self._failed, self._tried = "", math.nan, -math.inf
        """What is wrong, at which stamp (nan for nothing), and when that was found."""
        self._ended = math.inf
        """From which stamp on there is no picture."""
        self._delivered = -math.inf
        self._reader: Reader | None = None
        self._thread = threading.Thread(target=self._run, name="video", daemon=True)
        self._thread.start()

    def want(self, wanted: Wanted) -> None:
        """Say what is to be shown now."""
        with self._change:
            if wanted != self._wanted:
                if wanted.film is not self._wanted.film:
                    self._forget()
                self._wanted = wanted
                self._change.notify()

    def _forget(self) -> None:
        """Drop what belongs to another film."""
        self._ready.clear()
        self._fault, self._failed, self._ended, self._steps = "", math.nan, math.inf, 0

    def step(self, by: int) -> None:
        """Go so many pictures on, or back, from the one that is wanted."""
        with self._change:
            self._steps += by
            self._change.notify()

    def picture(self, stamp: float) -> Picture | None:
        """Return the picture of a moment, or one on the way to it; None if there is none yet."""
        with self._change:
            ready = self._ready
            while len(ready) > 1 and ready[1].begin <= stamp + CLOSE:
                ready.popleft()
                self._change.notify()
            if not ready or not ready[0].exact:
                return ready[0] if ready else None
            return ready[0] if _covers(ready[0], stamp) else None

    @property
    def fault(self) -> str:
        """Return why there is no picture; "" if nothing is wrong."""
        return self._fault

    def furthest(self, stamp: float) -> float:
        """Return up to which stamp a cursor may run on from here without leaving the pictures behind [s]."""
        with self._change:
            if self._wanted.film is None or self._fault:
                return math.inf
            if not self._ready or not _covers(self._ready[0], stamp):
                return math.inf if stamp >= self._ended else stamp
            last = self._ready[-1].end
            return math.inf if last >= self._ended else last

    def close(self, patience: float = 2.0) -> None:
        """End the thread; wait for it no longer than that [s], as it may be reading a whole file."""
        with self._change:
            self._halt = True
            self._change.notify()
        self._thread.join(timeout=patience)

    def _run(self) -> None:
        while (job := self._next_job()) is not None:
            try:
                job()
            except VideoError as error:
                self._fail(str(error))
            except Exception as error:  # whatever it is, the review goes on without the picture
                logger.exception("the video stopped")
                self._fail(f"the video cannot be shown: {error!r}")
        self._shut()

    def _fail(self, words: str) -> None:
        with self._change:
            self._fault, self._failed, self._tried = words, self._wanted.stamp, time.monotonic()
            self._ready.clear()
            self._steps = 0
        self._tell(self._arrived)

    def _next_job(self) -> Callable[[], None] | None:
        """Wait for something to do; None once there will be nothing any more."""
        with self._change:
            while not self._halt:
                if (job := self._job()) is not None:
                    return job
                self._change.wait(AGAIN if self._fault else None)
            return None

    def _job(self) -> Callable[[], None] | None:
        wanted, ready = self._wanted, self._ready
        if wanted.film is None or min(wanted.place) < 2:
            return None
        if self._steps:
            return self._step
        if wanted.stamp == self._failed or (self._fault and time.monotonic() < self._tried + AGAIN):
            return None
        there = next((p for p in ready if p.exact and _covers(p, wanted.stamp)), None)
        if there is None or there.place != wanted.place:
            return None if wanted.stamp >= self._ended else self._seek
        ahead = max(AHEAD + MORE_AHEAD * wanted.speed, wanted.lead * wanted.speed)
        if wanted.speed and ready[-1].end < min(wanted.stamp + ahead, self._ended):
            return self._go_on
        return None

    def _opened(self, wanted: Wanted) -> Reader:
        """Return the reader of a film."""
        if self._reader is None or self._reader.closed or self._film is not wanted.film:
            self._shut()
            self._reader, self._film = Reader(self._find(wanted.film)), wanted.film
        return self._reader

    def _shut(self) -> None:
        if self._reader is not None:
            self._reader.close()
        self._reader = self._film = None

    def _seek(self) -> None:
        """Make the wanted picture ready."""
        wanted = self._wanted
        reader = self._opened(wanted)

        def stamp() -> float | None:
            now = self._wanted
            if self._halt or now.film is not wanted.film:
                return None
            if time.monotonic() > self._delivered + ON_THE_WAY and (newest := reader.newest()) is not None:
                self._put(drawn(newest, reader.shape, now.place, exact=False), fresh=True)
            return now.stamp

        found = reader.at(stamp)
        now = self._wanted
        if found is not None and now.film is wanted.film:
            self._put(drawn(found, reader.shape, now.place), fresh=True)
        elif now.film is wanted.film and not self._halt:
            raise VideoError(f"{reader.path.name} has no picture at this moment")

    def _go_on(self) -> None:
        """Make the next picture ready that will be shown."""
        wanted = self._wanted
        reader = self._opened(wanted)
        with self._change:
            if not self._ready:
                return
            last = self._ready[-1]
        shown: Shown | None = Shown(None, last.begin, last.end)  # type: ignore[arg-type]
        least = min(wanted.speed / SCREEN, SPACING) - CLOSE
        for _ in range(16):
            assert shown is not None
            end = shown.end
            if (shown := reader.at(partial(float, end))) is None or shown.begin < end - 2 * CLOSE:
                with self._change:
                    self._ended = end
                return
            if shown.begin >= last.begin + least and shown.end > self._wanted.stamp:
                break
        assert shown is not None
        self._put(drawn(shown, reader.shape, wanted.place))

    def _put(self, picture: Picture, *, fresh: bool = False) -> None:
        """Add a picture to those that are ready, or have it replace them."""
        with self._change:
            if fresh:
                self._ready.clear()
            elif self._ready:
                self._ready[-1] = replace(self._ready[-1], end=picture.begin)
            self._ready.append(picture)
            self._fault, self._failed = "", math.nan
        if fresh:
            self._delivered = time.monotonic()
            self._tell(self._arrived)

    def _step(self) -> None:
        """Go one picture on or back, and tell where that is."""
        wanted = self._wanted
        reader = self._opened(wanted)
        with self._change:
            steps, self._steps = self._steps, 0
        stamp, found = wanted.stamp, None
        for _ in range(abs(steps)):
            there = reader.after(stamp) if steps > 0 else reader.before(stamp)
            if there is None:
                break
            stamp, found = there.begin, there
        if found is not None:
            self._put(drawn(found, reader.shape, wanted.place), fresh=True)
            self._tell(partial(self._stepped, wanted.film, found.begin))

    def _tell(self, telling: Callable[[], object]) -> None:
        """Tell of something, unless it was closed: whoever was to be told may be gone by now."""
        with self._change:
            if not self._halt:
                telling()


def _covers(picture: Picture, stamp: float) -> bool:
    return picture.begin - CLOSE <= stamp < picture.end - CLOSE
