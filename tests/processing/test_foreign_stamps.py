"""Recordings of others whose stamps are wrong, from file to indices: right, and said in a line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from acquisition.importing.files import import_streams
from acquisition.stream import FloatArray
from processing.config import PipelineConfig
from processing.index import IndexSample
from processing.results.session_run import SessionRun, run_recording


def processed(
    tmp_path: Path, path: Path, stream: str, *, times: str = ""
) -> tuple[SessionRun, tuple[str, ...]]:
    out = tmp_path / "S1"
    done = import_streams([path], [stream], times=[times] if times else [], out=out)
    return run_recording(out, config=PipelineConfig()), done.notes


def of(run: SessionRun, index: str) -> list[IndexSample]:
    return [s for s in run.samples if s.index == index]


def place_errors(run: SessionRun, beats: FloatArray) -> FloatArray:
    """Return how far each R peak is from the nearest annotated beat [s]."""
    found = np.array([s.time for s in of(run, "ibi")])
    return np.asarray(np.abs(found[:, None] - beats).min(axis=1))


def test_r_peaks_keep_their_place_around_lost_samples(tmp_path: Path, data_dir: Path) -> None:
    path = data_dir / "cases" / "signals" / "lost_100ms_each_20s.npz"
    beats = np.load(path)["beats_s"]
    run, notes = processed(tmp_path, path, "client:ecg:mV:360=ecg", times="time")
    assert np.diff(np.load(path)["time"]).max() > 0.09  # else nothing was lost
    errors = place_errors(run, beats)
    assert len(errors) >= len(beats) - 4
    assert errors.max() < 0.005
    assert "288 samples missing in 8 places" in notes[0]
    missing = [s for s in of(run, "ibi") if s.reason == "samples missing"]
    assert 4 <= len(missing) <= 20


@pytest.mark.parametrize("rate", ["", ":166.5", ":156.67"])
def test_uneven_steps_do_not_move_r_peaks(tmp_path: Path, data_dir: Path, rate: str) -> None:
    path = data_dir / "cases" / "signals" / "uneven_steps_6_8ms.npz"
    beats = np.load(path)["beats_s"]
    run, _ = processed(tmp_path, path, f"client:ecg:mV{rate}=ecg", times="time")
    errors = place_errors(run, beats)
    assert len(errors) >= len(beats) - 3
    assert np.percentile(errors, 95) < 0.002
    assert errors.max() < 0.0025
    assert not [s for s in run.samples if "off" in s.reason or " 0 Hz" in s.reason]


@pytest.mark.parametrize(
    ("file", "stream", "said"),
    [
        ("31-xdf-first-marker-remote/remote.xdf", "ECG remote", ""),
        ("43-xdf-restarted/restart.xdf", "ECG", ""),
        ("44-xdf-wrong-rate/says250.xdf", "ECG", "130"),
        ("44-xdf-wrong-rate/chunk_stamps.xdf", "ECG", ""),
    ],
)
def test_every_beat_of_a_stream_with_odd_stamps_is_used(
    tmp_path: Path, data_dir: Path, file: str, stream: str, said: str
) -> None:
    run, notes = processed(tmp_path, data_dir / "cases" / file, f"client:ecg:mV={stream}")
    intervals = np.array([s.value for s in of(run, "ibi") if s.value == s.value])
    assert len(intervals) > 0.97 * 180.0 / (intervals.mean() / 1e3)
    assert intervals.std() < 40.0
    assert not [s for s in run.samples if "off" in s.reason]
    assert len([note for note in notes if said and said in note]) == bool(said)
