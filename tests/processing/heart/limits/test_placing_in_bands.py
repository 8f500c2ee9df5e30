"""What the places of R peaks add to HF, RSA and SDNN: known beforehand, and said where it may be most."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.stream import Chunk, FloatArray, Modality
from processing.heart.config import HeartConfig
from processing.heart.heart import Heart
from processing.heart.judging import judge_beats
from processing.heart.limits.placing import MOST, in_hf, in_rsa, is_negligible, placing_share
from processing.heart.spectrum import hf_powers, rsa_values
from processing.heart.windows import PLACED, PLACING, worth_of
from processing.index import IndexSample, index_sample
from processing.splines import cubics
from tests.drawing import few
from tests.processing.heart.test_heart import ecg, picked, stream

SECONDS = 180.0
WHOLE = ("hf", "lnhf", "rsa_pb", "sdnn")


@pytest.mark.parametrize("interval", [0.4, 0.6, 0.8, 1.0, 1.3])
def test_noise_of_r_times_adds_to_hf_and_rsa_what_is_told(interval: float) -> None:
    rng = np.random.default_rng(0)
    beats = interval * np.arange(round(150.0 / interval)) + 0.002 * rng.standard_normal(
        (200, round(150.0 / interval))
    )
    windows = [(row[1:], 1e3 * np.diff(row)) for row in beats]
    last = [(t[t > t[-1] - 128.5], nn[t > t[-1] - 128.5]) for t, nn in windows]
    at: FloatArray = np.tile(70.0 + 0.5 * np.arange(-59.5, 60.0), (len(windows), 1))
    mean = np.array([interval])
    assert np.mean(hf_powers(last)) == pytest.approx(4.0 * in_hf(mean)[0], rel=0.05)
    rsa = np.exp(rsa_values(cubics(windows, at)))
    assert np.mean(rsa) == pytest.approx(4.0 * in_rsa(mean)[0], rel=0.1)


def test_no_more_than_all_may_have_been_added_and_of_nothing_all_was() -> None:
    beats = judge_beats(np.linspace(0.0, 9.0, 11))._replace(placing=np.ones(11))
    variances = np.array([8.0, 1.0, 0.0, math.inf])
    starts, stops = np.full(4, 2), np.full(4, 10)
    assert placing_share(beats, starts, stops, variances, 2.0).tolist() == [0.25, 1.0, 1.0, 0.0]
    unplaced = beats._replace(placing=np.full(11, np.nan))
    assert placing_share(unplaced, starts, stops, variances, 2.0).tolist() == [0.0] * 4


@few(50)
@given(
    st.lists(st.floats(0.0, 9.0) | st.just(math.nan), min_size=6, max_size=6),
    st.lists(st.floats(0.0, 99.0) | st.just(math.nan), max_size=3),
)
def test_what_is_negligible_never_counts(placing: list[float], sizes: list[float]) -> None:
    beats = judge_beats(np.linspace(0.0, 4.0, 6))._replace(placing=np.array(placing))
    variances, starts = np.array(sizes, np.float64), np.arange(len(sizes))
    if is_negligible(beats, variances, PLACED):
        told = placing_share(beats, starts, starts + 3, variances, MOST)[np.isfinite(variances)]
        assert worth_of(told).tolist() == [1.0] * len(told)


def rows(swing: float, sfreq: float, noise: float) -> list[IndexSample]:
    """Return the rows of a heart whose intervals swing by so much [s] with 15 breaths a minute, heard from a
    belt: what beats tell of breathing closes no gate."""
    n = int(SECONDS / 0.8)
    slow = 0.5 * swing * np.sin(2 * np.pi * 0.1 * 0.85 * np.arange(n))
    beats = 0.7 + np.cumsum(0.85 + swing * np.sin(2 * np.pi * 0.25 * 0.85 * np.arange(n)) + slow)
    x = ecg(beats[beats < SECONDS - 0.5], sfreq, SECONDS, noise=noise * math.sqrt(sfreq / 250.0))
    info = stream(Modality.ECG, sfreq)
    heart = Heart("client", info.modality, config=HeartConfig(), hears_breathing=True)
    heart.update(Chunk(info, np.arange(len(x)) / sfreq, x[:, None]))
    breaths = [(float(k), float(k), "client", "resp_rate", 15.0, 1.0, "") for k in range(int(SECONDS))]
    heart.hear([index_sample(*breath) for breath in breaths])
    ticks = np.arange(0.0, SECONDS)
    out = heart.advance(ticks, {"heart": ticks, "breath": ticks})
    return [row for row in out if row.index in WHOLE and math.isfinite(row.value) and row.time > 60.0]


@pytest.mark.parametrize("sfreq", [130.0, 250.0, 1000.0])
def test_a_still_heart_in_noise_has_no_hf_rsa_or_sdnn_that_looks_good(sfreq: float) -> None:
    """R times to 2 ms: HF and RSA of a swing of 0.3 ms were two to four times too large, at quality 1."""
    found = rows(0.0003, sfreq, 0.2)
    for index in WHOLE:
        mine = picked(found, index)
        assert len(mine) > 5 and {row.reason for row in mine} == {PLACING}
        assert max(row.quality for row in mine) < 0.5


@pytest.mark.parametrize(("swing", "noise"), [(0.0003, 0.0), (0.003, 0.03), (0.02, 0.12)])
def test_what_noise_hardly_alters_keeps_its_quality(swing: float, noise: float) -> None:
    found = rows(swing, 130.0, noise)
    assert {row.index for row in found} == set(WHOLE)
    assert {(row.reason, row.quality) for row in found} == {("", 1.0)}
