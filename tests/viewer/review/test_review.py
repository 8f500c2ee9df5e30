"""The review: list, cursor, keys and mouse on a finished recording, and what its edits leave behind."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QComboBox, QLineEdit
from pytestqt.qtbot import QtBot

from acquisition.batch import Batch
from acquisition.errors import RecordingError
from acquisition.event import Event
from acquisition.events.overlay import read_edits, read_overlay
from acquisition.events.vocabulary import load_vocabulary
from acquisition.recorder.store import RecordingStore
from acquisition.recording.recording import Recording
from tests.acquisition.simulated import record
from tests.viewer import synthetic
from tests.viewer.conftest import MakeWindow, runs_by_frames
from tests.viewer.synthetic import T0, Session, fill, marks
from viewer import settings as persistence
from viewer.lanes.plot import LEFT, RIGHT
from viewer.model.blind import BlindFeed, blind_filled
from viewer.model.model import SessionModel
from viewer.model.wording import forbidden
from viewer.opened import open_window
from viewer.opening import feed
from viewer.review.event_model import COLUMNS
from viewer.review.event_table import EventTable
from viewer.review.review import Review
from viewer.review.reviewing import Reviewing
from viewer.window import OperatorWindow

CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
OpenReview = Callable[..., OperatorWindow]


def recorded(
    seconds: float = 200.0, events: list[Event] | None = None, *, signals: bool = False
) -> SessionModel:
    """Return a session with events, and with signals where the test is about them."""
    listed = [e for e in marks(seconds) if e.time < T0 + seconds] if events is None else events
    if signals:
        model = synthetic.model()
        fill(model, seconds, Session(events=listed))
    else:
        model = synthetic.model([])
        model.add_batch(Session(infos=[], events=listed).batch(round(10 * seconds)))
    model.state = "closed"
    return model


@pytest.fixture
def open_review(make_window: MakeWindow, tmp_path: Path) -> OpenReview:
    """Return a function that opens a review; each call is a new window on the same recording directory."""

    def make(model: SessionModel | None = None, *, who: str = "R2", rater: str = "") -> OperatorWindow:
        reviewing = Reviewing(tmp_path, rater=rater)
        return make_window(model or recorded(), control=None, reviewing=reviewing, reviewer=who)

    return make


def review_of(window: OperatorWindow) -> Review:
    assert window.review is not None
    return window.review


def texts(table: EventTable, column: str) -> list[str]:
    at = COLUMNS.index(column)
    return [str(table.kept.index(k, at).data()) for k in range(table.kept.rowCount())]


def shown_message(window: OperatorWindow) -> str:
    return window.panel.bar.last.text()


def type_into_cell(window: OperatorWindow, qtbot: QtBot, key: str, column: str, text: str) -> None:
    """Edit a cell with the keyboard alone: F2, type, Enter."""
    table = review_of(window).table
    table.select_key(key, COLUMNS.index(column))
    table.setFocus()
    qtbot.keyClick(window, Qt.Key.Key_F2)
    editor = table.findChild(QLineEdit)
    assert editor is not None
    editor.selectAll()
    qtbot.keyClicks(editor, text)
    qtbot.keyClick(editor, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: not table.findChildren(QLineEdit), timeout=60_000)


def test_the_list_shows_every_event_with_open_intervals_visible(open_review: OpenReview) -> None:
    table = review_of(open_review()).table
    assert texts(table, "time") == sorted(texts(table, "time"))
    assert texts(table, "name")[0] == "baseline rest" and texts(table, "to")[0] == "open"
    assert texts(table, "±").count("± 5 s") == len(texts(table, "±"))
    assert review_of(open_review()).bar.count.text().endswith("1 open")


def test_the_list_sorts_by_what_a_cell_means(open_review: OpenReview) -> None:
    events = [
        Event(time=T0 + t, code=c, actor="client", id=c)
        for t, c in ((90, "insight"), (10, "settled"), (9.5, "at_edge"))
    ]
    table = review_of(open_review(recorded(events=events))).table
    assert texts(table, "name") == ["at edge", "settled", "insight"]
    table.sortByColumn(COLUMNS.index("name"), Qt.SortOrder.DescendingOrder)
    assert texts(table, "name") == ["settled", "insight", "at edge"]


def test_the_filter_keeps_rows_that_hold_each_word(open_review: OpenReview, qtbot: QtBot) -> None:
    window = open_review()
    review = review_of(window)
    qtbot.keyClick(window, Qt.Key.Key_F, CONTROL)
    assert review.bar.filter.hasFocus()
    qtbot.keyClicks(review.bar.filter, "therapist int")
    assert texts(review.table, "name") == ["int support"]
    assert review.bar.count.text().startswith("1 of ")
    review.bar.filter.setText("open")
    assert "baseline rest" in texts(review.table, "name")


def test_choosing_an_event_in_the_list_goes_there(open_review: OpenReview, qtbot: QtBot) -> None:
    window = open_review()
    table = review_of(window).table
    index = table.kept.index(2, 2)
    qtbot.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, pos=table.visualRect(index).center())
    row = table.selected
    assert row is not None and window.panel.pointer == row.start
    assert window.panel.page is not None and window.panel.page.start <= row.start < window.panel.page.stop
    table.setFocus()
    qtbot.keyClick(table, Qt.Key.Key_Down)
    after = table.selected
    assert after is not None and after.start > row.start and window.panel.pointer == after.start


def test_an_event_is_edited_in_place_and_the_lanes_follow(
    open_review: OpenReview, qtbot: QtBot, tmp_path: Path
) -> None:
    window = open_review()
    review = review_of(window)
    review.bar.why.setText("video")
    row = next(r for r in review.table.events.rows if r.code == "mismatch")
    type_into_cell(window, qtbot, row.key, "time", "0:01:40.5")
    edits = read_overlay(tmp_path)
    assert [(e.op, e.id, e.who, e.why) for e in edits] == [("edit", row.key, "R2", "video")]
    window.draw_all()
    assert any(m.code == "mismatch" and m.start == pytest.approx(100.5) for m in window.panel.shown)
    assert review.table.selected is not None and review.table.selected.key == row.key


def test_a_code_is_chosen_from_the_vocabulary(open_review: OpenReview, qtbot: QtBot) -> None:
    window = open_review()
    review = review_of(window)
    review.bar.why.setText("video")
    row = next(r for r in review.table.events.rows if r.code == "mismatch")
    review.table.select_key(row.key, COLUMNS.index("name"))
    review.table.edit(review.table.currentIndex())
    editor = review.table.findChild(QComboBox)
    assert editor is not None and editor.currentText() == "mismatch" and editor.count() > 50
    editor.setCurrentText("now_moment")
    qtbot.keyClick(editor, Qt.Key.Key_Return)

    def code() -> str:
        return next(r for r in review.table.events.rows if r.key == row.key).code

    qtbot.waitUntil(lambda: code() == "now_moment", timeout=60_000)


def test_events_are_added_at_the_cursor_and_undone(
    open_review: OpenReview, qtbot: QtBot, tmp_path: Path
) -> None:
    window = open_review()
    review = review_of(window)
    window.panel.go_to(50.0)
    review.bar.code.setEditText("insight")
    review.bar.note.setText("aha")
    qtbot.keyClick(window, Qt.Key.Key_Return, CONTROL)
    row = review.table.selected
    assert row is not None and (row.code, row.start, row.note, row.unc) == ("insight", 50.0, "aha", 1.0)
    assert shown_message(window) == "insight added at 0:00:50.0" and review.bar.note.text() == ""
    qtbot.keyClick(window, Qt.Key.Key_Z, CONTROL)
    assert "insight" not in texts(review.table, "name") and shown_message(window) == "undone: insight"
    assert [e.op for e in read_overlay(tmp_path)] == ["add", "void"]


def test_keys_mark_only_when_told_to(open_review: OpenReview, qtbot: QtBot) -> None:
    window = open_review()
    review = review_of(window)
    n = len(review.table.events.rows)
    window.panel.go_to(50.0)
    qtbot.keyClick(window, Qt.Key.Key_W)
    assert len(review.table.events.rows) == n
    review.bar.keys.setChecked(True)
    qtbot.keyClick(window, Qt.Key.Key_W)
    window.panel.go_to(60.0)
    qtbot.keyClick(window, Qt.Key.Key_W)
    row = review.table.selected
    assert row is not None and (row.code, row.start, row.stop) == ("rupture_withdraw", 50.0, 60.0)


def test_no_single_key_voids_an_event(open_review: OpenReview, qtbot: QtBot) -> None:
    window = open_review()
    review = review_of(window)
    review.bar.why.setText("mistake")
    review.bar.keys.setChecked(True)
    review.table.selectRow(0)
    n = len(review.table.events.rows)
    for key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace, Qt.Key.Key_Return):
        qtbot.keyClick(window, key)
    assert len(review.table.events.rows) == n
    qtbot.keyClick(window, Qt.Key.Key_Delete, CONTROL)
    assert len(review.table.events.rows) == n - 1


def test_the_cursor_is_moved_by_keys_and_played_at_speeds(open_review: OpenReview, qtbot: QtBot) -> None:
    window = open_review()
    panel, bar = window.panel, review_of(window).bar
    runs_by_frames(window)
    qtbot.keyClick(window, Qt.Key.Key_Home)
    assert panel.pointer == 0.0
    for _ in range(3):
        qtbot.keyClick(window, Qt.Key.Key_Right, SHIFT)
    qtbot.keyClick(window, Qt.Key.Key_Left, SHIFT)
    assert panel.pointer == 2.0
    for _ in range(3):
        qtbot.keyClick(window, Qt.Key.Key_Plus)
    assert panel.speed == 8.0 and bar.speed.currentText() == "× 8"
    qtbot.keyClick(window, Qt.Key.Key_Space)
    for _ in range(10):
        window.tick()
    assert panel.playing and panel.pointer == pytest.approx(2.0 + 10 * 0.033 * 8.0)
    assert bar.play.text() == "Pause"
    qtbot.keyClick(window, Qt.Key.Key_Space)
    before = panel.pointer
    window.tick()
    assert panel.pointer == before and bar.play.text() == "Play"
    for _ in range(9):
        qtbot.keyClick(window, Qt.Key.Key_Minus)
    assert panel.speed == 0.25


def test_play_stops_at_the_end_and_begins_anew_from_there(open_review: OpenReview) -> None:
    window = open_review()
    runs_by_frames(window)
    window.panel.go_to(window.model.elapsed - 0.01)
    window.play_or_pause()
    window.tick()
    stopped = (window.panel.playing, window.panel.pointer)
    window.play_or_pause()
    assert stopped == (False, window.model.elapsed)
    assert (window.panel.playing, window.panel.pointer) == (True, 0.0)


def at(window: OperatorWindow, seconds: float) -> int:
    """Return where a moment lies in the event lane [px]."""
    page = window.panel.page
    assert page is not None
    width = window.panel.events.width() - LEFT - RIGHT
    return round(LEFT + (seconds - page.start) / page.seconds * width)


def drag(qtbot: QtBot, window: OperatorWindow, begin: float, end: float) -> None:
    lane = window.panel.events
    x0, x1 = at(window, begin), at(window, end)
    qtbot.mousePress(lane, Qt.MouseButton.LeftButton, pos=QPoint(x0, 30))
    for x in (x0 + (x1 - x0) // 2, x1):
        qtbot.mouseMove(lane, QPoint(x, 30))
    qtbot.mouseRelease(lane, Qt.MouseButton.LeftButton, pos=QPoint(x1, 30))


def test_a_marker_is_dragged_elsewhere(open_review: OpenReview, qtbot: QtBot, tmp_path: Path) -> None:
    window = open_review()
    review = review_of(window)
    review.bar.why.setText("video")
    row = next(r for r in review.table.events.rows if r.code == "mismatch")
    window.panel.go_to(row.start - 10.0)
    drag(qtbot, window, row.start, row.start - 8.0)
    moved = next(r for r in review.table.events.rows if r.key == row.key)
    assert moved.start == pytest.approx(row.start - 8.0, abs=0.1) and moved.unc == 1.0
    assert len(read_overlay(tmp_path)) == 1


def test_a_click_selects_a_marker_and_moves_nothing(
    open_review: OpenReview, qtbot: QtBot, tmp_path: Path
) -> None:
    window = open_review()
    review = review_of(window)
    row = next(r for r in review.table.events.rows if r.code == "mismatch")
    window.panel.go_to(row.start - 10.0)
    qtbot.mouseClick(
        window.panel.events, Qt.MouseButton.LeftButton, pos=QPoint(at(window, row.start) + 1, 30)
    )
    assert review.table.selected is not None and review.table.selected.key == row.key
    assert window.panel.pointer == row.start and not (tmp_path / "overlay.jsonl").exists()


def test_a_click_on_a_lane_puts_the_cursor_there(open_review: OpenReview, qtbot: QtBot) -> None:
    window = open_review(recorded(signals=True))
    window.panel.go_to(100.0)
    page = window.panel.page
    lane = window.panel.lanes.lanes["HR"]
    x = at(window, 110.0) - (lane.plot.mapTo(lane, QPoint(0, 0)).x())
    qtbot.mouseClick(lane.plot.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(x, 10))
    assert window.panel.pointer == pytest.approx(110.0, abs=0.1) and window.panel.page == page


def test_a_window_that_was_closed_comes_back_with_every_edit(open_review: OpenReview, qtbot: QtBot) -> None:
    window = open_review()
    review = review_of(window)
    review.bar.why.setText("video")
    window.panel.go_to(50.0)
    review.bar.code.setEditText("insight")
    review.add()
    review.table.select_key(next(r for r in review.table.events.rows if r.code == "mismatch").key)
    review.void()
    rows = review.table.events.rows
    window.close()
    again = review_of(open_review())
    assert again.table.events.rows == rows and again.bar.who.text() == "R2"
    qtbot.keyClick(again.panel.window(), Qt.Key.Key_Z, CONTROL)
    assert "mismatch" in texts(again.table, "name")


def test_a_change_of_theme_loses_neither_place_nor_edits(open_review: OpenReview) -> None:
    window = open_review()
    window.panel.go_to(50.0)
    review_of(window).bar.code.setEditText("insight")
    review_of(window).add()
    window.change(theme="light")
    assert window.panel.pointer == 50.0
    assert "insight" in texts(review_of(window).table, "name")
    assert review_of(window).desk.undo()


def test_a_read_only_recording_says_so_in_one_clear_message(
    open_review: OpenReview, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    asked = []

    def refused(path: object, *_: object) -> int:
        asked.append(path)
        raise OSError(errno.EROFS, "Read-only file system")

    window = open_review()
    review = review_of(window)
    monkeypatch.setattr("acquisition.events.overlay_file.os.open", refused)
    n = len(review.table.events.rows)
    review.bar.code.setEditText("insight")
    review.add()
    assert asked
    assert shown_message(window) == (
        f"NOT STORED: {tmp_path} is read-only: copy the recording to a folder of your own to edit its events"
    )
    assert len(review.table.events.rows) == n  # nothing is shown that is not stored


def test_a_blind_rater_sees_neither_data_nor_others_and_has_a_file_of_their_own(
    open_review: OpenReview, qtbot: QtBot, tmp_path: Path
) -> None:
    other = review_of(open_review(who="R3"))
    other.panel.go_to(20.0)
    other.bar.code.setEditText("insight")
    other.add()
    model = SessionModel(facts=synthetic.FACTS, streams=(), state="closed")
    model.add_batch(Session(infos=[], events=[]).batch(2000))
    window = open_review(model, rater="R7")
    review = review_of(window)
    assert review.table.events.rows == [] and review.bar.who.text() == "R7" and review.bar.who.isReadOnly()
    assert all(lane.isHidden() for lane in window.panel.lanes.lanes.values())
    assert all(gauge.isHidden() for gauge in window.panel.gauges.values())
    assert review.bar.cued.isHidden() and review.bar.joint.isHidden()
    window.panel.go_to(30.0)
    qtbot.keyClick(window, Qt.Key.Key_A)
    assert texts(review.table, "name") == ["insight"]
    assert review.palette is not None and len(review.palette.buttons) == 55
    window.panel.go_to(40.0)
    button = next(b for b in review.palette.buttons if b.code.code == "exploring")
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    assert review.table.selected is not None and review.table.selected.open
    running = [button.running]
    qtbot.keyClick(window, Qt.Key.Key_Z, CONTROL)
    assert [*running, button.running] == [True, False]
    mine = read_edits(tmp_path / "raters" / "R7.jsonl")[:1]
    assert [(e.op, e.who, e.fields["rater"]) for e in mine] == [("add", "R7", "R7")]
    assert [e.who for e in read_overlay(tmp_path)] == ["R3"]


def test_nothing_but_time_and_the_clap_of_a_recording_reaches_a_blind_rater(tmp_path: Path) -> None:
    path = record(tmp_path / "rec")
    source = feed(path, follow=False)
    given = [event for batch in Recording(path).batches() for _, event in batch.events]
    assert given and source.streams  # there is something to hide
    model = blind_filled(path)
    assert model.elapsed > 10.0 and model.events == [] and model.notices == []
    assert not model.health and not model.waves and not model.traces and not model.facts.consent
    clap = Event(time=T0, code="sync_mark", actor="tech", note="they laughed", value=3.0, id="s")
    batch = Session(infos=[], events=[clap, replace(clap, code="insight", id="i")]).batch(10)

    class Given:
        state, ended, streams = "closed", False, ()

        def poll(self) -> Batch:
            return batch

    (seen,) = [event for _, event in BlindFeed(Given()).poll().events]  # type: ignore[arg-type, union-attr]
    assert (seen.code, seen.note, seen.value) == ("sync_mark", "", None)


def test_a_blind_rater_changes_only_their_own_codings(open_review: OpenReview) -> None:
    model = SessionModel(facts=synthetic.FACTS, streams=(), state="closed")
    clap = Event(time=T0 + 5.0, code="sync_mark", actor="tech", id="s")
    model.add_batch(Session(infos=[], events=[clap]).batch(2000))
    window = open_review(model, rater="R7")
    review = review_of(window)
    review.table.selectRow(0)
    review.void()
    assert shown_message(window) == "NOT STORED: a blind rater changes only their own codings"
    assert texts(review.table, "name") == ["sync mark"]


@pytest.mark.parametrize("rater", ["", "R7"])
def test_opening_a_recording_ends_in_its_review(
    rater: str, qtbot: QtBot, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = record(tmp_path / "rec")
    kept = persistence.store(tmp_path / "settings.ini")
    monkeypatch.setattr("viewer.window.persistence.store", lambda: kept)
    window = open_window(path, rater=rater)
    try:
        qtbot.waitUntil(lambda: window.review is not None, timeout=120_000)
        review = review_of(window)
        n = len(review.table.events.rows)
        assert (n == 0) == bool(rater) and window.model.elapsed > 10.0
        review.desk.who = rater or "R2"
        assert review.desk.add("insight", 5.0)
        qtbot.waitUntil(lambda: len(review.table.events.rows) == n + 1, timeout=60_000)
        assert (path / "overlay.jsonl").exists() != bool(rater)
    finally:
        window.close()
        window.deleteLater()


def test_a_blind_rater_waits_for_the_end_of_the_recording(tmp_path: Path) -> None:
    store = RecordingStore(tmp_path / "rec", fsync=0)
    try:
        with pytest.raises(RecordingError, match="a blind rater codes it afterwards"):
            open_window(tmp_path / "rec", rater="R7")
    finally:
        store.close()


def test_a_recording_that_still_grows_cannot_be_edited(open_review: OpenReview) -> None:
    model = recorded()
    model.state = "growing"
    assert open_review(model).review is None


def test_no_word_of_the_review_claims_a_state_of_mind(open_review: OpenReview) -> None:
    window = open_review()
    review = review_of(window)
    said = []
    for widget in [*window.findChildren(QLineEdit), *window.findChildren(QComboBox)]:
        said += [widget.toolTip(), widget.accessibleName()]
    for name, part in vars(review.bar).items():
        said += [
            getattr(part, f)()
            for f in ("toolTip", "text", "accessibleName")
            if hasattr(part, f) and name != "_theme"
        ]
    said += [
        str(review.table.events.headerData(k, Qt.Orientation.Horizontal, r)) for k in range(9) for r in (0, 3)
    ]
    said += [
        str(review.bar.code.itemData(k, Qt.ItemDataRole.ToolTipRole)) for k in range(review.bar.code.count())
    ]
    assert len([t for t in said if t]) > 60
    assert [t for t in said if t and forbidden(t)] == []


@pytest.mark.parametrize("size", [(1600, 950), (1280, 720)])
def test_list_and_lanes_fit_together(open_review: OpenReview, qtbot: QtBot, size: tuple[int, int]) -> None:
    window = open_review(recorded(signals=True))
    window.resize(*size)
    QApplication.processEvents()
    window.draw_all()
    QApplication.processEvents()
    assert (window.width(), window.height()) == size
    review = review_of(window)
    for widget in (review.table, review.bar.filter, review.bar.joint, window.panel.overview):
        corner = widget.mapTo(window, QPoint(widget.width(), widget.height()))
        assert corner.x() <= size[0] and corner.y() <= size[1], widget
    qtbot.waitUntil(lambda: review.table.height() >= 100, timeout=60_000)
    lanes = window.panel.lanes.lanes.values()
    qtbot.waitUntil(lambda: min(lane.height() for lane in lanes) >= 24, timeout=60_000)


def test_every_column_and_box_says_what_it_is_to_a_screen_reader(open_review: OpenReview) -> None:
    review = review_of(open_review())
    for box in (*review.bar.findChildren(QLineEdit), *review.bar.findChildren(QComboBox)):
        if box.parent() is review.bar:
            assert box.accessibleName(), box.toolTip()
    assert review.table.accessibleName() == "Events"
    assert load_vocabulary().codes.keys() >= set(review.codes)
