"""attune process: recordings in, tables out."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from acquisition.command import Command
from acquisition.errors import AttunementError
from processing.config import PipelineConfig, load_config
from processing.session_run import Outcome, process_recording


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
@click.option("--follow", is_flag=True, help="Follow a recording that is still growing, until it ends.")
@click.option(
    "--jobs", type=click.IntRange(1), default=1, show_default=True, help="Recordings at the same time."
)
@click.option(
    "--lateness",
    type=click.FloatRange(0),
    help="Seconds a sample may be late, or inf; instead of the recorded.",
)
@click.option("--force", is_flag=True, help="Compute again even if nothing changed.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON line per recording.")
def process_command(
    recordings: tuple[Path, ...],
    out: Path,
    config_file: Path | None,
    follow: bool,
    jobs: int,
    lateness: float | None,
    force: bool,
    as_json: bool,
) -> None:
    """Compute indices and session metrics of recordings into OUT/<session>/.

    A second run with the same input, version and parameters does nothing and says so.
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
    for result in _run(recordings, out, config, follow, jobs, force, quiet=as_json):
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
    recordings: Sequence[Path],
    out: Path,
    config: PipelineConfig,
    follow: bool,
    jobs: int,
    force: bool,
    *,
    quiet: bool,
) -> Iterator[Outcome | AttunementError]:
    if len(recordings) == 1:
        with _bar(quiet) as bar:
            task = bar.add_task(recordings[0].name, total=None, state="")

            def progress(seconds: float) -> None:
                bar.update(task, state=f"{seconds / 60:.1f} min of recording")

            yield _one(recordings[0], out, config, follow, force, progress)
        return
    with _bar(quiet) as bar, ProcessPoolExecutor(jobs) as pool:
        task = bar.add_task("recordings", total=len(recordings), state="")
        futures = [pool.submit(_one, path, out, config, False, force) for path in recordings]
        for future in futures:
            yield future.result()
            bar.advance(task)


def _one(
    path: Path,
    out: Path,
    config: PipelineConfig,
    follow: bool,
    force: bool,
    progress: Callable[[float], None] | None = None,
) -> Outcome | AttunementError:
    try:
        return process_recording(path, out, config=config, follow=follow, force=force, progress=progress)
    except AttunementError as error:
        return error


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
