"""Any marks give the same intervals wherever they are read: in the recorder, the window, the pipeline, the
metrics behind the report, the event list, the lanes, the exports and the codings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.batch import Batch
from acquisition.event import Event, Phase
from acquisition.events.intervals import Intervals
from acquisition.events.overlay import effective
from acquisition.events.vocabulary import load_vocabulary
from acquisition.lsl.index_rows import Curtain
from acquisition.recorder.marks import Marks
from acquisition.stream import Role
from processing.arousal.arousal import Arousal
from processing.codings.marked import since_begin
from processing.config import PipelineConfig
from processing.export.tracks import Tracks, spans
from processing.hour.timeline import Interval, intervals
from viewer.model.event_rows import rows
from viewer.model.facts import SessionFacts
from viewer.model.markers import markers
from viewer.model.marking import Marking
from viewer.model.model import SessionModel
from viewer.model.reading import newest_span
from viewer.review.desk import ReviewDesk

END = 60.0
ROOM = "tech"
Bounds = list[tuple[str, float, float]]
"""Code, from, to; an open interval ends at END."""


class NoRecorder:
    """Take commands and do nothing."""

    def mark(self, event: Event) -> None:
        """Record nothing."""

    pause = resume = mark

    def waiting(self) -> list[object]:
        """Tell of no stream."""
        return []

    def confirm(self, stream: str, *, yes: bool, sender: str, source: str) -> None:
        """Confirm nothing."""

    def swap(self, since: str, only: Sequence[str]) -> None:
        """Exchange nothing."""

    def replace(self, role: str, profile: str, **device: str) -> None:
        """Search for nothing."""

    def stop(self) -> None:
        """End nothing."""


@st.composite
def sequences(draw: st.DrawFn) -> list[Event]:
    """Return marks as they come: overlapping, undone, with and without references."""
    n = draw(st.integers(1, 12))
    times = sorted(draw(st.lists(st.integers(12, 50), min_size=n, max_size=n, unique=True)))
    out = []
    phases: list[Phase] = ["on", "on", "off", "off", "void"]
    for k, time in enumerate(times):
        phase = draw(st.sampled_from(phases))
        known = ["", "gone", *(f"e{i}" for i in range(n))]
        ref = "" if phase == "on" else draw(st.sampled_from(known))
        shift = draw(st.sampled_from([0.0, 0.0, -10.0]))
        code = draw(st.sampled_from(["baseline_rest", "baseline_talk"]))
        out.append(
            Event(time=float(time), code=code, phase=phase, actor=ROOM, ref=ref, t_shift=shift, id=f"e{k}")
        )
    return out


def shown(events: list[Event]) -> SessionModel:
    model = SessionModel(facts=SessionFacts(id="D07_S03", client="C07", therapist="T02"), streams=())
    ticks = np.array([0.0, END])
    batch = Batch(
        ticks=ticks,
        walls=ticks,
        numbers=np.arange(len(ticks)),
        streams={},
        events=[(1, e) for e in events],
        notices=[],
    )
    model.add_batch(batch)
    model.state = "closed"
    return model


def bounds(found: list[Interval]) -> Bounds:
    return sorted((i.code, i.start, i.stop) for i in found)


def everywhere(events: list[Event], tmp_path: Path) -> dict[str, Bounds]:
    held, model = tuple(effective(events)), shown(events)
    desk = ReviewDesk(model, tmp_path / "overlay.jsonl", load_vocabulary(), clock=lambda: "", who="R2")
    listed = rows(model.marked(), (), model.t0)
    drawn = markers(model.marked(), model.t0, frozenset())
    tracks = Tracks(session_id="", streams=(), events=held, begin=0.0, end=END)
    return {
        "report": bounds(intervals(held, END)),
        "codings": bounds(since_begin(held, 0.0, END)),
        "exports": bounds(spans(tracks)),
        "event list": sorted((r.code, r.start, END if r.open else r.stop) for r in listed if r.interval),
        "review desk": sorted(
            (r.code, r.start, END if r.open else r.stop) for r in desk.rows() if r.interval
        ),
        "lanes": sorted((m.code, m.start, END if m.open else m.stop) for m in drawn),
        "window": sorted((s.code, s.start, END if s.open else s.stop) for s in model.recorded().spans),
    }


@settings(max_examples=150, deadline=None)
@given(sequences())
def test_everybody_reads_the_same_intervals(tmp_path_factory: Any, events: list[Event]) -> None:
    found = everywhere(events, tmp_path_factory.mktemp("r"))
    assert found == dict.fromkeys(found, found["report"])


def test_two_overlapping_intervals_of_one_code_read_10_to_30_and_20_to_50_everywhere(tmp_path: Path) -> None:
    events = [
        Event(time=10.0, code="segment", phase="on", id="a"),
        Event(time=20.0, code="segment", phase="on", id="b"),
        Event(time=30.0, code="segment", phase="off", ref="a", id="c"),
        Event(time=50.0, code="segment", phase="off", ref="b", id="d"),
    ]
    wanted = [("segment", 10.0, 30.0), ("segment", 20.0, 50.0)]
    found = everywhere(events, tmp_path)
    assert found == dict.fromkeys(found, wanted)


@settings(max_examples=100, deadline=None)
@given(sequences())
def test_recorder_and_window_agree_on_what_runs_and_on_what_the_next_press_does(events: list[Event]) -> None:
    marks, marking = Marks(load_vocabulary()), Marking(NoRecorder(), lambda: END)
    try:
        for event in events:
            marks.note(event)
        marking.adopt(shown(events).recorded())
        ran = sorted({e.code for e in marks.open})
        assert ran == sorted(c for c in ("baseline_rest", "baseline_talk") if marking.is_running(code(c)))
        for name in ("baseline_rest", "baseline_talk"):
            pressed = marking.press(code(name))
            made = marks.make({"code": name}, END)
            assert (pressed.phase, pressed.ref) == (made.phase, made.ref)
    finally:
        marking.close()


def code(name: str) -> Any:
    return load_vocabulary().codes[name]


@settings(max_examples=60, deadline=None)
@given(sequences())
def test_the_pipeline_judges_each_baseline_from_and_to_where_the_list_has_it(events: list[Event]) -> None:
    config = PipelineConfig()
    arousal = Arousal("client", channels_expected={"hr"}, config=config)
    for event in events:
        arousal.mark(event, event.time)
    ticks = np.arange(0.0, END + config.arousal_delay + 2.0)
    arousal.advance(ticks, {"heart": ticks})
    judged = {(v.code, v.start, max(v.start, v.stop)) for v in arousal.verdicts}
    ended = {(s.code, s.start, s.stop) for s in Intervals(events).spans if not s.open}
    assert ended <= judged


@settings(max_examples=100, deadline=None)
@given(sequences(), st.sampled_from([20.0, 35.0, END]))
def test_the_newest_baseline_is_that_of_the_list_as_it_stood_at_any_moment(
    events: list[Event], moment: float
) -> None:
    begun = [s for s in Intervals(events).spans if s.code == "baseline_rest" and s.start <= moment]
    found = newest_span(shown(events), "baseline_rest", Role.CLIENT, moment)
    if not begun:
        assert found is None
        return
    newest = max(begun, key=lambda s: s.start)
    assert found is not None and found[0] == newest.start
    assert found[1] == newest.stop or (math.isnan(found[1]) and not newest.stop <= moment)


@settings(max_examples=100, deadline=None)
@given(sequences())
def test_what_is_shown_and_what_is_published_pause_alike(events: list[Event]) -> None:
    pauses = [
        Event(time=e.time, code="consent_pause", phase=e.phase, actor="client", ref=e.ref, id=e.id)
        for e in events
    ]
    model, curtain = shown([]), Curtain()
    for event in pauses:
        ticks = np.array([event.time])
        batch = Batch(
            ticks=ticks,
            walls=ticks,
            numbers=np.arange(len(ticks)),
            streams={},
            events=[(0, event)],
            notices=[],
        )
        model.add_batch(batch)
        curtain.hear(batch)
        assert (Role.CLIENT in model.paused) is not curtain.shown("client", event.time)
        assert curtain.shown("therapist", event.time)
