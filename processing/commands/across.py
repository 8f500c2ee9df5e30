"""attune across: what several sessions of one dyad hold together."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

from acquisition.commands.command import Command
from acquisition.commands.given import OutputPath
from acquisition.terminal import echo, in_table

if TYPE_CHECKING:
    from processing.across.finding import Finding


@click.command("across", cls=Command)
@click.argument(
    "results", nargs=-1, required=True, metavar="RESULTS...", type=click.Path(path_type=Path, file_okay=False)
)
@click.option("--out", type=OutputPath(dir_okay=False), help="Write the table there as well (.parquet).")
@click.option(
    "--own-page",
    metavar="CODE",
    default="",
    help="Only how soon the excursions of this therapist's clients were answered: for that person's own "
    "eyes.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def across_command(results: tuple[Path, ...], out: Path | None, own_page: str, as_json: bool) -> None:
    """Compute what the sessions of each dyad hold together, from RESULTS directories of attune process.

    The tolerated window over sessions: where its edges lie and whether they move. Labels must be in the
    scaling anchored or session. From 40 excursions of a dyad on, what goes with the client's way back.
    """
    from processing.across.everything import found_in
    from processing.across.finding import write_findings
    from processing.across.reading import read_sittings

    found = found_in(read_sittings(results), own_page)
    if out is not None:
        write_findings(out, found)
    if as_json:
        echo(json.dumps([_plain(asdict(x)) for x in found], ensure_ascii=False))
        return
    for said in dict.fromkeys(x.corrected for x in found if x.corrected):
        echo(f"sessions corrected by hand: {said}")
    if own_page:
        echo(f"For {own_page} alone. It describes; an excursion that was left alone may have been so well.")
    _show(found)


def _show(found: Sequence[Finding]) -> None:
    if not found:
        echo("nothing that several sessions could hold together: no labels, no excursions")
        return
    table = Table(box=None, pad_edge=False, header_style="")
    for title in ("who", "what", "value", "95 %", "n", "sessions", "scaling", ""):
        table.add_column(title, justify="left" if title in ("who", "what", "scaling", "") else "right")
    for x in found:
        unit = f" {x.unit}" if x.unit and math.isfinite(x.value) else ""
        table.add_row(
            in_table(x.who),
            in_table(x.metric),
            _number(x.value) + unit,
            f"{_number(x.ci_low)} … {_number(x.ci_high)}",
            str(x.n),
            str(x.sessions),
            x.scaling,
            in_table(x.reason),
        )
    Console(width=180).print(table)


def _number(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else "–"


def _plain(fields: dict[str, object]) -> dict[str, object]:
    return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in fields.items()}
