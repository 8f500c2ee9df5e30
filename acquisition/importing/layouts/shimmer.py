"""Shimmer / Consensys .csv: a `sep=` line, names, the kind of signal in old exports, units, then rows.

Names end in CAL or RAW; only calibrated columns are taken. The stamp is Unix time in ms, or ms since the
start.
"""

from __future__ import annotations

import re
from pathlib import Path

from acquisition.errors import RecordingError
from acquisition.importing.found import FoundFile, Hints, Peek
from acquisition.importing.tables.dialect import Dialect, dialect_of
from acquisition.importing.tables.naming import spelled
from acquisition.importing.tables.sheet import Clock, Wish, epoch_of, read_sheet
from acquisition.stream import Modality

TITLE = "Shimmer / Consensys"
_WHAT = (
    (Modality.EDA, re.compile(r"(GSR_)?Skin[_ ]Conductance|GSR_CAL|GSR_Conductance", re.IGNORECASE)),
    (Modality.ECG, re.compile(r"ECG_(LL[-_]RA|LA[-_]RA|LL[-_]LA|Vx[-_]RL)", re.IGNORECASE)),
    (Modality.RESP, re.compile(r"ECG_RESP|_RESP", re.IGNORECASE)),
)
_AXIS = re.compile(r"Accel(_LN|_WR|erometer)?_?([XYZ])", re.IGNORECASE)


def recognise(peek: Peek) -> bool:
    """Tell whether names of Shimmer stand in the first lines."""
    return any(
        re.search(r"Shimmer_[0-9A-Za-z]+_\w*(CAL|RAW|Timestamp)|^Shimmer\t", x) for x in peek.lines[:4]
    )


def read(path: Path, hints: Hints) -> FoundFile:
    """Read the calibrated columns."""
    dialect = dialect_of(path, hints)
    wishes = _wishes(dialect)
    times = [i for i, n in enumerate(dialect.names) if re.search(r"time.?stamp", n, re.IGNORECASE)]
    if not wishes or not times:
        raise RecordingError(
            f"{path}: no calibrated column that can be imported (there are: {', '.join(dialect.names)})"
        )
    unix = [i for i in times if "unix" in dialect.names[i].casefold()]
    streams, common, notes = read_sheet(path, dialect, wishes, Clock((unix or times)[0]))
    epoch, zoned = epoch_of(common)
    return FoundFile(
        path=path,
        layout=TITLE,
        streams=tuple(streams),
        epoch=epoch,
        zoned=zoned,
        resolution=0.1,
        notes=tuple(notes),
    )


def _wishes(dialect: Dialect) -> list[Wish]:
    out: list[Wish] = []
    axes: dict[str, dict[str, int]] = {}
    for i, name in enumerate(dialect.names):
        if re.search(r"_RAW$|_Resist|Range", name):
            continue
        if m := _AXIS.search(name):
            axes.setdefault(m[1] or "", {})[m[2].upper()] = i
            continue
        for modality, pattern in _WHAT:
            if pattern.search(name):
                unit = spelled(dialect.units[i], modality)
                out.append(
                    Wish(
                        _short(name),
                        modality,
                        unit or {Modality.EDA: "uS", Modality.ECG: "mV"}.get(modality, ""),
                        (i,),
                    )
                )
                break
    for kind, found in axes.items():
        if len(found) == 3:
            columns = tuple(found[a] for a in "XYZ")
            unit = spelled(dialect.units[columns[0]].replace("^2", "2"), Modality.ACC) or "m/s2"
            out.append(Wish(f"Accel{kind}", Modality.ACC, unit, columns))
    return out


def _short(name: str) -> str:
    return re.sub(r"^Shimmer_[0-9A-Za-z]+_|_CAL$", "", name)
