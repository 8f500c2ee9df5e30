"""The sound of a linked video, in step with the cursor: a thread that decodes it ahead and tends the output.

It is heard while the cursor runs, and at no other time: where the cursor stands, jumps or leaves a clip,
what the output holds is dropped. Whatever fails is said in `words`, and nothing waits for it. No Qt.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from acquisition.errors import AttunementError, DeviceError
from acquisition.machine.speaker import Fill, Speaker
from viewer.video.feed import Cursor, Feed
from viewer.video.sound_reader import SoundReader

logger = logging.getLogger(__name__)
AHEAD = 0.8
"""How much sound is made ready [s, as heard]."""
TEND = 0.05
"""How often the thread looks whether more is needed [s]."""
JUMP = 0.2
"""A cursor that is so far from where it should be has jumped [s, as seen]."""
IDLE = 10.0
"""An output that nothing was played through for so long is released to other programs [s]."""
AGAIN = 10.0
"""An output that cannot be opened is tried again after [s]."""
SLACK = 0.1
"""Pictures are made ready this much further ahead than sound is given out [s]."""
SILENT_AT = "no sound: "


@dataclass(frozen=True, slots=True)
class Heard:
    """Hold what is to be heard: of which film, at which speed; `turn` counts jumps."""

    film: object = None
    speed: float = 0.0
    turn: int = 0


SILENCE = Heard()


class Sound:
    """Let the sound of films be heard.

    Parameters
    ----------
    find : callable
        Returns where the file of a film is; raises VideoError where it is not. Called in the thread.
    told : callable
        Is told, in the thread, that `words` are others.
    speaker : callable, optional
        Makes the output.
    """

    def __init__(
        self,
        find: Callable[[object], Path],
        told: Callable[[], object],
        speaker: Callable[[Fill], Speaker] = Speaker,
    ) -> None:
        self._find, self._told = find, told
        self._feed = Feed()
        self._speaker = speaker(self._feed.fill)
        self._change = threading.Condition()
        self._wanted, self._cursor = SILENCE, Cursor()
        self._plays = SILENCE
        """What the feed holds."""
        self._reader: SoundReader | None = None
        self._film: object = None
        """Whose file is read."""
        self._deaf = SILENCE
        """What could not be read; it is tried again where the cursor begins to run, or jumps."""
        self._ended = self._halt = False
        self._rested = self._failed = self._opened_at = -math.inf
        """When something was played last, when the output could not be opened, and when it was."""
        self.words = ""
        """Why nothing is heard; "" if nothing is wrong."""
        self._thread = threading.Thread(target=self._run, name="sound", daemon=True)
        self._thread.start()

    @property
    def lead(self) -> float:
        """Return how far ahead pictures have to be ready, so that sound need not wait for them [s]."""
        return self._feed.delay + SLACK if self._wanted.film is not None else 0.0

    def want(self, film: object, stamp: float, speed: float, *, gain: float, limit: float = math.inf) -> None:
        """Say where the cursor is now, and how it runs there; a gain of 0 is silence.

        Parameters
        ----------
        limit : float
            The stamp up to which there are pictures [s].
        """
        now = time.monotonic()
        silent = film is None or not speed or not gain
        with self._change:
            before = self._wanted
            if silent:
                self._wanted, self._cursor = SILENCE, Cursor()
            else:
                off = stamp - self._cursor.stamp_at(now)
                jumped = not abs(off) <= JUMP * max(speed, 1.0) or before.film is not film
                self._wanted = Heard(film, speed, self._turn() + jumped)
                self._cursor = Cursor(stamp, now, speed, limit)
            self._feed.gain = gain * gain  # a half is heard as about half as loud
            self._feed.tell(self._cursor)
            if self._wanted != before:
                self._change.notify()

    def _turn(self) -> int:
        return max(self._wanted.turn, self._plays.turn)

    def close(self, patience: float = 2.0) -> None:
        """End the thread and release the output; wait for that no longer than so [s]."""
        with self._change:
            self._halt = True
            self._wanted = SILENCE
            self._feed.tell(Cursor())
            self._change.notify()
        self._thread.join(timeout=patience)

    def _run(self) -> None:
        while (wanted := self._next()) is not None:
            try:
                self._tend(wanted)
            except DeviceError as error:
                self._failed = time.monotonic()
                self._release()
                self._say(f"{SILENT_AT}{error}")
            except AttunementError as error:
                self._deaf = wanted
                self._say(f"{SILENT_AT}{error}")
            except Exception as error:  # whatever it is, the review goes on without the sound
                logger.exception("the sound of the video stopped")
                self._deaf = wanted
                self._say(f"{SILENT_AT}{error!r}")
        self._release()
        self._shut()

    def _next(self) -> Heard | None:
        """Wait until there is something to do; None once there will be nothing any more."""
        with self._change:
            if not self._halt and self._wanted == self._plays:
                silent = self._plays == SILENCE
                self._change.wait(TEND if not silent else IDLE if self._speaker.is_open else None)
            return None if self._halt else self._wanted

    def _tend(self, wanted: Heard) -> None:
        """Bring output and feed to what is wanted, and make more sound ready."""
        now = time.monotonic()
        if wanted != self._plays:
            self._drop()
            self._plays, self._ended = wanted, False
        if wanted.film is None:
            if now > self._rested + IDLE:
                self._release()
            return
        self._rested = now
        if wanted == self._deaf or now < self._failed + AGAIN:
            return
        if self._speaker.starved:
            self._release()
        elif self._speaker.lost:
            self._release()
            if now < self._opened_at + AGAIN:
                raise DeviceError("the sound output is gone")
        if not self._speaker.is_open:
            self._speaker.open()
            self._opened_at = now
            self._shut()  # its rate may be another
            self._feed.clear()
        self._say("")
        self._fill(wanted)

    def _drop(self) -> None:
        """Forget what was to be heard, also what the output holds already."""
        self._feed.clear()
        if self._plays.film is not None:
            self._speaker.flush()

    def _fill(self, wanted: Heard) -> None:
        """Make sound ready as far ahead as is wanted."""
        reader, feed = self._opened(wanted), self._feed
        due = self._cursor.stamp_at(time.monotonic() + feed.delay)
        if not feed.end > due - JUMP and not self._ended:
            feed.clear()
            reader.start(due, wanted.speed)
        while not self._ended and feed.end < due + AHEAD * wanted.speed and self._wanted == wanted:
            piece = reader.more()
            if piece is None:
                self._ended = True
            elif piece.end > due:
                feed.add(piece)

    def _opened(self, wanted: Heard) -> SoundReader:
        if self._reader is None or self._film is not wanted.film:
            self._shut()
            speaker = self._speaker
            self._reader = SoundReader(self._find(wanted.film), speaker.rate, speaker.channels)
            self._film, self._ended = wanted.film, False
        return self._reader

    def _shut(self) -> None:
        if self._reader is not None:
            self._reader.close()
        self._reader = self._film = None

    def _release(self) -> None:
        self._speaker.close()
        self._feed.clear()

    def _say(self, words: str) -> None:
        if words != self.words:
            self.words = words
            with self._change:
                if not self._halt:
                    self._told()
