"""What an hour is made of: no value that stands at quality 0."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.event import Event
from processing.arousal.level import OLD
from processing.config import PipelineConfig
from processing.heart.windows import PLACING
from processing.hour.believed import MOST, old, rows_of
from processing.index import JUDGES, IndexSample, sort_samples
from processing.indices import INDICES, PERSON, VAGAL
from processing.metrics.session_metrics import what_the_hour_held
from processing.metrics.summary import summarise
from processing.report.phase_values import phase_values
from processing.report.phases import Phase
from tests.processing.arousal_rows import rows_of as rest

WHY = "unit looks like V, not mV"


def rows_with(index: str, doubted: list[bool]) -> list[IndexSample]:
    return [
        IndexSample(float(k), k + 1.0, "client", index, 70.0 + k, "", 0.0 if bad else 0.9, WHY if bad else "")
        for k, bad in enumerate(doubted)
    ]


@given(
    index=st.sampled_from([i.name for i in PERSON]),
    doubted=st.lists(st.booleans(), min_size=1, max_size=40),
)
def test_what_is_in_doubt_enters_nothing_and_says_why(index: str, doubted: list[bool]) -> None:
    rows = rows_with(index, doubted)
    found = rows_of(rows)["client", index]
    if index in JUDGES or not any(doubted):
        assert found == rows
        return
    all_of_them = sum(doubted) >= MOST * len(doubted)
    for row, was, bad in zip(found, rows, doubted, strict=True):
        if bad or all_of_them:
            assert math.isnan(row.value) and (row.quality, row.reason) == (0.0, f"in doubt: {WHY}")
        else:
            assert row == was


def test_a_value_that_says_how_good_something_is_stands_at_quality_0() -> None:
    assert {"ecg_quality", "eda_quality", "arousal_channels"} == JUDGES
    assert all(INDICES[name].judges for name in JUDGES)


@pytest.mark.parametrize("index", ["hr", "scl", "rmssd"])
def test_metrics_and_phases_of_what_is_in_doubt_have_no_value_and_say_why(index: str) -> None:
    table = rows_of(rows_with(index, [True] * 400))
    made = summarise(table, version="", parameters="", scalings={})
    assert made and all(math.isnan(m.value) and m.reason == f"in doubt: {WHY}" and m.n == 0 for m in made)
    phase = Phase(title="hour", spans=((0.0, 400.0),))
    if index == "scl":
        value = phase_values(table, "client", phase, PipelineConfig()).values[index]
        assert math.isnan(value.value) and value.reason == f"in doubt: {WHY}"


def test_an_index_in_doubt_makes_no_time_in_the_band_and_no_response() -> None:
    n = 1500
    t = np.arange(float(n))
    rows = [
        IndexSample(s, s + 5.0, "client", name, value, "", 0.0, f"heart rate in doubt: {WHY}")
        for s in t.tolist()
        for name, value in (("arousal", 0.1), ("arousal_low", -2.0), ("arousal_high", 2.0))
    ]
    rows += [IndexSample(s, s + 5.0, "client", "arousal_channels", 7.0, "", 0.0, "") for s in t.tolist()]
    rows += rest(np.full(n, 70.0), np.full(n, 5.0), np.full(n, 6.0))
    sort_samples(rows)
    marks = [Event(time=100.0 * k, code="now_moment", id=f"m{k}") for k in range(2, 13)]
    hour = what_the_hour_held(
        "S", rows, marks, {"client": None}, begin=0.0, end=float(n), config=PipelineConfig()
    )
    for name in ("time_in_pct", "excursions_rate", "arousal_p50", "stretch_minutes"):
        found = hour.value("client", name)
        assert found is not None and math.isnan(found.value)
        assert found.reason == f"heart rate in doubt: {WHY}", name
    assert hour.value("client", "response_arousal_now_moment") is None
    assert hour.value("client", "response_hr_now_moment") is not None


@pytest.mark.parametrize(
    ("n", "said"),
    [(9, ""), (10, "old baseline for 10 % of it: no rest"), (37, "old baseline for 37 % of it: no rest")],
)
def test_from_a_tenth_of_the_time_on_an_old_baseline_is_said(n: int, said: str) -> None:
    rows = [
        sample._replace(reason=OLD + "no rest" if k < n else "")
        for k, sample in enumerate(rows_with("arousal_high", [False] * 100))
    ]
    missing = [rows[0]._replace(value=float("nan"))] * 50
    assert old([*rows, *missing]) == said


@pytest.mark.parametrize(
    ("n", "said"),
    [(39, ""), (40, f"{PLACING} for 10 % of it"), (200, f"{PLACING} for 50 % of it")],
)
def test_where_noise_may_have_made_a_tenth_of_an_index_its_metrics_say_so(n: int, said: str) -> None:
    rows = [
        sample._replace(value=3.0, quality=0.3 if k < n else 0.9, reason=PLACING if k < n else "")
        for name in ("hf", "lnhf", "rsa_pb", "sdnn", "rmssd", VAGAL)
        for k, sample in enumerate(rows_with(name, [False] * 400))
    ]
    made = summarise(rows_of(rows), version="", parameters="", scalings={})
    assert len(made) >= 8 and {(m.value in (0.0, 3.0), m.reason) for m in made} == {(True, said)}
    sort_samples(rows)
    rest = [Event(time=0.0, code="baseline_rest", id="r", phase="on")]
    rest += [Event(time=390.0, code="baseline_rest", id="s", phase="off", ref="r")]
    hour = what_the_hour_held(
        "S", rows, rest, {"client": None}, begin=0.0, end=400.0, config=PipelineConfig()
    )
    found = hour.value("client", f"{VAGAL}_rest")
    assert found is not None and (found.value, found.reason) == (3.0, said)


def test_noise_on_r_peaks_takes_no_value_but_those_it_may_have_made() -> None:
    rows = [
        s._replace(reason=PLACING) if s.quality == 0.0 else s
        for s in rows_with("hf", [True] * 30 + [False] * 10)
    ]
    found = rows_of(rows)["client", "hf"]
    assert [math.isnan(s.value) for s in found] == [True] * 30 + [False] * 10
    assert found[30:] == rows[30:]
