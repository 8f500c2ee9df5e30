"""Tables that a laboratory brings: comma, semicolon or tab, with a line of names; a fault names its place."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from acquisition.errors import ResultsError

MISSING = frozenset(("", "na", "n/a", "nan", "none", "null", "."))
DELIMITERS = "\t;,"
NUMBER = re.compile(r"[+-]?(?:(?:0|[1-9][0-9]*)(?:[.][0-9]*)?|[.][0-9]+)(?:[eE][+-]?[0-9]+)?")
"""A number; 007 is a code, and 1_000 a slip."""


class Delimited:
    """Hold a table as texts.

    Parameters
    ----------
    path : Path
        For messages.
    names : list of str
        Columns, in lower case.
    rows : list of (int, list of str)
        Number of the line and its cells.
    comma : bool
        A comma is a decimal sign: cells are parted by something else.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            text = path.read_text("utf-8-sig")
        except UnicodeDecodeError:
            text = path.read_text("cp1252", errors="replace")
        head = text.split("\n", 1)[0]
        delimiter = max(DELIMITERS, key=head.count)
        self.comma = delimiter != ","
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            cells = [(reader.line_num, [c.strip() for c in row]) for row in reader]
        except csv.Error as error:
            raise ResultsError(f"{path}: line {reader.line_num}: no table ({error})") from None
        if not cells:
            raise ResultsError(f"{path}: is empty (a first line with the names of the columns is needed)")
        self.names = [name.casefold() for name in cells[0][1]]
        self.rows = [(n, row) for n, row in cells[1:] if any(row)]
        if twice := sorted({n for n in self.names if n and self.names.count(n) > 1}):
            raise ResultsError(f"{path}: column {twice[0]!r} is there twice")
        for n, row in self.rows:
            if len(row) != len(self.names):
                raise ResultsError(f"{path}: line {n}: {len(row)} cells, {len(self.names)} columns")

    def column(self, *known: str, needed: bool = True) -> int:
        """Return the place of a column under any of its names; −1 if it is not there and not needed."""
        for name in known:
            if name in self.names:
                return self.names.index(name)
        if needed:
            there = ", ".join(self.names)
            raise ResultsError(f"{self.path}: no column {' or '.join(known)} (there are: {there})")
        return -1

    def number(self, line: int, row: Sequence[str], at: int) -> float | None:
        """Return a cell as a number; None where it is missing.

        Raises
        ------
        ResultsError
            If it is neither.
        """
        cell = row[at]
        if missing(cell):
            return None
        value = as_number(cell, comma=self.comma)
        if value is None:
            raise ResultsError(
                f"{self.path}: line {line}: {self.names[at]} = {cell[:40]!r}: must be a number"
            )
        return value


def as_number(cell: str, *, comma: bool = False) -> float | None:
    """Return a cell as a number; None where it is none, as a code with leading zeros is.

    Parameters
    ----------
    comma : bool
        A comma is a decimal sign.
    """
    plain = cell.replace(",", ".") if comma else cell
    value = float(plain) if NUMBER.fullmatch(plain) else float("inf")
    return value if abs(value) < float("inf") else None


def alike(code: str) -> str:
    """Return a code as slips leave it: without case, separators, and zeros before its digits."""
    return re.sub(r"(?<![0-9])0+(?=[0-9])", "", re.sub(r"[^0-9a-z]", "", code.casefold()))


def meant(code: str, known: Iterable[str]) -> list[str]:
    """Return the known codes that a code may have been meant for."""
    return sorted(k for k in known if k != code and alike(k) == alike(code))


def choices(known: Iterable[str], most: int = 12) -> str:
    """Return codes in a line, the first of many."""
    listed = sorted(known)
    return ", ".join(listed[:most]) + (f" … {len(listed)} in all" if len(listed) > most else "")


def missing(cell: str) -> bool:
    """Tell whether a cell says that there is nothing."""
    return cell.casefold() in MISSING
