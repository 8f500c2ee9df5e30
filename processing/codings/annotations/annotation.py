"""An annotation as a file has it, before anybody says what it means."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote

from acquisition.errors import AnnotationError

MAX_BYTES = 32 << 20
"""Longest file that is read."""
MAX_ANNOTATIONS = 100_000


@dataclass(frozen=True, slots=True)
class Medium:
    """Name a file of sound or pictures that was coded.

    Parameters
    ----------
    path : str
        As the file of annotations has it: a path, a URL or a bare name.
    ahead : float
        Its time less that of the file of annotations [s].
    """

    path: str
    ahead: float = 0.0

    @property
    def names(self) -> tuple[str, ...]:
        """Return the name of the file, as it stands and without the escapes of a URL."""
        last = re.split(r"[/\\]", self.path)[-1]
        return tuple(dict.fromkeys((last, unquote(last))))


@dataclass(frozen=True, slots=True, kw_only=True)
class Annotation:
    """Hold one annotation.

    Parameters
    ----------
    start, stop : float
        Seconds on the file's clock; `stop` is nan for a point, `start` where the file gives no time.
    tier : str
        Name of the tier, track or speaker, "" where the format has none.
    text : str
        Label or cue.
    place : str
        Where it stands in the file, for messages: "line 12".
    fields : mapping
        Columns of a table that say more: code, actor, phase, value, note, rater, id, ref, t_shift, t_unc; and
        speaker, who says it in a transcript; observation, of a program that keeps several in a file.
    absolute : bool
        `start` is on the LSL clock.
    calendar : str
        "utc" or "wall" where `start` may be Unix time, or that of a clock on the wall; else "".
    media : tuple of Medium
        What was coded, the first one before others; none where the file does not say it.
    """

    start: float
    stop: float = math.nan
    tier: str = ""
    text: str = ""
    place: str = ""
    fields: Mapping[str, str] = field(default_factory=dict)
    absolute: bool = False
    calendar: str = ""
    media: tuple[Medium, ...] = ()


def decoded(data: bytes, encodings: tuple[str, ...] = ("utf-8-sig",)) -> str:
    """Return the text of a file; a byte-order mark of UTF-16 decides.

    Raises
    ------
    AnnotationError
        If it is in none of the encodings; the byte is named.
    """
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        encodings = ("utf-16",)
    fault = ""
    for encoding in encodings:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError as error:
            fault = fault or f"byte {error.start}: not {encoding.upper().removesuffix('-SIG')}"
    raise AnnotationError(fault)


def seconds(text: str) -> float:
    """Return a time given as seconds, or as [hours:]minutes:seconds; a comma may stand for the point.

    Raises
    ------
    ValueError
        If it is neither.
    """
    parts = text.strip().replace(",", ".").split(":")
    if len(parts) > 3:
        raise ValueError(text)
    *whole, last = parts
    if any(not p.isdecimal() for p in whole):
        raise ValueError(text)
    value = float(last)
    if whole and not 0.0 <= value < 60.0:
        raise ValueError(text)
    for power, part in enumerate(reversed(whole), 1):
        value += int(part) * 60**power
    if not math.isfinite(value):
        raise ValueError(text)
    return value
