"""Admission: clock ramp, late and future samples, watermarks, and that batching never matters."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.batch import StreamPart
from acquisition.stream import FloatArray, Modality, Role, StreamInfo
from processing.admission import Admission, Admitted
from tests.drawing import few

INFO = StreamInfo(
    name="eda", role=Role.CLIENT, modality=Modality.EDA, sfreq=4.0, unit="uS", channels=("EDA",)
)


def part(times: list[float], slices: list[int], offsets: list[tuple[int, float]] | None = None) -> StreamPart:
    return StreamPart(
        info=INFO,
        times=np.array(times, float),
        samples=np.zeros((len(times), 1)),
        slices=np.array(slices, np.int64),
        offsets=offsets or [],
    )


def ticks(n: int, start: float = 100.0) -> FloatArray:
    return np.asarray(start + 0.1 * np.arange(n), np.float64)


def test_late_and_future_samples_are_dropped_and_counted() -> None:
    gate = Admission(2.0)
    got = gate.admit(part([100.0, 100.2, 100.05, 99.0, 103.0, 100.25], [1, 3, 3, 3, 3, 4]), ticks(5))
    assert got.keep.tolist() == [True, True, False, False, False, True]
    assert (gate.late, gate.future) == (2, 1)


def test_a_stamp_within_the_jitter_takes_the_largest_stamp_so_far() -> None:
    got = Admission(2.0).admit(part([100.0, 99.95, 100.1], [1, 1, 2]), ticks(3))
    assert got.times.tolist() == [100.0, 100.0, 100.1]


def test_the_watermark_follows_the_stamps_and_passes_with_the_lateness_when_silent() -> None:
    gate = Admission(2.0)
    t = ticks(40)
    got = gate.admit(part([99.9, 100.0], [0, 1]), t)
    assert got.watermarks[0] == 99.9
    assert got.watermarks[1] == 100.0
    assert got.watermarks[20] == 100.0
    assert got.watermarks[-1] == t[-1] - 2.0


def test_an_absent_stream_passes_with_the_lateness() -> None:
    t = ticks(3)
    assert Admission(2.0).admit(None, t).watermarks.tolist() == (t - 2.0).tolist()


def test_the_first_offset_applies_at_once_and_the_next_one_ramps_from_the_last_admitted_sample() -> None:
    raw = [0.0, 1.0, 2.0, 4.5, 7.0, 9.0]
    slices = [0, 10, 20, 45, 70, 90]
    got = Admission(2.0).admit(part(raw, slices, [(0, 100.0), (2, 100.1)]), ticks(100))
    # The ramp starts at raw stamp 1.0, the last sample before the second offset, and ends at 6.0.
    shift = [100.0, 100.0, 100.02, 100.07, 100.1, 100.1]
    np.testing.assert_allclose(got.times, np.add(raw, shift), atol=1e-12)


def test_an_offset_that_jumps_applies_at_once() -> None:
    got = Admission(2.0).admit(part([100.0, 99.4, 99.5], [0, 4, 5], [(0, 0.0), (1, 1.0)]), ticks(8))
    assert got.times.tolist() == [100.0, 100.4, 100.5]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_any_cut_into_batches_admits_the_same(seed: int) -> None:
    rng = np.random.default_rng(seed)
    t = 100.0 + np.cumsum(rng.uniform(0.05, 0.2, 300))
    slices = np.sort(rng.integers(0, 300, 400))
    raw = t[slices] - rng.uniform(0, 2.5, 400) + rng.choice([0, 0, 0, 5.0], 400)
    raw[rng.integers(0, 400, 3)] = np.nan
    offsets = sorted(
        (int(p), float(v)) for p, v in zip(rng.integers(0, 401, 9), rng.normal(0, 0.2, 9), strict=True)
    )
    whole = _run(raw, slices, offsets, t, [300])
    cuts = [*np.sort(rng.integers(0, 301, 6)).tolist(), 300]
    pieces = _run(raw, slices, offsets, t, cuts)
    for a, b in zip(whole, pieces, strict=True):
        np.testing.assert_array_equal(a, b)
    # Nothing is admitted below the watermark of an earlier tick.
    kept = slices[whole[0].astype(bool)]
    earlier = np.append(-np.inf, whole[2])[kept]
    assert (whole[1] >= earlier).all()


def _run(
    raw: FloatArray, slices: np.ndarray, offsets: list[tuple[int, float]], t: FloatArray, cuts: list[int]
) -> tuple[FloatArray, FloatArray, FloatArray]:
    gate, begin, got = Admission(2.0), 0, list[Admitted]()
    # An offset belongs to the slice of the sample before which it stands; those at the end to the last slice.
    home = [int(slices[p]) if p < len(slices) else 299 for p, _ in offsets]
    for end in cuts:
        inside = (slices >= begin) & (slices < end)
        first = int(np.flatnonzero(inside)[0]) if inside.any() else int((slices < begin).sum())
        mine = [(p - first, v) for (p, v), k in zip(offsets, home, strict=True) if begin <= k < end]
        piece = StreamPart(
            info=INFO,
            times=raw[inside],
            samples=np.zeros((int(inside.sum()), 1)),
            slices=slices[inside] - begin,
            offsets=mine,
        )
        got.append(gate.admit(piece, t[begin:end]))
        begin = end
    columns = [np.concatenate([getattr(g, name) for g in got]) for name in ("keep", "times", "watermarks")]
    return columns[0], columns[1], columns[2]


@few(40)
@given(
    back=st.floats(0.12, 1.5),
    at=st.integers(30, 500),
    overtaken=st.booleans(),
    cuts=st.lists(st.integers(0, 60), max_size=5),
)
def test_where_times_are_set_back_a_gap_is_left(
    back: float, at: int, overtaken: bool, cuts: list[int]
) -> None:
    """What was dropped had a length: an interval across was too short by it, and looked good."""
    t, n = ticks(61), 600
    true = np.asarray(100.0 + 0.01 * np.arange(n), np.float64)
    raw = np.asarray(true - np.where(np.arange(n) >= at, back, 0.0), np.float64)
    if overtaken:  # a chunk that comes late is no step of the clock: what follows it is in its place
        raw = np.asarray(
            true - np.where((np.arange(n) >= at) & (np.arange(n) < at + 10), 0.3, 0.0), np.float64
        )
    keep, times, _ = _run(raw, np.minimum(np.arange(n) // 10 + 1, 60), [], t, [*sorted(cuts), 61])
    kept = np.flatnonzero(keep)
    gap = np.flatnonzero(np.diff(kept) > 1)
    if overtaken:
        assert len(kept) >= n - 10 and np.diff(times).max() < 0.12
    elif len(gap):
        assert np.diff(times)[gap[0]] >= 0.16 - 1e-9
        assert len(kept) >= n - (back + 0.2) / 0.01
    assert (np.diff(times) >= 0.0).all()
