"""Sessions whose truth is known: edge, answers and leader are what was put in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from acquisition.recording.recording import Recording
from acquisition.simulation import truth
from acquisition.simulation.dyad import simulated_streams
from acquisition.simulation.hard_session import write_simulated
from acquisition.simulation.known import (
    KNOWN_AFTER,
    MARGIN,
    Known,
    known_script,
    past_band,
    seen,
    upper_band,
)
from acquisition.simulation.script import Script
from acquisition.stream import Modality, Role
from processing.arousal.excursion import excursions
from processing.metrics.logistic import logistic_midpoint

GRID = np.arange(0.0, 2280.0 - MARGIN / 2.0)


def starts(script: Script, code: str) -> np.ndarray:
    assert script.course is not None
    return np.array([m.start for m in script.course.marks if m.code == code])


def pushed(script: Script) -> list[tuple[int, int]]:
    """Return begin and end of each excursion, as the index is without error of measurement [s]."""
    return past_band(seen(script, GRID), *upper_band(script))


def test_what_the_therapist_sees_as_an_excursion_is_one_by_the_definition() -> None:
    """By the state machine of the index, with its merging, on walks that hover about an edge."""
    rng, n = np.random.default_rng(1), 0
    for _ in range(40):
        walk = 0.15 * np.cumsum(rng.standard_normal(800))
        walk -= np.linspace(0.0, walk[-1], 800)
        theirs = excursions(np.arange(800.0), walk, -99.0, 0.4, 0.75)
        assert past_band(walk, 0.4, 0.75) == [(e.on, e.off) for e in theirs]
        n += len(theirs)
    assert n > 60


def test_the_same_seed_gives_the_same_session_and_the_dyad_stays_itself() -> None:
    assert known_script(3, Known(number=1)) == known_script(3, Known(number=1))
    one, two = (known_script(3, Known(number=n)) for n in (1, 2))
    assert one != two
    assert truth.person(one, Role.CLIENT).hr == truth.person(two, Role.CLIENT).hr


def test_a_therapist_without_delay_answers_each_excursion_as_soon_as_it_is_known() -> None:
    script = known_script(5, Known(number=1, latency=1e-6))
    known = [begin + KNOWN_AFTER for begin, _ in pushed(script)]
    assert len(known) >= 5
    assert starts(script, "int_support") == pytest.approx(np.array(known), abs=1e-3)


def test_half_of_the_answers_come_within_the_median() -> None:
    waited = []
    for number in range(1, 11):
        script = known_script(5, Known(number=number, latency=15.0))
        answers = starts(script, "int_support")
        for begin, end in pushed(script):
            if end - begin > KNOWN_AFTER + 15.0:
                within = (answers > begin + KNOWN_AFTER) & (answers <= begin + KNOWN_AFTER + 15.0)
                waited.append(bool(within.any()))
    assert len(waited) > 40
    assert np.mean(waited) == pytest.approx(0.5, abs=0.2)


@pytest.mark.parametrize("edge", [0.5, 1.5, 2.5])
def test_labels_part_at_the_edge(edge: float) -> None:
    index, over = [], []
    for number in range(1, 6):
        script = known_script(5, Known(number=number, edge=edge))
        found = seen(script, np.arange(0.0, 2280.0))
        for code in ("felt_ok", "felt_over"):
            for at in starts(script, code).astype(int).tolist():
                index.append(float(found[at - 9 : at + 1].mean()))
                over.append(float(code == "felt_over"))
    middle, _ = logistic_midpoint(np.array(index), np.array(over))
    assert middle == pytest.approx(edge, abs=0.2)


@pytest.mark.parametrize(("lag", "leader"), [(3.0, Role.THERAPIST), (-3.0, Role.CLIENT)])
def test_one_person_s_slow_heart_rate_is_that_of_the_leader_some_seconds_ago(
    lag: float, leader: Role
) -> None:
    script, at = known_script(5, Known(number=1, lag=lag)), np.arange(100.0, 2100.0)
    (coupling,) = script.couplings(0.0, 1.0)
    assert (coupling.leader, coupling.hr_lag, coupling.eda_lag) == (leader, 3.0, 4.0)
    slow = {
        role: truth.hr(script, role, at)
        - truth.excited(script, role, at, "hr")
        - 1.5 * truth.speaking(script, role, at)
        for role in (Role.CLIENT, Role.THERAPIST)
    }
    follower = slow[truth.other(leader)]
    ahead = np.corrcoef(slow[leader][:-3], follower[3:])[0, 1]
    assert ahead == pytest.approx(0.9, abs=0.03)
    assert ahead > np.corrcoef(slow[leader][3:], follower[:-3])[0, 1] + 0.05
    assert known_script(5, Known(number=1, share=0.0)).couplings(0.0, 1.0) == []


def test_a_recording_of_it_says_whose_it_is(tmp_path: Path) -> None:
    eda = tuple(s for s in simulated_streams() if s.modality is Modality.EDA)
    known = Known(number=3, minutes=3.0)
    write_simulated(tmp_path / "D02_S03", known_script(5, known), known.minutes, number=3, streams=eda)
    session = Recording(tmp_path / "D02_S03").session
    assert session is not None
    assert (session.dyad, session.number, session.code(Role.CLIENT)) == ("D02", 3, "C02")
