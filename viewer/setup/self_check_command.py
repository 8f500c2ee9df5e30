"""attune self-check: the therapist's own questions, in a window of their own."""

from __future__ import annotations

import click

from acquisition.commands.command import Command
from acquisition.errors import AttunementError
from viewer.desktop import has_display, require_qt


@click.command("self-check", cls=Command)
def self_check_command() -> None:
    """Answer the four questions of the therapist's self-check, in private: nothing of it is kept."""
    require_qt()
    if not has_display():
        raise AttunementError("no display to open a window on; the self-check has no other form")
    from viewer import settings as persistence
    from viewer.setup.self_check import SelfCheck
    from viewer.theme import THEMES
    from viewer.window import application

    app = application()
    window = SelfCheck(THEMES[persistence.load(persistence.store()).theme])
    window.closed = app.quit
    window.show()
    app.exec()
