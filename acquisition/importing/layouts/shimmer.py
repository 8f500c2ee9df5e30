"""Shimmer / Consensys .csv: a `sep=` line, names, the kind of signal in old exports, units, then rows.

Names end in CAL or RAW; only calibrated columns are taken. The stamp is Unix time in ms, or ms since the
start.
"""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

from acquisition.errors import RecordingError
from acquisition.importing.found import FoundFile, Hints, Peek
from acquisition.importing.tables.dialect import Dialect, cut_line, dialect_of
from acquisition.importing.tables.naming import spelled
from acquisition.importing.tables.separators import split
from acquisition.importing.tables.sheet import Clock, Wish, epoch_of, read_sheet
from acquisition.stream import Modality

TITLE = "Shimmer / Consensys"
_WHAT = (
    (Modality.EDA, re.compile(r"(GSR_)?Skin[_ ]Conductance|GSR_CAL|GSR_Conductance", re.IGNORECASE)),
    (Modality.ECG, re.compile(r"ECG_(LL[-_]RA|LA[-_]RA|LL[-_]LA|Vx[-_]RL)", re.IGNORECASE)),
    (Modality.RESP, re.compile(r"ECG_RESP|_RESP", re.IGNORECASE)),
)
LEADS = ("LL-RA", "LL_RA", "LA-RA", "LA_RA", "LL-LA", "LL_LA")
"""Leads of one heart, from the one that is taken on: II has the highest R wave."""
_AXIS = re.compile(r"Accel(_LN|_WR|erometer)?_?([XYZ])", re.IGNORECASE)


def recognise(peek: Peek) -> bool:
    """Tell whether names of Shimmer stand in the first lines."""
    return any(
        re.search(r"Shimmer_[0-9A-Za-z]+_\w*(CAL|RAW|Timestamp)|^Shimmer[\t,]|_Timestamp\w*_(CAL|RAW)\b", x)
        for x in peek.lines[:4]
    )


def read(path: Path, hints: Hints) -> FoundFile:
    """Read the calibrated columns."""
    dialect = _with_names(dialect_of(path, hints))
    every = _wishes(dialect) or _resistances(dialect)
    leads = sorted((w for w in every if w.modality is Modality.ECG), key=_rank)
    wishes = [w for w in every if w not in leads[1:]]
    times = [i for i, n in enumerate(dialect.names) if re.search(r"time.?stamp", n, re.IGNORECASE)]
    if not wishes or not times:
        raise RecordingError(
            f"{path}: no calibrated column that can be imported (there are: {', '.join(dialect.names)})"
        )
    unix = [
        i
        for i in times
        if "unix" in dialect.names[i].casefold() and "sync" not in dialect.names[i].casefold()
    ]
    streams, common, notes = read_sheet(path, dialect, wishes, Clock((unix or times)[0], hints=hints))
    epoch, zoned = epoch_of(common)
    return FoundFile(
        path=path,
        layout=TITLE,
        streams=tuple(streams),
        epoch=epoch,
        zoned=zoned,
        resolution=0.1,
        left_out=tuple(
            f"{dialect.names[w.columns[0]]}: another lead of the same heart; --stream imports it"
            for w in leads[1:]
        ),
        damage=cut_line(path, dialect),
        notes=tuple(notes),
    )


def _with_names(dialect: Dialect) -> Dialect:
    """Return names and units as the rows above have them; old files: device, name, kind, unit."""
    rows = [
        split(line, dialect.separator) for line in dialect.preamble if not line.lstrip('"').startswith("sep=")
    ]
    if len(rows) > 2 and len(set(filter(None, rows[0]))) == 1:
        names = [f"{name}_{kind}" for name, kind in zip(rows[1], rows[2], strict=False)]
    elif rows:
        names = rows[0]
    else:
        return dialect
    units = rows[-1] if len(rows) > 1 else []
    n = len(dialect.names)
    filled = [name or str(i) for i, name in enumerate((*names, *[""] * n)[:n], 1)]
    return replace(dialect, names=tuple(filled), units=tuple((*units, *[""] * n)[:n]))


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
            unit = spelled(re.sub(r"[()^]", "", dialect.units[columns[0]]), Modality.ACC) or "m/s2"
            out.append(Wish(f"Accel{kind}", Modality.ACC, unit, columns))
    return out


def _resistances(dialect: Dialect) -> list[Wish]:
    """Return the skin as a resistance, where an export has it in no other form."""
    at = [
        i for i, name in enumerate(dialect.names) if re.search(r"Skin[_ ]Resist\w*CAL", name, re.IGNORECASE)
    ]
    return [
        Wish(_short(dialect.names[i]), Modality.EDA, spelled(dialect.units[i], Modality.EDA) or "kOhm", (i,))
        for i in at
    ]


def _rank(wish: Wish) -> int:
    return next((i for i, lead in enumerate(LEADS) if lead in wish.name), len(LEADS))


def _short(name: str) -> str:
    return re.sub(r"^Shimmer_[0-9A-Za-z]+_|_CAL$", "", name)
