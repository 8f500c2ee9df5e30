"""Small simulated recordings with streams of many forms, and their content in a form that can be compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from acquisition.batch import Batch
from acquisition.event import Event, Notice
from acquisition.protection.vault import Keys
from acquisition.recorder.store import RecordingStore
from acquisition.session.session import Consent, Participant, Recorded, Session
from acquisition.session.toml import dump_session
from acquisition.stream import Modality, Role, StreamInfo

T0 = -3.25
"""First tick [s]; the LSL clock may be negative."""

ECG = StreamInfo(
    name="ECG",
    role=Role.CLIENT,
    modality=Modality.ECG,
    sfreq=130.0,
    unit="µV",
    channels=("ECG", "ECG raw"),
    format="int32",
    source_id="H10-1",
    device="polar_h10",
    metadata={"firmware": "3.1 <&>", "0 odd": "x"},
)
RR = StreamInfo(
    name="RR",
    role=Role.CLIENT,
    modality=Modality.RR,
    sfreq=0.0,
    unit="ms",
    channels=("RR",),
    format="double64",
    lateness=5.0,
)
EDA = StreamInfo(
    name="ECG", role=Role.THERAPIST, modality=Modality.EDA, sfreq=4.0, unit="µS", channels=("EDA",)
)
STAMPS = StreamInfo(
    name="EDA device time",
    role=Role.THERAPIST,
    modality=Modality.DEVICE_TIME,
    sfreq=0.0,
    unit="ns",
    channels=("t",),
    format="int64",
)
MARKERS = StreamInfo(
    name="PsychoPy",
    role=Role.DYAD,
    modality=Modality.MARKERS,
    sfreq=0.0,
    unit="",
    channels=("a", "b"),
    format="string",
)
SILENT = replace(EDA, name="never there", role=Role.CLIENT)
STREAMS = (ECG, RR, EDA, STAMPS, MARKERS, SILENT)

SESSION = Session(
    id="D07_S03",
    crisis_contact="duty clinician",
    client=Participant("C07", Consent(version="1", ecg=True, eda=True)),
    therapist=Participant("T02", Consent(version="1", ecg=True, eda=True)),
    recorded=Recorded(started="2026-11-22T10:00:00+00:00", streams=STREAMS),
)


def write_session(path: Path, id: str = "") -> None:
    """Write the session file of a recording."""
    assert SESSION.recorded is not None
    session = replace(SESSION, recorded=replace(SESSION.recorded, id=id))
    (path / "session.toml").write_text(dump_session(session), encoding="utf-8")


def values(info: StreamInfo, n: int, rng: np.random.Generator) -> Any:
    """Return n random samples of a stream."""
    shape = (n, len(info.channels))
    if info.format == "string":
        texts = [f"é{i}" for i in rng.integers(99, size=n * len(info.channels))]
        return np.array(texts, object).reshape(shape)
    if info.format.startswith("int"):
        return rng.integers(-(2**31), 2**31 - 1, shape).astype(info.format)
    return rng.normal(size=shape).astype("f4" if info.format == "float32" else "f8")


def fill(store: RecordingStore, n_ticks: int, rng: np.random.Generator) -> None:
    """Write slices with samples, offsets, events and notices at random."""
    for info in STREAMS:
        if info is not MARKERS:  # it comes late
            store.open_stream(info)
    for k in range(n_ticks):
        now = T0 + 0.1 * k
        for info in rng.permutation(np.array(STREAMS, object)):
            if info is not SILENT and rng.random() < 0.5:
                n = int(rng.integers(0, 4))
                store.samples(info, now - rng.random(n), values(info, n, rng))
            if info is not SILENT and rng.random() < 0.05:
                store.offset(info, now, float(rng.normal(0, 0.01)))
        if rng.random() < 0.1:
            actor = str(rng.choice(["client", "therapist", "dyad", "system"]))
            store.event(Event(time=now, code="now_moment", actor=actor, note="ä", id=str(k)))
        if rng.random() < 0.1:
            role = Role(str(rng.choice(["client", "therapist", "dyad"])))
            store.notice(Notice(time=now, kind="gap", role=role, stream="x", start=now - 1, stop=now))
        store.tick(now, 1.7e9 + now)


def record(
    path: Path,
    *,
    seed: int = 0,
    n_ticks: int = 150,
    close: bool = True,
    session: bool = True,
    keys: Keys | None = None,
) -> Path:
    """Make a recording; unless closed, it is left as a killed recorder leaves it."""
    store = RecordingStore(path, fsync=0, id=keys.recording if keys else "", keys=keys)
    if session:
        write_session(path, store.id)
    fill(store, n_ticks, np.random.default_rng(seed))
    if close:
        store.close()
    else:
        abandon(store)
    return path


def abandon(store: RecordingStore) -> None:
    """End a store as a kill does: nothing more is written, and the lock is gone."""
    store._release()


def content(batches: Iterable[Batch]) -> dict[str, Any]:
    """Return all that batches hold, independent of how they are cut."""
    ticks: list[tuple[int, float, float]] = []
    streams: dict[Any, dict[str, list[Any]]] = {}
    events, notices = [], []
    for batch in batches:
        numbers = batch.numbers.tolist()
        ticks += zip(numbers, batch.ticks.tolist(), batch.walls.tolist(), strict=True)
        for key, part in batch.streams.items():
            assert part.info.key == key
            assert part.samples.shape == (len(part.times), len(part.info.channels))
            of = streams.setdefault(key, {"times": [], "samples": [], "slices": [], "offsets": []})
            of["offsets"] += [(at + len(of["times"]), value) for at, value in part.offsets]
            of["times"] += part.times.tolist()
            of["samples"] += part.samples.tolist()
            of["slices"] += [numbers[k] for k in part.slices.tolist()]
        events += [(numbers[k], event) for k, event in batch.events]
        notices += [(numbers[k], notice.role, notice.to_json()) for k, notice in batch.notices]
    return {"ticks": ticks, "streams": streams, "events": events, "notices": notices}
