"""OpenSignals (r)evolution .h5: a group per device, counts under raw/channel_N."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from acquisition.errors import RecordingError
from acquisition.importing.found import Found, FoundFile, Hints, Peek
from acquisition.importing.layouts.opensignals import Channel, converted, started

TITLE = "OpenSignals (r)evolution HDF5"
MAGIC = b"\x89HDF\r\n\x1a\n"
MAX_VALUES = 1 << 28


def recognise(peek: Peek) -> bool:
    """Tell whether it is an HDF5 file; what is inside shows when it is read."""
    return peek.head.startswith(MAGIC) and peek.suffix in (".h5", ".hdf5")


def read(path: Path, hints: Hints) -> FoundFile:
    """Read every device of a file."""
    import h5py

    streams: list[Found] = []
    left_out: list[str] = []
    notes: list[str] = []
    epoch = float("nan")
    with h5py.File(path, "r") as file:
        for group in [file[k] for k in file if isinstance(file[k], h5py.Group)]:
            raw = group.get("raw")
            if raw is None or "sampling rate" not in group.attrs:
                continue
            about = {k: _plain(v) for k, v in group.attrs.items()}
            bits = np.atleast_1d(group.attrs.get("resolution", 16))
            numbers = [int(n) for n in np.atleast_1d(group.attrs.get("channels", []))]
            channels = [
                _channel(path, raw, n, i, bits, about) for i, n in enumerate(numbers) if f"channel_{n}" in raw
            ]
            found, out, said = converted(
                path, str(about.get("device", "")), float(group.attrs["sampling rate"]), channels, hints
            )
            streams, left_out, notes = streams + found, left_out + out, notes + said
            epoch = started(about)
    if not streams:
        raise RecordingError(
            f"{path}: no channel of a known sensor ({'; '.join(left_out) or 'no group with raw counts'}); "
            "--sensor channel_1=ECG says what one is"
        )
    return FoundFile(
        path=path,
        layout=TITLE,
        streams=tuple(streams),
        epoch=epoch,
        zoned=False,
        resolution=0.001,
        left_out=tuple(left_out),
        notes=tuple(notes),
    )


def _channel(path: Path, raw: Any, number: int, i: int, bits: Any, about: dict[str, Any]) -> Channel:
    data = raw[f"channel_{number}"]
    if data.size > MAX_VALUES:
        raise RecordingError(f"{path}: channel_{number} has {data.size} values ({MAX_VALUES} at most)")
    sensors = about.get("sensor", [])
    said = data.attrs.get("sensor", sensors[i] if isinstance(sensors, list) and i < len(sensors) else "RAW")
    width = int(bits[min(i, len(bits) - 1)])
    return Channel(f"channel_{number}", str(_plain(said)), width, np.asarray(data, np.float64).reshape(-1))


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, np.ndarray):
        return [_plain(v) for v in value.tolist()] if value.ndim else _plain(value.item())
    return value
