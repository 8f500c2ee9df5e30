"""attune corrections: beats corrected elsewhere come in and go out; who corrected what, and who agrees."""

from __future__ import annotations

import json
import math
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from acquisition.commands.command import DIRECTORY, FILE, Command, Group, as_json_option
from acquisition.commands.given import FiniteRange, OutputPath
from acquisition.errors import RecordingError
from acquisition.private import only_for_owner
from acquisition.stream import PEOPLE
from acquisition.terminal import echo
from acquisition.text import how_many

if TYPE_CHECKING:
    from processing.correcting.matching import Agreement

recording_option = click.option(
    "--recording", required=True, type=DIRECTORY, help="The finished recording that is corrected."
)
role_option = click.option(
    "--role", required=True, type=click.Choice([role.value for role in PEOPLE]), help="Whose beats."
)


@click.group("corrections", cls=Group)
def corrections_command() -> None:
    """Bring in beats that were corrected elsewhere, write them out, list and compare corrections by hand.

    In the window: attune view RECORDING, then Correct beats. Results with them: attune process RECORDING
    --corrections CODE.
    """


@corrections_command.command("import", cls=Command)
@click.argument("file", type=FILE)
@recording_option
@role_option
@click.option("--editor", required=True, metavar="CODE", help="Who corrected, a code such as R2; no name.")
@click.option("--why", required=True, help="Kept with each correction.")
@click.option(
    "--offset",
    type=FiniteRange(),
    default=0.0,
    show_default=True,
    help="Second of the recording at 0 s of the file.",
)
@click.option(
    "--move-over",
    type=FiniteRange(0.0, 50.0),
    default=10.0,
    show_default=True,
    help="A beat of both is moved if the file has it further away than this [ms].",
)
@click.option(
    "--decimal", type=click.Choice([".", ","]), help="Decimal sign, where it can be read in two ways."
)
@click.option("--separator", metavar="SIGN", help="What stands between columns, where that is in doubt.")
@click.option("--dry-run", is_flag=True, help="Only say what would be done.")
@as_json_option
def import_command(
    file: Path,
    recording: Path,
    role: str,
    editor: str,
    why: str,
    offset: float,
    move_over: float,
    decimal: str | None,
    separator: str | None,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Turn a full list of beats into insertions, deletions and moves against the beats that count now.

    FILE is a table with a column named time (seconds since the recording began; ms where its head says so),
    or annotations of wfdb as rdann prints them. Beats within 50 ms are the same. What the list does not
    reach, before its first and after its last beat, stays. Imported beats keep their times. Importing the
    same file again adds nothing.
    """
    from acquisition.events.corrections_file import append_corrections, refuse_editor
    from acquisition.importing.found import Hints
    from acquisition.importing.options import refuse_unheeded
    from acquisition.protection.audit import keep
    from processing.correcting.beat_lists import read_beats
    from processing.correcting.matching import Purpose, leading_to
    from processing.correcting.standing import read_standing

    refuse_editor(editor, recording=recording)
    if not math.isfinite(offset):
        raise click.UsageError("--offset takes a number of seconds")
    now = read_standing(recording, role, editor)
    hints = Hints(decimal=decimal or "", separator=separator or "")
    listed = read_beats(file, now.sfreq, hints)
    refuse_unheeded(hints, [file])
    times = listed.times + offset
    for line, time in zip(listed.lines, times.tolist(), strict=True):
        if not 0.0 <= time <= now.seconds:
            raise RecordingError(
                f"{file}: line {line}: {time:.3f} s is outside the recording (0 to {now.seconds:.3f} s); "
                "--offset says where the file begins"
            )
    when = datetime.now(UTC).isoformat(timespec="microseconds")
    purpose = Purpose(role=role, who=editor, when=when, why=why)
    made = leading_to(now.rows.beats.times, now.begin + times, purpose, move_over / 1e3)
    if not dry_run:
        append_corrections(recording, made)
        keep("edited", recording, file="corrections", rows=len(made))
    ops = [c.op for c in made]
    counts = {
        "beats": len(times),
        "inserted": ops.count("insert"),
        "deleted": ops.count("delete"),
        "moved": ops.count("move"),
        "skipped": listed.skipped,
    }
    if as_json:
        echo(json.dumps({"file": str(file), "editor": editor, **counts}))
        return
    done = "would be " if dry_run else ""
    left_out = how_many(listed.skipped, "annotation that is no beat", "annotations that are no beats")
    echo(
        f"{file}: {how_many(len(times), 'beat')} from {times[0]:.3f} to {times[-1]:.3f} s: "
        f"{done}{counts['inserted']} inserted, {counts['deleted']} deleted, {counts['moved']} moved"
        + (f"; {left_out} left out" if listed.skipped else "")
    )


@corrections_command.command("export", cls=Command)
@click.argument("file", type=OutputPath(dir_okay=False))
@recording_option
@role_option
@click.option("--editor", default="", metavar="CODE", help="With whose corrections; without, as detected.")
@click.option(
    "--why", default="", metavar="T", help="Kept beside the recording, where it says what was made of it."
)
def export_command(file: Path, recording: Path, role: str, editor: str, why: str) -> None:
    """Write a full list of beats with their classes, corrected or as detected.

    FILE ends in .csv (time in seconds since the recording began, interval, class, what was done by hand, and
    by whom), or in .txt, .ann or .atr for annotations as wrann of wfdb reads them: N for a normal beat, Q for
    any other.
    """
    from acquisition.protection.audit import keep
    from acquisition.recording.derived import note
    from processing.correcting.beat_lists import write_beats
    from processing.correcting.standing import read_standing

    now = read_standing(recording, role, editor, known=True)
    beats = now.listed()
    note(recording, file, "beats", (role,), why=why.strip())
    keep("exported", recording, to="beats")
    write_beats(file, beats, now.sfreq, editor)
    only_for_owner(file)
    echo(
        f"{file}: {how_many(len(beats), 'beat')}"
        + (f", corrected by {editor}" if editor else ", as detected")
    )


@corrections_command.command("list", cls=Command)
@click.argument("recording", type=DIRECTORY)
@as_json_option
def list_command(recording: Path, as_json: bool) -> None:
    """Say who corrected how much in a recording, and when last."""
    from acquisition.events.corrected import editors, fold
    from acquisition.events.corrections import read_corrections
    from acquisition.recording.recording import Recording
    from processing.results.corrected import said

    lines = read_corrections(Recording(recording).path)  # another folder is no recording without corrections
    rows = [(who, fold(lines, who), max(c.when for c in lines if c.who == who)) for who in editors(lines)]
    if as_json:
        found = [
            {
                "editor": who,
                "last": last,
                "faults": list(folded.faults),
                "counts": {f"{r}/{s}": one.counts() for (r, s), one in folded.signals.items()},
            }
            for who, folded, last in rows
        ]
        echo(json.dumps(found))
        return
    if not rows:
        echo(f"{recording}: nobody has corrected it")
    for who, folded, last in rows:
        each = [f"{r} {s}: {said([one])}" for (r, s), one in sorted(folded.signals.items())]
        echo(f"{who}: {'; '.join(each) or 'nothing holds'}; last at {last}")
        for fault in folded.faults:
            echo(f"  {fault}")


@corrections_command.command("agree", cls=Command)
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@recording_option
@role_option
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path, dir_okay=False), help="Parameters (TOML)."
)
@as_json_option
def agree_command(
    a: str, b: str, recording: Path, role: str, config_file: Path | None, as_json: bool
) -> None:
    """Compare the beats of two people who corrected apart: within ± 50 ms, and RMSSD in windows side by side.

    A and B are codes of people who corrected; "-" stands for the beats as detected.
    """
    from processing.config import load_config
    from processing.correcting.matching import agreement
    from processing.correcting.standing import read_standing, standing_of

    rules = load_config(config_file).heart
    one = read_standing(recording, role, "" if a == "-" else a, known=True)
    other = standing_of(one, recording, role, "" if b == "-" else b)
    end = one.begin + one.seconds
    found = agreement(one.rows, other.rows, one.begin, end, has_shapes=one.has_shapes, config=rules)
    if as_json:
        plain = {k: None if v != v else v for k, v in asdict(found).items()}
        echo(json.dumps({"a": a, "b": b, "role": role, "same_pct": found.share, **plain}))
        return
    _show(found, a, b)


def _show(found: Agreement, a: str, b: str) -> None:
    echo(
        f"{how_many(found.both, 'beat')} of both within 50 ms ({found.share:.2f} % of all), "
        f"{found.only_a} of {a} alone, {found.only_b} of {b} alone"
    )
    if found.both:
        echo(f"beats of both are {found.apart:.1f} ms apart on average, {found.farthest:.1f} ms at most")
    if not found.windows:
        echo("no window of which both have an RMSSD")
        return
    echo(
        f"RMSSD over {found.windows} windows side by side: {a} {found.rmssd_a:.2f} ms, "
        f"{b} {found.rmssd_b:.2f} ms; {b} − {a}: {found.bias:+.2f} ms"
        + (f", limits of agreement {found.low:+.2f} to {found.high:+.2f} ms" if found.windows > 1 else "")
    )
