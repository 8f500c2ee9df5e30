"""Ask for the passphrase of a therapist's own page."""

from __future__ import annotations

from PySide6.QtWidgets import QDialog, QDialogButtonBox, QLabel, QLineEdit, QVBoxLayout, QWidget

SHORTEST = 12
"""Characters."""
NEW = (
    "A passphrase of your own, 12 characters at least. Nobody else has it, and nothing else opens what you "
    "keep: not the laboratory's passphrase, not its recovery sheet. Who forgets it has lost what was kept."
)
KNOWN = "The passphrase of your own page."


class OwnPassphrase(QDialog):
    """Ask for it once, or twice where it is new."""

    def __init__(self, parent: QWidget | None, *, new: bool) -> None:
        super().__init__(parent)
        self.setWindowTitle("For you alone")
        text = QLabel(NEW if new else KNOWN)
        text.setWordWrap(True)
        self.fields = [QLineEdit() for _ in range(2 if new else 1)]
        self.fault = QLabel()
        self.fault.setWordWrap(True)
        buttons = QDialogButtonBox(
            QDialogButtonBox.StandardButton.Ok | QDialogButtonBox.StandardButton.Cancel
        )
        column = QVBoxLayout(self)
        column.addWidget(text)
        for field, name in zip(self.fields, ("Passphrase", "Once more"), strict=False):
            field.setEchoMode(QLineEdit.EchoMode.Password)
            field.setPlaceholderText(name)
            field.setAccessibleName(name)
            column.addWidget(field)
        column.addWidget(self.fault)
        column.addWidget(buttons)
        buttons.accepted.connect(self._given)
        buttons.rejected.connect(self.reject)

    def _given(self) -> None:
        texts = [field.text() for field in self.fields]
        if len(texts) > 1 and texts[0] != texts[1]:
            self.fault.setText("The two are not the same.")
        elif len(texts) > 1 and len(texts[0]) < SHORTEST:
            self.fault.setText(f"It has {len(texts[0])} characters; {SHORTEST} at least.")
        else:
            self.accept()

    @property
    def passphrase(self) -> str:
        """Return what was typed."""
        return self.fields[0].text()


def own_passphrase(parent: QWidget | None, *, new: bool) -> str:
    """Return the passphrase that was typed; "" if none was given."""
    dialog = OwnPassphrase(parent, new=new)
    return dialog.passphrase if dialog.exec() == QDialog.DialogCode.Accepted else ""
