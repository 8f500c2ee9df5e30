"""Empatica E4: a zip, its folder, or one of its .csv files.

Line 1 of EDA.csv, ACC.csv, BVP.csv, TEMP.csv and HR.csv is the start (Unix time), line 2 the rate; ACC is in
1/64 g; IBI.csv holds seconds since its start and the interval [s]; tags.csv the Unix times of button presses
(info.txt of the archive itself).
"""

from __future__ import annotations

import math
import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.errors import RecordingError
from acquisition.importing.found import Found, FoundFile, Hints, Peek, even, single
from acquisition.importing.stamps import UNIX
from acquisition.stream import FloatArray, Modality

TITLE = "Empatica E4"
FILES = {"eda.csv": (Modality.EDA, "uS"), "acc.csv": (Modality.ACC, "g"), "ibi.csv": (Modality.RR, "s")}
LEFT_OUT = {"bvp.csv": "pulse wave", "temp.csv": "temperature", "hr.csv": "averaged heart rate"}
MAX_MEMBER = 1 << 29
PER_G = 64.0
_COMMA = re.compile(r"\s*-?\d+(,\d+)?\s*")
"""A line of one number, with a decimal comma or without."""


def recognise(peek: Peek) -> bool:
    """Tell whether it is an archive, a folder or a file of an E4."""
    if peek.path.is_dir():
        return any((peek.path / name).is_file() for name in ("EDA.csv", "IBI.csv", "ACC.csv"))
    if peek.suffix == ".zip":
        return zipfile.is_zipfile(peek.path) and any(n.casefold() in FILES for n, _ in _members(peek.path))
    return _has_start(peek.lines) or (peek.name == "tags.csv" and bool(peek.lines) and _is_unix(peek.first))


def _has_start(lines: tuple[str, ...]) -> bool:
    """Tell whether line 1 is a Unix time, and what follows is none."""
    heads = [line.split(",") for line in _plain(lines[:3]) if line.strip()]
    if not heads or not _is_unix(heads[0][0]):
        return False
    if "IBI" in lines[0].upper():
        return True
    if len(heads) == 2:  # no samples in it, or times of button presses
        return 0 < _number(heads[1][0]) <= 1024.0
    return (
        len(heads) == 3
        and len(heads[0]) == len(heads[1]) == len(heads[2])
        and all(
            len({c.strip() for c in cells}) == 1 and 0 < _number(cells[0]) <= limit
            for cells, limit in ((heads[0], math.inf), (heads[1], 1024.0))
        )
        and not _is_unix(heads[2][0])
    )


def _plain(lines: Sequence[str]) -> list[str]:
    """Return lines as an E4 writes them, of a file that a program with decimal commas has saved again."""
    if lines and ";" in lines[0]:
        return [line.replace(",", ".").replace(";", ",") for line in lines]
    if lines and _COMMA.fullmatch(lines[0]) and all(_COMMA.fullmatch(x) for x in lines[1:3] if x.strip()):
        return [line.replace(",", ".") for line in lines]
    return list(lines)


def _is_unix(text: str) -> bool:
    return UNIX[0] < _seconds(text) < UNIX[1]


def _seconds(text: str) -> float:
    """Return a Unix time, which programs that write an E4's files for other watches have in ms or µs."""
    value = _number(text)
    return next((value / k for k in (1e3, 1e6) if UNIX[0] < value / k < UNIX[1]), value)


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def read(path: Path, hints: Hints) -> FoundFile:
    """Read what there is of EDA, acceleration, intervals and button presses."""
    found: list[Found] = []
    left_out: list[str] = []
    starts: list[float] = []
    files = dict(_texts(path))
    if not path.is_dir() and path.suffix.casefold() != ".zip":
        files = {_kind(path, next(iter(files.values()))): next(iter(files.values()))}
    for name, text in files.items():
        lines = text.split("\n")
        if name in FILES and len(files) > 1 and _is_bare(name, lines):
            left_out.append(f"{name.upper()[:-4]}: no samples in it")
        elif name in FILES:
            start, stream = _stream(path, name, lines)
            starts.append(start)
            found.append(stream)
        elif name == "tags.csv":
            times = np.array([_seconds(line.replace(",", ".")) for line in lines if line.strip()])
            times = times[np.isfinite(times)]
            if len(times):
                starts.append(float(times[0]))
                texts = np.full((len(times), 1), "tag", object)
                found.append(_found("tags", Modality.MARKERS, "", 0.0, times, texts))
        elif name in LEFT_OUT:
            left_out.append(f"{name.upper()[:-4]}: {LEFT_OUT[name]}")
    if not found:
        raise RecordingError(
            f"{path}: nothing of an E4 that can be imported ({', '.join(left_out) or 'no file'})"
        )
    epoch = min(starts)
    return FoundFile(
        path=path,
        layout=TITLE,
        streams=tuple(_since(f, epoch) for f in found),
        epoch=epoch,
        resolution=1.0,
        left_out=tuple(left_out),
        notes=(f"starts at {epoch:.2f} (Unix time, from its first line)",),
    )


