"""Heart: beats to heart rate and variability, the same for any cutting of the input."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.stream import Chunk, FloatArray, Modality, Role, StreamInfo
from processing.heart.config import HeartConfig
from processing.heart.heart import Heart
from processing.heart.hrv import rmssd
from processing.index import IndexSample
from tests.drawing import few
from tests.recordings import ec57_tp2


def stream(modality: Modality, sfreq: float) -> StreamInfo:
    return StreamInfo(name="s", role=Role.CLIENT, modality=modality, sfreq=sfreq, unit="mV", channels=("c",))


def ecg(beats: FloatArray, sfreq: float, seconds: float, noise: float = 0.0) -> FloatArray:
    """Return a simple ECG [mV]: P, QRS and T as Gaussians placed to the fraction of a sample."""
    t = np.arange(int(seconds * sfreq)) / sfreq
    x = noise * np.random.default_rng(1).standard_normal(len(t))
    for height, lag, width in (
        (0.12, -0.16, 0.02),
        (-0.15, -0.028, 0.009),
        (1.1, 0.0, 0.011),
        (-0.2, 0.03, 0.01),
        (0.3, 0.26, 0.045),
    ):
        for beat in beats:
            low, high = np.searchsorted(t, [beat + lag - 0.25, beat + lag + 0.25])
            x[low:high] += height * np.exp(-0.5 * ((t[low:high] - beat - lag) / width) ** 2)
    return x


def run(
    info: StreamInfo, times: FloatArray, values: FloatArray, cuts: list[int] | int, end: float | None = None
) -> list[IndexSample]:
    """Feed a heart tick by tick, `cuts` ticks at a time."""
    heart = Heart("client", info.modality, config=HeartConfig())
    ticks = np.arange(times[0] if len(times) else 0.0, (times[-1] if end is None else end) + 3.0, 0.1)
    position = np.searchsorted(times, ticks, side="right")
    newest = np.array([times[p - 1] if p else -np.inf for p in position])
    marks = np.maximum(np.minimum(newest, ticks), ticks - 2.0)
    out: list[IndexSample] = []
    fed = start = 0
    sizes = iter(cuts) if isinstance(cuts, list) else None
    while start < len(ticks):
        size = cuts if isinstance(cuts, int) else next(sizes, 500) if sizes else 500
        stop = min(len(ticks), start + size)
        upto = int(position[stop - 1])
        if upto > fed:
            heart.update(Chunk(info, times[fed:upto], values[fed:upto, None]))
            fed = upto
        out += heart.advance(ticks[start:stop], {"heart": marks[start:stop]})
        start = stop
    return sorted(out, key=IndexSample.order)


def picked(rows: list[IndexSample], index: str) -> list[IndexSample]:
    return [row for row in rows if row.index == index]


def test_known_beats_give_known_heart_rate_and_rmssd() -> None:
    rng = np.random.default_rng(0)
    beats = np.cumsum(0.8 + 0.03 * rng.standard_normal(180))
    x = ecg(beats, 130.0, float(beats[-1]) + 2)
    rows = run(stream(Modality.ECG, 130.0), np.arange(len(x)) / 130.0, x, 3000)
    found = np.array([r.time for r in picked(rows, "ibi")])
    assert len(found) >= 178
    nearest = np.abs(found[:, None] - beats).min(axis=1)
    assert nearest.max() < 0.003
    last = picked(rows, "rmssd")[-1]
    inside = beats[(beats > last.time - 30) & (beats <= last.time + 30.005)]
    assert last.value == pytest.approx(
        rmssd(1e3 * np.diff(beats[-len(inside) - 1 :][: len(inside) + 1])), rel=0.1
    )


@few(5)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=30))
def test_result_does_not_depend_on_chunking(cuts: list[int]) -> None:
    rng = np.random.default_rng(2)
    beats = np.cumsum(0.8 + 0.05 * rng.standard_normal(100))
    x = ecg(beats, 130.0, 75.0, noise=0.05)
    times = 1e5 + np.arange(len(x)) / 130.0 + 0.002 * rng.random(len(x))
    times[3000:] += 2.0
    info = stream(Modality.ECG, 130.0)
    assert repr(run(info, times, x, cuts)) == repr(run(info, times, x, 3000))


def test_a_silent_stream_gives_nan_rows_with_the_reason() -> None:
    rows = run(stream(Modality.ECG, 130.0), np.empty(0), np.empty(0), 50, end=30.0)
    assert {r.time for r in picked(rows, "ibi")} == {5.0, 10.0, 15.0, 20.0, 25.0}
    assert all(np.isnan(r.value) and r.reason for r in rows)


def test_ecg_at_10_hz_is_refused_with_the_reason() -> None:
    rows = run(stream(Modality.ECG, 10.0), np.arange(300) / 10.0, np.zeros(300), 50)
    assert rows
    assert all(np.isnan(r.value) and "10 Hz" in r.reason for r in rows)


def test_a_real_recording_has_few_corrections(data_dir: Path) -> None:
    with np.load(data_dir / "ecg" / "mitdb_100.npz") as record:
        x, sfreq, beats = record["ecg"][:108000].astype(float), float(record["sfreq"]), record["beats"]
    rows = run(stream(Modality.ECG, sfreq), np.arange(len(x)) / sfreq, x, 3000)
    known = beats[beats < len(x)] / sfreq
    good = [r for r in picked(rows, "ibi") if np.isfinite(r.value)]
    assert len(good) > 0.95 * len(known)


def breathing_person(seconds: float, sfreq: float, seed: int = 0) -> FloatArray:
    """Return an ECG [mV] with 15 breaths a minute in intervals and amplitude."""
    rng = np.random.default_rng(seed)
    n = int(seconds / 0.7)
    swing = 0.04 * np.sin(2 * np.pi * 0.25 * 0.8 * np.arange(n))
    beats = np.cumsum(0.8 + swing + 0.008 * rng.standard_normal(n))
    x = ecg(beats[beats < seconds - 1], sfreq, seconds, noise=0.01)
    return np.asarray(x * (1 + 0.08 * np.sin(2 * np.pi * 0.25 * np.arange(len(x)) / sfreq)))


def test_the_standard_pattern_as_an_interval_stream_gives_its_hf() -> None:
    times, rr = ec57_tp2()
    rows = run(stream(Modality.RR, 0.0), times, 1e3 * rr, 1000)
    power = [r.value for r in picked(rows, "hf") if np.isfinite(r.value)]
    assert len(power) > 200
    assert power[20:] == pytest.approx([606.4] * len(power[20:]), rel=0.01)
    rates = [r.value for r in picked(rows, "resp_rate") if np.isfinite(r.value)]
    assert rates == pytest.approx([15.0] * len(rates), abs=0.7)


def test_breathing_gates_hf_and_rsa_and_speech_takes_them_away() -> None:
    x = breathing_person(260.0, 130.0)
    times = np.arange(len(x)) / 130.0
    info = stream(Modality.ECG, 130.0)
    rows = run(info, times, x, 3000)
    assert sum(np.isfinite(r.value) for r in picked(rows, "hf")) > 15
    assert sum(np.isfinite(r.value) for r in picked(rows, "rsa_pb")) > 20
    rates = [r.value for r in picked(rows, "resp_rate") if np.isfinite(r.value)]
    assert rates == pytest.approx([15.0] * len(rates), abs=1.0)
    heart = Heart("client", Modality.ECG, config=HeartConfig())
    heart.hear([IndexSample(float(s), float(s), "client", "speaking", 1.0, "", 1.0, "") for s in range(260)])
    heart.hear([IndexSample(1.0, 1.0, "therapist", "speaking", 0.0, "", 1.0, "")])
    heart.update(Chunk(info, times, x[:, None]))
    spoken = heart.advance(np.array([0.0, 262.0]), {"heart": np.array([0.0, 259.9])})
    assert all("spoke" in r.reason for r in picked(spoken, "hf") if r.time > 70)
    flagged = [r for r in picked(spoken, "lnrmssd") if np.isfinite(r.value)]
    assert flagged
    assert all("spoke" in r.reason for r in flagged)


def test_electrode_off_silences_the_indices_and_they_return() -> None:
    rng = np.random.default_rng(5)
    x = breathing_person(200.0, 130.0)
    x[60 * 130 : 90 * 130] = 0.3 * rng.standard_normal(30 * 130)
    rows = run(stream(Modality.ECG, 130.0), np.arange(len(x)) / 130.0, x, 500)
    off = [r for r in picked(rows, "ibi") if 60.3 < r.time < 89.9]
    assert len(off) > 5, "the noise looked like beats"
    assert all(np.isnan(r.value) and r.reason for r in off)
    silent = [r for r in picked(rows, "hr") if 62 < r.time < 82]
    assert silent
    assert all(np.isnan(r.value) and r.reason for r in silent)
    back = next(r for r in picked(rows, "ibi") if r.time > 90 and np.isfinite(r.value))
    assert back.time < 93.0
    assert all(r.available - r.time <= 1.2 for r in picked(rows, "ibi"))


def test_interval_streams_give_a_beat_per_interval_and_break_at_gaps() -> None:
    rr = 1e3 * (0.8 + 0.02 * np.random.default_rng(1).standard_normal(100))
    times = np.cumsum(rr) / 1e3
    times[50:] += 20.0
    rows = run(stream(Modality.RR, 0.0), times, rr, 77)
    beats = [r for r in picked(rows, "ibi") if np.isfinite(r.value)]
    assert [r.value for r in beats] == pytest.approx(rr.tolist())
    assert [r for r in picked(rows, "hr") if r.reason == "no data"]


def test_all_nan_gives_only_nan() -> None:
    x = np.full(130 * 30, np.nan)
    rows = run(stream(Modality.ECG, 130.0), np.arange(len(x)) / 130.0, x, 100)
    assert rows
    assert all(np.isnan(r.value) or r.index == "ecg_quality" for r in rows)
    assert all(r.reason for r in rows)


def test_a_long_recording_takes_no_more_memory() -> None:
    x = breathing_person(300.0, 130.0)
    info, heart = stream(Modality.ECG, 130.0), Heart("client", Modality.ECG, config=HeartConfig())
    sizes = []
    for k in range(20):
        times = 300.0 * k + np.arange(len(x)) / 130.0
        heart.update(Chunk(info, times, x[:, None]))
        ticks = np.arange(300.0 * k, 300.0 * (k + 1), 0.1)
        heart.advance(ticks, {"heart": ticks})
        heart.hear(
            [IndexSample(times[0] + s, 0.0, "client", "speaking", 0.0, "", 1.0, "") for s in range(300)]
        )
        sizes.append(len(pickle.dumps(heart)))
    assert max(sizes[13:]) < 1.3 * max(sizes[6:13])


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_no_window_stands_at_quality_0_without_a_word(seed: int) -> None:
    """A minute that ends in noise is right, and says why it is in doubt: its quality is the last beat's."""
    rng = np.random.default_rng(seed)
    beats = np.cumsum(0.85 + 0.03 * rng.standard_normal(140))
    values = ecg(beats, 130.0, 115.0)
    for start in (70.0, 84.0, 97.0):  # moved for two seconds
        at = slice(int(130 * start), int(130 * (start + 2.0)))
        values[at] += 0.9 * rng.standard_normal(at.stop - at.start)
    rows = run(stream(Modality.ECG, 130.0), np.arange(len(values)) / 130.0, values, 7)
    low = [r for r in rows if r.index in ("hr", "rmssd", "sdnn") and r.value == r.value and r.quality < 0.5]
    assert len(low) > 3 and {r.reason for r in low} <= {"last beat: noise", "last beat: unlike other beats"}


