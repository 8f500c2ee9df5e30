"""EmotiBit parsed .csv (one typetag a file) and raw .csv (all of them in packets).

Parsed: LocalTimestamp (Unix s), EmotiBitTimestamp (ms), …, the typetag as the last name. Raw: a packet a
line, `ms,number,n,TAG,version,reliability,values…`; its stamp is that of the last value (EmotiBit_Docs,
XPlat_Utils).
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np

from acquisition.errors import RecordingError
from acquisition.importing.found import Found, FoundFile, Hints, Peek, single
from acquisition.importing.layouts.bids import annotation_stream
from acquisition.importing.rates import rate_of
from acquisition.importing.stamps import moment
from acquisition.importing.tables.dialect import dialect_of
from acquisition.importing.tables.sheet import Clock, Wish, read_sheet
from acquisition.stream import FloatArray, Modality
from acquisition.text import how_many

TITLE = "EmotiBit"
TAGS = {"EA": (Modality.EDA, "uS", 15.0), "BI": (Modality.RR, "ms", 0.0)}
AXES = ("AX", "AY", "AZ")
"""Acceleration [g], 25 Hz."""
LEFT_OUT = {
    "EL": "tonic level in counts",
    "ER": "phasic EDA in volts",
    "PI": "pulse wave",
    "PR": "pulse wave",
    "PG": "pulse wave",
    "T0": "temperature",
    "T1": "temperature",
    "TH": "temperature",
    "HR": "averaged heart rate",
}
_PACKET = re.compile(r"\d+(\.\d+)?,\d+,\d+,[A-Z0-9%]{2},\d+,\d+")
WALL, NOTE = "TL", "UN"
"""Typetags of the computer's clock on the wall, and of a note that the user typed."""
_WALL = re.compile(r"(\d{4})-(\d\d)-(\d\d)_(\d\d)-(\d\d)-(\d\d)-(\d+)")
WRAP = 2.0**32
ACC_RATE = 25.0


def recognise(peek: Peek) -> bool:
    """Tell whether it is a parsed or a raw file, or a folder of parsed ones."""
    if peek.path.is_dir():
        return bool(_parsed_in(peek.path))
    return "EmotiBitTimestamp" in peek.first or sum(bool(_PACKET.match(x)) for x in peek.lines[:20]) >= min(
        10, max(3, len(peek.lines) - 1)
    )


def _parsed_in(folder: Path) -> list[Path]:
    """Return the parsed files of a folder that can be imported."""
    tags = (*TAGS, *AXES)
    named = [f for f in sorted(folder.iterdir()) if f.suffix == ".csv" and f.stem.rpartition("_")[2] in tags]
    return [f for f in named if f.is_file() and not f.is_symlink() and _is_parsed(f)]


def _is_parsed(file: Path) -> bool:
    with file.open(encoding="utf-8-sig", errors="replace") as text:
        return "EmotiBitTimestamp" in text.readline(4096)


def _folder(path: Path, hints: Hints) -> FoundFile:
    """Read the parsed files of one recording; its three axes are one stream."""
    files = _parsed_in(path)
    stems = sorted({f.stem.rpartition("_")[0] for f in files})
    if len(stems) > 1:
        raise RecordingError(
            f"{path}: holds {len(stems)} recordings ({', '.join(stems[:3])}): give their files"
        )
    read_files = [_parsed(f, hints) for f in files]
    streams = [stream for one in read_files for stream in one.streams]
    axes = [s for s in streams if s.name in AXES]
    if len(axes) == len(AXES):
        n = min(len(a.times) for a in axes)
        samples = np.hstack([a.samples[:n] for a in sorted(axes, key=lambda a: a.name)])
        whole = replace(axes[0], name="ACC", times=axes[0].times[:n], samples=samples, labels=("x", "y", "z"))
        streams = [s for s in streams if s.name not in AXES] + [whole]
    return replace(
        read_files[0],
        path=path,
        streams=tuple(streams),
        notes=tuple(text for one in read_files for text in one.notes),
    )


def read(path: Path, hints: Hints) -> FoundFile:
    """Read a parsed or a raw file, or a folder."""
    if path.is_dir():
        return _folder(path, hints)
    with path.open(encoding="utf-8-sig", errors="replace") as file:
        first = file.readline()
    return _parsed(path, hints) if "EmotiBitTimestamp" in first else _raw(path)


