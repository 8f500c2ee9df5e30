"""Each state of the gauge, by its words and by its pixels."""

from __future__ import annotations

import math

import numpy as np
import pytest
from PySide6.QtCore import QRectF
from pytestqt.qtbot import QtBot

from acquisition.stream import Role
from tests.viewer.test_window import n_pixels, picture
from viewer.model.reading import GaugeReading
from viewer.side.gauge import Gauge
from viewer.theme import DARK, LIGHT, Theme, blend

TRAIL = (np.arange(-59.0, 1.0), np.sin(np.arange(60.0) / 9).astype(np.float32))


def placed(kind: str, word: str, value: float, *, partial: bool = False, note: str = "") -> GaugeReading:
    return GaugeReading(
        kind=kind,
        word=word,
        note=note,
        value=value,
        low=-1.5,
        high=1.6,
        partial=partial,
        whisker=(value - 0.3, value + 0.2),
        trail=TRAIL,
        baseline="baseline: rest 5.0 min",
    )


PLACED = [
    placed("above", "above reference band", 2.6),
    placed("within", "within reference band", 0.1),
    placed("within", "near upper edge", 1.4, note="rest band only"),
    placed("below", "below reference band", -2.2),
    placed("unknown", "partial", 0.4, partial=True, note="no EDA"),
    placed("unknown", "state unknown", 0.4),
]
MISSING = [
    GaugeReading(kind=w, word=w, note="a reason")
    for w in ("no data", "not reliable", "no baseline", "paused")
]


def shown(qtbot: QtBot, reading: GaugeReading, theme: Theme) -> Gauge:
    gauge = Gauge(Role.CLIENT, "C07", theme)
    qtbot.addWidget(gauge)
    gauge.resize(212, 360)
    gauge.show_reading(reading)
    gauge.show()
    return gauge


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("reading", PLACED, ids=lambda r: r.word)
def test_placed_value_shows_zones_and_needle(qtbot: QtBot, reading: GaugeReading, theme: Theme) -> None:
    gauge = shown(qtbot, reading, theme)
    assert reading.word in gauge.text() and reading.note in gauge.text()
    assert n_pixels(gauge, blend(theme.above, theme.panel, 0.72)) > 500
    assert n_pixels(gauge, blend(theme.below, theme.panel, 0.72)) > 500
    assert n_pixels(gauge, theme.client, 40) > 40


@pytest.mark.parametrize("theme", [DARK, LIGHT], ids=["dark", "light"])
@pytest.mark.parametrize("reading", MISSING, ids=lambda r: r.word)
def test_missing_value_shows_no_zone_and_no_needle(qtbot: QtBot, reading: GaugeReading, theme: Theme) -> None:
    gauge = shown(qtbot, reading, theme)
    assert gauge.text().startswith(reading.word)
    assert "within" not in gauge.text()
    for zone in (theme.above, theme.below):
        assert n_pixels(gauge, blend(zone, theme.panel, 0.72)) == 0
    scale: QRectF = gauge._scale()
    inside = picture(gauge)[
        int(scale.top()) + 2 : int(scale.bottom()) - 2, int(scale.left()) : int(scale.right())
    ]
    text = [int(theme.text[i : i + 2], 16) for i in (1, 3, 5)]
    assert not (np.abs(inside - text).max(axis=2) < 20).any()


def needle_height(gauge: Gauge) -> float:
    """Return where the arrow of the needle is drawn [px]."""
    scale = gauge._scale()
    column = picture(gauge)[:, int(scale.right()) + 5]
    text = [int(DARK.text[i : i + 2], 16) for i in (1, 3, 5)]
    rows = np.flatnonzero(np.abs(column - text).max(axis=1) < 30)
    rows = rows[(rows > scale.top() - 8) & (rows < scale.bottom() + 8)]
    return float(rows.mean())


def test_needle_stands_where_the_value_is(qtbot: QtBot) -> None:
    values = [-3.4, -1.5, 0.05, 1.6, 2.4]
    heights = [needle_height(shown(qtbot, placed("within", "w", v), DARK)) for v in values]
    assert heights == sorted(heights, reverse=True)
    steps = -np.diff(heights) / np.diff(values)
    assert np.allclose(steps[1:], steps[1], rtol=0.08)


def test_value_off_the_scale_stays_at_its_end(qtbot: QtBot) -> None:
    gauge = shown(qtbot, placed("above", "above reference band", 40.0), DARK)
    assert abs(needle_height(gauge) - gauge._scale().top()) < 3


def test_partial_value_is_drawn_in_another_way(qtbot: QtBot) -> None:
    whole = picture(shown(qtbot, placed("unknown", "partial", 0.4), DARK))
    partial = picture(shown(qtbot, placed("unknown", "partial", 0.4, partial=True), DARK))
    assert np.any(whole != partial)


def test_words_come_before_colour_for_those_who_listen(qtbot: QtBot) -> None:
    gauge = shown(qtbot, PLACED[0], DARK)
    assert gauge.accessibleName() == "Arousal gauge of the client"
    assert gauge.accessibleDescription().startswith("▲ above reference band")
    assert math.isfinite(gauge.reading.value)
