"""The line of times over the count: its fit against least squares, and its course at any places."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.stream import FloatArray
from acquisition.timebase.line import FRESH, GENTLY, LEAST, ONCE, REACH, SLEW, WITHIN, Course, Fit, fit_line

PERIOD, DOUBT = 1.0 / 130.0, 0.003


def late_stamps(n: int, seed: int = 0) -> FloatArray:
    """Return counts and stamps [s], a few of them very late."""
    rng = np.random.default_rng(seed)
    counts = np.cumsum(rng.integers(1, 80, n)).astype(np.float64)
    late = rng.exponential(0.003, n) + np.where(rng.random(n) < 0.05, 0.4, 0.0)
    return np.stack((counts, 1000.0 + counts * PERIOD * 1.0005 + late))


@pytest.mark.parametrize("n", [3, 20, 109, 600])
@pytest.mark.parametrize("early", [False, True])
def test_a_line_that_goes_on_is_that_of_weighted_least_squares_with_a_ridge(n: int, early: bool) -> None:
    line = late_stamps(n)
    known = Fit(line[0, 0] - 7.0, 1000.0, PERIOD * 1.001, np.zeros((2, 1)), 0.0)
    counts, stamps = line
    off = stamps - known.at(counts)
    off -= np.median(off)
    scale = max(1.4826 * float(np.median(np.abs(off))), LEAST)
    weights = np.clip(1.0 - (off / (REACH * scale)) ** 2, 0.0, None) ** 2
    weights[(off > 0) & early] *= 0.5
    # rows of one, and one more that holds the slope to the rate that is known
    u = (counts - counts[-1]) * PERIOD
    rows = np.vstack((np.sqrt(weights)[:, None] * np.stack((np.ones(n), u), axis=1), [0.0, scale / DOUBT]))
    values = np.append(np.sqrt(weights) * (stamps - stamps[-1] - u), 0.0)
    level, slope = np.linalg.lstsq(rows, values, rcond=None)[0]
    found = fit_line(line, PERIOD, DOUBT, early=early, known=known, rounds=ONCE)
    assert found.period == pytest.approx(PERIOD * (1.0 + slope), rel=1e-12)
    assert found.level == pytest.approx(stamps[-1] + level, abs=1e-9)
    left = stamps - found.at(counts)
    spread = 1.4826 * np.median(np.abs(left - np.median(left)))
    assert found.spread == pytest.approx(max(spread, LEAST), abs=1e-9)


def test_a_first_line_passes_over_stamps_that_are_late() -> None:
    line = late_stamps(60, seed=1)
    found = fit_line(line, PERIOD, DOUBT, early=True)
    off = found.at(line[0]) - (1000.0 + line[0] * PERIOD * 1.0005)
    assert off.min() > 0.0 and off.max() < 0.004


@pytest.mark.parametrize("late", [-0.02, 3e-6, 0.02])
def test_a_course_gives_the_same_to_the_bit_one_by_one_few_or_many_at_once(late: float) -> None:
    fit = Fit(500.0, 1000.0, PERIOD, np.zeros((2, 1)), 0.0)
    course = Course(Fit(500.0, 1000.0 + late, PERIOD, np.zeros((2, 1)), 0.0))
    course.turn(fit, 700.0, 20.0)
    counts = np.arange(650.0, 4000.0)
    times = course.at(counts)
    assert times.tolist() == [course.one(count) for count in counts.tolist()]
    assert np.array_equal(np.concatenate([course.at(part) for part in np.split(counts, [40, 60])]), times)
    few = np.stack((counts[::73], times[::73] + 0.01))
    assert course.off(few) == (few[1] - times[::73]).tolist()
    assert (times[-1] == fit.at(counts)[-1]) and abs(times[50] - fit.at(counts)[50]) == pytest.approx(
        abs(late)
    )


@pytest.mark.parametrize("late", [-0.5, -0.02, 3e-6, 0.002, 0.02, 0.5])
def test_another_line_is_approached_gently_but_within_seconds_unless_that_is_too_fast(late: float) -> None:
    at, age, per_second = 700.0, 20.0, 130
    course = Course(Fit(at, 1000.0 + late, PERIOD, np.zeros((2, 1)), 0.0))
    course.turn(Fit(at, 1000.0, PERIOD, np.zeros((2, 1)), 0.0), at, age)
    off = course.at(np.arange(at, at + 3000.0)) - course.fit.at(np.arange(at, at + 3000.0))
    assert off[0] == pytest.approx(late)
    a_second = min(max(abs(late) / WITHIN, GENTLY), SLEW + FRESH / (1.0 + age))
    assert abs(off[per_second]) == pytest.approx(max(abs(late) - a_second, 0.0))
    assert np.abs(np.diff(off)).max() <= a_second * PERIOD * (1.0 + 1e-6)
    if abs(late) <= WITHIN * SLEW:
        assert abs(off[round(WITHIN * per_second) + 1]) < 1e-9
