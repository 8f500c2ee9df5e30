"""Print for people: what is said of files, devices and people cannot command their terminal."""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


@contextmanager
def working(text: str) -> Iterator[Callable[[float], None]]:
    """Show on a terminal that something takes time; the function takes seconds of recording that are done."""
    if not sys.stderr.isatty():
        yield lambda seconds: None
        return
    from rich.console import Console

    with Console(stderr=True).status(in_table(text)) as status:
        yield lambda seconds: status.update(in_table(f"{text}: {seconds / 60:.0f} min of recording"))


class PrintableFormatter(logging.Formatter):
    """Format the log as it is set up, but with nothing that could command the terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as a text."""
        return printable(super().format(record))


def guard_warnings() -> None:
    """Let warnings, which are printed even where no log is set up, be printable."""
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(PrintableFormatter())
