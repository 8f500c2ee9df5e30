"""attune events: agreement of raters, and the vocabulary."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from acquisition.commands.command import Group
from acquisition.events.vocabulary import PROFILES, SOFTWARE, Code, load_vocabulary, shipped_bytes
from acquisition.terminal import echo
from processing.commands.agree import agree_command
from processing.commands.event_import import import_command

if TYPE_CHECKING:
    pass

FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group("events", cls=Group)
def events_command() -> None:
    """Compare raters, import codings of other programs, show and check the vocabulary."""


events_command.add_command(agree_command)
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
