"""The chance pool and the statements: symmetric, growing, silent where there is too little."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.stream import FloatArray
from processing.coupling.chance import ChancePool
from processing.coupling.permutation import Verdict, permutation_pairs, seeded
from processing.coupling.statement import UNSTATED, Looks, Rule, Statement
from processing.coupling.wclc import R_LIMIT, LagTable, TableShape, strongest
from processing.coupling.windows import strongest_of_pairs, tables, windows_at
from tests.processing.dyads import autoregressive, coupled

SHAPE = TableShape(window=40, max_lag=8, coverage=0.8, renew=10_000)
RULE = Rule(n_permutations=1000, least_segments=4, p_leader=0.05, least_lag=2.0)


def with_holes(seed: int, n: int = 1200) -> tuple[FloatArray, FloatArray]:
    x, y = coupled(np.random.default_rng(seed), n, sfreq=4.0, lead=1.0, mix=0.7)
    x[300:306], y[700:750] = np.nan, np.nan
    return x, y


def pooled(x: FloatArray, y: FloatArray) -> ChancePool:
    pool = ChancePool(SHAPE, apart=6, least=50)
    ends = np.arange(60, len(x), 10)
    for k in range(0, len(ends), 6):
        pool.add(x, y, ends[k : k + 6], k)
    return pool


@pytest.mark.parametrize("detrend", [False, True])
def test_tables_of_windows_equal_the_running_table(detrend: bool) -> None:
    shape = TableShape(window=40, max_lag=8, coverage=0.8, renew=10_000, detrend=detrend)
    x, y = with_holes(1)
    ends = np.arange(100, 1200, 7)
    running, _ = LagTable(shape).push(x, y)
    r = tables(windows_at(x, ends, shape), windows_at(y, ends, shape), shape)
    ours = np.arctanh(np.einsum("kii->ik", r))
    np.testing.assert_array_equal(np.isnan(ours), np.isnan(running[ends]))
    # With holes, windows lose their own straight line and the running table their common one.
    whole = (np.isfinite(x) & np.isfinite(y))[ends[:, None] - np.arange(48)].all(axis=1)
    np.testing.assert_allclose(ours[whole], running[ends][whole], atol=1e-9)
    if not detrend:
        np.testing.assert_allclose(ours, running[ends], atol=1e-9)


def test_the_strongest_lag_of_pairs_is_that_of_their_tables() -> None:
    x, y = autoregressive(np.random.default_rng(2), 600, sfreq=4.0, tau=2.0), with_holes(2)[1][:600]
    a, b = windows_at(x, np.arange(60, 250, 10), SHAPE), windows_at(y, np.arange(60, 250, 10), SHAPE)
    np.testing.assert_allclose(
        strongest_of_pairs(a, b, SHAPE), np.abs(tables(a, b, SHAPE)).max(axis=0), atol=1e-12
    )


def test_exchanging_the_people_leaves_the_band_as_it_is() -> None:
    x, y = with_holes(3)
    assert pooled(x, y).band() == pooled(y, x).band()


def test_the_band_holds_95_of_100_windows_that_never_met() -> None:
    rng = np.random.default_rng(4)
    x, y = (autoregressive(rng, 5000, sfreq=4.0, tau=1.0) for _ in range(2))
    low, high = pooled(x, y).band()
    z, _ = LagTable(SHAPE).push(x, y, every=4)
    value = strongest(z[20:])
    assert np.mean((value < low) | (value > high)) == pytest.approx(0.05, abs=0.02)


def test_a_small_pool_has_no_band() -> None:
    x, y = with_holes(5)
    assert np.isnan(pooled(x[:150], y[:150]).band()).all()
    assert np.isnan(pooled(np.full(1200, np.nan), y).band()).all()
    assert np.isnan(pooled(np.full(1200, 5.0), y).band()).all()


def test_permutations_come_with_their_inverses() -> None:
    pairs = permutation_pairs(9, 101, np.random.default_rng(0))
    assert len(pairs) == 100
    there, back = pairs[:50], pairs[50:]
    np.testing.assert_array_equal(np.take_along_axis(there, back, axis=1), np.tile(np.arange(9), (50, 1)))


def test_draws_depend_on_session_signal_and_look_and_on_nothing_else() -> None:
    def draw(*key: str | int) -> int:
        return int(seeded(str(key[0]), str(key[1]), int(key[2])).integers(1 << 60))

    assert draw("S01", "hr", 2) == draw("S01", "hr", 2)
    assert len({draw("S01", "hr", 2), draw("S02", "hr", 2), draw("S01", "scl", 2), draw("S01", "hr", 3)}) == 4


class Looking:
    """Look again and again at segments of two signals."""

    def __init__(self, x: FloatArray, y: FloatArray, *, steps: int = 1) -> None:
        self._looks = Looks(SHAPE, RULE, session_id="S01", signal="hr")
        self._x, self._y = x, y
        for ends in np.array_split(np.arange(60, len(x), 40), steps):
            self._looks.add(ends)

    def look(self, number: int) -> Statement:
        return self._looks.look(number, self._x, self._y)


def test_a_leader_is_named_at_the_second_look_that_agrees() -> None:
    x, y = coupled(np.random.default_rng(6), 4000, sfreq=4.0, lead=1.0, mix=0.7)
    there, back = Looking(x, y), Looking(y, x)
    first, second = there.look(1), there.look(2)
    assert first.p == second.p == pytest.approx(1 / 1001)
    assert first.stated == second.stated == 1.0
    assert (first.leader_reason, second.leader_reason) == ("no clear leader", "")
    assert second.leader == 1.0
    back.look(1)
    assert back.look(2).leader == -1.0


def judged(monkeypatch: pytest.MonkeyPatch, **of: float) -> Statement:
    """Return what a look says of a verdict, whatever the segments."""
    verdict = Verdict(
        **{"p_coupling": 0.0005, "p_lead": 0.5, "side": 1, "lag": 4, "strength": 5.0, "n": 20} | of,  # type: ignore[arg-type]
        middle=np.zeros(17),
        spread=np.ones(17),
    )
    monkeypatch.setattr("processing.coupling.statement.judge", lambda *_: verdict)
    return Looking(*with_holes(13)).look(1)


@pytest.mark.parametrize(
    ("of", "stated", "leader", "why"),
    [
        ({"p_coupling": 0.001}, 1.0, np.nan, "no clear leader"),
        ({"p_coupling": 0.00101}, 0.0, np.nan, UNSTATED),
        ({"p_coupling": 0.005, "lag": 0}, 0.0, np.nan, UNSTATED),
        ({"lag": 0}, 1.0, 0.0, ""),
        ({"lag": 1}, 1.0, np.nan, "no clear leader"),
        ({"p_lead": 0.01}, 1.0, np.nan, "no clear leader"),
    ],
)
def test_a_look_states_coupling_at_p_001_and_nothing_looser(
    monkeypatch: pytest.MonkeyPatch, of: dict[str, float], stated: float, leader: float, why: str
) -> None:
    said = judged(monkeypatch, **of)
    assert said.stated == stated
    np.testing.assert_equal((said.leader, said.leader_reason), (leader, why))


def test_one_look_does_not_state_for_the_next(monkeypatch: pytest.MonkeyPatch) -> None:
    ps = iter((0.0005, 0.04))
    looks = Looking(*with_holes(14))

    def judge(*_: object) -> Verdict:
        p = next(ps)
        ones = np.ones(17)
        return Verdict(
            p_coupling=p, p_lead=0.01, side=1, lag=4, strength=5.0, n=20, middle=0.0 * ones, spread=ones
        )

    monkeypatch.setattr("processing.coupling.statement.judge", judge)
    assert looks.look(1).stated == 1.0
    after = looks.look(2)
    assert (after.stated, after.leader_reason) == (0.0, UNSTATED)


def test_segments_may_come_in_any_number_of_steps() -> None:
    x, y = with_holes(7)
    assert repr(Looking(x, y).look(3)) == repr(Looking(x, y, steps=5).look(3))


def test_too_few_segments_say_so() -> None:
    x, y = with_holes(8)
    assert Looking(x[:180], y[:180]).look(1).reason == "too few segments"
    assert Looking(np.full(1200, np.nan), y).look(1).reason == "no data"
    assert Looking(x[:50], y[:50]).look(1).reason == "no data"


def by_hand(x: FloatArray, y: FloatArray, apart: int) -> FloatArray:
    """Return, sorted, the largest |r| of every window of one with every one of the other, far apart."""
    ends = np.arange(60, len(x), 10)
    r = np.abs(tables(windows_at(x, ends, SHAPE), windows_at(y, ends, SHAPE), SHAPE)).max(axis=0)
    numbers = np.arange(len(ends))
    far = np.abs(numbers[:, None] - numbers[None, :]) >= apart
    return np.sort(r[far])


def test_the_pool_holds_every_pair_of_windows_that_are_far_apart_once() -> None:
    rng = np.random.default_rng(11)
    x, y = (autoregressive(rng, 400, sfreq=4.0, tau=2.0) for _ in range(2))
    pool = ChancePool(SHAPE, apart=6, least=1)
    ends = np.arange(60, len(x), 10)
    for k in range(len(ends)):
        pool.add(x, y, ends[k : k + 1], k)
    values = by_hand(x, y, 6)
    low, high = pool.band()
    place = np.array([0.025, 0.975]) * (len(values) - 1)
    z, below = np.arctanh(np.minimum(values, R_LIMIT)), place.astype(int)
    expected = z[below] + (z[np.minimum(below + 1, len(z) - 1)] - z[below]) * (place - below)
    np.testing.assert_allclose([low, high], expected, atol=1e-9)
    # What is one step too near, or kept at one side only, gives another pool.
    assert len(by_hand(x, y, 5)) > len(values) > len(by_hand(x, y, 7))


def test_a_band_needs_its_least_count_and_no_more() -> None:
    rng = np.random.default_rng(12)
    x, y = (autoregressive(rng, 300, sfreq=4.0, tau=2.0) for _ in range(2))
    ends = np.arange(60, len(x), 10)
    n = len(by_hand(x, y, 6))
    for least, there in ((n, True), (n + 1, False)):
        pool = ChancePool(SHAPE, apart=6, least=least)
        pool.add(x, y, ends, 0)
        pool.add(x, y, ends[:0], len(ends))
        assert np.isfinite(pool.band()).all() == there
