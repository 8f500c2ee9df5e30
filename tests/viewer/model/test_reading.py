"""What a gauge may say: a missing value never reads as within."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import pytest

from acquisition.event import Event
from acquisition.stream import Role
from processing.arousal.baseline import BaselineVerdict
from processing.index import IndexSample
from tests.viewer import synthetic
from tests.viewer.synthetic import T0, Session
from viewer.model.definitions import definition
from viewer.model.model import SessionModel
from viewer.model.reading import FRESH, GaugeReading, read_gauge, why_none
from viewer.model.readouts import arousal_readout
from viewer.model.wording import forbidden

NAN = math.nan


def arousal_rows(
    value: float = 0.2,
    low: float = -1.5,
    high: float = 1.6,
    state: float = 0.0,
    *,
    at: float = 100.0,
    known: float | None = None,
    reason: str = "",
    edge_reason: str = "",
) -> list[IndexSample]:
    """Return one second of the arousal index and its companions; times since T0 [s]."""
    known = at + 1.0 if known is None else known
    rows = (
        ("arousal", value, reason),
        ("arousal_low", low, edge_reason),
        ("arousal_high", high, edge_reason),
        ("arousal_state", state, edge_reason),
    )
    return [IndexSample(T0 + at, T0 + known, "client", n, v, "SD", 1.0, why) for n, v, why in rows]


def model_with(
    rows: list[IndexSample], seconds: float = 102.0, events: list[Event] | None = None
) -> SessionModel:
    model = synthetic.model()
    session = Session(events=events or [])
    model.add_batch(session.batch(round(seconds * 10)))
    model.add_samples(rows)
    return model


def gauge(rows: list[IndexSample], seconds: float = 102.0, events: list[Event] | None = None) -> GaugeReading:
    model = model_with(rows, seconds, events)
    return read_gauge(model, Role.CLIENT, model.elapsed)


@pytest.mark.parametrize(
    ("value", "state", "word"),
    [
        (0.2, 0.0, "within reference band"),
        (1.3, 0.0, "near upper edge"),
        (-1.2, 0.0, "near lower edge"),
        (2.4, 1.0, "above reference band"),
        (-2.0, -1.0, "below reference band"),
        (0.2, NAN, "state unknown"),
    ],
)
def test_fresh_value_with_a_band_has_its_place(value: float, state: float, word: str) -> None:
    reading = gauge(arousal_rows(value, state=state))
    assert reading.word == word
    assert reading.value == pytest.approx(value)


@pytest.mark.parametrize(
    ("rows", "word", "note"),
    [
        ([], "no data", "no arousal index yet"),
        (arousal_rows(NAN, reason="no data"), "no data", ""),
        (arousal_rows(NAN, reason="no baseline"), "no baseline", ""),
        (arousal_rows(NAN, reason="less than 5 of the last 10 s valid"), "not reliable", "less than 5"),
        (arousal_rows(0.2, NAN, NAN, NAN), "no baseline", "no reference band"),
        (
            arousal_rows(0.2, NAN, NAN, NAN, edge_reason="too little baseline with these channels"),
            "no baseline",
            "too little baseline",
        ),
        (arousal_rows(0.2, at=80.0), "no data", "last value"),
    ],
)
def test_missing_value_says_why(rows: list[IndexSample], word: str, note: str) -> None:
    reading = gauge(rows)
    assert (reading.word, reading.kind) == (word, word)
    assert note in reading.note
    assert math.isnan(reading.value)


def test_partial_index_is_drawn_but_never_placed() -> None:
    reading = gauge(arousal_rows(2.4, state=NAN, reason="partial: no EDA", edge_reason="partial: no EDA"))
    assert (reading.kind, reading.word, reading.note, reading.partial) == (
        "unknown",
        "partial",
        "no EDA",
        True,
    )
    assert reading.value == pytest.approx(2.4)


def test_rest_band_only_is_said_beside_the_place() -> None:
    reading = gauge(arousal_rows(0.2, edge_reason="rest band only"))
    assert (reading.word, reading.note) == ("within reference band", "rest band only")


def test_an_old_baseline_is_said_beside_the_place() -> None:
    reading = gauge(arousal_rows(0.2, edge_reason="old baseline: ended over 75 min ago"))
    assert (reading.word, reading.note) == ("within reference band", "old baseline: ended over 75 min ago")


def test_paused_person_has_no_value() -> None:
    pause = Event(time=T0 + 101.5, code="consent_pause", phase="on", actor="client", id="p")
    reading = gauge(arousal_rows(0.2), events=[pause])
    assert reading.word == "paused" and math.isnan(reading.value) and reading.trail is None


def test_a_value_gets_stale_by_itself() -> None:
    model = model_with(arousal_rows(0.2))
    assert read_gauge(model, Role.CLIENT, 101.0).kind == "within"
    assert read_gauge(model, Role.CLIENT, 101.0 + FRESH + 0.1).kind == "no data"


def test_companion_of_another_second_does_not_count() -> None:
    rows = arousal_rows(0.2)
    rows[1:] = arousal_rows(0.2, at=95.0, known=101.0)[1:]
    assert gauge(rows).kind == "no baseline"


@pytest.mark.parametrize(
    "missing", [set(c) for n in range(1, 5) for c in itertools.combinations(range(4), n)], ids=str
)
@pytest.mark.parametrize("how", ["nan", "absent"])
def test_no_combination_of_missing_things_reads_as_a_place(missing: set[int], how: str) -> None:
    rows = arousal_rows(0.2)
    if how == "nan":
        rows = [r._replace(value=NAN) if k in missing else r for k, r in enumerate(rows)]
    else:
        rows = [r for k, r in enumerate(rows) if k not in missing]
    reading = gauge(rows)
    assert reading.kind not in ("within", "above", "below")
    assert "within" not in reading.word


def test_review_reads_what_was_known_then() -> None:
    rows = arousal_rows(0.2, at=50.0) + arousal_rows(2.4, state=1.0, at=100.0)
    model = model_with(rows)
    assert read_gauge(model, Role.CLIENT, 52.0).word == "within reference band"
    assert read_gauge(model, Role.CLIENT, 102.0).word == "above reference band"
    assert read_gauge(model, Role.CLIENT, 20.0).word == "no data"


def test_minutes_of_baseline_are_counted_from_its_markers() -> None:
    pairs = (("baseline_rest", "on", 0.0), ("baseline_rest", "off", 60.0), ("baseline_talk", "on", 72.0))
    events = [Event(time=T0 + 0.1 + t, code=c, phase=p, actor="tech", id=f"{t}") for c, p, t in pairs]  # type: ignore[arg-type]
    reading = gauge(arousal_rows(0.2), events=events)
    assert reading.baseline == "baseline: rest 1.0 min, talk 0.5 min"


def test_a_baseline_that_was_refused_or_runs_is_not_the_one_that_counts() -> None:
    marks = (("on", 0.0), ("off", 60.0), ("on", 65.0), ("off", 70.0), ("on", 75.0))
    events = [
        Event(time=T0 + 0.1 + t, code="baseline_rest", phase=p, actor="tech", id=f"{t}")  # type: ignore[arg-type]
        for p, t in marks
    ]
    model = model_with(arousal_rows(0.2), events=events)
    said: dict[str, Any] = {"entity": "client", "code": "baseline_rest", "valid": {}, "seconds": 1.0}
    first = BaselineVerdict(time=T0 + 60.0, start=T0, stop=T0 + 60.0, accepted=True, text="accepted", **said)
    short = BaselineVerdict(
        time=T0 + 70.0, start=T0 + 65.0, stop=T0 + 70.0, accepted=False, text="refused", **said
    )
    now = model.elapsed
    model.verdicts = (first,)
    assert why_none(model, Role.CLIENT, now) == ""
    model.verdicts = (first, short)
    assert why_none(model, Role.CLIENT, now) == "rest refused"
    assert why_none(model, Role.CLIENT, 61.0) == why_none(model, Role.THERAPIST, now) == ""
    assert read_gauge(model, Role.CLIENT, now).baseline == "baseline: rest 1.0 min"
    model.verdicts = (first, short, replace(first, time=T0 + 72.0, accepted=False))
    assert read_gauge(model, Role.CLIENT, now).baseline != "baseline: rest 1.0 min"


def test_no_reading_uses_a_forbidden_word() -> None:
    for rows in (arousal_rows(s * 2.0, state=s) for s in (-1.0, 0.0, 1.0, NAN)):
        reading = gauge(rows)
        assert not forbidden(f"{reading.word} {reading.note} {reading.baseline}")


@pytest.mark.parametrize(
    ("value", "state", "word", "note", "lane"),
    [
        (2.0, 0.0, "past upper edge", "counts after 10 s", "+2.0"),
        (-2.0, 0.0, "past lower edge", "counts after 10 s", "-2.0"),
        (1.0, 1.0, "above reference band", "until 5 s well inside", "+1.0 ▲"),
        (-1.0, -1.0, "below reference band", "until 5 s well inside", "-1.0 ▼"),
        (2.0, 1.0, "above reference band", "", "+2.0 ▲"),
        (0.0, 0.0, "within reference band", "", "+0.0"),
    ],
)
def test_gauge_and_lane_say_the_same_where_line_and_state_differ(
    value: float, state: float, word: str, note: str, lane: str
) -> None:
    model = model_with(arousal_rows(value, -1.5, 1.5, state))
    now = float(model.elapsed)
    reading = read_gauge(model, Role.CLIENT, now)
    assert (reading.word, reading.note) == (word, note)
    said = arousal_readout(model, Role.CLIENT, definition("arousal"), now)
    assert said.text == lane and said.detail.startswith(word)
