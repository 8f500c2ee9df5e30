"""The sound output of the system by PortAudio (sounddevice): who plays is told when each block is heard.

One output is open at a time: whoever opens it takes it from whoever had it. PortAudio's list of devices is
read anew only while none is open, since that ends every stream.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from acquisition.errors import DeviceError

Block = NDArray[np.float32]
Fill = Callable[[Block, float, float], None]
"""Is given a block of silence to write into, shape (n, channels), the time now, and when its first sample is
heard [s, monotonic clock]."""
LATENCY, MOST = 0.1, 0.4
"""Sound that the device holds at first, and at most [s]: a window that hangs for less is not heard."""
TOO_OFTEN = 3
"""An output that ran dry so often is to be opened anew, to hold twice as much."""
LONGEST = 2.0
"""A delay that a device tells of and that is longer is none [s]."""
SILENT = 3.0
"""Seconds without a call for sound after which the output is lost."""
CHANNELS = 2
NO_LIBRARY = "sounddevice is not installed (pip install 'attunement[video]')"
NO_PORTAUDIO = "PortAudio is not installed (Debian: apt install libportaudio2)"


class Speaker:
    """Play what is asked for block by block, from PortAudio's own thread.

    Parameters
    ----------
    fill : callable
        Writes a block; see `Fill`.
    """

    _lock: ClassVar[threading.RLock] = threading.RLock()
    _holder: ClassVar[Speaker | None] = None

    def __init__(self, fill: Fill, clock: Callable[[], float] = time.monotonic) -> None:
        self._fill, self._clock = fill, clock
        self.rate, self.channels = 0.0, CHANNELS
        """Samples a second, and how many channels, once it is open."""
        self._stream: Any = None
        self._stale = False
        """Whether devices may have come or gone since they were listed."""
        self._given, self._primed, self._last = 0, 0, -math.inf
        self._latency, self._dry = LATENCY, 0

    @property
    def is_open(self) -> bool:
        """Tell whether it is open."""
        return self._stream is not None

    @property
    def lost(self) -> bool:
        """Tell whether it was open and plays no more, as a headset that was pulled out."""
        stream = self._stream
        return stream is not None and (not stream.active or self._clock() > self._last + SILENT)

    @property
    def starved(self) -> bool:
        """Tell whether it runs dry too often: closed and opened again it holds more."""
        return self.is_open and self._dry >= TOO_OFTEN and self._latency < MOST

    def open(self) -> None:
        """Open the system's usual output, if it is not open.

        Raises
        ------
        DeviceError
            If there is none, it is in use, or the library for it is not installed.
        """
        try:
            import sounddevice
        except ImportError as error:
            raise DeviceError(NO_LIBRARY) from error
        except OSError as error:
            raise DeviceError(NO_PORTAUDIO) from error
        with Speaker._lock:
            if self._stream is not None:
                return
            if Speaker._holder is not None:
                Speaker._holder.close()
            try:
                self._begin(sounddevice)
            except (sounddevice.PortAudioError, ValueError) as error:
                self._stale = True
                self.close()
                raise DeviceError(_plain(error)) from error

    def _begin(self, sound: Any) -> None:
        if self._stale:
            sound._terminate()
            sound._initialize()
            self._stale = False
        about = sound.query_devices(None, "output")
        self.rate = float(about["default_samplerate"])
        self.channels = min(CHANNELS, int(about["max_output_channels"]))
        self._stream = sound.OutputStream(
            samplerate=self.rate,
            channels=self.channels,
            dtype="float32",
            latency=self._latency,
            callback=self._play,
        )
        Speaker._holder = self
        self._start()

    def _start(self) -> None:
        self._given, self._dry, self._last = 0, 0, self._clock()
        self._primed = math.ceil(self._stream.latency * self.rate)
        self._stream.start()

    def _play(self, block: Block, n: int, times: Any, status: Any) -> None:
        """Fill a block; PortAudio calls this from its own thread."""
        now = self._clock()
        self._last = now
        block[:] = 0.0
        # The device's buffer is filled at once before it begins, and after it ran dry: what is told of its
        # delay then is wrong.
        if status.output_underflow:
            self._given, self._dry = 0, self._dry + 1
        if self._given >= self._primed:
            delay = times.outputBufferDacTime - times.currentTime
            if not 0.0 < delay < LONGEST:  # not every system tells it
                delay = self._stream.latency
            self._fill(block, now, now + delay)
        self._given += n

    def flush(self) -> None:
        """Drop what the device holds already, and go on; an output that cannot is lost."""
        with Speaker._lock:
            if self._stream is None:
                return
            import sounddevice

            try:
                self._stream.abort()
                self._start()
            except sounddevice.PortAudioError:
                self._last = -math.inf

    def close(self) -> None:
        """Release the output; what it holds is not played."""
        with Speaker._lock:
            if self._dry >= TOO_OFTEN:
                self._latency = min(2 * self._latency, MOST)
            self._stale = self._stale or self.lost
            stream, self._stream = self._stream, None
            if Speaker._holder is self:
                Speaker._holder = None
            if stream is not None:
                stream.abort(ignore_errors=True)
                stream.close(ignore_errors=True)


def _plain(error: Exception) -> str:
    words = " ".join(str(error).split())
    return "there is no sound output" if "querying device" in words else words[:150]
