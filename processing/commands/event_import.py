"""attune events import: codings of other programs into the later edits of a recording."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from acquisition.commands.command import Command
from acquisition.commands.given import FiniteRange
from acquisition.errors import AnnotationError, RecordingError
from acquisition.events.who import patterns_of, who_fault
from acquisition.recording.contents import OVERLAY_NAME
from acquisition.stream import PEOPLE
from acquisition.terminal import echo

if TYPE_CHECKING:
    from acquisition.event import Event
    from processing.codings.marked import Marked

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
SLACK = 60.0
"""How far outside the recording a coding may lie [s]: a video may begin before it."""


@click.command("import", cls=Command)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=FILE)
@click.option(
    "--recording",
    required=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="Whose events they are.",
)
@click.option("--who", required=True, metavar="R2", help="Code of who coded or imports; never a name.")
@click.option("--blind", is_flag=True, help="Into raters/WHO.jsonl, which only `events agree` reads.")
@click.option(
    "--zero",
    type=FiniteRange(),
    help="Second of the recording at which the file's clock is 0; 0 if nothing else says it.",
)
@click.option(
    "--sync",
    type=FiniteRange(),
    metavar="S",
    help="Second of the file at which the first sync_mark is; instead of --zero.",
)
@click.option(
    "--video",
    default="",
    metavar="NAME",
    help="The linked video that was coded, where the file does not say it: its link says when that is.",
)
@click.option(
    "--map", "pairs", multiple=True, metavar="TEXT=CODE", help="What a label or tier means; repeat it."
)
@click.option("--tier", "tiers", multiple=True, metavar="NAME", help="Only this tier; repeat it.")
@click.option("--actor", default="", help="client, therapist or dyad, where neither file nor code says it.")
@click.option(
    "--speaker",
    "speakers",
    multiple=True,
    metavar="NAME=ROLE",
    help="Who a speaker of a transcript is, client or therapist; repeat it. The name is kept nowhere.",
)
@click.option("--otherwise", default="", metavar="CODE", help="Code of what names none, such as note.")
@click.option("--skip", is_flag=True, help="Leave out what names no code, and say how much.")
@click.option("--why", default="", help="Kept with each event.")
@click.option("--vocabulary", type=FILE, help="The laboratory's own vocabulary; else that of the recording.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def import_command(
    files: tuple[Path, ...],
    recording: Path,
    who: str,
    blind: bool,
    zero: float | None,
    sync: float | None,
    video: str,
    pairs: tuple[str, ...],
    tiers: tuple[str, ...],
    actor: str,
    speakers: tuple[str, ...],
    otherwise: str,
    skip: bool,
    why: str,
    vocabulary: Path | None,
    as_json: bool,
) -> None:
    """Add codings from .csv, .tsv, .eaf, .boris, .TextGrid, .vtt or .srt files to a recording's later edits.

    A label that begins with a code is that event ("suds 40", "mismatch", "note: late start"); else a tier
    that is named after a code. Nothing is guessed: what names no code is told, with its line, and then
    nothing is imported at all.

    What was coded on a video that is linked to the recording (ELAN and BORIS say which; --video does for
    others) gets its time by the link, with offset and drift. --zero and --sync do without.
    """
    from acquisition.events.overlay import rater_file, read_edits
    from acquisition.events.overlay_file import append_edits
    from acquisition.linking.links_file import read_links
    from acquisition.protection.audit import keep
    from processing.codings.event_import import Reading, edits_of, known_ids, read_events
    from processing.codings.marked import read_marked
    from processing.codings.on_video import OnVideo

    if sum((zero is not None, sync is not None, bool(video))) > 1:
        raise click.UsageError("--zero, --sync and --video each say when the file is: one of them")
    if why := who_fault(who, recording):
        raise click.UsageError(f"--who {who!r}: {why}")
    marked = read_marked(recording, vocabulary)
    how = Reading(
        patterns=patterns_of(recording),
        zero=(zero or 0.0) if sync is None else _sync(marked) - sync,
        mapping=_mapping(pairs),
        tiers=tiers,
        actor=actor,
        rater=who,
        otherwise=otherwise,
        skip=skip,
        started=marked.started,
        speakers={**marked.people, **_speakers(speakers)},
        videos=OnVideo(read_links(recording), marked.begin, video) if zero is None and sync is None else None,
    )
    target = rater_file(recording, who) if blind else recording / OVERLAY_NAME
    there = read_edits(target)
    known = known_ids(marked, [] if blind else there)
    read = [read_events(file, marked.vocabulary, marked.begin, how, known) for file in files]
    events = [e for one in read for e in one.events]
    _refuse_outside(events, marked)
    now = datetime.now().astimezone().isoformat(timespec="seconds")
    edits = edits_of(events, there, who=who, when=now, why=why or _origin(files))
    if edits:
        append_edits(target, edits)
        keep("edited", recording, file="raters" if blind else "overlay", rows=len(edits))
    left_out = sum(one.left_out for one in read)
    counts = {
        "file": str(target),
        "added": len(edits),
        "there": len(events) - len(edits),
        "left_out": left_out,
    }
    if as_json:
        echo(json.dumps(counts))
    else:
        for name in (name for one in read for name in one.elsewhere):
            echo(f"observation {name!r}: is of no video that is linked here, and left out")
        by_video = how.videos.said() if how.videos is not None else ""
        echo(
            f"{target}: {len(edits)} added, {counts['there']} there already, {left_out} left out; "
            + (by_video or f"0 s of the file is {how.zero:g} s of the recording")
        )


def _origin(files: Sequence[Path]) -> str:
    """Return where codings come from; no file names, which may hold those of people."""
    return "imported from " + ", ".join(sorted({file.suffix for file in files}))


def _mapping(pairs: Sequence[str]) -> dict[str, str]:
    out = {}
    for pair in pairs:
        text, equals, code = pair.rpartition("=")
        if not (text and equals and code):
            raise click.UsageError(f"--map {pair!r}: must be TEXT=CODE")
        out[text.strip().casefold()] = code.strip()
    return out


def _speakers(pairs: Sequence[str]) -> dict[str, str]:
    out = {}
    for pair in pairs:
        name, equals, role = pair.rpartition("=")
        if not (name and equals and role in PEOPLE):
            raise click.UsageError(f"--speaker {pair!r}: must be NAME=client or NAME=therapist")
        out[name.strip().casefold()] = role
    return out


def _sync(marked: Marked) -> float:
    marks = [e for e in marked.events if e.code == "sync_mark" and e.phase == "point"]
    if not marks:
        raise RecordingError(f"{marked.path}: no sync_mark, so --sync has nothing to go by; use --zero")
    return marks[0].onset - marked.begin


def _refuse_outside(events: Sequence[Event], marked: Marked) -> None:
    outside = [e for e in events if not marked.begin - SLACK <= e.time <= marked.end + SLACK]
    if outside:
        where = outside[0].time - marked.begin
        small = where / 1000 if 0.0 <= where / 1000 <= marked.seconds < where else math.nan
        in_ms = f"; if these are ms it is at {small:.1f} s: name the column so, as in onset_ms" * (
            small == small
        )
        raise AnnotationError(
            f"{outside[0].code} at {where:.1f} s lies outside the recording (0 to {marked.seconds:.1f} s): "
            f"--zero or --sync says where the file's clock begins{in_ms}"
        )
