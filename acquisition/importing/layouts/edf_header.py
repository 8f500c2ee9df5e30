"""The header of EDF and BDF files: what each field says, and which one says nothing that can be used."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from acquisition.errors import RecordingError

FIELDS = {"label": 16, "transducer": 80, "unit": 8, "low": 8, "high": 8, "digital_low": 8, "digital_high": 8}
FIELDS |= {"filter": 80, "n": 8, "reserved": 32}
MAX_SIGNALS = 512
ANNOTATIONS = ("EDF Annotations", "BDF Annotations")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """Hold the header: its size [bytes], what a record holds, and how signals become physical."""

    size: int
    width: int
    duration: float
    n_records: int
    reserved: str
    epoch: float
    labels: list[str]
    units: list[str]
    counts: list[int]
    ranges: list[tuple[float, float, float, float]]


def real(text: str) -> float:
    return float(text.strip().replace(",", "."))


def read_header(path: Path, data: bytes) -> Header:
    if (data[:8] not in (b"0       ", b"\xffBIOSEMI") and data[:8].strip() != b"0") or len(data) < 256:
        raise RecordingError(f"{path}: not an EDF or BDF file")
    wide = data[:1] == b"\xff"
    n = _whole(path, "number of signals", data[252:256])
    duration = _field(path, "duration of a record", data[244:252])
    blank = not data[236:244].strip(b"\0 ")  # they are counted then, as where it is -1
    n_records = -1 if blank else _whole(path, "number of records", data[236:244])
    if not 1 <= n <= MAX_SIGNALS or not duration > 0:
        raise RecordingError(f"{path}: {n} signals, records of {duration:g} s")
    fields: dict[str, list[str]] = {}
    at = 256
    for name, width in FIELDS.items():
        fields[name] = [
            data[at + i * width : at + (i + 1) * width].decode("latin-1").strip("\0 ") for i in range(n)
        ]
        at += n * width
    if len(data) < at:
        raise RecordingError(f"{path}: its header is cut")
    counts = [
        _whole(path, f"samples of signal {label!r}", text.encode())
        for label, text in zip(fields["label"], fields["n"], strict=True)
    ]
    if min(counts) < 1:
        raise RecordingError(f"{path}: a signal without samples")
    ranges = [_range(fields, i) for i in range(n)]
    return Header(
        size=at,
        width=3 if wide else 2,
        duration=duration,
        n_records=n_records,
        reserved=data[192:236].decode("latin-1").strip("\0 ")[:5],
        epoch=_epoch(data),
        labels=fields["label"],
        units=fields["unit"],
        counts=counts,
        ranges=ranges,
    )


def _range(fields: dict[str, list[str]], i: int) -> tuple[float, float, float, float]:
    """Return the limits of a signal; nan where one is no number, which costs this signal only."""
    if fields["label"][i] in ANNOTATIONS:
        return (-1.0, 1.0, -32768.0, 32767.0)
    a, b, c, d = (_real(fields[key][i]) for key in ("low", "high", "digital_low", "digital_high"))
    return a, b, c, d


def empty_range(limits: tuple[float, float, float, float]) -> str:
    """Return why limits do not say what counts stand for; "" if they do."""
    low, high, digital_low, digital_high = limits
    for kind, a, b in (("physical", low, high), ("digital", digital_low, digital_high)):
        if not math.isfinite(a + b):
            return f"a {kind} limit in its header is no number"
        if a == b:
            return f"its {kind} limits in the header are both {a:g}"
    return ""


def _real(text: str) -> float:
    try:
        return real(text)
    except ValueError:
        return math.nan


def _field(path: Path, what: str, data: bytes) -> float:
    text = data.decode("latin-1").strip("\0 ")
    value = _real(text)
    if not math.isfinite(value):
        raise RecordingError(f"{path}: {what} in its header is {text!r}, no number")
    return value


def _whole(path: Path, what: str, data: bytes) -> int:
    value = _field(path, what, data)
    if value != round(value):
        raise RecordingError(f"{path}: {what} in its header is {value!r}, no whole number")
    return round(value)


def _epoch(data: bytes) -> float:
    """Return the start as seconds of the wall clock; nan if it is blank or left out for privacy."""
    m = re.search(r"(\d\d)[.:](\d\d)[.:](\d\d)(\d\d)[.:](\d\d)[.:](\d\d)", data[168:184].decode("latin-1"))
    if m is None:
        return math.nan
    day, month, year, hour, minute, second = map(int, m.groups())
    long = re.search(r"Startdate \d\d-[A-Z]{3}-(\d{4})", data[88:168].decode("latin-1"))
    full = int(long[1]) if long else 1900 + year if year >= 85 else 2000 + year
    try:
        when = datetime(full, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return math.nan
    # 1985-01-01 00:00:00 is what anonymised files say.
    return math.nan if (full, month, day) == (1985, 1, 1) else when.timestamp()
