"""When sound was taken: blocks with drawn times of a device, of which the truth is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import pytest
from numpy.typing import NDArray

from acquisition.stream import FloatArray
from acquisition.voice.models import SFREQ
from acquisition.voice.sample_clock import SETTLING, SampleClock, Slip

BLOCK = 512
BEGIN = 5.0
DELAY = 0.04
"""Seconds after the last sample of a block until it arrives."""


@dataclass(kw_only=True)
class Heard:
    """What a clock made of blocks: the error of each stamp, when it was taken [s], and what it told."""

    taken: FloatArray
    errors: FloatArray
    slips: list[Slip]
    held: float
    numbers: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))


def heard(
    seconds: float,
    *,
    said: Callable[[float], float] = lambda t: 0.0,
    lost: tuple[float, float] = (np.inf, 0.0),
    stops: tuple[float, float] = (np.inf, 0.0),
    noise: float = 0.002,
    late: float = 0.0,
    drift: float = 50e-6,
    arrives: bool = True,
) -> Heard:
    """Hear blocks of 32 ms.

    `said(t)` is what the device is off by in what it says of sound of moment t; from `lost[0]` on `lost[1]` s
    are missing; from `stops[0]` on nothing is handed over for `stops[1]` s, then all of it at once; sound
    arrives late by up to `late`, drawn.
    """
    rng = np.random.default_rng(1)
    clock = SampleClock(SFREQ, SETTLING) if arrives else SampleClock(SFREQ)
    truth, times, numbers, slips, held, now = [], [], [], [], 0.0, 0.0
    for k in range(round(seconds * SFREQ / BLOCK)):
        played = k * BLOCK / SFREQ * (1 + drift)
        true = played + (lost[1] if played >= lost[0] else 0.0)
        arrived = true + BLOCK / SFREQ + DELAY + rng.uniform(0.0, late)
        if stops[0] <= arrived < stops[0] + stops[1]:
            arrived = stops[0] + stops[1]
        now = max(now + 1e-4, arrived)
        says = BEGIN + true + said(true) + float(rng.normal(0.0, noise))
        block = k * BLOCK + np.arange(BLOCK)
        out = clock.take(block, says, BEGIN + now if arrives else np.nan)
        slips += out.slips
        truth += (BEGIN + true + np.arange(BLOCK) / SFREQ).tolist()
        for stamps, samples in out.pieces:
            times.append(stamps)
            numbers.append(samples)
            held = max(held, BEGIN + now - float(stamps[-1]))
    n = np.concatenate(numbers)
    true_times = np.array(truth)[n]
    return Heard(
        taken=true_times - BEGIN,
        errors=np.concatenate(times) - true_times,
        slips=slips,
        held=held,
        numbers=n,
    )


@pytest.mark.parametrize("arrives", [True, False])
def test_stamps_follow_the_count_and_jump_where_samples_are_lost(arrives: bool) -> None:
    h = heard(64.0, lost=(32.0, 0.2), noise=0.01, arrives=arrives)
    (slip,) = h.slips
    assert slip.what == "lost"
    assert slip.start == pytest.approx(BEGIN + 32.0, abs=0.03)
    assert slip.stop - slip.start == pytest.approx(0.2, abs=0.02)
    assert np.abs(h.errors).max() < 0.015
    assert np.array_equal(h.numbers, np.arange(h.numbers[0], h.numbers[-1] + 1))


@pytest.mark.parametrize("off", [-0.72, -0.2, 0.3])
@pytest.mark.parametrize("until", [0.3, 0.8, 1.2])
def test_a_delay_that_a_sound_server_reports_wrongly_at_first_sets_no_clock(off: float, until: float) -> None:
    """As PulseAudio's: 0.77 s of a delay that is 0.46 s too long, then 0.1 s less of it every 0.1 s."""

    def said(t: float) -> float:
        return float(
            np.sign(off) * np.clip(abs(off) - max(0.0, np.ceil((t - until) / 0.096) * 0.096), 0, None)
        )

    h = heard(20.0, said=said)
    assert not h.slips
    assert np.abs(h.errors).max() < 0.02
    assert h.taken[0] < SETTLING + until + abs(off) + 0.2


@pytest.mark.parametrize("seconds", [0.25, 0.9, 2.0])
@pytest.mark.parametrize("off", [0.0, -0.096, 0.1])
def test_a_stall_after_which_all_comes_at_once_moves_nothing(seconds: float, off: float) -> None:
    """The blocks handed over at once share what their device is off by: one claim, however many they are."""

    def said(t: float) -> float:
        return off if 10.0 <= t < 10.0 + seconds - 0.1 else 0.0

    h = heard(20.0, said=said, stops=(10.0, seconds))
    assert not h.slips
    assert np.abs(h.errors).max() < 0.01
    assert np.array_equal(h.numbers, np.arange(h.numbers[0], h.numbers[-1] + 1))


