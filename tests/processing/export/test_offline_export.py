"""Exports, read back by the tools they are for."""

from __future__ import annotations

import csv
import gzip
import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import edfio
import mne
import numpy as np
import pytest
import pyxdf
from click.testing import CliRunner

from acquisition.commands.importing import import_command
from acquisition.session.session import NOT_KNOWN
from acquisition.stream import Modality
from processing.export.bad import Bad
from processing.export.export import FORMATS, export, export_csv, export_edf, export_mne, export_xdf
from processing.export.tracks import Tracks, on_even_grid, read_tracks, spans
from tests.processing.simulated_hour import START, infos, write_hour

BEGIN = START - 720.0


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> Tracks:
    """Return twelve minutes of the simulated dyad with one event taken back and one moved."""
    path = tmp_path_factory.mktemp("x") / "D01_S01"
    write_hour(path, streams=infos(leave_out=[Modality.VOICE]))
    before = read_tracks(path)
    moved, gone = (next(e for e in before.events if e.code == c) for c in ("now_moment", "note"))
    lines = [
        {"op": "edit", "id": moved.id, "fields": {"time": moved.time + 3.0}, "who": "R1", "why": "video"},
        {"op": "void", "id": gone.id},
    ]
    (path / "overlay.jsonl").write_text("\n".join(map(json.dumps, lines)), "utf-8")
    return read_tracks(path)


def ecg(tracks: Tracks) -> int:
    return next(k for k, t in enumerate(tracks.streams) if t.name == "client_ecg")


