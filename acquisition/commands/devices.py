"""attune devices list, scan, identify, trial; check, which needs the pipeline, is in processing."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from acquisition.commands.command import FILE, Command, Group, as_json_option, print_json
from acquisition.commands.given import FiniteRange, OutputPath
from acquisition.terminal import echo

if TYPE_CHECKING:
    from acquisition.drivers.ble_radio import Radio

OPENING = 20.0
"""Seconds that devices may take to appear."""

SESSION = click.argument("session_file", metavar="SESSION.toml", type=FILE)


@click.command("scan", cls=Command)
@click.option("--seconds", type=FiniteRange(min=0.5, max=120), default=6.0, show_default=True)
@click.option("--lsl/--no-lsl", default=True, help="Also list LSL streams.")
@click.option(
    "--scope", type=click.Choice(["machine", "link", "site"]), default="machine", show_default=True,
    help="How far to look for LSL streams, as [lsl] scope in a session file.",
)  # fmt: skip
@click.option(
    "--emulated", is_flag=True, help="A rehearsal without hardware: emulated wearables are in range."
)
@as_json_option
def scan_command(seconds: float, lsl: bool, scope: str, emulated: bool, as_json: bool) -> None:
    """List what is near: Bluetooth LE devices and LSL streams, the profile that fits, signal strength."""
    from acquisition.devices.nearby import Found, scan_ble, scan_lsl
    from acquisition.errors import DeviceError

    found: list[Found] = []
    try:
        found += scan_ble(seconds, _radio(emulated))
    except DeviceError as error:
        echo(str(error), err=True)
    if lsl:
        found += scan_lsl(min(seconds, 3.0), scope)
    if as_json:
        print_json([asdict(f) for f in found])
        return
    if not found:
        echo("nothing in range: is the device worn, switched on, and not held by another app or phone?")
        return
    rows = [("name", "address or source_id", "signal", "profile")]
    for f in found:
        strength = f"{f.rssi} dBm" if f.rssi is not None else "LSL"
        rows.append((f.name or "unnamed", f.identity or "(no source_id)", strength, f.profile or "-"))
    widths = [max(len(row[k]) for row in rows) for k in range(3)]
    for name, identity, strength, profile in rows:
        echo(f"{name:<{widths[0]}}  {identity:<{widths[1]}}  {strength:>{widths[2]}}  {profile}")


def _radio(emulated: bool) -> Radio | None:
    if not emulated:
        return None
    from acquisition.emulated.demo import radio_in_range

    return radio_in_range()


@click.command("identify", cls=Command)
@SESSION
@click.option("--seconds", type=FiniteRange(min=1, max=3600), default=60.0, show_default=True)
@as_json_option
def identify_command(session_file: Path, seconds: float, as_json: bool) -> None:
    """Tap a sensor and see which stream moves; nothing is recorded. Ctrl+C ends it."""
    from acquisition.devices.check import missing_lines
    from acquisition.devices.identify_report import identify_report
    from acquisition.devices.listening import Listening
    from acquisition.recorder.begin import open_drivers
    from acquisition.session.toml import load_session

    drivers, refusals = open_drivers(load_session(session_file))
    # Ctrl+C is the usual end.
    with (
        suppress(KeyboardInterrupt),
        identify_report(as_json=as_json) as report,
        Listening(drivers) as listening,
    ):
        listening.until_ready(OPENING)
        report.listening([i for d in drivers for i in d.streams()], [*refusals, *missing_lines(drivers)])
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            listening.listen(0.25)
            for tapped in listening.tapped():
                report.moved(tapped)
            report.look(listening.activities)


@click.command("trial", cls=Command)
@click.argument("profile", metavar="PROFILE")
@click.option("--address", default="", help="Which device; attune devices scan lists what is in range.")
@click.option("--name", default="", help="Which device, by the name that it says.")
@click.option("--seconds", type=FiniteRange(min=5, max=3600), default=120.0, show_default=True)
@click.option(
    "--out", type=OutputPath(dir_okay=False), metavar="FILE",
    help="Where the report goes; trial_PROFILE_DATE.txt by default.",
)  # fmt: skip
@click.option("--emulated", is_flag=True, help="A rehearsal without hardware: the device is emulated.")
@as_json_option
@click.pass_context
def trial_command(
    ctx: click.Context,
    profile: str,
    address: str,
    name: str,
    seconds: float,
    out: Path | None,
    emulated: bool,
    as_json: bool,
) -> None:
    """Try a device out: what is assumed of it, and what turns out; exit 1 where these differ.

    It is worn or in range, streams, is broken off once half-way and found again. The report can be sent to
    us; it holds the first packets, and with them some seconds of what the sensor measured.
    """
    from datetime import datetime

    from acquisition.devices.trial import trial_session, try_out
    from acquisition.devices.trial_report import answer_lines, as_fields, report_text

    if not (address or name or emulated):
        raise click.UsageError("say which device: --address or --name (attune devices scan lists them)")
    session = trial_session(profile, address=address, name=name, emulated=emulated)
    trial = try_out(session, seconds, said=lambda line: None if as_json else echo(line))
    when = datetime.now()
    path = out or Path(f"trial_{trial.profile.name}_{when:%Y-%m-%d_%H%M%S}.txt")
    path.write_text(report_text(trial, f"{when:%Y-%m-%d %H:%M:%S}"), encoding="utf-8")
    if as_json:
        print_json(as_fields(trial) | {"report": str(path)})
    else:
        for line in answer_lines(trial.assumptions):
            echo(line)
        echo(f"report: {path}")
    ctx.exit(1 if any(a.holds is False for a in trial.assumptions) else 0)


@click.group("devices", cls=Group)
def devices_command() -> None:
    """List, find and check devices."""


for command in (scan_command, identify_command, trial_command):
    devices_command.add_command(command)


@devices_command.command("list")
@as_json_option
def list_command(as_json: bool) -> None:
    """List the device profiles that a session file may name."""
    from acquisition.session.profile import load_profile, shipped

    profiles = [load_profile(name) for name in shipped()]
    if as_json:
        print_json([_profile_fields(p) for p in profiles])
        return
    for p in profiles:
        echo(f"{p.name:<14} {p.title} ({', '.join(s.modality for s in p.streams)}; driver {p.driver})")


def _profile_fields(profile: Any) -> dict[str, Any]:
    streams = [
        {"modality": s.modality, "name": s.name, "unit": s.unit, "sfreq": s.sfreq if s.sfreq >= 0 else None}
        for s in profile.streams
    ]
    return {"name": profile.name, "title": profile.title, "driver": profile.driver, "streams": streams}
