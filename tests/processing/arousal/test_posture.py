"""A rest taken in another posture is called old; only the chest tells, and only for good."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.stream import Chunk, FloatArray, Modality, Role, StreamInfo
from processing.arousal.arousal import Arousal
from processing.arousal.posture import Posture, angle
from processing.config import PipelineConfig
from processing.index import IndexSample
from processing.parts import sources
from tests.drawing import few
from tests.processing.arousal_rows import EXPECTED, MARKS, events, resting, rows_of

ACC = StreamInfo(
    name="acc",
    role=Role.CLIENT,
    modality=Modality.ACC,
    sfreq=25.0,
    unit="g",
    channels=("x", "y", "z"),
    device="polar_h10",
)
OLD = "old baseline: taken in another posture"


def leaning(degrees: FloatArray) -> FloatArray:
    """Return acceleration of a trunk inclined so far forwards, with a little unrest [g]."""
    a = np.radians(degrees)
    noise = 0.02 * np.random.default_rng(0).standard_normal((len(a), 3))
    return np.asarray(np.column_stack((np.sin(a), np.cos(a), 0.0 * a)) + noise)


def states(
    degrees: FloatArray, cuts: tuple[float, ...] = (), marks: tuple[tuple[float, str, str], ...] = MARKS
) -> dict[float, str]:
    """Return the reason of `arousal_state` at each second of ten minutes and more."""
    seconds = len(degrees) // 25
    arousal = Arousal("client", channels_expected=EXPECTED, config=PipelineConfig())
    for time, event in events(marks):
        arousal.mark(event, time)
    heard = rows_of(*resting(seconds))
    times, samples = np.arange(len(degrees)) / 25.0, leaning(degrees)
    ticks = np.asarray(0.1 * np.arange(1, 10 * seconds + 1), np.float64)
    out: list[IndexSample] = []
    done = at = row = 0
    for cut in (*sorted(cuts), np.inf):
        n = int(np.searchsorted(ticks, cut, side="right"))
        if n == done:
            continue
        upto = int(np.searchsorted(times, ticks[n - 1]))
        arousal.update(Chunk(ACC, times[at:upto], samples[at:upto]))
        last = next((i for i, r in enumerate(heard) if r.available > ticks[n - 1]), len(heard))
        arousal.hear(heard[row:last])
        part = ticks[done:n]
        out += arousal.advance(part, dict.fromkeys(("heart", "skin", "posture"), part))
        done, at, row = n, upto, last
    return {r.time: r.reason for r in out if r.index == "arousal_state"}


def test_who_lies_back_after_the_rest_has_an_old_baseline_from_then_on() -> None:
    degrees = np.zeros(25 * 900)
    degrees[25 * 600 : 25 * 750] = 45.0
    of = states(degrees)
    assert of[599.0] == of[620.0] == ""
    assert of[640.0] == of[740.0] == of[890.0] == OLD


def test_a_new_rest_in_the_new_posture_is_a_good_one() -> None:
    degrees = np.zeros(25 * 1200)
    degrees[25 * 600 :] = 45.0
    of = states(degrees, marks=(*MARKS, (700.0, "baseline_rest", "on"), (1000.0, "baseline_rest", "off")))
    assert of[690.0] == OLD and of[1010.0] == of[1190.0] == ""


@pytest.mark.parametrize("degrees", [0.0, 20.0])
def test_who_sits_on_or_leans_a_little_keeps_the_baseline(degrees: float) -> None:
    lean = np.where(np.arange(25 * 900) >= 25 * 600, degrees, 0.0)
    lean[25 * 700 : 25 * 715] = 80.0  # bends down for a moment
    assert set(states(lean).values()) <= {"", "no baseline", "rest band only"}


@few(3)
@given(cuts=st.lists(st.floats(1.0, 890.0), max_size=8))
def test_any_batching_gives_the_same_reasons(cuts: list[float]) -> None:
    degrees = np.where(np.arange(25 * 900) >= 25 * 500, 40.0, 0.0)
    assert states(degrees, cuts=tuple(cuts)) == states(degrees)


def test_without_samples_there_is_no_direction() -> None:
    posture = Posture(60.0)
    posture.update(np.arange(10.0), np.full((10, 3), np.nan))
    posture.update(np.arange(10.0), np.ones((10, 1)))
    posture.settle(100.0)
    assert posture.before(100.0) is None
    assert angle((1.0, 0.0, 0.0), (0.0, 0.0, 1.0)) == pytest.approx(90.0)
    assert np.isnan(angle((0.0, 0.0, 0.0), (0.0, 0.0, 1.0)))


def test_only_the_acceleration_of_the_chest_tells_a_posture() -> None:
    ecg = replace(ACC, name="ecg", modality=Modality.ECG, sfreq=130.0, unit="mV", channels=("ECG",))
    wrist = replace(ACC, device="empatica")
    assert (Role.CLIENT, "posture") in sources([ecg, ACC])
    assert (Role.CLIENT, "posture") not in sources([ecg, wrist])
    assert (Role.CLIENT, "posture") not in sources([ACC])
