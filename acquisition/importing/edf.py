"""Read EDF and EDF+C (https://www.edfplus.info/specs): enough to import signals, without another library."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from acquisition.errors import RecordingError
from acquisition.importing.table import Column, Wanted, choose

FIELDS = {"label": 16, "transducer": 80, "unit": 8, "low": 8, "high": 8, "digital_low": 8, "digital_high": 8}
FIELDS |= {"filter": 80, "n": 8, "reserved": 32}
MAX_SIGNALS = 512


@dataclass(frozen=True, slots=True)
class _Header:
    size: int
    duration: float
    labels: list[str]
    units: list[str]
    counts: list[int]
    ranges: list[tuple[float, float, float, float]]


def read_edf(path: Path, wanted: Sequence[Wanted]) -> list[Column]:
    """Read signals by label, in physical units; sample i is at i / rate.

    Raises
    ------
    RecordingError
        If the file is not EDF, has interruptions (EDF+D), or has no such signal.
    """
    data = path.read_bytes()
    header = _header(path, data)
    width = sum(header.counts)
    body = np.frombuffer(data, "<i2", offset=header.size, count=(len(data) - header.size) // 2)
    records = body[: len(body) // width * width].reshape(-1, width)
    columns = []
    for want in wanted:
        i = choose(path, "signal", want.name, header.labels, numbered=True)
        begin = sum(header.counts[:i])
        low, high, digital_low, digital_high = header.ranges[i]
        if digital_high == digital_low:
            raise RecordingError(f"{path}: signal {want.name!r}: its digital range is empty")
        scale = (high - low) / (digital_high - digital_low)
        raw = records[:, begin : begin + header.counts[i]].reshape(-1, 1)
        columns.append(
            Column(
                times=None,
                samples=(raw.astype(np.float64) - digital_low) * scale + low,
                labels=(header.labels[i],),
                sfreq=header.counts[i] / header.duration,
                unit=header.units[i],
            )
        )
    return columns


def _header(path: Path, data: bytes) -> _Header:
    if data[:8].strip() != b"0" or len(data) < 256:
        raise RecordingError(f"{path}: not an EDF file")
    if data[192:236].startswith(b"EDF+D"):
        raise RecordingError(
            f"{path}: has interruptions (EDF+D); convert it to EDF+C or .csv with a time column"
        )
    n, duration = int(data[252:256]), float(data[244:252])
    if not 1 <= n <= MAX_SIGNALS or not duration > 0:
        raise RecordingError(f"{path}: {n} signals, records of {duration:g} s")
    fields: dict[str, list[str]] = {}
    at = 256
    for name, width in FIELDS.items():
        fields[name] = [
            data[at + i * width : at + (i + 1) * width].decode("latin-1").strip() for i in range(n)
        ]
        at += n * width
    ranges = [
        (float(a), float(b), float(c), float(d))
        for a, b, c, d in zip(
            fields["low"], fields["high"], fields["digital_low"], fields["digital_high"], strict=True
        )
    ]
    counts = [int(text) for text in fields["n"]]
    if min(counts) < 1:
        raise RecordingError(f"{path}: a signal without samples")
    return _Header(at, duration, fields["label"], fields["unit"], counts, ranges)
