"""Chips and readouts of a review speak of the cursor: how each stream did then, and how good a value was."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.event import Event
from acquisition.stream import Modality, Role
from tests.viewer import synthetic
from tests.viewer.conftest import MakeWindow
from tests.viewer.synthetic import T0, Session, fill
from viewer.model.model import SessionModel
from viewer.model.runs import Runs
from viewer.status.device_state import device_states, streams_up


def ended(session: Session, seconds: float = 120.0) -> SessionModel:
    model = synthetic.model(session.infos)
    fill(model, seconds, session)
    model.state = "closed"
    return model


@given(st.lists(st.floats(0.05, 6.0), min_size=1, max_size=40), st.lists(st.integers(1, 39), max_size=5))
@settings(max_examples=40, deadline=None)
def test_runs_do_not_depend_on_how_stamps_arrive(steps: list[float], cuts: list[int]) -> None:
    times = np.cumsum(steps)
    whole, parts = Runs(), Runs()
    whole.extend(times)
    for part in np.split(times, sorted(set(cuts))):
        parts.extend(part)
    assert (parts.starts, parts.stops) == (whole.starts, whole.stops)
    for now in np.linspace(0.0, float(times[-1]) + 5.0, 50).tolist():
        before = times[times <= now]
        if len(before) == 0:
            assert np.isnan(whole.age(now))
        elif now - before[-1] > 2.0:
            assert whole.age(now) == pytest.approx(now - before[-1])
        else:
            assert whole.age(now) <= now - before[-1]


def test_chips_of_a_review_say_how_a_stream_did_at_the_cursor() -> None:
    model = ended(Session(silent={(Role.CLIENT, Modality.ECG): (60.0, 90.0)}))
    words = {}
    for moment in (50.0, 63.0, 80.0, 95.0):
        words[moment] = device_states(model, Role.CLIENT, T0 + moment)[0].word
    assert words == {50.0: "ok", 63.0: "no data for 3 s", 80.0: "no data for 20 s", 95.0: "ok"}
    assert streams_up(model, T0 + 80.0) == (3, 4) and streams_up(model, T0 + 50.0) == (4, 4)


def test_a_stream_that_comes_late_has_no_data_yet_before() -> None:
    model = ended(Session(silent={(Role.THERAPIST, Modality.EDA): (0.0, 40.0)}))
    assert device_states(model, Role.THERAPIST, T0 + 20.0)[1].word == "no data yet"
    assert device_states(model, Role.THERAPIST, T0 + 50.0)[1].word == "ok"


def test_contact_is_that_of_the_cursor() -> None:
    model = ended(Session())
    rows = synthetic.index_samples(60.0, 70.0)
    bad = [r for r in rows if r.index == "ecg_quality" and r.entity == "client"]
    model.add_samples([r._replace(value=0.1, available=r.time + 0.5) for r in bad])
    assert device_states(model, Role.CLIENT, T0 + 66.0)[0].word == "low contact"
    assert device_states(model, Role.CLIENT, T0 + 30.0)[0].word == "ok"


def test_a_person_who_paused_then_is_paused_then_and_only_then() -> None:
    pause = [
        Event(time=T0 + 50.0, code="consent_pause", phase="on", actor="client", id="p1"),
        Event(time=T0 + 90.0, code="consent_pause", phase="off", actor="client", id="p2"),
    ]
    model = ended(Session(events=pause))
    assert device_states(model, Role.CLIENT, T0 + 70.0)[0].word == "paused"
    assert device_states(model, Role.CLIENT, T0 + 100.0)[0].word == "ok"
    assert device_states(model, Role.THERAPIST, T0 + 70.0)[0].word == "ok"


def test_chips_and_values_follow_the_cursor(make_window: MakeWindow) -> None:
    model = ended(Session(silent={(Role.CLIENT, Modality.ECG): (60.0, 90.0)}))
    window = make_window(model, control=None)
    panel = window.panel
    texts = {}
    for moment in (50.0, 80.0):
        panel.go_to(moment)
        window.draw_all()
        texts[moment] = panel.strip.chips[Role.CLIENT].chips[0].text(), panel.lanes.lanes["HR"].header.text()
    assert texts[50.0][0] == "ECG ok" and texts[80.0][0] == "ECG no data for 20 s"
    assert texts[50.0][1] != texts[80.0][1]
    hr = model.known("client", "hr", 50.0)
    assert hr is not None and texts[50.0][1].startswith(f"C {hr.value:.0f} q 0.90;")
    assert panel.strip.streams.text() == "streams 3/4"
    assert "quality 0.90" in panel.lanes.lanes["HR"].header.toolTip()
