"""Microphones by PortAudio (sounddevice): two people, best as two channels of one interface.

Speech stays in memory: rows of prosody come out, and samples only where raw audio has consent. A microphone
that is missing, busy or has too few channels is told of and looked for again; the rest goes on recording.
"""

from __future__ import annotations

import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from acquisition.drivers import Drained, SignsOf
from acquisition.errors import DeviceError
from acquisition.event import Notice, NoticeKind
from acquisition.lsl.clock import local_clock
from acquisition.session.session import Device, Session
from acquisition.stream import StreamInfo
from acquisition.voice.listening import Ear, Listening
from acquisition.voice.models import SFREQ, Models, load_models
from acquisition.voice.place import Place, places_of
from acquisition.voice.sample_clock import SETTLING, SampleClock, Taken

BLOCKSIZE = 512
"""Samples a callback at 16 kHz: 32 ms."""
BUFFER: float | str = 0.3 if sys.platform == "linux" else "high"
"""Sound that the device may hold back while this process is not served [s]. ALSA hands blocks over as they
come all the same, and with its own choice, 64 ms, a busy machine loses sound; elsewhere it is a delay."""
RETRY = 2.0
"""Seconds between attempts to open a microphone."""
LONGEST_DELAY = 10.0
"""Seconds that sound may be old, or of the future, when it is handed over: more is no time at all."""
SILENT = 3.0
"""Seconds without a callback after which a microphone is opened anew; the first takes up to 2 s."""


def open_driver(
    devices: Sequence[Device], session: Session, listening: Ear | None = None
) -> MicrophoneDriver:
    """Return the driver of all microphones of a session.

    Parameters
    ----------
    listening : Ear, optional
        What hears the sound; it is turned into rows if nothing is given.

    Raises
    ------
    DeviceError
        On a setting or channel that makes no sense, or a channel that two people would share.
    """
    return MicrophoneDriver(places_of(devices), listening=listening)


class MicrophoneDriver:
    """Deliver prosody rows, turns and, with consent, sound of one or two people.

    Parameters
    ----------
    places : sequence of Place
        Those of one `device` share a sound stream and thus a clock; others have a clock each, led to the LSL
        clock by the times that the devices report.
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
        self._listening = listening or Listening(places, load=load, clock=clock)
        names = dict.fromkeys(place.device for place in places)
        self._mics = [
            Microphone(name, [p for p in places if p.device == name], self._listening, clock)
            for name in names
        ]
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="microphone", daemon=True)
        self._given_up = ""
        self._notices: list[Notice] = []
        self._lock = threading.Lock()

    def streams(self) -> list[StreamInfo]:
        """Return the streams of all people."""
        return [info for place in self.places for info in place.infos]

    def ready(self) -> bool:
        """Tell whether sound arrives from every microphone and is analysed, or never will be."""
        heard = bool(self._given_up) or all(mic.heard for mic in self._mics)
        return heard and self._listening.loaded.is_set()

    def missing(self) -> list[str]:
        """Return a line for each microphone that is not open."""
        return [f"{mic.title}: {mic.fault or 'no sound yet'}" for mic in self._mics if not mic.heard]

    def signs(self) -> SignsOf:
        """Return nothing: a microphone says nothing of itself."""
        return {}

    def start(self) -> None:
        """Begin to open the microphones and to load the models; return at once."""
        self._listening.start()
        self._thread.start()

    def drain(self) -> list[Drained]:
        """Return what is ready, without waiting."""
        with self._lock:
            notices, self._notices = self._notices, []
        return [*notices, *self._listening.drain()]

    def stop(self) -> None:
        """Close the microphones; what was heard until now can still be drained."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(5.0)
        for mic in self._mics:
            mic.close()
            self._pass_on(mic)
        self._listening.stop()

    def _watch(self) -> None:
        try:
            import sounddevice
        except (ImportError, OSError) as error:
            self._given_up = _why_not(error)
            for mic in self._mics:
                mic.fault = self._given_up
                self._tell(mic, "lost", self._given_up)
            return
        while not self._stop.is_set():
            for mic in self._mics:
                self._tend(mic, sounddevice)
            self._stop.wait(0.2 if all(mic.is_open for mic in self._mics) else RETRY)

    def _tend(self, mic: Microphone, sound: Any) -> None:
        """Open a microphone that is not open, or has fallen silent."""
        self._pass_on(mic)
        if mic.is_open and mic.age() > SILENT:
            mic.close()
            self._tell(
                mic, "lost", f"no sound from microphone {mic.title} for {SILENT:g} s; it is opened anew"
            )
        if mic.is_open:
            return
        try:
            if not any(other.is_open for other in self._mics):
                # PortAudio lists devices once; one that was plugged in since shows only after this.
                sound._terminate()
                sound._initialize()
            before = mic.fault
            mic.open(sound)
            if before:
                self._tell(mic, "resumed", f"microphone {mic.title} is open")
        except DeviceError as error:
            if str(error) != before:
                mic.fault = str(error)
                self._tell(mic, "health", mic.fault)

    def _pass_on(self, mic: Microphone) -> None:
        for kind, message, start, stop in mic.take_remarks():
            self._tell(mic, kind, message, start, stop)

    def _tell(
        self, mic: Microphone, kind: NoticeKind, message: str, start: float = np.nan, stop: float = np.nan
    ) -> None:
        now = self._clock()
        notices = [
            Notice(
                time=now,
                kind=kind,
                role=p.role,
                stream=p.infos[0].name,
                message=message,
                start=start,
                stop=stop,
            )
            for p in mic.places
            if p.infos
        ]
        with self._lock:
            self._notices += notices


