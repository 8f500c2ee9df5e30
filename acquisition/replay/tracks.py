"""What there is to replay: the streams of a recording directory or of any .xdf file, on one clock."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.errors import RecordingError
from acquisition.lsl.network import describe
from acquisition.lsl.outlet import Announcement, default_source_id
from acquisition.protection.plain import open_plain
from acquisition.stream import ROLES, FloatArray, Role
from acquisition.xdf import ForeignStream, load_foreign
from acquisition.xdf.clock_segments import on_one_clock
from acquisition.xdf.header import MAX_XML, header_text, stream_info

STEP = 0.5
"""A clock offset that differs by more [s] is a reset: it applies at once, others are joined by lines."""
UNPUBLISHED = frozenset(("Tick", "Notices", "DeviceTime"))


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """Hold a stream: stamps [s], shape (n,), with clock offsets applied; samples, shape (n, n_channels)."""

    announcement: Announcement
    times: FloatArray
    samples: NDArray[Any]


def load_tracks(path: Path) -> list[Track]:
    """Read every stream that can be published and has samples; each with a source_id of its own.

    Raises
    ------
    RecordingError
        If there is no recording at `path`.
    """
    taken: set[str] = set()
    tracks = []
    for role, file in _files(path):
        for stream in load_foreign(file, opened=open_plain if path.is_dir() else None):
            if stream.header.kind in UNPUBLISHED or len(stream.times) == 0:
                continue
            said = _announcement(stream, role, own=path.is_dir())
            said = replace(said, source_id=_unique(said.source_id, said.name, taken))
            if path.is_dir():
                offsets = [(position, value) for position, _, value in stream.offsets]
                times = corrected(stream.times, offsets)
            else:
                times = on_one_clock(stream.times, stream.offsets).times
            tracks.append(Track(said, times, stream.samples))
    return tracks


def _files(path: Path) -> Iterator[tuple[Role, Path]]:
    if not path.is_dir():
        yield Role.DYAD, path
        return
    files = [(role, path / f"{role}.xdf") for role in ROLES if (path / f"{role}.xdf").exists()]
    if not files:
        raise RecordingError(f"{path}: no recording (no client.xdf, therapist.xdf or dyad.xdf)")
    yield from files


def _announcement(stream: ForeignStream, role: Role, *, own: bool) -> Announcement:
    header = stream.header
    info = stream_info(header, role)
    said = describe(header_text(header.xml), header.n_channels, longest=MAX_XML)
    source_id = info.source_id if info is not None else ""
    if own and source_id.startswith("attunement-") and info is not None and role.value not in source_id:
        source_id = f"attunement-{role}-{header.name}"  # the events of each file are under one identity there
    if not source_id:
        source_id = default_source_id(info) if info is not None else f"attunement-{role}-{header.name}"
    return Announcement(
        name=header.name,
        type=header.kind,
        sfreq=header.sfreq,
        format=header.format,
        labels=said.labels,
        units=said.units,
        source_id=source_id,
        facts=said.facts,
    )


def _unique(source_id: str, name: str, taken: set[str]) -> str:
    """Return a source_id that no other stream has: a sender may be recorded as several streams."""
    wishes = [
        source_id,
        f"{source_id}-{name}",
        *(f"{source_id}-{name}-{i}" for i in range(2, len(taken) + 3)),
    ]
    chosen = next(wish for wish in wishes if wish not in taken)
    taken.add(chosen)
    return chosen


def corrected(times: FloatArray, offsets: Sequence[tuple[int, float]]) -> FloatArray:
    """Return stamps of our own files with clock offsets applied, joined by lines, by a step at a reset.

    Parameters
    ----------
    times : ndarray, shape (n_samples,)
        Raw stamps [s].
    offsets : sequence of (position, value)
        Seconds to add, measured before sample `position`.
    """
    knots = {min(position, len(times) - 1): value for position, value in offsets}
    if not knots or not len(times):
        return times.copy()
    places, values = np.array(sorted(knots)), np.array([knots[k] for k in sorted(knots)])
    resets = 1 + np.flatnonzero(np.abs(np.diff(values)) > STEP)
    out = times.copy()
    for part in np.split(np.arange(len(places)), resets):
        begin = 0 if part[0] == 0 else places[part[0]]
        end = len(times) if part[-1] == len(places) - 1 else places[part[-1] + 1]
        raw = times[begin:end]
        order = np.argsort(times[places[part]], kind="stable")
        out[begin:end] = raw + np.interp(raw, times[places[part]][order], values[part][order])
    return out