def banded(ends: FloatArray, told: FloatArray, seconds: float) -> list[IndexSample]:
    """Return what becomes of a pulse band's intervals [ms], with what it says of each in further columns."""
    channels = ("PPI", "error", "contact")[: told.shape[1]]
    info = StreamInfo(
        name="p", role=Role.CLIENT, modality=Modality.PPI, sfreq=0.0, unit="ms", channels=channels
    )
    heart, ticks = Heart("client", Modality.PPI, config=HeartConfig()), np.arange(0.0, seconds, 0.1)
    heart.update(Chunk(info, ends, told))
    return heart.advance(ticks, {"heart": ticks})


def pulses(error: float, *, said: bool) -> list[IndexSample]:
    """Return what becomes of 10 min of pulse intervals that are off [ms], whose device may say so."""
    rng = np.random.default_rng(1)
    nn = 0.85 + 0.03 * np.sin(2 * np.pi * 0.25 * 0.85 * np.arange(700)) + 0.01 * rng.standard_normal(700)
    ends = np.cumsum(nn) + error / np.sqrt(2.0) / 1000.0 * rng.standard_normal(700)
    steps = 1000.0 * np.diff(ends)
    columns = (steps, np.full(len(steps), error)) if said else (steps,)
    return banded(ends[1:], np.column_stack(columns), 600.0)


