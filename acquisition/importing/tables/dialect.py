"""Tables as programs write them: encoding, separator, decimal sign, lines before the data, names, units."""

from __future__ import annotations

import codecs
import io
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from acquisition.errors import RecordingError
from acquisition.importing.found import HEAD, MAX_TEXT_BYTES, Hints
from acquisition.importing.tables.separators import (
    NOT_NUMBERS,
    NUMBER,
    STAMP,
    Reading,
    is_number,
    reading_of,
    split,
)
from acquisition.text import how_many

SHOWN = 30
MAX_LINE = 1 << 20
_SEP = re.compile(r'^"?sep=(.|\\t)"?\s*$', re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """Hold how a table is written.

    Parameters
    ----------
    separator : str
        One sign, or a blank for any number of blanks.
    skip : int
        Lines before the first row of data.
    names : tuple of str
        Of the columns; numbers from 1 where the table has none.
    units : tuple of str
        Below the names, "" where there is no such row.
    preamble : tuple of str
        The lines before the names.
    """

    encoding: str
    separator: str
    decimal: str
    skip: int
    names: tuple[str, ...]
    named: bool
    units: tuple[str, ...]
    preamble: tuple[str, ...]
    until: int = 0
    """Lines after which something else begins; 0 for the end of the file."""

    def said(self) -> str:
        """Return what was found out, for people."""
        sign = {"\t": "tab", " ": "blanks", ",": "comma", ";": "semicolon"}.get(
            self.separator, self.separator
        )
        return (
            f"{self.encoding}, columns apart by {sign}, decimal {self.decimal!r}, "
            f"{how_many(self.skip, 'line')} before the data"
        )


def encoding_of(head: bytes) -> str:
    """Return the encoding of a text by its first bytes: UTF-16 or UTF-8 if they are, else cp1252."""
    for mark, name in ((codecs.BOM_UTF8, "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16")):
        if head.startswith(mark):
            return name
    for first, name in ((1, "utf-16-le"), (0, "utf-16-be")):  # without a mark every other byte is 0
        high, low = head[first:400:2], head[1 - first : 400 : 2]
        if len(high) > 3 and not any(high) and all(low):
            return name
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


def first_lines(head: bytes, *, whole: bool) -> list[str]:
    """Return the lines of a file's first bytes as text; the last one only if the file ends there."""
    encoding = encoding_of(head)
    if encoding.startswith("utf-16"):
        head = head[: len(head) & ~1]
    text = head.decode(encoding, "replace")
    lines = text.splitlines()
    return lines if whole or text.endswith(("\n", "\r")) else lines[:-1]


def dialect_of(path: Path, hints: Hints | None = None) -> Dialect:
    """Find out how a table is written.

    Raises
    ------
    RecordingError
        If it holds no table, or one that can be read in two ways: both are named.
    """
    hints = hints or Hints()
    if path.stat().st_size > MAX_TEXT_BYTES:
        raise RecordingError(f"{path}: a table of {path.stat().st_size >> 20} MiB (1024 MiB at most); cut it")
    with path.open("rb") as file:
        head = file.read(HEAD)
        whole = not file.read(1)
    lines = first_lines(head, whole=whole)
    if not any(line.strip() for line in lines):
        raise RecordingError(f"{path}: empty" if whole else f"{path}: no lines of text")
    said = next((m[1] for line in lines[:3] if (m := _SEP.match(line))), "")
    said = {"\\t": "\t"}.get(said, said)
    lines = ["" if _SEP.match(line) else line for line in lines]
    first = _data_begins(lines)
    if first is None:
        raise RecordingError(f"{path}: no rows of numbers (its first line is {lines[0][:60]!r})")
    rows = [line for line in lines[first:] if line.strip()][:SHOWN]
    reading = reading_of(path, rows, lines[:first], hints, said)
    return _described(path, encoding_of(head), lines, first, reading, hints)


def _data_begins(lines: Sequence[str]) -> int | None:
    """Return the first line from which on most lines hold numbers."""
    shares = [_numeric(line) for line in lines]
    last = max((i for i, s in enumerate(shares) if s >= 0.0), default=None)
    if last is None:
        return None
    for i, share in enumerate(shares):
        window = [s for s in shares[i : i + 8] if s >= 0.0]
        if share > 0.0 and window and sum(s > 0.0 for s in window) >= 0.75 * len(window):
            # A line of counts stands between AcqKnowledge's names and its data.
            counts = lines[i].startswith(("\t", ";")) and i + 1 < len(lines) and lines[i + 1][:1].strip("\t;")
            return i + 1 if counts else i
    return None


def _numeric(line: str) -> float:
    """Return the share of tokens that hold numbers or times; −1 if the line is blank or a comment."""
    text = line.strip()
    if not text or text.startswith(("#", "%")) or len(line) > MAX_LINE:
        return -1.0
    tokens = [t for t in re.split(r"[\t;,\s]+", text) if t]
    if not tokens:
        return -1.0
    bare = [t.strip('"') for t in tokens]
    good = [bool(NUMBER.fullmatch(t) or STAMP.fullmatch(t)) for t in bare]
    if any(good):  # a row whose first time is none is a row
        good = [g or t.casefold() in NOT_NUMBERS for g, t in zip(good, bare, strict=True)]
    share = sum(good) / len(tokens)
    if good[0]:
        return max(share, 0.34)  # a stamp and a text is a row too
    return share if share >= 0.6 else 0.0


def _described(
    path: Path, encoding: str, lines: Sequence[str], first: int, reading: Reading, hints: Hints
) -> Dialect:
    widths = [len(split(row, reading.separator)) for row in lines[first : first + SHOWN] if row.strip()]
    width = max(set(widths), key=widths.count)
    above = _above(lines, first, reading.separator, width)
    names, named, skip = _names(path, lines, first, reading, width, above, hints)
    units = next((row for row in reversed(above[1:]) if _are_units(row)), [""] * width)
    preamble = tuple(line for line in lines[:first] if line.strip())
    return Dialect(
        encoding=encoding,
        separator=reading.separator,
        decimal=reading.decimal,
        skip=skip,
        names=tuple(names),
        named=named,
        units=tuple((*units, *[""] * width)[:width]),
        preamble=preamble,
    )


_KEY = re.compile(r"^\w+ ?:= *")
"""What BioSPPy writes before the names of the columns: `# Labels:= ECG`."""


def _above(lines: Sequence[str], first: int, separator: str, width: int) -> list[list[str]]:
    """Return the rows right above the data that have as many cells, from the top."""
    rows: list[list[str]] = []
    for line in reversed(lines[:first]):
        commented = line.startswith(("#", "%"))
        told = commented and (separator in line or width == 1)
        cells = split(_KEY.sub("", line.lstrip("#% ")) if told else line, separator)
        if (
            abs(len(cells) - width) > (0 if commented else 1)
            or len(rows) == 4
            or (line.startswith(("#", "%")) and not rows and "{" in line)
        ):
            break
        rows.insert(0, [*cells, ""][:width])
    return rows


def _names(
    path: Path,
    lines: Sequence[str],
    first: int,
    reading: Reading,
    width: int,
    above: list[list[str]],
    hints: Hints,
) -> tuple[list[str], bool, int]:
    """Return the names of the columns, whether the table has any, and how many lines come before its data."""
    numbered = [str(i) for i in range(1, width + 1)]
    asked = hints.heed("header")
    if above and any(cell and not is_number(cell, reading.decimal) for cell in above[0]):
        if asked == "no":
            return numbered, False, first - 1
        at = next((i for i in reversed(range(len(above))) if _are_names(above[i], reading.decimal)), None)
        if at is None and not asked and _has_fractions(lines[first - 1 : first], reading):
            raise _two_ways(path, lines[first - 1], first)
        names = [name or str(i) for i, name in enumerate(above[at or 0], 1)]
        return names, True, first - _begins_with_a_word(above[(at or 0) + 1 :], reading.decimal)
    row = split(lines[first], reading.separator)
    if asked == "no":
        return numbered, False, first
    counted = [cell for cell in row if cell]
    from_zero = counted == [str(i) for i in range(len(counted))]
    if asked == "yes" or (len(row) > 1 and not row[0] and from_zero):
        return [name or "index" for name in row], True, first + 1
    if len(row) > 1 and from_zero and _has_fractions(lines[first + 1 : first + SHOWN], reading):
        raise _two_ways(path, ", ".join(row), first + 1)
    return numbered, False, first


def _two_ways(path: Path, row: str, line: int) -> RecordingError:
    return RecordingError(
        f"{path}: line {line} ({row[:60]}) can be read in two ways (the names of the columns, or the first "
        "row of numbers); say --header yes or --header no"
    )


def _begins_with_a_word(rows: Sequence[Sequence[str]], decimal: str) -> int:
    """Return 1 if all that stands between names and data is a row of data whose first cell is no number."""
    if len(rows) != 1 or _are_units(rows[0]):
        return 0
    first, *others = rows[0]
    return int(bool(first) and not is_number(first, decimal) and any(is_number(c, decimal) for c in others))


def _has_fractions(rows: Sequence[str], reading: Reading) -> bool:
    cells = [cell for row in rows for cell in split(row, reading.separator)]
    return any(reading.decimal in cell for cell in cells)


_UNITS = frozenset(
    [
        "ms",
        "s",
        "sec",
        "us",
        "ns",
        "mv",
        "uv",
        "v",
        "us",
        "g",
        "mg",
        "m/s2",
        "m/s^2",
        "kohm",
        "kohms",
        "ohm",
        "mohm",
        "no_units",
        "cal",
        "raw",
        "degrees",
        "celsius",
        "bpm",
        "hz",
        "%",
        "deg/s",
        "rad/s",
        "ut",
        "unitless",
    ]
)


def _are_names(row: Sequence[str], decimal: str) -> bool:
    """Tell whether a row above the data holds names, not a setting and its value, and not units."""
    return any(row) and not any(is_number(cell, decimal) for cell in row) and not _are_units(row)


def _are_units(row: Sequence[str]) -> bool:
    """Tell whether a row below the names holds units."""
    cells = [
        re.sub(r"[\[\]() ]", "", c).replace("µ", "u").replace("μ", "u").casefold() for c in row if c.strip()
    ]
    return bool(cells) and sum(c in _UNITS for c in cells) >= 0.6 * len(cells)


def opened(path: Path, dialect: Dialect) -> Iterator[str]:
    """Yield the lines of a table's rows of data, blank ones and comments left out."""
    with (
        path.open("rb") as raw,
        io.TextIOWrapper(raw, dialect.encoding, errors="replace", newline=None) as file,
    ):
        held = ""
        for line in islice(file, dialect.skip, dialect.until or None):
            if held:
                yield held
            held = line if line.strip() and not line.startswith(("#", "%")) else ""
        if held and not _is_cut(held, dialect):
            yield held


def cut_line(path: Path, dialect: Dialect) -> tuple[str, ...]:
    """Return in words that the last row of a table is cut; it is no row then."""
    last = b""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - HEAD))
        last = file.read().rpartition(b"\n")[2]
    text = last.replace(b"\0", b"").decode("cp1252", "replace")
    return (f"its last row is cut: {text[:40]!r}",) if _is_cut(text, dialect) else ()


def _is_cut(line: str, dialect: Dialect) -> bool:
    """Tell whether a file's last line ends before its last column, and without an end of line."""
    if not line.strip() or line.endswith(("\n", "\r")) or line.startswith(("#", "%")):
        return False
    return len(split(line, dialect.separator)) < len(dialect.names)
