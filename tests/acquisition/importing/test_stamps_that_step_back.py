"""Which stamps of a file are left out before the time base sees them."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from acquisition.importing.rates import MANY_IN_A_ROW, usable
from tests.drawing import few


@few(30)
@given(length=st.integers(1, 40), at=st.integers(100, 9000), sfreq=st.sampled_from([100.0, 250.0, 1000.0]))
def test_a_clock_that_is_set_back_keeps_its_samples(length: int, at: int, sfreq: float) -> None:
    """They were left out as single stamps that step back, and an interval across was too short by them."""
    n = 10_000
    times = np.arange(n) / sfreq
    times[at:] -= length / sfreq
    keep, said = usable(times, equal=False)
    assert keep.sum() == (n - length if length <= MANY_IN_A_ROW else n)
    assert "repeat or step back" in said


def test_single_stamps_that_step_back_are_left_out() -> None:
    times = np.arange(10_000) / 250.0
    times[[500, 4000, 7001]] -= 0.05
    assert (~usable(times, equal=False)[0]).nonzero()[0].tolist() == [500, 4000, 7001]
