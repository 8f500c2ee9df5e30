"""Read a video: how long it is, whether it has sound, and how loud that is. Needs PyAV, imported on use.

Nothing of it is stored but numbers that say when it is; pictures are not decoded here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from acquisition.errors import RecordingError
from acquisition.linking.loudness import Listener, Loudness
from acquisition.voice.models import SFREQ

MISSING = "videos need PyAV (pip install 'attunement[video]')"
GAP = 0.02
"""Seconds by which a presentation stamp may differ from the end of the samples before."""
LONGEST = 43_200.0
"""Seconds of the longest video that is read."""


@dataclass(frozen=True, slots=True)
class Media:
    """Say what a file is.

    Parameters
    ----------
    duration : float
        From its beginning to its end [s].
    start : float
        First presentation stamp [s].
    has_sound, has_picture : bool
        Whether there is a track.
    """

    duration: float
    start: float
    has_sound: bool
    has_picture: bool


def missing() -> str:
    """Say what has to be installed before a video can be read; "" if nothing."""
    return MISSING if find_spec("av") is None else ""


def look(path: Path) -> Media:
    """Return what a file is.

    Raises
    ------
    RecordingError
        If PyAV is not installed, or the file is no video, or none that can be read.
    """
    with _opened(path) as container:
        return _media(path, container)


def listen(path: Path, said: Callable[[float], None] = lambda _: None) -> tuple[Media, Loudness]:
    """Return what a file is and how loud it is, by its presentation stamps.

    Parameters
    ----------
    said : callable
        Is told from time to time which share was heard, 0-1.

    Raises
    ------
    RecordingError
        See `look`.
    """
    listener = Listener()
    with _opened(path) as container:
        media = _media(path, container)
        if media.has_sound:
            for at, share in _hear(container, media, listener):
                listener.push(at[0], at[1])
                said(share)
    return media, listener.finish()


def open_file(path: Path, timeout: tuple[float, float] | None = None) -> Any:
    """Open a file with PyAV; whoever calls closes it.

    Parameters
    ----------
    timeout : tuple of float, optional
        How long opening and reading may hang [s].

    Raises
    ------
    FFmpegError, OSError, ValueError
        If it cannot be opened; `words_of` says why.
    """
    import av
    import av.logging

    # With any level PyAV takes the interpreter's lock for each message of FFmpeg's threads. One that comes
    # while a codec is closed, which waits for that thread under that lock, stops the program for good.
    av.logging.set_level(None)
    # Nothing but the file itself: a playlist would name others, also on the network.
    return av.open(str(path), options={"protocol_whitelist": "file"}, timeout=timeout)


def words_of(error: Exception) -> str:
    """Return what FFmpeg says of a fault."""
    return str(getattr(error, "strerror", "") or error)[:100]


def pictures_in(container: Any) -> list[Any]:
    """Return the tracks of pictures that move: that of a sound file's cover is none."""
    return [s for s in container.streams.video if not s.disposition & s.disposition.attached_pic]


@contextmanager
def _opened(path: Path) -> Iterator[Any]:
    if missing():
        raise RecordingError(MISSING)
    import av

    if not path.is_file():
        raise RecordingError(f"{path}: {'no file' if path.exists() else 'no such file'}")
    try:
        container = open_file(path)
    except (av.error.FFmpegError, ValueError) as error:
        raise RecordingError(f"{path}: no video that can be read ({words_of(error)})") from error
    with container:
        try:
            yield container
        except av.error.FFmpegError as error:
            raise RecordingError(f"{path}: no video that can be read ({words_of(error)})") from error


def _media(path: Path, container: Any) -> Media:
    streams = container.streams
    pictures = pictures_in(container)
    known = [*pictures[:1], *streams.audio[:1]]
    if not known:
        raise RecordingError(f"{path}: no video: neither picture nor sound is in it")
    if container.start_time is not None:
        start = container.start_time / 1e6
    else:
        start = min(
            (float(s.start_time * s.time_base) for s in known if s.start_time is not None), default=0.0
        )
    if container.duration:
        # Matroska counts from stamp 0 on, wherever its first one is.
        before = max(start, 0.0) if "matroska" in container.format.name else 0.0
        duration = container.duration / 1e6 - before
    else:
        ends = [float((s.start_time or 0) + s.duration) * float(s.time_base) for s in known if s.duration]
        duration = max(ends, default=0.0) - start if ends else _measured(container, known[0], start)
    if not 0.0 < duration <= LONGEST:
        raise RecordingError(f"{path}: no video of a length that can be used ({duration:.3f} s)")
    return Media(duration, start, bool(streams.audio), bool(pictures))


def _measured(container: Any, stream: Any, start: float) -> float:
    """Return how long a file is that does not say it, by the stamps of its packets [s]."""
    end = start
    for packet in container.demux(stream):
        if packet.pts is not None:
            end = max(end, float((packet.pts + (packet.duration or 0)) * stream.time_base))
    container.seek(0)
    return end - start


def _hear(container: Any, media: Media, listener: Listener) -> Iterator[tuple[tuple[int, Any], float]]:
    """Yield place and samples at 16 kHz, and the share that was heard."""
    import av

    stream = container.streams.audio[0]
    resampler: Any = None
    begin, given, due, rate = 0, 0, np.nan, 0
    for frame in _frames(container, stream):
        time = float(frame.pts * frame.time_base) - media.start if frame.pts is not None else due
        if not np.isfinite(time) or not 0.0 <= time + 1.0 <= LONGEST:
            continue
        if resampler is None or not abs(time - due) <= GAP or frame.sample_rate != rate:
            if resampler is not None:
                for samples in _resampled(resampler, None):
                    yield (begin + given, samples), min(time / media.duration, 1.0)
                    given += len(samples)
            resampler = av.AudioResampler(format="flt", layout="mono", rate=SFREQ)
            rate, begin, given = frame.sample_rate, round(time * SFREQ), 0
            due = time
        due += frame.samples / frame.sample_rate
        frame.pts = None
        for samples in _resampled(resampler, frame):
            yield (begin + given, samples), min(time / media.duration, 1.0)
            given += len(samples)
    if resampler is not None:
        for samples in _resampled(resampler, None):
            yield (begin + given, samples), 1.0
            given += len(samples)


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    """Yield frames of sound; what is damaged is passed over."""
    import av

    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except StopIteration:
            return
        except av.error.FFmpegError:  # the file ends before its table says
            return
        try:
            yield from packet.decode()
        except av.error.FFmpegError:
            continue


def _resampled(resampler: Any, frame: Any) -> Iterator[Any]:
    for out in resampler.resample(frame):
        yield out.to_ndarray()[0]
