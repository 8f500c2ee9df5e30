"""Recordings made before the recorder dropped such stamps and samples open, and give what can be believed."""

from __future__ import annotations

import json
import math

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from acquisition.event import Event
from acquisition.plausible import LARGEST, LATEST
from acquisition.recorder.store import RecordingStore
from acquisition.recording.recording import Recording
from acquisition.session.toml import dump_session, parse_session
from acquisition.stream import Modality, Role, StreamInfo
from processing.pipeline import Pipeline
from tests.acquisition.sine_driver import SESSION

ECG = StreamInfo(
    name="e",
    role=Role.CLIENT,
    modality=Modality.ECG,
    sfreq=100.0,
    unit="mV",
    channels=("e",),
    format="double64",
)
ANY = st.floats(width=64)


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(arrays.arrays(np.float64, 5, elements=ANY), arrays.arrays(np.float64, (5, 1), elements=ANY), ANY)
def test_a_recording_of_any_numbers_opens_and_goes_through_the_pipeline(
    tmp_path_factory: object, times: np.ndarray, samples: np.ndarray, offset: float
) -> None:
    path = tmp_path_factory.mktemp("r") / "r"  # type: ignore[attr-defined]
    with RecordingStore(path, fsync=0) as store:
        store.offset(ECG, 0.0, offset)
        store.samples(ECG, times, samples)
        store.event(Event(time=float(times[0]), code="suds", actor="client"))
        store.tick(1.0, 0.0)
    (batch,) = Recording(path).batches()
    keep = np.abs(times) <= LATEST
    if keep.any():
        part = batch.streams[ECG.key]
        np.testing.assert_array_equal(part.times, times[keep])
        absurd = np.abs(samples[keep]) >= LARGEST
        np.testing.assert_array_equal(part.samples, np.where(absurd, np.nan, samples[keep]))
        assert all(math.isfinite(value) for _, value in part.offsets)
    ((_, event),) = batch.events
    assert event.time == (times[0] if abs(times[0]) <= LATEST else 1.0)
    Pipeline([ECG], session_id="s").push(batch)


def test_a_label_of_control_characters_in_an_older_session_file_is_read_cleaned() -> None:
    text = dump_session(SESSION) + (
        '\n[recorded]\nstarted = "2026-11-01"\n[[recorded.stream]]\nrole = "client"\nmodality = "ecg"\n'
        f'name = "e"\nsfreq = 100.0\nunit = "mV"\nchannels = [{json.dumps("EDA" + chr(0x80))}]\n'
        f'source_id = "{"a" * 300}"\n'
    )
    recorded = parse_session(text, "session.toml").recorded
    assert recorded is not None
    assert recorded.streams[0].channels == ("EDA\ufffd",)
    assert recorded.streams[0].source_id == "a" * 200
