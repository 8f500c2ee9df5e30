"""The model is the same live, late and all at once; pauses, losses and undone events are in it."""

from __future__ import annotations

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.batch import Gatherer
from acquisition.event import Event, Notice
from acquisition.stream import Chunk, Modality, Role, StreamInfo
from acquisition.tick import Tick
from processing.index import IndexSample
from tests.acquisition.timebase.stamped import bursts, stream
from tests.viewer import synthetic
from tests.viewer.synthetic import T0, Session, fill, index_samples, marks
from viewer.model.model import SessionModel
from viewer.status.device_state import device_states, streams_up


def same(one: SessionModel, other: SessionModel) -> None:
    """Assert that two models hold the same, to the bit."""
    assert one.elapsed == other.elapsed
    assert (
        one.events == other.events
        and one.recorded().spans == other.recorded().spans
        and one.paused == other.paused
    )
    assert one.waves.keys() == other.waves.keys() and one.traces.keys() == other.traces.keys()
    for key, wave in one.waves.items():
        np.testing.assert_array_equal(wave.values, other.waves[key].values)
        np.testing.assert_array_equal(wave.times(0, wave.n), other.waves[key].times(0, wave.n))
    for name, trace in one.traces.items():
        np.testing.assert_array_equal(trace.times, other.traces[name].times)
        np.testing.assert_array_equal(trace.values, other.traces[name].values)


@settings(max_examples=15, deadline=None)
@given(steps=st.lists(st.integers(1, 90), min_size=1, max_size=12))
def test_a_window_started_anew_shows_what_the_killed_one_showed(steps: list[int]) -> None:
    events = list(marks(60.0))
    live, late = synthetic.model(), synthetic.model()
    session, done = Session(events=events), 0
    for step in steps:
        live.add_batch(session.batch(step))
        live.add_samples(index_samples(done / 10, (done + step) / 10))
        done += step
    late.add_batch(Session(events=events).batch(done))
    late.add_samples(index_samples(0.0, done / 10))
    same(live, late)


def test_no_row_of_a_pause_has_a_value_even_if_it_was_made_of_what_came_before() -> None:
    events = [
        Event(time=T0 + 4, code="consent_pause", phase="on", actor="client", id="p"),
        Event(time=T0 + 12, code="consent_pause", phase="off", actor="client", ref="p", id="q"),
    ]
    session, model = Session(events=events), synthetic.model()
    for begin in (0, 50, 100):  # the second batch ends in the pause
        model.add_batch(session.batch(50))
        model.add_samples(index_samples(begin / 10, (begin + 50) / 10))
    for entity, index in (("client", "arousal"), ("client", "hr"), ("dyad", "sync_hr")):
        trace = model.trace(entity, index)
        inside = (trace.times >= T0 + 4 - model.t0) & (trace.times < T0 + 12 - model.t0)
        assert inside.sum() >= 7
        assert np.isnan(trace.values[inside]).all()
        assert np.isfinite(trace.values[~inside]).all()
        assert model.known(entity, index, float(trace.available[inside][-1]) + 1e-3).reason == "paused"  # type: ignore[union-attr]
    assert np.isfinite(model.trace("therapist", "hr").values).all()


def test_pause_is_known_until_the_resume() -> None:
    model = synthetic.model()
    events = [
        Event(time=T0 + 4, code="consent_pause", phase="on", actor="client", id="p"),
        Event(time=T0 + 12, code="consent_pause", phase="off", actor="client", id="q"),
    ]
    session = fill(model, 10.0, Session(events=events))
    assert model.is_paused(Role.CLIENT, model.elapsed) and not model.is_paused(Role.THERAPIST, model.elapsed)
    assert {s.word for s in device_states(model, Role.CLIENT, model.now)} == {"paused"}
    model.add_batch(session.batch(50))
    assert not model.paused
    assert model.pauses == {Role.CLIENT: [(T0 + 4 - model.t0, T0 + 12 - model.t0)]}
    assert model.is_paused(Role.CLIENT, 5.0) and not model.is_paused(Role.CLIENT, 13.0)