def _is_bare(name: str, lines: list[str]) -> bool:
    """Tell whether a file of a set has its head only, as IBI.csv has where no beat was sure."""
    return sum(bool(line.strip()) for line in lines) <= (1 if name == "ibi.csv" else 2)


def _found(
    name: str, modality: Modality, unit: str, sfreq: float, times: FloatArray, samples: NDArray[Any]
) -> Found:
    labels = ("x", "y", "z") if modality is Modality.ACC else (name,)
    return Found(
        name=name, modality=modality, unit=unit, sfreq=sfreq, times=times, samples=samples, labels=labels
    )


def _since(found: Found, epoch: float) -> Found:
    from dataclasses import replace

    return replace(found, times=found.times - epoch)


def _stream(path: Path, name: str, lines: list[str]) -> tuple[float, Found]:
    modality, unit = FILES[name]
    rows = [line.split(",") for line in _plain([x for x in lines if x.strip()])]
    start = _seconds(rows[0][0]) if rows else math.nan
    if not UNIX[0] < start < UNIX[1]:
        raise RecordingError(f"{path}: {name}: its first line is no start (Unix time): {lines[0][:40]!r}")
    label = name.upper()[:-4]
    if modality is Modality.RR:
        table = _table(path, name, rows[1:], 2)
        return start, _found(label, modality, unit, 0.0, start + table[:, 0], single(table[:, 1]))
    sfreq = _number(rows[1][0]) if len(rows) > 1 else math.nan
    if not 0 < sfreq <= 1024:
        raise RecordingError(f"{path}: {name}: its second line is no rate")
    table = _table(path, name, rows[2:], len(rows[0]))
    samples = _in_g(table) if modality is Modality.ACC else table
    return start, _found(label, modality, unit, sfreq, even(len(table), sfreq, start), samples)


def _in_g(table: FloatArray) -> FloatArray:
    """Return an acceleration in g: an E4 has 1/64 g, files made of other watches' g already."""
    middle = float(np.nanmedian(np.sqrt((table**2).sum(axis=1))))
    return table if 0.8 < middle < 1.2 else table / PER_G


def _table(path: Path, name: str, rows: list[list[str]], width: int) -> FloatArray:
    if rows and len(rows[-1]) < width:
        rows = rows[:-1]  # the last line of a cut file
    table = np.array([[_number(cell) for cell in row[:width]] for row in rows], np.float64).reshape(-1, width)
    if not len(table):
        raise RecordingError(f"{path}: {name}: no samples")
    return table


def _kind(path: Path, text: str) -> str:
    """Return which of the files one is, by its name, else by its columns."""
    name = path.name.casefold()
    known = [k for k in (*FILES, "tags.csv", *LEFT_OUT) if name.endswith(k)]
    if known:
        return known[0]
    first = text.split("\n", 1)[0]
    if "IBI" in first.upper():
        return "ibi.csv"
    if first.count(",") == 2:
        return "acc.csv"
    raise RecordingError(
        f"{path}: a file of an E4, which of them its name does not say; call it EDA.csv, ACC.csv, "
        "IBI.csv or tags.csv"
    )


def _members(path: Path) -> list[tuple[str, zipfile.ZipInfo]]:
    with zipfile.ZipFile(path) as archive:
        return [(Path(info.filename).name, info) for info in archive.infolist()[:1000] if not info.is_dir()]


def _texts(path: Path) -> Iterator[tuple[str, str]]:
    wanted = {*FILES, "tags.csv", *LEFT_OUT}
    if path.is_dir():
        for file in sorted(path.iterdir()):
            if file.name.casefold() in wanted and file.is_file() and not file.is_symlink():
                yield file.name.casefold(), _text(path, file.name, file.read_bytes())
    elif path.suffix.casefold() == ".zip":
        with zipfile.ZipFile(path) as archive:
            for name, info in _members(path):
                if name.casefold() in FILES or name.casefold() == "tags.csv":
                    if info.file_size > MAX_MEMBER:
                        raise RecordingError(
                            f"{path}: {name}: {info.file_size >> 20} MiB unpacked (512 at most)"
                        )
                    yield name.casefold(), _text(path, name, archive.read(info))
                elif name.casefold() in LEFT_OUT:
                    yield name.casefold(), ""
    else:
        yield path.name.casefold(), _text(path, path.name, path.read_bytes())


def _text(path: Path, name: str, data: bytes) -> str:
    if len(data) > MAX_MEMBER:
        raise RecordingError(f"{path}: {name}: {len(data) >> 20} MiB (512 at most)")
    return data.decode("utf-8-sig", "replace").replace("\r\n", "\n")
