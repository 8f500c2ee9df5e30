"""Moments with their video: cued review, two moments at a time, and the rating of the hour."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from PySide6.QtCore import Qt
from pytestqt.qtbot import QtBot

from acquisition.errors import AttunementError
from acquisition.linking.links_file import write_links
from acquisition.ratings.choices import Choice
from acquisition.ratings.files import RatingWriter, Sitting
from acquisition.ratings.whose import Whose
from acquisition.session.rating_settings import RatingSettings
from acquisition.session.study import read_study
from acquisition.stream import Modality, Role
from tests.processing.simulated_hour import infos, write_hour
from tests.viewer.conftest import MakeWindow
from tests.viewer.review.test_cued import hour as cued_hour
from tests.viewer.video.conftest import linked, number_of
from tests.viewer.video.made import even, film
from viewer.rating.pairs import Comparing
from viewer.rating.pairs_page import PairsPage
from viewer.rating.shown import Hour, decided, film_of, hour_of
from viewer.rating.window import RatingWindow
from viewer.review.cued import PLAY, STOP
from viewer.review.reviewing import Reviewing
from viewer.theme import DARK
from viewer.video.cover import Cover
from viewer.video.moments import Moments
from viewer.video.pane import VideoPane

LONG = 100.0


@pytest.fixture(scope="module")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return film(tmp_path_factory.mktemp("camera") / "camera.mp4", even(LONG, 10.0))


@pytest.fixture
def cover(camera: Path, tmp_path: Path) -> Cover:
    """Return what a video covers that begins with the recording, at 1000 s of its clock."""
    return Cover([linked(camera, 1000.0, LONG)], tmp_path, 1000.0)


def plays(moments: Moments) -> bool:
    return moments.playing


class Clock:
    def __init__(self) -> None:
        self.now = 5.0

    def __call__(self) -> float:
        return self.now


def test_a_moment_is_played_once_at_its_own_pace(qtbot: QtBot, cover: Cover) -> None:
    pane, clock = VideoPane(cover, DARK), Clock()
    qtbot.addWidget(pane)
    pane.resize(320, 180)
    pane.show()
    moments = Moments([pane], 2.0, clock)
    moments.stand([30.0])
    qtbot.waitUntil(lambda: pane.exact, timeout=60_000)
    assert number_of(pane) == 300 and not plays(moments)
    moments.play_or_stop()
    moments._timer.setInterval(1_000_000)
    seen: list[int] = []

    def over() -> bool:
        clock.now += 0.1
        moments.look()
        if pane.exact and moments.gone:
            seen.append(number_of(pane))
        return not plays(moments)

    qtbot.waitUntil(over, timeout=60_000)
    assert seen == sorted(seen) and seen[0] >= 300 and 318 <= max(seen) <= 320
    qtbot.waitUntil(lambda: pane.exact and number_of(pane) == 300, timeout=60_000)


def test_a_pane_that_is_gone_decodes_nothing(qtbot: QtBot, cover: Cover) -> None:
    pane = VideoPane(cover, DARK)
    qtbot.addWidget(pane)
    pane.show()
    pane.show_at(10.0)
    qtbot.waitUntil(lambda: pane.exact, timeout=60_000)
    decoder = pane._decoder
    assert decoder is not None
    pane.hide()
    assert not decoder._thread.is_alive()
    pane.show()
    qtbot.waitUntil(lambda: pane.exact, timeout=60_000)


def test_a_cued_review_plays_the_moment_it_asks_about(
    make_window: MakeWindow, tmp_path: Path, qtbot: QtBot
) -> None:
    model = cued_hour()
    path = film(tmp_path / "camera.mp4", even(700.0, 2.0))
    write_links(tmp_path, [linked(path, model.t0, 700.0)])
    reviewing = Reviewing(tmp_path)
    window = make_window(model, control=None, reviewing=reviewing, reviewer="R2")
    reviewing.turn(window, "cued")
    page = reviewing.page
    assert page is not None and page.moments is not None
    pane = page.moments.panes[0]
    start = page.session.moments[page.session.at].start
    qtbot.waitUntil(lambda: pane.exact, timeout=60_000)
    assert number_of(pane) == int(2 * start + 1e-3) and page.play.text() == PLAY
    qtbot.keyClick(window, Qt.Key.Key_Space)
    assert plays(page.moments) and page.play.text() == STOP
    qtbot.waitUntil(lambda: pane.seconds > start + 0.5, timeout=60_000)
    qtbot.keyClick(window, Qt.Key.Key_Right)
    assert not plays(page.moments), "the next moment waits until it is played"
    later = page.session.moments[page.session.at].start
    assert later > start
    qtbot.waitUntil(lambda: pane.exact, timeout=60_000)
    assert number_of(pane) == int(2 * later + 1e-3)
    decoder = pane._decoder
    assert decoder is not None
    window.close()
    assert not decoder._thread.is_alive()


def test_two_moments_are_played_one_after_the_other(qtbot: QtBot, cover: Cover) -> None:
    said: list[Choice] = []
    comparing = Comparing(
        [10.0, 50.0],
        20.0,
        rater="R1",
        whose=Whose(Role.CLIENT),
        asked="more",
        answered=(),
        keep=said.append,
        now=lambda: "",
        rng=np.random.default_rng(0),
    )
    page = PairsPage(comparing, Hour(1000.0, 1100.0), 20.0, DARK, cover)
    qtbot.addWidget(page)
    page.show()
    pair = comparing.pair
    assert pair is not None
    qtbot.waitUntil(lambda: all(p.exact for p in page.panes), timeout=60_000)
    assert [number_of(p) for p in page.panes] == [round(10 * t) for t in pair]
    qtbot.keyClick(page, Qt.Key.Key_Space)
    assert plays(page.moments) and page.moments.at == 0
    qtbot.waitUntil(lambda: page.panes[0].seconds > pair.first + 0.3, timeout=60_000)
    page.moments.gone = 19.99
    qtbot.waitUntil(lambda: page.moments.at == 1, timeout=60_000)
    qtbot.waitUntil(lambda: page.panes[1].seconds > pair.second + 0.3, timeout=60_000)
    qtbot.mouseClick(page, Qt.MouseButton.LeftButton, pos=page.panes[1].geometry().center())
    assert [c.chosen for c in said] == ["second"] and not plays(page.moments)


def rating(tmp_path: Path, cover: Cover | None, clock: Clock) -> RatingWindow:
    sitting = Sitting(rater="R1", whose=Whose(Role.CLIENT), input="keyboard", shown="video")
    writer = RatingWriter(tmp_path, sitting)
    window = RatingWindow(writer, sitting, Hour(1000.0, 1100.0), DARK, start=1010.0, now=clock, cover=cover)
    window._timer.stop()
    window._frames.stop()
    return window


def test_a_rater_sees_the_moment_that_is_rated(
    qtbot: QtBot, cover: Cover, recording: Path, tmp_path: Path
) -> None:
    clock = Clock()
    window = rating(recording, cover, clock)
    qtbot.addWidget(window)
    window.show()
    pane = window.pane
    assert pane is not None
    window.watch()
    qtbot.waitUntil(lambda: pane.exact, timeout=60_000)
    assert number_of(pane) == 100
    qtbot.keyClick(window, Qt.Key.Key_Space)
    for _ in range(60):
        clock.now += 0.1
        window.look()
        window.watch()
        qtbot.waitUntil(lambda: pane.exact or pane.late, timeout=60_000)
        if window.run.state == "rating" and pane.exact:
            assert abs(window.run.at - 1000.0 - number_of(pane) / 10.0) < 0.1 + 2e-3
    assert window.run.state == "rating" and window.run.at > 1012.0
    window.close()


def test_a_rating_pauses_where_the_picture_does_not_come(
    qtbot: QtBot, cover: Cover, recording: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    window = rating(recording, cover, clock)
    qtbot.addWidget(window)
    window.show()
    qtbot.keyClick(window, Qt.Key.Key_Space)
    clock.now += 3.5
    window.look()
    states = [window.run.state]
    monkeypatch.setattr(VideoPane, "late", property(lambda pane: True))
    window.watch()
    states.append(window.run.state)
    assert states == ["rating", "paused"]
    window.close()


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Path:
    light = infos(leave_out=(Modality.ECG, Modality.VOICE, Modality.RESP))
    return write_hour(tmp_path_factory.mktemp("filmed") / "D01_S01", streams=light)


def test_the_video_is_seen_where_it_was_agreed_or_asked_for(recording: Path, tmp_path: Path) -> None:
    (tmp_path / "study.toml").write_text('[rating]\nshows = "video"\n')
    study = read_study(tmp_path / "study.toml")
    assert (decided(None), decided(None, "video")) == ("nothing", "video")
    assert (decided(study), decided(study, "speech"), decided(study, "nothing")) == (
        "video",
        "speech",
        "nothing",
    )
    with pytest.raises(AttunementError, match="choices: nothing, speech, video"):
        decided(study, "physiology")
    more = replace(study, rating=RatingSettings(shows="physiology"))
    with pytest.raises(AttunementError, match="choices: nothing, speech, physiology"):
        decided(more, "video")


def test_without_a_link_a_rating_with_video_is_refused_with_the_choices(recording: Path) -> None:
    hour = hour_of(recording, "video")
    assert hour.strips == {} and film_of(recording, hour, "speech") is None
    with pytest.raises(AttunementError, match=r"--show video: no video is linked \(attune link, or --show"):
        film_of(recording, hour, "video")


def test_with_a_link_it_is_the_video_of_the_hour(recording: Path, camera: Path) -> None:
    hour = hour_of(recording, "video")
    write_links(recording, [linked(camera, hour.begin + 7.0, LONG)])
    try:
        found = cast(Cover, film_of(recording, hour, "video"))
        assert found.films[0].span.start == pytest.approx(7.0)
    finally:
        write_links(recording, [])
