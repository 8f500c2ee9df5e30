"""attune record, status, mark, pause, resume, stop, devices, import, replay, verify, repair."""

from __future__ import annotations

import json
import signal
import sys
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from acquisition.command import Command, Group
from acquisition.control import Client
from acquisition.devices_cli import check_command, identify_command, scan_command
from acquisition.event import Event, Value
from acquisition.lsl.clock import local_clock
from acquisition.record_report import JsonReport, PlainReport, Report, TableReport, status_lines
from acquisition.speaker import Speaker, leave

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
DIRECTORY = click.Path(path_type=Path, exists=True, file_okay=False)
PERSON = click.Choice(["client", "therapist"])
as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
recording_option = click.option(
    "--recording", metavar="NAME", help="Which recorder, where several run: its recording's name or path."
)


@click.command("record", cls=Command)
@click.argument("session_file", metavar="SESSION.toml", type=FILE)
@click.option("--seconds", type=click.FloatRange(min=0, min_open=True), help="End after so long.")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Parent of the recording.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON lines: what happens, and the status.")
def record_command(session_file: Path, seconds: float | None, out: Path | None, as_json: bool) -> None:
    """Record a session into DIR/<date>_<id>[_n]; Ctrl+C ends it cleanly.

    --seconds counts from the first tick, once all streams are open or 10 s have passed.
    """
    from acquisition.record import record
    from acquisition.session import load_session

    session = load_session(session_file)
    stop, speaker = _stop_on_signals(), Speaker()
    report, heard, code = _report(as_json, speaker), True, 1
    try:
        parent = out or Path(session.recording.directory)
        outcome = record(session, parent, seconds=seconds, stop=stop, listener=report)
        report.stopped(outcome.path, outcome.ticks, outcome.ended)
        code = int(bool(outcome.ended))
    finally:
        report.close()
        heard = speaker.close()
    if not heard:
        leave(code)
    if code:
        sys.exit(code)


def _report(as_json: bool, speaker: Speaker) -> Report:
    def echo(line: str) -> None:
        speaker.say(lambda: click.echo(line))

    def complain(line: str) -> None:
        speaker.say(lambda: click.echo(line, err=True))

    if as_json:
        return JsonReport(echo)
    return TableReport(speaker) if sys.stdout.isatty() else PlainReport(echo, complain)


def _stop_on_signals() -> threading.Event:
    """Return an event that the first Ctrl+C or termination sets; a second one ends the process at once."""
    stop = threading.Event()

    def end(number: int, _: object) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end)
    return stop


@click.command("status", cls=Command)
@recording_option
@as_json_option
def status_command(recording: str | None, as_json: bool) -> None:
    """Show what the running recorder does: streams, their health, who is paused."""
    status = Client.find(recording).status()
    _print_json(status) if as_json else click.echo("\n".join(status_lines(status)))


