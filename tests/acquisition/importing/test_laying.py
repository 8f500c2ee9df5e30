"""Imported streams are laid by the times of their samples; the raw stamps are what is stored."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from acquisition.errors import StreamError
from acquisition.importing.files import import_streams
from acquisition.importing.finishing import Done
from acquisition.importing.rates import rate_of
from acquisition.recording.recording import Recording
from acquisition.stream import FloatArray, Role
from tests.acquisition.timebase.stamped import Push, Stamped, bursts, even, jittered, rounded, stream, uneven


def imported(tmp_path: Path, sent: Stamped, sfreq: str = "130") -> tuple[Done, Recording]:
    path = tmp_path / "belt.npz"
    np.savez(path, time=sent.stamps, ecg=np.sin(sent.true))
    rate = f":{sfreq}" if sfreq else ""
    done = import_streams([path], [f"client:ecg:mV{rate}=ecg"], times=["time"], out=tmp_path / "S1")
    return done, Recording(tmp_path / "S1")


def stored(recording: Recording) -> tuple[FloatArray, FloatArray, float]:
    """Return raw stamps, the tick of each, and the length of a recording [s]."""
    stamps, ticks, begin, end = [], [], np.inf, -np.inf
    for batch in recording.batches():
        part = batch.streams[Role.CLIENT, "ecg"]
        stamps.append(part.times)
        ticks.append(batch.ticks[part.slices])
        begin, end = min(begin, batch.ticks[0]), max(end, batch.ticks[-1])
    return np.concatenate(stamps), np.concatenate(ticks), float(end - begin)


@pytest.mark.parametrize("push", [even, bursts, jittered(0.003), rounded])
def test_raw_stamps_are_stored_whatever_they_are(tmp_path: Path, push: Push) -> None:
    sent = stream(push, seconds=60.0)
    done, recording = imported(tmp_path, sent)
    stamps, ticks, _ = stored(recording)
    assert np.array_equal(stamps, sent.stamps)
    assert not done.notes
    assert (np.diff(ticks) >= 0).all()


@pytest.mark.parametrize("samples", [10, 73, 130, 250])
@pytest.mark.parametrize("ramp", [0.0, 1e-5, 4e-5])
def test_packets_have_their_rate_however_long_they_are(samples: int, ramp: float) -> None:
    number = np.arange(60 * 130)
    last = (number // samples + 1) * samples - 1
    late = np.random.default_rng(1).exponential(0.02, len(number))[number // samples]
    stamps = np.maximum.accumulate(last / 130 + late) + ramp * (number % samples)
    assert rate_of(stamps) == pytest.approx(130.0, rel=2e-3)


@pytest.mark.parametrize("jump", [0.0, 60.0, -8.7e5])
def test_stamps_with_jitter_have_a_rate_whatever_their_clock_does(jump: float) -> None:
    times = np.arange(60 * 250) / 250
    jitter = np.random.default_rng(1).exponential(0.002, len(times))
    assert rate_of(np.maximum.accumulate(times + jitter) + jump * (times > 30)) == pytest.approx(
        250.0, rel=1e-3
    )


@pytest.mark.parametrize(("push", "exact"), [(even, True), (bursts, False), (jittered(0.003), False)])
def test_only_stamps_that_are_the_times_are_vouched_for(tmp_path: Path, push: Push, exact: bool) -> None:
    done, recording = imported(tmp_path, stream(push, seconds=60.0))
    assert [info.exact for info in done.streams] == [exact]
    assert [info.exact for info in recording.streams] == [exact]


@pytest.mark.parametrize("jump", [-10.0, -1e6, 1e6])
def test_a_jump_of_the_stamps_leaves_the_session_its_length(tmp_path: Path, jump: float) -> None:
    sent = stream(even, seconds=60.0)
    sent.stamps[len(sent.stamps) // 2 :] += jump
    done, recording = imported(tmp_path, sent)
    assert stored(recording)[2] == pytest.approx(60.0, abs=0.2)
    said, left_out = done.notes
    assert "clock segment" in said
    assert "8 samples left out" in left_out


def test_a_step_forward_of_less_than_an_hour_is_a_gap(tmp_path: Path) -> None:
    sent = stream(even, seconds=60.0)
    sent.stamps[len(sent.stamps) // 2 :] += 10.0
    done, recording = imported(tmp_path, sent)
    assert stored(recording)[2] == pytest.approx(70.0, abs=0.2)
    assert done.notes == ("client ecg: 1300 samples missing in one place, 10 s together",)


def test_uneven_steps_have_a_mean_rate(tmp_path: Path) -> None:
    sent = uneven(seconds=60.0)
    done, _ = imported(tmp_path, sent, "")
    mean = (len(sent.true) - 1) / (sent.true[-1] - sent.true[0])
    assert done.streams[0].sfreq == pytest.approx(mean, rel=0.05)
    assert done.streams[0].exact


def test_a_wrong_rate_is_told_once(tmp_path: Path) -> None:
    done, _ = imported(tmp_path, stream(bursts, sfreq=256.0, says=240.0, seconds=60.0), "240")
    assert len(done.notes) == 1
    said = re.fullmatch(r"client ecg: says 240 Hz, sends ([0-9.]+) Hz", done.notes[0])
    assert said and abs(float(said[1]) / 256.0 - 1.0) < 1e-3


def test_an_ecg_that_turns_out_too_slow_is_refused_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(StreamError, match=r"stamps \[s\] say (65|64\.9)"):
        imported(tmp_path, stream(bursts, sfreq=65.0, seconds=60.0), "130")
