"""attune self-check: the therapist's own questions, in a window of their own."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from acquisition.commands.command import FILE, Command
from acquisition.errors import AttunementError
from acquisition.terminal import echo
from viewer.desktop import has_display, require_qt

if TYPE_CHECKING:
    from acquisition.protection.private_page import PrivatePage


@click.command("self-check", cls=Command)
@click.option("--therapist", default="", metavar="CODE", help="Whose page it is, to keep or read answers.")
@click.option("--read", "reading", is_flag=True, help="Show what was kept; asks for your own passphrase.")
@click.option("--forget", is_flag=True, help="Delete your page and all that was kept.")
@click.option("--passphrase-file", type=FILE, help="Your passphrase is its first line.")
@click.option("--yes", is_flag=True, help="Do not ask before deleting.")
def self_check_command(
    therapist: str, reading: bool, forget: bool, passphrase_file: Path | None, yes: bool
) -> None:
    """Answer the four questions of the therapist's self-check, in private.

    Nothing is kept, unless whoever answers seals it with --therapist CODE to a passphrase of their own: no
    key of the laboratory opens it, and no report, export or cohort reads it.
    """
    if (reading or forget) and not therapist:
        raise click.UsageError("--therapist CODE: whose page is it?")
    own = _own(therapist)
    if reading or forget:
        if own is None or not own.made:
            raise AttunementError(f"nothing is kept for {therapist}")
        _erase(own, yes=yes) if forget else _read(own, passphrase_file)
        return
    require_qt()
    if not has_display():
        raise AttunementError("no display to open a window on; the self-check has no other form")
    from viewer import settings as persistence
    from viewer.setup.self_check import SelfCheck
    from viewer.theme import THEMES
    from viewer.window import application

    app = application()
    window = SelfCheck(THEMES[persistence.load(persistence.store()).theme], own)
    window.closed = app.quit
    window.show()
    app.exec()


def _own(code: str) -> PrivatePage | None:
    from acquisition.protection.private_page import PrivatePage, place_of

    return PrivatePage(place_of(code)) if code else None


def _read(own: PrivatePage, file: Path | None) -> None:
    from acquisition.protection.private_page import lines_of

    if file is not None:
        try:
            passphrase = file.read_text("utf-8").split("\n")[0].rstrip("\r")
        except UnicodeDecodeError as error:
            raise AttunementError(f"{file}: no passphrase can be read ({error})") from error
    elif sys.stdin.isatty():
        passphrase = str(click.prompt("Your own passphrase", hide_input=True))
    else:
        raise click.UsageError("no terminal to ask on: --passphrase-file FILE")
    entries, faults = own.read(passphrase)
    echo("\n".join(lines_of(entries, faults)))


def _erase(own: PrivatePage, *, yes: bool) -> None:
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("no terminal to ask on: --yes")
        click.confirm(f"Delete {own.path}{os.sep} and all that was kept", abort=True)
    own.erase()
    echo(f"{own.path}: deleted")
