"""attune audit: the laboratory's log of who did what, and whether it is as it was written."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from acquisition.commands.command import Command, Group, as_json_option, print_json
from acquisition.commands.keys import store_option
from acquisition.terminal import echo
from acquisition.text import how_many


@click.command("verify", cls=Command)
@store_option
@click.option("--head", default="", metavar="N:HASH", help="A head that `anchor` printed.")
@as_json_option
def verify_command(store: Path | None, head: str, as_json: bool) -> None:
    """Check the chain: no line was changed, moved or taken out; exit 1 if one was."""
    from acquisition.protection.audit import FIRST, anchored, entries, head_of

    found, faults = entries(store)
    if head and (why := anchored(found, head)):
        faults.append(why)
    if as_json:
        print_json({"ok": not faults, "lines": len(found), "head": head_of(found), "faults": faults})
    for fault in [] if as_json else faults:
        echo(fault, err=True)
    if faults:
        sys.exit(1)
    if not as_json:
        if found[0].act != FIRST:
            echo(f"line 1 does not say '{FIRST}': a log before this one may have been deleted")
        cut = "" if head else " (--head, printed before, tells whether its end was cut)"
        echo(f"{how_many(len(found), 'line')}, each follows the one before{cut}")


@click.command("show", cls=Command)
@store_option
@click.option("--recording", default="", metavar="ID|NAME", help="Only what was done to this recording.")
@as_json_option
def show_command(store: Path | None, recording: str, as_json: bool) -> None:
    """Show the log."""
    from acquisition.protection.audit import entries
    from acquisition.recording.identity import recorded_id

    named = {recording, recorded_id(Path(recording)) if recording else "", Path(recording).name}
    wanted = [e for e in entries(store)[0] if not recording or e.about in named - {""}]
    if as_json:
        print_json([asdict(e) for e in wanted])
    else:
        echo("\n".join(map(str, wanted)) or "nothing is in the log")


@click.command("anchor", cls=Command)
@store_option
def anchor_command(store: Path | None) -> None:
    """Print the head of the chain: kept elsewhere, it shows later that nothing was cut."""
    from acquisition.protection.audit import entries, head_of

    found, faults = entries(store)
    if faults:
        echo(f"the log is not as it was written: {faults[0]}", err=True)
        sys.exit(1)
    echo(head_of(found))


AUDIT = (verify_command, show_command, anchor_command)


@click.group("audit", cls=Group, commands={str(c.name): c for c in AUDIT})
def audit_command() -> None:
    """Look into the log of who recorded, saw, exported, corrected and erased what."""
