"""A thread that listens: sound goes in without waiting, rows come out, and the recorder is never held up."""

from __future__ import annotations

import logging
import math
import queue
import threading
from collections.abc import Callable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from acquisition.drivers import Drained
from acquisition.errors import DeviceError
from acquisition.event import Notice
from acquisition.lsl.clock import local_clock
from acquisition.stream import Chunk, FloatArray, Role, StreamInfo
from acquisition.voice.models import Models, Samples, load_models
from acquisition.voice.place import Place
from acquisition.voice.prosody import Found, Prosody
from acquisition.voice.quality import Measure, load_measure
from acquisition.voice.resample import Resampler
from acquisition.voice.summary import Row

logger = logging.getLogger(__name__)

BACKLOG = 30.0
"""Seconds of sound that may wait; more is dropped and told of."""
IDLE = 0.1
"""Seconds after which the thread looks at the clock though nothing came."""
LATE = 0.3
"""Seconds within which sound has come in: it is taken as missing after that and `PATIENCE`."""


class Ear(Protocol):
    """Hear the sound of a driver's microphones."""

    loaded: threading.Event

    def start(self) -> None:
        """Begin; return at once."""

    def push(self, role: Role, times: FloatArray, samples: NDArray[Any], sfreq: float) -> None:
        """Take in sound without waiting."""

    def drain(self) -> list[Drained]:
        """Return what became of it, without waiting."""

    def waiting(self) -> float:
        """Return how many seconds of sound wait."""

    def stop(self, timeout: float = 10.0) -> None:
        """End."""


