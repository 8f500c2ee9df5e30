"""A session rated twice by two raters of known lag and noise: agreement and delay are recovered."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from acquisition.session.rating_settings import LabelRule, RatingSettings
from acquisition.stream import FloatArray
from processing.hour.timeline import Timeline
from processing.index import IndexSample, index_sample
from processing.ratings.agreement import agreements
from processing.ratings.labelling import APART, labels_of
from processing.ratings.lagging import lagged, levels, shifted
from processing.ratings.relation import relations
from processing.ratings.simulated import Rater, by_the_second, course, rated_by
from processing.ratings.traces import Trace, afterwards
from processing.ratings.whole import Ratings, rated_hour
from processing.rows.rated import rated_seconds

BEGIN, SECONDS = 1000.0, 2700.0
GRID = BEGIN + np.arange(SECONDS)
QUICK = Rater(code="R1", lag=1.5, noise=0.5)
LATE = Rater(code="R2", lag=3.5, noise=0.5, gain=0.8, offset=0.1)
LINE = Timeline(session_id="S01", begin=BEGIN, times=GRID, people={})


@cache
def rated() -> tuple[tuple[Trace, ...], FloatArray]:
    """Return the traces of two raters, two turns each, and the course that they rated, by the second."""
    rng = np.random.default_rng(5)
    truth = course(SECONDS, rng)
    turns = [rated_by(r, truth, BEGIN, rng, turn=turn) for r in (QUICK, LATE) for turn in (1, 2)]
    return tuple(t for one in turns for t in afterwards(one, GRID)), by_the_second(truth)[: len(GRID)]


def index_rows(values: FloatArray) -> dict[tuple[str, str], list[IndexSample]]:
    rows = [
        index_sample(t, t, "client", "arousal", v, 1.0, "")
        for t, v in zip(GRID.tolist(), values.tolist(), strict=True)
    ]
    return {("client", "arousal"): rows}


def test_lag_between_raters_retest_and_agreement_come_back() -> None:
    (found,) = agreements(rated()[0], "S01")
    (pair,) = [p for p in found.pairs if (p.rater, p.other) == ("R1", "R2")]
    assert pair.lag == pytest.approx(2.0, abs=0.4)
    assert pair.lag_low - 0.1 <= 2.0 <= pair.lag_high + 0.1
    assert found.spread == pytest.approx(2.0, abs=0.4)
    expected = 1.0 / (1.0 + 0.5**2)
    assert pair.r == pytest.approx(expected, abs=0.08)
    assert found.retest == pytest.approx(expected, abs=0.08)
    assert found.aligned.raters == 2
    stepped_up = 2 * expected / (1 + expected)
    assert found.aligned.mean == pytest.approx(stepped_up, abs=0.1)
    assert found.low <= found.aligned.mean <= found.high
    assert found.as_said.mean < found.aligned.mean


def test_the_reaction_delay_against_an_index_comes_back_and_exceeds_chance() -> None:
    traces, truth = rated()
    rows = relations(traces[::2], LINE, index_rows(truth))
    for row, rater in zip(rows, (QUICK, LATE), strict=True):
        assert row.stated == 1.0
        assert row.delay == pytest.approx(rater.lag, abs=0.4)
        assert row.lag_low - 0.1 <= rater.lag <= row.lag_high + 0.1
        assert row.r > row.chance_high
        assert row.p <= row.p_fdr < 0.05


def test_a_rating_of_something_else_states_nothing() -> None:
    other = by_the_second(course(SECONDS, np.random.default_rng(99)))[: len(GRID)]
    for row in relations(rated()[0], LINE, index_rows(other)):
        assert row.stated == 0.0
        assert math.isnan(row.delay)
        assert row.chance_low < row.chance_high


def test_measures_and_rows_say_what_was_found() -> None:
    traces, truth = rated()
    ratings = Ratings(GRID, traces)
    hour = rated_hour(ratings, LINE, index_rows(truth))
    values = {m.metric: m for m in hour.measures["client"]}
    assert values["rating_closeness_delay"].value == pytest.approx(2.5, abs=0.5)
    assert values["rating_closeness_icc"].ci_low < values["rating_closeness_icc"].value
    rows = rated_seconds(ratings, BEGIN)
    assert len(rows) == len(traces) * len(GRID)
    assert (rows[5].person, rows[5].rater, rows[5].t) == ("client", "R1", 5.0)


def test_one_rater_alone_and_too_short_a_rating_have_reasons() -> None:
    one = rated()[0][:1]
    hour = rated_hour(Ratings(GRID, one), LINE, {})
    reasons = {m.metric: m.reason for m in hour.measures["client"]}
    assert reasons["rating_closeness_icc"] == "fewer than 2 raters"
    assert reasons["rating_closeness_delay"] == "no arousal index"
    few = lagged(np.arange(100.0), np.arange(100.0), np.random.default_rng(0))
    assert math.isnan(few.lag)
    assert few.reason


def test_who_stopped_early_takes_nothing_from_the_others() -> None:
    first, late = (t for t in rated()[0] if t.turn == 1)
    soon = replace(late, rater="R3", mean=np.where(GRID < BEGIN + 60.0, late.mean, math.nan))
    half = replace(late, rater="R4", mean=np.where(GRID < BEGIN + 0.6 * SECONDS, late.mean, math.nan))
    holes = replace(late, rater="R5", mean=np.where(GRID % 900.0 < 200.0, math.nan, late.mean))
    (alone,) = agreements([first, late], "S01")
    (found,) = agreements([first, late, soon], "S01")
    assert (found.raters, found.left_out) == (("R1", "R2"), ("R3",))
    assert found.aligned == alone.aligned
    assert [p.reason.split(":")[0] for p in found.pairs if p.other == "R3"] == ["60 s in common"] * 2
    for other in (half, holes):
        (found,) = agreements([first, other], "S01")
        (pair,) = found.pairs
        assert pair.lag_low <= 2.0 <= pair.lag_high and pair.n < 0.8 * SECONDS
        assert found.aligned.targets < 0.8 * SECONDS and found.aligned.mean > 0.8
    said = rated_hour(Ratings(GRID, (first, late, soon)), LINE, {}).remarks
    assert said == ("rating of the client, closeness: R3 rated too little to count in ICC",)


def test_what_lies_beyond_the_session_is_in_no_trace() -> None:
    rng = np.random.default_rng(4)
    long = rated_by(QUICK, course(SECONDS + 900.0, rng), BEGIN - 400.0, rng)
    (trace,) = afterwards(long, GRID)
    (same,) = afterwards(replace(long, times=long.times[8000:-9000], values=long.values[8000:-9000]), GRID)
    assert len(trace.mean) == len(GRID)
    np.testing.assert_array_equal(trace.mean[1:-1], same.mean[1:-1])


def test_percentiles_of_few_blocks_are_expanded_as_a_t_interval_is() -> None:
    far = 1.05 * math.sqrt(8.0 / 7.0) * 2.3646  # t of 7 degrees of freedom
    low, high = levels(8)
    assert low == pytest.approx(50.0 * math.erfc(far / math.sqrt(2.0)), rel=1e-3)
    assert low + high == 100.0 and 1.5 < levels(50)[0] < 1.8


def test_a_trace_is_moved_by_parts_of_a_second() -> None:
    ramp = np.arange(10.0)
    assert shifted(ramp, 1.5)[:8].tolist() == (ramp + 1.5)[:8].tolist()
    assert np.isnan(shifted(ramp, 1.5)[-1])
    assert shifted(ramp, -2.0)[2:].tolist() == ramp[:-2].tolist()


def test_only_a_persons_own_rating_gives_labels_and_what_lasts_gives_one_a_minute() -> None:
    grid = np.arange(200.0)
    mean = np.where(grid < 100.0, 0.9, -0.5)
    base = {"person": "client", "turn": 1, "axis": "rating", "bounded": True, "gradient": 0 * mean}
    own, other = (
        Trace(rater=r, by=by, mean=mean, quality=0 * mean + 1, reasons=[""] * 200, **base)  # type: ignore[arg-type]
        for r, by in (("C01", "client"), ("R1", ""))
    )
    settings = RatingSettings(labels=LabelRule(over=0.6, ok=0.2, seconds=10.0))
    labels = labels_of([own, other], grid, settings)
    assert [(e.code, e.time) for e in labels] == [
        ("felt_over", 9.0),
        ("felt_over", 9.0 + APART),
        ("felt_ok", 109.0),
        ("felt_ok", 109.0 + APART),
    ]
    assert {e.source for e in labels} == {"derived"}
    assert labels_of([own], grid, RatingSettings()) == []
