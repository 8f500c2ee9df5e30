"""attune cohort: many recordings into one store, their models and a report of them."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import click

from acquisition.commands.command import FILE, Command, as_json_option, print_json, study_option
from acquisition.commands.completing import RecordingPath
from acquisition.commands.given import OutputPath
from acquisition.terminal import echo, in_table
from acquisition.text import how_many

if TYPE_CHECKING:
    from processing.cohort.job import Done, Job, Settings
    from processing.cohort.making import Made, Progress

SHOWN = 10
"""Failures that are printed one by one; all stand in the table."""


@click.command("cohort", cls=Command)
@click.argument(
    "places", nargs=-1, metavar="RECORDING|DIR...", type=RecordingPath(path_type=Path, exists=True)
)
@click.option("--out", required=True, type=OutputPath(file_okay=False), help="The store.")
@click.option(
    "--participants",
    type=FILE,
    metavar="TSV",
    help="A line a person: participant_id and covariates; it holds where sessions say otherwise.",
)
@click.option(
    "--outcomes",
    type=FILE,
    metavar="CSV",
    help="A line a session: dyad, session and outcomes (numbers); entity says whose, else the client's.",
)
@click.option(
    "--scheduler", default="", metavar="tcp://HOST:PORT", help="A Dask scheduler that runs already."
)
@click.option(
    "--jobs", type=click.IntRange(1), help="Processes on this machine; as many as cores by default."
)
@click.option("--config", "config_file", type=FILE, help="Parameters (TOML).")
@click.option(
    "--corrections", default="", metavar="CODE", help="With the corrections by hand of this person."
)
@click.option("--reference", "references", multiple=True, type=FILE, help="As attune process --reference.")
@click.option("--scaling", type=click.Choice(("person", "anchored")), help="What --reference is for.")
@click.option("--accept-damage", is_flag=True, help="Go on with recordings that are damaged or were changed.")
@click.option(
    "--own-page",
    nargs=2,
    type=(str, OutputPath(file_okay=False)),
    default=None,
    metavar="CODE DIR",
    help="Write a therapist's own page there: how soon the excursions of their clients were answered.",
)
@click.option("--only", is_flag=True, help="Take everything else out of the store.")
@study_option
@as_json_option
def cohort_command(
    places: tuple[Path, ...],
    out: Path,
    participants: Path | None,
    outcomes: Path | None,
    scheduler: str,
    jobs: int | None,
    config_file: Path | None,
    corrections: str,
    references: tuple[Path, ...],
    scaling: Literal["person", "anchored"] | None,
    accept_damage: bool,
    own_page: tuple[str, Path] | None,
    only: bool,
    study: Path | None,
    as_json: bool,
) -> None:
    """Process many recordings into one store: Parquet by dyad and session, and cohort.duckdb with views.

    Recordings join what the store holds. Only what is new or was changed is computed, an interrupted run
    goes on where it was, and a recording that fails is named in a table and ends nothing. Exit 1 if any has.
    """
    if scaling and not references:
        raise click.UsageError(f"--scaling {scaling} needs --reference FILE")
    if scheduler and jobs:
        raise click.UsageError(
            "--jobs is for this machine: with --scheduler its workers are as many as they are"
        )
    # The pipeline takes a second to import, which help and wrong usage need not wait for.
    from processing.cohort.engine import cores
    from processing.cohort.known import recordings_in
    from processing.cohort.making import Wanted, bring_up_to_date
    from processing.cohort.store import opened, state_of

    if not places and state_of(out) is None:
        raise click.UsageError(f"{out} is no store yet: say RECORDING or DIR")
    wanted = Wanted(
        recordings=recordings_in(places),
        settings=_settings(config_file, corrections, references, scaling, accept_damage),
        only=only,
        participants=participants,
        outcomes=outcomes,
        study=study,
        scheduler=scheduler,
        n=jobs or cores(),
    )
    with opened(out) as store, _shown(quiet=as_json) as progress:
        made = bring_up_to_date(store, wanted, progress)
        if own_page:
            from processing.cohort.own_page import write_own_page

            written = write_own_page(store, made.jobs, *own_page)
            made.remarks.append(f"{written[0]}: for {own_page[0]} alone")
    if as_json:
        print_json(_as_json(out, made))
    else:
        _say(out, made)
    if made.failures:
        sys.exit(1)


def _settings(
    config_file: Path | None,
    corrections: str,
    references: Sequence[Path],
    scaling: Literal["person", "anchored"] | None,
    accept_damage: bool,
) -> Settings:
    from processing.arousal.person import NOBODY, read_people
    from processing.cohort.job import Settings
    from processing.config import load_config

    config = load_config(config_file)
    people = read_people(references, config.arousal, scaling or "person") if references else NOBODY
    return Settings(config=config, people=people, corrections=corrections, accept_damage=accept_damage)


@contextmanager
def _shown(*, quiet: bool) -> Iterator[Progress]:
    """Give what shows how far it is: a bar with the time left on a terminal, lines elsewhere."""
    if quiet:
        yield lambda n, of, job, done: None
        return
    if not sys.stderr.isatty():
        yield _line()
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("sessions"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("left"),
        TimeRemainingColumn(), TextColumn("{task.fields[last]}"),
    )  # fmt: skip
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("sessions", total=None, last="")
        yield lambda n, of, job, done: bar.update(task, completed=n, total=of, last=in_table(job.title).plain)


def _line() -> Progress:
    begin = time.monotonic()

    def say(n: int, of: int, job: Job, done: Done) -> None:
        left = (time.monotonic() - begin) / n * (of - n)
        what = f"failed: {done.reason}" if done.reason else f"{done.seconds:.1f} CPU s"
        echo(f"{n}/{of} {job.title}: {what}; about {_duration(left)} left", err=True)

    return say


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def _say(out: Path, made: Made) -> None:
    did = f"{made.computed} computed" if made.computed else "nothing to compute"
    echo(f"{out}: {made.contents}; {did}" + ("" if made.changed else ", nothing changed"))
    if made.sealed:
        sealed = how_many(made.sealed, "sealed recording")
        echo(f"{out}: holds the results of {sealed}, unsealed: keep it as you keep keys")
    for line in made.remarks:
        echo(line)
    for path, why in sorted(made.failures.items())[:SHOWN]:
        echo(f"{path}: {why}", err=True)
    if made.failures:
        failed = how_many(len(made.failures), "recording is", "recordings are")
        echo(f"{failed} not in the store: {out / 'failures.parquet'}", err=True)


def _as_json(out: Path, made: Made) -> dict[str, object]:
    return {
        "store": str(out),
        "sessions": len(made.jobs),
        "dyads": made.dyads,
        "people": made.people,
        "computed": made.computed,
        "cpu_seconds": round(made.cpu, 3),
        "changed": made.changed,
        "sealed": made.sealed,
        "remarks": made.remarks,
        "failures": made.failures,
    }
