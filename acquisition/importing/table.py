"""Columns of files to import: .csv and .npz."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from acquisition.errors import RecordingError
from acquisition.stream import FloatArray

MISSING = frozenset(("", "na", "n/a", "nan", "null", "none"))
"""Spellings of a cell without a value."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Column:
    """Hold what a file has under one name.

    Parameters
    ----------
    times : ndarray, shape (n_samples,), or None
        Stamps [s]; None if the file says none.
    samples : ndarray, shape (n_samples, n_channels)
        An object array of str for text.
    sfreq : float or None
        Rate that the file says [Hz]; None if it says none.
    unit : str
        Unit that the file says; "" if it says none.
    offsets : list of (position, collected, value)
        Clock offsets [s] that hold from a sample on, and when they were measured on the sender's clock.
    """

    times: FloatArray | None
    samples: NDArray[Any]
    labels: tuple[str, ...] = ("",)
    sfreq: float | None = None
    unit: str = ""
    offsets: list[tuple[int, float, float]] = field(default_factory=list)


class Wanted(NamedTuple):
    """Name a column, and whether it holds text."""

    name: str
    text: bool = False


def choose(path: Path, what: str, name: str, choices: Sequence[str], *, numbered: bool = False) -> int:
    """Return the index of a name; `numbered`: its number, counted from 1, will do.

    Raises
    ------
    RecordingError
        If there is none; it names the choices.
    """
    if list(choices).count(name) == 1:
        return list(choices).index(name)
    if name in choices:
        raise RecordingError(f"{path}: {what} {name!r} is there several times")
    if numbered and name.isdecimal() and 1 <= int(name) <= len(choices):
        return int(name) - 1
    raise RecordingError(f"{path}: no {what} {name!r} (there are: {', '.join(choices) or 'none'})")


def read_csv(path: Path, wanted: Sequence[Wanted], time: str | None) -> list[Column]:
    """Read columns of a table by header or number; lines that begin with # are skipped."""
    delimiter, header, n_skip = _layout(path)
    names = [*wanted, *([Wanted(time)] if time is not None else [])]
    columns = [choose(path, "column", w.name, header, numbered=True) for w in names]
    titles = [header[c] for c in columns]
    if next(_rows(path, delimiter, n_skip), None) is None:
        raise RecordingError(f"{path}: no rows under its header")
    read = None if any(w.text for w in names) else _fast(path, delimiter, n_skip, columns)
    if read is None:
        read = _slow(path, delimiter, n_skip, columns, names, titles)
    times = read.pop() if time is not None else None
    return [
        Column(times=times, samples=values[:, np.newaxis], labels=(title,))
        for values, title in zip(read, titles, strict=False)
    ]


def _layout(path: Path) -> tuple[str, list[str], int]:
    """Return delimiter, header (numbers from 1 if there is none), and how many lines come before the data."""
    n_skip = 0
    with path.open(encoding="utf-8-sig", newline="") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                break
            n_skip += 1
        else:
            raise RecordingError(f"{path}: empty")
    delimiter = max("\t;,", key=line.count)
    cells = [cell.strip() for cell in next(csv.reader([line], delimiter=delimiter))]
    if all(_is_number(cell) for cell in cells):
        return delimiter, [str(i) for i in range(1, len(cells) + 1)], n_skip
    return delimiter, cells, n_skip + 1


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return cell.casefold() in MISSING
    return True


def _fast(path: Path, delimiter: str, n_skip: int, columns: Sequence[int]) -> list[NDArray[Any]] | None:
    """Read numbers in one go; None if any cell is not one."""
    try:
        table = np.loadtxt(
            path,
            delimiter=delimiter,
            skiprows=n_skip,
            usecols=columns,
            ndmin=2,
            quotechar='"',
            encoding="utf-8-sig",
        )
    except ValueError:
        return None
    return [np.ascontiguousarray(table[:, i]) for i in range(len(columns))]


def _slow(
    path: Path,
    delimiter: str,
    n_skip: int,
    columns: Sequence[int],
    names: Sequence[Wanted],
    titles: Sequence[str],
) -> list[NDArray[Any]]:
    read: list[list[Any]] = [[] for _ in columns]
    for number, line, cells in _rows(path, delimiter, n_skip):
        for i, column in enumerate(columns):
            cell = cells[column].strip() if column < len(cells) else ""
            if names[i].text:
                read[i].append(cell)
            elif cell.casefold() in MISSING:
                read[i].append(np.nan)
            else:
                try:
                    read[i].append(float(cell))
                except ValueError:
                    where = f"row {number} (line {line}), column {titles[i]!r}"
                    raise RecordingError(f"{path}: {where}: {cell!r} is not a number") from None
    return [np.array(r, object if w.text else np.float64) for r, w in zip(read, names, strict=True)]


def _rows(path: Path, delimiter: str, n_skip: int) -> Iterator[tuple[int, int, list[str]]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        for _ in range(n_skip):
            next(file)
        number = 0
        reader = csv.reader(file, delimiter=delimiter)
        for cells in reader:
            if cells and not cells[0].startswith("#"):
                number += 1
                yield number, n_skip + reader.line_num, cells


def read_npz(path: Path, wanted: Sequence[Wanted], time: str | None) -> list[Column]:
    """Read arrays of shape (n_samples,) or (n_samples, n_channels)."""
    with path.open("rb") as raw:  # given a path, np.load leaves the file open when it fails
        file = np.load(raw, allow_pickle=False)
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise RecordingError(f"{path}: not an .npz file")
        names = [*(w.name for w in wanted), *([time] if time is not None else [])]
        found = [file[file.files[choose(path, "array", name, file.files)]] for name in names]
    times = None
    if time is not None:
        times = np.asarray(_numeric(path, time, found.pop()), np.float64)
        if times.ndim != 1:
            raise RecordingError(
                f"{path}: array {time!r}: shape {times.shape}; times have shape (n_samples,)"
            )
    columns = []
    for want, array in zip(wanted, found, strict=True):
        values = array if want.text else _numeric(path, want.name, array)
        values = values[:, np.newaxis] if values.ndim == 1 else values
        if values.ndim != 2 or values.shape[1] > max(512, values.shape[0]) or not values.size:
            raise RecordingError(
                f"{path}: array {want.name!r}: shape {array.shape}; time comes first: (n, channels)"
            )
        if times is not None and len(times) != len(values):
            raise RecordingError(
                f"{path}: {want.name!r} has {len(values)} samples, {time!r} has {len(times)}"
            )
        values = values.astype(str).astype(object) if want.text else values
        columns.append(Column(times=times, samples=values, labels=_numbered(want.name, values.shape[1])))
    return columns


def _numbered(name: str, n: int) -> tuple[str, ...]:
    return (name,) if n == 1 else tuple(f"{name}{i}" for i in range(1, n + 1))


def _numeric(path: Path, name: str, array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind not in "fiub":
        raise RecordingError(f"{path}: array {name!r} holds {array.dtype}, not numbers")
    return array
