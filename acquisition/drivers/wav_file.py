"""A .wav file as a microphone, played in real time: for replay and tests."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.drivers import Drained, SignsOf
from acquisition.errors import DeviceError, RecordingError
from acquisition.importing.layouts.wav import frames_of
from acquisition.lsl.clock import local_clock
from acquisition.session.session import Device, Session
from acquisition.stream import StreamInfo
from acquisition.voice.listening import Ear, Listening
from acquisition.voice.models import Models, load_models
from acquisition.voice.place import Place, places_of, settings_of


def open_driver(devices: Sequence[Device], session: Session, listening: Ear | None = None) -> WavFileDriver:
    """Return the driver of all .wav files of a session; setting `path` names the file of a device.

    Parameters
    ----------
    listening : Ear, optional
        What hears the sound; it is turned into rows if nothing is given.

    Raises
    ------
    DeviceError
        If a file cannot be read, has not the channel, or a setting is not known.
    """
    places = places_of(devices, ("path",))
    paths = [str(settings_of(d, ("gain_db", "quality", "path")).get("path", d.address)) for d in devices]
    heard = [replace(p, device=path) for p, path in zip(places, paths, strict=True)]
    return WavFileDriver(heard, listening=listening)


class WavFileDriver:
    """Deliver what a microphone would that hears the files.

    Parameters
    ----------
    places : sequence of Place
        `device` is the path.
    clock : callable
        LSL clock [s]; the files begin at the call of `start`.
    """

    def __init__(
        self,
        places: Sequence[Place],
        *,
        load: Callable[[], Models] = load_models,
        clock: Callable[[], float] = local_clock,
        listening: Ear | None = None,
    ) -> None:
        self.places, self._clock = list(places), clock
        self._sound = [_read(place) for place in places]
        self._sent = [0] * len(places)
        self.listening = listening or Listening(places, load=load, clock=clock)
        self._end = math.inf
        self.begin = math.nan
        """Stamp of the first sample [s]; nan before `start`."""

    def streams(self) -> list[StreamInfo]:
        """Return the streams of all people."""
        return [info for place in self.places for info in place.infos]

    def ready(self) -> bool:
        """Tell whether the models are loaded, or known to be missing."""
        return self.listening.loaded.is_set()

    def missing(self) -> list[str]:
        """Return a line while the models are not loaded."""
        return [] if self.ready() else ["the models of voice are not loaded yet"]

    def signs(self) -> SignsOf:
        """Return nothing: a file has none."""
        return {}

    def start(self) -> None:
        """Begin to play."""
        self.listening.start()
        self.begin = self._clock()

    def drain(self) -> list[Drained]:
        """Hear on until now; return what is ready."""
        self._play()
        return self.listening.drain()

    def stop(self) -> None:
        """Stop; what was heard until now can still be drained."""
        self._play()
        self._end = self._clock()
        self.listening.stop()

    def _play(self) -> None:
        now = min(self._clock(), self._end)
        if math.isnan(self.begin):
            return
        for k, (place, (sound, sfreq)) in enumerate(zip(self.places, self._sound, strict=True)):
            stop = min(len(sound), math.floor((now - self.begin) * sfreq))
            # A long wait is worked off in pieces that a microphone could have sent.
            for a in range(self._sent[k], stop, 4096):
                n = np.arange(a, min(a + 4096, stop))
                self.listening.push(place.role, self.begin + n / sfreq, sound[n], sfreq)
            self._sent[k] = max(stop, self._sent[k])


def _read(place: Place) -> tuple[NDArray[Any], float]:
    try:
        frames, sfreq, _ = frames_of(Path(place.device))
    except (RecordingError, OSError, EOFError) as error:
        raise DeviceError(f"{place.title}: {error}") from error
    if place.channel >= frames.shape[1]:
        raise DeviceError(
            f"{place.title}: {place.device} has {frames.shape[1]} channels, none with number {place.channel}"
        )
    return np.ascontiguousarray(frames[:, place.channel]), sfreq
