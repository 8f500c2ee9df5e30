"""OpenSignals (r)evolution .txt: a JSON header, then counts of the converter, one column per channel.

Transfer functions by device: BITalino (r)evolution EDA [µS] = ADC/2ⁿ · 3.3/0.132, ECG [mV] = (ADC/2ⁿ − 0.5) ·
3.3/1.1; biosignalsplux EDA [µS] = ADC/2ⁿ · 3.0/0.12, ECG [mV] = (ADC/2ⁿ − 0.5) · 3.0/1.019 (the sensors'
data sheets; BITalino's EDA as in its forum and OpenMuse); RespiBAN as biosignalsplux with an ECG gain of 1000
(readme of the data set WESAD).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from acquisition.errors import RecordingError
from acquisition.importing.found import Found, FoundFile, Hints, Peek, even, single
from acquisition.importing.stamps import moment
from acquisition.importing.tables.cells import numbers_of
from acquisition.importing.tables.dialect import Dialect
from acquisition.importing.tables.naming import modality_of
from acquisition.stream import FloatArray, Modality

TITLE = "OpenSignals (r)evolution"


class Transfer(NamedTuple):
    """Turn counts into a unit: (ADC/2ⁿ − offset) · gain."""

    offset: float
    gain: float
    unit: str


TRANSFERS: Mapping[str, Mapping[Modality, Transfer]] = {
    "bitalino": {
        Modality.EDA: Transfer(0.0, 3.3 / 0.132, "uS"),
        Modality.ECG: Transfer(0.5, 3.3 / 1.1, "mV"),
    },
    "respiban": {
        Modality.EDA: Transfer(0.0, 3.0 / 0.12, "uS"),
        Modality.ECG: Transfer(0.5, 3.0, "mV"),
    },
    "biosignalsplux": {
        Modality.EDA: Transfer(0.0, 3.0 / 0.12, "uS"),
        Modality.ECG: Transfer(0.5, 3.0 / 1.019, "mV"),
    },
}


KINDS = {"bitalino": "bitalino", "respiban": "respiban", "plux": "biosignalsplux"}
"""What a header calls a device, the special before the general."""


class Channel(NamedTuple):
    """Name a channel: label (A1), sensor as the header calls it, bits of the converter, its counts."""

    label: str
    sensor: str
    bits: int
    counts: FloatArray


def recognise(peek: Peek) -> bool:
    """Tell whether the first line is that of OpenSignals."""
    return peek.first.startswith("# OpenSignals Text File Format")


def read(path: Path, hints: Hints) -> FoundFile:
    """Read every device of a file; channels of unknown sensors are left out and named."""
    skip, header = _header(path)
    names = [str(c) for device in header.values() for c in device.get("column", [])]
    dialect = Dialect(
        encoding="utf-8",
        separator="\t",
        decimal=".",
        skip=skip,
        names=tuple(names),
        named=True,
        units=tuple("" for _ in names),
        preamble=(),
    )
    streams: list[Found] = []
    left_out: list[str] = []
    notes: list[str] = []
    first = 0
    for device in header.values():
        columns = [str(c) for c in device.get("column", [])]
        labels = [str(x) for x in device.get("label", [])] or [c for c in columns if not _is_digital(c)]
        at = [first + i for i, c in enumerate(columns) if c in labels]
        first += len(columns)
        bits = [int(b) for b in device.get("resolution", [])][-len(at) :]
        if not bits and at:
            raise RecordingError(f"{path}: its header does not say the resolution of its channels [bit]")
        sensors = [str(s) for s in device.get("sensor", [])]
        counts = numbers_of(path, dialect, at)
        channels = [Channel(*row) for row in zip(labels, sensors, bits, counts, strict=False)]
        kind = " ".join(str(device.get(key, "")) for key in ("device", "device name")).strip()
        found, out, said = converted(path, kind, _rate(path, device), channels, hints)
        if len(header) > 1:
            title = str(device.get("device name", "")) or str(device.get("device connection", ""))
            found = [replace(f, name=f"{title}:{f.name}") for f in found]
        streams += found
        left_out += out
        notes += said
    if not streams:
        raise RecordingError(
            f"{path}: no channel of a known sensor ({'; '.join(left_out)}); --sensor A1=ECG says what one is"
        )
    some = next(iter(header.values()))
    return FoundFile(
        path=path,
        layout=TITLE,
        streams=tuple(streams),
        epoch=started(some),
        zoned=False,
        resolution=0.001,
        left_out=tuple(left_out),
        notes=tuple(notes),
    )


def _is_digital(column: str) -> bool:
    """Tell whether a column is a packet number or a digital port, not a channel of the converter."""
    return column == "nSeq" or re.fullmatch(r"D?[IO]\d*|DIO?", column) is not None


def started(device: Mapping[str, Any]) -> float:
    """Return the start as seconds of the wall clock; nan if the header does not say."""
    try:
        year, month, day = (int(x) for x in str(device["date"]).split("-"))
        hour, minute, second = str(device["time"]).split(":")
        text = f"{year:04d}-{month:02d}-{day:02d} {int(hour):02d}:{int(minute):02d}:00"
        return moment(text)[0] + float(second)
    except (KeyError, ValueError, TypeError):
        return math.nan


def converted(
    path: Path, device: str, sfreq: float, channels: Sequence[Channel], hints: Hints
) -> tuple[list[Found], list[str], list[str]]:
    """Return streams in physical units, what is left out, and which transfer functions were used."""
    kind = next((KINDS[word] for word in KINDS if word in device.casefold()), "")
    streams, left_out, notes = [], [], []
    for channel in channels:
        modality = hints.sensor(channel.label) or modality_of(channel.sensor)
        transfer = TRANSFERS.get(kind, {}).get(modality) if modality else None
        if modality is None or (transfer is None and modality is not Modality.RESP):
            why = (
                f"no transfer function for {device or 'its device'}"
                if modality
                else "sensor unknown; --sensor says it"
            )
            left_out.append(f"{channel.label} ({channel.sensor}): {why}")
            continue
        values = channel.counts / 2.0**channel.bits
        unit = ""
        if transfer is not None:
            values, unit = (values - transfer.offset) * transfer.gain, transfer.unit
            notes.append(
                f"{channel.label}: {channel.bits} bit counts of {device} to {unit} by "
                f"(ADC/2^{channel.bits} - {transfer.offset:g}) x {transfer.gain:.6g}"
            )
        streams.append(
            Found(
                name=channel.label,
                modality=modality,
                unit=unit,
                sfreq=sfreq,
                times=even(len(values), sfreq),
                samples=single(values),
                labels=(channel.sensor,),
            )
        )
    return streams, left_out, notes


def _rate(path: Path, device: Mapping[str, Any]) -> float:
    try:
        rate = float(device["sampling rate"])
    except (KeyError, ValueError, TypeError):
        rate = math.nan
    if not (np.isfinite(rate) and rate > 0):
        raise RecordingError(f"{path}: its header has no sampling rate")
    return rate


def _header(path: Path) -> tuple[int, dict[str, dict[str, Any]]]:
    skip, text = 0, ""
    with path.open(encoding="utf-8", errors="replace") as file:
        for line in file:
            skip += 1
            if line.startswith("# {"):
                text = line[2:]
            if line.startswith("# EndOfHeader") or not line.startswith("#"):
                break
    try:
        header = json.loads(text)
    except (ValueError, RecursionError):
        raise RecordingError(f"{path}: its header is no JSON") from None
    devices = {k: v for k, v in header.items() if isinstance(v, dict)} if isinstance(header, dict) else {}
    if not devices:
        raise RecordingError(f"{path}: its header names no device")
    return skip, devices
