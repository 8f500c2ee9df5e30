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
@click.option(
    "--corrections", default="", metavar="CODE", help="With the corrections by hand of this person."
)
def report_command(
    recording: Path, out: Path | None, pdf: bool, config_file: Path | None, corrections: str
) -> None:
    """Write the report of a recording: quality, the hour on a page, figures, tables, methods."""
    from acquisition.protection.audit import keep
    from acquisition.recording.derived import note
    from processing.config import load_config
    from processing.report.pdf import write_pdf
    from processing.report.report import write_report
    from processing.results.corrected import corrected_by, results_name
    from processing.results.session_run import run_recording

    corrected = corrected_by(recording, corrections) if corrections else None
    run = run_recording(recording, config=load_config(config_file), corrected=corrected)
    hour = run.hour()
    target = out or Path(f"{results_name(recording, corrections)}_report.html")
    note(recording, target, "report")
    keep("reported", recording)
    write_report(run, hour, target)
    echo(str(target))
    if pdf:
        note(recording, target.with_suffix(".pdf"), "report")
        write_pdf(run, hour, target.with_suffix(".pdf"))
        echo(str(target.with_suffix(".pdf")))
