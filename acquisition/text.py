"""Text made fit for files of a recording, for a terminal, for what a spreadsheet opens, and for a count."""

from __future__ import annotations

import json
import re
import unicodedata

LINE = 200
"""Longest label, name, unit or id that is kept [characters]."""
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Control characters of C0 and C1 but tab and line feed, lone surrogates, and what XML cannot hold."""
_REPLACED = "\ufffd"


def clean_text(text: str, longest: int) -> str:
    """Return a text of one or more lines without what no file of ours, or no terminal, should be given.

    Each unfit character becomes U+FFFD, so that nothing joins that was apart; a carriage return goes with its
    line feed.
    """
    return _UNFIT.sub(_REPLACED, text[:longest].replace("\r\n", "\n"))


def clean_line(text: str, longest: int = LINE) -> str:
    """Return a label, name, unit or id: one line of printable characters, without blanks around it."""
    text = text[:longest]
    if text.isprintable():
        return text.strip()
    return "".join(c if c.isprintable() else " " if c.isspace() else _REPLACED for c in text).strip()


_FORMULA = "=+-@\uff1d\uff0b\uff0d\uff20"
"""What a spreadsheet takes for the beginning of a formula; the last four are the wide forms."""
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_NEW_CELL = re.compile(rf"[;|](?=\s*[\"']?[{re.escape(_FORMULA)}])")
"""Where a spreadsheet that parts cells otherwise would begin one with a formula."""
_ESCAPED = re.compile(r"\\(\\|u[0-9a-f]{4})")


def printable(text: str) -> str:
    """Return a text for a terminal: what it could take for a command becomes `\\uXXXX`, as in JSON."""
    return "".join(c if c == "\n" or c == "\t" or _shows(c) else _code(c) for c in text)


def as_cell(value: object) -> object:
    """Return a value for a CSV or TSV table that no spreadsheet takes for a formula; `from_cell` reverses it.

    A text that begins like a formula, or with an apostrophe, gets an apostrophe before it; a backslash is
    doubled, and control characters, line breaks and what would begin a formula in another cell are written as
    `\\uXXXX`. Numbers, and texts that are one, stay as they are. Rules after OWASP, "CSV Injection".
    """
    if not isinstance(value, str) or _NUMBER.fullmatch(value):
        return value
    text = "".join(c if _shows(c) else _code(c) for c in value.replace("\\", "\\\\"))
    text = _NEW_CELL.sub(lambda m: _code(m[0]), text)
    return f"'{text}" if text.lstrip()[:1] in tuple(_FORMULA) or text[:1] == "'" else text


def from_cell(text: str) -> str:
    """Return the text that `as_cell` made a cell of."""
    text = text[1:] if text[:1] == "'" else text
    plain = _ESCAPED.sub(lambda m: "\\" if m[1] == "\\" else chr(int(m[1][1:], 16)), text)
    return plain.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")


def how_many(n: int, one: str, many: str = "") -> str:
    """Return a number with what is counted: `1 session`, `2 sessions`; `many` where an s is not all."""
    return f"{n} {one if n == 1 else many or one + 's'}"


def _shows(character: str) -> bool:
    return character.isprintable() or unicodedata.category(character) == "Zs"


def _code(character: str) -> str:
    """Return a character as JSON escapes it."""
    return json.dumps(character)[1:-1] if ord(character) > 126 else f"\\u{ord(character):04x}"
