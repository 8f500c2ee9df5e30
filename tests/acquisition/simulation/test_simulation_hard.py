"""Hard hours: what is put in is there, is known, and is the same every time."""

from __future__ import annotations

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from acquisition.recording.recording import Recording
from acquisition.simulation import truth
from acquisition.simulation.dyad import Dyad, simulated_streams
from acquisition.simulation.hard import EASY, HIGH, Hard, hard_script, state, truth_of
from acquisition.simulation.hard_session import START, write_hard_session
from acquisition.simulation.script import Course, Script
from acquisition.stream import Modality, Role
from processing.metrics.logistic import logistic_midpoint

QUIET = replace(EASY, pushes=0.0, support=0.0)
MINUTE = np.arange(60.0, 2000.0)


def course(script: Script) -> Course:
    assert script.course is not None
    return script.course


def starts(script: Script, code: str) -> np.ndarray:
    return np.array([m.start for m in course(script).marks if m.code == code])


def test_the_same_seed_and_number_give_the_same_hour_and_others_another() -> None:
    assert hard_script(3, Hard()) == hard_script(3, Hard())
    assert hard_script(3, Hard()) != hard_script(4, Hard())
    assert hard_script(3, Hard()) != hard_script(3, Hard(number=2))


def test_a_therapist_who_reacts_marks_when_the_state_is_high_and_one_who_does_not_at_any_time() -> None:
    high = {}
    for reactive in (0.0, 1.0):
        found = []
        for seed in range(8):
            script = hard_script(seed, Hard(reactive=reactive, bouts=0.0))
            usual = float(np.quantile(state(script, Role.CLIENT, np.arange(40.0, 2190.0, 5.0)), HIGH))
            found.append(state(script, Role.CLIENT, starts(script, "int_support")) > usual)
        high[reactive] = float(np.mean(np.concatenate(found)))
    assert high[1.0] == 1.0, "without an effect the state is what was looked at"
    assert high[0.0] == pytest.approx(1.0 - HIGH, abs=0.1)


def test_bouts_are_four_marks_twenty_seconds_apart() -> None:
    onsets = starts(hard_script(1, Hard(bouts=1.0, minutes=90.0)), "int_support")
    assert len(onsets) >= 8 and len(onsets) % 4 == 0
    assert np.diff(onsets.reshape(-1, 4), axis=1) == pytest.approx(20.0)
    assert np.diff(onsets).max() > 60.0


def test_an_effect_lowers_the_state_after_each_mark_and_without_one_nothing_follows() -> None:
    hard = replace(QUIET, support=12.0, minutes=60.0)
    plain, helped = (hard_script(5, replace(hard, effect=size)) for size in (0.0, -1.0))
    onsets = starts(plain, "int_support")
    assert len(onsets) and (starts(helped, "int_support") == onsets).all()
    after = np.concatenate([t + np.arange(20.0, 60.0) for t in onsets.tolist()])
    change = state(helped, Role.CLIENT, after) - state(plain, Role.CLIENT, after)
    assert change.mean() == pytest.approx(-1.0, abs=0.4)
    assert (state(plain, Role.THERAPIST, after) == state(helped, Role.THERAPIST, after)).all()


def test_common_events_push_both_people_at_once_and_are_marked_if_asked() -> None:
    script = hard_script(2, replace(QUIET, common=10, common_marked=True))
    both = [
        sorted(e.start for e in course(script).excursions if e.role is role)
        for role in Role
        if role != "dyad"
    ]
    assert len(both[0]) == 10 and both[0] == both[1]
    assert starts(script, "play_humor").tolist() == both[0]
    assert len(starts(hard_script(2, replace(QUIET, common=10, common_marked=False)), "play_humor")) == 0


def test_people_take_turns_and_own_speech_moves_heart_and_level() -> None:
    hard = replace(QUIET, long_turns=True, speech_hr=6.0, speech_ln_scl=0.1)
    script, silent = hard_script(3, hard), hard_script(3, replace(hard, speech_hr=0.0, speech_ln_scl=0.0))
    turns = script.turns(-403.0, 2280.0)
    assert all(a.stop < b.start and a.role is not b.role for a, b in pairwise(turns))
    speech = truth.speaking(script, Role.CLIENT, MINUTE)
    assert 0.3 < speech.mean() < 0.8
    for what, rise in ((truth.hr, 6.0), (truth.ln_scl, 0.1)):
        added = what(script, Role.CLIENT, MINUTE) - what(silent, Role.CLIENT, MINUTE)
        assert added == pytest.approx(rise * speech, abs=1e-9)


