"""The talk lane: who spoke when, both at once, what is not yet a turn, and nothing of a paused person."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from PySide6.QtGui import QColor

from acquisition.event import Notice
from acquisition.stream import PEOPLE, Modality, Role
from processing.index import IndexSample
from tests.viewer import synthetic
from tests.viewer.synthetic import T0, Session, fill
from viewer.lanes.lane import Lane
from viewer.lanes.talk_lane import ROWS, talk_readouts
from viewer.model.model import SessionModel
from viewer.model.page import Page
from viewer.model.talk import Stretches, both, joined, running, share, turns_between
from viewer.model.trace import Trace
from viewer.theme import DARK
from viewer.window import OperatorWindow

MakeWindow = Callable[..., OperatorWindow]


def trace(times: Sequence[float], values: Sequence[float]) -> Trace:
    out = Trace(2.5)
    out.append(np.array(times), np.array(values), np.array(times) + 1.0, [""] * len(times))
    return out


def spans(found: Stretches) -> list[tuple[float, float]]:
    return [(float(a), float(b)) for a, b in zip(*found, strict=True)]


def test_a_turn_that_began_before_the_page_is_shown() -> None:
    turns = trace([10.0, 40.0, 90.0], [25.0, 5.0, 3.0])
    assert spans(turns_between(turns, 30.0, 60.0)) == [(10.0, 35.0), (40.0, 45.0)]
    assert spans(turns_between(None, 0.0, 60.0)) == []


def test_seconds_after_the_last_turn_stand_for_the_one_that_is_not_over() -> None:
    turns = trace([10.0], [5.5])
    speaking = trace(
        [float(k) for k in range(11, 31)], [1.0] * 5 + [0.0] * 5 + [1.0] * 3 + [np.nan] + [1.0] * 6
    )
    assert spans(running(turns, speaking, 0.0, 60.0)) == [(20.0, 23.0), (24.0, 30.0)]
    assert spans(running(None, speaking, 0.0, 60.0))[0] == (10.0, 15.0)  # a voice without turns
    assert spans(running(turns, None, 0.0, 60.0)) == []


def test_speech_of_both_at_once() -> None:
    one = Stretches(np.array([0.0, 10.0, 20.0]), np.array([5.0, 15.0, 21.0]))
    other = Stretches(np.array([4.0, 14.0]), np.array([11.0, 30.0]))
    assert spans(both(one, other)) == [(4.0, 5.0), (10.0, 11.0), (14.0, 15.0), (20.0, 21.0)]
    assert spans(both(one, other)) == spans(both(other, one))
    assert spans(joined(one, Stretches(np.array([5.0]), np.array([8.0])))) == [
        (0.0, 8.0),
        (10.0, 15.0),
        (20.0, 21.0),
    ]


def test_share_is_of_the_known_seconds_of_five_minutes() -> None:
    speaking = trace([float(k) for k in range(400)], [1.0] * 100 + [0.0, 1.0, 0.0, np.nan] * 75)
    assert share(speaking, 400.0) == pytest.approx(1 / 3)
    assert np.isnan(share(speaking, 2000.0))


def spoken(entity: str, index: str, time: float, value: float, known: float) -> IndexSample:
    return IndexSample(T0 + time, T0 + known, entity, index, value, "", 1.0, "")


def talked() -> SessionModel:
    """Return two minutes: the client speaks 70-90, the therapist 85-100, the client again from 110 on."""
    model = synthetic.model(synthetic.streams(voice=True))
    fill(model, 120.0)
    del model.traces["client", "speaking"], model.traces["therapist", "speaking"]
    rows = [spoken("client", "turn", 70.0, 20.0, 91.5), spoken("therapist", "turn", 85.0, 15.0, 101.5)]
    for g in range(61, 120):
        for entity, parts in (("client", ((70, 90), (110, 130))), ("therapist", ((85, 100),))):
            value = float(any(a < g <= b for a, b in parts))
            rows.append(spoken(entity, "speaking", float(g), value, g + 1.5))
    model.add_samples(rows)
    return model


def colour_at(lane: Lane, time: float, height: float) -> QColor:
    """Return the colour of the lane at a time [s] and a share of its height."""
    page = lane._page
    assert page is not None
    picture = lane.plot.grab().toImage()
    left = lane.plot.width() - lane.n_bins - 10
    x = left + (time - page.start) / page.seconds * lane.n_bins
    colour: QColor = picture.pixelColor(round(x), round((1.0 - height) * picture.height()))
    return colour


def near(colour: QColor, name: str, most: int = 40) -> bool:
    other = QColor(name)
    pairs = ((colour.red(), other.red()), (colour.green(), other.green()), (colour.blue(), other.blue()))
    return all(abs(a - b) <= most for a, b in pairs)


def test_bars_show_who_speaks_and_that_both_do(make_window: MakeWindow) -> None:
    window = make_window(talked())
    lane = window.panel.lanes.lanes["Talk"]
    assert not lane.isHidden()
    window.panel.show_page(Page(60.0, 60.0))
    rows = {role.value: sum(r) / 2 for role, r in ROWS.items()}
    assert near(colour_at(lane, 75.0, rows["client"]), DARK.client)
    assert near(colour_at(lane, 75.0, rows["therapist"]), DARK.panel)
    assert near(colour_at(lane, 95.0, rows["therapist"]), DARK.therapist)
    assert near(colour_at(lane, 95.0, rows["client"]), DARK.panel)
    assert near(colour_at(lane, 87.5, 0.5), DARK.text)
    assert near(colour_at(lane, 80.0, 0.5), DARK.panel)
    unfinished = colour_at(lane, 115.0, rows["client"])
    assert not near(unfinished, DARK.client) and not near(unfinished, DARK.panel)


def test_the_header_says_who_speaks(make_window: MakeWindow) -> None:
    model = talked()
    said = talk_readouts(model)
    assert [r.text.split(" · ")[0] for r in said(119.0)] == ["speaks", "silent"]
    assert [r.text.split(" · ")[0] for r in said(96.0)] == ["silent", "speaks"]
    assert [r.text for r in said(300.0)] == ["no data", "no data"]
    assert "% of the last 5 min" in said(119.0)[0].detail


def test_nothing_of_a_paused_person_is_drawn(make_window: MakeWindow) -> None:
    window = make_window(talked())
    lane = window.panel.lanes.lanes["Talk"]
    window.panel.show_page(Page(60.0, 60.0))
    lane.set_paused(frozenset({"client", "dyad"}))
    rows = {role.value: sum(r) / 2 for role, r in ROWS.items()}
    assert near(colour_at(lane, 75.0, rows["client"]), DARK.panel)
    assert near(colour_at(lane, 87.5, 0.5), DARK.panel)
    assert near(colour_at(lane, 95.0, rows["therapist"]), DARK.therapist)


def test_there_is_no_talk_lane_before_there_is_speech_to_show(make_window: MakeWindow) -> None:
    model = synthetic.model(synthetic.streams(voice=True))
    fill(model, 20.0)
    del model.traces["client", "speaking"], model.traces["therapist", "speaking"]
    window = make_window(model)
    assert window.panel.lanes.lanes["Talk"].isHidden()
    model.add_samples(synthetic.index_samples(20.0, 22.0))
    window.draw_all()
    assert not window.panel.lanes.lanes["Talk"].isHidden()
    assert "Talk" not in make_window(seconds=30.0).panel.lanes.lanes


def test_a_voice_that_is_not_available_says_why() -> None:
    model = synthetic.model(synthetic.streams(voice=True))
    why = "voice rows are not available: onnxruntime not installed"
    notice = Notice(time=T0 + 5.0, kind="lost", role=Role.CLIENT, stream="voice", message=why)
    session = Session(
        infos=list(model.streams), notices=[notice], silent={(r, Modality.VOICE): (0.0, 99.0) for r in PEOPLE}
    )
    fill(model, 20.0, session)
    del model.traces["client", "speaking"], model.traces["therapist", "speaking"]
    client, therapist = talk_readouts(model)(20.0)
    assert (client.text, client.detail) == ("unavailable", why)
    assert therapist.text == "no data"