class Listening:
    """Turn the sound of all microphones into the streams of their `Place`s.

    Parameters
    ----------
    places : sequence of Place
    load : callable
        Loads the models; it is called in the thread.
    clock : callable
        The clock of the stamps [s].
    """

    def __init__(
        self,
        places: Sequence[Place],
        *,
        load: Callable[[], Models] = load_models,
        clock: Callable[[], float] = local_clock,
    ) -> None:
        self._places = {place.role: place for place in places}
        self._load, self._clock = load, clock
        self._in: queue.Queue[tuple[Role, FloatArray, Samples, float] | None] = queue.Queue()
        self._out: queue.SimpleQueue[Drained] = queue.SimpleQueue()
        self._waiting = 0.0
        self._lock = threading.Lock()
        self._resamplers: dict[Role, Resampler] = {}
        self._refused: set[Role] = set()
        self._prosody: Prosody | None = None
        self.loaded = threading.Event()
        """Set once the models are there, or it is known that they will not be."""
        self._thread = threading.Thread(target=self._run, name="voice", daemon=True)

    def start(self) -> None:
        """Begin to load the models; return at once."""
        self._thread.start()

    def push(self, role: Role, times: FloatArray, samples: NDArray[Any], sfreq: float) -> None:
        """Take in sound without waiting.

        Parameters
        ----------
        times : ndarray, shape (n,)
            Stamp of each sample [s].
        samples : ndarray, shape (n,)
            Integers of any width, or floats of full scale 1.
        """
        if len(times) == 0 or role not in self._places:
            return
        seconds = len(times) / sfreq
        with self._lock:
            full = self._waiting + seconds > BACKLOG
            if not full:
                self._waiting += seconds
        if full:
            self._tell(role, "gap", "sound came faster than it can be analysed", times[0], times[-1])
            return
        self._in.put((role, times, full_scale(samples), sfreq))

    def drain(self) -> list[Drained]:
        """Return the chunks and notices that are ready, without waiting."""
        out = []
        while not self._out.empty():
            out.append(self._out.get())
        return out

    def waiting(self) -> float:
        """Return how many seconds of sound wait to be analysed."""
        with self._lock:
            return self._waiting

    def stop(self, timeout: float = 10.0) -> None:
        """Analyse what is there and end; `drain` returns the rest."""
        self._in.put(None)
        if self._thread.is_alive():
            self._thread.join(timeout)

    def _run(self) -> None:
        self._open()
        try:
            while self._step():
                pass
        except Exception as error:  # the recording of everything else must go on
            logger.exception("voice analysis failed")
            for role in self._places:
                self._tell(role, "lost", f"voice analysis failed: {type(error).__name__}: {error}")

    def _open(self) -> None:
        people = [place.role for place in self._places.values() if place.rows or place.turns]
        try:
            if people:
                gains = {role: self._places[role].gain for role in people}
                models, measures = self._load(), self._measures(people)
                self._prosody = Prosody(people, models, gains=gains, measures=measures)
        except DeviceError as error:
            for role in people:
                self._tell(role, "lost", f"voice rows are not available: {error}")
        self.loaded.set()

    def _measures(self, people: Sequence[Role]) -> dict[Role, Measure]:
        """Return what measures voice quality, for those of whom it is asked for."""
        asked = [role for role in people if self._places[role].quality]
        try:
            return {role: load_measure() for role in asked}
        except DeviceError as error:
            for role in asked:
                self._tell(role, "health", f"voice quality is not available: {error}")
        return {}

    def _step(self) -> bool:
        """Work off what waits; tell whether there may be more."""
        try:
            item = self._in.get(timeout=IDLE)
        except queue.Empty:
            self._advance()
            return True
        if item is None:
            self._finish()
            return False
        role, times, samples, sfreq = item
        with self._lock:
            self._waiting -= len(times) / sfreq
        resampler = self._resampler(role, sfreq)
        if resampler is not None:
            self._take(role, resampler.push(times, samples))
        if self._in.empty():
            self._advance()
        return True

    def _resampler(self, role: Role, sfreq: float) -> Resampler | None:
        if role in self._refused:
            return None
        try:
            if role not in self._resamplers:
                self._resamplers[role] = Resampler(sfreq)
        except DeviceError as error:
            self._refused.add(role)
            self._tell(role, "lost", str(error))
            return None
        return self._resamplers[role]

    def _take(self, role: Role, pieces: list[tuple[FloatArray, Samples]]) -> None:
        place = self._places[role]
        for times, samples in pieces:
            if self._prosody is not None and (place.rows or place.turns):
                self._prosody.push(role, times, samples)
            if place.audio is not None:
                self._out.put(Chunk(place.audio, times, int16(samples)[:, np.newaxis]))

    def _advance(self) -> None:
        if self._prosody is not None:
            self._give(self._prosody.advance(self._clock() - LATE))

    def _finish(self) -> None:
        for role, resampler in self._resamplers.items():
            self._take(role, resampler.finish())
        if self._prosody is not None:
            self._give(self._prosody.finish())

    def _give(self, found: Sequence[Found]) -> None:
        for person in found:
            place = self._places[person.role]
            for begin in person.begins:
                self._tell(person.role, "segment", "voice analysis begins", begin)
            for info, rows in ((place.rows, person.rows), (place.turns, person.turns)):
                if info is not None and rows:
                    self._out.put(chunk_of(info, rows))

    def _tell(
        self, role: Role, kind: Any, message: str, start: float = math.nan, stop: float = math.nan
    ) -> None:
        place = self._places[role]
        info = place.rows or place.turns or place.audio
        name = info.name if info else ""
        now = self._clock()
        notice = Notice(time=now, kind=kind, role=role, stream=name, message=message, start=start, stop=stop)
        self._out.put(notice)


def chunk_of(info: StreamInfo, rows: Sequence[Row]) -> Chunk:
    """Return rows as a chunk of their stream."""
    return Chunk(info, np.array([r.time for r in rows]), np.array([r.values for r in rows], np.float32))


def full_scale(samples: NDArray[Any]) -> Samples:
    """Return samples as floats of full scale 1."""
    if np.issubdtype(samples.dtype, np.integer):
        return np.asarray(samples / 2.0 ** (8 * samples.dtype.itemsize - 1), np.float32)
    # One nan in a float stream would stay in the state of the models for good.
    return np.asarray(np.nan_to_num(samples, nan=0.0, posinf=0.0, neginf=0.0), np.float32)


def int16(samples: Samples) -> NDArray[np.int16]:
    """Return samples of full scale 1 as 16-bit integers."""
    return np.asarray(np.clip(np.rint(samples * 32768.0), -32768, 32767), np.int16)
