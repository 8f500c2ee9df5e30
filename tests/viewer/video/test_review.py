"""The window of the video beside a review: the picture is that of the cursor, read from the screen."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from threading import Event

import pytest
from PySide6.QtCore import QPoint, Qt
from pytestqt.qtbot import QtBot

from acquisition.errors import VideoError
from acquisition.linking.finding import Found
from acquisition.linking.link import VideoLink
from tests.viewer.synthetic import T0
from tests.viewer.video.conftest import BEGIN, Filmed, Screened, linked
from tests.viewer.video.made import even, film
from viewer.commands import COMMANDS
from viewer.key_overlay import lines
from viewer.keys import marker_keys
from viewer.lanes.plot import LEFT, RIGHT
from viewer.video.cover import ABSENT
from viewer.video.decoder import Decoder, Wanted
from viewer.video.following import HERE
from viewer.window import OperatorWindow

RATE = 25.0
SYNC = 0.08
"""Picture and lanes are never further apart [s]."""
TICK = 0.1
"""The made-up session begins with its first slice [s]."""


def _beyond(window: OperatorWindow, seconds: float) -> bool:
    return window.panel.pointer > seconds


def _another(screened: Screened, number: int) -> bool:
    return screened.number() != number


def behind(screened: Screened) -> float:
    """Return how far the picture that is shown lies behind the cursor [s]."""
    return screened.window.panel.pointer - BEGIN - screened.number() / RATE


def test_the_picture_is_that_of_the_cursor_wherever_it_is_put(filmed: Filmed) -> None:
    screened = filmed()
    for seconds in (20.5, 30.01, 79.9, 31.0, 30.96, 55.5, 20.0):
        screened.go_to(seconds)
        assert 0.0 <= behind(screened) + 1e-3 < 1 / RATE + 2e-3, seconds


@pytest.mark.parametrize("speed", [0.25, 1.0, 2.0, 4.0])
def test_the_picture_stays_with_the_cursor_while_it_runs(filmed: Filmed, speed: float) -> None:
    screened = filmed()
    screened.go_to(25.0)
    window = screened.window
    window.start()
    window.panel.speed, window.panel.playing = speed, True
    apart = []
    for k in range(8):
        begun = window.panel.pointer
        screened.qtbot.waitUntil(partial(_beyond, window, begun + 0.1 * speed), timeout=60_000)
        assert screened.pane.exact, k
        apart.append(behind(screened))
    assert window.panel.playing and max(map(abs, apart)) < SYNC


def test_a_click_and_a_drag_in_the_lanes_move_the_picture(filmed: Filmed, qtbot: QtBot) -> None:
    screened = filmed()
    screened.go_to(40.0)
    events, page = screened.window.panel.events, screened.window.panel.page
    assert page is not None
    width = events.width() - LEFT - RIGHT

    def place(seconds: float) -> QPoint:
        return QPoint(round(LEFT + (seconds - page.start) / page.seconds * width), 30)

    qtbot.mousePress(events, Qt.MouseButton.LeftButton, pos=place(45.0))
    screened.settle()
    assert abs(screened.window.panel.pointer - 45.0) < 0.5 and 0 <= behind(screened) + 2e-3 < SYNC
    qtbot.mouseMove(events, place(50.0))
    qtbot.mouseRelease(events, Qt.MouseButton.LeftButton, pos=place(50.0))
    screened.window.panel.point_at(50.0)
    screened.settle()
    assert screened.number() == 750


def test_a_press_and_a_drag_on_the_line_of_the_video_move_the_cursor(filmed: Filmed, qtbot: QtBot) -> None:
    screened = filmed()
    screened.go_to(25.0)
    track = screened.video.window.track
    for share in (0.2, 0.3):
        x = round(10 + share * (track.width() - 20))
        qtbot.mousePress(track, Qt.MouseButton.LeftButton, pos=QPoint(x, 10))
        assert abs(screened.window.panel.pointer - share * 200.0) < 1.0
        screened.settle()
        assert 0 <= behind(screened) + 2e-3 < SYNC


def test_frame_steps_move_picture_and_cursor_by_one_picture(filmed: Filmed, qtbot: QtBot) -> None:
    screened = filmed()
    assert screened.go_to(30.01) == 250
    seen: list[int] = []
    for key in ".....,,,,,,,":
        before = screened.number()
        qtbot.keyClicks(screened.video.window if len(seen) % 2 else screened.window, key)
        qtbot.waitUntil(partial(_another, screened, before), timeout=60_000)
        screened.settle()
        seen.append(screened.number())
        assert screened.window.panel.pointer == pytest.approx(BEGIN + seen[-1] / RATE, abs=2e-3)
    assert seen == [251, 252, 253, 254, 255, 254, 253, 252, 251, 250, 249, 248]


def test_playing_goes_through_clips_and_says_where_there_is_none(filmed: Filmed, tmp_path: Path) -> None:
    t0 = T0 + TICK
    first = film(tmp_path / "one.mp4", even(10.0))
    second = film(tmp_path / "two.mp4", even(10.0), first=1000)
    screened = filmed([linked(first, t0 + 20.0, 10.0), linked(second, t0 + 32.0, 10.0)])
    assert screened.go_to(29.5) == 237
    assert screened.words_at(31.0) == (
        "no video covers this moment; the last ended at 0:00:30; the next begins at 0:00:32"
    )
    assert screened.go_to(32.5) == 1012
    assert screened.words_at(5.0).endswith("the next begins at 0:00:20")
    assert screened.words_at(190.0) == "no video covers this moment; the last ended at 0:00:42"
    screened.go_to(29.5)
    window = screened.window
    window.start()
    window.panel.speed, window.panel.playing = 4.0, True
    screened.qtbot.waitUntil(lambda: window.panel.pointer > 34.0, timeout=60_000)
    assert window.panel.playing and screened.pane.exact and screened.number() > 1000


def test_of_two_cameras_the_other_can_be_shown(filmed: Filmed, tmp_path: Path, qtbot: QtBot) -> None:
    t0 = T0 + TICK
    first = film(tmp_path / "one.mp4", even(10.0))
    second = film(tmp_path / "two.mp4", even(10.0), first=1000)
    screened = filmed([linked(first, t0 + 20.0, 10.0), linked(second, t0 + 22.0, 10.0)])
    assert screened.go_to(21.0) == 25 and screened.video.window.other.isHidden()
    assert screened.go_to(24.0) == 100
    screened.window.tick()
    qtbot.mouseClick(screened.video.window.other, Qt.MouseButton.LeftButton)
    screened.settle()
    assert screened.number() == 1050 and screened.video.window.name.text() == "two.mp4"
    assert screened.go_to(25.0) == 1075, "it stays with the one that was chosen"


def test_a_video_that_drifts_is_shown_where_it_is(filmed: Filmed, tmp_path: Path) -> None:
    path = film(tmp_path / "camera.mp4", even(60.0))
    screened = filmed([linked(path, T0 + TICK + BEGIN, 60.0, drift=20_000.0)])
    assert screened.go_to(BEGIN + 51.0 + 0.01) == 1250


@pytest.mark.parametrize("kind", ["missing", "changed", "unaligned", "text", "no links"])
def test_what_cannot_be_shown_is_said_in_the_pane_and_the_review_works_on(
    filmed: Filmed, tmp_path: Path, kind: str
) -> None:
    path, t0 = tmp_path / "camera.mp4", T0 + TICK
    if kind != "missing":
        path.write_text("no video at all", "utf-8")
    link = linked(path, t0, 100.0)
    if kind == "changed":
        path.write_text("another one", "utf-8")
    if kind == "unaligned":
        link = link.unaligned("voice", "the sound fits at two places")
    screened = filmed([link])
    if kind == "no links":
        (tmp_path / "links.toml").write_text("nonsense = [", "utf-8")
        screened.video.close()
        screened.window.beside.show_video()
    said = screened.words_at(30.0)
    wanted = {
        "missing": "is not there",
        "changed": "is not the file that was linked",
        "unaligned": "camera.mp4 is not aligned: the sound fits at two places",
        "text": "cannot be read as a video",
        "no links": "links.toml",
    }[kind]
    assert wanted in said and "\n" not in said
    window = screened.window
    window.start()
    window.panel.speed, window.panel.playing = 4.0, True
    screened.qtbot.waitUntil(lambda: window.panel.pointer > 32.0, timeout=60_000)
    assert window.review is not None
    window.review.mark("insight")
    assert not window.review.desk.failed


def test_a_moved_file_is_looked_up_once(
    filmed: Filmed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = film(tmp_path / "camera.mp4", even(30.0))
    link = linked(tmp_path / "elsewhere" / "camera.mp4", T0 + TICK + BEGIN, 30.0, size=path.stat().st_size)
    asked = []

    def found(link: VideoLink, recording: Path) -> Found:
        asked.append(link)
        return Found(path, "moved", "is now here")

    monkeypatch.setattr("viewer.video.cover.find", found)
    screened = filmed([link])
    assert [screened.go_to(BEGIN + s + 0.01) for s in (1.0, 20.0, 3.0)] == [25, 500, 75]
    screened.pane.close_video()
    assert screened.go_to(BEGIN + 5.01) == 125 and len(asked) == 1


def test_without_the_extra_that_is_said_and_the_review_works_on(
    filmed: Filmed, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("av", "av.error", "viewer.video.decoder", "viewer.video.reader"):
        monkeypatch.setitem(sys.modules, name, None)
    screened = filmed()
    assert screened.words_at(30.0) == ABSENT
    screened.window.start()
    screened.window.panel.playing = True
    screened.qtbot.waitUntil(lambda: screened.window.panel.pointer > 30.5, timeout=60_000)


def test_a_file_that_breaks_off_is_shown_as_far_as_it_goes(filmed: Filmed, tmp_path: Path) -> None:
    path = film(tmp_path / "camera.mkv", even(30.0))
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])
    screened = filmed([linked(path, T0 + TICK + BEGIN, 30.0)])
    assert screened.go_to(BEGIN + 5.01) == 125
    assert screened.words_at(BEGIN + 28.0) == "camera.mkv has no picture at this moment"
    assert screened.go_to(BEGIN + 5.01) == 125


def test_a_file_that_is_deleted_while_it_plays_stops_nothing(filmed: Filmed, tmp_path: Path) -> None:
    screened = filmed()
    screened.go_to(30.0)
    (tmp_path / "camera.mp4").unlink()
    window = screened.window
    window.start()
    window.panel.speed, window.panel.playing = 4.0, True
    screened.qtbot.waitUntil(lambda: window.panel.pointer > 34.0, timeout=60_000)
    window.panel.playing = False
    assert screened.words_at(20.0) or screened.pane.exact


def test_a_picture_that_lasts_says_how_old_it_is(filmed: Filmed, tmp_path: Path) -> None:
    path = film(tmp_path / "screen.mkv", [0.0, 0.5, 9.0, 9.5, 10.0], gop=2)
    screened = filmed([linked(path, T0 + TICK + BEGIN, 10.0)])
    assert screened.go_to(BEGIN + 8.5) == 1 and screened.pane.age == pytest.approx(8.0, abs=0.01)
    assert screened.go_to(BEGIN + 9.2) == 2 and screened.pane.age < 1.0


def test_the_keys_of_markers_and_of_the_cursor_work_in_the_window_of_the_video(
    filmed: Filmed, qtbot: QtBot
) -> None:
    screened = filmed()
    screened.go_to(30.0)
    window, shown = screened.window, screened.video.window
    review = window.review
    assert review is not None
    review.bar.keys.setChecked(True)
    shown.activateWindow()
    qtbot.waitUntil(shown.isActiveWindow, timeout=60_000)
    marker = next(m for m in marker_keys(window) if m.text == "insight")
    qtbot.keyClicks(shown, marker.key.lower())
    qtbot.waitUntil(lambda: any(r.code == "insight" for r in review.table.events.rows), timeout=60_000)
    added = next(r for r in review.table.events.rows if r.code == "insight" and r.added == "R2")
    assert added.start == pytest.approx(30.0, abs=0.1)
    qtbot.keyClick(shown, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: all(r.key != added.key for r in review.table.events.rows), timeout=60_000)
    qtbot.keyClick(shown, Qt.Key.Key_Right, Qt.KeyboardModifier.ShiftModifier)
    assert window.panel.pointer == pytest.approx(31.0)
    qtbot.keyClick(shown, Qt.Key.Key_Space)
    assert window.panel.playing
    qtbot.keyClick(shown, Qt.Key.Key_V)
    assert window.beside.video is None, "its own key closes it"


def test_every_command_of_the_window_of_the_video_exists() -> None:
    assert {c.name for c in COMMANDS} >= HERE


def test_the_bar_has_a_button_where_a_video_is_linked(filmed: Filmed, qtbot: QtBot) -> None:
    screened = filmed()
    review = screened.window.review
    assert review is not None and review.bar.video.text() == "Video  V"
    qtbot.mouseClick(review.bar.video, Qt.MouseButton.LeftButton)
    assert screened.window.beside.video is None
    qtbot.mouseClick(review.bar.video, Qt.MouseButton.LeftButton)
    assert screened.go_to(30.0) == 250


def test_without_a_link_there_is_neither_command_nor_window(filmed: Filmed, tmp_path: Path) -> None:
    with_one = {text for _, text in lines(filmed(opens=False).window)}
    without = {text for _, text in lines(filmed([], opens=False).window)}
    assert with_one - without == {
        "one picture of the video back",
        "one picture of the video on",
        "opens the video that is linked, or closes it",
        "the sound of the video off, or on",
        "the video louder",
        "the video less loud",
    }
    bare = filmed([]).window
    assert not bare.beside.has_video and bare.review is not None and bare.review.bar.video.isHidden()


def test_a_blind_rater_has_the_video_at_once_and_no_lanes(filmed: Filmed) -> None:
    screened = filmed(rater="R7", opens=False)
    window = screened.window
    window.beside.opens_video = True
    window.rebuild()
    screened.qtbot.waitUntil(lambda: window.beside.video is not None, timeout=60_000)
    assert screened.go_to(30.0) == 250
    assert window.face == "blind" and all(lane.isHidden() for lane in window.panel.lanes.lanes.values())


def test_the_window_comes_back_where_it_was_and_in_the_theme(filmed: Filmed, qtbot: QtBot) -> None:
    screened = filmed()
    screened.video.window.resize(500, 400)
    screened.window.change(theme="light")
    assert screened.go_to(30.0) == 250 and screened.video.window.size().width() == 500
    screened.video.window.close()
    assert screened.window.beside.video is None
    screened.window.beside.show_video()
    assert screened.video.window.size().width() == 500


def test_closing_while_it_decodes_ends_its_thread(filmed: Filmed) -> None:
    screened = filmed()
    window = screened.window
    window.start()
    window.panel.playing = True
    for seconds in (75.0, 21.0, 70.0):
        window.panel.go_to(seconds)
        window.tick()
    decoder = screened.pane._decoder
    assert decoder is not None
    window.close()
    assert not decoder._thread.is_alive() and window.beside.video is None


def test_who_is_gone_is_told_nothing_by_a_search_that_still_went_on() -> None:
    told, reads, goes_on = [], Event(), Event()

    def find(_: object) -> Path:
        reads.set()
        goes_on.wait(20.0)
        raise VideoError("is not there")

    decoder = Decoder(find, lambda: told.append(1), lambda *_: told.append(2))
    decoder.want(Wanted(object(), 1.0, (64, 64)))
    assert reads.wait(20.0)
    decoder.close(patience=0.0)
    goes_on.set()
    decoder._thread.join(timeout=20.0)
    assert not decoder._thread.is_alive() and told == []


def test_a_joint_replay_shows_no_video_until_it_is_asked_for(filmed: Filmed, qtbot: QtBot) -> None:
    screened = filmed()
    window = screened.window
    assert window.reviewing is not None
    window.reviewing.turn(window, "joint")
    assert window.beside.video is None
    window.beside.show_video()
    assert screened.go_to(30.0) == 250
    window.reviewing.turn(window, "list")
    qtbot.waitUntil(lambda: window.beside.video is not None, timeout=60_000)
