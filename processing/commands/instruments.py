"""attune instruments: self-report instruments, their licences, and answers to them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from acquisition.commands.command import DIRECTORY, Group
from acquisition.errors import InstrumentError
from acquisition.protection.audit import keep
from acquisition.protection.sealed_file import is_sealed_recording
from acquisition.protection.store_files import put
from acquisition.recording.contents import SESSION_NAME
from acquisition.recording.manifest import as_closed
from acquisition.recording.noted import note, session_of
from acquisition.session.record import (
    DOSES,
    FULL,
    FUNCTIONS,
    KEPT,
    PRINCIPLES,
    STAGES,
    WHEN,
    Answers,
    SessionRecord,
    dump_answers,
)
from acquisition.session.session import Session
from acquisition.session.toml import load_session
from acquisition.stream import Role
from acquisition.terminal import echo
from acquisition.text import how_many
from processing.instruments.instrument import (
    Instrument,
    load_instrument,
    read_answers,
    refuse_without_contact,
    shipped,
    valued,
)

TEMPLATE = f"""\
[record]
# Take the # off what you can say; what is not said stays out.
# {", ".join(STAGES)}
# stage_of_change = [""]
# the client went back to an earlier stage
# recycled = true
# from 0 (had no part in this hour) to {FULL} (was what it was about)
# functions = {{ {", ".join(f"{name} = " for name in FUNCTIONS)} }}
# what was attended to: {", ".join(KEPT)}
# principles = {{ {", ".join(f'{name} = ""' for name in PRINCIPLES)} }}
# your estimate, % of the hour, together at most 100
# dose = {{ {", ".join(f"{name} = " for name in DOSES)} }}
"""


@click.group("instruments", cls=Group)
def instruments_command() -> None:
    """Self-report instruments: what is shipped, a laboratory's own, and answers to them.

    Only instruments that may be reproduced are shipped with their items. Of others there is the scoring key;
    who has the right to the items imports them as a TOML file, which needs a licence field.
    """


@instruments_command.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_command(as_json: bool) -> None:
    """List what is shipped."""
    known = [load_instrument(name) for name in shipped()]
    if as_json:
        echo(json.dumps([_described(i) for i in known], ensure_ascii=False))
        return
    for i in known:
        remarks = [how_many(i.n_items, "item"), i.stamp]
        remarks += [
            "" if i.items else "scoring key only",
            "crisis contact needed" if i.contact_needed else "",
        ]
        echo(f"{i.name:10} {i.title:16} {', '.join(r for r in remarks if r)}")


@instruments_command.command("show")
@click.argument("name")
@click.option(
    "--session", "where", type=click.Path(path_type=Path), help="Session file or recording: whose contact?"
)
def show_command(name: str, where: Path | None) -> None:
    """Show an instrument: items, possible answers, key, source, licence. NAME may be a file of your own."""
    i = load_instrument(name)
    refuse_without_contact(i, _session(where) if where else None)
    echo("\n".join(filter(None, [i.title, i.stamp, i.instruction, ""])))
    for k, text in enumerate(i.items, 1):
        echo(f"{k:3}  {text}")
    if not i.items:
        echo(f"{i.n_items} items; their texts are not shipped")
    echo(f"\nanswers {i.lowest:g} to {i.highest:g}{': ' if i.labels else ''}{', '.join(i.labels)}")
    for s in i.scales:
        turned = f", reversed {', '.join(map(str, s.turned))}" if s.turned else ""
        echo(f"{s.name}: {s.how} of {', '.join(map(str, s.items))}{turned}")
    echo(f"source: {i.source}\nlicence: {i.licence}")


@instruments_command.command("check")
@click.argument("file", type=click.Path(path_type=Path))
def check_command(file: Path) -> None:
    """Check an instrument file of your own; every fault is named, a missing licence is one."""
    if file.suffix != ".toml":
        raise InstrumentError(f"{file}: an instrument is a file that ends in .toml")
    i = load_instrument(str(file))
    stamp = f", {i.stamp}" if i.stamp else ""
    size = f"{how_many(i.n_items, 'item')}, {how_many(len(i.scales), 'scale')}"
    echo(f"{file}: {i.title}, {size}{stamp}; licence: {i.licence}")


@instruments_command.command("add")
@click.argument("session", type=click.Path(path_type=Path), metavar="RECORDING|SESSION.toml")
@click.argument("name")
@click.option("--of", type=click.Choice(["client", "therapist"]), required=True, help="Who answered.")
@click.option("--when", type=click.Choice(WHEN), required=True, help="Before or after the hour.")
@click.option("--answers", help="In order, with commas; an empty place was left out: 0,1,,3")
@click.option("--file", type=click.Path(path_type=Path, dir_okay=False), help="CSV with item and answer.")
def add_command(session: Path, name: str, of: str, when: str, answers: str | None, file: Path | None) -> None:
    """Note answers at the end of session.toml, or sealed beside a sealed recording.

    NAME: a shipped instrument, or a file of your own (.toml).
    """
    if (answers is None) == (file is None):
        raise click.UsageError("give --answers or --file")
    name = str(Path(name).resolve()) if name.endswith(".toml") else name
    instrument = load_instrument(name)
    refuse_without_contact(instrument, _session(session))
    given = read_answers(file) if file else _typed(answers or "")
    values = valued(instrument, given)
    filled = Answers(instrument=name, of=Role(of), when=when, answers=given)
    if is_sealed_recording(session):
        note(session, SessionRecord(answers=(filled,)))
    else:
        with _file(session).open("a", encoding="utf-8", newline="\n") as target:
            target.write("\n" + "\n".join(dump_answers(filled)))
    if session.is_dir():
        keep("edited", session, file="record", rows=1)
    for v in values:
        stamp = f" ({instrument.stamp})" if instrument.stamp else ""
        said = v.reason or f"{v.value:.3g} of {v.lowest:g} to {v.highest:g}"
        echo(f"{instrument.title} {v.scale}: {said}{stamp}")


@instruments_command.command("seal")
@click.argument("recording", type=DIRECTORY)
def seal_command(recording: Path) -> None:
    """Seal what was written into session.toml after the hour: it moves into rows sealed to whom it is about.

    session.toml is again as it was when the recording was closed.
    """
    if not is_sealed_recording(recording):
        raise InstrumentError(f"{recording}: is not sealed; its session record stays in session.toml")
    session = load_session(recording / SESSION_NAME)
    closed = as_closed(recording)
    if session.record == SessionRecord() or closed is None:
        echo(f"{recording}: nothing to seal in session.toml")
        return
    note(recording, session.record)
    put(recording / SESSION_NAME, closed)
    echo(f"{recording}: the session record is sealed, and gone from session.toml")


@instruments_command.command("template")
def template_command() -> None:
    """Print the therapist's record, to be filled in at the end of session.toml."""
    echo(TEMPLATE, nl=False)


def _typed(text: str) -> tuple[float, ...]:
    try:
        return tuple(float(part.strip() or "nan") for part in text.split(","))
    except ValueError:
        raise click.UsageError(f"--answers {text!r}: numbers with commas between them") from None


def _file(where: Path) -> Path:
    return where / "session.toml" if where.is_dir() else where


def _session(where: Path) -> Session:
    session = session_of(where) if where.is_dir() else None
    return session or load_session(_file(where))


def _described(i: Instrument) -> dict[str, Any]:
    return {
        "name": i.name,
        "title": i.title,
        "n_items": i.n_items,
        "items_shipped": bool(i.items),
        "validated": i.validated,
        "crisis_contact": i.contact_needed,
        "scales": [s.name for s in i.scales],
        "source": i.source,
        "licence": i.licence,
    }
