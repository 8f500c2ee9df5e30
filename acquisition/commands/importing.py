"""attune import: recordings of other devices and programs, recognised or told column by column."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from acquisition.commands.command import Command, as_json_option, print_json, study_option
from acquisition.commands.given import OutputPath
from acquisition.session.session import SETTINGS
from acquisition.stream import PEOPLE, Modality, Role
from acquisition.terminal import echo, progressing

if TYPE_CHECKING:
    from acquisition.importing.finishing import Done
    from acquisition.importing.found import Hints
    from acquisition.importing.options import Options

PATH = click.Path(path_type=Path)
AS = "--as"


class ImportCommand(Command):
    """Read `--as ROLE PATH PATH …`: what follows a role is that person's, until the next one."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give each path after a role that role."""
        takes = {
            name: param.nargs
            for param in self.params
            if isinstance(param, click.Option) and not param.is_flag
            for name in param.opts
        }
        out: list[str] = []
        role = ""
        rest = list(args)
        while rest:
            token = rest.pop(0)
            if token == AS or token.startswith(f"{AS}="):
                role = token.partition("=")[2] or (rest.pop(0) if rest else "")
                if role not in list(PEOPLE):
                    raise click.UsageError(
                        f"{AS} {role!r}: whose the next files are: {' or '.join(PEOPLE)}", ctx
                    )
                if not rest or rest[0].startswith("-"):
                    raise click.UsageError(f"{AS} {role}: no file after it", ctx)
            elif token.startswith("-") and len(token) > 1:
                out.append(token)
                out += [rest.pop(0) for _ in range(takes.get(token, 0)) if rest]
            else:
                out += [AS, role, token] if role else [token]
        return super().parse_args(ctx, out)


@click.command("import", cls=ImportCommand)
@click.argument("files", metavar="PATH...", nargs=-1, type=PATH)
@click.option(
    AS,
    "pairs",
    nargs=2,
    type=(click.Choice([str(p) for p in PEOPLE]), PATH),
    multiple=True,
    metavar="ROLE PATH...",
    help="Whose the files that follow are; all that is recognised is imported.",
)
@click.option(
    "--stream",
    "streams",
    multiple=True,
    metavar="ROLE:MODALITY:UNIT[:SFREQ]=[N#]COLUMN",
    help="What a column is; repeat it. N: which file, 1 by default. COLUMN: a column, array, channel, or "
    "stream name[:channel], name@source_id or #id.",
)
@click.option(
    "--time", "times", multiple=True, metavar="[N#]COLUMN", help="Column of stamps, of file N or of all."
)
@click.option(
    "--time-unit",
    type=click.Choice(["s", "ms", "us", "ns", "min", "h", "days"]),
    default=None,
    help="Unit of time columns, where neither name nor numbers tell.",
)
@click.option("--separator", default="", help="Between columns: , ; tab blanks.")
@click.option("--decimal", type=click.Choice([".", ","]), default=None, help="Decimal sign.")
@click.option(
    "--header", type=click.Choice(["yes", "no"]), default=None, help="Whether the first row holds names."
)
@click.option(
    "--sensor", "sensors", multiple=True, metavar="CHANNEL=KIND", help="What a channel holds: A1=ECG."
)
@click.option(
    "--unit", "units", multiple=True, metavar="KIND=UNIT", help="Unit where a file says none: eda=uS."
)
@click.option(
    "--align",
    type=click.Choice(["events", "tap", "none"]),
    default=None,
    help="Bring two people's clocks together by shared marks or taps, or leave them apart.",
)
@click.option(
    "--offset",
    "offsets",
    multiple=True,
    metavar="ROLE=S[:ERROR]",
    help="Seconds added to a person's stamps, and how far off that may be.",
)
@click.option("--zone", default="", help="Time zone of files with the time of a clock on the wall.")
@click.option("--part", default="", metavar="BEGIN:END", help="Only from … to … [s since the first sample].")
@click.option("--sealed", is_flag=True, help="Seal the recording; needs the key store and both codes.")
@click.option("--dyad", default="", help="Code of the dyad, such as D07.")
@click.option("--number", default=0, type=click.IntRange(0, 99_999), help="Number of the session.")
@click.option(
    "--setting",
    type=click.Choice(SETTINGS),
    default=None,
    help="Where the two people were; unknown if not given.",
)
@click.option("--client", default="", help="Code of the client; unknown if not given.")
@click.option("--therapist", default="", help="Code of the therapist; unknown if not given.")
@click.option("--started", default="", metavar="ISO", help="When the recording began.")
@click.option(
    "--vocabulary", type=PATH, default=None, help="Own vocabulary, whose column markers says what they mean."
)
@study_option
@click.option("--accept-damage", is_flag=True, help="Import what is left of damaged files.")
@click.option("--out", metavar="RECORDING", type=OutputPath(new=True), help="New directory.")
@as_json_option
@click.pass_context
def import_command(ctx: click.Context, /, **given: Any) -> None:
    """Turn recordings of other devices and programs into a recording.

    Without --as and --stream it shows what it recognises in the files, writes nothing, and exits with 2.
    """
    files, pairs, streams, out = given["files"], given["pairs"], given["streams"], given["out"]
    hints = _hints(given)
    if not files and not pairs:
        raise click.UsageError("no file: attune import PATH… shows what it holds")
    if given["times"] and not streams:
        raise click.UsageError(f"--time {given['times'][0]!r}: it goes with --stream")
    if not pairs and not streams:
        _show(ctx, files, hints, as_json=given["as_json"])
    if pairs and (streams or files):
        extra = "--stream" if streams else str(files[0])
        raise click.UsageError(f"{extra}: either {AS} ROLE before every path, or --stream")
    if out is None:
        raise click.UsageError("--out RECORDING is missing: the directory to write")
    from acquisition.protection.store_files import default_store, is_store
    from acquisition.protection.vault import UNSEALED

    options = _options(given)
    with progressing(f"importing into {out.name}"):
        if pairs:
            from acquisition.importing.assigning import import_as

            done = import_as([(Role(r), p) for r, p in pairs], out=out, options=options, hints=hints)
        else:
            from acquisition.importing.files import import_streams

            done = import_streams(files, streams, times=given["times"], out=out, options=options, hints=hints)
    if not given["sealed"] and is_store(store := default_store()):
        echo(f"{out}: {UNSEALED}, though there is a key store in {store} (--sealed seals it)", err=True)
    _say(out, done, as_json=given["as_json"])


