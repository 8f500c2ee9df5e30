"""The plane of EDA level against lnRMSSD: what it shows, and what it never shows."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from acquisition.stream import Role
from processing.arousal.baseline import BaselineVerdict
from tests.viewer import synthetic
from tests.viewer.conftest import MakeWindow
from tests.viewer.synthetic import T0, fill
from tests.viewer.test_window import n_pixels, paused_session, picture
from viewer.model.model import SessionModel
from viewer.model.plane_reading import Cross, PlaneReading, read_plane
from viewer.model.wording import forbidden
from viewer.side.plane import Plane
from viewer.theme import DARK, LIGHT, Theme

PASSED = BaselineVerdict(
    entity="client", code="baseline_rest", time=T0 + 305, start=T0 + 5, stop=T0 + 305, accepted=True,
    valid={}, seconds=287.0, text="accepted: 287 s",
)  # fmt: skip
TRAIL = np.column_stack([np.arange(60.0, 0.0, -1.0), np.linspace(3.1, 3.6, 60), np.linspace(4.0, 4.6, 60)])
PLACED = PlaneReading(
    kind="placed", word="3.60 ln ms · 4.60 µS", note="quality ECG 0.97, EDA 0.93", x=3.6, y=4.6, trail=TRAIL,
    cross=Cross(3.3, 4.2, 0.1, 0.2), quality=0.93,
)  # fmt: skip


def model(seconds: float = 400.0) -> SessionModel:
    target = synthetic.model()
    fill(target, seconds)
    target.verdicts = (PASSED,)
    return target


def shown(qtbot: QtBot, reading: PlaneReading, theme: Theme = DARK) -> Plane:
    plane = Plane(Role.CLIENT, "C07", theme)
    qtbot.addWidget(plane)
    plane.resize(212, 360)
    plane.show_reading(reading)
    plane.show()
    return plane


def test_reading_holds_both_measures_their_quality_and_own_rest() -> None:
    reading = read_plane(model(), Role.CLIENT, 400.0)
    hr = {(s.entity, s.index): s.value for s in synthetic.index_samples(399.0, 400.0)}
    assert reading.kind == "placed"
    assert reading.x == pytest.approx(hr["client", "lnrmssd"], abs=1e-5)
    assert reading.y == pytest.approx(hr["client", "scl"], abs=1e-5)
    assert reading.note == "quality ECG 0.97, EDA 0.93" and reading.quality == pytest.approx(0.93)
    t = np.arange(5.0, 305.0)
    level = 4 + 0.5 * np.sin(t / 97)
    assert reading.cross is not None and reading.cross.y == pytest.approx(float(np.median(level)), abs=1e-3)
    assert reading.cross.dy == pytest.approx(
        1.4826 * float(np.median(np.abs(level - np.median(level)))), abs=1e-3
    )
    assert len(reading.trail) == 119 and reading.trail[0, 0] > reading.trail[-1, 0]


def test_cross_is_of_a_rest_that_passed_and_only_from_then_on() -> None:
    filled = model()
    assert read_plane(filled, Role.CLIENT, 300.0).cross is None
    assert read_plane(filled, Role.THERAPIST, 400.0).cross is None
    filled.verdicts = (replace(PASSED, accepted=False),)
    assert read_plane(filled, Role.CLIENT, 400.0).cross is None


def test_missing_measure_is_said_and_breaks_the_trail() -> None:
    filled = model(100.0)
    row = next(s for s in synthetic.index_samples(100.0, 101.0) if s.index == "scl")
    filled.add_samples([row._replace(value=math.nan, reason="electrode off", available=T0 + 99.5)])
    reading = read_plane(filled, Role.CLIENT, 99.6)
    assert (reading.kind, reading.note) == ("not reliable", "EDA level: electrode off")
    assert read_plane(filled, Role.CLIENT, 200.0).kind == "no data"
    assert read_plane(synthetic.model(), Role.CLIENT, 0.0).word == "no data"


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
def test_point_trail_and_cross_are_drawn(qtbot: QtBot, theme: Theme) -> None:
    plane = shown(qtbot, PLACED, theme)
    assert n_pixels(plane, theme.client, 40) > 150
    without = shown(qtbot, replace(PLACED, cross=None), theme)
    assert n_pixels(plane, theme.text, 60) > n_pixels(without, theme.text, 60) + 20
    assert plane.text() == "3.60 ln ms · 4.60 µS · quality ECG 0.97, EDA 0.93 · cross: rest baseline"


def test_low_quality_makes_the_point_hollow(qtbot: QtBot) -> None:
    alone = replace(PLACED, trail=np.empty((0, 3)))
    assert n_pixels(shown(qtbot, replace(alone, quality=0.3)), DARK.client, 40) < n_pixels(
        shown(qtbot, alone), DARK.client, 40
    )


@pytest.mark.parametrize("kind", ["no data", "not reliable", "paused"])
def test_without_a_value_there_is_no_point_and_no_trail(qtbot: QtBot, kind: str) -> None:
    plane = shown(qtbot, replace(PLACED, kind=kind, word=kind, x=math.nan, y=math.nan))
    box = plane._box().toRect()
    inside = picture(plane)[box.top() : box.bottom(), box.left() : box.right()]
    colour = [int(DARK.client[i : i + 2], 16) for i in (1, 3, 5)]
    near = (np.abs(inside - colour).max(axis=2) < 40).any()
    assert not near and plane.text().startswith(kind)


def test_f3_takes_the_other_view_and_the_choice_persists(make_window: MakeWindow, qtbot: QtBot) -> None:
    window = make_window(model())
    panel = window.panel
    assert panel.gauges[Role.CLIENT].isVisible() and not panel.planes[Role.CLIENT].isVisible()
    qtbot.keyClick(window, Qt.Key.Key_F3)
    assert panel.planes[Role.CLIENT].isVisible() and not panel.gauges[Role.CLIENT].isVisible()
    assert panel.planes[Role.CLIENT].reading.kind == "placed"
    window.close()
    again = make_window(model())
    assert again.panel.planes[Role.CLIENT].isVisible()
    qtbot.keyClick(again, Qt.Key.Key_F3)
    assert again.panel.gauges[Role.CLIENT].isVisible()


def test_nothing_of_a_paused_person_is_in_the_plane(make_window: MakeWindow) -> None:
    window = make_window(session=paused_session(), side="plane")
    client, therapist = window.panel.planes[Role.CLIENT], window.panel.planes[Role.THERAPIST]
    assert client.text().startswith("paused") and therapist.reading.kind == "placed"
    badge = 18 * 18
    assert n_pixels(client, DARK.client) <= badge < n_pixels(therapist, DARK.therapist, 40)


def test_words_of_the_plane_claim_nothing(qtbot: QtBot) -> None:
    plane = shown(qtbot, PLACED)
    assert not forbidden(" ".join((plane.text(), plane.toolTip(), plane.accessibleName())))
