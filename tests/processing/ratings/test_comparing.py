"""Bradley-Terry of compared moments: known answers, intervals that hold, moments that nothing joins."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from acquisition.ratings.choices import Choice
from acquisition.ratings.whose import Whose
from acquisition.stream import Role
from processing.ratings.comparing import bradley_terry, moment_rows


def choice(first: float, second: float, chosen: str) -> Choice:
    return Choice(
        first=first,
        second=second,
        length=20.0,
        chosen=chosen,
        asked="more",
        rater="R1",
        whose=Whose(Role.CLIENT),
    )


def test_three_to_one_between_two_is_the_log_odds_that_firth_gives() -> None:
    found = bradley_terry([0] * 4, [1] * 4, [1.0, 1.0, 1.0, 0.0], 2)
    odds = np.log((3 + 0.5) / (1 + 0.5))
    assert found.values == pytest.approx([odds / 2, -odds / 2])


def test_who_always_won_has_a_finite_strength() -> None:
    pairs = [*combinations(range(4), 2)]
    found = bradley_terry([a for a, _ in pairs], [b for _, b in pairs], [1.0] * 6, 4)
    assert (np.diff(found.values) < 0).all()
    assert np.abs(found.values).max() < 4.0
    assert found.values.sum() == pytest.approx(0.0, abs=1e-9)


def test_strengths_come_back_and_their_intervals_hold() -> None:
    rng = np.random.default_rng(11)
    true = np.linspace(-1.5, 1.5, 8)
    pairs = np.array([*combinations(range(8), 2)])
    held, n, alike = 0, 0, []
    for _ in range(60):
        won = rng.random(len(pairs)) < 1.0 / (1.0 + np.exp(true[pairs[:, 1]] - true[pairs[:, 0]]))
        found = bradley_terry(pairs[:, 0].tolist(), pairs[:, 1].tolist(), won.astype(float).tolist(), 8)
        held += int(np.count_nonzero(np.abs(found.values - true) <= 1.96 * found.se))
        n += 8
        alike.append(np.corrcoef(found.values, true)[0, 1])
    assert np.mean(alike) > 0.7
    assert held / n > 0.93


def test_moments_that_nothing_joins_have_a_reason_and_no_value() -> None:
    joined = moment_rows([choice(0.0, 40.0, "first"), choice(40.0, 80.0, "neither")])
    assert [r.t for r in joined] == [0.0, 40.0, 80.0]
    assert all(r.low < r.strength < r.high and not r.reason for r in joined)
    apart = moment_rows([choice(0.0, 40.0, "first"), choice(100.0, 140.0, "second")])
    assert all(np.isnan(r.strength) and "not joined" in r.reason for r in apart)
    assert moment_rows([]) == []
