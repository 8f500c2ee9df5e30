"""attune swap, replace: devices that change hands while they are recorded."""

from __future__ import annotations

from dataclasses import asdict

import click

from acquisition.commands.command import PERSON, Command, as_json_option, print_json, recording_option
from acquisition.recorder.control import Client
from acquisition.terminal import echo


@click.command("swap", cls=Command)
@click.option("--from-start", is_flag=True, help="Each device was the other person's from the start on.")
@click.option(
    "--only",
    multiple=True,
    type=click.Choice(["heart", "skin", "breath", "voice"]),
    help="Only devices that measure this; may be given several times. All devices without it.",
)
@recording_option
@as_json_option
def swap_command(from_start: bool, only: tuple[str, ...], recording: str | None, as_json: bool) -> None:
    """Give the client's devices to the therapist and the therapist's to the client, from now on.

    `attune mark --undo` takes it back. What was stored stays as it is; who reads it is told whose it is.
    """
    event = Client.find(recording).swap("start" if from_start else "now", only)
    print_json(asdict(event)) if as_json else echo(str(event.value))


@click.command("replace", cls=Command)
@click.argument("role", type=PERSON)
@click.argument("profile", metavar="PROFILE")
@click.option("--address", help="Its Bluetooth address.")
@click.option("--name", help="The name it advertises, or that of its stream.")
@click.option("--source-id", help="The source id of its LSL stream.")
@click.option("--channel", help="Label of its channel, where the stream has several.")
@click.option("--unit", help="Only where the stream does not say.")
@recording_option
@as_json_option
def replace_command(
    role: str,
    profile: str,
    address: str | None,
    name: str | None,
    source_id: str | None,
    channel: str | None,
    unit: str | None,
    recording: str | None,
    as_json: bool,
) -> None:
    """Put a new device in the place of the one with which a person was recorded so far.

    It replaces what measures the same, once it is open; the recording goes on meanwhile.
    """
    said = {"address": address, "name": name, "source_id": source_id, "channel": channel, "unit": unit}
    wanted = {key: value for key, value in said.items() if value is not None}
    title = Client.find(recording).replace(role, profile, **wanted)
    print_json({"searching": title}) if as_json else echo(
        f"searching: {title}; it takes over once it is open"
    )
