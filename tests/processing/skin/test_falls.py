"""Falls that no skin makes are found, those of responses are not, however the signal is cut."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.stream import FloatArray
from processing.skin.falls import Fall, FallConfig, FallFinder
from tests.processing.skin_signals import eda_with, respond


def falls_of(eda: FloatArray, sfreq: float) -> list[Fall]:
    return FallFinder(sfreq, FallConfig()).push(np.arange(len(eda)) / sfreq, eda)[0]


@pytest.mark.parametrize("sfreq", [4.0, 8.0, 25.0, 100.0])
@pytest.mark.parametrize("depth", [0.2, 1.0])
def test_a_dip_is_found_where_it_is_with_the_level_it_fell_from(sfreq: float, depth: float) -> None:
    t, eda = eda_with(60.0, sfreq, (), ())
    eda[(t >= 30.0) & (t < 31.0)] -= depth
    (fall,) = falls_of(eda, sfreq)
    assert fall.back
    assert fall.start == pytest.approx(30.0, abs=0.5) and fall.stop == pytest.approx(31.0, abs=0.5)
    assert fall.level == pytest.approx(5.0, abs=0.02)
    assert fall.start < fall.seen <= fall.known < fall.start + 5.0


@pytest.mark.parametrize("sfreq", [4.0, 25.0])
def test_an_electrode_that_sits_anew_is_a_fall_that_does_not_come_back(sfreq: float) -> None:
    t, eda = eda_with(60.0, sfreq, (), ())
    (fall,) = falls_of(eda - 0.5 * (t >= 30.0), sfreq)
    assert not fall.back and fall.stop == fall.seen < 31.0


@pytest.mark.parametrize("sfreq", [1.0, 2.0, 4.0, 25.0, 100.0])
@pytest.mark.parametrize("half", [1.2, 2.0, 6.0, 14.0])
@pytest.mark.parametrize("noise", [0.0, 0.01])
def test_no_response_falls_too_fast(sfreq: float, half: float, noise: float) -> None:
    rng = np.random.default_rng(3)
    t = np.arange(300 * sfreq) / sfreq
    eda = 5.0 + noise * rng.standard_normal(len(t))
    for onset in np.cumsum(rng.uniform(2.0, 9.0, 60)):
        eda += respond(t, float(onset), float(np.exp(rng.uniform(np.log(0.05), np.log(4.0)))), half=half)
    assert falls_of(eda, sfreq) == []


def test_a_stretch_may_begin_on_the_tail_of_a_response() -> None:
    t = np.arange(400) / 4.0
    assert falls_of(5.0 + respond(t + 3.0, 0.0, 4.0, half=2.0), 4.0) == []


@settings(max_examples=20, deadline=None)
@given(cuts=st.lists(st.integers(0, 1500), max_size=8), sfreq=st.sampled_from([4.0, 25.0]))
def test_any_chunking_gives_equal_falls(cuts: list[int], sfreq: float) -> None:
    t, eda = eda_with(60.0, sfreq)
    rng = np.random.default_rng(5)
    for start in rng.uniform(5, 55, 6):
        eda[(t >= start) & (t < start + rng.uniform(0.3, 4.0))] -= rng.uniform(0.1, 1.0)
    whole = falls_of(eda, sfreq)
    assert whole
    finder, at = FallFinder(sfreq, FallConfig()), sorted(c for c in cuts if c < len(t))
    parts = zip(np.split(t, at), np.split(eda, at), strict=True)
    assert [fall for tt, xx in parts for fall in finder.push(tt, xx)[0]] == whole
