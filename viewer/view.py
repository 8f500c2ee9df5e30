"""attune view: a window on a recording, growing or finished."""

from __future__ import annotations

from pathlib import Path

import click

from acquisition.commands.command import Command
from acquisition.commands.completing import RecordingPath
from acquisition.commands.given import OutputPath
from acquisition.errors import AttunementError, ControlError
from acquisition.events.corrections_file import refuse_editor
from acquisition.events.who import who_fault
from acquisition.protection.audit import keep
from acquisition.recorder.control import Client
from acquisition.recording.derived import note
from acquisition.terminal import echo
from viewer.desktop import has_display, require_qt
from viewer.live.live import quitting_on_ctrl_c


@click.command("view", cls=Command)
@click.argument("recording", type=RecordingPath(path_type=Path, exists=True))
@click.option("--rater", default="", help="Code blind, into a file of your own: your code, such as R2.")
@click.option(
    "--editor", default="", metavar="CODE", help="Correct beats of a finished recording: your code."
)
@click.option(
    "--config",
    "config_file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="With --editor: parameters (TOML), as of attune process, for RMSSD and responses before → after.",
)
@click.option("--picture", type=OutputPath(dir_okay=False), help="Write a PNG instead of a window.")
def view_command(
    recording: Path, rater: str, editor: str, config_file: Path | None, picture: Path | None
) -> None:
    """Watch a growing recording or review a finished one; closing the window never stops a recorder."""
    if rater and (why := who_fault(rater, recording)):
        raise AttunementError(f"--rater {rater[:40]!r}: {why}")
    if editor:
        refuse_editor(editor, recording=recording)
    if editor and rater:
        raise click.UsageError("--editor and --rater exclude each other: a blind rater sees no signals")
    if config_file is not None and not editor:
        raise click.UsageError(
            "--config needs --editor: the review shows what was computed with the usual parameters"
        )
    config = None
    if config_file is not None:
        from processing.config import load_config

        config = load_config(config_file)
    require_qt()
    keep("viewed", recording)
    if picture is not None:
        from viewer.screenshot import save

        note(recording, picture, "picture")
        save(recording, picture, rater=rater, editor=editor, config=config)
        echo(str(picture))
        return
    if not has_display():
        raise AttunementError("no display to open a window on; --picture FILE.png draws it into a file")
    from viewer.opened import open_window
    from viewer.window import application

    try:
        control = Client.find(recording)
    except ControlError:
        control = None  # finished, or another user's: it can be watched all the same
    app = application()
    with quitting_on_ctrl_c(app):
        window = open_window(recording, control=control, rater=rater, editor=editor, config=config)
        app.exec()
        window.close()
