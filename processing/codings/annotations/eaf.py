"""ELAN annotation files (.eaf).

The XML is read with expat, without entities and document types, and names the line of what is wrong.

References
----------
The Language Archive, ELAN Annotation Format, https://www.mpi.nl/tools/elan/EAF_Annotation_Format_3.0_and_ELAN.pdf
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import NoReturn
from xml.parsers import expat

from acquisition.errors import AnnotationError
from processing.codings.annotations.annotation import MAX_ANNOTATIONS, Annotation, Medium

MAX_DEPTH = 20
WRITTEN = "attunement"
"""Annotator of the tiers that an export wrote: they are in the recording already."""
DEEPEST = 100
"""Longest chain of annotations that refer to each other."""


@dataclass(slots=True)
class _Found:
    """Hold one annotation as it stands in the file."""

    tier: str
    line: int
    slots: tuple[str, str] = ("", "")
    refers: str = ""
    text: str = ""
    ours: bool = False


@dataclass(slots=True)
class _Reader:
    """Collect time slots and annotations while expat walks through the file."""

    parser: expat.XMLParserType
    slots: dict[str, float] = field(default_factory=dict)
    found: dict[str, _Found] = field(default_factory=dict)
    media: list[Medium] = field(default_factory=list)
    tier: str = ""
    ours: bool = False
    current: _Found | None = None
    in_value: bool = False
    depth: int = 0

    def start(self, tag: str, attributes: dict[str, str]) -> None:
        self.depth += 1
        line = self.parser.CurrentLineNumber
        if self.depth == 1 and tag != "ANNOTATION_DOCUMENT":
            raise AnnotationError(f"line {line}: <{tag[:40]}> where <ANNOTATION_DOCUMENT> should be")
        if self.depth > MAX_DEPTH:
            raise AnnotationError(f"line {line}: nested too deeply")
        match tag:
            case "HEADER" if attributes.get("TIME_UNITS", "milliseconds") != "milliseconds":
                raise AnnotationError(
                    f"line {line}: TIME_UNITS = {attributes['TIME_UNITS'][:40]!r}: only milliseconds"
                )
            case "MEDIA_DESCRIPTOR":
                self.media.append(_medium(attributes, line))
            case "TIME_SLOT":
                self.slots[attributes.get("TIME_SLOT_ID", "")] = _time(attributes.get("TIME_VALUE"), line)
            case "TIER":
                self.tier = attributes.get("TIER_ID", "")
                self.ours = attributes.get("ANNOTATOR") == WRITTEN
            case "ALIGNABLE_ANNOTATION" | "REF_ANNOTATION":
                self._begin(attributes, line)
            case "ANNOTATION_VALUE":
                self.in_value = True

    def _begin(self, attributes: dict[str, str], line: int) -> None:
        slots = attributes.get("TIME_SLOT_REF1", ""), attributes.get("TIME_SLOT_REF2", "")
        self.current = _Found(self.tier, line, slots, attributes.get("ANNOTATION_REF", ""), ours=self.ours)
        key = attributes.get("ANNOTATION_ID") or f"{len(self.found)} without an id"
        if key in self.found:
            raise AnnotationError(f"line {line}: a second annotation {key[:40]!r}")
        self.found[key] = self.current
        if len(self.found) > MAX_ANNOTATIONS:
            raise AnnotationError(f"line {line}: more than {MAX_ANNOTATIONS} annotations")

    def end(self, tag: str) -> None:
        self.depth -= 1
        self.in_value &= tag != "ANNOTATION_VALUE"

    def data(self, text: str) -> None:
        if self.in_value and self.current is not None:
            self.current.text += text


def _time(text: str | None, line: int) -> float:
    """Return a time slot [s]; nan where it is not aligned to the time line."""
    if text is None:
        return math.nan
    if not text.isdecimal() or len(text) > 15:
        raise AnnotationError(f"line {line}: TIME_VALUE = {text[:40]!r} is no number of milliseconds")
    return int(text) / 1000.0


def _medium(attributes: dict[str, str], line: int) -> Medium:
    """Return a linked file; TIME_ORIGIN is where in it the time line begins [ms]."""
    origin = attributes.get("TIME_ORIGIN") or "0"
    if not origin.removeprefix("-").isdecimal() or len(origin) > 15:
        raise AnnotationError(f"line {line}: TIME_ORIGIN = {origin[:40]!r} is no number of milliseconds")
    url = attributes.get("MEDIA_URL") or attributes.get("RELATIVE_MEDIA_URL", "")
    return Medium(url, int(origin) / 1000.0)


def read_eaf(data: bytes) -> list[Annotation]:
    """Read an ELAN file; annotations without a label are left out.

    An annotation that refers to another one has its times. One that is not aligned to the time line has none
    (`start` is nan): ELAN draws it somewhere between its neighbours, which is no measurement.

    Raises
    ------
    AnnotationError
        If it is none; the line is named.
    """
    parser = expat.ParserCreate()
    reader = _Reader(parser)

    def refuse(*_: object) -> NoReturn:
        raise AnnotationError(f"line {parser.CurrentLineNumber}: declares a document type or entities")

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler, parser.EndElementHandler = reader.start, reader.end
    parser.CharacterDataHandler = reader.data
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise AnnotationError(f"line {error.lineno}: not XML: {expat.ErrorString(error.code)}") from None
    return [
        a
        for key, found in reader.found.items()
        if found.text.strip()
        for a in [_annotation(key, found, reader)]
    ]


def _annotation(key: str, found: _Found, reader: _Reader) -> Annotation:
    place = f"line {found.line}"
    timed = found
    for _ in range(DEEPEST):
        if not timed.refers:
            break
        if timed.refers not in reader.found:
            raise AnnotationError(
                f"{place}: annotation {key} refers to {timed.refers[:40]!r}, which is not there"
            )
        timed = reader.found[timed.refers]
    else:
        raise AnnotationError(f"{place}: annotation {key} refers to itself")
    missing = [s for s in timed.slots if s not in reader.slots]
    if missing:
        raise AnnotationError(f"{place}: annotation {key} has no time slot {missing[0][:40]!r}")
    start, stop = (reader.slots[s] for s in timed.slots)
    if stop < start:
        raise AnnotationError(f"{place}: ends at {stop:g} s, before its start at {start:g} s")
    return Annotation(
        start=start,
        stop=stop,
        tier=found.tier,
        text=found.text.strip(),
        place=place,
        fields={"source": WRITTEN} if found.ours else {},
        media=tuple(m for m in reader.media if m.path),
    )
