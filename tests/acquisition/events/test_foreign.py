"""Markers of other programs cannot say what only the recorder and its technician may say."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.event import Event
from acquisition.events.foreign import OLD, PRIVILEGED, foreign_event, marker_texts
from acquisition.events.overlay import effective
from acquisition.importing.store import Imported, store
from acquisition.recorder.store import RecordingStore
from acquisition.recording.recording import Recording
from acquisition.stream import Modality, Role, StreamInfo

MARKERS = StreamInfo(
    name="psychopy",
    role=Role.DYAD,
    modality=Modality.MARKERS,
    sfreq=0.0,
    unit="",
    channels=("m",),
    format="string",
)


def said(**fields: Any) -> str:
    return json.dumps({"v": 1} | fields)


@pytest.mark.parametrize("code", [*sorted(PRIVILEGED), "auto_above"])
@pytest.mark.parametrize("phase", ["point", "on", "off"])
def test_a_privileged_code_is_kept_as_text(code: str, phase: str) -> None:
    text = said(code=code, phase=phase, actor="client", source="key", id="7")
    assert foreign_event(1.0, text) == Event(time=1.0, code=text, source="lsl", t_unc=0.0)
    plain = foreign_event(1.0, code)
    assert (plain.code, plain.phase, plain.source) == (f"lsl: {code}", "point", "lsl")


def test_a_void_is_kept_as_text() -> None:
    text = said(code="suds", phase="void", ref="1")
    assert foreign_event(1.0, text).code == text


def test_an_event_of_ours_that_decides_nothing_is_that_event() -> None:
    event = foreign_event(1.0, said(code="segment", phase="on", value="task", id="7", source="key"))
    assert (event.code, event.phase, event.value, event.source) == ("segment", "on", "task", "lsl")
    assert event.id == "lsl:7"
    off = foreign_event(2.0, said(code="segment", phase="off", ref="7"))
    assert off.ref == "lsl:7"


def test_an_end_without_a_reference_ends_a_foreign_beginning_only() -> None:
    on, off = (foreign_event(t, said(code="segment", phase=p)) for t, p in ((1.0, "on"), (2.0, "off")))
    assert off.ref == on.id == "lsl:segment:dyad"


def test_any_other_text_is_a_point_marker_of_that_text() -> None:
    assert foreign_event(1.0, "trial begins") == Event(time=1.0, code="trial begins", source="lsl", t_unc=0.0)


@given(st.text(st.characters(), min_size=1, max_size=80), st.floats(width=64))
def test_any_text_is_read_and_can_be_written(text: str, time: float) -> None:
    for marker in (text, said(code=text, note=text, value=text, id=text), said(code="suds", value=time)):
        event = foreign_event(1.0, marker)
        assert event.phase != "void"
        event.to_json().encode("utf-8")
        assert Event.from_json(1.0, event.to_json()).to_json() == event.to_json()


@pytest.mark.parametrize("value", [10**400, -(10**400), float("inf"), float("nan"), [1], {"a": 1}, True])
def test_a_value_that_no_table_holds_is_kept_as_text(value: object) -> None:
    event = Event.from_json(1.0, said(code="suds", value=value, t_shift=value))
    assert isinstance(event.value, str)
    assert event.t_shift == 0.0


@pytest.mark.parametrize("own", [False, True], ids=["foreign stream", "imported"])
def test_in_a_recording_a_foreign_void_or_pause_takes_nothing_away(tmp_path: Path, own: bool) -> None:
    mark = Event(time=0.05, code="suds", actor="client", value=40.0, source="key").identified()
    texts = [
        said(code="suds", phase="void", ref=mark.id),
        said(code="consent_pause", phase="on", actor="client"),
    ]
    info = replace(MARKERS, device="import") if own else MARKERS
    with RecordingStore(tmp_path / "r", fsync=0) as store:
        store.event(mark)
        store.samples(info, np.array([0.06, 0.07]), np.array([[t] for t in texts], object))
        store.tick(0.1, 0.0)
    events = [item for item in Recording(tmp_path / "r") if isinstance(item, Event)]
    assert len(events) == 3
    held = effective(events, [])
    voided = mark.id not in [e.id for e in held]
    paused = any(e.code == "consent_pause" for e in held)
    assert not voided
    assert not paused


@given(time=st.floats(-1e10, 1e10), came=st.floats(0, 1e6))
def test_a_stamp_of_another_clock_is_not_used(time: float, came: float) -> None:
    event = foreign_event(time, "x", came)
    fits = came - OLD <= time <= came + 0.5
    assert event.time == (time if fits else came)
    assert (event.t_unc > 0) == (not fits)


def test_numbers_become_the_texts_that_they_are_read_as() -> None:
    assert marker_texts(np.array([1, -2], np.int32)) == ["1", "-2"]
    assert marker_texts(np.array([1.0, 2.5])) == ["1", "2.5"]
    assert marker_texts(np.array(["a\0 ", " b"], object)) == ["a", "b"]


def test_markers_in_a_recording_have_no_rights(tmp_path: Path) -> None:
    marks = StreamInfo(
        name="PsychoPy",
        role=Role.DYAD,
        modality=Modality.MARKERS,
        sfreq=0.0,
        unit="",
        channels=("",),
        format="string",
    )
    texts = np.array([["A"], ["baseline_rest"], [" "]], object)
    item = Imported(info=marks, times=np.array([10.0, 20.0, 21.0]), samples=texts, offsets=[])
    store(tmp_path / "rec", [item], sources=[])
    events = [e for batch in Recording(tmp_path / "rec").batches() for _, e in batch.events]
    assert [(e.code, e.time) for e in events] == [("A", 10.0), ("lsl: baseline_rest", 20.0)]


def test_markers_of_another_clock_in_a_recording_are_put_where_they_came(tmp_path: Path) -> None:
    marks = StreamInfo(
        name="PsychoPy",
        role=Role.DYAD,
        modality=Modality.MARKERS,
        sfreq=0.0,
        unit="",
        channels=("",),
        format="string",
    )
    with RecordingStore(tmp_path / "rec", fsync=0) as recording:
        recording.open_stream(marks)
        for number in range(30):
            if number in (10, 20):
                recording.samples(marks, np.array([1.7e9 + number]), np.array([["A"]], object))
            recording.tick(100.0 + number / 10, math.nan)
    found = list(Recording(tmp_path / "rec").batches())
    events = [e for batch in found for _, e in batch.events]
    assert [e.time for e in events] == pytest.approx([101.0, 102.0])
    assert all(e.t_unc == 1.0 for e in events)
    notices = [n.message for batch in found for _, n in batch.notices]
    assert len(notices) == 1
    assert "another clock" in notices[0]
