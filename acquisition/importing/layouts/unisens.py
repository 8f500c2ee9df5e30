"""Unisens: a folder with unisens.xml, and .bin or .csv files that it describes (unisens.org, version 2).

A value is (stored − baseline) · lsbValue; sample i of a signal is at i / sampleRate from timestampStart.
"""

from __future__ import annotations

import math
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

import numpy as np

from acquisition.errors import RecordingError
from acquisition.importing.found import Found, FoundFile, Hints, Peek, even, markers
from acquisition.importing.stamps import moment
from acquisition.importing.tables.naming import modality_of, spelled
from acquisition.stream import FloatArray, Modality

TITLE = "Unisens"
TYPES = {
    "int8": "i1",
    "uint8": "u1",
    "int16": "i2",
    "uint16": "u2",
    "int32": "i4",
    "uint32": "u4",
    "float": "f4",
    "double": "f8",
}
MAX_XML, MAX_BYTES, MAX_CHANNELS = 1 << 22, 1 << 29, 64


def recognise(peek: Peek) -> bool:
    """Tell whether it is such a folder, or its unisens.xml."""
    return (peek.path / "unisens.xml").is_file() if peek.path.is_dir() else peek.name == "unisens.xml"


def read(path: Path, hints: Hints) -> FoundFile:
    """Read the signals, values and events that are known."""
    folder = path if path.is_dir() else path.parent
    root = _root(folder / "unisens.xml")
    streams, left_out, damage = [], [], []
    for entry in root:
        kind = entry.tag.rsplit("}", 1)[-1]
        if kind not in ("signalEntry", "valuesEntry", "eventEntry"):
            continue
        name = entry.get("id", "")
        file = folder / name
        if not name or "/" in name or "\\" in name or file.is_symlink() or not file.is_file():
            left_out.append(f"{name or kind}: no such file in the folder")
            continue
        if file.stat().st_size > MAX_BYTES:
            raise RecordingError(
                f"{path}: {name}: {file.stat().st_size >> 20} MiB ({MAX_BYTES >> 20} at most)"
            )
        found, why, lost = _entry(path, kind, entry, file, hints)
        streams += found
        left_out += [why] if why else []
        damage += [lost] if lost else []
    if not streams:
        raise RecordingError(f"{path}: no entry that can be imported ({'; '.join(left_out)})")
    epoch, zoned = math.nan, True
    if start := root.get("timestampStart"):
        epoch, _, zoned = moment(start)
    return FoundFile(
        path=path,
        layout=TITLE,
        streams=tuple(streams),
        epoch=epoch,
        zoned=zoned,
        resolution=0.1,
        left_out=tuple(left_out),
        damage=tuple(damage),
    )


def _root(place: Path) -> Element:
    data = place.read_bytes() if place.stat().st_size <= MAX_XML else b""
    if not data or b"<!ENTITY" in data or b"<!DOCTYPE" in data:
        raise RecordingError(f"{place}: longer than {MAX_XML >> 20} MiB, empty, or declares entities")
    try:
        return ElementTree.fromstring(data)
    except ElementTree.ParseError as error:
        raise RecordingError(f"{place}: malformed ({error})") from None


def _number(entry: Element, key: str, otherwise: float) -> float:
    try:
        value = float(entry.get(key) or otherwise)
    except ValueError:
        value = math.nan
    return value


