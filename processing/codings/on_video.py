"""Codings made on a video that is linked to the recording: from the video's time to the recording's.

Which video it is, a file of annotations says itself (ELAN, BORIS), or whoever imports it does. It is found
among the links by its path, its name, or the contents of the file that the path leads to.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from acquisition.errors import AnnotationError
from acquisition.linking.finding import sha256_of, size_of
from acquisition.linking.link import VideoLink
from processing.codings.annotations.annotation import Annotation, Medium
from processing.codings.annotations.coders import OBSERVATION

CHOICES = (
    "attune link RECORDING VIDEO links one, --video NAME says which was coded, --zero or --sync when it began"
)


@dataclass(frozen=True, slots=True)
class OnVideo:
    """Bring what was coded on linked videos onto the recording's clock.

    Parameters
    ----------
    links : tuple of VideoLink
        Of the recording.
    begin : float
        When the recording began [s, its clock].
    named : str
        The video that was coded, where whoever imports says it; "" for what the file says.
    """

    links: tuple[VideoLink, ...]
    begin: float
    named: str = ""
    used: list[VideoLink] = field(default_factory=list, compare=False)
    """The links by which something was brought over so far."""
    known: dict[str, list[VideoLink]] = field(default_factory=dict, compare=False, repr=False)
    """The links of each medium that was looked for."""

    def since_begin(self, annotation: Annotation) -> tuple[Annotation, float]:
        """Return an annotation in seconds since the recording began, and the alignment's error [s].

        An error that is not known, as of a typed start, is 0: an event cannot say so, and `said` does.
        One of which no medium is known stays as it is, with an error of 0; one on the recording's own clock
        or that of a calendar likewise.

        Raises
        ------
        AnnotationError
            If its video is not linked, or not aligned; the choices are named.
        """
        media = (Medium(self.named),) if self.named else annotation.media
        if not media or annotation.absolute or annotation.calendar:
            return annotation, 0.0
        link, ahead = self._link(media)
        start, stop = (link.to_recording(t + ahead) - self.begin for t in (annotation.start, annotation.stop))
        error = link.error if math.isfinite(link.error) else 0.0
        return replace(annotation, start=start, stop=stop), error

    def elsewhere(self, annotations: Sequence[Annotation]) -> list[str]:
        """Return the observations of a file that are of videos of other recordings.

        A program may keep observations of many sessions in one file. Those of which no video is linked are of
        others, as long as some video of the file is linked; else nothing is known of any.

        Raises
        ------
        AnnotationError
            If one video is named by whoever imports, and there are several observations.
        """
        found: dict[str, bool] = {}
        for one in annotations:
            name = one.fields.get(OBSERVATION, "")
            found[name] = found.get(name, False) or any(self._links(m) for m in one.media)
        if self.named and len(found) > 1:
            raise AnnotationError(
                f"{len(found)} observations are in it ({', '.join(found)}): --video cannot be all of them; "
                "export the one, or link the videos"
            )
        return [name for name, here in found.items() if not here] if any(found.values()) else []

    def _link(self, media: Sequence[Medium]) -> tuple[VideoLink, float]:
        """Return the link of the first medium that has one, and the medium's time less the file's [s]."""
        found = [(link, medium) for medium in media for link in self._links(medium)]
        names = ", ".join(dict.fromkeys(name for m in media for name in m.names[-1:]))
        if not found:
            there = ", ".join(link.name for link in self.links) or "none"
            raise AnnotationError(f"was coded on {names}, which is not linked (linked: {there}; {CHOICES})")
        first = [link for link, medium in found if medium is found[0][1]]
        if len(first) > 1:
            raise AnnotationError(
                f"{names}: {len(first)} linked videos have that name (--video PATH says which: "
                f"{', '.join(str(link.path) for link in first)})"
            )
        link, medium = next(((v, m) for v, m in found if v.aligned), found[0])
        if not link.aligned:
            raise AnnotationError(
                f"was coded on {link.name}, which is linked and not aligned: {link.reason} ({CHOICES})"
            )
        if link not in self.used:
            self.used.append(link)
        return link, medium.ahead

    def said(self) -> str:
        """Return how the times of videos were brought onto the recording's clock, for people."""
        return "; ".join(
            f"{link.name} begins at {link.offset - self.begin:.3f} s of the recording, {link.drift:+.0f} ppm "
            + (f"± {link.error:.3f} s" if math.isfinite(link.error) else "error not known")
            for link in self.used
        )

    def _links(self, medium: Medium) -> list[VideoLink]:
        """Return the links of a medium; each is looked for once, since reading a whole file takes long."""
        if medium.path not in self.known:
            self.known[medium.path] = self._found(medium)
        return self.known[medium.path]

    def _found(self, medium: Medium) -> list[VideoLink]:
        path = _path(medium.path)
        same = [link for link in self.links if path is not None and link.path == path]
        same = same or [link for link in self.links if link.name in medium.names]
        if len(same) == 1 or path is None or (size := size_of(path)) is None:
            return same
        alike = [link for link in same or self.links if link.size == size]
        return [link for link in alike if sha256_of(path) == link.sha256] or same


def _path(said: str) -> Path | None:
    """Return the path of a file of this machine, where that is said."""
    text = said.removeprefix("file://")
    return Path(text) if text.startswith("/") or text[1:3] in (":/", ":\\") else None
