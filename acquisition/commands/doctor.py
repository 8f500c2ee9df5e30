"""attune doctor: what this machine lacks, and the packages that mend it."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from acquisition.commands.command import Command, as_json_option, print_json
from acquisition.terminal import echo

if TYPE_CHECKING:
    from acquisition.machine.finding import Finding


@click.command("doctor", cls=Command)
@click.option(
    "--out", type=click.Path(path_type=Path), default=Path("recordings"), show_default=True,
    help="The folder that recordings are to go to.",
)  # fmt: skip
@as_json_option
@click.pass_context
def doctor_command(ctx: click.Context, out: Path, as_json: bool) -> None:
    """Say what this machine lacks: libraries, display, Bluetooth, sound, video, LSL, disk, sleep.

    Nothing is changed, and nothing is sent. Exit code 0 if recording with a window can work, else 1.
    """
    findings = examine(out)
    packages = sorted({p for f in findings for p in f.packages})
    ready = all(f.state != "missing" for f in findings)
    if as_json:
        print_json({"ready": ready, "packages": packages, "findings": [asdict(f) for f in findings]})
    else:
        for finding in findings:
            echo(line_of(finding))
        if packages:
            echo(f"on Debian or Ubuntu: sudo apt-get install {' '.join(packages)}")
        echo(f"recording with a window {'can' if ready else 'cannot'} work here")
    ctx.exit(0 if ready else 1)


def examine(out: Path) -> list[Finding]:
    """Return what is found on this machine, for recordings that go to a folder."""
    from acquisition.machine.devices import bluetooth, lab_streaming, sound, video
    from acquisition.machine.finding import examined
    from acquisition.machine.host import cores, disk, encryption, sleep
    from acquisition.machine.window import display, window

    return [
        *examined("window", window),
        *examined("display", display),
        *examined("LSL", lab_streaming),
        *examined("Bluetooth", bluetooth),
        *examined("sound", sound),
        *examined("video", video),
        *examined("disk", lambda: disk(out)),
        *examined("encryption", lambda: encryption(out)),
        *examined("sleep", sleep),
        *examined("cores", cores),
    ]


def line_of(finding: Finding) -> str:
    """Return a finding as a line for people."""
    mends = [m for m in (finding.mend, f"package {' '.join(finding.packages)}" * bool(finding.packages)) if m]
    return f"{finding.state:<8}{finding.about:<12}{finding.said}" + (
        f" ({'; '.join(mends)})" if mends else ""
    )
