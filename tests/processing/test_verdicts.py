"""Verdicts: a wrong sensor is named in the lines that a user reads."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.stream import Chunk, FloatArray, Modality, Role, StreamInfo
from acquisition.units import CANONICAL
from processing.heart.config import HeartConfig
from processing.heart.heart import Heart
from processing.index import Estimator, IndexSample, index_sample
from processing.skin.config import SkinConfig
from processing.skin.doubt import NO_ZERO
from processing.skin.skin import Skin
from processing.verdicts import verdicts
from tests.processing.heart.test_heart import ecg
from tests.processing.heart.test_rpeaks import rhythm

GOOD = ecg(rhythm(60.0), 250.0, 62.0, noise=0.01)
TIMES = np.arange(len(GOOD)) / 250.0
NOISE = np.random.default_rng(0).standard_normal(len(GOOD))


def heard(values: FloatArray, sfreq: float, modality: Modality) -> list[IndexSample]:
    """Return what a person's estimator makes of a minute."""
    unit = CANONICAL[modality]
    info = StreamInfo(name="x", role=Role.CLIENT, modality=modality, sfreq=sfreq, unit=unit, channels=("x",))
    estimator: Estimator = (
        Heart("client", modality, config=HeartConfig())
        if modality is Modality.ECG
        else Skin("client", config=SkinConfig())
    )
    times = np.arange(len(values)) / sfreq
    estimator.update(Chunk(info, times, values[:, None]))
    return estimator.advance(np.array([0.0, 70.0]), dict.fromkeys(("heart", "skin"), np.array([0.0, 60.0])))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.full(len(GOOD), 0.7), "client ECG: flat (all of the seconds)"),
        (np.zeros(len(GOOD)), "client ECG: flat (all of the seconds)"),
        (np.full(len(GOOD), np.nan), "client ECG: no data (all of the seconds)"),
        (GOOD / 1e3, "client ECG: unit looks like V, not mV ("),
        (GOOD * 1e3, "client ECG: unit looks like µV, not mV ("),
        (GOOD + np.sin(2 * np.pi * 50 * TIMES), "client ECG: line noise (all of the seconds)"),
        (GOOD + np.sin(2 * np.pi * 60 * TIMES), "client ECG: line noise (all of the seconds)"),
        (0.3 * NOISE, "client ECG: electrode off (all of the seconds)"),
        (np.where((TIMES // 10) % 3 == 1, np.nan, GOOD), "client ECG: no data ("),
    ],
)
def test_a_faulty_ecg_is_named(values: FloatArray, said: str) -> None:
    lines = verdicts(heard(values, 250.0, Modality.ECG))
    assert any(line.startswith(said) for line in lines), lines


def test_a_good_ecg_is_not_mentioned_whichever_way_up() -> None:
    assert verdicts(heard(GOOD, 250.0, Modality.ECG)) == []
    assert verdicts(heard(-GOOD, 250.0, Modality.ECG)) == []


def test_an_ecg_at_ten_hertz_is_refused() -> None:
    (line,) = verdicts(heard(GOOD[::25], 10.0, Modality.ECG))
    assert line == "client ECG: ECG at 10 Hz: 100-1000 Hz are needed to place an R peak (all of the seconds)"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.full(240, 120.0) + NOISE[:240], "client EDA: above 60 µS: not in µS, or a short circuit (all"),
        (3e-6 + 1e-8 * NOISE[:240], "client EDA: unit looks like S, not µS (all of the seconds)"),
        (3e6 + 1e4 * NOISE[:240], "client EDA: not in µS (all of the seconds)"),
        (np.zeros(240), "client EDA: electrode off: below 0.05 µS, or not in µS (all of the seconds)"),
        (np.full(240, 4.0), "client EDA: EDA flat ("),
        (NOISE[:240] - 1.0, "client EDA: below zero: electrode off, its zero is off, or it was filtered ("),
        (np.full(240, 3000.0) + NOISE[:240], "client EDA: unit looks like nS, or counts, not µS (all"),
    ],
)
def test_a_faulty_eda_is_named(values: FloatArray, said: str) -> None:
    lines = verdicts(heard(values, 4.0, Modality.EDA))
    assert any(line.startswith(said) for line in lines), lines


def test_a_level_in_doubt_is_named_beside_values_that_are_there() -> None:
    t = np.arange(240) / 4.0
    values = np.where(t < 20.0, -1.0, 2.0) + 0.05 * np.sin(t)
    lines = verdicts(heard(values, 4.0, Modality.EDA))
    assert any(line.startswith(f"client EDA in doubt: {NO_ZERO} (") for line in lines), lines
    assert not any("in doubt" in line for line in verdicts(heard(values[t >= 20.0], 4.0, Modality.EDA)))


@pytest.mark.parametrize(("looks", "said"), [(1, False), (3, False), (4, True)])
def test_one_heart_is_said_from_four_looks_on(looks: int, said: bool) -> None:
    rows = [
        index_sample(30.0 + 10.0 * k, 61.0 + 10.0 * k, "dyad", "one_heart", float(k < looks), 1.0, "")
        for k in range(20)
    ]
    assert any("one heart" in line for line in verdicts(rows)) == said


@pytest.mark.parametrize(("looks", "said"), [(1, ""), (2, "(for 3 min)"), (8, "(for 8 min)")])
def test_one_skin_is_said_from_two_looks_on_and_for_no_longer_than_the_session(looks: int, said: str) -> None:
    rows = [
        index_sample(50.0 * k, 155.0 + 50.0 * k, "dyad", "one_skin", float(k < looks), 1.0, "")
        for k in range(20 if looks < 8 else looks)
    ]
    last = rows[-1].time + 150.0
    rows += [index_sample(t, t + 6.0, "client", "eda_quality", 1.0, 1.0, "") for t in np.arange(0.0, last)]
    lines = [line for line in verdicts(rows) if "skin do" in line]
    assert [line.endswith(said) for line in lines] == [True] * bool(said)
