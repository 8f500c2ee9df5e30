"""The rows behind the event list of a review: what a cell says, what typed text changes, which are kept."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

from PySide6.QtCore import (
    QAbstractTableModel,
    QModelIndex,
    QPersistentModelIndex,
    QSortFilterProxyModel,
    Qt,
)
from PySide6.QtGui import QColor

from acquisition.events.vocabulary import PAUSE
from viewer.model.event_rows import OPEN, Row, fine_clock, value_text
from viewer.theme import Theme

COLUMNS = ("time", "to", "name", "actor", "value", "±", "note", "source", "edited")
FIELDS = ("start", "stop", "code", "actor", "value", "unc", "note", "", "")
"""What of an event a column changes; "" where nothing can be changed."""
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
        fixed = not field or row.code == PAUSE or (field == "stop" and not row.interval)
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
