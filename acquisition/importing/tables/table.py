"""Columns of files to import, and arrays of .npz files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from acquisition.errors import RecordingError
from acquisition.importing.found import Hints
from acquisition.importing.stamps import scaled
from acquisition.importing.tables.naming import listed
from acquisition.stream import FloatArray

MAX_NPZ = 1 << 29
"""Most bytes of an array that is opened."""


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
    stamped : bool
        The file's own stamps and rate hold, whatever the user says.
    """

    times: FloatArray | None
    samples: NDArray[Any]
    labels: tuple[str, ...] = ("",)
    sfreq: float | None = None
    unit: str = ""
    stamped: bool = False
    began: float = float("nan")
    """First stamp in the file [s], where only a part of it was read."""


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
    raise RecordingError(f"{path}: no {what} {name!r} (there are: {listed(choices)})")


def read_npz(
    path: Path, wanted: Sequence[Wanted], time: str | None, hints: Hints | None = None
) -> list[Column]:
    """Read arrays of shape (n_samples,) or (n_samples, n_channels)."""
    with path.open("rb") as raw:  # given a path, np.load leaves the file open when it fails
        file = np.load(raw, allow_pickle=False)
        if not isinstance(file, np.lib.npyio.NpzFile):
            raise RecordingError(f"{path}: not an .npz file")
        _bounded(path, file)
        names = [*(w.name for w in wanted), *([time] if time is not None else [])]
        found = [file[file.files[choose(path, "array", name, file.files)]] for name in names]
    times = None
    if time is not None:
        times = np.asarray(_numeric(path, time, found.pop()), np.float64)
        if times.ndim != 1:
            raise RecordingError(
                f"{path}: array {time!r}: shape {times.shape}; times have shape (n_samples,)"
            )
        if hints is not None and (unit := hints.heed("time_unit")):
            times = scaled(times, unit).times
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


def _bounded(path: Path, file: Any) -> None:
    """Refuse arrays that would not fit into memory, before they are unpacked."""
    for member in file.zip.infolist():
        if member.file_size > MAX_NPZ:
            raise RecordingError(
                f"{path}: array {member.filename!r} has {member.file_size >> 20} MiB "
                f"({MAX_NPZ >> 20} at most)"
            )


def _numbered(name: str, n: int) -> tuple[str, ...]:
    return (name,) if n == 1 else tuple(f"{name}{i}" for i in range(1, n + 1))


def _numeric(path: Path, name: str, array: NDArray[Any]) -> NDArray[Any]:
    if array.dtype.kind not in "fiub":
        raise RecordingError(f"{path}: array {name!r} holds {array.dtype}, not numbers")
    return array
