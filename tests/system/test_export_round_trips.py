"""What `attune export` writes comes back in with `attune import`: equal samples, stamps and events."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from acquisition.event import Event
from acquisition.importing.assigning import import_as
from acquisition.importing.files import import_files
from acquisition.importing.recognition import recognised
from acquisition.importing.store import Imported, store
from acquisition.recorder.store import RecordingStore
from acquisition.recording.recording import Recording
from acquisition.stream import Chunk, Modality, Role, StreamInfo
from processing.export.export import FORMATS
from processing.export.tracks import read_tracks

RNG = np.random.default_rng(11)
N = 600
BEGIN = 5000.0
ECG = (RNG.normal(0, 0.3, (N * 25, 1)) * 1).astype(np.float32)
EDA = (5 + np.cumsum(RNG.normal(0, 0.02, (N, 1)), axis=0)).astype(np.float32)
ACC = RNG.normal(0, 0.5, (N * 4, 3)).astype(np.float32)
RR = np.round(RNG.normal(850, 30, (150, 2)))
RR[:, 1] = [1.0, 0.0, np.nan] * 50
"""Of a strap that loses contact, and then does not say."""
PPI = np.column_stack([np.round(RNG.normal(850, 30, 150)), RNG.integers(3, 40, 150), np.tile([1.0, 0.0], 75)])
PPI[7, 0] = PPI[9, 1] = np.nan
"""Movement spoils an interval; of another the band does not say how far it is off."""
EVENTS = [
    Event(time=BEGIN + 20.25, code="segment", phase="on", actor="dyad", value="task", id="a"),
    Event(time=BEGIN + 31.5, code="suds", actor="client", value=40.0, id="b"),
    Event(time=BEGIN + 60.75, code="segment", phase="off", actor="dyad", ref="a", id="c"),
]


def info(
    name: str, modality: Modality, sfreq: float, unit: str, channels: tuple[str, ...] = ("",)
) -> StreamInfo:
    """Describe a stream of the client."""
    form = "double64" if modality in (Modality.RR, Modality.PPI) else "float32"
    return StreamInfo(
        name=name, role=Role.CLIENT, modality=modality, sfreq=sfreq, unit=unit, channels=channels, format=form
    )


STREAMS: list[tuple[StreamInfo, NDArray[np.float64], NDArray[Any]]] = [
    (info("ECG", Modality.ECG, 100.0, "mV", ("ECG",)), BEGIN + np.arange(N * 25) / 100, ECG),
    (info("EDA", Modality.EDA, 4.0, "uS", ("EDA",)), BEGIN + np.arange(N) / 4, EDA),
    (info("ACC", Modality.ACC, 16.0, "g", ("acc_x", "acc_y", "acc_z")), BEGIN + np.arange(N * 4) / 16, ACC),
    (info("RR", Modality.RR, 0.0, "ms", ("RR", "contact")), BEGIN + np.cumsum(RR[:, 0]) / 1000, RR),
    (
        info("PPI", Modality.PPI, 0.0, "ms", ("PPI", "error", "contact")),
        BEGIN + 0.8 * np.arange(1.0, 151.0, dtype=np.float64),
        PPI,
    ),
]


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a recording of one person, with events."""
    out = tmp_path_factory.mktemp("own") / "rec"
    store(out, [Imported(info=i, times=t, samples=s, offsets=[]) for i, t, s in STREAMS], sources=["x"])
    whole = tmp_path_factory.mktemp("with") / "D01_S01"
    with RecordingStore(whole, fsync=0) as made, made.bulk():
        (whole / "session.toml").write_bytes((out / "session.toml").read_bytes())
        for i, _, _ in STREAMS:
            made.open_stream(i)
        at = [0] * len(STREAMS)
        waiting = list(EVENTS)
        for number in range(1501):
            now = BEGIN + number / 10
            for k, (i, t, s) in enumerate(STREAMS):
                stop = int(np.searchsorted(t, now + 1e-9, side="right"))
                if stop > at[k]:
                    made.samples(i, t[at[k] : stop], s[at[k] : stop])
                    at[k] = stop
            while waiting and waiting[0].time <= now:
                made.event(waiting.pop(0))
            made.tick(now, 0.0)
    return whole


def written(recording: Path, form: str, out: Path) -> list[Path]:
    """Export a recording; return its files."""
    out.mkdir()
    return list(FORMATS[form](read_tracks(recording), out))


def got(path: Path, modality: Modality) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Return stamps since the recording's begin, and samples, of a kind."""
    chunks = [c for c in Recording(path) if isinstance(c, Chunk) and c.info.modality is modality]
    times = np.concatenate([c.times for c in chunks])
    return times, np.concatenate([c.samples for c in chunks])


def beside(path: Path, modality: Modality) -> tuple[str, ...]:
    """Return the labels of the further channels of a kind; those of an acceleration go by the format."""
    [found] = [i for i in Recording(path).streams if i.modality is modality]
    return STREAMS[2][0].channels[1:] if modality is Modality.ACC else found.channels[1:]