def test_csv_holds_every_sample_and_the_events_that_hold(tracks: Tracks, tmp_path: Path) -> None:
    export_csv(tracks, tmp_path)
    with (tmp_path / "client_ecg.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    track = tracks.streams[ecg(tracks)]
    assert rows[0] == ["time", "t", "ECG [mV]"]
    assert np.array_equal([float(r[0]) for r in rows[1:]], track.times)
    assert np.array_equal(np.array([float(r[2]) for r in rows[1:]], np.float32), track.samples[:, 0])
    with (tmp_path / "events.csv").open(newline="") as file:
        events = {r["code"]: r for r in csv.DictReader(file)}
    assert "note" not in events
    assert float(events["now_moment"]["t"]) == pytest.approx(720.0 - 62.0 + 3.0, abs=0.01)


def test_mne_reads_types_values_annotations_and_gaps(tracks: Tracks, tmp_path: Path) -> None:
    export_mne(tracks, tmp_path)
    raw = mne.io.read_raw_fif(tmp_path / "client_ecg_raw.fif", verbose="error")
    assert raw.get_channel_types() == ["ecg"]
    track = tracks.streams[ecg(tracks)]
    values = on_even_grid(track, tracks.begin, tracks.end)[:, 0]
    got = raw.get_data()[0]
    assert np.allclose(got[:1000] * 1e3, values[:1000], atol=1e-6, equal_nan=True)
    texts = list(raw.annotations.description)
    assert "now_moment/dyad" in texts
    assert "note/tech" not in texts
    pause = next(a for a in raw.annotations if a["description"] == "BAD_gap")
    assert pause["onset"] == pytest.approx(720.0 - 276.0, abs=0.3)
    assert pause["duration"] == pytest.approx(20.0, abs=0.5)
    eda = mne.io.read_raw_fif(tmp_path / "client_eda_raw.fif", verbose="error")
    assert eda.get_channel_types() == ["gsr"]
    assert np.nanmedian(eda.get_data()) == pytest.approx(4.5e-6, rel=0.4)


def bad_of(raw: mne.io.BaseRaw) -> dict[str, list[tuple[float, float]]]:
    """Return onset and duration of all that MNE would leave out, by text."""
    out: dict[str, list[tuple[float, float]]] = {}
    for a in raw.annotations:
        if a["description"].startswith("BAD_"):
            out.setdefault(a["description"], []).append((float(a["onset"]), float(a["duration"])))
    return out


def exported(tracks: Tracks, out: Path) -> mne.io.BaseRaw:
    (path,) = export_mne(replace(tracks, streams=(tracks.streams[ecg(tracks)],)), out)
    return mne.io.read_raw_fif(path, verbose="error")


def test_mne_reads_where_a_signal_is_bad_to_the_millisecond(tracks: Tracks, tmp_path: Path) -> None:
    begin, length = tracks.begin, tracks.end - tracks.begin
    stretches = {
        "motion": (100.25, 107.5), "low quality": (-2.0, 3.0), "late": (length - 4.0, length + 6.0),
        "before": (-9.0, -5.0), "after": (length + 1.0, length + 2.0),
    }  # fmt: skip
    heart = [Bad("client", "heart", begin + a, begin + b, why) for why, (a, b) in stretches.items()]
    others = [
        Bad("therapist", "heart", begin, begin + 9.0, "x"),
        Bad("client", "skin", begin, begin + 9.0, "x"),
    ]
    raw = exported(replace(tracks, bad=(*heart, *others)), tmp_path)
    got = bad_of(raw)
    (gap,) = got.pop("BAD_gap")
    missing = np.flatnonzero(np.isnan(raw.get_data()[0])) / raw.info["sfreq"]
    assert gap == pytest.approx((missing[0], missing[-1] - missing[0] + 1.0 / raw.info["sfreq"]), abs=1e-3)
    last = raw.n_times / raw.info["sfreq"]
    wanted = {
        "BAD_motion": (100.25, 7.25), "BAD_low_quality": (0.0, 3.0),
        "BAD_late": (length - 4.0, last - length + 4.0),
    }  # fmt: skip
    assert set(got) == set(wanted)
    for text, where in wanted.items():
        assert got[text] == [pytest.approx(where, abs=1e-3)]


@pytest.mark.parametrize(
    ("began", "date"),
    [
        ("2026-11-22T10:00:00.250+01:00", datetime(2026, 11, 22, 9, 0, 0, 250_000, tzinfo=UTC)),
        ("2026-11-22T10:00:00", None),  # of no zone: when that was is not known
        (NOT_KNOWN, None),
    ],
)
def test_fif_has_the_true_date_in_utc_or_none(
    tracks: Tracks, tmp_path: Path, began: str, date: datetime | None
) -> None:
    assert tracks.session is not None
    assert tracks.session.recorded is not None
    session = replace(tracks.session, recorded=replace(tracks.session.recorded, started=began))
    raw = exported(replace(tracks, session=session), tmp_path)
    assert raw.info["meas_date"] == date
    pause = next(a for a in raw.annotations if a["description"] == "BAD_gap")
    assert pause["onset"] == pytest.approx(720.0 - 276.0, abs=0.3)  # a date moves no mark


def test_what_was_marked_from_before_the_first_sample_keeps_its_end(tracks: Tracks, tmp_path: Path) -> None:
    rest = next(i for i in spans(tracks) if i.code == "baseline_rest")
    later = replace(tracks, begin=rest.start + 4.0)
    (got,) = (a for a in exported(later, tmp_path).annotations if a["description"] == "baseline_rest/tech")
    assert got["onset"] == 0.0
    assert got["duration"] == pytest.approx(rest.stop - rest.start - 4.0, abs=1e-3)
    (path,) = export_edf(later, tmp_path)
    (note,) = (a for a in edfio.read_edf(path).annotations if a.text == "baseline_rest/tech")
    assert note.onset == pytest.approx(-4.0)
    assert note.duration == pytest.approx(rest.stop - rest.start)


def test_edf_reads_rates_values_and_annotations(tracks: Tracks, tmp_path: Path) -> None:
    (path,) = export_edf(tracks, tmp_path)
    edf = edfio.read_edf(path)
    labels = {s.label: s for s in edf.signals}
    assert {"ECG C", "EDA C", "ECG T", "EDA T"} <= set(labels)
    assert labels["ECG C"].sampling_frequency == 130
    assert labels["EDA C"].physical_dimension == "uS"
    track = tracks.streams[ecg(tracks)]
    values = on_even_grid(track, tracks.begin, tracks.end)[:, 0]
    step = np.ptp(labels["ECG C"].physical_range) / 65535
    got = labels["ECG C"].data[:2000]
    assert np.nanmax(np.abs(got - values[:2000])) <= step
    texts = [a.text for a in edf.annotations]
    assert "gap/client_ecg" in texts
    assert "baseline_rest/tech" in texts
    rest = next(a for a in edf.annotations if a.text == "baseline_rest/tech")
    assert rest.duration == pytest.approx(304.0)


def test_one_xdf_holds_every_stream_and_event(tracks: Tracks, tmp_path: Path) -> None:
    (path,) = export_xdf(tracks, tmp_path)
    streams, _ = pyxdf.load_xdf(path, dejitter_timestamps=False)
    by_name = {s["info"]["name"][0]: s for s in streams}
    track = tracks.streams[ecg(tracks)]
    got = by_name["client ECG"]
    assert np.array_equal(got["time_series"], track.samples)
    assert np.allclose(got["time_stamps"], track.times, atol=1e-9)
    texts = [json.loads(r[0]) for s in streams for r in s["time_series"] if isinstance(r, list)]
    assert {t["code"] for t in texts} >= {"now_moment", "baseline_rest"}
    assert "note" not in {t["code"] for t in texts}


@pytest.mark.parametrize("kind", ["csv", "mne", "edf", "xdf"])
def test_a_stream_that_a_format_cannot_take_is_left_out_alone(
    tracks: Tracks, tmp_path: Path, kind: str
) -> None:
    streams = tuple(replace(t, times=t.times[:500], samples=t.samples[:500]) for t in tracks.streams)
    tracks, first = replace(tracks, streams=streams), streams[0]
    bad = replace(first, info=replace(first.info, name="odd"), samples=first.samples[:0])
    odd = replace(tracks, streams=(bad, *tracks.streams))
    (tmp_path / "a").mkdir()
    whole, none = export(kind, tracks, tmp_path / "a")
    assert none == []
    with pytest.raises(Exception):  # noqa: B017, PT011  # so the injection would have taken the others along
        FORMATS[kind](odd, tmp_path)
    (tmp_path / "b").mkdir()
    written, faults = export(kind, odd, tmp_path / "b")
    assert [p.name for p in written] == [p.name for p in whole]
    (fault,) = faults
    assert fault.startswith(f"{first.info.role} odd: could not be computed")


@pytest.mark.parametrize("n", [1, 2, 39, 40, 41, 42])
def test_no_sample_is_left_out_of_a_whole_file_at_its_end(tmp_path: Path, n: int) -> None:
    """EDF has records of a second, and the last tick may be the last sample's own stamp."""
    table = tmp_path / "eda.csv"
    values = 2.0 + 0.01 * np.arange(n)
    table.write_text("time,eda\n" + "".join(f"{i / 4},{v}\n" for i, v in enumerate(values)))
    recording = tmp_path / "D01_S01"
    done = CliRunner().invoke(
        import_command,
        [str(table), "--time", "time", "--stream", "client:eda:uS:4=eda", "--out", str(recording)],
    )
    assert done.exit_code == 0, done.output
    short = read_tracks(recording)
    for kind in ("edf", "mne", "bids"):
        FORMATS[kind](short, tmp_path)
    edf = edfio.read_edf(tmp_path / "D01_S01.edf").signals[0].data
    raw = mne.io.read_raw_fif(tmp_path / "client_eda_raw.fif", verbose="error").get_data()[0] * 1e6
    with gzip.open(next(tmp_path.rglob("*_physio.tsv.gz")), "rt") as file:
        bids = np.array([float(row) for row in file])
    for got in (edf, raw, bids):
        assert np.allclose(got[:n], values, atol=1e-3)
        assert len(got) >= n
