from __future__ import annotations

import math
import warnings
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from acquisition.drivers.border import VALUES, Border
from acquisition.event import Notice
from acquisition.plausible import LARGEST, LATEST
from acquisition.stream import Chunk, ClockOffset, Modality, Role, StreamInfo

ECG = StreamInfo(
    name="ECG", role=Role.CLIENT, modality=Modality.ECG, sfreq=100.0, unit="mV", channels=("a", "b")
)
VOICE = StreamInfo(
    name="v", role=Role.CLIENT, modality=Modality.VOICE, sfreq=0.0, unit="", channels=("a", "b")
)
ANY = st.floats(width=64)


def border() -> Border:
    return Border(lambda: 100.0)


@given(arrays.arrays(np.float64, 6, elements=ANY), arrays.arrays(np.float64, (6, 2), elements=ANY))
def test_of_any_numbers_only_what_can_be_counted_with_passes(times: np.ndarray, samples: np.ndarray) -> None:
    """Of an evenly sampled stream a sample without a value stays, as nan: its count tells of others."""
    gate = border()
    kept = gate.admit(Chunk(ECG, times, samples))
    good = np.abs(times) <= LATEST
    empty = ~(np.abs(samples) < LARGEST).any(axis=1)
    assert (kept is None) == (not good.any())
    if isinstance(kept, Chunk):
        np.testing.assert_array_equal(kept.times, times[good])
        absurd = ~(np.abs(samples[good]) < LARGEST)
        np.testing.assert_array_equal(kept.samples, np.where(absurd, np.nan, samples[good]))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            kept.samples.astype(np.float32)
            assert np.isfinite(np.nansum(kept.samples**2))
    counted = sum(tally.total for tally in gate.tallies.values())
    assert counted >= (~good | empty).sum()
    assert bool(list(gate.told(last=True))) == (counted > 0)


def test_samples_without_a_value_are_told_and_keep_their_places() -> None:
    gate = border()
    samples = np.ones((6, 2), np.float32)
    samples[2:4], samples[5, 0] = math.nan, math.nan
    kept = gate.admit(Chunk(ECG, np.arange(6.0), samples))
    assert isinstance(kept, Chunk) and len(kept.times) == 6
    np.testing.assert_array_equal(kept.samples, samples)
    (notice,) = gate.told()
    assert notice.message.startswith("2 samples have no value: values that no sensor measures")


def test_intervals_without_a_value_are_dropped() -> None:
    """Beats come at no rate: nothing is counted by them."""
    gate, beats = border(), replace(ECG, modality=Modality.RR, sfreq=0.0, unit="ms")
    kept = gate.admit(Chunk(beats, np.arange(3.0), np.array([[800.0, 1.0], [math.nan] * 2, [810.0, 1.0]])))
    assert isinstance(kept, Chunk) and kept.times.tolist() == [0.0, 2.0]
    assert [n.message for n in gate.told()] == [f"1 samples dropped: {VALUES}"]


def test_what_is_dropped_is_counted_and_told_once_in_ten_seconds() -> None:
    now = 100.0
    gate = Border(lambda: now)
    bad = Chunk(ECG, np.array([1.0, math.inf, -math.inf, math.nan, 1e300]), np.ones((5, 2)))
    kept = gate.admit(bad)
    assert isinstance(kept, Chunk) and kept.times.tolist() == [1.0]
    (notice,) = gate.told()
    assert notice.message == "4 samples dropped: stamps that no clock shows (inf)"
    gate.admit(bad)
    assert not list(gate.told())
    now = 111.0
    assert [n.message[:9] for n in gate.told()] == ["4 samples"]
    assert gate.tallies[ECG.key].total == 8


def test_a_row_of_speech_without_pitch_is_no_fault() -> None:
    gate = border()
    kept = gate.admit(Chunk(VOICE, np.array([1.0, 2.0]), np.array([[math.nan, math.nan], [math.inf, 1.0]])))
    assert isinstance(kept, Chunk)
    np.testing.assert_array_equal(kept.samples, [[math.nan, math.nan], [math.nan, 1.0]])
    assert [n.message[:9] for n in gate.told()] == ["1 samples"]


@given(ANY, ANY)
def test_a_clock_offset_is_a_number_or_not_there(collected: float, value: float) -> None:
    kept = border().admit(ClockOffset(ECG, collected, value))
    assert (kept is not None) == (abs(collected) <= LATEST and abs(value) <= LATEST)


@given(st.text(st.characters(), max_size=80))
def test_texts_pass_in_a_form_that_can_be_written(text: str) -> None:
    marks = StreamInfo(
        name="m",
        role=Role.DYAD,
        modality=Modality.MARKERS,
        sfreq=0.0,
        unit="",
        channels=("m",),
        format="string",
    )
    kept = border().admit(Chunk(marks, np.array([1.0]), np.array([[text]], object)))
    assert isinstance(kept, Chunk)
    kept.samples[0, 0].encode("utf-8")
    said = border().admit(Notice(time=1.0, kind="health", role=Role.CLIENT, message=text))
    assert isinstance(said, Notice)
    said.to_json().encode("utf-8")


@pytest.mark.parametrize("shape", [(3, 2), (2, 3), (2,), (2, 2, 1)])
def test_a_chunk_of_another_shape_than_its_stream_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="shape"):
        border().admit(Chunk(ECG, np.arange(2.0), np.zeros(shape)))
