"""attune withdraw: erase one person, in one recording or in all of theirs, and leave a certificate."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from acquisition.commands.command import DIRECTORY, Command, as_json_option, print_json
from acquisition.terminal import echo
from processing.commands.retention import where_recordings_lie

if TYPE_CHECKING:
    from acquisition.stream import Role

PERSON = click.Choice(["client", "therapist"])


@click.command("withdraw", cls=Command)
@click.argument("recording", metavar="[RECORDING]", type=DIRECTORY, required=False)
@click.argument("role", type=PERSON, required=False)
@click.option("--person", metavar="CODE", default="", help="Everything of this person, in both roles.")
@click.option(
    "--from", "places", type=DIRECTORY, multiple=True,
    help="Where recordings and results lie; may be given several times. `recordings` if not given.",
)  # fmt: skip
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option(
    "--without-keys", is_flag=True,
    help="The key store is locked or lost: what cannot be opened goes whole, the other's results too.",
)  # fmt: skip
@click.option("--why", default="", metavar="TEXT", help="Kept in the certificate; no names.")
@click.option("--store", type=click.Path(path_type=Path, file_okay=False), help="The key store.")
@as_json_option
def withdraw_command(
    recording: Path | None,
    role: str | None,
    person: str,
    places: tuple[Path, ...],
    dry_run: bool,
    yes: bool,
    without_keys: bool,
    why: str,
    store: Path | None,
    as_json: bool,
) -> None:
    """Erase a person: their keys, files, rows and all that was made of them; the other's stay whole.

    Of results and tables the other person's rows are left, value by value; what belongs to the dyad goes.
    Reports, pictures and exports that hold both go whole: make them anew.
    """
    from acquisition.protection.audit import keep
    from acquisition.stream import Role
    from processing.commands.copies import by_id
    from processing.commands.forgetting import forget, give_back, is_known
    from processing.commands.withdrawing import planned, withdraw, without_copies

    if bool(person) == bool(recording) or (recording is not None and role is None):
        raise click.UsageError("say RECORDING ROLE, or --person CODE")
    if not why.isprintable():
        raise click.UsageError("--why: say in printable words why")
    unread: list[str] = []
    if recording is not None and role:
        wanted = [(recording, Role(role))]
    else:
        wanted, unread = _all_of(person, places, without_keys=without_keys, store=store)
    alike = by_id(places)
    plans = without_copies(
        [planned(p, who, places, without_keys=without_keys, store=store, alike=alike) for p, who in wanted]
    )
    if dry_run or not as_json:
        for one in plans:
            echo(f"{one.recording}: {one.role} {one.code}")
            echo("\n".join(f"  {line}" for line in one.lines) or "  nothing is left of them")
    if dry_run and person and is_known(person, store):
        echo(f"the key store: the identity of {person}, and every key of theirs")
    for line in unread:
        echo(line, err=True)
    if dry_run:
        sys.exit(1 if unread else 0)
    if not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("no terminal to ask on: --yes carries it out, --dry-run only tells")
        click.confirm("Erase this for ever?", abort=True)
    kept = give_back(person, where_recordings_lie(places), store) if person and not without_keys else []
    made = []
    for one in plans:
        made.append(str(withdraw(one, why, store)))
        keep("withdrawn", one.recording, store=store, role=str(one.role))
    forgotten = forget(person, why, store) if person else ""
    videos = [video for one in plans for video in one.videos]
    if as_json:
        paths = [str(video.path) for video in videos]
        print_json(
            {"certificates": made, "identity": forgotten or None, "videos_to_erase": paths, "keys_kept": kept}
        )
    else:
        echo("\n".join([*made, *map(str, videos), *kept]))
        if forgotten:
            echo(forgotten)
    sys.exit(1 if unread else 0)


def _all_of(
    person: str, places: tuple[Path, ...], *, without_keys: bool, store: Path | None
) -> tuple[list[tuple[Path, Role]], list[str]]:
    """Return the recordings of a person, and a line each of those that nobody knows whose they are."""
    from acquisition.errors import RecordingError
    from processing.commands.forgetting import is_known
    from processing.commands.whose import recordings_of

    where = where_recordings_lie(places)
    unread: list[str] = []
    found = list(recordings_of(person, where, without_keys=without_keys, unread=unread))
    if not found and not is_known(person, store):
        names = ", ".join(map(str, where))
        none = f"{person}: in no recording below {names} (--from DIR looks elsewhere)"
        raise RecordingError("\n".join([*unread, none]))
    return found, unread
