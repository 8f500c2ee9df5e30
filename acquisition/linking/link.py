"""A link from a recording to a video of its hour: which file, and how its time maps onto the recording's."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path, PureWindowsPath
from typing import Literal, Self, get_args

Method = Literal["voice", "marks", "start"]
"""By the sound against the voice rows, by marks seen or heard in the video, or by a typed start."""
METHODS: tuple[Method, ...] = get_args(Method)


@dataclass(frozen=True, slots=True, kw_only=True)
class VideoLink:
    """Hold which file a video is, and when it was taken.

    Times of the video are seconds since its beginning, as players count them; its own presentation stamps
    are these plus `start`. Times of the recording are stamps on its own clock, as those of its samples.

    Parameters
    ----------
    path : Path
        Absolute, where it lay when it was linked; see `acquisition.linking.finding.find`.
    sha256 : str
        Of the whole file, hexadecimal.
    size : int
        [bytes]
    duration : float
        From its beginning to its end [s].
    has_sound : bool
        Whether there is a sound track.
    start : float
        First presentation stamp of the file [s]; rarely other than 0.
    offset : float
        Stamp of the recording at which the video begins [s]; nan where it is not aligned.
    drift : float
        How much longer a second of the video's clock is than one of the recording's [ppm]; nan likewise.
    error : float
        Half-width of the 95 % interval of the recording's time, where it is widest within the video [s]; nan
        where it is not known, as of a typed start.
    method : str
        Of `METHODS`; the one that was tried, where it is not aligned.
    aligned : bool
        Whether its times may be used.
    reason : str
        Why it is not aligned; "" if it is.
    basis : str
        What the alignment stands on, in words.
    linked : str
        When it was linked, ISO 8601.
    who : str
        Code of who linked it; "" if they did not say.
    """

    path: Path
    sha256: str
    size: int
    duration: float
    has_sound: bool
    start: float = 0.0
    offset: float = math.nan
    drift: float = math.nan
    error: float = math.nan
    method: Method = "voice"
    aligned: bool = False
    reason: str = ""
    basis: str = ""
    linked: str = ""
    who: str = ""

    @property
    def name(self) -> str:
        """Return the name of the file, also of one that was linked on a Windows machine."""
        if not self.path.is_absolute() and (there := PureWindowsPath(self.path)).is_absolute():
            return there.name
        return self.path.name

    @property
    def rate(self) -> float:
        """Return seconds of the recording for a second of the video."""
        return 1.0 + 1e-6 * self.drift

    def to_recording(self, video: float) -> float:
        """Return the stamp of the recording [s] at a time of the video [s]; nan where it is not aligned."""
        return self.offset + video * self.rate if self.aligned else math.nan

    def to_video(self, recording: float) -> float:
        """Return the time of the video [s] at a stamp of the recording [s]; nan where it is not aligned.

        It may lie before the video's beginning or after its end; see `covers`.
        """
        return (recording - self.offset) / self.rate if self.aligned else math.nan

    def covers(self, recording: float) -> bool:
        """Tell whether the video shows a moment of the recording [s]."""
        return 0.0 <= self.to_video(recording) <= self.duration

    def unaligned(self, method: Method, reason: str) -> Self:
        """Return the link without its times, and why."""
        return replace(
            self, offset=math.nan, drift=math.nan, error=math.nan, method=method, aligned=False,
            reason=reason, basis="",
        )  # fmt: skip
