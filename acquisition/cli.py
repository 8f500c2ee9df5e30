"""attune record, status, mark, pause, resume, confirm, swap, replace, stop, and the commands on files."""

from __future__ import annotations

import sys
from contextlib import nullcontext
from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Any

import click

from acquisition.commands.already import ask_if_recorded, beside_option
from acquisition.commands.audit import audit_command
from acquisition.commands.command import (
    FILE,
    PERSON,
    Command,
    Group,
    as_json_option,
    print_json,
    recording_option,
    stop_on_signals,
    study_option,
)
from acquisition.commands.completing import codes
from acquisition.commands.devices import devices_command
from acquisition.commands.files import repair_command, replay_command, verify_command
from acquisition.commands.given import FiniteRange, OutputPath
from acquisition.commands.hands import replace_command, swap_command
from acquisition.commands.importing import import_command
from acquisition.commands.keys import keys_command
from acquisition.commands.refill import refill_command
from acquisition.commands.status_page import WithPage, status_page_option
from acquisition.commands.unseal import unseal_command
from acquisition.event import Event, Value
from acquisition.lsl.clock import local_clock
from acquisition.private import keep_private
from acquisition.recorder.control import Client
from acquisition.recorder.leash import keeping_nothing
from acquisition.recorder.listener import Listener
from acquisition.recorder.report import JsonReport, PlainReport, Report, TableReport, status_lines
from acquisition.recorder.speaker import Speaker, leave
from acquisition.terminal import echo


@click.command("record", cls=Command)
@click.argument("session_file", metavar="SESSION.toml", type=FILE)
@click.option("--seconds", type=FiniteRange(min=0, min_open=True), help="End after so long.")
@click.option("--out", type=OutputPath(file_okay=False), help="Parent of the recording.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines: what happens, and the status.")
@status_page_option
@beside_option
@study_option
@click.option("--keep-nothing", is_flag=True, hidden=True, help="End with standard input; delete --out then.")
def record_command(
    session_file: Path,
    seconds: float | None,
    out: Path | None,
    as_json: bool,
    status_page: str | None,
    beside: bool,
    study: Path | None,
    keep_nothing: bool,
) -> None:
    """Record a session into DIR/<date>_<id>[_n]; Ctrl+C ends it cleanly.

    --seconds counts from the first tick, once all streams are open or 10 s have passed.
    """
    from acquisition.protection.vault import unopened_by
    from acquisition.recorder.begin import record
    from acquisition.refilling.hint import hint_of
    from acquisition.session.study import study_of
    from acquisition.session.toml import kept_by, load_session

    of = study_of(session_file, study)
    session = kept_by(load_session(session_file, of), of, date.today())
    if session.protection.sealed and of is not None:
        for line in unopened_by(of):
            echo(line, err=True)
    ask_if_recorded(session.id, beside=beside)
    stop, speaker = stop_on_signals(), Speaker()
    report, heard, code = _report(as_json, speaker), True, 1
    listener: Listener = report
    if status_page is not None:
        terminal = sys.stdout.isatty() and not as_json
        listener = WithPage(report, status_page, terminal=terminal)
    try:
        parent = out or Path(session.recording.directory)
        with keeping_nothing(parent, stop) if keep_nothing else nullcontext():
            outcome = record(session, parent, seconds=seconds, stop=stop, listener=listener)
        report.stopped(outcome.path, outcome.ticks, outcome.ended)
        if said := "" if keep_nothing else hint_of(outcome.path):
            report.hint(said)
        code = int(bool(outcome.ended))
    finally:
        report.close()
        heard = speaker.close()
    if not heard:
        leave(code)
    if code:
        sys.exit(code)


def _report(as_json: bool, speaker: Speaker) -> Report:
    def say(line: str) -> None:
        speaker.say(lambda: echo(line))

    def complain(line: str) -> None:
        speaker.say(lambda: echo(line, err=True))

    if as_json:
        return JsonReport(say)
    return TableReport(speaker) if sys.stdout.isatty() else PlainReport(say, complain)


@click.command("status", cls=Command)
@recording_option
@as_json_option
def status_command(recording: str | None, as_json: bool) -> None:
    """Show what the running recorder does: streams, their health, who is paused."""
    status = Client.find(recording).status()
    print_json(status) if as_json else echo("\n".join(status_lines(status)))