@click.command("mark", cls=Command)
@click.argument("code", metavar="CODE", default="")
@click.option("--actor", help="client, therapist, dyad, system or tech; the code's own if not given.")
@click.option("--value", help="A number or a text, as the code allows.")
@click.option("--note", default="", help="Free text; codes only, no names.")
@click.option(
    "--ago", type=click.FloatRange(0, 3600), metavar="S", help="The moment meant was so long ago [s]."
)
@click.option(
    "--unc", type=click.FloatRange(0, 3600), metavar="S", help="Its uncertainty [s]; 5 if not given."
)
@click.option("--on", "phase", flag_value="on", help="Begin an interval; without it a second mark ends it.")
@click.option("--off", "phase", flag_value="off", help="End an interval.")
@click.option("--rater", default="", metavar="R2", help="Code of who marks; never a name.")
@click.option(
    "--undo", is_flag=True, help="Undo the last mark instead (of CODE, if given); at most 10 s ago."
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
        _print_json(asdict(event))
    else:
        phase = "" if event.phase == "point" else f" {event.phase}"
        click.echo(f"{event.code}{phase} ({event.actor}) at {event.time:.3f} s")


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


@click.command("stop", cls=Command)
@recording_option
@as_json_option
def stop_command(recording: str | None, as_json: bool) -> None:
    """End the running recording; waits until its files are closed."""
    client = Client.find(recording)
    answer = client.stop()
    client.await_end()
    _print_json(answer) if as_json else click.echo(f"{answer['recording']}: closed")


@click.group("devices", cls=Group)
def devices_command() -> None:
    """List, find and check devices."""


for command in (scan_command, identify_command, check_command):
    devices_command.add_command(command)


@devices_command.command("list")
@as_json_option
def list_command(as_json: bool) -> None:
    """List the device profiles that a session file may name."""
    from acquisition.profile import load_profile, shipped

    profiles = [load_profile(name) for name in shipped()]
    if as_json:
        _print_json([_profile_fields(p) for p in profiles])
        return
    for p in profiles:
        click.echo(f"{p.name:<14} {p.title} ({', '.join(s.modality for s in p.streams)}; driver {p.driver})")


def _profile_fields(profile: Any) -> dict[str, Any]:
    streams = [
        {"modality": s.modality, "name": s.name, "unit": s.unit, "sfreq": s.sfreq if s.sfreq >= 0 else None}
        for s in profile.streams
    ]
    return {"name": profile.name, "title": profile.title, "driver": profile.driver, "streams": streams}


@click.command("import", cls=Command)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
@click.option(
    "--stream",
    "streams",
    multiple=True,
    required=True,
    metavar="ROLE:MODALITY:UNIT[:SFREQ]=[N#]COLUMN",
    help="What a column is; repeat it. N: which file, 1 by default. COLUMN: a column, array, channel, or "
    "stream name[:channel].",
)
@click.option("--time", "time_column", metavar="COLUMN", help="Column of stamps [s].")
@click.option(
    "--out", required=True, metavar="RECORDING", type=click.Path(path_type=Path), help="New directory."
)
@as_json_option
def import_command(
    files: tuple[Path, ...], streams: tuple[str, ...], time_column: str | None, out: Path, as_json: bool
) -> None:
    """Turn .csv, .npz, .edf, .wav or .xdf files into a recording."""
    from acquisition.importing.files import import_files

    infos = import_files(files, streams, time_column=time_column, out=out)
    if as_json:
        _print_json({"recording": str(out), "streams": [f"{i.role} {i.name}" for i in infos]})
    else:
        click.echo(f"{out}: {', '.join(f'{i.role} {i.name} ({i.modality})' for i in infos)}")


@click.command("replay", cls=Command)
@click.argument("recording", metavar="RECORDING|FILE.xdf", type=click.Path(path_type=Path, exists=True))
@click.option("--speed", type=click.FloatRange(min=0, min_open=True), default=1.0, show_default=True)
@click.option("--session-id", help="LSL session id; default if not given.")
@as_json_option
def replay_command(recording: Path, speed: float, session_id: str | None, as_json: bool) -> None:
    """Publish a recording over LSL as if its devices were there; Ctrl+C ends it."""
    from acquisition.replaying import replay

    published = replay(recording, speed=speed, session_id=session_id, stop=_stop_on_signals())
    if as_json:
        _print_json([{"stream": str(p.stream), "samples": p.n_samples} for p in published])
    else:
        click.echo("\n".join(f"{p.stream}: {p.n_samples} samples" for p in published))


@click.command("verify", cls=Command)
@click.argument("recording", type=DIRECTORY)
@as_json_option
def verify_command(recording: Path, as_json: bool) -> None:
    """Check a recording against its manifest and checksums; exit 1 if anything is wrong."""
    from acquisition.manifest import verify

    findings = verify(recording)
    if as_json:
        _print_json(
            {"recording": str(recording), "ok": not findings, "findings": [asdict(f) for f in findings]}
        )
    for finding in [] if as_json else findings:
        click.echo(f"{recording}: {finding}", err=True)
    if findings:
        sys.exit(1)
    if not as_json:
        click.echo(f"{recording}: whole")


@click.command("repair", cls=Command)
@click.argument("recording", type=DIRECTORY)
@click.option(
    "--out", type=click.Path(path_type=Path), help="New directory; <RECORDING>_repaired if not given."
)
@as_json_option
def repair_command(recording: Path, out: Path | None, as_json: bool) -> None:
    """Write what can be saved of a cut recording to a new one; the old one is left as it is."""
    from acquisition.repair import repair

    target = out or recording.resolve().with_name(f"{recording.resolve().name}_repaired")
    done = repair(recording, target)
    if as_json:
        files = [{"file": r.file, "slices": r.slices, "left_out": [str(d) for d in r.damage]} for r in done]
        _print_json({"recording": str(target), "files": files})
    else:
        click.echo("\n".join([f"{target}:", *map(str, done)]))


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, allow_nan=False, default=str))


COMMANDS = (
    record_command,
    status_command,
    mark_command,
    pause_command,
    resume_command,
    stop_command,
    devices_command,
    import_command,
    replay_command,
    verify_command,
    repair_command,
)


@click.group(cls=Group, commands={str(c.name): c for c in COMMANDS})
def main() -> None:
    """Record: the part of `attune` that needs no window."""


if __name__ == "__main__":
    main(prog_name="python -m acquisition.cli")
