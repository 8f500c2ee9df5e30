"""Review of a finished recording: event list and bar below the panel, connected with desk and cursor."""

from __future__ import annotations

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from acquisition.events.vocabulary import PAUSE
from viewer.model.event_rows import Row, counts, fine_clock
from viewer.panel import OperatorPanel
from viewer.review.acts import typed_value
from viewer.review.bar import ReviewBar
from viewer.review.desk import ReviewDesk
from viewer.review.event_table import EventTable
from viewer.review.frame import BLIND_HEIGHT, Frame, Palette
from viewer.review.mouse import Mouse
from viewer.theme import Theme


class Review(QObject):
    """Connect panel, event list and bar of one review.

    Parameters
    ----------
    panel : OperatorPanel
        Whose cursor is followed.
    blind : bool
        Whether a blind rater is at work: who it is cannot be changed then, and the keys mark.
    groups : tuple of str, optional
        Groups of the vocabulary whose codes can be added; all of them unless told.
    listed : bool
        Whether there is an event list below the panel; a joint replay has none.
    """

    def __init__(
        self,
        panel: OperatorPanel,
        desk: ReviewDesk,
        theme: Theme,
        *,
        who: str = "",
        blind: bool = False,
        groups: tuple[str, ...] = (),
        listed: bool = True,
    ) -> None:
        super().__init__()
        self.panel, self.desk, self.blind, self.listed = panel, desk, blind, listed
        codes = [c for c in desk.vocabulary.profile("rater") if c.code != PAUSE]
        codes = [c for c in codes if not groups or c.group in groups]
        self.codes = {c.code: c for c in codes}
        self.bar: ReviewBar = ReviewBar(theme, codes)
        self.table = EventTable(theme, desk.vocabulary, self.change)
        self.palette = Palette(codes, theme, self.mark) if blind else None
        self.frame: Frame | None = None
        self._mouse = Mouse(self, self)
        self._revision, self._pointer = -1, -1.0
        self._connect()
        desk.who = desk.who or who
        self.bar.who.setText(desk.who)
        self.bar.why.setText(desk.why)
        self.bar.who.setReadOnly(blind)
        self.bar.keys.setChecked(blind)
        self._show_parts()
        self.refresh()

    def _show_parts(self) -> None:
        """Hide what this kind of review does not have."""
        bar = self.bar
        for button in (bar.beats, bar.cued, bar.joint):
            button.setVisible(self.listed and not self.blind)
        needs_list: tuple[QWidget, ...] = (bar.filter, bar.count, bar.keys)
        for part in needs_list:
            part.setVisible(self.listed)
        for box in (bar.why, bar.why_label):
            box.setVisible(self.listed and not self.blind)
        helpful = bar.code.findData("helpful_event")
        bar.code.setCurrentIndex(0 if self.listed else max(helpful, 0))

    def framed(self, instead: str = "") -> QWidget:
        """Return panel, bar and list as they stand in the window; a joint replay has no list.

        Parameters
        ----------
        instead : str
            Stands where the lanes of a joint replay would be, while there are none.
        """
        if not self.listed:
            whole = QWidget()
            column = QVBoxLayout(whole)
            column.setContentsMargins(0, 0, 0, 0)
            column.setSpacing(0)
            column.addWidget(self.panel, 1)
            if instead:
                self.panel.setMaximumHeight(BLIND_HEIGHT)
                said = QLabel(instead)
                said.setStyleSheet("font-size: 18px;")
                said.setAlignment(Qt.AlignmentFlag.AlignCenter)
                column.addWidget(said, 1)
            column.addWidget(self.bar)
            return whole
        self.frame = Frame(self.panel, self.bar, self.table, self.palette)
        return self.frame

    def _connect(self) -> None:
        bar = self.bar
        bar.play.clicked.connect(self.play_or_pause)
        bar.back.clicked.connect(lambda: self.jump(-1))
        bar.on.clicked.connect(lambda: self.jump(1))
        bar.speed.currentIndexChanged.connect(self._speed_chosen)
        bar.who.textChanged.connect(lambda text: setattr(self.desk, "who", text.strip()))
        bar.why.textChanged.connect(lambda text: setattr(self.desk, "why", text.strip()))
        bar.undo.clicked.connect(self.undo)
        bar.add.clicked.connect(self.add)
        bar.filter.textChanged.connect(self._filter)
        self.table.chosen.connect(lambda row: self.panel.go_to(row.start))

    def _speed_chosen(self) -> None:
        self.panel.speed = float(self.bar.speed.currentData())

    def _filter(self, text: str) -> None:
        self.table.kept.keep(text)
        self._count()

    def play_or_pause(self) -> None:
        """Let the cursor run, from the beginning if it stands at the end; or stop it."""
        panel = self.panel
        if panel.live:
            return
        if not panel.playing and panel.pointer >= panel.model.elapsed:
            panel.go_to(0.0)
        panel.playing = not panel.playing
        self.follow()

    def jump(self, direction: int) -> None:
        """Go to the next or the previous event, and select it in the list."""
        self.panel.jump(direction)
        near = [r for r in self.table.events.rows if abs(r.start - self.panel.pointer) < 0.005]
        if near:
            self.table.select_key(near[0].key)

    def step(self, seconds: float) -> None:
        """Move the cursor by so many seconds, and the page with it where it must."""
        self.stand_at(self.panel.pointer + seconds)

    def stand_at(self, to: float) -> None:
        """Put the cursor at a moment [s], and the page with it where it must."""
        panel = self.panel
        if panel.page is not None and panel.page.start <= to < panel.page.stop:
            panel.point_at(to)
        else:
            panel.go_to(to)

    def press(self, code: str) -> None:
        """Add an event by its key, if the keys mark."""
        if self.bar.keys.isChecked():
            self.mark(code)

    def mark(self, code: str) -> None:
        """Add an event of a code at the cursor."""
        self._added(self.desk.add(code, self.panel.pointer))

    def add(self) -> None:
        """Add the event that the bar describes, at the cursor."""
        bar = self.bar
        code = bar.chosen_code
        if not code:
            self.say(f"NOT STORED: no code named {bar.code.currentText()[:40]!r}", failed=True)
            return
        key = self.desk.add(
            code,
            self.panel.pointer,
            actor=str(bar.actor.currentData()),
            value=typed_value(bar.value.text().strip()),
            note=bar.note.text().strip(),
        )
        if key is not None:
            bar.value.clear()
            bar.note.clear()
        self._added(key)

    def _added(self, key: str | None) -> None:
        self.refresh()
        if key is not None:
            self.table.select_key(key)

    def change(self, row: Row, field: str, text: str) -> bool:
        """Change a cell of the list."""
        done = self.desk.change(row, field, text)
        QTimer.singleShot(0, self, self.refresh)  # the table is still busy with the cell
        return done

    def move(self, row: Row, *, start: float | None = None, stop: float | None = None) -> None:
        """Put an event elsewhere, as it was dragged."""
        self.desk.move(row, start=start, stop=stop)
        self.refresh()
        self.table.select_key(row.key)

    def void(self) -> None:
        """Void the selected event."""
        row = self.table.selected
        if row is not None:
            self.desk.void(row)
        self.refresh()

    def undo(self) -> None:
        """Take back the last edit."""
        self.desk.undo()
        self.refresh()

    def refresh(self) -> None:
        """Show what holds now."""
        if self._revision != self.desk.model.event_revision:
            self._revision = self.desk.model.event_revision
            rows = self.desk.rows(self.hidden)
            self.table.show_rows(rows)
            if self.palette is not None:
                self.palette.show_running(frozenset(r.code for r in rows if r.open))
        self.say(self.desk.message, failed=self.desk.failed)
        self._count()

    def say(self, text: str, *, failed: bool) -> None:
        """Show what became of the last edit."""
        self.panel.bar.show_last(text, failed=failed)
        self.panel.bar.last.setToolTip(text)

    def _count(self) -> None:
        self.bar.count.setText(counts(self.table.events.rows, self.table.kept.rowCount()))

    @property
    def hidden(self) -> frozenset[str]:
        """Return of whom nothing is shown: those who paused and never resumed."""
        return frozenset(role.value for role in self.desk.model.paused)

    def follow(self) -> bool:
        """Show where the cursor is; tell whether it has moved since the last call."""
        moved = self.panel.pointer != self._pointer
        if moved:
            self._pointer = self.panel.pointer
            self.bar.time.setText(fine_clock(self._pointer))
        if self.frame is not None and self.frame.make_room():
            QTimer.singleShot(0, self, self.frame.share)
        word = "Pause" if self.panel.playing else "Play"
        if self.bar.play.text() != word:
            self.bar.play.setText(word)
        self.refresh()
        return moved

    def edit_cell(self) -> None:
        """Edit the chosen cell of the list."""
        self.table.edit(self.table.currentIndex())

    def faster(self, steps: int) -> None:
        """Let the cursor run faster, or slower."""
        self.bar.step_speed(steps)

    def to_filter(self) -> None:
        """Go into the filter of the list."""
        self.bar.filter.setFocus()

    def to_code(self) -> None:
        """Go where the event to add is chosen."""
        self.bar.code.setFocus()

    def to_list(self) -> None:
        """Go into the list, to the chosen event or the first."""
        self.table.setFocus()
        if not self.table.currentIndex().isValid() and self.table.kept.rowCount():
            self.table.selectRow(0)
