"""A QRS of two peaks: where the mark goes from one to the other no difference counts, and the rate does."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.stream import FloatArray, Modality
from benchmarks.looks_good import KINDS, is_good, rows
from processing.heart.config import HeartConfig
from processing.heart.families import ELSEWHERE, LAIN, SHIFT, STEP, Families, qrs_shapes
from processing.heart.ibi import ASTRAY, EVEN, ROUGH, Arrival, is_uneven, with_rough
from processing.heart.judging import BeatJudge
from processing.heart.waves.typical import KEPT
from processing.heart.windows import beat_columns
from tests.processing.heart.test_doubt import cut, made
from tests.processing.heart.test_heart import run, stream
from tests.processing.heart.test_windows import table

RATE = 250.0
Shape = tuple[FloatArray, FloatArray]


def qrs(later: float, height: float = 1.0) -> Shape:
    """Return the shape of a beat whose QRS lies so much later than its mark [s]."""
    time = np.arange(-250, 251) / RATE - later
    wave = np.exp(-0.5 * (time / 0.012) ** 2) - 0.5 * np.exp(-0.5 * ((time - 0.035) / 0.014) ** 2)
    parts, norms = qrs_shapes(height * wave, np.array([250]), np.zeros(1), RATE)
    return parts[0], norms[0]


def astray(families: Families, later: float) -> float:
    return families.place(*qrs(later), 1.0).astray


@pytest.mark.parametrize("usual", [0.0, 0.010, -0.015])
def test_it_is_told_how_far_a_qrs_lies_from_where_it_usually_does(usual: float) -> None:
    families = Families()
    for k in range(12):
        assert astray(families, 0.0 if not k else usual) == pytest.approx(0.0, abs=abs(usual) + 0.001)
    for off in (0.004, -0.009, 0.012, -0.016):
        assert astray(families, usual + off) == pytest.approx(off, abs=0.0015)
        for _ in range(KEPT):
            astray(families, usual)
    for _ in range(KEPT):
        astray(families, usual + 0.012)
    assert astray(families, usual + 0.012) == pytest.approx(0.0, abs=0.0015), "that is what is usual now"


def judged(lies: list[float], *, vouched: bool = False) -> list[str]:
    """Return what is said of the intervals before beats whose QRS lie so, and of their pairs."""
    judge = BeatJudge(has_shapes=True)
    said = list[str]()
    for k, later in enumerate(lies):
        parts, norms = qrs(later)
        by_hand = vouched and later != 0.0
        known = judge.push(
            Arrival(0.8 * k, 0.8 * k + 0.4, 0.8 if k else np.nan, "", parts, norms, vouched=by_hand)
        )
        said.append(known.reason)
    judge.settle(np.inf)
    verdicts = judge.taken()
    assert all(v.kind == 0 for v in verdicts), "each is a normal beat"
    for v, reason in zip(verdicts, said, strict=True):
        assert (v.rhythm == ROUGH) == (reason == ASTRAY)
    return ["" if v.paired else "alone" if np.isfinite(v.value) else v.reason for v in verdicts]


def test_intervals_on_both_sides_of_such_a_mark_have_no_value() -> None:
    lies = [0.0] * 12 + [ELSEWHERE + 0.002] + [0.0] * 4
    assert judged(lies)[11:] == ["", ASTRAY, ASTRAY, "alone", "", ""]
    lies[12] = ELSEWHERE - 0.002
    assert judged(lies)[11:] == [""] * 6


def test_what_somebody_has_accepted_is_where_it_is() -> None:
    assert judged([0.0] * 12 + [0.02] + [0.0] * 3, vouched=True)[11:] == [""] * 5


def test_of_a_mean_of_many_such_intervals_are_part() -> None:
    beats = table()
    lost = np.zeros(len(beats.times), np.bool_)
    lost[-6:] = True
    values = np.where(lost, np.nan, beats.values)
    rough = beats._replace(values=values, rhythms=np.where(lost, ROUGH, EVEN).astype(np.float64))
    assert with_rough(rough).values[lost] == pytest.approx(1e3 * beats.spans[lost])
    assert not is_uneven(rough.rhythms).any()
    rate = beat_columns(rough, beats.times[-1:], HeartConfig(), has_shapes=True)[0]
    assert (rate.name, rate.reasons) == ("hr", [""]) and np.isfinite(rate.values).all()
    assert beat_columns(
        rough._replace(rhythms=np.zeros(len(lost))), beats.times[-1:], HeartConfig(), has_shapes=True
    )[0].reasons == ["too few accepted beats"]


def test_two_peaks_that_a_breath_turns_have_a_rate_and_no_rmssd_and_say_why() -> None:
    signal = cut(made(KINDS["two peaks that a breath turns, beside"]), 100.0)
    out = rows(signal)
    late = [s for s in out if s.index == "rmssd" and 35.0 < s.time < 65.0]
    assert len(late) > 30 and {s.reason for s in late} == {ASTRAY}
    rates = [s.value for s in out if s.index == "hr" and is_good(s) and s.time < 90.0]
    assert len(rates) > 90 and rates == pytest.approx(np.full(len(rates), 75.0), abs=2.0)


def test_marks_astray_do_not_depend_on_the_chunks() -> None:
    signal = cut(made(KINDS["two peaks, up and down, in noise"], 130.0), 45.0)
    times = np.arange(len(signal.values)) / 130.0
    whole = run(stream(Modality.ECG, 130.0), times, signal.values, 500)
    assert ASTRAY in {s.reason for s in whole}, "or nothing is tested"
    assert repr(run(stream(Modality.ECG, 130.0), times, signal.values, 7)) == repr(whole)


@pytest.mark.parametrize("level", [0.0, 0.1, 1e3, -1e7])
def test_a_line_without_any_wave_lies_nowhere(level: float) -> None:
    families = Families()
    for _ in range(LAIN):
        astray(families, 0.0)
    parts, norms = qrs(0.0)
    parts[:, 5:30] = level
    assert np.isfinite(families.place(parts, norms, 1.0).astray)


def test_what_lies_out_of_reach_is_still_astray() -> None:
    families = Families()
    for _ in range(LAIN):
        astray(families, 0.0)
    assert astray(families, (SHIFT + 1) * STEP) > ELSEWHERE
