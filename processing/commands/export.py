"""attune export: a recording in the format of another tool."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path

import click

from acquisition.commands.command import Command
from acquisition.commands.completing import RecordingPath
from acquisition.private import only_for_owner
from acquisition.terminal import echo, working

KINDS = ("bids", "csv", "mne", "edf", "xdf")


@click.command("export", cls=Command)
@click.argument("recording", type=RecordingPath(path_type=Path), metavar="RECORDING")
@click.option("--to", "kind", type=click.Choice(KINDS), required=True, help="The format.")
@click.option(
    "--out", type=click.Path(path_type=Path, file_okay=False), required=True, help="Directory of the files."
)
@click.option(
    "--corrections",
    default="",
    metavar="CODE",
    help="Beats and responses with the corrections by hand of this person as well; files that hold them say "
    "by whom, and end in __CODE.",
)
def export_command(recording: Path, kind: str, out: Path, corrections: str) -> None:
    """Write a recording for another tool: raw markers with later edits applied, stamps on one clock.

    Signals are always as they were recorded. With --corrections, beats and responses go beside them: tables
    (csv), annotations (mne, edf), streams of markers (xdf), a derivative (bids).

    Of a recording that is not as it was when it was closed, or that still grows, the export says so beside
    the files.
    """
    from acquisition.protection.audit import keep
    from acquisition.recording.altered import standing
    from acquisition.recording.derived import BEGUN, note
    from processing.export.altered import mark_altered
    from processing.export.by_hand import corrected_marks
    from processing.export.export import export
    from processing.export.tracks import NOTICE, read_tracks

    with working(f"reading {recording.name}"):
        tracks = read_tracks(recording)
    if corrections:
        with working(f"finding the beats of {recording.name}") as progress:
            tracks = replace(tracks, corrected=corrected_marks(recording, corrections, progress))
    out.mkdir(parents=True, exist_ok=True)
    note(recording, out, BEGUN)
    keep("exported", recording, to=kind)
    with working(f"writing {kind}"):
        written, faults = export(kind, tracks, out)
    altered = standing(recording)
    written = [*written, *mark_altered(kind, recording, out, altered)]
    for path in written:
        note(recording, path, "export")
        only_for_owner(path)
        echo(str(path))
    if tracks.corrected is not None:
        echo(tracks.corrected.said)
    echo(NOTICE)
    for line in altered:
        echo(f"{recording}: {line}", err=True)
    for fault in faults:
        echo(f"{recording}: left out: {fault}", err=True)
    if faults:
        sys.exit(1)
