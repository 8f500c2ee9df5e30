"""Print for people: what is said of files, devices and people cannot command their terminal."""

from __future__ import annotations

import logging
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from acquisition.text import printable

if TYPE_CHECKING:
    from rich.text import Text

FIRST, NEXT = 5.0, 15.0
"""Plain lines of what takes time: when the first comes, and how long after it each further one [s]."""


def echo(text: object = "", *, nl: bool = True, err: bool = False) -> None:
    """Print a text, and a line's end, on standard output or on standard error."""
    click.echo(printable(str(text)), nl=nl, err=err)


def in_table(text: object) -> Text:
    """Return a text for a cell or a title of a table, in which nothing is taken for markup either."""
    from rich.text import Text

    return Text(printable(str(text)))


@contextmanager
def working(text: str) -> Iterator[Callable[[float], None]]:
    """Show that something takes time; the function takes seconds of recording that are done.

    On a terminal that is a line which changes; elsewhere plain lines, the first after `FIRST` seconds, so
    that what is short says nothing.
    """
    with progressing(text) as say:
        yield lambda seconds: say(f"{text}: {seconds / 60:.0f} min of recording")


@contextmanager
def progressing(text: str) -> Iterator[Callable[[str], None]]:
    """Show that something takes time, as `working` does; the function takes how far it is, in words."""
    if sys.stderr.isatty():
        from rich.console import Console

        with Console(stderr=True).status(in_table(text)) as status:
            yield lambda said: status.update(in_table(said))
        return
    lines = _PlainLines(text)
    thread = threading.Thread(target=lines.run, name="progress", daemon=True)
    thread.start()
    try:
        yield lines.say
    finally:
        lines.over.set()
        thread.join()


class _PlainLines:
    """Print how far something is, now and then."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.over = threading.Event()

    def say(self, text: str) -> None:
        """Take how far it is."""
        self._text = text

    def run(self) -> None:
        """Print until it is over."""
        wait = FIRST
        while not self.over.wait(wait):
            wait = NEXT
            echo(f"{self._text} …", err=True)


class PrintableFormatter(logging.Formatter):
    """Format the log as it is set up, but with nothing that could command the terminal."""

    def format(self, record: logging.LogRecord) -> str:
        """Return a record as a text."""
        return printable(super().format(record))


def guard_warnings() -> None:
    """Let warnings, which are printed even where no log is set up, be printable."""
    if logging.lastResort is not None:
        logging.lastResort.setFormatter(PrintableFormatter())
