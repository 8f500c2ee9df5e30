"""attune retention: until when recordings are kept, and what is done when that is over."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import click

from acquisition.commands.command import DIRECTORY, Command, Group, as_json_option, print_json
from acquisition.terminal import echo

places_option = click.option(
    "--from", "places", type=DIRECTORY, multiple=True,
    help="Where recordings lie; may be given several times. `recordings` if not given.",
)  # fmt: skip
on_option = click.option(
    "--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="As if it were that day; today if not given."
)


@dataclass(frozen=True, slots=True)
class Kept:
    """Name a recording and until when it is kept; "" where its session file does not say."""

    recording: Path
    until: str
    why_not: str = ""
    """Why its session file cannot be read."""

    def due(self, day: date) -> bool:
        """Tell whether that is over."""
        return bool(self.until) and date.fromisoformat(self.until) < day


def kept_below(places: tuple[Path, ...]) -> Iterator[Kept]:
    """Yield the recordings below some places, and until when each is kept."""
    from acquisition.errors import SessionError
    from acquisition.recording.contents import SESSION_NAME
    from acquisition.session.toml import load_session
    from processing.commands.whose import recordings_below

    for path in recordings_below(places):
        try:
            yield Kept(path, load_session(path / SESSION_NAME).protection.keep_until)
        except SessionError as error:
            yield Kept(path, "", str(error).splitlines()[0])


def where_recordings_lie(places: tuple[Path, ...]) -> tuple[Path, ...]:
    """Return the directories that --from named, or the usual one."""
    where = places or (Path("recordings"),)
    if missing := [p for p in where if not p.is_dir()]:
        raise click.UsageError(f"{missing[0]}: no such directory (say with --from where the recordings are)")
    return where


@click.command("list", cls=Command)
@places_option
@as_json_option
def list_command(places: tuple[Path, ...], as_json: bool) -> None:
    """Say until when each recording is kept."""
    found = list(kept_below(where_recordings_lie(places)))
    if as_json:
        print_json([{"recording": str(k.recording), "keep_until": k.until or None} for k in found])
        return
    for kept in found:
        echo(f"{kept.recording}: {kept.why_not or kept.until or 'without end ([protection] keep_until)'}")
    if not found:
        echo("no recordings are there")


@click.command("due", cls=Command)
@places_option
@on_option
@as_json_option
def due_command(places: tuple[Path, ...], day: date | None, as_json: bool) -> None:
    """Say which recordings have been kept long enough; exit 1 if a session file cannot be read."""
    found = list(kept_below(where_recordings_lie(places)))
    due = [k for k in found if k.due(_day(day))]
    if as_json:
        print_json([{"recording": str(k.recording), "keep_until": k.until} for k in due])
    else:
        echo("\n".join(f"{k.recording}: was kept until {k.until}" for k in due) or "none is due")
    _say_unread(found)


def _day(day: date | None) -> date:
    # click gives a datetime
    return date.today() if day is None else date(day.year, day.month, day.day)


def _say_unread(found: list[Kept]) -> None:
    unread = [k for k in found if k.why_not]
    for kept in unread:
        echo(f"{kept.recording}: nobody knows until when it is kept: {kept.why_not}", err=True)
    if unread:
        sys.exit(1)


@click.command("apply", cls=Command)
@places_option
@on_option
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--store", type=click.Path(path_type=Path, file_okay=False), help="The key store.")
def apply_command(places: tuple[Path, ...], day: date | None, yes: bool, store: Path | None) -> None:
    """Erase what is due: both people and the dyad, with a certificate each, as `withdraw` does."""
    where = where_recordings_lie(places)
    found = list(kept_below(where))
    due = [k for k in found if k.due(_day(day))]
    echo("\n".join(f"{k.recording}: was kept until {k.until}" for k in due) or "none is due")
    if due and not yes:
        if not sys.stdin.isatty():
            raise click.UsageError("no terminal to ask on: --yes carries it out, `due` only tells")
        click.confirm("Erase these for ever?", abort=True)
    held_up = _erase_all(due, where, store)
    for line in held_up:
        echo(line, err=True)
    _say_unread(found)
    if held_up:
        sys.exit(1)


def _erase_all(due: list[Kept], places: tuple[Path, ...], store: Path | None) -> list[str]:
    """Erase recordings; return a line for each that cannot be, which holds up none of the others."""
    from acquisition.errors import RecordingError
    from processing.commands.copies import by_id, originals

    alone = set(originals([k.recording for k in due]))  # copies go with what they are of
    alike, held_up = by_id(places) if due else {}, []
    for kept in due:
        if kept.recording not in alone:
            continue
        try:
            _erase(kept, places, store, alike)
        except RecordingError as error:
            held_up.append(f"{kept.recording}: is due and not erased whole: {error}")
    return held_up


def _erase(
    kept: Kept, places: tuple[Path, ...], store: Path | None, alike: Mapping[str, Sequence[Path]]
) -> None:
    from acquisition.protection.audit import keep
    from acquisition.stream import PEOPLE, Role
    from processing.commands.withdrawing import planned, withdraw

    why = f"was kept until {kept.until}"
    for role in (*PEOPLE, Role.DYAD):
        if (kept.recording / f"{role}.xdf").exists():
            plan = planned(kept.recording, role, places, store=store, alike=alike)
            echo("\n".join([str(withdraw(plan, why, store)), *map(str, plan.videos)]))
            keep("withdrawn", kept.recording, store=store, role=str(role), why="retention")


RETENTION = (list_command, due_command, apply_command)


@click.group("retention", cls=Group, commands={str(c.name): c for c in RETENTION})
def retention_command() -> None:
    """Keep recordings no longer than their session files say ([protection] keep_until)."""
