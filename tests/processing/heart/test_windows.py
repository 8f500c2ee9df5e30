"""Which windows have a value: each gate on both sides of the bound it states."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.stream import FloatArray
from processing.heart.config import HeartConfig
from processing.heart.grid import window_beats
from processing.heart.ibi import ALTERNATING, CHANGED, DOUBTED, ECTOPIC, IRREGULAR, PASSED_OVER, Intervals
from processing.heart.rpeaks_refine import TURNING
from processing.heart.windows import beat_columns

N = 100
"""Beats of 0.6 s: 60 s, the window of RMSSD."""


def table(
    *,
    odd: int = 0,
    doubtful: int = 0,
    rhythm: float = 0.0,
    unknown: int = 0,
    values: FloatArray | None = None,
) -> Intervals:
    """Return a minute of beats, so many of which are ectopic, doubtful, or not judged."""
    times: FloatArray = 0.6 * np.arange(1, N + 1, dtype=np.float64)
    intervals = 600.0 + 10.0 * (-1.0) ** np.arange(N) if values is None else values
    classes = np.zeros(N)
    # Spread out, so that normal beats remain pairs.
    places = np.linspace(2, N - 3, odd).astype(int) if odd else np.empty(0, int)
    classes[places] = ECTOPIC
    bad = np.zeros(N, bool)
    bad[places[:doubtful]] = True
    nn = np.where(classes == 0, intervals, np.nan)
    spans = np.full(N, 0.6)
    if unknown:
        nn[-unknown:], spans[-unknown:], classes[-unknown:] = np.nan, 0.0, np.nan
    paired = np.isfinite(nn) & np.isfinite(np.concatenate(([np.nan], nn[:-1])))
    rhythms = np.zeros(N)
    rhythms[N // 2] = rhythm
    off, turning = np.full(N, np.nan), np.full((N, TURNING), np.nan)
    return Intervals(times, nn, classes, spans, paired, bad, rhythms, off, turning, [""] * N)


def last(beats: Intervals, name: str, *, has_shapes: bool = True) -> tuple[float, str]:
    """Return the value of an index at the last beat, and why it has none."""
    columns = beat_columns(beats, beats.times[-1:] + 1e-6, HeartConfig(), has_shapes=has_shapes)
    column = next(c for c in columns if c.name == name)
    return float(column.values[0]), column.reasons[0]


def test_the_value_is_that_of_the_differences_that_count() -> None:
    assert last(table(), "rmssd")[0] == pytest.approx(20.0)
    assert last(table(), "lnrmssd")[0] == pytest.approx(np.log(20.0))
    assert last(table(), "hr")[0] == pytest.approx(100.0, rel=0.01)


@pytest.mark.parametrize(("step", "reason"), [(0.0, "no variation"), (0.5, ""), (1.0, "")])
def test_a_small_rmssd_has_a_logarithm_and_none_has_none(step: float, reason: str) -> None:
    beats = table(values=np.asarray(600.0 + 0.5 * step * (-1.0) ** np.arange(N), np.float64))
    assert last(beats, "rmssd")[0] == pytest.approx(step)
    value, why = last(beats, "lnrmssd")
    assert why == reason and (np.isnan(value) if reason else value == pytest.approx(np.log(step)))


@pytest.mark.parametrize(
    ("uneven", "mean", "why"), [(0, 580.0, ""), (1, 580.0, "irregular rhythm"), (1, 590.0, "")]
)
def test_one_uneven_beat_asks_for_a_closer_heart_rate(uneven: int, mean: float, why: str) -> None:
    """All beats make 100 bpm, the normal ones 103.4 or 101.7: within 4, and within 2.5 in no even rhythm."""
    beats = table(values=np.full(N, mean))
    beats.rhythms[N - 5] = IRREGULAR if uneven else 0.0
    assert last(beats, "hr")[1] == why


@pytest.mark.parametrize(("odd", "why"), [(29, ""), (30, ""), (31, "ectopic beats")])
def test_up_to_three_in_ten_ectopic_beats_leave_a_value(odd: int, why: str) -> None:
    value, reason = last(table(odd=odd), "rmssd")
    assert reason == why
    assert np.isnan(value) == bool(why)


@pytest.mark.parametrize(("doubtful", "why"), [(5, ""), (6, "ectopic beats")])
def test_up_to_one_in_twenty_may_be_doubtful(doubtful: int, why: str) -> None:
    assert last(table(odd=10, doubtful=doubtful), "rmssd")[1] == why


@pytest.mark.parametrize(("odd", "why"), [(2, ""), (3, "ectopic beats")])
def test_where_only_times_are_known_two_in_a_hundred_may_be_ectopic(odd: int, why: str) -> None:
    assert last(table(odd=odd), "rmssd", has_shapes=False)[1] == why


@pytest.mark.parametrize(
    ("rhythm", "why"),
    [(IRREGULAR, "irregular rhythm"), (ALTERNATING, "ectopic beats"), (CHANGED, "change of rhythm")],
)
def test_a_rhythm_that_is_not_regular_is_named(rhythm: float, why: str) -> None:
    for name in ("rmssd", "sdnn"):
        value, reason = last(table(rhythm=rhythm), name)
        assert np.isnan(value) and reason == why
    assert last(table(rhythm=rhythm), "hr")[1] == ""


@pytest.mark.parametrize(("unknown", "why"), [(19, ""), (21, "too few accepted beats")])
def test_four_fifths_of_the_window_must_be_judged(unknown: int, why: str) -> None:
    assert last(table(unknown=unknown), "rmssd")[1] == why


@pytest.mark.parametrize(("share", "why"), [(0.25, ""), (0.35, "uncertain beats")])
def test_no_two_differences_may_hold_three_tenths_of_the_sum(share: float, why: str) -> None:
    # One beat that is off makes two differences; all others are alike.
    steps = np.full(N, 40.0)
    others = (N - 3) * 40.0**2
    big = np.sqrt(share / (1.0 - share) * others / 2.0)
    change = steps * (-1.0) ** np.arange(N)
    change[50], change[51] = big, -big
    values = 600.0 + np.cumsum(change) - np.cumsum(change).mean()
    assert big > 60.0, "more than a tenth of the interval, below which nothing hinges on it"
    beats = table(values=values)
    assert last(beats, "rmssd")[1] == why
    spans, ends = np.array([[0, N]]), beats.times[-1:]
    assert window_beats(beats, spans, ends - 60.0, ends, HeartConfig(), has_shapes=True)[0].reason == why, (
        "HF and RSA"
    )


@pytest.mark.parametrize(
    ("early", "by_shape", "why"), [(24.0, False, "uncertain beats"), (24.0, True, ""), (8.0, False, "")]
)
def test_a_beat_hardly_early_in_a_heart_that_hardly_varies(early: float, by_shape: bool, why: str) -> None:
    """A beat 6 % early amid differences of 2 ms made RMSSD twice as large where only times are known."""
    change = 2.0 * (-1.0) ** np.arange(N)
    change[50], change[51] = -early, early
    beats = table(values=460.0 + np.cumsum(change) - np.cumsum(change).mean())
    columns = beat_columns(beats, beats.times[-1:], HeartConfig(), has_shapes=by_shape)
    assert {c.name: c.reasons[-1] for c in columns}["rmssd"] == why
    spans, ends = np.array([[0, N]]), beats.times[-1:]
    window = window_beats(beats, spans, ends - 44.0, ends, HeartConfig(), has_shapes=by_shape)[0]
    assert window.reason == why, "HF and RSA"


@pytest.mark.parametrize(("doubted", "why"), [(7, ""), (8, PASSED_OVER)])
def test_so_many_missing_beats_leave_neither_rmssd_nor_spectrum(doubted: int, why: str) -> None:
    rhythms = np.zeros(N)
    rhythms[np.linspace(2, N - 3, doubted).astype(int)] = DOUBTED
    beats = table()._replace(rhythms=rhythms)
    assert last(beats, "rmssd")[1] == why
    spans, ends = np.array([[0, N]]), beats.times[-1:]
    assert window_beats(beats, spans, ends - 60.0, ends, HeartConfig(), has_shapes=True)[0].reason == why


def test_where_no_beat_is_needed_a_window_without_one_still_says_why() -> None:
    """With a share of 0 the first window had neither a value nor a reason."""
    beats = table(values=np.full(N, np.nan))
    config = HeartConfig(hr_cover=0.0, cover=0.0)
    for column in beat_columns(beats, beats.times[:3], config, has_shapes=True):
        assert np.isnan(column.values).all() and all(column.reasons)


@pytest.mark.parametrize(
    "odd",
    [{"silence": 0.9}, {"breathing": (0.37, 0.18)}, {"breathing": (-0.1, 0.3)}, {"breathing_per_beat": -0.3}],
)
def test_what_would_leave_no_value_without_saying_so_is_refused_by_name(odd: dict[str, float]) -> None:
    """Rows that say that no beat came, between any two beats, took the heart rate out of arousal."""
    with pytest.raises(ValueError, match=f"^{next(iter(odd))} = "):
        HeartConfig(**odd)  # type: ignore[arg-type]
