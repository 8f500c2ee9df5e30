"""A breath that turns the heart moves R where HF and RSA look: said where it may be most of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.stream import FloatArray, Modality
from benchmarks.turned import turned
from processing.heart.ibi import Intervals
from processing.heart.judging import judge_beats
from processing.heart.limits.turning import APART, PART
from processing.heart.limits.turning_in_bands import APART_IN_BAND, turned_in_band
from processing.heart.rpeaks_refine import TURNING
from processing.heart.windows import PLACING
from processing.index import IndexSample
from tests.drawing import few
from tests.processing.heart.test_heart import run, stream

BAND = (0.15, 0.40)
LENGTH, INTERVAL = 128.0, 0.8
WHOLE = ("hf", "lnhf", "rsa_pb", "sdnn")


def heart(own: FloatArray, shift: FloatArray, *, size: float = 0.5, seed: int = 0) -> Intervals:
    """Return beats whose marks lie `shift` ms late; the fifth of nine slopes tells of it, the others change
    by `size` ms at random."""
    rng = np.random.default_rng(seed)
    n = len(own)
    beats = judge_beats(np.cumsum(INTERVAL + own / 1e3) + shift / 1e3)
    slopes = size * rng.standard_normal((n, TURNING - 1))
    slopes[:, 4] = shift
    second = np.zeros_like(slopes)
    second[2:] = slopes[2:] - 2 * slopes[1:-1] + slopes[:-2]
    return beats._replace(turning=np.column_stack((0.5 * second, np.full(n, 500.0))))


def swing(size: float, frequency: float, n: int = 160) -> FloatArray:
    return np.asarray(size * np.sin(2 * np.pi * frequency * INTERVAL * np.arange(n)), np.float64)


def edges(beats: Intervals) -> tuple[np.ndarray, np.ndarray]:
    return np.array([0]), np.array([len(beats.times)])


def share(beats: Intervals) -> float:
    return float(turned_in_band(beats, edges(beats), LENGTH, BAND).share[0])


def test_it_is_what_the_regression_in_the_band_expects() -> None:
    beats = heart(np.random.default_rng(3).standard_normal(160), swing(1.0, 0.25))
    change = np.where(beats.paired, beats.values - np.append(np.nan, beats.values[:-1]), 0.0)
    slopes = np.where(beats.paired[:, None], 1e3 * beats.turning[:, :-1] / 500.0, 0.0)
    times, span = beats.times, np.ptp(beats.times)
    frequencies = np.arange(13, 35) * APART_IN_BAND / LENGTH
    assert BAND[0] <= frequencies[0] and frequencies[-1] <= BAND[1] < frequencies[-1] + 1.5 / LENGTH
    waves = np.exp(-2j * np.pi * frequencies[:, None] * (times - times[0]))
    waves *= np.cos(np.pi * ((times - times[0]) / span - 0.5)) ** 2
    waves /= 2 * np.sin(np.pi * frequencies * np.mean(np.diff(times)))[:, None]
    x, y = (np.concatenate(((waves @ v).real, (waves @ v).imag)) for v in (slopes, change))
    own = y @ y / (span / APART)
    spread = np.linalg.inv(x.T @ x / own + np.eye(9) / PART**2)
    likely = spread @ x.T @ y / own
    expected = (np.sum((x @ likely) ** 2) + np.trace(x @ spread @ x.T)) / (y @ y)
    assert 0.2 < expected < 0.95
    assert share(beats) == pytest.approx(expected, rel=1e-9)


def test_the_variance_is_that_of_intervals_in_the_band() -> None:
    beats = heart(swing(5.0, 0.22) + swing(8.0, 0.08), np.zeros(160))
    variance = turned_in_band(beats, edges(beats), LENGTH, BAND).variance[0]
    assert variance == pytest.approx(12.5, rel=0.1)


def test_a_shape_that_hardly_changes_moves_no_peak_and_one_that_tells_nothing_none() -> None:
    own = swing(20.0, 0.25)
    assert share(heart(own, np.zeros(160), size=0.05)) == 0.0
    beats = heart(own, np.zeros(160))
    assert share(beats._replace(turning=np.full((160, TURNING), np.nan))) == 0.0
    assert turned_in_band(beats, (np.array([3]), np.array([8])), LENGTH, BAND).share.tolist() == [0.0]
    assert turned_in_band(beats, (np.empty(0, np.int64),) * 2, LENGTH, BAND).share.tolist() == []


def test_slow_swings_neither_hide_a_turn_nor_make_one() -> None:
    rng = np.random.default_rng(4)
    quiet, turn = 0.3 * rng.standard_normal(160), swing(1.5, 0.25)
    alone, beside = (share(heart(quiet + slow, turn)) for slow in (0.0, swing(12.0, 0.07)))
    assert alone > 0.5 and beside > 0.5
    lively = swing(10.0, 0.25) + quiet
    assert share(heart(lively + swing(12.0, 0.07), swing(0.5, 0.25))) < 0.1


@few(25)
@given(
    st.floats(0.0, 20.0), st.floats(0.0, 20.0), st.integers(0, 50), st.floats(0.01, 100.0), st.integers(1, 40)
)
def test_it_is_a_share_whatever_the_gain_and_whatever_lies_outside(
    size: float, level: float, seed: int, gain: float, beside: int
) -> None:
    n = 120 + 2 * beside
    beats = heart(level * np.random.default_rng(seed).standard_normal(n), swing(size, 0.2, n), seed=seed)
    inside = (np.array([0, beside]), np.array([7, beside + 120]))
    here = turned_in_band(beats, inside, LENGTH, BAND)
    alone = turned_in_band(beats, (inside[0][1:], inside[1][1:]), LENGTH, BAND)
    assert 0.0 <= here.share[1] <= 1.0 and here.variance[1] >= 0.0
    assert (here.share[1], here.variance[1]) == (alone.share[0], alone.variance[0])
    louder = turned_in_band(beats._replace(turning=gain * beats.turning), inside, LENGTH, BAND)
    assert here.share == pytest.approx(louder.share, abs=1e-6)


def out_of(level: float, degrees: float, seconds: float = 150.0, step: int = 500) -> list[IndexSample]:
    seen = turned(np.random.default_rng(5), level, degrees).recording
    part = seen.times < seconds
    return run(stream(Modality.ECG, seen.sfreq), seen.times[part], seen.signals["ecg"][part], step)


def test_a_quiet_heart_that_a_breath_turns_says_so_and_one_that_moves_does_not() -> None:
    for name in WHOLE:
        still, quiet, lively = (
            [s for s in out_of(*how) if s.index == name and np.isfinite(s.value)]
            for how in ((2.0, 0.0), (2.0, 9.0), (25.0, 9.0))
        )
        assert min(map(len, (still, quiet, lively))) > 5
        assert {s.reason for s in quiet} == {PLACING} and max(s.quality for s in quiet) < 0.5
        assert {s.reason for s in still} == {""} == {s.reason for s in lively}


def test_a_turning_heart_does_not_depend_on_the_chunks() -> None:
    whole = out_of(2.0, 9.0)
    assert PLACING in {s.reason for s in whole if s.index == "hf"}, "or nothing is tested"
    assert repr(out_of(2.0, 9.0, step=37)) == repr(whole)
