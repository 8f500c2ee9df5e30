"""Findings: what a check said, as lines with a word in front: ok, or look."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from viewer.theme import Theme

Finding = Mapping[str, Any]
PARTS = {
    "consent": "Consent",
    "sealing": "Sealing",
    "plan": "Opens",
    "device": "Device",
    "stream": "Signal",
    "disk": "Disk",
    "clock": "Clock",
    "lsl": "Network",
}


class FindingList(QWidget):
    """Show findings, those that need a look first."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self._theme = theme
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.setHorizontalSpacing(12)
        self._grid.setVerticalSpacing(3)
        self._grid.setColumnStretch(3, 1)
        self._labels: list[QLabel] = []
        self.setAccessibleName("Findings of the check")

    def show_findings(self, findings: Iterable[Finding]) -> None:
        """Show them in place of those before."""
        for label in self._labels:
            self._grid.removeWidget(label)
            label.deleteLater()
        self._labels = []
        for row, finding in enumerate(sorted(findings, key=_order)):
            ok = bool(finding["ok"])
            part = str(finding["part"])
            words = ("ok" if ok else "LOOK", PARTS.get(part, part), _what(finding))
            for column, text in enumerate((*words, _text(finding))):
                self._grid.addWidget(self._label(text, ok, column), row, column, Qt.AlignmentFlag.AlignTop)
        self.setAccessibleDescription(self.text())

    def _label(self, text: str, ok: bool, column: int) -> QLabel:
        theme, label = self._theme, QLabel(text)
        label.setTextFormat(Qt.TextFormat.PlainText)
        label.setWordWrap(column == 3)
        colour = theme.dim if column else theme.text
        style = f"color: {colour if ok else theme.alert};"
        label.setStyleSheet(style + ("" if ok or column else " font-weight: bold;"))
        self._labels.append(label)
        return label

    def text(self) -> str:
        """Return all findings as text, one a line."""
        rows = [self._labels[k : k + 4] for k in range(0, len(self._labels), 4)]
        return "\n".join(" · ".join(label.text() for label in row if label.text()) for row in rows)


def _order(finding: Finding) -> tuple[bool, int]:
    """Put what needs a look first, then part by part."""
    parts = list(PARTS)
    part = str(finding["part"])
    return bool(finding["ok"]), parts.index(part) if part in parts else len(parts)


def _what(finding: Finding) -> str:
    if finding["part"] == "lsl":  # a name; what else tells it from others is long
        return str(finding["what"]).partition(" (")[0]
    return "" if finding["part"] in ("disk", "clock") else str(finding["what"])


def _text(finding: Finding) -> str:
    """Return the text without the name that stands before it already."""
    return str(finding["text"]).removeprefix(f"{finding['what']}: ")
