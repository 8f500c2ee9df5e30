"""Wave forms and truths of the simulated people have the values they claim."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from acquisition.simulation import truth
from acquisition.simulation.physiology import (
    SCR_PEAK,
    beat,
    ecg,
    plateau,
    response,
    scr,
    wander,
)
from acquisition.simulation.script import FIRST_COUPLING, FIRST_EXCURSION, PAST, REST, TALK, Script
from acquisition.stream import FloatArray, Role

SCRIPT = Script(1)


def lag_of(x: FloatArray, y: FloatArray, sfreq: float, longest: float) -> tuple[float, float]:
    """Return the lag [s] at which y follows x best, and the correlation there."""
    n = round(longest * sfreq)
    middle = x[n:-n]
    rs = [float(np.corrcoef(middle, y[n + k : len(y) - n + k])[0, 1]) for k in range(-n, n + 1)]
    best = int(np.argmax(rs))
    return (best - n) / sfreq, rs[best]


@pytest.mark.parametrize("rr", [0.5, 0.8, 1.2])
def test_a_beat_peaks_exactly_at_its_r_time(rr: float) -> None:
    d = np.arange(-5000.0, 5001.0, dtype=np.float64) * 1e-5
    wave = beat(d[None, :], np.array([rr]))[0]
    assert abs(d[np.argmax(wave)]) <= 1e-5
    assert wave.max() == pytest.approx(1.0, abs=0.02)


def test_the_t_wave_keeps_its_distance_by_the_root_of_the_interval() -> None:
    d = np.arange(100.0, 600.0, dtype=np.float64) * 1e-3
    peaks = [d[np.argmax(beat(d[None, :], np.array([rr]))[0])] for rr in (0.64, 1.0)]
    assert peaks[0] / peaks[1] == pytest.approx(0.8, abs=0.01)


def test_an_ecg_in_two_pieces_is_the_ecg_in_one() -> None:
    r = np.array([0.4, 1.2, 1.96, 2.8, 3.5])
    rr, gain = np.full(5, 0.8), np.linspace(0.9, 1.1, 5)
    whole = ecg(0, 1000, 250.0, 0.0, r, rr, gain)
    halves = [ecg(0, 490, 250.0, 0.0, r, rr, gain), ecg(490, 510, 250.0, 0.0, r, rr, gain)]
    np.testing.assert_array_equal(np.concatenate(halves), whole)
    assert whole.max() > 0.8


def test_a_lone_response_has_its_height_at_its_peak() -> None:
    t = np.arange(0, 20, 1e-3)
    x = scr(t, np.array([5.0]), np.array([0.3]))
    assert x.max() == pytest.approx(0.3, rel=1e-6)
    assert t[np.argmax(x)] == pytest.approx(5.0 + SCR_PEAK, abs=1e-3)
    assert not x[t <= 5.0].any()


def test_responses_add_up() -> None:
    t = np.arange(0, 20, 0.25)
    onsets, amplitudes = np.array([2.0, 5.0]), np.array([0.2, 0.4])
    apart = [scr(t, onsets[[i]], amplitudes[[i]]) for i in (0, 1)]
    np.testing.assert_allclose(scr(t, onsets, amplitudes), apart[0] + apart[1], rtol=1e-12)


def test_a_response_to_a_push_follows_its_time_constants() -> None:
    t = np.array([-1.0, 0.0, 10.0, 30.0, 50.0, 1000.0])
    x = response(t, np.array([0.0]), np.array([30.0]), rise=10.0, fall=20.0)
    top = 1 - np.exp(-3.0)
    np.testing.assert_allclose(x, [0, 0, 1 - np.exp(-1.0), top, top * np.exp(-1.0), 0], rtol=1e-12)


def test_a_plateau_is_zero_outside_and_one_inside() -> None:
    x = plateau(np.array([-0.1, 0.0, 3.0, 6.0, 14.0, 17.0, 20.0, 21.0]), 0.0, 20.0, ramp=6.0)
    np.testing.assert_allclose(x, [0, 0, 0.5, 1, 1, 0.5, 0, 0], atol=1e-12)


def test_a_wander_has_its_sd_and_stays_in_its_band() -> None:
    w = wander(np.random.default_rng(3), sd=2.0, low=0.01, high=0.1, slope=1.0)
    x = w(np.arange(0, 40_000, 2.0))
    assert x.std() == pytest.approx(2.0, rel=0.03)
    assert 0.01 <= w.frequencies.min() <= w.frequencies.max() <= 0.1


@pytest.mark.parametrize("quantity", [truth.hr, truth.ln_scl, truth.scr_rate, truth.rr, truth.speaking])
def test_a_truth_does_not_depend_on_what_else_is_asked(quantity: object) -> None:
    assert callable(quantity)
    t = np.arange(-PAST, 700.0, 7.3)
    for role in (Role.CLIENT, Role.THERAPIST):
        whole = quantity(SCRIPT, role, t)
        pieces = np.concatenate([quantity(SCRIPT, role, t[i : i + 5]) for i in range(0, len(t), 5)])
        np.testing.assert_allclose(pieces, whole, rtol=1e-12, atol=1e-12)


def test_the_client_follows_the_therapist_by_two_seconds_in_hr_and_three_in_eda() -> None:
    t = np.arange(FIRST_COUPLING.start + 10, FIRST_COUPLING.stop - 10, 0.25)
    people = Role.THERAPIST, Role.CLIENT
    for quantity, what, lag in ((truth.hr, "hr", 2.0), (truth.ln_scl, "ln_scl", 3.0)):
        # What talk and excursions add is each person's own: take it away to see the coupled part. The tonic
        # level is slow, and its slope shows the lag; the share that is the client's own shifts it a little.
        slow = [[_slow(Script(s), role, t, quantity, what) for role in people] for s in range(1, 12)]
        found = [lag_of(np.gradient(x), np.gradient(y), 4.0, 6.0) for x, y in slow]
        assert np.median([at for at, _ in found]) == pytest.approx(lag, abs=0.5)
        assert np.median([r for _, r in found]) > 0.85


def _slow(script: Script, role: Role, t: FloatArray, quantity: object, what: str) -> FloatArray:
    assert callable(quantity)
    speech = {"hr": truth.SPEECH_HR, "ln_scl": 0.0}[what]
    own = truth.excited(script, role, t, what) + speech * truth.speaking(script, role, t)
    return np.asarray(quantity(script, role, t) - own)


def test_the_people_are_not_coupled_at_rest() -> None:
    t = np.arange(-710.0, -410.0)
    people = Role.CLIENT, Role.THERAPIST
    rs = [np.corrcoef([truth.hr(Script(s), role, t) for role in people])[0, 1] for s in range(40)]
    assert abs(np.mean(rs)) < 0.12


def test_the_excursion_has_its_depth_and_recovery() -> None:
    e, t = FIRST_EXCURSION, np.array([FIRST_EXCURSION.stop, FIRST_EXCURSION.stop + FIRST_EXCURSION.recovery])
    top = 1 - np.exp(-(e.stop - e.start) / e.rise)
    for what, size in (("hr", e.hr), ("ln_scl", e.ln_scl), ("scr_rate", e.scr_rate)):
        got = truth.excited(SCRIPT, Role.CLIENT, t, what)
        reached = 1 - np.exp(-(e.stop - e.start) / (e.rise * truth.EDA_RISE)) if what == "ln_scl" else top
        np.testing.assert_allclose(got, [size * reached, size * reached / np.e], rtol=1e-9)
        assert not truth.excited(SCRIPT, Role.THERAPIST, t, what).any()


def test_levels_are_those_of_adults_in_a_chair() -> None:
    t = np.arange(-PAST, 3600.0)
    for seed in range(1, 6):
        for role in (Role.CLIENT, Role.THERAPIST):
            hr, scl = truth.hr(Script(seed), role, t), np.exp(truth.ln_scl(Script(seed), role, t))
            assert 50 < hr.min() < hr.max() < 115
            assert 2.5 < scl.min() < scl.max() < 13
            assert 60 < np.median(hr) < 80
            assert 3 < np.median(scl) < 8


def test_nobody_speaks_at_rest_and_turns_do_not_overlap() -> None:
    assert SCRIPT.turns(-PAST, -404.0) == []
    turns = SCRIPT.turns(-PAST, 3600.0)
    assert {t.role for t in turns} == {Role.CLIENT, Role.THERAPIST}
    assert all(a.stop < b.start and a.start < a.stop for a, b in pairwise(turns))
    share = sum(t.stop - t.start for t in turns if t.start > 0) / 3600
    assert 0.7 < share < 0.95


def test_the_live_part_has_an_excursion_and_a_coupled_stretch_in_every_cycle() -> None:
    for cycle in range(12):
        begin = 300.0 * cycle
        assert [e for e in SCRIPT.excursions(begin, begin + 300) if begin <= e.start < begin + 300]
        assert [c for c in SCRIPT.couplings(begin, begin + 300) if begin <= c.start < begin + 300]


def test_all_faults_and_markers_lie_in_the_past() -> None:
    assert {f.kind for f in SCRIPT.faults()} == {"pause", "electrode_off", "dropout"}
    assert all(-PAST < f.start < f.stop < -60 for f in SCRIPT.faults())
    times = [e.time for e in SCRIPT.events(0.0)]
    assert times == sorted(times)
    assert times[0] > -PAST and times[-1] < 0


def test_the_document_states_the_script_as_it_is() -> None:
    text = (Path(__file__).parents[3] / "docs" / "simulation.md").read_text("utf-8").replace("−", "-")
    rows = [[cell.strip() for cell in line.split("|")] for line in text.splitlines() if line.startswith("|")]
    stated = {(r[1], r[2], r[3]): r[4] for r in rows if len(r) == 6}
    e, c = FIRST_EXCURSION, FIRST_COUPLING
    faults = {f.kind: stated[f"{f.start:g}", f"{f.stop:g}", str(f.role)] for f in SCRIPT.faults()}
    assert "consent_pause" in faults["pause"]
    assert "electrode off" in faults["electrode_off"] and "dropout" in faults["dropout"]
    excursion = stated[f"{e.start:g}", f"{e.stop:g}", "client"]
    for fact in (f"+{e.hr:g} bpm", f"+{e.ln_scl:g} ln SCL", f"+{e.scr_rate:g} ", f"{e.rise:g} s up"):
        assert fact in excursion
    assert f"{e.recovery:g} s down" in excursion
    coupling = stated[f"{c.start:g}", f"{c.stop:g}", "both"]
    for fact in (
        f"{c.hr_lag:g} s in HR",
        f"{c.eda_lag:g} s in EDA",
        f"share {c.share:g}",
        f"gain {c.gain:g}",
    ):
        assert fact in coupling
    for begin, end, code in ((*REST, "baseline_rest"), (*TALK, "baseline_talk")):
        assert code in stated[f"{begin:g}", f"{end:g}", "both"]
    for event in SCRIPT.events(0.0):
        assert f"`{event.code}`" in text or event.code == "note"
