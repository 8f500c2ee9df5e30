"""Signals on the grid: known values, gaps, and nothing that was not yet available."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from processing.config import PipelineConfig
from processing.coupling.signals import GridSignal, on_grid
from processing.index import IndexSample, sort_samples
from processing.indices import SIGNALS, delay_of
from tests.processing.dyads import classes, grid_rows


def beat(time: float, ibi: float, *, available: float | None = None) -> IndexSample:
    at = time + 1.0 if available is None else available
    return IndexSample(time, at, "client", "ibi", ibi, "ms", 1.0, "")


def normal(rows: list[IndexSample]) -> list[IndexSample]:
    return rows + classes([row for row in rows if row.index == "ibi"])


def read(samples: list[IndexSample], signal: str, first: int, n: int, available: float = 1e9) -> np.ndarray:
    grid = GridSignal(SIGNALS[signal], "client")
    grid.hear(samples if signal != "hr" else normal(samples))
    return grid.read(first, np.full(n, available))


def test_heart_rate_runs_in_straight_lines_between_beats() -> None:
    values = read([beat(10.0, 1000.0), beat(11.0, 500.0)], "hr", 40, 5)
    np.testing.assert_allclose(values, [60.0, 75.0, 90.0, 105.0, 120.0])


def test_beats_more_than_two_and_a_half_seconds_apart_are_not_joined() -> None:
    near = read([beat(10.0, 1000.0), beat(12.5, 1000.0)], "hr", 40, 11)
    far = read([beat(10.0, 1000.0), beat(12.75, 1000.0)], "hr", 40, 12)
    assert np.isfinite(near).all()
    assert np.isfinite(far[[0, -1]]).all()
    assert np.isnan(far[1:-1]).all()


def test_rejected_beats_and_other_people_do_not_enter() -> None:
    other = beat(10.5, 300.0)._replace(entity="therapist")
    values = read([beat(10.0, 1000.0), other, beat(10.6, np.nan), beat(11.0, 1000.0)], "hr", 40, 5)
    np.testing.assert_allclose(values, 60.0)


def test_a_beat_that_became_available_too_late_is_not_used() -> None:
    rows = [beat(10.0, 1000.0), beat(11.0, 1000.0, available=20.0)]
    assert np.isnan(read(rows, "hr", 41, 3, available=19.9)).all()
    assert np.isfinite(read(rows, "hr", 41, 3, available=20.0)).all()


def test_an_interval_counts_once_its_beat_is_known_to_be_normal() -> None:
    beats = [beat(10.0, 1000.0), beat(11.0, 1000.0), beat(11.5, 400.0), beat(12.0, 1000.0)]
    early = [beats[2]]
    known = classes([row for row in beats if row not in early], later=0.9) + classes(early, 1.0, later=0.9)
    grid = GridSignal(SIGNALS["hr"], "client")
    grid.hear(beats)
    grid.hear(known)
    settled = np.full(9, 13.9)
    np.testing.assert_allclose(grid.read(40, settled), 60.0)
    late = GridSignal(SIGNALS["hr"], "client")
    late.hear(beats + known)
    assert np.isnan(late.read(44, np.full(5, 13.8))[1:]).all(), "the class of the last beat is not there yet"
    without = GridSignal(SIGNALS["hr"], "client")
    without.hear(beats)
    assert np.isnan(without.read(40, settled)).all()


def test_skin_conductance_enters_as_its_logarithm_and_zero_is_missing() -> None:
    values = read(grid_rows("scl", "client", np.array([1.0, np.e, 0.0, np.e**2]), sfreq=1.0), "scl", 0, 5)
    np.testing.assert_allclose(values, [0.0, 1.0, np.nan, 2.0, np.nan])


def test_slope_of_an_exponential_is_its_rate_and_a_hole_leaves_one() -> None:
    scl = np.exp(0.02 * np.arange(20.0))
    scl[10] = np.nan
    values = read(grid_rows("scl", "client", scl, sfreq=1.0), "sclslope", 0, 20)
    np.testing.assert_allclose(values[2:8], 0.02, rtol=1e-9)
    assert np.isnan(values[[0, 1, 8, 9, 10, 11, 12, 18, 19]]).all()


def test_nothing_heard_gives_nothing() -> None:
    for signal in SIGNALS:
        assert np.isnan(read([], signal, 0, 7)).all()


@settings(max_examples=30, deadline=None)
@given(cuts=st.lists(st.integers(1, 40), min_size=1, max_size=12), seed=st.integers(0, 99))
@pytest.mark.parametrize("signal", ["hr", "scl", "sclslope"])
def test_result_does_not_depend_on_how_the_reading_is_cut(signal: str, cuts: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    rule = SIGNALS[signal]
    times = np.cumsum(rng.uniform(0.5, 1.5, 60)) if rule.form == "joined" else np.arange(60.0)
    rows = [
        IndexSample(t, t + 1.0, "client", rule.index, v, "", 1.0, "")
        for t, v in zip(times.tolist(), rng.uniform(500, 1500, 60).tolist(), strict=True)
        if rng.random() > 0.1
    ]
    if rule.check:
        kinds = [row for row in rows if rng.random() < 0.2]
        rows += classes([row for row in rows if row not in kinds], later=0.7) + classes(kinds, 1.0)
        sort_samples(rows)
    total = sum(cuts)
    whole = GridSignal(rule, "client")
    whole.hear(rows)
    settled = np.arange(total) / rule.sfreq + delay_of(signal, PipelineConfig())
    expected = whole.read(0, settled)
    piecewise, at, heard, got = GridSignal(rule, "client"), 0, 0, []
    for n in cuts:
        until = settled[at + n - 1]
        stop = next((k for k in range(heard, len(rows)) if rows[k].available > until), len(rows))
        piecewise.hear(rows[heard:stop])
        got.append(piecewise.read(at, settled[at : at + n]))
        at, heard = at + n, stop
    np.testing.assert_array_equal(np.concatenate(got), expected)


def test_a_whole_session_lies_on_one_grid_for_both_people() -> None:
    rows = [beat(10.1, 1000.0), beat(11.1, 1000.0), beat(12.1, 1000.0)]
    rows += [row._replace(entity="therapist", value=500.0, time=row.time + 0.5) for row in rows]
    times, therapist, client = on_grid(normal(rows), "hr")
    np.testing.assert_array_equal(times, np.arange(10.25, 12.51, 0.25))
    assert np.isnan(therapist[:2]).all()
    np.testing.assert_allclose(therapist[2:], 120.0)
    np.testing.assert_allclose(client[:8], 60.0)
    assert [len(part) for part in on_grid([], "hr")] == [0, 0, 0]
    with pytest.raises(ValueError, match="known: hr"):
        on_grid(rows, "mood")
