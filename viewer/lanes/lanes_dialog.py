"""The list of lanes: which are shown, in which order, how high, and on which scale."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import (
    QAbstractItemView,
    QDialog,
    QDoubleSpinBox,
    QGridLayout,
    QLabel,
    QListWidget,
    QListWidgetItem,
    QPushButton,
    QVBoxLayout,
    QWidget,
)

from viewer.chooser import Chooser
from viewer.operator import Operator
from viewer.theme import THEMES

HEIGHTS = ((0.6, "low"), (1.0, "usual"), (1.6, "high"), (2.5, "very high"))


class LanesDialog(QDialog):
    """Let lanes be ticked, dragged, and given a height and a scale; all is applied at once and kept."""

    def __init__(self, window: Operator, parent: QWidget) -> None:
        super().__init__(parent)
        self._window = window
        self.setWindowTitle("Lanes")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.list = QListWidget()
        self.list.setAccessibleName("Lanes in their order; ticked ones are shown")
        self.list.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.up, self.down = QPushButton("Up"), QPushButton("Down")
        self.tall = Chooser(THEMES[window.settings.theme])
        self.scale = Chooser(THEMES[window.settings.theme])
        self.low, self.high = QDoubleSpinBox(), QDoubleSpinBox()
        self._fill()
        self._lay_out()
        self._connect()
        self.list.setCurrentRow(0)

    def _fill(self) -> None:
        settings = self._window.panel.settings
        for name in self._window.panel.lanes.lanes:
            item = QListWidgetItem(name)
            item.setFlags(item.flags() | Qt.ItemFlag.ItemIsUserCheckable)
            hidden = name in settings.hidden
            item.setCheckState(Qt.CheckState.Unchecked if hidden else Qt.CheckState.Checked)
            self.list.addItem(item)
        for factor, word in HEIGHTS:
            self.tall.addItem(word, factor)
        self.scale.addItem("fits the data", False)
        self.scale.addItem("from … to", True)
        for box in (self.low, self.high):
            box.setRange(-1e6, 1e6)
            box.setDecimals(2)
            box.setButtonSymbols(QDoubleSpinBox.ButtonSymbols.NoButtons)

    def _lay_out(self) -> None:
        grid, column = QGridLayout(), QVBoxLayout(self)
        named: tuple[tuple[str, QWidget], ...]
        named = (("Height", self.tall), ("Scale", self.scale), ("from", self.low), ("to", self.high))
        for row, (text, widget) in enumerate(named):
            widget.setAccessibleName(f"{text} of the chosen lane")
            grid.addWidget(QLabel(text), row, 0)
            grid.addWidget(widget, row, 1)
        for button, key in ((self.up, "Alt+Up"), (self.down, "Alt+Down")):
            button.setToolTip(f"Move the chosen lane ({key})")
            button.setAccessibleName(f"Move the lane {button.text().lower()}")
        grid.addWidget(self.up, len(named), 0)
        grid.addWidget(self.down, len(named), 1)
        column.addWidget(QLabel("Tick to show; drag, or Alt with ↑ and ↓, to move."))
        column.addWidget(self.list)
        column.addLayout(grid)
        self.resize(300, 430)

    def _connect(self) -> None:
        self.list.currentItemChanged.connect(lambda *_: self._show_lane())
        self.list.itemChanged.connect(lambda _: self._apply())
        self.list.model().rowsMoved.connect(lambda *_: self._apply())
        self.up.clicked.connect(lambda: self.move_lane(-1))
        self.down.clicked.connect(lambda: self.move_lane(1))
        self.tall.activated.connect(lambda _: self._apply())
        self.scale.activated.connect(lambda _: self._choose_scale())
        for box in (self.low, self.high):
            box.editingFinished.connect(self._apply)
        for key, step in (("Alt+Up", -1), ("Alt+Down", 1)):
            QShortcut(QKeySequence(key), self).activated.connect(lambda s=step: self.move_lane(s))

    @property
    def lane(self) -> str:
        """Return the name of the chosen lane."""
        item = self.list.currentItem()
        return "" if item is None else item.text()

    def move_lane(self, step: int) -> None:
        """Move the chosen lane up or down."""
        row = self.list.currentRow()
        if 0 <= row + step < self.list.count():
            self.list.blockSignals(True)
            item = self.list.takeItem(row)
            self.list.insertItem(row + step, item)
            self.list.setCurrentRow(row + step)
            self.list.blockSignals(False)
            self._apply()

    def _show_lane(self) -> None:
        settings, name = self._window.panel.settings, self.lane
        lane = self._window.panel.lanes.lanes.get(name)
        factor = dict(settings.sizes).get(name, 1.0)
        self.tall.setCurrentIndex(max(self.tall.findData(factor), 0))
        fixed = dict(settings.scales).get(name)
        self.scale.setCurrentIndex(int(fixed is not None))
        low, high = fixed or (lane.heights(0.0, 1.0) if lane is not None else (0.0, 1.0))
        for box, value in ((self.low, low), (self.high, high)):
            box.blockSignals(True)
            box.setValue(value)
            box.setEnabled(fixed is not None)
            box.blockSignals(False)

    def _choose_scale(self) -> None:
        for box in (self.low, self.high):
            box.setEnabled(bool(self.scale.currentData()))
        self._apply()

    def _apply(self) -> None:
        """Take over what is chosen, and keep it."""
        items = [self.list.item(row) for row in range(self.list.count())]
        settings, name = self._window.panel.settings, self.lane
        sizes, scales = dict(settings.sizes), dict(settings.scales)
        sizes[name] = float(self.tall.currentData())
        scales.pop(name, None)
        if self.scale.currentData() and self.low.value() < self.high.value():
            scales[name] = (self.low.value(), self.high.value())
        self._window.change(
            order=tuple(item.text() for item in items),
            hidden=tuple(sorted(i.text() for i in items if i.checkState() != Qt.CheckState.Checked)),
            sizes=tuple(sorted((k, v) for k, v in sizes.items() if k and v != 1.0)),
            scales=tuple(sorted((k, v) for k, v in scales.items() if k)),
        )
