"""The event list of a review: sorted by any column, filtered by any word, edited in place."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import (
    QAbstractItemModel,
    QModelIndex,
    Qt,
    Signal,
)
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from acquisition.events.vocabulary import ACTORS, SOFTWARE, Vocabulary
from viewer.lanes.header import font
from viewer.model.event_rows import Row
from viewer.review.event_model import FIELDS, EventModel, Filter, Index
from viewer.theme import Theme

WIDTHS = (84, 84, 150, 78, 76, 56, 0, 110, 190)
"""Widths [px]; 0 takes the rest."""


class Choice(QStyledItemDelegate):
    """Edit a cell by choosing from a list."""

    def __init__(self, choices: Sequence[str], parent: QWidget) -> None:
        super().__init__(parent)
        self._choices = list(choices)

    def createEditor(self, parent: QWidget, option: QStyleOptionViewItem, index: Index) -> QWidget:
        box = QComboBox(parent)
        now = str(index.data(Qt.ItemDataRole.EditRole))
        box.addItems([*([now] if now not in self._choices else []), *self._choices])
        return box

    def setEditorData(self, editor: QWidget, index: Index) -> None:
        if isinstance(editor, QComboBox):
            editor.setCurrentText(str(index.data(Qt.ItemDataRole.EditRole)))

    def setModelData(self, editor: QWidget, model: QAbstractItemModel, index: Index) -> None:
        if isinstance(editor, QComboBox):
            model.setData(index, editor.currentText())


class EventTable(QTableView):
    """Show the event list; `chosen` gives the row that was gone to."""

    chosen = Signal(object)

    def __init__(
        self, theme: Theme, vocabulary: Vocabulary, change: Callable[[Row, str, str], object]
    ) -> None:
        super().__init__()
        self.events, self.kept = EventModel(theme, change), Filter()
        self.kept.setSourceModel(self.events)
        self.setModel(self.kept)
        self._quiet = False
        self.setAccessibleName("Events")
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        triggers = QAbstractItemView.EditTrigger
        self.setEditTriggers(triggers.DoubleClicked | triggers.EditKeyPressed)
        self.setSortingEnabled(True)
        self.sortByColumn(0, Qt.SortOrder.AscendingOrder)
        self.verticalHeader().hide()
        self.verticalHeader().setDefaultSectionSize(22)
        self.setShowGrid(False)
        self.setFont(font(12))
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        for column, width in enumerate(WIDTHS):
            mode = QHeaderView.ResizeMode.Interactive if width else QHeaderView.ResizeMode.Stretch
            self.horizontalHeader().setSectionResizeMode(column, mode)
            self.setColumnWidth(column, width or 200)
        self.horizontalHeader().setDefaultAlignment(
            Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        )
        names = [c.code for c in vocabulary.codes.values() if c.group != SOFTWARE and not c.retired]
        self.setItemDelegateForColumn(FIELDS.index("code"), Choice(names, self))
        self.setItemDelegateForColumn(FIELDS.index("actor"), Choice([a for a in ACTORS if a != "any"], self))
        self.selectionModel().currentRowChanged.connect(self._went)

    def _went(self, now: QModelIndex, before: QModelIndex) -> None:
        row = self.row_at(now)
        if row is not None and not self._quiet:
            self.chosen.emit(row)

    def row_at(self, index: QModelIndex) -> Row | None:
        """Return the row behind a cell of the table."""
        at = self.kept.mapToSource(index)
        return self.events.rows[at.row()] if at.isValid() else None

    @property
    def selected(self) -> Row | None:
        """Return the row that is selected."""
        return self.row_at(self.currentIndex())

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Show rows; the selected event stays selected."""
        if list(rows) == self.events.rows:
            return
        before, column = self.selected, max(self.currentIndex().column(), 0)
        self._quiet = True
        self.events.show(rows)
        self._quiet = False
        if before is not None:
            self.select_key(before.key, column)

    def select_key(self, key: str, column: int = 0) -> None:
        """Select an event, without going there."""
        for k in range(self.kept.rowCount()):
            index = self.kept.index(k, column)
            row = self.row_at(index)
            if row is not None and row.key == key:
                self._quiet = True
                self.setCurrentIndex(index)
                self.scrollTo(index)
                self._quiet = False
                return
