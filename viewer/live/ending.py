"""How a window on a running recording ends: what closing it asks, and the alarm when the recorder is gone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QFrame, QHBoxLayout, QLabel, QMessageBox, QPushButton, QWidget

from viewer.live.questions import ask_discarding
from viewer.model.page import clock
from viewer.theme import Theme

Closing = Literal["stop", "keep", "discard", "back"]
"""What closing the window is to mean: the recording ends, it goes on without a window, it ends and is erased,
or none of these."""


def ask_closing(parent: QWidget, *, keeps: bool) -> Closing:
    """Ask what becomes of the recording; going back is the default, and what Esc does.

    Parameters
    ----------
    keeps : bool
        Whether the recording may go on without its window; else it keeps nothing.
    """
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Question)
    box.setWindowTitle("Close the window")
    box.setText("This recording is running.")
    box.setInformativeText(
        "Stopped, its files are closed and it cannot be continued. Without the window it goes on: "
        "attune view shows it again, attune stop ends it."
        if keeps
        else "It keeps nothing: it ends with this window."
    )
    stop = box.addButton("Stop the recording", QMessageBox.ButtonRole.DestructiveRole)
    keep = box.addButton("Close the window, keep recording", QMessageBox.ButtonRole.AcceptRole)
    back = box.addButton("Back", QMessageBox.ButtonRole.RejectRole)
    discard = box.addButton("Stop and discard…", QMessageBox.ButtonRole.DestructiveRole)
    keep.setVisible(keeps)
    discard.setVisible(keeps)
    box.setDefaultButton(back)
    box.setEscapeButton(back)
    box.exec()
    if box.clickedButton() is stop:
        return "stop"
    if box.clickedButton() is discard and ask_discarding(parent):
        return "discard"
    return "keep" if box.clickedButton() is keep else "back"


class AlarmBar(QFrame):
    """Say over the whole width that nothing is recorded any more, until somebody answers.

    Parameters
    ----------
    at : float
        When the recording ended [s since the first tick].
    again : callable or None
        Begins a new recording of the session, where that can be done from here.
    review : callable
        Shows what was recorded.
    """

    def __init__(
        self, theme: Theme, at: float, *, again: Callable[[], None] | None, review: Callable[[], None]
    ) -> None:
        super().__init__()
        self.text = QLabel(f"RECORDING ENDED {clock(at)}")
        self.text.setAccessibleName("Alarm")
        self.again = _button("New recording", again)
        self.again.setVisible(again is not None)
        self.review = _button("Review", review)
        row = QHBoxLayout(self)
        row.setContentsMargins(12, 6, 12, 6)
        row.addWidget(self.text)
        hint = QLabel("The recorder is gone: nothing that happens now is stored.")
        row.addWidget(hint)
        row.addStretch(1)
        row.addWidget(self.again)
        row.addWidget(self.review)
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setStyleSheet(
            f"AlarmBar, AlarmBar QLabel {{ background: {theme.alert}; color: {theme.window}; }}"
            "AlarmBar QLabel { font-size: 15px; font-weight: bold; }"
        )

    @staticmethod
    def sound() -> None:
        """Give one sound."""
        QApplication.beep()


def _button(text: str, act: Callable[[], None] | None) -> QPushButton:
    button = QPushButton(text)
    button.setFocusPolicy(Qt.FocusPolicy.NoFocus)
    if act is not None:
        button.clicked.connect(act)
    return button
