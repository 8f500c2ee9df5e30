"""On a page of more than ten minutes the ECG lanes show beats, and the waveform again on a shorter one."""

from __future__ import annotations

import numpy as np
import pytest

from acquisition.stream import Role
from tests.viewer.conftest import MakeWindow
from viewer.lanes.coarse import FAR, Rates
from viewer.lanes.lane import Lane
from viewer.model.definitions import gap_of
from viewer.model.trace import Trace
from viewer.window import OperatorWindow


def ecg(window: OperatorWindow) -> Lane:
    return window.panel.lanes.lanes["ECG client"]


def beats(n: int, interval: float = 800.0) -> Trace:
    trace = Trace(gap_of("ibi"))
    times = np.arange(1, n + 1) * interval / 1000
    trace.append(times, np.full(n, interval), times + 1.0, [""] * n)
    return trace


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_a_long_page_shows_beats_in_place_of_a_block(make_window: MakeWindow, theme: str) -> None:
    window = make_window(seconds=1200.0, theme=theme)
    window.model.traces[Role.CLIENT.value, "ibi"] = beats(1450)
    lane = ecg(window)
    assert (lane.header.title, lane.header.unit) == ("ECG", "mV") and lane.drawn is lane.curves
    window.change(seconds=1800.0)
    lane = ecg(window)
    assert (lane.header.title, lane.header.unit) == ("Beats", "/min")
    assert lane.coarse is not None and tuple(lane.drawn) == lane.coarse.curves
    page = window.panel.page
    assert page is not None and page.seconds > FAR
    assert lane.drawn[0].extent(page) == pytest.approx((75.0, 75.0))
    assert lane._scale is not None and lane._scale[0] < 75.0 < lane._scale[1]
    window.panel.strip.length.setCurrentIndex(0)
    assert (lane.header.title, lane.header.unit) == ("ECG", "mV") and lane.drawn is lane.curves
    assert lane._scale is not None and lane._scale[1] < 10.0


def test_a_chosen_scale_of_the_ecg_is_not_taken_for_beats(make_window: MakeWindow) -> None:
    window = make_window(seconds=1200.0, scales=(("ECG client", (-1.0, 2.0)),))
    window.model.traces[Role.CLIENT.value, "ibi"] = beats(1450)
    assert ecg(window)._scale == (-1.0, 2.0)
    window.change(seconds=1800.0)
    scale = ecg(window)._scale
    assert scale is not None and scale[0] > 10.0


def test_intervals_become_rates() -> None:
    rates = Rates(beats(10, 1000.0))
    times, values = rates.line(0.0, 20.0, 500)
    assert rates.n == 10 and len(times) >= 10
    assert set(values[np.isfinite(values)].tolist()) == {60.0}
    assert rates.extent(0.0, 20.0) == (60.0, 60.0)
