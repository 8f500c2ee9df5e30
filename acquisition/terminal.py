"""Print for people: what is said of files, devices and people cannot command their terminal."""

from __future__ import annotations

import logging
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


class PrintableFormatter(logging.Formatter):
    """Format the log as it is set up, but with nothing that could command the terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as a text."""
        return printable(super().format(record))


def guard_warnings() -> None:
    """Let warnings, which are printed even where no log is set up, be printable."""
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(PrintableFormatter())
