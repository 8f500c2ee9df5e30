"""attune process: recordings in, tables out."""

from __future__ import annotations

import json
import math
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from acquisition.commands.command import Command
from acquisition.errors import AttunementError
from processing.arousal.person import NOBODY, People, read_people
from processing.commands.process import Outcome, process_recording
from processing.config import PipelineConfig, load_config


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """Say what is done with each recording; a call does it, in whatever process."""

    out: Path
    config: PipelineConfig
    people: People = NOBODY
    follow: bool = False
    force: bool = False
    report: bool = False
    cvxeda: bool = False

    def __call__(
        self, path: Path, progress: Callable[[float], None] | None = None
    ) -> Outcome | AttunementError:
        """Process a recording; an error becomes a message, so that it can leave its process."""
        try:
            return process_recording(
                path,
                self.out,
                config=self.config,
                people=self.people,
                follow=self.follow,
                force=self.force,
                report=self.report,
                cvxeda=self.cvxeda,
                progress=progress,
            )
        except AttunementError as error:
            return AttunementError(str(error))
        except OSError as error:
            return AttunementError(f"{error.filename or path}: {error.strerror or error}")


@click.command("process", cls=Command)
@click.argument(
    "recordings", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RECORDING..."
)
@click.option(
    "--out", required=True, type=click.Path(path_type=Path, file_okay=False), help="Parent of the results."
)
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
@click.option("--follow", is_flag=True, help="Follow a recording that is still growing, until it ends.")
@click.option(
    "--jobs", type=click.IntRange(1), default=1, show_default=True, help="Recordings at the same time."
)
@click.option(
    "--lateness",
    type=click.FloatRange(0),
    help="Seconds a sample may be late, or inf; instead of the recorded.",
)
@click.option("--report", is_flag=True, help="Write report.html beside the tables.")
@click.option(
    "--cvxeda", is_flag=True, help="Write eda_cvxeda.parquet, an offline decomposition of EDA, as well."
)
@click.option("--force", is_flag=True, help="Compute again even if nothing changed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per recording.")
def process_command(
    recordings: tuple[Path, ...],
    out: Path,
    config_file: Path | None,
    references: tuple[Path, ...],
    follow: bool,
    jobs: int,
    lateness: float | None,
    report: bool,
    cvxeda: bool,
    force: bool,
    as_json: bool,
) -> None:
    """Compute indices and session metrics of recordings into OUT/<session>/.

    A second run with the same input, version and parameters does nothing and says so; an interrupted run,
    started again, goes on where it was.
    """
    _refuse_collisions(recordings)
    if follow and len(recordings) > 1:
        raise click.UsageError("--follow takes one recording")
    config = load_config(config_file)
    if lateness is not None:
        if math.isnan(lateness):
            raise click.UsageError("--lateness takes a number of seconds, or inf")
        config = replace(config, lateness=lateness)
    failed = 0
    people = read_people(references, config.arousal)
    work = Work(
        out=out, config=config, people=people, follow=follow, force=force, report=report, cvxeda=cvxeda
    )
    for result in _run(recordings, work, jobs, quiet=as_json):
        failed += isinstance(result, AttunementError)
        _say(result, as_json)
    if failed:
        raise SystemExit(1)


def _refuse_collisions(recordings: Sequence[Path]) -> None:
    """Two recordings of one name would overwrite each other's results."""
    seen: dict[str, Path] = {}
    for path in recordings:
        name = path.resolve().name
        if name in seen:
            raise click.UsageError(f"{path} and {seen[name]} would both write into {name}/: use two --out")
        seen[name] = path


def _run(
    recordings: Sequence[Path], work: Work, jobs: int, *, quiet: bool
) -> Iterator[Outcome | AttunementError]:
    if len(recordings) > 1:
        yield from _many(recordings, work, jobs, quiet=quiet)
        return
    with _bar(quiet) as bar:
        task = bar.add_task(recordings[0].name, total=None, state="")

        def progress(seconds: float) -> None:
            bar.update(task, state=f"{seconds / 60:.1f} min of recording")

        yield work(recordings[0], progress)


def _many(
    recordings: Sequence[Path], work: Work, jobs: int, *, quiet: bool
) -> Iterator[Outcome | AttunementError]:
    """Process several recordings in processes of their own; results come in the order they were given."""
    pool = ProcessPoolExecutor(min(jobs, len(recordings)), initializer=_ignore_interrupts)
    try:
        # Before the bar is drawn: it has a thread, and a process with threads should not be copied.
        futures = [pool.submit(_in_process, work, path) for path in recordings]
        with _bar(quiet) as bar:
            task = bar.add_task("recordings", total=len(recordings), state="")
            for future in futures:
                future.add_done_callback(lambda _: bar.advance(task))
            for path, future in zip(recordings, futures, strict=True):
                yield _result(path, future)
    finally:
        pool.shutdown(cancel_futures=True)


def _ignore_interrupts() -> None:
    """Let Ctrl+C between two recordings be the parent's: this process ends with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _in_process(work: Work, path: Path) -> Outcome | AttunementError:
    """Process a recording; Ctrl+C leaves nothing half done and takes no other recording from the queue."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        return work(path)
    except KeyboardInterrupt:
        os._exit(130)
    finally:
        _ignore_interrupts()


def _result(path: Path, future: Future[Outcome | AttunementError]) -> Outcome | AttunementError:
    try:
        return future.result()
    except BrokenExecutor:
        return AttunementError(f"{path}: its process was ended from outside (out of memory?)")


@contextmanager
def _bar(quiet: bool) -> Iterator[Progress]:
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[state]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal, transient=True) as bar:
        yield bar


def _say(result: Outcome | AttunementError, as_json: bool) -> None:
    if isinstance(result, AttunementError):
        click.echo(f"attune process: {result}", err=True)
        return
    if as_json:
        fields = {name: getattr(result, name) for name in Outcome.__dataclass_fields__}
        click.echo(json.dumps(fields, default=str))
        return
    if result.skipped:
        click.echo(f"{result.directory}: up to date (same input, version and parameters; --force repeats it)")
        return
    click.echo(f"{result.directory}: {result.seconds / 60:.1f} min, {result.n_samples} index samples")
    for remark in result.remarks:
        click.echo(f"  {remark}")
