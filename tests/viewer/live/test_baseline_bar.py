"""Baselines in the main window: countdown, verdict, and those that were marked later."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from acquisition.stream import Role
from processing.arousal.baseline import BaselineVerdict
from processing.config import PipelineConfig
from processing.results.session_run import run_recording
from tests.processing.results.test_later_baselines import SPANS, add_later, arousal, imported
from tests.viewer.conftest import MakeWindow
from tests.viewer.setup.test_setup import baseline
from tests.viewer.synthetic import T0
from tests.viewer.test_window import marked
from viewer import settings as persistence
from viewer.model.definitions import gap_of
from viewer.model.reading import read_gauge
from viewer.model.trace import Trace
from viewer.opened import open_window
from viewer.window import OperatorWindow

__all__ = ["imported"]
ACCEPTED = BaselineVerdict(
    entity="client", code="baseline_rest", time=T0 + 320, start=T0 + 10, stop=T0 + 320, accepted=True,
    valid={}, seconds=287.0, text="accepted: 287 s; valid: heart rate 97 %",
)  # fmt: skip
REFUSED = replace(
    ACCEPTED, entity="therapist", accepted=False, text="refused: heart rate valid 61 %, needs 80 %"
)


def test_a_running_baseline_counts_down_over_the_lanes(make_window: MakeWindow, qtbot: QtBot) -> None:
    bar = make_window(seconds=20.0).panel.baselines
    assert bar.isHidden() and bar.text() == ""
    window = make_window(seconds=120.0, session=baseline(("baseline_rest", "on", 30.0)))
    bar = window.panel.baselines
    assert bar.isVisible()
    said = "valid so far: heart rate 100 %, EDA level 100 %"
    assert bar.text() == f"Rest baseline · 3:30 left · {said} · {said}"
    qtbot.mouseClick(bar.end, Qt.MouseButton.LeftButton)
    assert marked(window, 1)[0].code == "baseline_rest"


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_verdict_is_shown_for_a_while(make_window: MakeWindow, theme: str) -> None:
    ends = ("baseline_rest", "on", 10.0), ("baseline_rest", "off", 320.0)
    window = make_window(seconds=400.0, session=baseline(*ends), theme=theme)
    bar = window.panel.baselines
    assert bar.text() == "Rest baseline" + 2 * " · ended; it is being judged …"
    window.model.verdicts = (ACCEPTED, REFUSED)
    window.draw_all()
    assert bar.lines[Role.CLIENT].whole == "ACCEPTED: 287 s; valid: heart rate 97 %"
    assert bar.lines[Role.THERAPIST].whole == "REFUSED: heart rate valid 61 %, needs 80 %"
    assert not bar.end.isVisible()
    late = make_window(seconds=415.0, session=baseline(*ends))
    late.model.verdicts = (ACCEPTED, REFUSED)
    late.draw_all()
    assert late.panel.baselines.isHidden()


def test_a_gauge_without_a_band_says_why_the_baseline_gave_none(make_window: MakeWindow) -> None:
    model = make_window(seconds=400.0).model
    nothing = Trace(gap_of("arousal"))
    nothing.append(np.array([399.0]), np.array([np.nan]), np.array([400.0]), ["no baseline"])
    for role in (Role.CLIENT, Role.THERAPIST):
        model.traces[role.value, "arousal"] = nothing
    model.verdicts = (REFUSED,)
    reading = read_gauge(model, Role.THERAPIST, 400.0)
    assert (reading.kind, reading.note) == ("no baseline", "rest refused: heart rate valid 61 %, needs 80 %")
    assert read_gauge(model, Role.CLIENT, 400.0).note == ""


@pytest.fixture
def no_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    own = persistence.store(tmp_path / "settings.ini")
    monkeypatch.setattr(persistence, "store", lambda path=None: own)


def computed(window: OperatorWindow, qtbot: QtBot) -> None:
    qtbot.waitUntil(lambda: window.caught_up and not window.feeding.computing, timeout=60_000)


def shown(window: OperatorWindow) -> list[tuple[float, float]]:
    trace = window.model.trace("client", "arousal")
    times, values = trace.between(-1.0, 1e9)
    return [(t + window.model.t0, v) for t, v in zip(times, values, strict=True) if v == v]


def same(one: list[tuple[float, float]], other: list[tuple[float, float]]) -> None:
    assert len(one) == len(other)
    np.testing.assert_allclose(one, other, atol=1e-6)


def test_baselines_that_were_marked_later_give_the_band_of_offline(
    qtbot: QtBot, imported: Path, no_settings: None
) -> None:
    add_later(imported)
    window = open_window(imported)
    computed(window, qtbot)
    offline = arousal(run_recording(imported, config=PipelineConfig()))
    assert offline
    same(shown(window), offline)
    window.panel.go_to(SPANS[1][2] + 60.0)
    reading = read_gauge(window.model, Role.CLIENT, window.panel.moment)
    assert reading.kind != "no baseline" and reading.baseline == "baseline: rest 4.0 min, talk 4.0 min"
    assert not window.feeding.stale
    window.close()
    window.deleteLater()


def test_baselines_that_are_added_in_the_review_are_computed_on_request(
    qtbot: QtBot, imported: Path, no_settings: None
) -> None:
    window = open_window(imported)
    computed(window, qtbot)
    assert shown(window) == [] and window.panel.baselines.isHidden()
    assert window.reviewing is not None
    desk = window.reviewing.desk(window.model)
    desk.who = "R2"
    for code, start, stop in SPANS:
        for at in (start, stop):
            assert desk.add(code, at, actor="client") is not None
    window.draw_all()
    bar = window.panel.baselines
    assert bar.isVisible() and bar.text().startswith("Baselines were changed")
    qtbot.mouseClick(bar.again, Qt.MouseButton.LeftButton)
    assert window.feeding.computing
    computed(window, qtbot)
    window.draw_all()
    same(shown(window), arousal(run_recording(imported, config=PipelineConfig())))
    assert not window.feeding.stale and not window.panel.baselines.again.isVisible()
    window.close()
    window.deleteLater()
