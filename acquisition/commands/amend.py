"""attune amend: put codes, number, setting, start or covariates of a recording right, and say why."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from pathlib import Path

import click

from acquisition.commands.command import DIRECTORY, Command, as_json_option, print_json
from acquisition.errors import KeyGoneError, RecordingError
from acquisition.terminal import echo


@click.command("amend", cls=Command)
@click.argument("recording", type=DIRECTORY)
@click.argument("pairs", metavar="KEY=VALUE...", nargs=-1, required=True)
@click.option("--why", required=True, metavar="TEXT", help="Kept with each amendment; no names.")
@as_json_option
def amend_command(recording: Path, pairs: tuple[str, ...], why: str, as_json: bool) -> None:
    """Correct what a recording says of itself: dyad, number, setting (room, remote), client, therapist,
    started, covariates.NAME (of session or dyad), client.covariates.NAME, therapist.covariates.NAME.

    The session file stays as it was written; amendments.jsonl beside it holds what was put right, when and
    why, and everything that reads the recording goes by it.
    """
    from acquisition.events.overlay_file import append_lines
    from acquisition.protection.audit import keep
    from acquisition.protection.vault import rekey
    from acquisition.recording.amendments import (
        AMENDMENTS_NAME,
        Amendment,
        applied,
        checked,
        lines_of,
        refuse_undeclared,
    )
    from acquisition.recording.lock import held
    from acquisition.recording.recording import Recording
    from acquisition.session.study import study_of
    from acquisition.stream import PEOPLE

    session = Recording(recording).session
    if session is None:
        raise RecordingError(f"{recording}: has no session.toml to amend")
    if held(recording):
        raise RecordingError(f"{recording}: is still growing; amend it when it has ended")
    if not why.strip() or not why.isprintable():
        raise click.UsageError("--why: say in printable words why")
    values: dict[str, str] = {}
    for pair in pairs:
        key, equals, value = pair.partition("=")
        if not equals or not key.strip():
            raise click.UsageError(f"{pair!r}: must be KEY=VALUE")
        if key.strip() in values:
            raise click.UsageError(f"{key.strip()}: given twice")
        values.update([checked(key.strip(), value.strip(), session.patterns)])
    refuse_undeclared(values, study_of(recording))
    new = applied(session, values)
    if new.client.code == new.therapist.code:
        raise RecordingError(f"client and therapist would both be {new.client.code}")
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    amendments = [Amendment(key=k, value=v, when=now, why=why.strip()) for k, v in values.items()]
    target = recording / AMENDMENTS_NAME
    append_lines(target, lines_of(amendments))
    for role in PEOPLE:
        if str(role) in values:
            with suppress(KeyGoneError):  # withdrawn: there is nothing to keep for anybody
                rekey(recording, role, values[str(role)])
    keep("amended", recording, keys=", ".join(values))
    if as_json:
        print_json({"file": str(target), "amended": values})
    else:
        echo(f"{target}: {', '.join(f'{k} = {v}' for k, v in values.items())}")
