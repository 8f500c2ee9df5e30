"""What is said of the videos that are linked to a recording, where it is verified or a person withdraws."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from acquisition.errors import KeyStoreError, RecordingError
from acquisition.linking.finding import find
from acquisition.linking.link import VideoLink
from acquisition.linking.links_file import read_links
from acquisition.recording.contents import LINKS_NAME

UNKNOWN = (
    f"{LINKS_NAME} is sealed and does not open here: which videos were linked is not known; look for them by "
    "hand"
)


@dataclass(frozen=True, slots=True)
class ToErase:
    """Name a video that shows a person who withdraws; no command of ours deletes one.

    Parameters
    ----------
    path : Path
        Where it is now, as far as that is known; else where it was linked.
    link : VideoLink
    said : str
        In words, where it is not there any more.
    """

    path: Path
    link: VideoLink
    said: str = ""

    def __str__(self) -> str:
        """Return it as a line for people."""
        more = f"; {self.said}" if self.said else ""
        return (
            f"erase by hand: {self.path} ({self.link.size} bytes, SHA-256 {self.link.sha256}): a video of "
            f"the hour, which this command does not delete{more}"
        )


def to_erase(recording: Path) -> list[ToErase]:
    """Return the videos that are linked to a recording, where they are now.

    Raises
    ------
    RecordingError, KeyStoreError
        See `acquisition.linking.links_file.read_links`.
    """
    out = []
    for link in read_links(recording):
        found = find(link, recording)
        out.append(ToErase(found.path or link.path, link, "" if found.path else found.message))
    return out


def linked(recording: Path) -> list[str]:
    """Return a line for each video that is linked, its file read whole; none where they cannot be read."""
    try:
        links = read_links(recording)
    except (KeyStoreError, RecordingError):
        return []
    return [
        f"{LINKS_NAME}: {link.path}: {_when(link)}, {find(link, recording, whole=True).state}"
        for link in links
    ]


def _when(link: VideoLink) -> str:
    if not link.aligned:
        return f"not aligned ({link.reason})"
    error = f"± {1000 * link.error:.0f} ms" if math.isfinite(link.error) else "error not known"
    return f"aligned by {link.method}, {link.drift:+.0f} ppm, {error}"
