"""The heat map: the table behind `sync_<signal>`, what chance would give, who leads, and no data in grey."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from pytestqt.qtbot import QtBot

from processing.config import PipelineConfig
from processing.coupling.one_heart import OneHeart
from processing.coupling.synchrony import Synchrony
from processing.index import IndexSample, sort_samples
from tests.processing.dyads import coupled, grid_rows
from viewer.model.definitions import definition
from viewer.model.facts import SessionFacts
from viewer.model.lag_map import SPAN, LagMap, in_columns
from viewer.model.model import SessionModel
from viewer.model.readouts import sync_readouts
from viewer.side.heat import COLUMNS, HeatMap, coloured, no_data
from viewer.theme import DARK, LIGHT, THEMES, Theme, contrast

SECONDS = 720


def session(lead: float = 2.0) -> list[IndexSample]:
    """Return rows of two heart rates, with a hole, and their synchrony: the client follows by `lead` s."""
    x, y = coupled(np.random.default_rng(1), SECONDS * 4, sfreq=4.0, lead=abs(lead), mix=0.9)
    x, y = (x, y) if lead > 0 else (y, x)
    y[500 * 4 : 540 * 4] = np.nan
    rows = [
        row
        for entity, v in (("therapist", x), ("client", y))
        for row in grid_rows("ibi", entity, 60_000.0 / (70.0 + 4.0 * v), sfreq=4.0, start=1000.0)
    ]
    sort_samples(rows)
    synchrony = Synchrony("hr", config=PipelineConfig())
    synchrony.hear(rows)
    ticks = np.asarray(1000.0 + 0.1 * np.arange(1, SECONDS * 10), np.float64)
    return rows + synchrony.advance(ticks, {"heart": ticks - 0.05})


def model_of(rows: list[IndexSample]) -> SessionModel:
    model = SessionModel(facts=SessionFacts(id="S01"), streams=[], state="closed")
    model.t0, model.now = 1000.0, 1000.0 + SECONDS
    model.add_samples(rows)
    return model


@pytest.fixture(scope="module")
def rows() -> list[IndexSample]:
    return session()


def test_each_column_is_the_window_behind_a_row_of_synchrony(rows: list[IndexSample]) -> None:
    model = model_of(rows)
    reading = LagMap(model, "hr").read(float(SECONDS))
    trace = model.traces["dyad", "sync_hr"]
    shown = trace.times >= SECONDS - SPAN
    np.testing.assert_array_equal(reading.times, trace.times[shown])
    np.testing.assert_allclose(np.abs(reading.z).max(axis=1), trace.values[shown], atol=1e-5)
    assert np.isnan(reading.z).any() and np.isfinite(reading.z).any()
    assert (reading.stop - reading.start, reading.lags[0], reading.lags[-1]) == (SPAN, -5.0, 5.0)


def test_the_map_is_the_same_however_rows_came(rows: list[IndexSample]) -> None:
    whole = LagMap(model_of(rows), "hr").read(float(SECONDS))
    model = model_of([])
    slowly = LagMap(model, "hr")
    ordered = sorted(rows, key=IndexSample.order)
    for k in range(0, len(ordered), 700):
        model.add_samples(ordered[k : k + 700])
        slowly.read(float(SECONDS))
    np.testing.assert_array_equal(slowly.read(float(SECONDS)).z, whole.z)


def test_a_review_shows_what_was_known_at_its_cursor(rows: list[IndexSample]) -> None:
    lag_map = LagMap(model_of(rows), "hr")
    early = lag_map.read(120.0)
    assert (early.start, early.stop) == (0.0, SPAN)
    assert early.times[-1] < 120.0
    assert not np.isfinite(early.high).any() and not np.isfinite(early.z).any()
    assert len(lag_map.read(float(SECONDS)).times) > len(early.times)


@pytest.mark.parametrize("lead", [2.0, -2.0])
def test_the_half_of_who_leads_is_strong(lead: float) -> None:
    reading = LagMap(model_of(session(lead)), "hr").read(float(SECONDS))
    z, outside = in_columns(reading, COLUMNS)
    strongest = reading.lags[np.nanargmax(np.nanmean(z, axis=0))]
    assert strongest == pytest.approx(lead, abs=0.25)
    middle = len(reading.lags) // 2
    theirs, others = outside[:, middle + 1 :], outside[:, :middle]
    assert (theirs.sum() > others.sum()) == (lead > 0)
    rgb = coloured(z, outside, 2.0, DARK)
    assert rgb.shape == (len(reading.lags), COLUMNS, 3)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_strong_pale_and_missing_cells_look_different(theme: Theme) -> None:
    z = np.array([[1.0, 1.0, -1.0, np.nan]], np.float32)
    outside = np.array([[True, False, True, False]])
    rgb = coloured(z, outside, 2.0, theme)[::-1, 0]
    strong, pale, opposed, missing = ("#" + "".join(f"{v:02X}" for v in row) for row in rgb.tolist())
    assert missing == no_data(theme)
    for colour in (strong, opposed):
        assert contrast(colour, theme.panel) >= 3.0
        assert contrast(colour, pale) > 2.0
    assert contrast(pale, theme.panel) < 1.5
    assert len({strong, pale, opposed, missing}) == 4


def test_the_widget_says_in_words_what_it_shows(qtbot: QtBot, rows: list[IndexSample]) -> None:
    widget = HeatMap(LIGHT, "hr")
    qtbot.addWidget(widget)
    widget.resize(212, 220)
    widget.show_map(LagMap(model_of([]), "hr").read(0.0))
    assert widget.text() == "no data"
    lag_map = LagMap(model_of(rows), "hr")
    widget.show_map(lag_map.read(120.0))
    assert widget.text() == "no chance band yet"
    widget.show_map(lag_map.read(float(SECONDS)))
    assert widget.text().startswith("outside chance band in ")
    assert widget.text_on_map() == ""
    image = widget.grab().toImage()
    colours = {image.pixelColor(x, y).name().upper() for x in range(40, 195) for y in range(42, 150)}
    assert no_data(LIGHT) in colours
    assert len(colours) > 20


def test_a_map_without_values_says_why_as_the_header_of_the_lane_does(qtbot: QtBot) -> None:
    """One heart is worn by both: each beat of one is a beat of the other."""
    beats = 1000.0 + np.cumsum(0.85 + 0.05 * np.random.default_rng(2).standard_normal(800))
    rows = [
        IndexSample(time, time + 1.0, person, "ibi", 1e3 * step, "ms", 1.0, "")
        for time, step in zip(beats[1:].tolist(), np.diff(beats).tolist(), strict=True)
        for person in ("client", "therapist")
    ]
    ticks = np.asarray(1000.0 + 0.1 * np.arange(1, SECONDS * 10), np.float64)
    heart = OneHeart(PipelineConfig())
    heart.hear(rows)
    told = heart.advance(ticks, {"heart": ticks - 0.05})
    synchrony = Synchrony("hr", config=PipelineConfig())
    synchrony.hear(sorted([*rows, *told], key=lambda s: s.available))
    model = model_of([*rows, *synchrony.advance(ticks, {"heart": ticks - 0.05})])
    widget = HeatMap(LIGHT, "hr")
    qtbot.addWidget(widget)
    widget.show_map(LagMap(model, "hr").read(float(SECONDS)))
    in_header = sync_readouts(model, "sync_hr", definition("sync_hr"), float(SECONDS))[0].text
    assert in_header == widget.text() == widget.text_on_map() == widget.accessibleDescription() == "one heart"


def test_a_reason_that_is_longer_than_the_map_is_cut(qtbot: QtBot) -> None:
    widget = HeatMap(LIGHT, "hr")
    qtbot.addWidget(widget)
    widget.resize(212, 220)
    pictures = []
    for words in ("w" * 90, "w" * 91):
        empty = LagMap(model_of([]), "hr").read(0.0)
        z = np.full((1, len(empty.lags)), np.nan, np.float32)
        one = replace(empty, times=np.zeros(1), z=z, high=np.full(1, np.nan, np.float32), reason=words)
        widget.show_map(one)
        assert widget.text_on_map() == words
        pictures.append(widget.grab().toImage())
    assert pictures[0] == pictures[1]
