"""attune export: recordings in the format of another tool."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from acquisition.commands.command import Command
from acquisition.commands.completing import RecordingPath
from acquisition.commands.given import OutputPath
from acquisition.errors import AttunementError
from acquisition.private import only_for_owner
from acquisition.terminal import echo, working

if TYPE_CHECKING:
    from processing.export.tracks import Tracks

KINDS = ("bids", "csv", "mne", "edf", "xdf", "elan")


@click.command("export", cls=Command)
@click.argument(
    "recordings",
    nargs=-1,
    required=True,
    type=RecordingPath(path_type=Path, exists=True),
    metavar="RECORDING...",
)
@click.option("--to", "kind", type=click.Choice(KINDS), required=True, help="The format.")
@click.option("--out", type=OutputPath(file_okay=False), required=True, help="Directory of the files.")
@click.option(
    "--corrections",
    default="",
    metavar="CODE",
    help="Beats and responses with the corrections by hand of this person as well; files that hold them say "
    "by whom, and end in __CODE.",
)
@click.option("--author", "authors", multiple=True, metavar="NAME", help="bids: of the dataset; repeat it.")
@click.option("--licence", default="", metavar="NAME", help="bids: under which the dataset may be used.")
@click.option(
    "--video-paths", is_flag=True, help="elan: say where the linked videos lie, not only their names."
)
def export_command(
    recordings: tuple[Path, ...],
    kind: str,
    out: Path,
    corrections: str,
    authors: tuple[str, ...],
    licence: str,
    video_paths: bool,
) -> None:
    """Write recordings for another tool: raw markers with later edits applied, stamps on one clock.

    Signals are always as they were recorded. With --corrections, beats and responses go beside them: tables
    (csv), annotations (mne, edf), streams of markers (xdf), a derivative (bids).

    bids: all recordings go into one dataset, and into the one that is at OUT already; nothing of it is lost.
    The other formats have one recording in a directory.

    elan: what was marked, as tiers, on the time of each video that is linked; the video is named, and where
    it lies is said only with --video-paths.

    Of a recording that is not as it was when it was closed, or that still grows, the export says so beside
    the files.
    """
    if kind != "bids" and len(recordings) > 1:
        raise click.UsageError(f"--to {kind} takes one recording; --to bids takes many")
    if kind != "bids" and (authors or licence):
        raise click.UsageError("--author and --licence are of a dataset: --to bids")
    if video_paths and kind != "elan":
        raise click.UsageError("--video-paths is of --to elan; the other formats know of no video")
    from processing.export.tracks import NOTICE

    if authors or licence:
        from processing.export.bids_people import say_whose

        say_whose(out, authors, licence)
    faults = []
    for path in recordings:
        try:
            faults += _export(path, kind, out, corrections, video_paths)
        except (AttunementError, OSError) as error:
            if len(recordings) == 1:
                raise
            from processing.cohort.known import faults_as_lines

            why = faults_as_lines(error, path)
            faults.append(f"{path.name} is left out: {why}")  # and takes no other with it
    echo(NOTICE)
    for fault in faults:
        echo(fault, err=True)
    if any("left out" in fault for fault in faults):
        sys.exit(1)


def _export(recording: Path, kind: str, out: Path, corrections: str, video_paths: bool) -> list[str]:
    """Export one recording; return what is to be said of it."""
    from acquisition.protection.audit import keep
    from acquisition.recording.altered import standing
    from acquisition.recording.derived import BEGUN, note
    from processing.export.altered import mark_altered
    from processing.export.bids_people import session_label
    from processing.export.by_hand import corrected_marks
    from processing.export.export import export
    from processing.export.tracks import read_tracks

    with working(f"reading {recording.name}"):
        tracks = read_tracks(recording)
    if kind == "mne":
        from processing.export.bad import bad_stretches

        with working(f"judging the signals of {recording.name}") as progress:
            tracks = replace(tracks, bad=bad_stretches(recording, progress))
    if corrections:
        with working(f"finding the beats of {recording.name}") as progress:
            tracks = replace(tracks, corrected=corrected_marks(recording, corrections, progress))
    more: list[str] = []
    if kind == "bids":
        tracks, more = _with_ratings(recording, tracks)
    if kind == "elan":
        from acquisition.linking.links_file import read_links

        tracks = replace(tracks, videos=read_links(recording), video_paths=video_paths)
    out.mkdir(parents=True, exist_ok=True)
    note(recording, out, BEGUN)
    keep("exported", recording, to=kind)
    with working(f"writing {kind}"):
        written, faults = export(kind, tracks, out)
    altered = standing(recording)
    written = [*written, *mark_altered(kind, recording, out, altered, session=session_label(tracks))]
    if kind == "bids":
        _note_dataset(recording, tracks, out, written)
    for path in written:
        if kind != "bids":
            note(recording, path, "export")
        only_for_owner(path)
        echo(str(path))
    if tracks.corrected is not None:
        echo(tracks.corrected.said)
    if kind == "elan":
        from processing.export.elan import remarks

        echo("\n".join(remarks(tracks)))
    faults = [f"left out: {fault}" for fault in faults]
    return [f"{recording}: {line}" for line in [*altered, *more, *faults]]


def _with_ratings(recording: Path, tracks: Tracks) -> tuple[Tracks, list[str]]:
    """Return the tracks with what was rated afterwards, and what of that stays out or cannot be read."""
    from acquisition.errors import RecordingError
    from acquisition.ratings.files import read_ratings
    from processing.export.rated_bids import staying_out

    try:
        tracks = replace(tracks, rated=tuple(read_ratings(recording)))
    except RecordingError as error:
        return tracks, [f"left out: {error}"]
    return tracks, staying_out(tracks)


def _note_dataset(recording: Path, tracks: Tracks, out: Path, written: Iterable[Path]) -> None:
    """Note whose each file of a dataset is: a person's own, or of both and of other sessions."""
    from acquisition.recording.derived import note
    from acquisition.stream import PEOPLE, ROLES
    from processing.export.bids_people import subject_label

    subjects = {f"sub-{subject_label(tracks, role)}": role for role in PEOPLE}
    for path in written:
        parts = path.relative_to(out).parts
        mine = next((role for name, role in subjects.items() if name in parts[:-1]), None)
        note(recording, path, "export", ROLES if mine is None else (mine,))
