"""Coupling in one state of the talk: only its moments count, and people are exchanged with their speech."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.stream import FloatArray
from processing.surrogates.talk_states import STATES, in_state, p_in_state
from tests.processing.dyads import coupled

ENDS = np.arange(34, 1500, 30)


def p(x: FloatArray, y: FloatArray, mask: FloatArray) -> tuple[float, int]:
    return p_in_state(x, y, mask > 0.0, ENDS, window=30, max_lag=5, sfreq=1.0)


def pair(seed: int, mix: float) -> tuple[FloatArray, FloatArray]:
    return coupled(np.random.default_rng(seed), 1500, sfreq=1.0, lead=2.0, mix=mix, tau=3.0)


def test_each_known_moment_of_one_speaker_or_none_is_in_one_state() -> None:
    t, c = np.array([0.0, 1.0, 0.0, 1.0, np.nan]), np.array([0.0, 0.0, 1.0, 1.0, 0.0])
    found = {state: np.flatnonzero(in_state(t, c, state)).tolist() for state in STATES}
    assert found == {"silent": [0], "client_talk": [2], "therapist_talk": [1]}


def test_a_coupling_in_one_state_is_found_there_and_not_in_the_other() -> None:
    on = (np.arange(1500) // 15 % 2).astype(np.float64)
    x, y = pair(1, 0.9)
    apart = pair(2, 0.0)[1]
    y = np.where(on > 0.0, y, apart)
    here, there = p(x, y, on), p(x, y, 1.0 - on)
    assert here[0] < 1e-4
    assert there[0] > 0.01
    assert here[1] >= 40


def test_little_of_a_state_gives_no_p() -> None:
    x, y = pair(3, 0.9)
    rare = (np.arange(1500) % 30 < 9).astype(np.float64)
    assert np.isnan(p(x, y, rare)[0])
    few = np.where(np.arange(1500) < 300, 1.0, 0.0)
    assert p(x, y, few)[1] < 12
    assert np.isnan(p(x, y, few)[0])


@pytest.mark.parametrize("holes", [False, True])
def test_exchanging_the_people_changes_no_p(holes: bool) -> None:
    x, y = pair(4, 0.4)
    if holes:
        x[200:204], y[700:703] = np.nan, np.nan
    mask = (np.arange(1500) // 20 % 3 > 0).astype(np.float64)
    assert p(x, y, mask) == p(y, x, mask)
