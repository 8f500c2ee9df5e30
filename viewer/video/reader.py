"""Read the pictures of a video by their presentation stamps, at any moment and in steps. No Qt.

A picture lasts until the stamp of the next one, whatever the frame rate: of a file with a variable rate it
may be shown for seconds. To stand at a moment the file is read from the key frame before it. What cannot be
decoded is left out, and the gap that it leaves is no picture.
"""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from av.error import FFmpegError

from acquisition.errors import VideoError
from acquisition.linking.media import open_file, pictures_in, words_of

if TYPE_CHECKING:
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

CLOSE = 1e-3
"""A picture counts as begun this much before its stamp: stamps and cursors are rounded [s]."""
FORWARD = 1.5
"""So far it is quicker to decode on than to look for a key frame, where the file has no index [s]."""
BACK = (0.0, 1.0, 5.0, 20.0, 90.0)
"""How much earlier to begin where a file's index led behind the moment [s]."""
KEPT = 48e6
"""Bytes of decoded pictures that are kept for steps back, but at least three pictures."""
LOST = 0.5
"""A gap that an undecodable stretch leaves counts as one from here on [s]."""
TIMEOUT = (10.0, 10.0)
"""How long opening and reading may hang, as on a network drive that is gone [s]."""
CODEC_THREADS = 2


@dataclass(frozen=True, slots=True)
class Shown:
    """Hold a decoded picture: from which stamp to which it is the one to show [s]."""

    frame: VideoFrame
    begin: float
    end: float


