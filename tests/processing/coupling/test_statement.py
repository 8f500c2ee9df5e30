"""Looks: what they state, who leads, which segments they rest on, and why they say nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from acquisition.stream import BoolArray, FloatArray
from processing.coupling.common import Segments
from processing.coupling.deciding import Decision
from processing.coupling.said import NO_SPEECH
from processing.coupling.statement import ALL_TAKEN, UNSTATED, Looks, Pair, Rule, Statement
from processing.coupling.wclc import TableShape
from tests.processing.dyads import coupled

SHAPE = TableShape(window=40, max_lag=8, coverage=0.8, renew=10_000)
RULE = Rule(sfreq=4.0, courses=False, least_segments=6, p_stated=0.001, p_leader=0.05, least_lag=2.0)


def with_holes(seed: int, n: int = 1200) -> tuple[FloatArray, FloatArray]:
    x, y = coupled(np.random.default_rng(seed), n, sfreq=4.0, lead=1.0, mix=0.7)
    x[300:306], y[700:750] = np.nan, np.nan
    return x, y


def pair(x: FloatArray, y: FloatArray, speech: float = 0.0) -> Pair:
    return Pair(x=x, y=y, x_speaks=np.full(len(x), speech), y_speaks=np.full(len(x), speech))


class Looking:
    """Look again and again at segments of two signals."""

    def __init__(self, x: FloatArray, y: FloatArray) -> None:
        self._looks = Looks(SHAPE, RULE)
        self.pair = pair(x, y)
        self.ends = np.arange(47, len(x), 40)
        self.inside: BoolArray = np.ones(len(self.ends), np.bool_)
        self.clear: BoolArray = np.ones(len(self.ends), np.bool_)

    def look(self) -> Statement:
        taken = self.ends[self.inside & self.clear]
        return self._looks.look(self.pair, Segments(ends=self.ends, inside=self.inside, taken=taken))


def test_a_leader_is_named_at_the_second_look_that_agrees() -> None:
    x, y = coupled(np.random.default_rng(6), 4000, sfreq=4.0, lead=1.0, mix=0.7)
    there, back = Looking(x, y), Looking(y, x)
    first, second = there.look(), there.look()
    assert first.p == second.p < 1e-6
    assert first.stated == second.stated == 1.0
    assert (first.leader_reason, second.leader_reason) == ("no clear leader", "")
    assert second.leader == 1.0
    assert back.look().p == first.p
    assert back.look().leader == -1.0


def judged(monkeypatch: pytest.MonkeyPatch, **of: float) -> Statement:
    """Return what a look says of a decision, whatever the segments."""
    usual = {
        "p": 0.0005,
        "p_permuted": 0.0005,
        "p_shifted": 0.0005,
        "p_lead": 0.5,
        "side": 1,
        "lag": 4,
        "n": 20,
    }
    found = Decision(**(usual | of))  # type: ignore[arg-type]
    monkeypatch.setattr("processing.coupling.statement.decide", lambda _: found)
    return Looking(*with_holes(13)).look()


@pytest.mark.parametrize(
    ("of", "stated", "leader", "why"),
    [
        ({"p": 0.001}, 1.0, np.nan, "no clear leader"),
        ({"p": 0.00101}, 0.0, np.nan, UNSTATED),
        ({"p": 0.005, "lag": 0}, 0.0, np.nan, UNSTATED),
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

    def decided(_: FloatArray) -> Decision:
        p = next(ps)
        return Decision(p=p, p_permuted=p, p_shifted=p, p_lead=0.01, side=1, lag=4, n=20)

    monkeypatch.setattr("processing.coupling.statement.decide", decided)
    assert looks.look().stated == 1.0
    after = looks.look()
    assert (after.stated, after.leader_reason) == (0.0, UNSTATED)


def test_a_look_rests_on_the_segments_of_the_hour_without_a_common_event_and_says_their_share() -> None:
    x, y = coupled(np.random.default_rng(7), 4000, sfreq=4.0, lead=1.0, mix=0.7)
    some, cut = Looking(x, y), Looking(x[:2000], y[:2000])
    some.inside[50:] = False
    some.clear[10:20] = False
    cut.inside[49:], cut.clear[10:20] = False, False
    some.ends, some.inside, some.clear = some.ends[:49], some.inside[:49], some.clear[:49]
    assert some.look().share == pytest.approx(39 / 49)
    shared = np.where(
        (np.arange(4000) >= 47 + 9 * 40 - 50) & (np.arange(4000) < 47 + 20 * 40 + 1), 100.0, 1.0
    )
    loud = Looking(x * shared, y * shared)  # what the left-out segments hold does not matter
    loud.clear[9:21] = False
    quiet = Looking(x, y)
    quiet.clear[9:21] = False
    assert loud.look().p == pytest.approx(quiet.look().p, rel=0.05)


def test_too_few_segments_say_so_and_why() -> None:
    x, y = with_holes(8)
    assert Looking(x[:180], y[:180]).look().reason == "too few segments"
    assert Looking(np.full(1200, np.nan), y).look().reason == "no data"
    assert Looking(x[:46], y[:46]).look().reason == "no data"
    taken = Looking(x, y)
    taken.clear[4:] = False
    assert taken.look().reason == ALL_TAKEN
    before = Looking(x, y)
    before.inside[:] = False
    assert before.look().reason == "too few segments"


def test_without_a_speech_record_of_both_nothing_is_tested() -> None:
    x, y = with_holes(9)
    deaf = Looking(x, y)
    for one in ({"x_speaks": np.full(1200, np.nan)}, {"y_speaks": np.full(1200, np.nan)}):
        deaf.pair = replace(pair(x, y), **one)
        said = deaf.look()
        assert (said.reason, said.leader_reason, said.share) == (NO_SPEECH, NO_SPEECH, 0.0)
        assert np.isnan([said.p, said.stated, said.leader]).all()
    gaps = Looking(x, y)
    known = np.where(np.arange(1200) % 40 < 20, 0.0, np.nan)
    gaps.pair = replace(pair(x, y), x_speaks=known)
    assert gaps.look().reason == "too few segments in which speech is known"