def test_turns_touching_a_stretch_are_all_found() -> None:
    script = hard_script(3, Hard())
    every = course(script).turns
    for begin in (-410.0, 0.0, 17.3, 999.0):
        found = script.turns(begin, begin + 10.0)
        assert found == [t for t in every if t.start < begin + 10.0 and t.stop > begin]


def test_a_person_is_the_same_in_all_sessions_but_for_the_days_offset() -> None:
    first, second = (hard_script(6, replace(QUIET, number=k, day_hr=4.0, day_ln_scl=0.2)) for k in (1, 2))
    one, two = (truth.person(s, Role.CLIENT) for s in (first, second))
    days = [course(s).days[Role.CLIENT] for s in (first, second)]
    assert one.hr - days[0].hr == pytest.approx(two.hr - days[1].hr)
    assert np.log(one.scl) - days[0].ln_scl == pytest.approx(np.log(two.scl) - days[1].ln_scl)
    assert one.hr != two.hr and (one.rsa, one.f0) == (two.rsa, two.f0)
    offsets = [
        course(hard_script(s, replace(QUIET, day_hr=4.0, minutes=4.0))).days[Role.CLIENT].hr
        for s in range(100)
    ]
    assert np.std(offsets) == pytest.approx(4.0, rel=0.25)


def test_the_edge_of_felt_over_widens_from_session_to_session() -> None:
    def edge(number: int) -> float:
        at, over = [], []
        for seed in range(12):
            script = hard_script(seed, Hard(number=number, edge=1.0, widening=0.2, pushes=24.0))
            for code in ("felt_ok", "felt_over"):
                moments = starts(script, code)
                at.append(np.mean([state(script, Role.CLIENT, moments - k) for k in range(10)], axis=0))
                over.append(np.full(len(moments), float(code == "felt_over")))
        return logistic_midpoint(np.concatenate(at), np.concatenate(over))[0]

    assert edge(8) - edge(1) == pytest.approx(1.4, abs=0.35)


@pytest.mark.parametrize("share", [0.3, 0.9])
def test_the_share_of_a_coupling_governs_slow_signals_and_skin_responses(share: float) -> None:
    script = hard_script(1, replace(QUIET, share=share, lag=2.0, minutes=40.0))
    streams = simulated_streams(ecg=130.0)
    blocks = Dyad(script, tuple(s for s in streams if s.modality is Modality.EDA)).until(2400.0)
    onsets = {
        r: np.concatenate([b.responses[r].onsets for b in blocks if b.begin > 60.0])
        for r in (Role.CLIENT, Role.THERAPIST)
    }
    repeated = np.isin(np.round(onsets[Role.THERAPIST] + 3.0, 6), np.round(onsets[Role.CLIENT], 6))
    assert repeated.mean() == pytest.approx(0.8 / 0.95 * share, abs=0.15)
    own, leaders = 4.0 + 1.5 * 0.6, 3.0 + 1.5 * 0.4
    expected = own * (1.0 - share) + 0.8 / 0.95 * share * leaders
    assert len(onsets[Role.CLIENT]) / (2340.0 / 60.0) == pytest.approx(expected, abs=1.0)
    t = np.arange(60.0, 2200.0)
    slow = truth.hr(script, Role.CLIENT, t) - truth.SPEECH_HR * truth.speaking(script, Role.CLIENT, t)
    lead = truth.hr(script, Role.THERAPIST, t - 2.0) - truth.SPEECH_HR * truth.speaking(
        script, Role.THERAPIST, t - 2.0
    )
    assert np.corrcoef(slow, lead)[0, 1] == pytest.approx(share, abs=0.12)


def test_a_session_is_written_with_its_truth_beside_it(tmp_path: Path) -> None:
    eda = tuple(s for s in simulated_streams() if s.modality is Modality.EDA)
    hard = Hard(number=2, minutes=4.0, common=2)
    path = write_hard_session(tmp_path, 9, hard, eda)
    recording = Recording(path)
    assert recording.state == "closed"
    assert recording.session is not None and (recording.session.dyad, recording.session.number) == ("D09", 2)
    written = {(e.code, round(e.time - START, 6)) for b in recording.batches() for _, e in b.events}
    said = json.loads((tmp_path / "D09_S02.truth.json").read_text("utf-8"))
    assert said == json.loads(json.dumps(truth_of(hard_script(9, hard), hard, START)))
    assert written >= {(m["code"], round(m["start"], 6)) for m in said["marks"]}
    assert {"baseline_rest", "baseline_talk", "play_humor"} <= {code for code, _ in written}
    assert said["parameters"]["number"] == 2 and len(said["excursions"]) >= 4
