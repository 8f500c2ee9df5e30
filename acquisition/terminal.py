"""Print for people: what is said of files, devices and people cannot command their terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from acquisition.text import printable

if TYPE_CHECKING:
    from rich.text import Text


def echo(text: object = "", *, nl: bool = True, err: bool = False) -> None:
    """Print a text, and a line's end, on standard output or on standard error."""
    click.echo(printable(str(text)), nl=nl, err=err)


def in_table(text: object) -> Text:
    """Return a text for a cell or a title of a table, in which nothing is taken for markup either."""
    from rich.text import Text

    return Text(printable(str(text)))
