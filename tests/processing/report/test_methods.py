"""The report says of its methods and figures what is true of this recording, and no more."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from acquisition.stream import Modality, Role
from processing.config import PipelineConfig
from processing.report.captions import Captions
from processing.report.figures import drawn_of
from processing.report.methods import methods, recorded_people, whose
from processing.report.text import about_signals, signals_in_words
from processing.results.session_run import SessionRun, run_recording
from tests.processing.simulated_hour import BRIEF, brief, infos, write_hour

OTHERS = ("Electrodermal", "arousal index", "Synchrony", "Marked moments", "therapist", "by hand", "R peaks")


def made(path: Path, *modalities: Modality, roles: tuple[Role, ...] = tuple(Role)) -> SessionRun:
    """Return a run of a short recording that holds these streams of these people."""
    streams = [s for s in infos(leave_out=set(Modality) - set(modalities)) if s.role in roles]
    return run_recording(
        write_hour(path, streams=streams, past=BRIEF, minutes=0.1, events=brief()), config=PipelineConfig()
    )


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> SessionRun:
    return made(tmp_path_factory.mktemp("one") / "a", Modality.ECG, roles=(Role.CLIENT,))


def test_of_one_person_s_heart_nothing_is_said_of_skin_of_another_or_of_both(alone: SessionRun) -> None:
    said = methods(alone, alone.hour(), "1.0")
    assert [word for word in OTHERS if word in said] == ["R peaks"]
    assert said.startswith("Signals (ECG) of the client were recorded") and whose(alone) == "the client"
    assert recorded_people(alone) == ["client"]


def test_figures_say_of_whom_they_are(alone: SessionRun) -> None:
    drawn = drawn_of(alone.hour().line)
    said = Captions(whose(alone), signals_in_words(drawn)).figure("indices")
    assert said == "Figure 1. Heart rate and vagally mediated HRV of the client"
    about = about_signals(drawn, alone.config, both=False)
    assert about == "Heart rate (10 s) and vagally mediated HRV (lnRMSSD, 60 s)."
    assert about_signals([*drawn, "scl"], alone.config) == (
        "Heart rate (10 s), vagally mediated HRV (lnRMSSD, 60 s) and skin conductance level. "
        "Client solid, therapist dashed."
    )


def test_of_both_with_skin_and_baselines_all_is_said(tmp_path: Path) -> None:
    run = made(tmp_path / "b", Modality.ECG, Modality.EDA)
    hour = run.hour()
    said = methods(run, hour, "1.0")
    assert all(word in said for word in OTHERS if word not in ("by hand", "Marked moments"))
    assert ("Marked moments" in said) == any(r.tested for r in hour.responses)
    assert "Signals (ECG, EDA) of client and therapist" in said
    assert "Event-locked" not in methods(run, replace(hour, responses=[]), "1.0")