def test_what_a_device_thinks_its_intervals_are_off_by_counts() -> None:
    """Errors of 20 ms make an RMSSD of 30 ms one of 44, at quality 1."""
    for error, good in ((5.0, True), (20.0, False), (40.0, False)):
        rows = [r for r in pulses(error, said=True) if r.index in ("rmssd", "lnrmssd") and r.value == r.value]
        assert len(rows) > 400
        assert all((r.quality >= 0.5 and not r.reason) == good for r in rows)
        assert good or {r.reason for r in rows} == {"beat times too uncertain"}
        kinds = ("rmssd", "lnrmssd")
        plain = [r for r in pulses(error, said=False) if r.index in kinds and r.value == r.value]
        assert [r.value for r in plain] == [r.value for r in rows]
        assert {r.quality for r in plain} == {1.0}


def test_intervals_of_a_band_that_is_off_the_skin_are_lost() -> None:
    ends = np.cumsum(np.full(60, 0.8)) + 0.01 * np.random.default_rng(2).standard_normal(60)
    told = np.column_stack([1000.0 * np.diff(ends), np.full(59, 5.0), np.ones(59)])
    told[20:30, 2] = 0.0
    told[40:, 2] = np.nan  # it does not say
    told[45, 1] = np.inf
    rows = banded(ends[1:], told, 55.0)
    beats = [round(r.time, 6) for r in rows if r.index == "ibi" and r.time % 5.0]  # those of silence aside
    assert beats == [round(t, 6) for t in (*ends[1:21], *ends[31:46], *ends[47:])]