class Reader:
    """Give the picture of any moment of a video file; moments are presentation stamps [s].

    Parameters
    ----------
    path : Path
        Any file that FFmpeg reads.

    Raises
    ------
    VideoError
        If it cannot be read, or has no pictures.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._run: list[VideoFrame] = []
        """Consecutive pictures, the last of them the newest that was decoded."""
        self._stamps: list[float] = []
        self._holes: set[float] = set()
        """Stamps of pictures before which something could not be decoded."""
        self._over = False
        self.closed = False
        """Whether it can give nothing any more."""
        self._first = -math.inf
        """Where the first picture begins, once that is known."""
        self._open()

    def _open(self) -> None:
        try:
            self._file: InputContainer = open_file(self.path, TIMEOUT)
        except (FFmpegError, OSError, ValueError) as error:
            raise VideoError(f"{self.path}: cannot be read as a video: {words_of(error)}") from error
        pictures = pictures_in(self._file)
        if not pictures:
            self._file.close()
            raise VideoError(f"{self.path}: has sound and no pictures")
        self._stream: VideoStream = pictures[0]
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.thread_count = CODEC_THREADS
        rate = self._stream.average_rate or self._stream.guessed_rate
        self._usual = 1.0 / float(rate) if rate else 0.04
        self._begin = _seconds(self._stream.start_time, self._stream)
        self._pictures: Iterator[VideoFrame] = self._decoded()

    @property
    def shape(self) -> tuple[float, float]:
        """Return width and height as they are meant to be seen, before any turning [px]."""
        context = self._stream.codec_context
        ratio = self._stream.sample_aspect_ratio or context.sample_aspect_ratio
        return context.width * (float(ratio) if ratio else 1.0), float(context.height)

    def _decoded(self) -> Iterator[VideoFrame]:
        """Give pictures from where the file stands; faults are left out and marked at the next picture."""
        hole = False
        for packet in self._packets():
            if packet is None:
                hole = True
                continue
            try:
                frames = packet.decode()
            except (FFmpegError, ValueError):
                hole = True
                continue
            for frame in frames:
                stamp = self._stamp(frame)
                if self._stamps and stamp <= self._stamps[-1]:
                    continue  # a picture that comes out of order, as after a fault, is none to go back to
                self._append(frame, stamp, hole=hole)
                hole = False
                yield frame

    def _packets(self) -> Iterator[Packet[VideoStream] | None]:
        """Give the packets of the pictures; None where one could not be read, which ends them."""
        packets = self._file.demux(self._stream)
        while True:
            try:
                yield next(packets)
            except StopIteration:
                return
            except (FFmpegError, OSError, ValueError):
                yield None
                return

    def _stamp(self, frame: VideoFrame) -> float:
        """Return the stamp of a picture; one without goes on from the picture before."""
        raw = frame.pts if frame.pts is not None else frame.dts
        if raw is not None:
            return _seconds(raw, self._stream)
        return self._stamps[-1] + self._usual if self._stamps else self._begin

    def _append(self, frame: VideoFrame, stamp: float, *, hole: bool) -> None:
        self._run.append(frame)
        self._stamps.append(stamp)
        if hole:
            self._holes.add(stamp)
        most = max(3, int(KEPT / max(1.5 * frame.width * frame.height, 1.0)))
        while len(self._run) > min(most, 32):
            self._holes.discard(self._stamps.pop(0))
            del self._run[0]

    def _more(self) -> bool:
        """Decode one picture more; tell whether there was one."""
        if self._over:
            return False
        self._over = next(self._pictures, None) is None
        return not self._over

    def at(self, wanted: Callable[[], float | None]) -> Shown | None:
        """Return the picture of a moment; None if there is none, or nobody wants it any more.

        Parameters
        ----------
        wanted : callable
            Returns the moment, asked for again before each picture that has to be decoded; None ends it.

        Raises
        ------
        VideoError
            If the file has no picture there because it cannot be decoded.
        """
        on_the_way = False
        while (stamp := wanted()) is not None:
            if (found := self._held(stamp)) is not None:
                return found
            if self._over and self._stamps and stamp >= self._stamps[-1]:
                return self._last(stamp)
            if stamp < self._first - CLOSE:
                return None
            if self._is_ahead(stamp, anyway=on_the_way):
                self._more()
            elif self._go(stamp):
                on_the_way = True
            else:
                return None
        return None

    def _held(self, stamp: float) -> Shown | None:
        """Return the picture of a moment if it, and the one after it, are decoded."""
        k = bisect.bisect_right(self._stamps, stamp + CLOSE) - 1
        if not 0 <= k < len(self._run) - 1:
            return None
        begin, end = self._stamps[k], self._stamps[k + 1]
        if end in self._holes and stamp > begin + LOST:
            raise VideoError(f"{self.path.name}: cannot be decoded here; there are pictures before and after")
        return Shown(self._run[k], begin, end)

    def _last(self, stamp: float) -> Shown | None:
        """Return the last picture, for as long as one lasts."""
        begin = self._stamps[-1]
        end = begin + max(self._usual, LOST)
        return Shown(self._run[-1], begin, end) if stamp < end else None

    def after(self, stamp: float) -> Shown | None:
        """Return the picture after the one of a moment; None at the end."""
        here = self.at(lambda: stamp)
        if here is None:
            return None
        there = self.at(lambda: here.end)
        return there if there is not None and there.begin > here.begin else None

    def before(self, stamp: float) -> Shown | None:
        """Return the picture before the one of a moment; None at the beginning."""
        here = self.at(lambda: stamp)
        return None if here is None else self.at(lambda: here.begin - 2 * CLOSE)

    def newest(self) -> Shown | None:
        """Return the newest picture that was decoded, on the way to one that is wanted."""
        return Shown(self._run[-1], self._stamps[-1], self._stamps[-1]) if self._run else None

    def _is_ahead(self, stamp: float, *, anyway: bool) -> bool:
        """Tell whether decoding on leads to a moment, sooner than looking for a key frame or `anyway`."""
        if not self._stamps or self._over or stamp < self._stamps[0] - CLOSE:
            return False
        newest = self._stamps[-1]
        if anyway or stamp < newest + FORWARD:
            return True
        key = self._key_before(stamp)
        return key is not None and key <= newest

    def _key_before(self, stamp: float) -> float | None:
        """Return the stamp of the key frame before a moment; None where the file's index does not say."""
        index = self._stream.index_entries
        found = index.search_timestamp(self._ticks(stamp)) if len(index) else -1
        return _seconds(index[found].timestamp, self._stream) if found >= 0 else None

    def _ticks(self, stamp: float) -> int:
        return math.floor((stamp + CLOSE) / float(self._stream.time_base or 1))

    def _go(self, stamp: float) -> bool:
        """Stand at the key frame before a moment; tell whether there is one, or a first picture at least."""
        for back in BACK:
            target = stamp - back
            if self._began(max(target, self._begin)) and self._stamps[0] <= stamp + CLOSE:
                return True
            if target <= self._begin:
                break
        if not self._began(self._begin):
            return False
        self._first = self._stamps[0]
        return True

    def _began(self, stamp: float) -> bool:
        """Begin to decode at the key frame before a moment; tell whether there is a picture."""
        self._run, self._stamps, self._over = [], [], False
        self._holes.clear()
        if not self._sought(stamp):
            self.closed = True
            self._file.close()
            self._open()
            self.closed = False
        self._pictures = self._decoded()
        return self._more()

    def _sought(self, stamp: float) -> bool:
        """Stand before a moment; tell whether the file can do that, as a transport stream cannot at first."""
        if stamp <= self._begin:
            return False
        try:
            self._file.seek(self._ticks(stamp), stream=self._stream, backward=True)
        except (FFmpegError, OSError, ValueError):
            return False
        return True

    def close(self) -> None:
        """Close the file."""
        self._run, self._stamps, self._over, self.closed = [], [], True, True
        self._file.close()


def _seconds(ticks: int | None, stream: VideoStream) -> float:
    return float(ticks * stream.time_base) if ticks is not None and stream.time_base else 0.0
