"""A recording with a gap, and the card of the unit that was worn, both made of one truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from acquisition.drivers.ble_stream import device_time_info
from acquisition.event import Event, Notice
from acquisition.events.assignments import Move, assign_event
from acquisition.gatt.shimmer_card import LogHeader
from acquisition.gatt.shimmer_values import GSR, conductance
from acquisition.protection.vault import Keys
from acquisition.recorder.store import RecordingStore
from acquisition.recording.identity import new_id
from acquisition.session.session import ProtectionSettings, Recorded
from acquisition.session.toml import dump_session
from acquisition.stream import FloatArray, IntArray, Modality, Role, StreamInfo
from tests.acquisition.ble_bench import device, session_of

EDA = StreamInfo(
    name="Shimmer EDA",
    role=Role.CLIENT,
    modality=Modality.EDA,
    sfreq=51.2,
    unit="uS",
    channels=("EDA",),
    exact=True,
    source_id="attunement-client-C0-eda",
    device="shimmer3r_gsr",
)
LENGTH, GAP = 100.0, (40.0, 60.0)
"""Seconds of the recording, and those that did not come."""
BEGIN, EPOCH = 1000.0, 1_700_000_000 * 32768
SKEW = 1.0004
"""LSL seconds of a second on the unit's clock."""


def truth(n: int) -> tuple[IntArray, FloatArray, IntArray]:
    """Return stamp [ticks], LSL time [s] and word of each sample."""
    ticks = EPOCH + 640 * np.arange(1, n + 1)
    times = BEGIN + 1.0 + (ticks - EPOCH) / 32768 * SKEW
    words = 2 << 14 | (1500 + (np.arange(n) * 37) % 900)
    return ticks, times, words


def in_file(info: StreamInfo, role: Role | None) -> StreamInfo:
    """Return a stream as in the file of a person; another than its first owner has it under another name."""
    if role is None or role is info.role:
        return info
    return replace(info, role=role, name=f"{info.name} 2")


def moves_to(role: Role | None) -> list[Move]:
    """Return what gives the unit to a person."""
    both = (EDA, device_time_info(EDA))
    return [Move(of=i.key, to=role, name=in_file(i, role).name) for i in both]


def written(
    path: Path,
    *,
    gap: tuple[float, float] = GAP,
    events: Sequence[Event] = (),
    keys: Keys | None = None,
    restart: float = 0.0,
    swaps: Sequence[tuple[float, Role | None]] = (),
) -> Path:
    """Write a recording that lacks a stretch; `restart` [s] sets the unit's clock back after it.

    From the moments of `swaps` [s] on the unit is another person's, and the recorder goes on in that file.
    """
    ticks, times, words = truth(round(LENGTH * 51.2))
    values = conductance(words).astype(np.float32)
    id = keys.recording if keys is not None else new_id()
    infos = (EDA, device_time_info(EDA))
    with RecordingStore(path, fsync=0.0, id=id, keys=keys) as store:
        recorded = Recorded(started="2026-11-22T10:00:00+00:00", streams=infos, id=id)
        session = session_of(device("shimmer3r_gsr", address="C0:FF:EE:00:00:01"))
        session = replace(session, recorded=recorded, protection=ProtectionSettings(sealed=keys is not None))
        (path / "session.toml").write_text(dump_session(session))
        given = [assign_event(BEGIN + at, "now", moves_to(role), f"to {role}") for at, role in swaps]
        due, owner = sorted([*events, *given], key=lambda e: e.time), [(BEGIN, Role.CLIENT, EDA)]
        owner += [(BEGIN + at, role, in_file(EDA, role)) for at, role in swaps]  # type: ignore[misc]
        for k in range(round((LENGTH + 1.5) * 10)):
            now = BEGIN + 0.1 * (k + 1)
            rows = np.flatnonzero((times > now - 0.1) & (times <= now))
            rows = rows[(times[rows] < BEGIN + gap[0]) | (times[rows] > BEGIN + gap[1])]
            _, role, info = [one for one in owner if one[0] <= now - 0.1 + 1e-9 or one[0] == BEGIN][-1]
            if len(rows) and role is not None:
                store.samples(info, times[rows], values[rows, None])
                stamp = round(int(ticks[rows[-1]]) * 1e9 / 32768)
                if restart and times[rows[0]] > BEGIN + gap[1]:
                    stamp -= round(restart * 1e9)
                row = np.array([[stamp, round(now * 1e9), len(rows)]], np.int64)
                store.samples(in_file(infos[1], role), times[rows[-1:]], row)
            if now - 0.1 < BEGIN + gap[1] <= now:
                a, b = BEGIN + gap[0], BEGIN + gap[1]
                n = int(((times >= a) & (times <= b)).sum())
                told = f"{n} samples missing"
                where = in_file(EDA, role)
                gone = {"role": where.role, "stream": where.name, "message": told, "start": a, "stop": b}
                store.notice(Notice(time=now, kind="gap", **gone))  # type: ignore[arg-type]
            while due and due[0].time <= now:
                store.event(due.pop(0).identified())
            store.tick(now, 1.7e9 + now)
    return path


def card(folder: Path, *, lost: Sequence[int] = (), restart_after: float = 0.0, restart: float = 0.0) -> Path:
    """Write the card: all samples but those whose numbers are lost; two files of a unit that began anew."""
    ticks, times, words = truth(round(LENGTH * 51.2))
    keep = ~np.isin(np.arange(len(ticks)), list(lost))
    parts = [(ticks[keep], words[keep])]
    if restart:
        first = (times < BEGIN + restart_after) & keep
        parts = [(ticks[first], words[first])]
        second = (times > BEGIN + restart_after + 4.0) & keep
        parts.append((ticks[second] - round(restart * 32768), words[second]))
    for number, (stamps, readings) in enumerate(parts):
        place = folder / "data" / "Attune_1" / f"Attune-{number:03d}"
        place.mkdir(parents=True)
        header = LogHeader(ticks=640, start=int(stamps[0]) - 10, channels=(GSR,))
        frames = b"".join(
            (int(t) % (1 << 24)).to_bytes(3, "little") + int(w).to_bytes(2, "little")
            for t, w in zip(stamps, readings, strict=True)
        )
        (place / "000").write_bytes(bytes(header) + frames)
    return folder
