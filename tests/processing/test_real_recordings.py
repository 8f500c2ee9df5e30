"""Real hearts and skin that packages on PyPI ship: what holds of them on every machine."""

from __future__ import annotations

import warnings
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from acquisition.importing.files import import_files
from acquisition.recording.recording import Recording
from acquisition.stream import FloatArray
from processing.heart.hrv import rmssd
from processing.heart.rpeaks import RPeaks, detect_r_peaks
from processing.index import IndexSample
from processing.pipeline import Pipeline
from processing.skin.scr import detect_scrs
from tests.recordings import chest_ecg, falling_eda, laboratory, resting_ecg


def paired(found: FloatArray, others: FloatArray, within: float) -> float:
    """Return the share of all beats of both that have one of the other within so many seconds."""
    near = np.abs(found[:, None] - others[None, :])
    hits = (near.min(axis=1) <= within).sum() + (near.min(axis=0) <= within).sum()
    return float(hits / (len(found) + len(others)))


def neurokit(ecg: FloatArray, sfreq: float) -> FloatArray:
    """Return the beats that NeuroKit2 finds [s]."""
    import neurokit2 as nk

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _, found = nk.ecg_peaks(nk.ecg_clean(ecg, sampling_rate=int(sfreq)), sampling_rate=int(sfreq))
    return np.asarray(found["ECG_R_Peaks"], np.float64) / sfreq


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a recording of one person's real ECG at 512 Hz and EDA at 16 Hz, imported."""
    ecg, eda, sfreq = laboratory()
    assert sfreq == 2048.0
    folder = tmp_path_factory.mktemp("real")
    np.savez(folder / "person.npz", ecg=ecg[::4], eda=eda[: len(eda) // 128 * 128].reshape(-1, 128).mean(1))
    requests = ["client:ecg:mV:512=ecg", "client:eda:uS:16=eda"]
    import_files([folder / "person.npz"], requests, out=folder / "rec")
    return folder / "rec"


def computed(path: Path) -> list[IndexSample]:
    """Return all index samples of a recording."""
    recording = Recording(path)
    pipeline = Pipeline(recording.streams, session_id="real")
    return [sample for batch in recording.batches() for sample in pipeline.push(batch)]


def values(samples: list[IndexSample], index: str) -> FloatArray:
    """Return the values of one index that are there."""
    return np.array([s.value for s in samples if s.index == index and np.isfinite(s.value)])


def test_every_beat_of_twenty_minutes_is_one_that_another_detector_finds() -> None:
    ecg, sfreq = chest_ecg()
    found = detect_r_peaks(ecg, sfreq)
    assert paired(found, neurokit(ecg, sfreq), 0.05) > 0.999
    assert np.diff(found).min() > 0.5 and np.diff(found).max() < 1.0


def test_rmssd_of_a_person_at_rest_does_not_depend_on_who_finds_the_beats() -> None:
    ecg, sfreq = resting_ecg()
    ours, theirs = detect_r_peaks(ecg, sfreq), neurokit(ecg, sfreq)
    assert paired(ours, theirs, 0.05) > 0.995
    inside = theirs[(theirs >= ours[0] - 0.1) & (theirs <= ours[-1] + 0.1)]
    assert rmssd(1e3 * np.diff(ours)) == pytest.approx(rmssd(1e3 * np.diff(inside)), rel=0.03)


def test_pieces_of_a_real_ecg_give_the_beats_of_the_whole() -> None:
    ecg, sfreq = chest_ecg()
    ecg = ecg[:120_000]
    whole = RPeaks(sfreq).update(np.arange(len(ecg)) / sfreq, ecg)
    rng = np.random.default_rng(7)
    cuts = np.unique(np.concatenate(([0, len(ecg)], rng.integers(1, len(ecg), 300))))
    detector = RPeaks(sfreq)
    parts = [detector.update(np.arange(a, b) / sfreq, ecg[a:b]) for a, b in pairwise(cuts.tolist())]
    assert np.concatenate([p.times for p in parts]).tolist() == whole.times.tolist()


def test_a_real_person_has_a_heart_and_a_skin(hour: Path) -> None:
    samples = computed(hour)
    ecg, eda, sfreq = laboratory()
    rate = 60.0 / np.median(np.diff(neurokit(ecg[::2], sfreq / 2)))
    assert np.median(values(samples, "hr")) == pytest.approx(rate, abs=2.0)
    level = values(samples, "scl")
    assert len(level) > 90
    assert eda.min() - 0.02 <= level.min() and level.max() <= eda.max()
    heights = values(samples, "scr")
    assert 4 <= len(heights) <= 15, "about ten rises are seen in two minutes"
    assert heights.min() >= 0.05


def test_real_responses_are_the_same_at_two_rates() -> None:
    _, eda, sfreq = laboratory()
    at = {rate: eda[: len(eda) // 2048 * 2048].reshape(-1, int(sfreq / rate)).mean(1) for rate in (8, 64)}
    slow, fast = (detect_scrs(at[rate], float(rate)) for rate in (8, 64))
    large = fast.peak[(fast.amplitude > 0.1) & (fast.peak < 115.0)]
    assert len(large) >= 3
    assert (np.abs(large[:, None] - slow.peak).min(axis=1) < 1.0).all()


def test_a_conductance_below_zero_is_no_conductance(tmp_path: Path) -> None:
    eda, sfreq = falling_eda()
    np.savez(tmp_path / "eda.npz", eda=eda[: len(eda) // 250 * 250].reshape(-1, 250).mean(1))
    import_files([tmp_path / "eda.npz"], [f"client:eda:uS:{sfreq / 250:g}=eda"], out=tmp_path / "rec")
    samples = [s for s in computed(tmp_path / "rec") if s.index == "scl"]
    late = [s for s in samples if s.time > samples[0].time + 300.0]
    assert len(late) > 600
    assert all(np.isnan(s.value) and s.reason.startswith("below zero") for s in late)


def test_real_recordings_pass_through_an_import_unchanged(hour: Path) -> None:
    ecg, _, _ = laboratory()
    batches = list(Recording(hour).batches())
    info = next(i for i in Recording(hour).streams if i.modality == "ecg")
    stored = np.concatenate([b.streams[info.key].samples[:, 0] for b in batches if info.key in b.streams])
    assert np.array_equal(stored, ecg[::4].astype(stored.dtype))