class Microphone:
    """Hold one sound device and its clock."""

    def __init__(
        self, name: str, places: Sequence[Place], listening: Ear, clock: Callable[[], float]
    ) -> None:
        self.title = repr(name) if name else "(the system's default)"
        self.places = list(places)
        self.fault = ""
        self.heard = False
        self._device: str | int | None = int(name) if name.isdecimal() else name or None
        self._listening, self._clock = listening, clock
        self._stream: Any = None
        self._sample_clock = SampleClock(SFREQ, SETTLING)
        self._sfreq = float(SFREQ)
        self._last = np.nan
        self._says_when = True
        self._remarks: deque[tuple[NoticeKind, str, float, float]] = deque()

    @property
    def is_open(self) -> bool:
        """Tell whether the device is open."""
        return self._stream is not None

    def age(self) -> float:
        """Return the seconds since sound came, or since it was opened."""
        return self._clock() - self._last

    def take_remarks(self) -> list[tuple[NoticeKind, str, float, float]]:
        """Return what happened: kind, message, start and stop [s]."""
        return [self._remarks.popleft() for _ in range(len(self._remarks))]

    def open(self, sound: Any) -> None:
        """Open the device at 16 kHz, or at its own rate.

        Raises
        ------
        DeviceError
            If there is none, it is busy, or has too few channels.
        """
        needed = 1 + max(place.channel for place in self.places)
        try:
            about = sound.query_devices(self._device, "input")
            if (there := about["max_input_channels"]) < needed:
                raise DeviceError(f"microphone {self.title} has {there} input channels, {needed} are needed")
            self._sfreq = self._rate(sound, needed, float(about["default_samplerate"]))
            self._sample_clock = SampleClock(self._sfreq, SETTLING)
            self._last, self._says_when = self._clock(), True
            stream = sound.InputStream(
                device=self._device,
                samplerate=self._sfreq,
                channels=needed,
                dtype="float32",
                blocksize=round(BLOCKSIZE * self._sfreq / SFREQ),
                latency=BUFFER,
                callback=self._hear,
            )
            self._stream = stream
            stream.start()
        except (sound.PortAudioError, ValueError) as error:
            self.close()
            raise DeviceError(f"microphone {self.title} cannot be opened: {_plain(error)}") from error

    def _rate(self, sound: Any, channels: int, own: float) -> float:
        """Return 16 kHz if the device can, else its own rate."""
        try:
            sound.check_input_settings(
                device=self._device, channels=channels, dtype="float32", samplerate=float(SFREQ)
            )
        except sound.PortAudioError:
            return own
        return float(SFREQ)

    def close(self) -> None:
        """Release the device."""
        stream, self._stream = self._stream, None
        if stream is not None:
            stream.close()
            self._give(self._sample_clock.rest())
        self.heard = False

    def _hear(self, block: Any, n: int, times: Any, status: Any) -> None:
        """Take in a block; PortAudio calls this from its own thread."""
        now = self._clock()
        self._last = now
        taken = self._sample_clock.take(block.copy(), now - self._delay(n, times), now)
        if status.input_overflow:
            self._remarks.append(("gap", f"sound of {self.title} came faster than it was read", now, now))
        self._give(taken)

    def _give(self, taken: Taken) -> None:
        """Pass on what became known, and remember what there is to tell."""
        for slip in taken.slips:
            kind, message = slip.told(f"the clock of {self.title}")
            self._remarks.append((kind, message, slip.start, slip.stop))
        for stamps, sound in taken.pieces:
            self.heard = True
            for place in self.places:
                self._listening.push(place.role, stamps, sound[:, place.channel], self._sfreq)

    def _delay(self, n: int, times: Any) -> float:
        """Return how long ago the first of `n` samples was taken [s], as the device says if it does."""
        delay = float(times.currentTime - times.inputBufferAdcTime)
        if abs(delay) <= LONGEST_DELAY:
            return delay
        if self._says_when:
            self._says_when = False
            what = f"{self.title} does not say when its sound was taken: it is stamped as it comes"
            self._remarks.append(("clock", what, self._clock(), np.nan))
        return n / self._sfreq


def _why_not(error: Exception) -> str:
    if isinstance(error, ImportError):
        return "sounddevice is not installed (pip install 'attunement[voice]'): no microphone can be used"
    return (
        f"PortAudio is not installed ({error}; Debian: apt install libportaudio2): no microphone can be used"
    )


def _plain(error: Exception) -> str:
    return " ".join(str(error).split())[:200]