@click.command("mark", cls=Command)
@click.argument("code", metavar="CODE", default="", shell_complete=codes)
@click.option("--actor", help="client, therapist, dyad, system or tech; the code's own if not given.")
@click.option("--value", help="A number or a text, as the code allows.")
@click.option("--note", default="", help="Free text; codes only, no names.")
@click.option("--ago", type=FiniteRange(0, 3600), metavar="S", help="The moment meant was so long ago [s].")
@click.option("--unc", type=FiniteRange(0, 3600), metavar="S", help="Its uncertainty [s]; 5 if not given.")
@click.option("--on", "phase", flag_value="on", help="Begin an interval; without it a second mark ends it.")
@click.option("--off", "phase", flag_value="off", help="End an interval.")
@click.option("--rater", default="", metavar="R2", help="Code of who marks; never a name.")
@click.option(
    "--undo", is_flag=True, help="Undo the last mark instead (of CODE, if given); again, the one before."
)
@recording_option
@as_json_option
def mark_command(
    code: str,
    actor: str | None,
    value: str | None,
    note: str,
    ago: float | None,
    unc: float | None,
    phase: str | None,
    rater: str,
    undo: bool,
    recording: str | None,
    as_json: bool,
) -> None:
    """Mark this moment in the running recording; an interval's second mark ends it."""
    pressed = local_clock()
    if not (code or undo):
        raise click.UsageError("Missing argument 'CODE'.")
    client = Client.find(recording)
    if undo:
        event = client.undo(code)
    else:
        said: dict[str, Any] = {"actor": actor, "value": _number_or_text(value), "note": note, "rater": rater}
        said |= {"t_shift": -ago if ago else None, "t_unc": unc, "phase": phase}
        fields = {k: v for k, v in said.items() if v not in (None, "")} | {"code": code, "source": "cli"}
        event = Event(**client.call("mark", time=pressed, **fields)["event"])
    _say(event, as_json)


def _number_or_text(value: str | None) -> Value:
    try:
        return None if value is None else float(value)
    except ValueError:
        return value


def _say(event: Event, as_json: bool) -> None:
    if as_json:
        print_json(asdict(event))
    else:
        phase = "" if event.phase == "point" else f" {event.phase}"
        echo(f"{event.code}{phase} ({event.actor}) at {event.time:.3f} s")


@click.command("pause", cls=Command)
@click.argument("role", type=PERSON)
@recording_option
@as_json_option
def pause_command(role: str, recording: str | None, as_json: bool) -> None:
    """Store nothing of one person from now until they resume; the other's streams go on."""
    _say(Event(**Client.find(recording).pause(role)["event"]), as_json)


@click.command("resume", cls=Command)
@click.argument("role", type=PERSON)
@recording_option
@as_json_option
def resume_command(role: str, recording: str | None, as_json: bool) -> None:
    """Store what is measured of that person from now on."""
    _say(Event(**Client.find(recording).resume(role)["event"]), as_json)


@click.command("confirm", cls=Command)
@click.argument("stream", metavar="STREAM", default="")
@click.option("--deny", is_flag=True, help="Refuse its sender; what it sent so far is deleted.")
@recording_option
@as_json_option
def confirm_command(stream: str, deny: bool, recording: str | None, as_json: bool) -> None:
    """Record a stream that waits, from now on: its sender is who it should be; without STREAM, list them.

    What it sent before stays apart and is never used.
    """
    client = Client.find(recording)
    if not stream and deny:
        raise click.UsageError("Missing argument 'STREAM'.")
    if stream:
        event = client.confirm(stream, yes=not deny)
        print_json(asdict(event)) if as_json else echo(f"{event.value}: {event.note}")
        return
    waiting = client.status()["waiting"]
    if as_json:
        print_json(waiting)
    else:
        lines = [f"{w['role']} {w['name']}: {w['sender']}: {w['why']}" for w in waiting]
        echo("\n".join(lines) or "no stream waits for a confirmation")


@click.command("stop", cls=Command)
@recording_option
@as_json_option
def stop_command(recording: str | None, as_json: bool) -> None:
    """End the running recording; waits until its files are closed."""
    from acquisition.refilling.hint import hint_of

    client = Client.find(recording)
    answer = client.stop()
    client.await_end()
    if not as_json:
        echo(f"{answer['recording']}: closed")
    said = hint_of(Path(answer["recording"]))
    if as_json:
        print_json({**answer, "hint": said})
    elif said:
        echo(said)


COMMANDS = (
    record_command,
    status_command,
    mark_command,
    pause_command,
    resume_command,
    confirm_command,
    swap_command,
    replace_command,
    stop_command,
    devices_command,
    import_command,
    replay_command,
    verify_command,
    repair_command,
    refill_command,
    keys_command,
    unseal_command,
    audit_command,
)


@click.group(cls=Group, commands={str(c.name): c for c in COMMANDS})
def main() -> None:
    """Record: the part of `attune` that needs no window."""


if __name__ == "__main__":
    keep_private()
    main(prog_name="python -m acquisition.cli")
