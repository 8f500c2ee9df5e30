"""Read the sound of a video from any moment on, at any speed with its pitch kept. No Qt.

Samples go by the presentation stamps of the file: what is missing in it is a gap between two pieces.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import av.filter
import numpy as np
from av.error import FFmpegError

from acquisition.errors import VideoError
from acquisition.linking.media import GAP, open_file, words_of
from viewer.video.feed import Piece, Samples
from viewer.video.reader import TIMEOUT

if TYPE_CHECKING:
    from av.audio.frame import AudioFrame
    from av.container import InputContainer

BEFORE = 0.25
"""So much is decoded before the moment: codecs need some frames to begin with [s]."""
LEAST, MOST = 0.5, 2.0
"""What one step of FFmpeg's atempo does well; more is done in several."""
EARLY = 0.009
"""What a step gives out belongs so much later in what it was given, at 44.1 and 48 kHz: measured [s]."""
SLICE = 0.1
"""A piece is not shorter, for no more work than needed; the last of a run may be [s, as heard]."""


class SoundReader:
    """Give the sound of a file, piece by piece, from a moment on.

    Parameters
    ----------
    path : Path
        Any file that FFmpeg reads.
    rate : float
        Samples a second that are wanted.
    channels : int
        1 or 2; more are mixed down, fewer copied.

    Raises
    ------
    VideoError
        If it cannot be read, or has no sound.
    """

    def __init__(self, path: Path, rate: float, channels: int) -> None:
        self.path, self._rate, self._channels = path, round(rate), channels
        try:
            self._file: InputContainer = open_file(path, TIMEOUT)
        except (FFmpegError, OSError, ValueError) as error:
            raise VideoError(f"{path.name}: its sound cannot be read: {words_of(error)}") from error
        if not self._file.streams.audio:
            self._file.close()
            raise VideoError(f"{path.name} has no sound")
        self._stream = self._file.streams.audio[0]
        self._pieces: Iterator[Piece] = iter(())

    def start(self, stamp: float, speed: float) -> None:
        """Begin anew at a moment [s], for a speed."""
        self._pieces = self._run(stamp, speed)

    def more(self) -> Piece | None:
        """Return the next piece; None at the end of the file."""
        try:
            return next(self._pieces, None)
        except (FFmpegError, OSError, ValueError) as error:
            raise VideoError(f"{self.path.name}: its sound cannot be read: {words_of(error)}") from error

    def close(self) -> None:
        """Close the file."""
        self._pieces = iter(())
        self._file.close()

    def _run(self, stamp: float, speed: float) -> Iterator[Piece]:
        """Give pieces from a moment on; a new run of the filter begins after each gap."""
        tempo: Tempo | None = None
        due, shape = math.nan, None
        for frame in self._frames(stamp):
            now = float(frame.pts * base) if frame.pts is not None and (base := frame.time_base) else due
            length, kind = frame.samples / frame.sample_rate, (frame.sample_rate, frame.layout.name)
            if math.isnan(now) or now + length <= stamp:
                due = now + length
                continue
            if tempo is None or abs(now - due) > GAP or kind != shape:
                if tempo is not None:
                    yield from tempo.finish()
                tempo, shape, due = Tempo(frame, now, speed, self._rate, self._channels), kind, now
            due += length
            yield from tempo.push(frame)
        if tempo is not None:
            yield from tempo.finish()

    def _frames(self, stamp: float) -> Iterator[AudioFrame]:
        """Give decoded sound from somewhat before a moment on; what is damaged is passed over."""
        begin = stamp - BEFORE
        try:  # by the stream of the pictures: many a file has an index of that alone
            self._file.seek(math.floor(begin * 1e6), backward=True)
        except (FFmpegError, OSError, ValueError):
            self._file.seek(0)
        packets = self._file.demux(self._stream)
        while True:
            try:
                packet = next(packets)
            except (StopIteration, FFmpegError):  # its end, or the file ends before its table says
                return
            if packet.pts is not None and float(packet.pts * packet.time_base) < begin:
                continue
            try:
                yield from packet.decode()
            except (FFmpegError, ValueError):
                continue


class Tempo:
    """Bring unbroken sound to the wanted rate and channels, and to a speed at its own pitch.

    Parameters
    ----------
    frame : AudioFrame
        Its first, which shows what the sound is.
    begin : float
        The stamp at which it begins [s].
    """

    def __init__(self, frame: AudioFrame, begin: float, speed: float, rate: int, channels: int) -> None:
        self._step, self._least, self._channels = speed / rate, round(SLICE * rate), channels
        steps = factors(speed)
        self._begin = begin + EARLY * sum(math.prod(steps[:k]) for k in range(len(steps)))
        self._given, self._held = 0, [np.zeros((0, channels), np.float32)]
        graph: Any = av.filter.Graph()
        layout = "stereo" if channels == 2 else "mono"
        chain = [
            graph.add_abuffer(
                sample_rate=frame.sample_rate,
                format=frame.format.name,
                layout=frame.layout.name,
                time_base=Fraction(1, frame.sample_rate),
            ),
            graph.add("aformat", f"sample_fmts=flt:sample_rates={rate}:channel_layouts={layout}"),
            *(graph.add("atempo", f"{factor:.6f}") for factor in steps),
            graph.add("abuffersink"),
        ]
        for one, other in pairwise(chain):
            one.link_to(other)
        graph.configure()
        self._graph = graph

    def push(self, frame: AudioFrame) -> Iterator[Piece]:
        """Take the next frame; give what is ready."""
        frame.pts = None
        self._graph.push(frame)
        yield from self._ready(self._least)

    def finish(self) -> Iterator[Piece]:
        """Give what is left."""
        self._graph.push(None)
        yield from self._ready(1)

    def _ready(self, least: int) -> Iterator[Piece]:
        while (samples := self._pull()) is not None:
            self._held.append(samples)
        if (n := sum(map(len, self._held))) >= least:
            begin = self._begin + self._given * self._step
            self._given += n
            whole, self._held = np.concatenate(self._held), []
            yield Piece(begin, whole, self._step)

    def _pull(self) -> Samples | None:
        try:
            out = self._graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return None
        samples: Samples = out.to_ndarray().reshape(-1, self._channels)
        return samples


def factors(speed: float) -> list[float]:
    """Return the steps of a speed, each of which is done well.

    >>> factors(4.0), factors(0.25), factors(1.0), factors(1.5)
    ([2.0, 2.0], [0.5, 0.5], [], [1.5])
    """
    if speed == 1.0:
        return []
    n = max(1, math.ceil(abs(math.log2(speed)) - 1e-9))
    return [speed ** (1.0 / n)] * n