def _entry(path: Path, kind: str, entry: Element, file: Path, hints: Hints) -> tuple[list[Found], str, str]:
    name = entry.get("id", "")
    modality = hints.sensor(name) or _modality(entry)
    rate = _number(entry, "sampleRate", math.nan)
    if not rate > 0:
        return [], f"{name}: no sampleRate", ""
    if kind == "eventEntry":
        return _events(entry, file, rate), "", ""
    if modality is None:
        return [], f"{name} ({entry.get('contentClass', 'no class')}): --sensor says what it is", ""
    unit = spelled(entry.get("unit", ""), modality)
    channels = [c.get("name", "") or str(i) for i, c in enumerate(_children(entry, "channel"))] or ["1"]
    if len(channels) > MAX_CHANNELS:
        return [], f"{name}: {len(channels)} channels", ""
    raw, lost = _raw(entry, file, len(channels))
    scale, base = _number(entry, "lsbValue", 1.0), _number(entry, "baseline", 0.0)
    if kind == "valuesEntry":
        times, samples = raw[:, 0] / rate, (raw[:, 1:] - base) * scale
        sfreq = 0.0
    else:
        times, samples, sfreq = even(len(raw), rate), (raw - base) * scale, rate
    wide = modality is Modality.ACC or samples.shape[1] == 1
    parts = (
        [(name, list(range(samples.shape[1])))]
        if wide
        else [(f"{name}:{c}", [i]) for i, c in enumerate(channels)]
    )
    found = [
        Found(
            name=title,
            modality=modality,
            unit=unit,
            sfreq=0.0 if modality is Modality.RR else sfreq,
            times=times,
            samples=samples[:, at],
            labels=tuple(channels[i] if i < len(channels) else str(i) for i in at),
        )
        for title, at in parts
    ]
    return found, "", f"{name}: {lost}" if lost else ""


def _modality(entry: Element) -> Modality | None:
    said = entry.get("contentClass", "")
    return modality_of(said) or modality_of(Path(entry.get("id", "")).stem)


def _children(entry: Element, tag: str) -> list[Element]:
    return [e for e in entry.iter() if e.tag.rsplit("}", 1)[-1] == tag]


def _raw(entry: Element, file: Path, n: int) -> tuple[FloatArray, str]:
    """Return stored values, shape (n_samples, n_channels), and what is missing at the end."""
    form = _children(entry, "csvFileFormat")
    if form:
        sign, decimal = form[0].get("separator", ";"), form[0].get("decimalSeparator", ".")
        rows = [
            [_cell(c, decimal) for c in line.split({"\\t": "\t"}.get(sign, sign))]
            for line in file.read_text("utf-8-sig", "replace").splitlines()
            if line.strip()
        ]
        width = max(set(map(len, rows)), key=[len(r) for r in rows].count) if rows else n
        kept = [r for r in rows if len(r) == width]
        table = np.array(kept, np.float64).reshape(-1, width)
        return table, f"{len(rows) - len(kept)} rows of another width" if len(kept) != len(rows) else ""
    ends = _children(entry, "binFileFormat")
    big = bool(ends) and ends[0].get("endianess", "LITTLE").upper() == "BIG"
    kind = np.dtype((">" if big else "<") + TYPES.get(entry.get("dataType", "int16"), "i2"))
    data = file.read_bytes()
    width = kind.itemsize * n
    whole = len(data) // width
    table = np.frombuffer(data, kind, whole * n).reshape(-1, n).astype(np.float64)
    return table, f"{len(data) - whole * width} bytes of a cut sample at its end" if len(data) % width else ""


def _cell(text: str, decimal: str) -> float:
    try:
        return float(text.replace(decimal, ".") if decimal != "." else text)
    except ValueError:
        return math.nan


def _events(entry: Element, file: Path, rate: float) -> list[Found]:
    form = _children(entry, "csvFileFormat")
    sign = form[0].get("separator", ";") if form else ";"
    times, texts = [], []
    for line in file.read_text("utf-8-sig", "replace").splitlines():
        cells = line.split({"\\t": "\t"}.get(sign, sign))
        if len(cells) > 1 and math.isfinite(stamp := _cell(cells[0], ".")):
            times.append(stamp / rate)
            texts.append(" ".join(c.strip() for c in cells[1:] if c.strip()) or "event")
    if not times:
        return []
    return [markers(entry.get("id", "events"), times, texts, "event")]
