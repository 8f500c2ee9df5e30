"""Where corrections by hand hold: each rule against the same written out moment by moment."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from acquisition.events.corrected import ByHand
from processing.corrections.edits import edits_of, near

MOMENTS = st.lists(st.integers(0, 40).map(float), max_size=6)
STRETCHES = st.lists(st.tuples(st.integers(0, 18), st.integers(1, 4)), max_size=4)


@given(MOMENTS, MOMENTS, st.sampled_from([0.0, 1.0, 3.0]))
def test_a_moment_is_near_where_any_other_is_that_close(
    known: list[float], times: list[float], within: float
) -> None:
    found = near(np.sort(known), np.array(times), within)
    assert found.tolist() == [any(abs(t - k) <= within for k in known) for t in times]


@given(STRETCHES, MOMENTS, STRETCHES)
def test_a_stretch_holds_from_its_start_up_to_but_not_at_its_stop(
    drawn: list[tuple[int, int]], times: list[float], spans: list[tuple[int, int]]
) -> None:
    ends = np.cumsum([gap + length for gap, length in drawn])
    marked = [(float(e - length), float(e)) for e, (_, length) in zip(ends.tolist(), drawn, strict=True)]
    edits = edits_of(ByHand(marked=dict.fromkeys(marked, "")))
    assert edits.marks(np.array(times)).tolist() == [any(a <= t < b for a, b in marked) for t in times]
    starts, stops = (np.array([f(s) for s in spans], float) for f in (lambda s: s[0], lambda s: sum(s)))
    assert edits.crosses(starts, stops).tolist() == [
        any(a < stop and start < b for a, b in marked) for start, stop in zip(starts, stops, strict=True)
    ]