def _show(ctx: click.Context, files: Sequence[Path], hints: Hints, *, as_json: bool) -> None:
    """Print what was recognised, and end with 2: nothing was imported."""
    from acquisition.importing.listing import advice, described
    from acquisition.importing.listing import as_json as plain
    from acquisition.importing.options import refuse_unheeded
    from acquisition.importing.recognition import recognised

    with progressing("reading what the files hold"):
        found = [recognised(path, hints) for path in files]
    refuse_unheeded(replace(hints, units={}), files)
    if as_json:
        print_json([plain(file) for file in found])
    else:
        echo("\n".join([line for file in found for line in described(file)] + advice(found)))
    ctx.exit(2)


def _say(out: Path, done: Done, *, as_json: bool) -> None:
    if as_json:
        print_json(
            {
                "recording": str(out),
                "streams": [f"{i.role} {i.name}" for i in done.streams],
                "clock": done.clock.kind,
                "clock_error": done.clock.error if math.isfinite(done.clock.error) else None,
                "damage": list(done.damage),
                "notes": list(done.notes),
            }
        )
        return
    lines = [f"{out}: {', '.join(f'{i.role} {i.name} ({i.modality})' for i in done.streams)}"]
    lines += [f"  note: {text}" for text in done.notes]
    lines += [f"  DAMAGED: {text}" for text in done.damage]
    if {i.role for i in done.streams} >= set(PEOPLE) and done.clock.kind != "one":
        known = f"good to {done.clock.error:g} s" if math.isfinite(done.clock.error) else "of unknown error"
        lines.append(f"  clocks of the two people: {done.clock.kind}, {known}")
    echo("\n".join(lines))


def _hints(given: dict[str, Any]) -> Hints:
    from acquisition.importing.found import Hints

    return Hints(
        separator=given["separator"],
        decimal=given["decimal"] or "",
        header=given["header"] or "",
        time_unit=given["time_unit"] or "",
        sensors={k: _modality("--sensor", v) for k, v in _pairs("--sensor", given["sensors"])},
        units={_modality("--unit", k): v for k, v in _pairs("--unit", given["units"])},
        part=_part(given["part"]),
    )


def _options(given: dict[str, Any]) -> Options:
    from acquisition.importing.options import Offset, Options
    from acquisition.session.patterns import CodePatterns
    from acquisition.session.study import study_of

    study = study_of(given["out"], given["study"])
    patterns = study.code_patterns if study is not None else CodePatterns()
    for option, kind in (("dyad", "dyad"), ("client", "code"), ("therapist", "code")):
        if given[option] and (why := patterns.fault(kind, given[option])):
            raise click.UsageError(f"--{option} {given[option]!r}: {why}")
    offsets = {}
    for role, text in _pairs("--offset", given["offsets"]):
        seconds, colon, error = text.partition(":")
        if role not in list(PEOPLE) or not _is_number(seconds) or (colon and not _is_number(error)):
            raise click.UsageError(f"--offset {role}={text}: must be client or therapist=SECONDS[:ERROR]")
        offsets[Role(role)] = Offset(float(seconds), float(error)) if colon else Offset(float(seconds))
    return Options(
        align=given["align"] or "",
        offsets=offsets,
        dyad=given["dyad"],
        number=given["number"],
        client=given["client"],
        therapist=given["therapist"],
        setting=given["setting"] or "",
        started=given["started"],
        zone=given["zone"],
        part=_part(given["part"]),
        accept_damage=given["accept_damage"],
        sealed=given["sealed"],
        vocabulary=given["vocabulary"],
        study=study,
    )


def _part(text: str) -> tuple[float, float]:
    begin, colon, end = text.partition(":")
    if text and (not colon or any(x and not _is_number(x) for x in (begin, end))):
        raise click.UsageError(f"--part {text!r}: must be BEGIN:END in seconds")
    return float(begin) if begin else -math.inf, float(end) if end else math.inf


def _pairs(option: str, texts: Sequence[str]) -> list[tuple[str, str]]:
    out = []
    for text in texts:
        key, equals, value = text.rpartition("=")
        if not (equals and key and value):
            raise click.UsageError(f"{option} {text!r}: must be NAME=VALUE")
        out.append((key, value))
    return out


def _modality(option: str, text: str) -> Modality:
    if text.casefold() not in list(Modality):
        known = ", ".join(m for m in Modality if m is not Modality.DEVICE_TIME)
        raise click.UsageError(f"{option} {text!r}: no such kind (known: {known})")
    return Modality(text.casefold())


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False
