"""attune report: a finished recording as one HTML page, and as PDF."""

from __future__ import annotations

from pathlib import Path

import click

from acquisition.commands.command import Command
from acquisition.terminal import echo


@click.command("report", cls=Command)
@click.argument("recording", type=click.Path(path_type=Path), metavar="RECORDING")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The HTML file; without it <recording>_report.html here.",
)
@click.option("--pdf", is_flag=True, help="Write a PDF beside it.")
@click.option(
    "--config", "config_file", type=click.Path(path_type=Path, dir_okay=False), help="Parameters (TOML)."
)
def report_command(recording: Path, out: Path | None, pdf: bool, config_file: Path | None) -> None:
    """Write the report of a recording: quality, the hour on a page, figures, tables, methods."""
    from processing.config import load_config
    from processing.report.pdf import write_pdf
    from processing.report.report import write_report
    from processing.results.session_run import run_recording

    run = run_recording(recording, config=load_config(config_file))
    hour = run.hour()
    target = out or Path(f"{recording.resolve().name}_report.html")
    write_report(run, hour, target)
    echo(str(target))
    if pdf:
        write_pdf(run, hour, target.with_suffix(".pdf"))
        echo(str(target.with_suffix(".pdf")))
