"""attune refill: what was lost over a drop-out, from what the device kept."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click

from acquisition.commands.command import DIRECTORY, Command, as_json_option, print_json
from acquisition.terminal import echo


@click.command("refill", cls=Command)
@click.argument("recording", type=DIRECTORY)
@click.option(
    "--from", "folder", type=click.Path(path_type=Path, exists=True, file_okay=False), metavar="FOLDER",
    help="Where the device's card is, in place of its connection.",
)  # fmt: skip
@as_json_option
@click.pass_context
def refill_command(ctx: click.Context, recording: Path, folder: Path | None, as_json: bool) -> None:
    """Fetch what a device kept over its drop-outs, and put it into the gaps of a recording.

    The recorded files stay as they are: what is fetched goes into refill/ beside them, and all that reads the
    recording finds both, and says so. What was measured while a person was paused stays out. Exit 1 where
    something is missing and could not be had.
    """
    from acquisition.refilling.refilling import refill

    done = refill(recording, folder=folder, said=lambda line: None if as_json else echo(line))
    if as_json:
        print_json([asdict(one) for one in done])
    elif not done:
        echo(f"{recording}: no device of it keeps what it measures")
    for one in [] if as_json else done:
        echo(f"{recording}: {one}")
    ctx.exit(1 if any(one.why and one.why != "nothing is missing" for one in done) else 0)
