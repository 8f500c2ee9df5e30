"""Doubts: what is asked before a recording begins that a check, or the list of devices, speaks against."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtWidgets import QMessageBox, QWidget


def ask_begin(parent: QWidget, doubts: Sequence[str]) -> bool:
    """Ask whether the recording is to begin all the same; going back is the default, and what Esc does."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("Begin recording")
    box.setText("Begin all the same?")
    box.setInformativeText("\n".join(doubts))
    begin = box.addButton("Begin all the same", QMessageBox.ButtonRole.AcceptRole)
    back = box.addButton("Back", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(back)
    box.setEscapeButton(back)
    box.exec()
    return box.clickedButton() is begin
