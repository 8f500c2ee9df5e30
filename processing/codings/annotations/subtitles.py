"""WebVTT and SubRip: cues with a start, an end and text.

The reader is our own: it names the line of a fault, which the libraries at hand do not. Styles, regions and
comments are left out; a speaker in a voice tag becomes the tier, and each speaker of a cue an annotation.

References
----------
W3C, WebVTT: The Web Video Text Tracks Format, https://www.w3.org/TR/webvtt1/
"""

from __future__ import annotations

import html
import re
from itertools import pairwise

from acquisition.errors import AnnotationError
from processing.codings.annotations.annotation import Annotation, decoded, seconds

ARROW = "-->"
_TIME = r"(?:\d{1,4}:)?\d{1,2}:\d{1,2}[.,]\d{1,3}"
_TIMING = re.compile(rf"\s*({_TIME})\s*-->\s*({_TIME})(?:\s.*)?$")
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?[ \t]+([^>]*)>")
_TAG = re.compile(r"</?[A-Za-z0-9.:]*(?:[ \t][^<>]*)?>")
_SKIPPED = ("NOTE", "STYLE", "REGION")


def read_vtt(data: bytes) -> list[Annotation]:
    """Read a WebVTT file.

    Raises
    ------
    AnnotationError
        If it is none; the line is named.
    """
    lines = _lines(decoded(data))
    if not re.match(r"WEBVTT(?:[ \t]|$)", lines[0]):
        raise AnnotationError("line 1: a WebVTT file begins with WEBVTT")
    return _cues(lines, 1)


def read_srt(data: bytes) -> list[Annotation]:
    """Read a SubRip file; one that is not UTF-8 is read as Windows-1252, in which many are written."""
    return _cues(_lines(decoded(data, ("utf-8-sig", "cp1252"))), 0)


def _lines(text: str) -> list[str]:
    return text.replace("\r\n", "\n").replace("\r", "\n").split("\n")


def _cues(lines: list[str], begin: int) -> list[Annotation]:
    """Return the cues of blocks that empty lines part; `begin` is 1 after the head line of a WebVTT file."""
    out, at = [], begin
    while at < len(lines):
        stop = next((i for i in range(at, len(lines)) if not lines[i].strip()), len(lines))
        if stop > at and not (begin and lines[at].split()[0].rstrip(":") in _SKIPPED):
            # Times in the middle of a block begin a cue of their own: some programs leave the empty line out.
            cuts = [i for i in range(at + 2, stop) if ARROW in lines[i]]
            if not begin:  # the number of a SubRip cue stands above its times
                cuts = [i - 1 if lines[i - 1].strip().isdecimal() else i for i in cuts]
            for first, last in pairwise([at, *cuts, stop]):
                out += _cue(lines[first:last], first + 1, header=begin == first)
        at = stop + 1
    return out


def _cue(block: list[str], first: int, *, header: bool) -> list[Annotation]:
    """Return the cue in a block of lines, the first of which has that number."""
    at = next((i for i, line in enumerate(block[:2]) if ARROW in line), None)
    if at is None:
        if header:  # lines of metadata right below WEBVTT
            return []
        raise AnnotationError(f"line {first}: no times here (00:00:01.000 --> 00:00:02.000)")
    timing = _TIMING.match(block[at])
    try:
        start, stop = (seconds(t) for t in timing.groups()) if timing else (0.0, -1.0)
    except ValueError:
        start, stop = 0.0, -1.0
    if stop < start:
        raise AnnotationError(f"line {first + at}: {block[at].strip()[:80]!r} is not a start and a later end")
    text = " ".join(line.strip() for line in block[at + 1 :])
    return [
        Annotation(
            start=start,
            stop=stop,
            tier=voice,
            text=html.unescape(_TAG.sub("", said)).strip(),
            place=f"line {first + at}",
            fields={"speaker": voice} if voice else {},
        )
        for voice, said in _by_voice(text)
    ]


def _by_voice(text: str) -> list[tuple[str, str]]:
    """Return what each voice of a cue says, in order; the voice is "" where none is named."""
    tags = list(_VOICE.finditer(text))
    if not tags:
        return [("", text)]
    before = text[: tags[0].start()]
    alone = [("", before)] if _TAG.sub("", before).strip() else []
    stops = [tag.start() for tag in tags[1:]] + [len(text)]
    spoken = [
        (html.unescape(tag[1]).strip(), text[tag.end() : stop]) for tag, stop in zip(tags, stops, strict=True)
    ]
    return alone + spoken
