"""The event list of a review: sorted by any column, filtered by any word, edited in place."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractItemModel,
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
    Signal,
)
from PySide6.QtGui import QColor
from PySide6.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHeaderView,
    QStyledItemDelegate,
    QStyleOptionViewItem,
    QTableView,
    QWidget,
)

from acquisition.vocabulary import ACTORS, SOFTWARE, Vocabulary
from viewer.event_rows import OPEN, Row, fine_clock, value_text
from viewer.header import font
from viewer.theme import Theme

COLUMNS = ("time", "to", "name", "actor", "value", "±", "note", "source", "edited")
FIELDS = ("start", "stop", "code", "actor", "value", "unc", "note", "", "")
"""What of an event a column changes; "" where nothing can be changed."""
WIDTHS = (84, 84, 150, 78, 76, 56, 0, 110, 190)
"""Widths [px]; 0 takes the rest."""
HINTS = (
    "The moment that is meant, since the recording began. Click goes there; double click or F2 edits.",
    "Where an interval ends. Type a time here to end an open one.",
    "Code of the vocabulary, or the text of a foreign marker",
    "Whose it is",
    "Value, as the vocabulary allows",
    "Uncertainty of the moment [s]",
    "Note",
    "Where it came from: key, lsl, import or review, and the code of the rater",
    "The last later edit: who, when, why",
)
Index = QModelIndex | QPersistentModelIndex
_HERE = QModelIndex()
SORT = Qt.ItemDataRole.UserRole


class EventModel(QAbstractTableModel):
    """Give the rows to the table, and take typed text to `change`."""

    def __init__(self, theme: Theme, change: Callable[[Row, str, str], object]) -> None:
        super().__init__()
        self._theme, self._change = theme, change
        self.rows: list[Row] = []

    def show(self, rows: Sequence[Row]) -> None:
        """Show other rows."""
        self.beginResetModel()
        self.rows = list(rows)
        self.endResetModel()

    def rowCount(self, parent: Index = _HERE) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = _HERE) -> int:
        return 0 if parent.isValid() else len(COLUMNS)

    def headerData(
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation is not Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return COLUMNS[section]
        return HINTS[section] if role == Qt.ItemDataRole.ToolTipRole else None

    def flags(self, index: Index) -> Qt.ItemFlag:
        base = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemIsSelectable
        row = self.rows[index.row()]
        field = FIELDS[index.column()]
        fixed = not field or row.code == "consent_pause" or (field == "stop" and not row.interval)
        return base if fixed else base | Qt.ItemFlag.ItemIsEditable

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        row, column = self.rows[index.row()], index.column()
        if role in (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.EditRole):
            return cell(row, column, editing=role == Qt.ItemDataRole.EditRole)
        if role == SORT:
            return (
                (row.start, row.stop if math.isfinite(row.stop) else row.start)[column]
                if column < 2
                else (row.unc if COLUMNS[column] == "±" else cell(row, column).casefold())
            )
        if role == Qt.ItemDataRole.ForegroundRole:
            return QColor(self._colour(row, column))
        if role == Qt.ItemDataRole.ToolTipRole:
            return row.edited if COLUMNS[column] == "edited" else cell(row, column)
        return None

    def _colour(self, row: Row, column: int) -> str:
        if column == 1 and row.open:
            return self._theme.alert
        if COLUMNS[column] in ("name", "actor"):
            return self._theme.person(row.actor)
        return self._theme.dim if COLUMNS[column] in ("source", "edited", "±") else self._theme.text

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        row, field = self.rows[index.row()], FIELDS[index.column()]
        if role != Qt.ItemDataRole.EditRole or not field:
            return False
        if str(value).strip() == cell(row, index.column(), editing=True):
            return False
        return bool(self._change(row, field, str(value)))


def cell(row: Row, column: int, *, editing: bool = False) -> str:
    """Return the text of a cell; `editing` without what is only for the eye."""
    match COLUMNS[column]:
        case "time":
            return fine_clock(row.start)
        case "to":
            return ("" if editing else OPEN) if row.open else fine_clock(row.stop) if row.interval else ""
        case "name":
            return row.code if editing else row.code[:80].replace("_", " ")
        case "value":
            return value_text(row.value)
        case "±":
            return f"{row.unc:g}" if editing else f"± {row.unc:g} s"
        case "source":
            return " ".join(t for t in (row.source, row.rater) if t)
        case name:
            return str(getattr(row, name))


class Filter(QSortFilterProxyModel):
    """Sort by what a cell means, and keep rows that hold every word."""

    def __init__(self) -> None:
        super().__init__()
        self.setSortRole(SORT)
        self.words: list[str] = []

    def keep(self, text: str) -> None:
        """Keep the rows that hold all words of a text, in any column."""
        self.words = text.casefold().split()
        self.invalidate()

    def filterAcceptsRow(self, source_row: int, source_parent: Index) -> bool:
        model = self.sourceModel()
        if not isinstance(model, EventModel):
            return True
        row = model.rows[source_row]
        text = " ".join([row.code, *(cell(row, c) for c in range(len(COLUMNS)))]).casefold()
        return all(word in text for word in self.words)


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
