"""attune events agree: how raters agree, on one session or over several."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from acquisition.commands.command import Command
from acquisition.commands.given import FiniteRange
from acquisition.errors import RecordingError
from acquisition.terminal import echo, in_table

if TYPE_CHECKING:
    from processing.codings.agreement import Agreement
    from processing.codings.reliability import Icc
    from processing.codings.several import CodedSession, Several

TITLES = (
    "code", "actor", "kappa", "alpha", "same", "A", "B", "within {tolerance:g} s", "by chance", "B − A", "",
)  # fmt: skip
OF_SEVERAL = (
    "code", "actor", "sessions", "kappa", "alpha", "alpha of values", "ICC(2,k) count", "minutes", "set", "",
)  # fmt: skip
LEFT = ("code", "actor", "set", "")


@click.command("agree", cls=Command)
@click.argument("raters", metavar="A B [C ...]", nargs=-1, required=True)
@click.option(
    "--recording",
    "recordings",
    multiple=True,
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    help="The recording that all coded: its length, and the clock of their files. Repeat it to compare "
    "raters over sessions.",
)
@click.option("--code", "codes", multiple=True, metavar="CODE", help="Only this code; repeat it.")
@click.option("--bin", "bin_length", type=FiniteRange(0.1, 600), default=5.0, show_default=True, help="[s]")
@click.option("--tolerance", type=FiniteRange(0, 600), default=10.0, show_default=True, help="[s]")
@click.option(
    "--seconds", type=FiniteRange(0, min_open=True), help="Length of the session, without a recording."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def agree_command(
    raters: tuple[str, ...],
    recordings: tuple[Path, ...],
    codes: tuple[str, ...],
    bin_length: float,
    tolerance: float,
    seconds: float | None,
    as_json: bool,
) -> None:
    """Compare what raters coded.

    Two raters of one session: Cohen's kappa and Krippendorff's alpha on bins of 5 s, moments matched within
    ± 10 s. More raters, or several --recording: kappa over pairs, alpha over all, and ICC(2,k) of how often
    and how long a code was set in each session.

    A rater is a recording, RECORDING@R2 for one rater of it, a rater's own .jsonl file, the code of a rater
    (with --recording), or a .csv, .tsv, .eaf, .TextGrid, .vtt or .srt file. Over several recordings each is a
    code.
    """
    two = len(raters) == 2 and len(recordings) <= 1
    if len(raters) < 2 or (not two and len(set(raters)) < len(raters)):
        raise click.UsageError("two raters or more, each once")
    if two:
        _of_two(raters, recordings, codes, bin_length, tolerance, seconds, as_json)
    else:
        _of_several(raters, recordings, codes, bin_length, seconds, as_json)


def _of_two(
    raters: Sequence[str],
    recordings: Sequence[Path],
    codes: Sequence[str],
    bin_length: float,
    tolerance: float,
    seconds: float | None,
    as_json: bool,
) -> None:
    from processing.codings import agreement

    session = _one_session(raters, recordings, codes, seconds, bin_length)
    a, b = raters
    found = agreement.agreements(
        session.by_rater[a], session.by_rater[b], session.seconds, bin_length=bin_length, tolerance=tolerance
    )
    if as_json:
        head: dict[str, Any] = {"a": a, "b": b, "seconds": session.seconds}
        head |= {"bin": bin_length, "tolerance": tolerance}
        echo(json.dumps(head | {"codes": [_plain(asdict(x)) for x in found]}, ensure_ascii=False))
        return
    _warn_of_length(session, seconds)
    _show(found, a, b, session.seconds, tolerance)


def _of_several(
    raters: Sequence[str],
    recordings: Sequence[Path],
    codes: Sequence[str],
    bin_length: float,
    seconds: float | None,
    as_json: bool,
) -> None:
    from processing.codings.several import agreement_of_several

    if len(recordings) > 1:
        sessions = [_session_of(path, raters, codes) for path in recordings]
    else:
        sessions = [_one_session(raters, recordings, codes, seconds, bin_length)]
        if not as_json:
            _warn_of_length(sessions[0], seconds)
    found = agreement_of_several(sessions, raters, bin_length=bin_length)
    coded = {s.name: sorted(s.by_rater) for s in sessions}
    if as_json:
        head = {"raters": list(raters), "bin": bin_length, "coded": coded}
        echo(json.dumps(head | {"codes": [_plain(asdict(x)) for x in found]}, ensure_ascii=False))
        return
    _show_several(found, raters, coded)


def _one_session(
    raters: Sequence[str],
    recordings: Sequence[Path],
    codes: Sequence[str],
    seconds: float | None,
    bin_length: float,
) -> CodedSession:
    """Read what each rater coded of one session, wherever it stands."""
    from processing.codings.codings import longest, read_rater, recording_of
    from processing.codings.marked import read_marked
    from processing.codings.several import CodedSession

    place = next(filter(None, (*recordings, *map(recording_of, raters))), None)
    marked = read_marked(place) if place else None
    held = {r: [i for i in read_rater(r, marked) if not codes or i.code in codes] for r in raters}
    length = marked.seconds if marked else seconds or longest(*held.values()) + bin_length
    if not length > 0.0:
        raise RecordingError("nothing to compare: neither A nor B holds a coding")
    return CodedSession(name=place.name if place else "", seconds=length, by_rater=held)


def _session_of(path: Path, raters: Sequence[str], codes: Sequence[str]) -> CodedSession:
    """Read what raters coded of a recording; those who did not code it are left out."""
    from processing.codings.codings import raters_of, read_rater
    from processing.codings.marked import read_marked
    from processing.codings.several import CodedSession

    marked = read_marked(path)
    there = [r for r in raters if r in raters_of(path, marked)]
    if not there:
        said = f"nothing of {', '.join(raters)} (over several recordings, raters are codes)"
        raise RecordingError(f"{path}: {said}")
    held = {r: [i for i in read_rater(r, marked) if not codes or i.code in codes] for r in there}
    return CodedSession(name=path.name, seconds=marked.seconds, by_rater=held)


def _warn_of_length(session: CodedSession, seconds: float | None) -> None:
    if not session.name and not seconds:
        echo(
            "length of the session not known: taken to end with the bin of the last coding, "
            f"{session.seconds:.1f} s",
            err=True,
        )


def _table(titles: Sequence[str]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="")
    for title in titles:
        table.add_column(title, justify="left" if title in LEFT else "right", no_wrap=True)
    return table


def _show(found: Sequence[Agreement], a: str, b: str, seconds: float, tolerance: float) -> None:
    if not found:
        echo("no codes to compare")
        return
    echo(f"A {a}, B {b}, {seconds / 60:.1f} min")
    table = _table([title.format(tolerance=tolerance) for title in TITLES])
    for x in found:
        table.add_row(
            in_table(x.code),
            in_table(x.actor),
            _number(x.kappa, 2),
            _number(x.alpha, 2),
            f"{100 * x.observed:.1f} %",
            str(x.n_a),
            str(x.n_b),
            f"{x.matched} ({100 * x.match:.0f} %)",
            "–" if math.isnan(x.match_chance) else f"{100 * x.match_chance:.0f} %",
            f"{x.delay:+.1f} s" if math.isfinite(x.delay) else "–",
            in_table(x.reason),
        )
    Console(width=180).print(table)
    echo(
        f"kappa: Cohen's, alpha: Krippendorff's, on {found[0].bins} bins; within: 2 · pairs / (A + B), "
        "by chance: the same with B's moments shifted round the session"
    )


def _show_several(
    found: Sequence[Several], raters: Sequence[str], coded: Mapping[str, Sequence[str]]
) -> None:
    if not found:
        echo("no codes to compare")
        return
    for name, there in coded.items():
        if missing := [r for r in raters if r not in there]:
            echo(f"{name}: not coded by {', '.join(missing)}", err=True)
    table = _table(OF_SEVERAL)
    for x in found:
        table.add_row(
            in_table(x.code),
            in_table(x.actor),
            str(x.sessions),
            _number(x.kappa, 2),
            _number(x.alpha, 2),
            _number(x.alpha_values, 2),
            _icc(x.count),
            _icc(x.minutes),
            in_table(", ".join(f"{_short(r)} {n}" for r, n in x.times.items())),
            in_table(_said(x)),
        )
    Console(width=200).print(table)
    echo(
        "kappa: Cohen's, mean over pairs of raters; alpha: Krippendorff's, over all; both on bins. ICC(2,k) "
        "of how often and how long a code was set, with sessions as the units and its 95 % interval"
    )


def _said(x: Several) -> str:
    left = [f"never closed by {_short(r)}, taken to the end: {n}" for r, n in x.still_open.items()]
    few = [x.count.reason] if x.count.reason and not x.reason else []
    return "; ".join(t for t in (x.reason, *few, *left) if t)


def _short(rater: str) -> str:
    """Return a rater's code, or the name of their file."""
    return Path(rater.rpartition("@")[2]).stem


def _icc(found: Icc) -> str:
    if math.isnan(found.mean):
        return "–"
    ends = f" ({found.low:.2f} … {found.high:.2f})" if math.isfinite(found.high) else ""
    return f"{found.mean:.2f}{ends}"


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "–"


def _plain(value: Any) -> Any:
    """Return what JSON can hold: null for what is not finite."""
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value