def _parsed(path: Path, hints: Hints) -> FoundFile:
    dialect = dialect_of(path, replace(hints, separator=",", decimal=".", header=""))
    names = list(dialect.names)
    wishes = [Wish(n, TAGS[n][0], TAGS[n][1], (i,)) for i, n in enumerate(names) if n in TAGS]
    axes = [i for i, n in enumerate(names) if n in AXES]
    if axes:
        wishes.append(Wish(names[axes[0]] if len(axes) == 1 else "ACC", Modality.ACC, "g", tuple(axes)))
    if not wishes:
        raise RecordingError(
            f"{path}: typetag {names[-1]!r} holds nothing that can be imported (EA, BI, AX, AY, AZ can)"
        )
    local = names.index("LocalTimestamp") if "LocalTimestamp" in names else None
    clock = Clock(local, "s") if local is not None else Clock(names.index("EmotiBitTimestamp"), "ms")
    streams, _, notes = read_sheet(path, dialect, wishes, clock)
    return FoundFile(
        path=path,
        layout=TITLE,
        streams=tuple(streams),
        epoch=0.0 if local is not None else float("nan"),
        resolution=0.1,
        notes=tuple(notes),
    )


def _raw(path: Path) -> FoundFile:
    """Read packets; values are spread evenly from the previous packet of their tag to their own stamp."""
    got: dict[str, list[tuple[float, list[float]]]] = defaultdict(list)
    notes_of_user: list[tuple[float, str]] = []
    clocks: list[float] = []
    bad = 0
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            cells = line.rstrip("\r\n").split(",")
            if len(cells) < 7 or not _PACKET.match(line):
                bad += bool(line.strip())
                continue
            if cells[3] == NOTE:
                notes_of_user.append((float(cells[0]) / 1000, ",".join(cells[6:]).strip()))
            elif cells[3] == WALL and (m := _WALL.fullmatch(cells[6])):
                clocks.append(moment("{}-{}-{} {}:{}:{}.{}".format(*m.groups()))[0] - float(cells[0]) / 1000)
            elif cells[3] in TAGS or cells[3] in AXES:
                try:
                    got[cells[3]].append((float(cells[0]) / 1000, [float(c) for c in cells[6:] if c]))
                except ValueError:
                    bad += 1
    streams = [_spread(tag, *TAGS[tag], got[tag]) for tag in TAGS if got.get(tag)]
    if all(got.get(axis) for axis in AXES):
        parts = [_spread(axis, Modality.ACC, "g", ACC_RATE, got[axis]) for axis in AXES]
        n = min(len(p.times) for p in parts)
        joined = np.hstack([p.samples[:n] for p in parts])
        x = parts[0]
        streams.append(
            Found(
                name="ACC",
                modality=x.modality,
                unit="g",
                sfreq=x.sfreq,
                times=x.times[:n],
                samples=joined,
                labels=("x", "y", "z"),
            )
        )
    if not streams:
        raise RecordingError(f"{path}: no packets of EA, BI or AX, AY, AZ")
    streams += annotation_stream("notes", [row for row in notes_of_user if row[1]])
    told = how_many(bad, "line that is no packet", "lines that are no packets")
    notes = (f"{told} left out",) if bad else ()
    return FoundFile(
        path=path,
        layout=f"{TITLE} raw",
        streams=tuple(streams),
        # An answer that is late, or is one to an earlier question, is not among the middle ones.
        epoch=float(np.median(clocks)) if clocks else float("nan"),
        zoned=False,
        resolution=1.0,
        notes=notes,
    )


def _spread(
    tag: str, modality: Modality, unit: str, rate: float, packets: list[tuple[float, list[float]]]
) -> Found:
    ends = _unwrapped(np.array([end for end, _ in packets]))
    times: list[FloatArray] = []
    values: list[float] = []
    before = ends[0] - len(packets[0][1]) / rate if rate else ends[0]
    for end, (_, some) in zip(ends.tolist(), packets, strict=True):
        if rate and end - before > 2 * len(some) / rate:
            before = end - len(some) / rate  # after a loss
        step = (end - before) / max(len(some), 1)
        times.append(end - step * np.arange(len(some) - 1, -1, -1) if rate else np.full(len(some), end))
        values += some
        before = end
    stamped = np.concatenate(times)
    return Found(
        name=tag,
        modality=modality,
        unit=unit,
        sfreq=(rate_of(stamped) or rate) if rate else 0.0,
        times=stamped,
        samples=single(np.array(values)),
        labels=(tag,),
    )


def _unwrapped(seconds: FloatArray) -> FloatArray:
    """Return stamps of a counter of milliseconds of 32 bits that goes on past its end."""
    laps = np.cumsum(np.diff(seconds, prepend=seconds[:1]) < -WRAP / 2000)
    return np.asarray(seconds + laps * WRAP / 1000)
