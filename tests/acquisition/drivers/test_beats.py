"""Beats that come without stamps: what is told to be missing, and what is not."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from acquisition.drivers.ble_stream import BeatStream, Outbox
from acquisition.event import Notice
from acquisition.stream import Chunk, FloatArray, Modality, Role, StreamInfo

INFO = StreamInfo(
    name="strap", role=Role.CLIENT, modality=Modality.RR, sfreq=0.0, unit="1/1024 s", channels=("RR",),
    format="float32",
)  # fmt: skip
RADIO = 0.045
"""Seconds that a notification waits for the radio at most."""


def heart(usual: float, swing: float, seconds: float, seed: int) -> FloatArray:
    """Return when beats end, with a swing of 4 s as of breathing [s]."""
    rng = np.random.default_rng(seed)
    n = int(seconds / usual)
    lengths = usual + swing * np.sin(np.arange(n) * usual * np.pi / 2) + rng.normal(0.0, swing / 2, n)
    return np.asarray(rng.uniform(0.0, 1.0) + np.cumsum(np.maximum(lengths, 0.3)))


def told(
    ends: FloatArray,
    *,
    seed: int = 0,
    period: float = 1.0,
    skew: float = 0.0,
    held: tuple[float, float] = (0.0, 0.0),
    lost: tuple[int, ...] = (),
) -> tuple[list[Notice], FloatArray]:
    """Let a strap tell of beats once a `period`; return what was told of them, and the stamps given.

    What is sent in `held` [from, to] comes at its end; beats that are `lost` are never told of.
    """
    rng, out = np.random.default_rng(seed), Outbox()
    stream, done, came = BeatStream(INFO, out, seconds=1 / 1024), 1, 0.0
    for sent in np.arange(1.0 + rng.uniform(0.0, period), ends[-1], period).tolist():
        until = int(np.searchsorted(ends, sent, side="right"))
        lengths = [
            round(1024 * (1 + skew) * (ends[k] - ends[k - 1])) for k in range(done, until) if k not in lost
        ]
        done = max(done, until)
        ready = held[1] if held[0] <= sent < held[1] else sent
        came = max(came, ready + rng.uniform(0.0, RADIO))
        stream.beats(lengths, came)
    chunks = [i for i in out if isinstance(i, Chunk)]
    return [i for i in out if isinstance(i, Notice)], np.concatenate([c.times for c in chunks])


@settings(max_examples=60, deadline=None)
@given(
    usual=st.floats(0.4, 1.6),
    swing=st.floats(0.0, 0.06),
    seed=st.integers(0, 1000),
    period=st.sampled_from([0.5, 1.0, 1.01, 2.0, 5.0]),
    skew=st.sampled_from([-0.002, 0.0, 0.002]),
    held=st.tuples(st.floats(0.0, 60.0), st.floats(0.0, 6.0)),
)
@example(usual=0.8, swing=0.02, seed=1, period=1.0, skew=0.0, held=(0.0, 0.0))  # the second comes sooner
@example(usual=1.02, swing=0.06, seed=3, period=1.0, skew=0.0, held=(0.0, 0.0))  # in step with the strap
@example(usual=0.8, swing=0.05, seed=2, period=1.0, skew=0.0, held=(0.0, 5.0))  # the first is late
@example(usual=0.5, swing=0.03125, seed=2, period=2.0, skew=-0.002, held=(0.0, 0.0))  # two minutes of drift
@example(usual=1.1, swing=0.04, seed=23275, period=2.0, skew=0.002, held=(22.0, 2.0))  # beats of a slow heart
def test_no_beats_are_told_to_be_missing_where_all_were_told_of(
    usual: float, swing: float, seed: int, period: float, skew: float, held: tuple[float, float]
) -> None:
    ends = heart(usual, swing, 150.0, seed)
    notices, times = told(ends, seed=seed, period=period, skew=skew, held=(held[0], held[0] + held[1]))
    if held[1] > 2.0 and any(n.kind == "gap" for n in notices):
        return  # nobody can tell a radio that was silent for so long from beats that were never told of
    assert notices == []
    assert (np.diff(times) >= 0).all()


@pytest.mark.parametrize("usual", [0.55, 0.7, 0.85, 1.1, 1.3])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_a_beat_that_was_never_told_of_is_found_out_and_later_ones_are_in_time(
    usual: float, seed: int
) -> None:
    ends = heart(usual, 0.05, 120.0, seed)
    (gap,), times = told(ends, seed=seed, lost=(50,))
    assert gap.kind == "gap"
    assert "beats missing" in gap.message
    assert ends[50] < gap.time < ends[50] + 15.0
    late = times[-20:] - ends[np.searchsorted(ends, times[-1] - 0.5) - 19 :][:20]
    assert np.abs(late).max() < 0.4


def test_a_silence_longer_than_its_beats_is_a_gap() -> None:
    ends = heart(0.8, 0.05, 60.0, 1)
    (gap,), _ = told(ends, lost=tuple(range(30, 40)))
    assert gap.kind == "gap"


def test_intervals_that_took_longer_than_they_can_have_are_counted_anew() -> None:
    out: Outbox = deque()
    stream = BeatStream(INFO, out, seconds=1 / 1024)
    for k in range(20):
        stream.beats([1024.0 if k != 10 else 65535.0], 100.0 + k)
    (said,) = [i for i in out if isinstance(i, Notice)]
    assert said.kind == "segment"
    assert "64 s came within 1 s" in said.message
    times = np.concatenate([i.times for i in out if isinstance(i, Chunk)])
    assert times[-1] <= 119.0  # no stamp in the future
