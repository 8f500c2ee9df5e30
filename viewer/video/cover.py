"""Which linked video covers which moment of the hour, and in words why none does. No Qt, no decoder.

Moments are seconds since the recording began, as the cursor of a review tells them.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from acquisition.errors import AttunementError, VideoError
from acquisition.linking.finding import find
from acquisition.linking.link import VideoLink
from acquisition.linking.links_file import read_links
from viewer.model.page import clock

AGAIN = 20.0
"""A file that was missing is not looked for again before [s]."""
ABSENT = "videos are shown with the extra `video`: pip install 'attunement[video]'"


class Span(NamedTuple):
    """Hold from when to when something lasts [s]."""

    start: float
    stop: float


@dataclass(frozen=True, slots=True, eq=False)
class Film:
    """Hold a linked video as it lies in the hour.

    Parameters
    ----------
    t0 : float
        When the recording began, on its own clock [s].
    """

    link: VideoLink
    t0: float

    @property
    def name(self) -> str:
        """Return the name of the file."""
        return self.link.name

    @property
    def span(self) -> Span:
        """Return when it is; nan where it is not aligned."""
        return Span(*(self.link.to_recording(t) - self.t0 for t in (0.0, self.link.duration)))

    def stamp(self, seconds: float) -> float:
        """Return the presentation stamp [s] at a moment of the hour [s]."""
        return self.link.to_video(self.t0 + seconds) + self.link.start

    def seconds(self, stamp: float) -> float:
        """Return the moment of the hour [s] of a presentation stamp [s]."""
        return self.link.to_recording(stamp - self.link.start) - self.t0


class Cover:
    """Tell which video covers a moment.

    Parameters
    ----------
    links : sequence of VideoLink
        What is linked, aligned or not.
    t0 : float
        When the recording began, on its own clock [s].
    fault : str
        Why nothing can be shown at all, if so.
    """

    def __init__(self, links: Sequence[VideoLink], recording: Path, t0: float, fault: str = "") -> None:
        self._recording, self.fault = recording, fault
        self.films = [Film(link, t0) for link in links if link.aligned]
        self._others = [link for link in links if not link.aligned]
        self._chosen: Film | None = None
        self._looked: dict[Film, tuple[Path | None, str, float]] = {}
        """Where each file was found, or why not, and when that was looked up."""
        self._looking = threading.Lock()

    @property
    def spans(self) -> list[Span]:
        """Return what the videos cover."""
        return [film.span for film in self.films]

    def at(self, seconds: float) -> Film | None:
        """Return the video of a moment; of several the one that was shown, else the first."""
        there = self.of(seconds)
        if self._chosen not in there:
            self._chosen = there[0] if there else None
        return self._chosen

    def of(self, seconds: float) -> list[Film]:
        """Return all videos of a moment."""
        return [film for film in self.films if film.span.start <= seconds < film.span.stop]

    def choose_other(self, seconds: float) -> None:
        """Show the next of the videos of a moment, where there are several."""
        there = self.of(seconds)
        if (now := self.at(seconds)) is not None:
            self._chosen = there[(there.index(now) + 1) % len(there)]

    def next(self, seconds: float) -> float:
        """Return when the next video begins [s]; inf if none does."""
        return min((s.start for s in self.spans if s.start > seconds), default=math.inf)

    def why_not(self, seconds: float) -> str:
        """Return in words why no video is shown at a moment."""
        if self.fault:
            return self.fault
        if not self.films:
            first = next(iter(self._others), None)
            return "no video is linked" if first is None else f"{first.name} is not aligned: {first.reason}"
        begins = self.next(seconds)
        before = [s.stop for s in self.spans if s.stop <= seconds]
        said = [f"the last ended at {clock(round(max(before), 3))}"] if before else []
        said += [f"the next begins at {clock(round(begins, 3))}"] if math.isfinite(begins) else []
        said += [f"{link.name} is not aligned" for link in self._others]
        return "; ".join(["no video covers this moment", *said])

    def file_of(self, film: object) -> Path:
        """Return where the file of a video is; it may have to be read for that, once for picture and sound.

        Raises
        ------
        VideoError
            If it is missing or was changed.
        """
        assert isinstance(film, Film)
        with self._looking:
            return self._file_of(film)

    def _file_of(self, film: Film) -> Path:
        path, words, when = self._looked.get(film, (None, "", -math.inf))
        if path is not None and path.exists():
            return path
        if path is not None or time.monotonic() > when + AGAIN:
            found = find(film.link, self._recording)  # it may read gigabytes: not at every picture
            path, words = found.path, found.message
            self._looked[film] = path, words, time.monotonic()
        if path is None:
            raise VideoError(words)
        return path


def cover_of(recording: Path, t0: float) -> Cover:
    """Return what the videos of a recording cover; what is wrong with its links is said by it."""
    try:
        return Cover(read_links(recording), recording, t0)
    except AttunementError as error:
        return Cover((), recording, t0, " ".join(str(error).split()))