def test_silence_of_a_stream_is_seen_and_counted_in_seconds() -> None:
    model = synthetic.model()
    session = Session(silent={(Role.CLIENT, Modality.ECG): (20.0, math.inf)})
    words = []
    for second in range(36):
        model.add_batch(session.batch(10))
        model.add_samples(index_samples(second, second + 1.0))
        words.append(device_states(model, Role.CLIENT, model.now)[0].word)
    assert words[18] == "ok"
    assert words[22] == "stale 3 s"
    assert words[31] == "lost 12 s"
    assert streams_up(model, model.now) == (3, 4)


def test_reported_loss_shows_at_once_and_ends_with_data() -> None:
    model = synthetic.model()
    lost = Notice(time=T0 + 5, kind="lost", role=Role.CLIENT, stream="ECG", start=T0 + 4.0)
    session = Session(silent={(Role.CLIENT, Modality.ECG): (4.0, 8.0)}, notices=[lost])
    model.add_batch(session.batch(60))
    assert device_states(model, Role.CLIENT, model.now)[0].word == "lost 2 s"
    model.add_batch(session.batch(40))
    assert device_states(model, Role.CLIENT, model.now)[0].word == "ok"


def test_unit_that_is_not_known_is_said_and_nothing_is_drawn() -> None:
    infos = [i for i in synthetic.streams() if i.modality is Modality.EDA]
    bad = [type(i)(**{f: getattr(i, f) for f in i.__slots__ if f != "unit"}, unit="furlong") for i in infos]
    model = synthetic.model(bad)
    fill(model, 5.0)
    assert not any(wave.n for wave in model.waves.values())
    assert "furlong" in device_states(model, Role.CLIENT, model.now)[0].detail


def test_open_intervals_are_found_after_a_restart() -> None:
    model = synthetic.model()
    fill(model, 60.0, Session(events=list(marks(60.0))))
    assert [(s.code, s.actor) for s in model.recorded().open] == [("baseline_rest", "tech")]


def test_a_coupling_is_not_shown_before_there_is_a_chance_band() -> None:
    model = synthetic.model()
    model.add_batch(Session(events=[]).batch(300))
    for time, low, reason in ((10.0, math.nan, "not before minute 5"), (11.0, 0.2, "")):
        at = T0 + time, T0 + time
        model.add_samples(
            [
                IndexSample(*at, "dyad", "sync_hr", 0.7, "", 1.0, ""),
                IndexSample(*at, "dyad", "sync_hr_chance_low", low, "", 1.0, reason),
            ]
        )
    early, later = (model.known("dyad", "sync_hr", moment) for moment in (10.5, 11.5))
    assert early is not None and math.isnan(early.value)
    assert early.reason == "no chance band yet: not before minute 5"
    assert later is not None and abs(later.value - 0.7) < 1e-6


def test_packets_are_drawn_at_the_times_of_their_samples_and_the_chip_says_what_that_costs() -> None:
    ecg = StreamInfo(
        name="ECG", role=Role.CLIENT, modality=Modality.ECG, sfreq=130.0, unit="mV", channels=("ECG",)
    )
    sent = stream(bursts, seconds=30.0)
    model = SessionModel(facts=synthetic.model().facts, streams=(ecg,))
    arrive, words, at = np.maximum.accumulate(np.fmax(sent.stamps, sent.true)), set[str](), 0
    for k in range(310):
        tick = 100.0 + k / 10
        stop = int(np.searchsorted(arrive, tick, "right"))
        gatherer = Gatherer()
        if stop > at:
            gatherer.add(Chunk(ecg, sent.stamps[at:stop], np.ones((stop - at, 1))))
        at = stop
        gatherer.add(Tick(k, tick, 1.7e9 + tick))
        model.add_batch(gatherer.take())
        words |= {state.word for state in device_states(model, Role.CLIENT, tick)} if k > 10 else set()
    wave = model.waves[Role.CLIENT, Modality.ECG]
    times = wave.times(0, wave.n)
    assert np.diff(times).min() > 0.0 and np.diff(times).max() < 2.0 / 130.0  # no burst, no gap
    (state,) = device_states(model, Role.CLIENT, 131.0)
    assert "stamps one for a packet (up to 1.7 s later)" in state.detail
    assert not {word for word in words if "stale" in word or "lost" in word}
