"""attune process: recordings in, tables out."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from acquisition.commands.command import Command
from acquisition.commands.completing import RecordingPath
from acquisition.commands.given import FiniteRange, OutputPath
from acquisition.errors import AttunementError
from acquisition.recording.contents import recording_around
from acquisition.terminal import echo

if TYPE_CHECKING:
    from processing.commands.process import Outcome


@click.command("process", cls=Command)
@click.argument(
    "recordings",
    nargs=-1,
    required=True,
    type=RecordingPath(path_type=Path, exists=True),
    metavar="RECORDING...",
)
@click.option("--out", required=True, type=OutputPath(file_okay=False), help="Parent of the results.")
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path, dir_okay=False), help="Parameters (TOML)."
)
@click.option(
    "--reference",
    "references",
    multiple=True,
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="reference.json of earlier results; may be repeated. The arousal index of a person in it is "
    "relative to that person's own reference, not to this session's baselines.",
)
@click.option(
    "--scaling",
    type=click.Choice(("person", "anchored")),
    help="What --reference is for: person (the default; compares levels across sessions), or anchored: "
    "today's centre on the person's scale (compares edges and widths).",
)
@click.option("--follow", is_flag=True, help="Follow a recording that is still growing, until it ends.")
@click.option(
    "--jobs", type=click.IntRange(1), default=1, show_default=True, help="Recordings at the same time."
)
@click.option(
    "--lateness",
    type=FiniteRange(0, endless=True),
    help="Seconds a sample may be late, or inf; instead of the recorded.",
)
@click.option(
    "--plain", is_flag=True, help="Leave the results of a sealed recording unsealed; the audit log says so."
)
@click.option("--report", is_flag=True, help="Write report.html beside the tables.")
@click.option(
    "--cvxeda", is_flag=True, help="Write eda_cvxeda.parquet, an offline decomposition of EDA, as well."
)
@click.option(
    "--accept-damage",
    is_flag=True,
    help="Go on with a recording that is damaged, or whose files were changed after it was closed; the "
    "results say so.",
)
@click.option(
    "--corrections",
    default="",
    metavar="CODE",
    help="With the corrections by hand of this person (attune corrections, or the review); results go into "
    "OUT/<session>__CODE/, those without stay.",
)
@click.option("--force", is_flag=True, help="Compute again even if nothing changed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per recording.")
def process_command(
    recordings: tuple[Path, ...],
    out: Path,
    config_file: Path | None,
    references: tuple[Path, ...],
    scaling: Literal["person", "anchored"] | None,
    follow: bool,
    jobs: int,
    lateness: float | None,
    plain: bool,
    report: bool,
    cvxeda: bool,
    accept_damage: bool,
    corrections: str,
    force: bool,
    as_json: bool,
) -> None:
    """Compute indices and session metrics of recordings into OUT/<session>/.

    A second run with the same input, version and parameters does nothing and says so; an interrupted run,
    started again, goes on where it was.
    """
    # The pipeline takes a second to import, which help and wrong usage need not wait for.
    from processing.arousal.person import read_people
    from processing.commands.many import Work, process_all
    from processing.config import load_config

    _refuse_collisions(recordings)
    _refuse_themselves(recordings, out)
    if follow and len(recordings) > 1:
        raise click.UsageError("--follow takes one recording")
    if scaling and not references:
        raise click.UsageError(f"--scaling {scaling} needs --reference FILE")
    if follow and corrections:
        raise click.UsageError("--corrections are of a finished recording; --follow reads one that grows")
    config = load_config(config_file)
    if lateness is not None:
        config = replace(config, lateness=lateness)
    failed = 0
    people = read_people(references, config.arousal, scaling or "person")
    work = Work(
        out=out,
        config=config,
        people=people,
        follow=follow,
        force=force,
        plain=plain,
        report=report,
        cvxeda=cvxeda,
        accept_damage=accept_damage,
        corrections=corrections,
    )
    for result in process_all(recordings, work, jobs, quiet=as_json):
        failed += isinstance(result, AttunementError)
        _say(result, as_json)
        failed += not accept_damage and _is_damaged(result)
    if failed:
        raise SystemExit(1)


def _is_damaged(result: Outcome | AttunementError) -> bool:
    """Tell whether a recording is damaged, and say so: its results are written, but not taken as done."""
    if isinstance(result, AttunementError) or not result.damaged:
        return False
    more = f"; and {len(result.damaged) - 3} more" if len(result.damaged) > 3 else ""
    lost = "; ".join(result.damaged[:3])
    echo(f"{result.recording}: damaged ({lost}{more}); --accept-damage takes its results as done", err=True)
    return True


def _refuse_collisions(recordings: Sequence[Path]) -> None:
    """Two recordings of one name would overwrite each other's results."""
    seen: dict[str, Path] = {}
    for path in recordings:
        name = path.resolve().name
        if name in seen:
            raise click.UsageError(f"{path} and {seen[name]} would both write into {name}/: use two --out")
        seen[name] = path


def _refuse_themselves(recordings: Sequence[Path], out: Path) -> None:
    """Results are named after their recording: beside it they would come to lie in it."""
    for path in recordings:
        if (around := recording_around(out / path.resolve().name)) is not None:
            raise click.UsageError(
                f"the results of {path} would be written into the recording {around}: name another --out"
            )


def _say(result: Outcome | AttunementError, as_json: bool) -> None:
    if isinstance(result, AttunementError):
        echo(f"attune process: {result}", err=True)
        return
    if as_json:
        values = {field.name: getattr(result, field.name) for field in fields(result)}
        echo(json.dumps(values, default=str))
        return
    if result.skipped:
        echo(f"{result.directory}: up to date (same input, version and parameters; --force repeats it)")
        return
    echo(f"{result.directory}: {result.seconds / 60:.1f} min, {result.n_samples} index samples")
    for remark in result.remarks:
        echo(f"  {remark}")
