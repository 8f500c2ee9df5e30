"""attune report: a finished recording as one HTML page, and as PDF."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import click

from acquisition.commands.command import Command
from acquisition.commands.completing import RecordingPath
from acquisition.commands.given import OutputPath
from acquisition.terminal import echo, working


@click.command("report", cls=Command)
@click.argument("recording", type=RecordingPath(path_type=Path, exists=True), metavar="RECORDING")
@click.option(
    "--out",
    type=OutputPath(dir_okay=False),
    help="The HTML file; without it <recording>_report.html here.",
)
@click.option("--pdf", is_flag=True, help="Write a PDF beside it.")
@click.option("--rr", is_flag=True, help="With the RR series and spectrum of each person and phase.")
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path, dir_okay=False), help="Parameters (TOML)."
)
@click.option(
    "--corrections", default="", metavar="CODE", help="With the corrections by hand of this person."
)
@click.option("--plain", is_flag=True, help="Leave the report of a sealed recording unsealed.")
def report_command(
    recording: Path,
    out: Path | None,
    pdf: bool,
    rr: bool,
    config_file: Path | None,
    corrections: str,
    plain: bool,
) -> None:
    """Write the report of a recording: quality, the hour on a page, figures, tables, methods."""
    from acquisition.protection.audit import keep
    from acquisition.protection.sealed_file import keys_of
    from acquisition.recording.derived import note
    from acquisition.stream import PEOPLE
    from processing.config import load_config
    from processing.report.pdf import write_pdf
    from processing.report.report import write_report
    from processing.results.corrected import corrected_by, results_name
    from processing.results.session_run import run_recording

    corrected = corrected_by(recording, corrections) if corrections else None
    with working(f"computing {recording.name}") as done:
        config = load_config(config_file)
        run = run_recording(recording, config=config, corrected=corrected, progress=done)
        hour = run.hour()
    target = out or Path(f"{results_name(recording, corrections)}_report.html")
    note(recording, target, "report")
    keep("reported", recording)
    sealed_with = keys_of(recording, PEOPLE)
    keys = [] if plain else sealed_with
    if plain and sealed_with:
        keep("made plain", recording, what="report")
    _write(lambda file: write_report(run, hour, file, rr=rr), target, keys)
    if pdf:
        note(recording, target.with_suffix(".pdf"), "report")
        _write(lambda file: write_pdf(run, hour, file, rr=rr), target.with_suffix(".pdf"), keys)


def _write(make: Callable[[Path], object], target: Path, keys: list[str]) -> None:
    """Write a page, sealed where there are keys."""
    if not keys:
        make(target)
        echo(str(target))
        return
    from acquisition.protection.sealed_file import made_apart, seal_tree

    with made_apart(target) as plain:
        make(plain / target.name)
        seal_tree(plain, target.parent, keys)
    echo(f"{target}: sealed (attune unseal {target} --out DIR; --plain leaves it open)")
