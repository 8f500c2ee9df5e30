"""Say in words what was recognised in files, and how to say whose it is."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from acquisition.importing.clock import moment_of
from acquisition.importing.found import Found, FoundFile
from acquisition.stream import Modality, Role
from acquisition.units import CANONICAL

FIRST = 3
LONGEST = 24


def described(file: FoundFile) -> list[str]:
    """Return lines on a file: layout, start, its streams with unit, rate, span and first values."""
    out = [f"{file.path}: {file.layout}{_start(file)}"]
    out += [f"  {_stream(found)}" for found in file.streams]
    out += [f"  left out: {text}" for text in file.left_out]
    out += [f"  note: {text}" for text in file.notes]
    return out + [f"  DAMAGED: {text}" for text in file.damage]


def _start(file: FoundFile) -> str:
    first = min((float(f.times[0]) for f in file.streams if len(f.times)), default=0.0)
    moment = moment_of(file.epoch + first)
    if moment is None:
        return f", begun {file.opened}, on a clock of its own" if file.opened else ", no start time"
    when = moment.isoformat(sep=" ", timespec="milliseconds")[:23]
    return f", starts {when} {'UTC' if file.zoned else '(clock on the wall)'}"


def _stream(found: Found) -> str:
    rate = f"{found.sfreq:g} Hz" if found.sfreq else "irregular"
    unit = found.unit or ("unit not said" if found.modality in CANONICAL else "")
    n = len(found.times)
    lasts = float(found.times[-1] - found.times[0]) if n else 0.0
    parts = [f"{found.modality}", *([unit] if unit else []), rate, f"{n} samples", f"{lasts:.1f} s"]
    return f"{found.name}: {', '.join(parts)}; first {_first(found)}"


def _first(found: Found) -> str:
    rows = found.samples[:FIRST]
    return " | ".join(", ".join(_value(v) for v in row) for row in rows)


def _value(value: Any) -> str:
    return repr(value[:LONGEST]) if isinstance(value, str) else f"{float(value):.6g}"


def suggestion(found: Found, role: Role) -> str:
    """Return the --stream that asks for a stream."""
    unit = found.unit or CANONICAL.get(found.modality, "").replace("µ", "u")
    whose = Role.DYAD if found.modality is Modality.MARKERS else role
    name = (
        found.name
        if found.name.replace("_", "").replace("@", "").replace("-", "").isalnum()
        else f"'{found.name}'"
    )
    return f"--stream {whose}:{found.modality}:{unit}={name}"


ONE = frozenset((Modality.ECG, Modality.EDA, Modality.RR, Modality.VOICE))
"""Of these a person has one; a second one in a file may be the partner's."""
_WHOSE = {
    Role.CLIENT: re.compile(r"client|klient|patient|proband", re.IGNORECASE),
    Role.THERAPIST: re.compile(r"therap|counsel|clinician", re.IGNORECASE),
}


def parted(streams: Sequence[Found]) -> str:
    """Return the --stream of every stream of a file that holds both people's, by names, else by order."""
    seen: Counter[Modality] = Counter()
    said = []
    for found in streams:
        by_name = [role for role, words in _WHOSE.items() if words.search(found.name)]
        nth = seen[found.modality]
        seen[found.modality] += 1
        role = by_name[0] if len(by_name) == 1 else (Role.CLIENT, Role.THERAPIST)[min(nth, 1)]
        said.append(suggestion(found, role))
    return " ".join(said)


def holds_two(file: FoundFile) -> list[Modality]:
    """Return of what a file has more than one person has."""
    counts = Counter(f.modality for f in file.streams)
    return [modality for modality, n in counts.items() if modality in ONE and n > 1]


def advice(files: Sequence[FoundFile]) -> list[str]:
    """Return how to say whose files are."""
    paths = [file.path for file in files]
    if len(files) == 1 and holds_two(files[0]):
        command = f"attune import {_quoted(paths[0])} {parted(files[0].streams)} --out RECORDING"
        return [f"Nothing was imported. It may hold two people's; say whose each stream is: {command}"]
    roles = ["client", "therapist"]
    said = " ".join(f"--as {roles[min(i, 1)]} {_quoted(path)}" for i, path in enumerate(paths))
    return [f"Nothing was imported. Say whose each file is: attune import {said} --out RECORDING"]


def _quoted(path: Path) -> str:
    text = str(path)
    return f"'{text}'" if any(c in text for c in " ;&()'") else text


def as_json(file: FoundFile) -> dict[str, Any]:
    """Return what was recognised for another program."""
    return {
        "path": str(file.path),
        "layout": file.layout,
        "epoch": file.epoch if math.isfinite(file.epoch) else None,
        "utc": file.zoned,
        "streams": [
            {
                "name": f.name,
                "modality": str(f.modality),
                "unit": f.unit,
                "sfreq": f.sfreq,
                "samples": len(f.times),
                "seconds": float(f.times[-1] - f.times[0]) if len(f.times) else 0.0,
                "first": [
                    [v if isinstance(v, str) else _finite(v) for v in row]
                    for row in f.samples[:FIRST].tolist()
                ],
            }
            for f in file.streams
        ],
        "left_out": list(file.left_out),
        "notes": list(file.notes),
        "damage": list(file.damage),
    }


def _finite(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
