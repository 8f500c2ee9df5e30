"""attune events: agreement of raters, and the vocabulary."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from acquisition.commands.command import Group
from acquisition.errors import RecordingError
from acquisition.events.vocabulary import PROFILES, SOFTWARE, Code, load_vocabulary, shipped_bytes
from acquisition.terminal import echo, in_table
from processing.commands.event_import import import_command

if TYPE_CHECKING:
    from processing.codings.agreement import Agreement

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("events", cls=Group)
def events_command() -> None:
    """Compare raters, import codings of other programs, show and check the vocabulary."""


@events_command.command("agree")
@click.argument("a", metavar="A")
@click.argument("b", metavar="B")
@click.option(
    "--recording",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The recording that both coded: its length, and the clock of their files.",
)
@click.option("--code", "codes", multiple=True, metavar="CODE", help="Only this code; repeat it.")
@click.option(
    "--bin", "bin_length", type=click.FloatRange(0.1, 600), default=5.0, show_default=True, help="[s]"
)
@click.option("--tolerance", type=click.FloatRange(0, 600), default=10.0, show_default=True, help="[s]")
@click.option(
    "--seconds", type=click.FloatRange(0, min_open=True), help="Length of the session, without a recording."
)
@as_json_option
def agree_command(
    a: str,
    b: str,
    recording: Path | None,
    codes: tuple[str, ...],
    bin_length: float,
    tolerance: float,
    seconds: float | None,
    as_json: bool,
) -> None:
    """Compare what two raters A and B coded: Cohen's kappa on bins of 5 s, moments matched within ± 10 s.

    A and B are each a recording, RECORDING@R2 for one rater of it, a rater's own .jsonl file, the code of a
    rater (with --recording), or a .csv, .tsv, .eaf, .TextGrid, .vtt or .srt file.
    """
    from processing.codings import agreement
    from processing.codings.codings import longest, read_rater, recording_of
    from processing.codings.marked import read_marked

    place = recording or recording_of(a) or recording_of(b)
    marked = read_marked(place) if place else None
    in_a, in_b = ([i for i in read_rater(x, marked) if not codes or i.code in codes] for x in (a, b))
    length = marked.seconds if marked else seconds or longest(in_a, in_b) + bin_length
    if not length > 0.0:
        raise RecordingError("nothing to compare: neither A nor B holds a coding")
    found = agreement.agreements(in_a, in_b, length, bin_length=bin_length, tolerance=tolerance)
    if as_json:
        head: dict[str, Any] = {"a": a, "b": b, "seconds": length, "bin": bin_length, "tolerance": tolerance}
        echo(json.dumps(head | {"codes": [_plain(asdict(x)) for x in found]}, ensure_ascii=False))
        return
    if not marked and not seconds:
        echo(
            f"length of the session not known: taken to end with the bin of the last coding, {length:.1f} s",
            err=True,
        )
    _show(found, a, b, length, tolerance)


def _show(found: Sequence[Agreement], a: str, b: str, seconds: float, tolerance: float) -> None:
    if not found:
        echo("no codes to compare")
        return
    echo(f"A {a}, B {b}, {seconds / 60:.1f} min")
    table = Table(box=None, pad_edge=False, header_style="")
    for title in (
        "code",
        "actor",
        "kappa",
        "same",
        "A",
        "B",
        f"within {tolerance:g} s",
        "by chance",
        "B − A",
        "",
    ):
        table.add_column(title, justify="left" if title in ("code", "actor", "") else "right", no_wrap=True)
    for x in found:
        table.add_row(
            in_table(x.code),
            in_table(x.actor),
            _number(x.kappa, 2),
            f"{100 * x.observed:.1f} %",
            str(x.n_a),
            str(x.n_b),
            f"{x.matched} ({100 * x.match:.0f} %)",
            "–" if math.isnan(x.match_chance) else f"{100 * x.match_chance:.0f} %",
            f"{x.delay:+.1f} s" if math.isfinite(x.delay) else "–",
            in_table(x.reason),
        )
    Console(width=160).print(table)
    echo(
        f"kappa: Cohen's, on {found[0].bins} bins; within: 2 · pairs / (A + B), "
        "by chance: the same with B's moments shifted round the session"
    )


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "–"


def _plain(fields: dict[str, Any]) -> dict[str, Any]:
    return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in fields.items()}


events_command.add_command(import_command)


@events_command.command("vocabulary")
@click.argument("file", required=False, type=FILE)
@click.option(
    "--copy",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the shipped file there, to edit it.",
)
@click.option("--profile", type=click.Choice(tuple(PROFILES)), help="Only what this profile switches on.")
@as_json_option
def vocabulary_command(file: Path | None, copy: Path | None, profile: str | None, as_json: bool) -> None:
    """Show the codes that may be set, or check a laboratory's own FILE, CSV or TOML."""
    if copy is not None:
        with copy.open("xb") as target:
            target.write(shipped_bytes())
        echo(f'{copy}: edit it, then name it in the session file: [events] vocabulary = "{copy.name}"')
        return
    vocabulary = load_vocabulary(file)
    codes = vocabulary.profile(profile) if profile else list(vocabulary.codes.values())
    if as_json:
        echo(json.dumps({"hash": vocabulary.hash, "codes": [asdict(c) for c in codes]}, ensure_ascii=False))
        return
    for code in codes:
        echo(_described(code))
    echo(f"{len(codes)} codes, {vocabulary.hash}")


def _described(code: Code) -> str:
    key = code.hotkey if code.group != SOFTWARE else ""
    takes = f" [{code.value}]" if code.value else ""
    retired = " (retired)" if code.retired else ""
    return f"{code.code:<18} {code.kind:<8} {code.actor:<9} {key:<6} {code.meaning}{takes}{retired}"