@pytest.mark.parametrize("seconds", [0.1, 0.9, 5.0])
def test_a_stall_in_which_sound_is_lost_is_a_loss_where_it_happened(seconds: float) -> None:
    h = heard(30.0, lost=(10.0, seconds))
    (slip,) = h.slips
    assert slip.what == "lost"
    assert (slip.start, slip.stop) == pytest.approx((BEGIN + 10.0, BEGIN + 10.0 + seconds), abs=0.04)
    assert np.abs(h.errors).max() < 0.01
    assert slip.told("the clock of 'x'") == (
        "gap",
        f"{1e3 * slip.by:.0f} ms of sound are missing by the clock of 'x'",
    )


@pytest.mark.parametrize("off", [0.3, -0.3])
def test_a_clock_that_moves_while_the_sound_does_not_is_told_as_that(off: float) -> None:
    h = heard(30.0, said=lambda t: off if t >= 10.0 else 0.0)
    (slip,) = h.slips
    assert slip.what == ("ahead" if off > 0 else "back")
    assert slip.by == pytest.approx(0.3, abs=0.01)
    assert slip.stop == pytest.approx(BEGIN + 10.0, abs=0.04)
    kind, words = slip.told("the clock of 'x'")
    assert kind == "clock"
    assert "ms of sound are missing" not in words
    stamps = h.taken + h.errors
    assert np.all(np.diff(stamps) > -1e-3)  # none twice


def test_a_device_that_counts_its_own_time_cannot_lose_sound_unseen() -> None:
    """What it says follows its count: only that all comes later tells of a loss."""
    h = heard(40.0, lost=(20.0, 0.9), said=lambda t: -0.9 if t >= 20.9 else 0.0)
    (slip,) = h.slips
    assert slip.what == "later"
    assert slip.by == pytest.approx(0.9, abs=0.05)
    assert slip.start == pytest.approx(BEGIN + 20.0, abs=2.0)
    assert slip.told("the clock of 'x'")[0] == "clock"


def test_a_busy_machine_moves_nothing() -> None:
    h = heard(120.0, late=0.12, noise=0.012)
    assert not h.slips
    assert np.abs(h.errors).max() < 0.02


def test_a_small_loss_that_is_not_told_is_made_up_soon() -> None:
    h = heard(40.0, lost=(20.0, 0.05))
    assert not h.slips
    assert np.abs(h.errors[h.taken < 20.0]).max() < 0.01
    assert np.abs(h.errors[h.taken > 26.0]).max() < 0.02


def test_what_is_in_doubt_waits_and_everything_else_does_not() -> None:
    assert heard(20.0).held < 0.06
    assert heard(20.0, lost=(10.0, 0.3)).held < 0.7


def test_a_clock_that_never_agrees_is_set_after_a_while_and_told() -> None:
    h = heard(20.0, noise=0.05)
    assert [s.what for s in h.slips][:1] == ["unsteady"]
    assert h.taken[0] < 5.5


def test_long_blocks_set_a_clock_too() -> None:
    """A sender over LSL may push a second at once."""
    clock = SampleClock(SFREQ)
    given = 0
    for k in range(20):
        out = clock.take(np.zeros(SFREQ), 5.0 + k)
        given += sum(len(stamps) for stamps, _ in out.pieces)
        assert not out.slips
    assert given > 12 * SFREQ


@pytest.mark.parametrize("every", [0.1, 0.7, 1.5])
def test_a_device_that_hands_over_seldom_is_heard(every: float) -> None:
    """As PulseAudio with a long buffer: many blocks at once."""
    clock, sampled = SampleClock(SFREQ, SETTLING), []
    for k in range(1200):
        taken = k * BLOCK / SFREQ
        arrived = np.ceil((taken + BLOCK / SFREQ) / every) * every + 1e-4 * (k % 50)
        out = clock.take(k * BLOCK + np.arange(BLOCK), BEGIN + taken, BEGIN + arrived)
        assert not out.slips
        sampled += [stamps[0] - BEGIN - n[0] / SFREQ for stamps, n in out.pieces]
    assert len(sampled) > 1200 - 6.5 / 0.032
    assert np.abs(sampled).max() < 1e-6


@pytest.mark.parametrize("after", [0.1, 0.4])
def test_sound_that_ends_in_doubt_is_kept_by_the_count_and_told(after: float) -> None:
    clock, stamps = SampleClock(SFREQ, SETTLING), []
    blocks = round((10.0 + after) * SFREQ / BLOCK)
    for k in range(blocks):
        taken = k * BLOCK / SFREQ
        said = taken + (0.3 if taken >= 10.0 else 0.0)
        out = clock.take(k * BLOCK + np.arange(BLOCK), BEGIN + said, BEGIN + said + BLOCK / SFREQ)
        stamps += [times for times, _ in out.pieces]
    rest = clock.rest()
    (slip,) = rest.slips
    assert slip.what == "undecided"
    assert slip.by == pytest.approx(0.3, abs=1e-6)
    assert slip.start == pytest.approx(BEGIN + 10.0, abs=BLOCK / SFREQ)
    whole = np.concatenate([*stamps, *(times for times, _ in rest.pieces)])
    assert whole[-1] == pytest.approx(BEGIN + (blocks * BLOCK - 1) / SFREQ, abs=1e-6)
    assert np.diff(whole) == pytest.approx(1 / SFREQ, abs=1e-6)
    again = clock.rest()
    assert not again.pieces
    assert not again.slips
