"""attune devices scan, identify, check."""

from __future__ import annotations

import json
import sys
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from acquisition.command import Command

SESSION = click.argument(
    "session_file", metavar="SESSION.toml", type=click.Path(path_type=Path, exists=True, dir_okay=False)
)
as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def _print_json(value: object) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, allow_nan=False, default=str))


@click.command("scan", cls=Command)
@click.option("--seconds", type=click.FloatRange(min=0.5, max=120), default=6.0, show_default=True)
@click.option("--lsl/--no-lsl", default=True, help="Also list LSL streams.")
@as_json_option
def scan_command(seconds: float, lsl: bool, as_json: bool) -> None:
    """List what is near: Bluetooth LE devices and LSL streams, the profile that fits, signal strength."""
    from acquisition.devices import Found, scan_ble, scan_lsl
    from acquisition.errors import DeviceError

    found: list[Found] = []
    try:
        found += scan_ble(seconds)
    except DeviceError as error:
        click.echo(str(error), err=True)
    if lsl:
        found += scan_lsl(min(seconds, 3.0))
    if as_json:
        _print_json([asdict(f) for f in found])
        return
    for f in found:
        strength = f"{f.rssi} dBm" if f.rssi is not None else "LSL"
        who = f.identity or "(no source_id)"
        click.echo(f"{f.name or 'unnamed':<28} {who:<38} {strength:>8}  {f.profile or '-'}")
    if not found:
        click.echo("nothing in range: is the device worn, switched on, and not held by another app or phone?")


@click.command("identify", cls=Command)
@SESSION
@click.option("--seconds", type=click.FloatRange(min=1, max=3600), default=60.0, show_default=True)
@as_json_option
def identify_command(session_file: Path, seconds: float, as_json: bool) -> None:
    """Tap a sensor and see which stream moves; nothing is recorded. Ctrl+C ends it."""
    from acquisition.devices_check import Listening
    from acquisition.recorder import open_drivers
    from acquisition.session import load_session

    drivers, refusals = open_drivers(load_session(session_file))
    for line in refusals:
        click.echo(line, err=True)
    last: Any = None
    end = time.monotonic() + seconds
    with Listening(drivers) as listening:
        if not listening.until_ready(20.0):
            for driver in drivers:
                for line in getattr(driver, "missing", list)():
                    click.echo(line, err=True)
        click.echo("tap one sensor at a time", err=True)
        while time.monotonic() < end:
            listening.listen(0.25)
            moved = listening.moved()
            if moved is not None and moved.key != last:
                fields = {"role": str(moved.role), "stream": moved.name, "device": moved.device}
                _print_json(fields) if as_json else click.echo(
                    f"{moved.role}: {moved.name} ({moved.device}) moves"
                )
            last = None if moved is None else moved.key


@click.command("check", cls=Command)
@SESSION
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Parent of the recording.")
@click.option("--seconds", type=click.FloatRange(min=1, max=120), default=8.0, show_default=True)
@as_json_option
def check_command(session_file: Path, out: Path | None, seconds: float, as_json: bool) -> None:
    """Check whether a session can begin: devices, signals, consent, disk, clock, LSL; exit 1 if not."""
    from acquisition.devices_check import check
    from acquisition.session import load_session

    session = load_session(session_file)
    findings = check(session, out or Path(session.recording.directory), listen=seconds)
    ok = all(f.ok for f in findings)
    if as_json:
        _print_json({"session": session.id, "ok": ok, "findings": [asdict(f) for f in findings]})
    else:
        for f in findings:
            click.echo(f"{'ok' if f.ok else 'NOT OK':<7} {f.part:<8} {f.what}: {f.text}")
    if not ok:
        sys.exit(1)
