"""Discard a recording that has ended: both people are withdrawn from it, and certificates stay."""

from __future__ import annotations

from pathlib import Path

from acquisition.protection.audit import keep
from acquisition.stream import ROLES

WHY = "discarded in the window as the recording ended"


def discard(path: Path) -> list[Path]:
    """Erase a recording, and whatever was made of it so far; return the certificates.

    Raises
    ------
    AttunementError
        If it is still recorded, or something could not be erased.
    """
    # What withdraws takes a second to import.
    from processing.commands.withdrawing import planned, withdraw

    made = []
    for role in ROLES:  # the dyad's file belongs to both people and goes after them
        if role.value == "dyad" and not (path / "dyad.xdf").exists():
            continue
        made.append(withdraw(planned(path, role), WHY))
        keep("withdrawn", path, role=str(role))
    return made