def events(path: Path) -> list[Event]:
    """Return the events of a recording."""
    return sorted((e for b in Recording(path).batches() for _, e in b.events), key=lambda e: e.time)


def test_csv_comes_back_to_the_bit(recording: Path, tmp_path: Path) -> None:
    files = {f.name: f for f in written(recording, "csv", tmp_path / "csv")}
    pairs = [(Role.CLIENT, f) for name, f in files.items() if name.startswith("client_")]
    import_as(pairs, out=tmp_path / "back")
    for i, times, samples in STREAMS:
        stamps, values = got(tmp_path / "back", i.modality)
        assert np.array_equal(stamps, times)
        assert np.array_equal(values, samples, equal_nan=True)
        assert beside(tmp_path / "back", i.modality) == i.channels[1:]


def test_xdf_comes_back_to_the_bit_with_its_events(recording: Path, tmp_path: Path) -> None:
    [file] = written(recording, "xdf", tmp_path / "xdf")
    import_as([(Role.CLIENT, file)], out=tmp_path / "back")
    for i, times, samples in STREAMS:
        stamps, values = got(tmp_path / "back", i.modality)
        assert np.array_equal(stamps, times)
        assert np.array_equal(values, samples, equal_nan=True)
        assert beside(tmp_path / "back", i.modality) == i.channels[1:]
    assert events(tmp_path / "back") == events(recording)


def test_bids_comes_back_to_the_bit(recording: Path, tmp_path: Path) -> None:
    files = written(recording, "bids", tmp_path / "bids")
    wanted = [f for f in files if f.name.endswith(("_physio.tsv.gz", "_events.tsv", "_beh.tsv"))]
    import_as([(Role.CLIENT, f) for f in wanted], out=tmp_path / "back")
    for i, times, samples in STREAMS:
        stamps, values = got(tmp_path / "back", i.modality)
        assert np.allclose(stamps, times - BEGIN, atol=1e-6)
        assert np.array_equal(values, samples, equal_nan=True)
        assert beside(tmp_path / "back", i.modality) == i.channels[1:]
    _compare_marks(tmp_path / "back", 1e-6)


def test_edf_comes_back_to_a_step_of_its_converter(recording: Path, tmp_path: Path) -> None:
    [file] = written(recording, "edf", tmp_path / "edf")
    found = {f.modality: f for f in recognised(file).streams}
    for i, times, samples in STREAMS[:2]:
        stream = found[i.modality]
        step = float(np.ptp(samples) + 0.002) / 65_535
        n = len(times)
        assert np.allclose(stream.times[:n], times - BEGIN, atol=1e-6)
        assert np.max(np.abs(stream.samples[:n] - samples)) <= step
    import_as([(Role.CLIENT, file)], out=tmp_path / "back")
    _compare_marks(tmp_path / "back", 1e-3)


def test_mne_comes_back_to_the_bit(recording: Path, tmp_path: Path) -> None:
    files = written(recording, "mne", tmp_path / "mne")
    import_as([(Role.CLIENT, f) for f in files[:1]], out=tmp_path / "first")
    for k, (i, times, samples) in enumerate(STREAMS[:3]):
        [file] = [f for f in files if i.name.lower() in f.name]
        stream = next(f for f in recognised(file).streams if f.modality is i.modality)
        assert np.allclose(stream.times, times - BEGIN, atol=1e-6), k
        assert np.array_equal(stream.samples, samples)
    _compare_marks(tmp_path / "first", 1e-3)


def test_a_gap_in_an_edf_comes_back_as_a_gap(recording: Path, tmp_path: Path) -> None:
    tracks = read_tracks(recording)
    eda = next(t for t in tracks.streams if t.info.name == "EDA")
    keep = (eda.times < BEGIN + 40) | (eda.times >= BEGIN + 50)
    torn = replace(eda, times=eda.times[keep], samples=eda.samples[keep])
    (tmp_path / "edf").mkdir()
    [file] = FORMATS["edf"](replace(tracks, streams=(torn,)), tmp_path / "edf")
    found = next(f for f in recognised(file).streams if f.modality is Modality.EDA)
    assert not np.any((found.times >= 40) & (found.times < 50))
    assert np.count_nonzero(found.times < 150) == np.count_nonzero(keep & (eda.times < BEGIN + 150))


def _compare_marks(path: Path, tolerance: float) -> None:
    """Compare what was marked, once, with what the recording holds."""
    back = [(e.code, e.phase, e.actor) for e in events(path)]
    assert back == [(e.code, e.phase, e.actor) for e in EVENTS]
    first = Recording(path)
    assert first.streams
    onsets = np.array([e.time for e in events(path)])
    assert np.allclose(onsets, [e.time - BEGIN for e in EVENTS], atol=tolerance)


def test_a_recordings_own_file_of_a_person_comes_back(recording: Path, tmp_path: Path) -> None:
    import_files([recording / "client.xdf"], ["therapist:eda:uS=EDA"], out=tmp_path / "back")
    stamps, values = got(tmp_path / "back", Modality.EDA)
    assert np.array_equal(stamps, STREAMS[1][1])
    assert np.array_equal(values, EDA)
