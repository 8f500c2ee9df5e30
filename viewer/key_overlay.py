"""The overlay of F1: every key that does something in this window now; they work while it is open."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from PySide6.QtCore import QEvent, QObject, QRect, Qt, QTimer
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QScrollArea, QVBoxLayout, QWidget

from viewer.commands import GROUPS, allowed
from viewer.keys import bound, marker_keys
from viewer.operator import Operator
from viewer.theme import THEMES, Theme

WIDTH, ROW, CAP = 330, 24, 62
"""Least width of a column, height of a line, least width of a key [px]."""
SHORT = 16
"""Lines that one column holds before there is a second."""
MARKERS = "Markers"
Line = tuple[str, str]
"""A key and what it does; a head has no key."""


def lines(window: Operator) -> list[Line]:
    """Return what the overlay lists: heads, and under each the keys that do something now."""
    face, working = window.face, {c.name for _, c in bound(window)}
    here = [c for c in allowed(face, window) if c.text and (c.do is None or c.name in working)]
    out: list[Line] = []
    for group in GROUPS:
        rows = [(c.shown_in(face), c.text) for c in here if c.group == group]
        out += [("", group), *rows] if rows else []
    markers = [(m.key, m.text) for m in marker_keys(window)]
    return out + ([("", MARKERS), *markers] if markers else [])


def columns(found: Sequence[Line], most: int) -> list[list[Line]]:
    """Share lines out to columns of about the same height; no head stands at the foot of one."""
    most = min(max(most, 1), -(-len(found) // SHORT))
    height = -(-len(found) // max(most, 1))
    out: list[list[Line]] = [[]]
    for line in found:
        full = len(out[-1]) >= height or (not line[0] and len(out[-1]) >= height - 1)
        if full and len(out) < most:
            out.append([])
        out[-1].append(line)
    return out


class KeyOverlay(QFrame):
    """Lie over the lanes of a window, below its top strip; a click takes it away.

    Parameters
    ----------
    parent : QWidget
        The window.
    place : callable
        Returns where it may lie, in the window.
    close_it : callable
        Takes it away.
    """

    def __init__(
        self,
        found: Sequence[Line],
        theme: Theme,
        parent: QWidget,
        *,
        place: Callable[[], QRect],
        close_it: Callable[[], object],
    ) -> None:
        super().__init__(parent)
        self.lines, self._theme, self._place, self._close = list(found), theme, place, close_it
        self.setObjectName("keys")
        self.setAccessibleName("All keys of this window")
        self.setStyleSheet(f"#keys {{ border: 1px solid {theme.dim}; border-radius: 8px; }}")
        self._columns = QHBoxLayout()
        self._columns.setSpacing(22)
        title = QLabel("Keys that work here — F1 or Esc closes this list; they work while it is open")
        title.setStyleSheet(f"color: {theme.text}; font-size: 15px; font-weight: bold;")
        inner, scroll = QWidget(), QScrollArea()
        inner.setLayout(self._columns)
        scroll.setWidget(inner)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        whole = QVBoxLayout(self)
        whole.setContentsMargins(18, 12, 18, 12)
        whole.addWidget(title)
        whole.addWidget(scroll, 1)
        self._longest = 0
        self.setGeometry(place())
        self._fill()
        self.fit()
        parent.installEventFilter(self)
        self.show()
        self.raise_()

    def _fill(self) -> None:
        found = columns(self.lines, max(self.width() // WIDTH, 1))
        self._longest = max(len(column) for column in found)
        for column in found:
            box = QVBoxLayout()
            box.setSpacing(2)
            for key, text in column:
                box.addLayout(self._line(key, text) if key else self._head(text))
            box.addStretch(1)
            self._columns.addLayout(box, 1)

    def fit(self) -> None:
        """Be no higher than what is listed, so that the lanes below stay in sight."""
        place = self._place()
        self.setGeometry(place.x(), place.y(), place.width(), min(place.height(), (self._longest + 4) * ROW))

    def _head(self, text: str) -> QHBoxLayout:
        label = QLabel(text)
        label.setStyleSheet(f"color: {self._theme.dim}; font-weight: bold; padding-top: 6px;")
        return _row(label)

    def _line(self, key: str, text: str) -> QHBoxLayout:
        cap, words = QLabel(key), QLabel(text)
        look = f"background: {self._theme.raised}; color: {self._theme.text};"
        look += f" border: 1px solid {self._theme.border};"
        cap.setStyleSheet(f"{look} border-radius: 4px; padding: 1px 7px;")
        cap.setMinimumSize(CAP, ROW - 3)
        cap.setAlignment(Qt.AlignmentFlag.AlignCenter)
        words.setWordWrap(True)
        words.setAccessibleName(f"{key}: {text}")
        return _row(cap, words)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() == QEvent.Type.Resize:
            self.fit()
        return False

    def mousePressEvent(self, event: QMouseEvent) -> None:
        self._close()


class KeyList:
    """Show the overlay of a window, and take it away."""

    def __init__(self, window: Operator, parent: QWidget) -> None:
        self._window, self._parent = window, parent
        self.overlay: KeyOverlay | None = None

    def toggle(self) -> None:
        """Show all keys over the lanes, or take them away."""
        if self.overlay is not None:
            self.hide()
            return
        window, theme = self._window, THEMES[self._window.settings.theme]
        self.overlay = KeyOverlay(lines(window), theme, self._parent, place=self._place, close_it=self.hide)

    def hide(self) -> None:
        """Take them away."""
        if self.overlay is not None:
            self._parent.removeEventFilter(self.overlay)
            self.overlay.hide()
            self.overlay.deleteLater()
            self.overlay = None

    def renew(self) -> None:
        """Show them anew, if they are shown, after the window was built anew."""
        if self.overlay is not None:
            self.hide()
            self.toggle()
            QTimer.singleShot(0, self.overlay, self.overlay.fit)  # the new strip is not laid out yet

    def _place(self) -> QRect:
        """Return the place below what says whether the recording runs, and above the last marker."""
        strip, bar, whole = self._window.panel.strip, self._window.panel.bar, self._parent.rect()
        here = strip.isVisibleTo(self._parent) and self._parent.isAncestorOf(strip)
        top = strip.mapTo(self._parent, strip.rect().bottomLeft()).y() if here else 0
        foot = bar.height() if self._window.face == "live" else 0
        return whole.adjusted(12, top + 4, -12, -foot - 12)


def _row(*labels: QLabel) -> QHBoxLayout:
    row = QHBoxLayout()
    row.setSpacing(9)
    for label in labels[:-1]:
        row.addWidget(label, 0, Qt.AlignmentFlag.AlignTop)
    row.addWidget(labels[-1], 1)
    return row
