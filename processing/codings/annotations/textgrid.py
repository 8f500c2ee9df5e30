"""Praat TextGrid files, in Praat's long and short text formats.

As Praat does, only free-standing numbers, texts and flags count; everything else is a comment.

References
----------
Boersma & Weenink, Praat: TextGrid file formats, https://www.fon.hum.uva.nl/praat/manual/TextGrid_file_formats.html
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from acquisition.errors import AnnotationError
from processing.codings.annotations.annotation import MAX_ANNOTATIONS, Annotation, decoded

_TOKEN = re.compile(r'"((?:[^"]|"")*)"(?=\s|$)|(<\w+>)|(![^\n]*)|([^\s"]\S*)|(")')
_NUMBER = re.compile(r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?%?$")
KINDS = ("IntervalTier", "TextTier")


class _Tokens:
    """Give the numbers, texts and flags of a file one by one."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._items = self._all()

    def _all(self) -> Iterator[tuple[float | str, int]]:
        line, seen = 1, 0
        for match in _TOKEN.finditer(self._text):
            line += self._text.count("\n", seen, match.start())
            seen = match.start()
            if match[1] is not None:
                yield '"' + match[1].replace('""', '"'), line
            elif match[2]:
                yield match[2], line
            elif match[4] and _NUMBER.match(match[4]):
                yield float(match[4].removesuffix("%")), line
            elif match[5]:
                raise AnnotationError(f"line {line}: a text that does not end")

    def take(self, what: str) -> tuple[float | str, int]:
        try:
            return next(self._items)
        except StopIteration:
            raise AnnotationError(f"the file ends where {what} should be") from None

    def text(self, what: str) -> tuple[str, int]:
        value, line = self.take(what)
        if not (isinstance(value, str) and value.startswith('"')):
            raise AnnotationError(f"line {line}: {_shown(value)} where {what} should be")
        return value[1:], line

    def number(self, what: str) -> tuple[float, int]:
        value, line = self.take(what)
        if not isinstance(value, float) or not math.isfinite(value):
            raise AnnotationError(f"line {line}: {_shown(value)} where {what} should be")
        return value, line

    def count(self, what: str) -> int:
        value, line = self.number(what)
        if value != int(value) or not 0 <= value <= MAX_ANNOTATIONS:
            raise AnnotationError(f"line {line}: {value:g} where {what} should be")
        return int(value)


def _shown(value: float | str) -> str:
    return f"{value:g}" if isinstance(value, float) else repr(value.removeprefix('"')[:40])


def read_textgrid(data: bytes) -> list[Annotation]:
    """Read a TextGrid; intervals without a label are gaps between labels, and left out.

    Raises
    ------
    AnnotationError
        If it is none; the line is named.
    """
    if data.startswith(b"ooBinaryFile"):
        raise AnnotationError("byte 0: a binary TextGrid; in Praat choose Save as text file")
    tokens = _Tokens(decoded(data, ("utf-8-sig", "latin-1")))
    kind, line = tokens.text("the type of the file")
    if not kind.startswith("ooTextFile"):
        raise AnnotationError(f"line {line}: {kind[:40]!r} where ooTextFile should be")
    what, line = tokens.text("the class of the object")
    if what != "TextGrid":
        raise AnnotationError(f"line {line}: {what[:40]!r} where TextGrid should be")
    for bound in ("the start", "the end"):
        tokens.number(bound)
    flag, line = tokens.take("<exists>")
    if flag == "<absent>":
        return []
    if flag != "<exists>":
        raise AnnotationError(f"line {line}: {_shown(flag)} where <exists> should be")
    n = tokens.count("the number of tiers")
    return [a for _ in range(n) for a in _tier(tokens)]


def _tier(tokens: _Tokens) -> list[Annotation]:
    kind, line = tokens.text("the class of a tier")
    if kind not in KINDS:
        raise AnnotationError(f"line {line}: {kind[:40]!r} where {' or '.join(KINDS)} should be")
    name, _ = tokens.text("the name of a tier")
    tokens.number("the start of a tier")
    tokens.number("the end of a tier")
    out = []
    for _ in range(tokens.count("the number of labels")):
        start, line = tokens.number("a time")
        stop = tokens.number("a time")[0] if kind == KINDS[0] else math.nan
        text, _ = tokens.text("a label")
        if stop < start:
            raise AnnotationError(f"line {line}: ends at {stop:g} s, before its start at {start:g} s")
        if text.strip():
            out.append(Annotation(start=start, stop=stop, tier=name, text=text.strip(), place=f"line {line}"))
    return out
