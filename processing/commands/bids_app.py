"""attune bids-app: the command line of a BIDS App."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import click

from acquisition.commands.command import FILE, Command
from acquisition.commands.completing import RecordingPath
from acquisition.commands.given import OutputPath
from acquisition.errors import AttunementError
from acquisition.terminal import echo, working
from acquisition.text import how_many

FOLDER = RecordingPath(path_type=Path, exists=True, file_okay=False)


@click.command("bids-app", cls=Command)
@click.argument("dataset", metavar="IN", type=FOLDER)
@click.argument("out", metavar="OUT", type=OutputPath(file_okay=False))
@click.argument("level", metavar="LEVEL", type=click.Choice(("participant", "group")))
@click.option(
    "--participant-label", "labels", multiple=True, metavar="LABEL", help="Only conversations of these."
)
@click.option("--config", "config_file", type=FILE, help="Parameters (TOML).")
@click.option(
    "--jobs", type=click.IntRange(1), default=1, show_default=True, help="Processes at group level."
)
def bids_app_command(
    dataset: Path, out: Path, level: str, labels: tuple[str, ...], config_file: Path | None, jobs: int
) -> None:
    """Compute a BIDS dataset: participant writes indices and metrics of each conversation, as a derivative;
    group puts all of them into one store (OUT/store, as attune cohort) with its models.
    """
    from processing.cohort.bids_app import (
        STORE,
        head,
        meetings_in,
        recording_of,
        refuse_other_settings,
        write_participant_level,
    )
    from processing.config import load_config

    config = load_config(config_file)
    meetings = meetings_in(dataset, labels)
    refuse_other_settings(out, config, meetings if level == "participant" else ())
    out.mkdir(parents=True, exist_ok=True)
    failures: dict[str, str] = {}  # of a conversation, which takes no other with it
    if level == "participant":
        for meeting in meetings:
            with _kept(failures, meeting.name):
                with working(f"computing {meeting.name}"):
                    written = write_participant_level(dataset, meeting, out, config)
                echo(f"{meeting.name}: {how_many(len(written), 'file')} in {out}")
        _end(failures)
        return
    from processing.cohort.job import Settings
    from processing.cohort.making import Wanted, bring_up_to_date
    from processing.cohort.store import opened

    head(dataset, out)
    recordings = []
    for meeting in meetings:
        with _kept(failures, meeting.name):
            recordings.append(recording_of(dataset, meeting, out))
    if not recordings:
        _end(failures)
    wanted = Wanted(recordings=recordings, settings=Settings(config=config), only=not labels, n=jobs)
    with opened(out / STORE) as store:
        made = bring_up_to_date(
            store, wanted, lambda n, of, job, done: echo(f"{n}/{of} {job.title}", err=True)
        )
    echo(f"{out / STORE}: {made.contents}")
    _end(failures | {str(path): why for path, why in made.failures.items()})


@contextmanager
def _kept(failures: dict[str, str], name: str) -> Iterator[None]:
    """Keep why a conversation could not be computed."""
    from processing.cohort.known import faults_as_lines

    try:
        yield
    except (AttunementError, OSError) as error:
        failures[name] = faults_as_lines(error, Path(name))


def _end(failures: Mapping[str, str]) -> None:
    """Say what could not be computed, and end with 1 if there is any."""
    for name, why in sorted(failures.items()):
        echo(f"{name}: {why}", err=True)
    if failures:
        raise click.exceptions.Exit(1)
