"""R peaks: in the right place, in time, the same for any cutting, through faults of the signal."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.stream import FloatArray
from acquisition.timebase.lay import lay
from processing.heart.rpeaks import RPeaks, detect_r_peaks, joined
from tests.drawing import few
from tests.processing.heart.test_heart import ecg
from tests.recordings import resting_ecg


def rhythm(seconds: float, seed: int = 0) -> FloatArray:
    rng = np.random.default_rng(seed)
    beats = 0.7 + np.cumsum(0.85 + 0.04 * rng.standard_normal(int(seconds / 0.7)))
    return beats[beats < seconds - 0.5]


def hits(found: FloatArray, beats: FloatArray, tolerance: float) -> tuple[int, int]:
    """Return how many beats were missed and how many found ones are false."""
    near = np.abs(found[:, None] - beats) <= tolerance
    return int((~near.any(axis=0)).sum()), int((~near.any(axis=1)).sum())


@pytest.mark.parametrize("sfreq", [100.0, 125.0, 130.0, 250.0, 500.0, 1000.0])
def test_every_beat_is_found_to_a_millisecond_at_any_rate(sfreq: float) -> None:
    beats = rhythm(60.0)
    found = detect_r_peaks(ecg(beats, sfreq, 62.0, noise=0.005), sfreq)
    assert hits(found, beats, 0.004) == (0, 0)
    assert (found - beats).std() < 0.001


@pytest.mark.parametrize("factor", [-1.0, 1e-3, 1e3])
def test_polarity_and_scale_do_not_matter(factor: float) -> None:
    beats = rhythm(60.0)
    found = detect_r_peaks(factor * ecg(beats, 130.0, 62.0, noise=0.01), 130.0)
    assert hits(found, beats, 0.05) == (0, 0)


def test_beats_are_settled_within_a_second() -> None:
    x = ecg(rhythm(120.0), 130.0, 122.0, noise=0.1)
    beats = RPeaks(130.0).update(np.arange(len(x)) / 130.0, x)
    delay = beats.settled - beats.times
    assert np.median(delay) <= 0.5
    assert delay.max() <= 1.0


@few(8)
@given(st.lists(st.integers(1, 400), min_size=1, max_size=30))
def test_peaks_do_not_depend_on_chunking(cuts: list[int]) -> None:
    x = ecg(rhythm(30.0), 130.0, 32.0, noise=0.15)
    times = -1e4 + np.arange(len(x)) / 130.0
    times[2000:] += 0.9
    x[3000:3100] = np.nan
    whole = RPeaks(130.0).update(times, x)
    cut, edges = RPeaks(130.0), np.minimum(np.cumsum(cuts), len(x))
    parts = [cut.update(t, v) for t, v in zip(np.split(times, edges), np.split(x, edges), strict=True)]
    for a, b in zip(joined(parts), whole, strict=True):
        assert np.array_equal(a, b, equal_nan=True)


def test_a_jump_of_the_stamps_starts_a_new_stretch() -> None:
    x = ecg(rhythm(40.0), 130.0, 40.0)
    times = np.arange(len(x)) / 130.0
    times[2600:] += 5.0
    beats = RPeaks(130.0).update(times, x)
    first = beats.times[beats.first]
    assert len(first) == 2
    assert first[1] > 25.0
    assert not ((beats.times > 20.1) & (beats.times < 24.9)).any()


def test_nan_and_flat_lines_give_no_beats() -> None:
    assert len(detect_r_peaks(np.full(1300, np.nan), 130.0)) == 0
    assert len(detect_r_peaks(np.zeros(1300), 130.0)) == 0
    assert len(detect_r_peaks(np.empty(0), 130.0)) == 0


def test_jittered_stamps_barely_move_the_intervals() -> None:
    beats = rhythm(120.0)
    x = ecg(beats, 130.0, 122.0)
    even = np.arange(len(x)) / 130.0
    jitter = 0.002 * np.random.default_rng(3).random(len(x))
    exact = RPeaks(130.0).update(even, x).times
    rough = RPeaks(130.0).update(lay(even + jitter, 130.0).times, x).times
    assert len(exact) == len(rough)
    assert np.abs(np.diff(rough) - np.diff(exact))[10:].max() < 2e-4


def test_missing_samples_do_not_move_the_beats_around_them() -> None:
    beats = rhythm(60.0)
    x = ecg(beats, 360.0, 62.0)
    times = np.arange(len(x)) / 360.0
    kept = np.ones(len(x), bool)
    for start in range(3 * 360, len(x), 5 * 360):
        kept[start : start + 36] = False
    whole, holed = RPeaks(360.0), RPeaks(360.0)
    there, found = whole.update(times, x).times, holed.update(times[kept], x[kept]).times
    near = np.abs(times[~kept][:, None] - found).min(axis=0) < 0.12
    assert near.any()
    assert np.abs(found[~near, None] - there).min(axis=1).max() < 0.001
    crossed = holed.holes.crossed(found[1:], float(found[0]))
    assert crossed[near[1:]].all()
    assert crossed.sum() < 0.6 * len(found)


@pytest.mark.parametrize(("longer", "valid"), [(2.0, True), (2.4, False), (3.6, False), (4.0, True)])
def test_no_interval_is_taken_across_a_step_of_no_whole_number_of_samples(longer: float, valid: bool) -> None:
    """Two or four steps long, samples are missing; anything between, the stamps are not true."""
    sfreq = 130.0
    times = np.arange(round(8.0 * sfreq)) / sfreq
    times[520:] += (longer - 1.0) / sfreq
    holed = RPeaks(sfreq)
    holed.update(times, np.zeros(len(times)))
    beats = np.array([3.5, 4.5, 5.5])  # the hole is at 4.0 s, far from all of them
    assert holed.holes.crossed(beats, 2.5).tolist() == [False, not valid, False]


def test_rates_under_100_hz_are_refused() -> None:
    with pytest.raises(ValueError, match="10 Hz"):
        RPeaks(10.0)


def test_no_noise_is_trusted_while_the_electrode_is_off() -> None:
    x = ecg(rhythm(120.0), 130.0, 120.0, noise=0.02)
    off = slice(50 * 130, 80 * 130)
    x[off] = 0.2 * np.random.default_rng(4).standard_normal(30 * 130)
    beats = RPeaks(130.0).update(np.arange(len(x)) / 130.0, x)
    inside = (beats.times > 50.3) & (beats.times < 79.9)
    assert inside.sum() > 5, "noise looks like beats to a bold detector"
    assert beats.trusted[inside].sum() == 0
    back = beats.times[(beats.times > 80.0) & (beats.trusted == 1)]
    assert back[0] < 83.0


@pytest.mark.parametrize(
    ("record", "least"), [("mitdb_100", 99.9), ("mitdb_106", 99.5), ("mitdb_119", 99.7), ("mitdb_121", 99.8)]
)
def test_reference_records(record: str, least: float, data_dir: Path) -> None:
    with np.load(data_dir / "ecg" / f"{record}.npz") as r:
        x, sfreq, beats = r["ecg"][:216000].astype(float), float(r["sfreq"]), r["beats"] / float(r["sfreq"])
    beats = beats[beats < 599.0]
    found = detect_r_peaks(x, sfreq)
    missed, false = hits(found[found < 599.1], beats, 0.05)
    assert 100 * (1 - (missed + false) / (2 * len(beats))) > least


def test_rmssd_at_130_hz_equals_that_at_1000() -> None:
    from scipy.interpolate import CubicSpline
    from scipy.signal import filtfilt, firwin

    from processing.heart.hrv import rmssd

    x, _ = resting_ecg()
    fine = detect_r_peaks(x, 1000.0)
    curve = CubicSpline(
        np.arange(len(x)) / 1000.0,
        filtfilt(np.asarray(firwin(401, 55.0, fs=1000), np.float64), np.ones(1), x),
    )
    for phase in np.arange(0.0, 1.0, 0.25) / 130.0:
        at = np.arange(phase, 299.9, 1 / 130.0)
        coarse = detect_r_peaks(curve(at), 130.0) + phase
        paired = np.array([coarse[np.abs(coarse - t).argmin()] for t in fine])
        near = np.abs(paired - fine) < 0.05
        assert near.mean() > 0.99
        assert (paired - fine)[near].std() < 0.0003
        assert rmssd(1e3 * np.diff(paired[near])) == pytest.approx(
            rmssd(1e3 * np.diff(fine[near])), rel=0.005
        )


@pytest.mark.parametrize("sfreq", [130.0, 500.0])
@pytest.mark.parametrize(("height", "width"), [(0.8, 0.05), (-0.7, 0.045), (0.5, 0.04)])
def test_a_late_t_wave_is_no_beat(sfreq: float, height: float, width: float) -> None:
    beats = rhythm(60.0)
    times = np.arange(round(62.0 * sfreq)) / sfreq
    x = np.zeros(len(times)) + 0.01 * np.random.default_rng(1).standard_normal(len(times))
    for beat in beats:
        for place, size, spread in ((0.0, 1.0, 0.010), (0.03, -0.25, 0.011), (0.42, height, width)):
            x += size * np.exp(-0.5 * ((times - beat - place) / spread) ** 2)
    assert hits(detect_r_peaks(x, sfreq), beats, 0.05) == (0, 0)


def summed(waves: list[tuple[float, float, float]], sfreq: float, seconds: float) -> FloatArray:
    """Return waves of (place [s], height [mV], width [s]) with weak noise."""
    time = np.arange(int(seconds * sfreq)) / sfreq
    x = 0.015 * np.random.default_rng(0).standard_normal(len(time))
    for place, height, width in waves:
        x += height * np.exp(-0.5 * ((time - place) / width) ** 2)
    return x


def test_a_wide_beat_at_every_second_place_is_found_again_and_again() -> None:
    waves, beats = [], []
    for start in np.arange(0.6, 110.0, 2.0):  # two normal beats, then a wide one 0.40 s after the second
        for place in (start, start + 0.8) if start > 10.0 else (start, start + 0.8, start + 1.5):
            beats.append(place)
            waves += [(place, 1.0, 0.010), (place + 0.03, -0.25, 0.011), (place + 0.28, 0.3, 0.05)]
        if start > 10.0:
            beats.append(start + 1.20)
            waves += [(start + 1.20, 1.2, 0.032), (start + 1.28, 0.5, 0.03), (start + 1.50, -0.5, 0.07)]
    found = detect_r_peaks(summed(waves, 250.0, 112.0), 250.0)
    missed, false = hits(found, np.array(beats), 0.1)
    assert missed <= 1
    assert false == 0


@pytest.mark.parametrize("seed", [0, 1, 2, 3])
def test_high_flat_t_waves_from_the_first_beat_on_do_not_double_the_rate(seed: int) -> None:
    beats = 0.8 + np.cumsum(1.08 + 0.03 * np.random.default_rng(seed).standard_normal(60))
    waves = [(b + at, h, w) for b in beats for at, h, w in ((0.0, 1.0, 0.01), (0.42, 1.3, 0.055))]
    waves += [(b - 0.17, 0.12, 0.022) for b in beats]
    found = detect_r_peaks(summed(waves, 130.0, 68.0), 130.0)
    assert hits(found, beats, 0.05)[1] <= 6


def test_an_ectopic_beat_is_placed_on_its_large_deflection_and_a_normal_one_stays() -> None:
    beats = 0.8 + 0.8 * np.arange(60)
    waves, truth = [], []
    for k, beat in enumerate(beats.tolist()):
        if k % 5 == 4:
            waves += [(beat - 0.04, 0.45, 0.012), (beat, -2.0, 0.024), (beat + 0.3, 0.5, 0.06)]
        else:
            waves += [(beat, 1.0, 0.010), (beat + 0.03, -0.35, 0.011), (beat + 0.28, 0.3, 0.05)]
        truth.append(beat)
    found = detect_r_peaks(summed(waves, 250.0, 49.0), 250.0)
    assert hits(found, np.array(truth)[truth < found[-1] + 0.1], 0.012) == (0, 0)


def like_sized(seconds: float, seed: int = 0) -> tuple[FloatArray, FloatArray]:
    """Return an ECG [mV] at 130 Hz whose R and S are of like size, either the larger from beat to beat, and
    its R peaks [s]."""
    rng = np.random.default_rng(seed)
    beats = rhythm(seconds)
    t = np.arange(int(seconds * 130)) / 130.0
    x = 0.01 * rng.standard_normal(len(t))
    for beat in beats:
        near = slice(*np.searchsorted(t, [beat - 0.2, beat + 0.2]))
        off = t[near] - beat
        r, s = 0.6 + 0.08 * rng.standard_normal(2)
        x[near] += r * np.exp(-0.5 * (off / 0.009) ** 2) - s * np.exp(-0.5 * ((off - 0.030) / 0.009) ** 2)
    return x, beats


def test_the_mark_stays_on_one_of_two_deflections_of_like_size() -> None:
    x, beats = like_sized(180.0)
    deep = np.array([x[int(b * 130) : int((b + 0.06) * 130)].min() for b in beats])
    tall = np.array([x[int((b - 0.03) * 130) : int((b + 0.03) * 130)].max() for b in beats])
    assert (np.abs(deep) > tall).mean() == pytest.approx(0.5, abs=0.25), "either is the larger one"
    found = RPeaks(130.0).update(np.arange(len(x)) / 130.0, x)
    assert hits(found.times, beats, 0.012) == (0, 0)
    assert (found.heights > 0).all()


def test_the_mark_changes_with_the_electrode_once_for_good() -> None:
    x, _ = like_sized(120.0)
    turned = ecg(rhythm(120.0), 130.0, 120.0, noise=0.01)
    turned[60 * 130 :] *= -1.0
    found = RPeaks(130.0).update(np.arange(len(x)) / 130.0, turned)
    assert (found.heights[found.times < 59.0] > 0).all()
    assert (found.heights[found.times > 80.0] < 0).all()
    assert np.abs(np.diff(np.sign(found.heights))).sum() == 2


def test_the_first_and_the_last_whole_beat_of_a_stretch_are_found() -> None:
    beats = np.array([0.22, 1.0, 1.85, 2.7, 3.5, 4.4, 5.2, 6.0, 6.85])
    x = ecg(beats, 130.0, 7.0, noise=0.01)
    times = np.arange(len(x)) / 130.0
    assert hits(detect_r_peaks(x, 130.0), beats, 0.004) == (0, 0)
    detector = RPeaks(130.0)
    before = detector.update(times, x)
    assert hits(before.times, beats, 0.004)[0] > 0, "the last beat was not decided yet"
    assert len(detector.settle(times[-1] + 0.1).times) == 0, "the stretch may go on"
    last = detector.settle(times[-1] + 0.2)
    assert hits(np.concatenate((before.times, last.times)), beats, 0.004) == (0, 0)
    assert len(detector.settle(times[-1] + 9.0).times) == 0, "said once"
    after = detector.update(times + 20.0, x)
    assert after.first[0] and hits(after.times - 20.0, beats[:-1], 0.004) == (0, 0)


def test_of_three_deflections_the_sharpest_is_marked_in_every_beat() -> None:
    beats = rhythm(90.0)
    waves = [
        (beat + place, height, width)
        for beat in beats.tolist()
        for place, height, width in ((0.0, 0.35, 0.010), (0.035, -0.5, 0.013), (0.085, 0.7, 0.022))
    ]
    found = detect_r_peaks(summed(waves, 250.0, 92.0), 250.0)
    assert hits(found, beats + 0.034, 0.006) == (0, 0)
