"""Read columns of a table whose dialect is known, line by line."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np

from acquisition.errors import RecordingError
from acquisition.importing.tables.dialect import Dialect, opened
from acquisition.importing.tables.naming import listed
from acquisition.importing.tables.separators import BLANKS, MISSING, is_number, number, split
from acquisition.stream import FloatArray

MAX_BAD = 0.01
"""Share of rows that may be no rows, such as the last one of a file that was cut."""
YES_NO = {"true": 1.0, "false": 0.0}


def texts_of(path: Path, dialect: Dialect, columns: Sequence[int]) -> list[list[str]]:
    """Return columns as text, shape (n_columns, n_rows); "" where a row is too short."""
    out: list[list[str]] = [[] for _ in columns]
    for line in opened(path, dialect):
        cells = split(line.rstrip("\r\n"), dialect.separator)
        for found, column in zip(out, columns, strict=True):
            found.append(cells[column] if column < len(cells) else "")
    return out


def are_texts(path: Path, dialect: Dialect, column: int) -> bool:
    """Tell whether a column of stamps holds dates or times of day: the first that is there, and the next.

    One word alone above numbers is no date: it is blank then.
    """
    seen = 0
    for line in opened(path, dialect):
        cells = split(line.rstrip("\r\n"), dialect.separator)
        if column < len(cells) and cells[column].strip().casefold() not in MISSING:
            if is_number(cells[column], dialect.decimal):
                return False
            seen += 1
            if seen == 2:
                break
    return seen > 0


def numbers_of(path: Path, dialect: Dialect, columns: Sequence[int]) -> list[FloatArray]:
    """Return columns as numbers, nan where a cell is blank.

    Raises
    ------
    RecordingError
        If a cell holds something else; row, line and column are named.
    """
    return numbers_and_beside(path, dialect, columns, {})[0]


def numbers_and_beside(
    path: Path, dialect: Dialect, columns: Sequence[int], beside: Mapping[int, bool]
) -> tuple[list[FloatArray], list[str]]:
    """Return columns as numbers, nan where a cell is blank, and what is said of those beside others.

    What stands in the others holds without the columns `beside`: a text in those is nan, and the first one is
    named; or, in those that say yes or no (True), true and false are 1 and 0.

    Raises
    ------
    RecordingError
        If a cell of another column holds no number; row, line and column are named.
    """
    if not columns:
        return [], []
    fast = _fast(path, dialect, columns)
    return (fast, []) if fast is not None else _slow(path, dialect, columns, beside)


def stamps_of(path: Path, dialect: Dialect, column: int) -> FloatArray:
    """Return a column of stamps, nan where a cell is blank or one of a few that hold no number.

    Raises
    ------
    RecordingError
        If more of them hold none; row, line and column of the first are named.
    """
    [found], said = numbers_and_beside(path, dialect, [column], {column: False})
    if said:
        blank = sum(t.strip().strip('"').casefold() in MISSING for t in texts_of(path, dialect, [column])[0])
        if np.isnan(found).sum() - blank > max(1.0, MAX_BAD * len(found)):
            return numbers_of(path, dialect, [column])[0]
    return found


def _fast(path: Path, dialect: Dialect, columns: Sequence[int]) -> list[FloatArray] | None:
    """Read numbers in one go; None if any cell is not one."""
    lines = opened(path, dialect)
    plain: Iterator[str] = (x.replace(",", ".") for x in lines) if dialect.decimal == "," else lines
    if dialect.decimal == "," and dialect.separator == ",":
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # no rows: told by whoever asked
            table = np.loadtxt(
                plain,
                delimiter=None if dialect.separator == BLANKS else dialect.separator,
                usecols=list(columns),
                ndmin=2,
                quotechar='"',
                comments=None,
            )
    except ValueError:
        return None
    if not table.size:
        return [np.empty(0) for _ in columns]
    table[np.isinf(table)] = np.nan  # as in `number`: programs write it where there is no value
    return [np.ascontiguousarray(table[:, i]) for i in range(len(columns))]


def _slow(
    path: Path, dialect: Dialect, columns: Sequence[int], beside: Mapping[int, bool]
) -> tuple[list[FloatArray], list[str]]:
    found: list[list[float]] = [[] for _ in columns]
    first: dict[int, str] = {}
    count = dict.fromkeys(columns, 0)
    for row, line in enumerate(opened(path, dialect), 1):
        cells = split(line.rstrip("\r\n"), dialect.separator)
        for values, column in zip(found, columns, strict=True):
            cell = cells[column] if column < len(cells) else ""
            try:
                values.append(number(cell, dialect.decimal))
            except ValueError:
                where = f"row {row} (line {dialect.skip + row}), column {dialect.names[column]!r}"
                told = f"{where}: {cell[:40]!r} is not a number"
                if column not in beside:
                    raise RecordingError(f"{path}: {told}") from None
                word = cell.strip().strip('"').casefold()
                values.append(YES_NO.get(word, np.nan) if beside[column] else np.nan)
                if np.isnan(values[-1]):
                    first.setdefault(column, told)
                    count[column] += 1
    said = [f"{told}: left blank{_others(count[column] - 1)}" for column, told in first.items()]
    return [np.array(values, np.float64) for values in found], said


def _others(n: int) -> str:
    return f", as {n} other{'s' if n > 1 else ''} of it" if n else ""


def index_of(path: Path, dialect: Dialect, name: str) -> int:
    """Return which column a name or a number from 1 asks for; names win.

    Raises
    ------
    RecordingError
        If there is none, or several; it names the choices.
    """
    names = list(dialect.names)
    if names.count(name) == 1:
        return names.index(name)
    if name in names:
        raise RecordingError(f"{path}: column {name!r} is there several times; give its number, from 1")
    if name.isdecimal() and 1 <= int(name) <= len(names):
        return int(name) - 1
    raise RecordingError(f"{path}: no column {name!r} (there are: {listed(names)})")
