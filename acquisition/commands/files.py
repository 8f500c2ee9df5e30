"""attune replay, verify, repair: what is done with files."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import click

from acquisition.commands.command import DIRECTORY, Command, as_json_option, print_json, stop_on_signals
from acquisition.commands.completing import RecordingPath
from acquisition.commands.given import FiniteRange, OutputPath
from acquisition.terminal import echo, working


@click.command("replay", cls=Command)
@click.argument("recording", metavar="RECORDING|FILE.xdf", type=RecordingPath(path_type=Path, exists=True))
@click.option("--speed", type=FiniteRange(min=0, min_open=True), default=1.0, show_default=True)
@click.option("--session-id", help="LSL session id; default if not given.")
@as_json_option
def replay_command(recording: Path, speed: float, session_id: str | None, as_json: bool) -> None:
    """Publish a recording over LSL as if its devices were there; Ctrl+C ends it."""
    from acquisition.replay.replaying import replay

    published = replay(recording, speed=speed, session_id=session_id, stop=stop_on_signals())
    if as_json:
        print_json([{"stream": str(p.stream), "samples": p.n_samples} for p in published])
    else:
        echo("\n".join(f"{p.stream}: {p.n_samples} samples" for p in published))


@click.command("verify", cls=Command)
@click.argument("recording", type=DIRECTORY)
@as_json_option
def verify_command(recording: Path, as_json: bool) -> None:
    """Check a recording: its manifest, checksums, and whose each file is; exit 1 if anything is wrong.

    What stands in one person's file and was another's, since devices changed hands, is named; that is
    nothing wrong. Nor are stops of the recorder, as by a suspend, and jumps of the clocks, which are noted.
    Recordings of older versions do not say in each file whose it is: "older: roles not proven", exit 0.
    """
    from acquisition.linking.showing import linked as linked_videos
    from acquisition.recording.assigned import misfiled
    from acquisition.recording.identity import roles_proven
    from acquisition.recording.manifest import withdrawn
    from acquisition.recording.refill import lines as refilled
    from acquisition.recording.verify import noted, plain_rows, unopened, verify

    with working(f"checking {recording.name}"):
        findings, closed = verify(recording), unopened(recording)
    linked = any(f.problem == "linked" for f in findings)
    assigned = [] if linked or closed else misfiled(recording)
    growing = any(f.problem == "growing" for f in findings)
    said_of = (noted, plain_rows, withdrawn, refilled, linked_videos)
    notes = [] if linked or growing else [line for say in said_of for line in say(recording)]
    if as_json:
        said = {"recording": str(recording), "ok": not findings, "roles_proven": roles_proven(recording)}
        said |= {"sealed": closed, "assigned": [asdict(s) for s in assigned], "noted": notes}
        print_json(said | {"findings": [asdict(f) for f in findings]})
    for why in [] if as_json else closed.values():
        echo(f"{recording}: {why}; its slices were not looked into", err=True)
    for finding in [] if as_json else findings:
        echo(f"{recording}: {finding}", err=True)
    for note in [] if as_json else notes:
        echo(f"{recording}: noted: {note}")
    if findings:
        sys.exit(1)
    if not as_json:
        older = "" if roles_proven(recording) else " (older: roles not proven)"
        by = " by its manifest" if closed else ""
        echo("\n".join([f"{recording}: whole{by}{older}", *(f"{recording}: {s}" for s in assigned)]))


@click.command("repair", cls=Command)
@click.argument("recording", type=DIRECTORY)
@click.option("--out", type=OutputPath(new=True), help="New directory; <RECORDING>_repaired if not given.")
@as_json_option
def repair_command(recording: Path, out: Path | None, as_json: bool) -> None:
    """Write what can be saved of a cut recording to a new one; the old one is left as it is.

    What the copy cannot put right, such as two people's files that were exchanged, is named.
    """
    from acquisition.recording.derived import COPY, note
    from acquisition.recording.repair import repair
    from acquisition.recording.verify import verify

    target = out or recording.resolve().with_name(f"{recording.resolve().name}_repaired")
    note(recording, target, COPY)
    with working(f"saving what is whole of {recording.name}"):
        done = repair(recording, target)
        still = verify(target)
    if as_json:
        files = [{"file": r.file, "slices": r.slices, "left_out": [str(d) for d in r.damage]} for r in done]
        print_json({"recording": str(target), "files": files, "findings": [asdict(f) for f in still]})
    else:
        echo("\n".join([f"{target}:", *map(str, done)]))
    for finding in [] if as_json else still:
        echo(f"{target}: copied as it was: {finding}", err=True)
