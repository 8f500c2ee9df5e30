"""Where a signal turns: exact places, whatever lies between them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processing.skin.rhythm import turns


@pytest.mark.parametrize(
    ("signal", "least", "places"),
    [
        ([], 1.0, []),
        ([2.0, 2.0, 2.0], 1.0, []),
        ([0.0, 1.0, 2.0, 1.0, 0.0, 1.0, 2.0], 1.0, [0, 2, 4]),
        ([0.0, 2.0, 2.0, 1.5, 2.0, 0.0, 3.0], 1.0, [0, 1, 5]),  # of equal ones the first; half a step is none
        ([3.0, 0.0, 0.0, 3.0, 3.0, 0.0], 1.0, [1, 3]),  # it begins with a trough
        ([0.0, 1.0, 0.4, 1.4, 0.8, 1.8], 1.0, [0]),  # a climb with dips is one rise
    ],
)
def test_troughs_and_peaks_take_turns(signal: list[float], least: float, places: list[int]) -> None:
    assert turns(np.array(signal), least) == places


@given(signal=st.lists(st.integers(0, 6), max_size=40), least=st.integers(1, 4))
def test_each_turn_is_so_far_from_the_next_and_nothing_beyond_lies_between(
    signal: list[int], least: int
) -> None:
    places = turns(np.array(signal, float), float(least))
    assert places == sorted(set(places))
    for k, (a, b) in enumerate(itertools.pairwise(places)):
        between, rises = signal[a : b + 1], k % 2 == 0
        assert abs(signal[b] - signal[a]) >= least
        assert (min(between), max(between)) == ((signal[a], signal[b]) if rises else (signal[b], signal[a]))
