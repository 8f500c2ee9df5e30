"""attune unseal: a plain copy of what the key store opens."""

from __future__ import annotations

from pathlib import Path

import click

from acquisition.commands.command import Command, as_json_option, print_json
from acquisition.commands.completing import RecordingPath
from acquisition.commands.given import OutputPath
from acquisition.stream import ROLES
from acquisition.terminal import echo, progressing


@click.command("unseal", cls=Command)
@click.argument("recording", metavar="RECORDING|RESULTS", type=RecordingPath(path_type=Path, exists=True))
@click.option("--out", type=OutputPath(new=True), required=True, help="New directory.")
@as_json_option
def unseal_command(recording: Path, out: Path, as_json: bool) -> None:
    """Write a plain copy of a sealed recording or of its results; nothing protects that."""
    from dataclasses import asdict

    from acquisition.protection.audit import keep
    from acquisition.protection.unseal import unseal
    from acquisition.recording.derived import COPY, note

    if any((recording / f"{role}.xdf").exists() for role in ROLES):
        note(recording, out, COPY)
    with progressing(f"writing a plain copy of {recording.name}"):
        done = unseal(recording, out)
    keep("unsealed", recording, files=sum(one.said == "plain" for one in done))
    if as_json:
        print_json({"recording": str(out), "files": [asdict(one) for one in done]})
    else:
        echo("\n".join([f"{out}: plain, nothing protects it", *map(str, done)]))
