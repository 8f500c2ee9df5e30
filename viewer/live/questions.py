"""Questions of a running recording: its end, also for good, and devices that change hands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtWidgets import QMessageBox, QWidget

from viewer.live.hands import ask_swap

if TYPE_CHECKING:
    from viewer.live.desk import Desk


class Questions:
    """Ask, and have done what was answered; going back is always the default.

    Parameters
    ----------
    parent : QWidget
        Owns the questions.
    """

    def __init__(self, desk: Desk, parent: QWidget) -> None:
        self._desk, self._parent = desk, parent
        self.discards: Callable[[], object] | None = None
        """Ends the recording and erases it; None where that cannot be done from here."""

    def stop(self) -> None:
        """Ask whether to end the recording; keeping it is the default."""
        box = QMessageBox(self._parent)
        box.setWindowTitle("Stop recording")
        box.setText("End this recording?")
        box.setInformativeText("Its files are closed, and it cannot be continued.")
        stop = box.addButton("Stop recording", QMessageBox.ButtonRole.DestructiveRole)
        discard = box.addButton("Stop and discard…", QMessageBox.ButtonRole.DestructiveRole)
        keep = box.addButton("Keep recording", QMessageBox.ButtonRole.RejectRole)
        discard.setVisible(self.discards is not None)
        box.setDefaultButton(keep)
        box.setEscapeButton(keep)
        box.exec()
        chosen = box.clickedButton()
        if chosen is stop and self._desk.open:
            self._desk.marking.stop()
        elif chosen is discard and self.discards is not None and ask_discarding(self._parent):
            self.discards()

    def swap(self) -> None:
        """Ask which devices are on the wrong person, and let them change hands."""
        if self._is_over("exchange of devices"):
            return
        answer = ask_swap(self._parent, self._desk.modalities())
        if answer is not None and self._desk.open:
            self._desk.marking.swap(*answer)

    def replace(self) -> None:
        """Ask which device takes the place of which, and have it searched."""
        # It needs the devices' modules, which the window does not.
        from viewer.live.replacing import ask_replacement

        if self._is_over("replacement of a device"):
            return
        answer = ask_replacement(self._parent)
        if answer is not None and self._desk.open:
            self._desk.marking.replace(*answer)
            self._desk.show()

    def _is_over(self, what: str) -> bool:
        if not self._desk.open:
            self._desk.not_stored(what)
        return not self._desk.open


def ask_discarding(parent: QWidget) -> bool:
    """Ask once more before a recording is erased."""
    box = QMessageBox(parent)
    box.setIcon(QMessageBox.Icon.Warning)
    box.setWindowTitle("Stop and discard")
    box.setText("Erase this recording for ever?")
    box.setInformativeText(
        "The signals, voices, events and notes of both people are deleted, and their keys where it is "
        "sealed. Nobody gets them back. A certificate of what was erased, and when, stays."
    )
    erase = box.addButton("Stop and erase", QMessageBox.ButtonRole.DestructiveRole)
    back = box.addButton("Back", QMessageBox.ButtonRole.RejectRole)
    box.setDefaultButton(back)
    box.setEscapeButton(back)
    box.exec()
    return box.clickedButton() is erase