def test_intervals_of_a_strap_without_contact_are_lost_as_those_of_a_band() -> None:
    """A strap says nothing of errors: what becomes of it is what becomes of a band that says none."""
    ends = np.cumsum(0.8 + 0.01 * np.random.default_rng(2).standard_normal(160))
    steps = 1000.0 * np.diff(ends)
    touches = np.ones(159)
    touches[60:90], touches[120:] = 0.0, np.nan
    names = ("RR", "contact")
    info = StreamInfo(name="r", role=Role.CLIENT, modality=Modality.RR, sfreq=0.0, unit="ms", channels=names)
    heart, ticks = Heart("client", Modality.RR, config=HeartConfig()), np.arange(0.0, 140.0, 0.1)
    heart.update(Chunk(info, ends[1:], np.column_stack([steps, touches])))
    strap = heart.advance(ticks, {"heart": ticks})
    band = banded(ends[1:], np.column_stack([steps, np.full(159, np.nan), touches]), 140.0)
    assert repr(strap) == repr(band)
    lost = [r for r in strap if r.index == "ibi" and ends[61] < r.time < ends[90] and r.value == r.value]
    assert not lost
    silent = [r.reason for r in strap if r.index == "hr" and ends[61] + 6.0 < r.time < ends[90] - 1.0]
    assert silent and all(silent)
    plain = banded(ends[1:], steps[:, None], 140.0)
    said = banded(ends[1:], np.column_stack([steps, np.full((159, 2), np.nan)]), 140.0)
    assert repr(plain) == repr(said)


def test_an_error_that_is_not_said_is_not_known() -> None:
    assert repr(pulses(0.0, said=True)) == repr(pulses(0.0, said=False))
