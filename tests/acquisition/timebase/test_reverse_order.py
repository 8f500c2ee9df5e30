"""Chunks that come from their last sample to their first have no place, and others keep theirs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.stream import FloatArray
from acquisition.timebase.base import TimeBase
from acquisition.timebase.lay import lay
from tests.acquisition.timebase.test_timebase import pushed
from tests.drawing import few

SFREQ = 130.0


def sent(size: int, share: float, jitter: float, seed: int, *, seconds: float = 60.0) -> FloatArray:
    """Return true times in the order in which samples come; a share of chunks comes in reverse [s]."""
    rng = np.random.default_rng(seed)
    times = 1000.0 + np.arange(int(seconds * SFREQ)) / SFREQ
    for begin in range(0 if share == 1.0 else int(5 * SFREQ), len(times) - size, size):
        if rng.random() < share:
            times[begin : begin + size] = times[begin : begin + size][::-1]
    return times


@few(20)
@given(
    size=st.integers(4, 60),
    share=st.sampled_from([1.0, 0.05]),
    cuts=st.lists(st.integers(1, 700), min_size=1, max_size=4),
)
def test_reversed_chunks_have_no_place_in_any_pieces(size: int, share: float, cuts: list[int]) -> None:
    true = sent(size, share, 0.0, size)
    found, _, told = pushed(true, true + 0.02, SFREQ, cuts)
    whole = pushed(true, true + 0.02, SFREQ, [len(true)])
    assert np.array_equal(found, whole[0], equal_nan=True)
    assert told == whole[2]
    known = ~np.isnan(found)
    if share == 1.0:
        assert known.mean() < 0.01
        assert "reverse order" in told
    else:
        assert known.mean() > 0.7
        assert np.mean(np.abs(found - true)[known] > 0.005) < 0.01


@pytest.mark.parametrize("jitter", [0.005, 0.02, 0.1])
def test_jitter_that_lets_samples_overtake_is_no_reverse_order(jitter: float) -> None:
    rng = np.random.default_rng(1)
    stamps = 1000.0 + np.arange(20_000) / SFREQ + jitter * rng.standard_normal(20_000)
    base = TimeBase(SFREQ)
    base.push(stamps)
    assert "reverse order" not in " ".join(remark.message for remark in base.account.remarks)
    assert np.mean(np.isnan(lay(stamps, SFREQ).times)) < 0.2
