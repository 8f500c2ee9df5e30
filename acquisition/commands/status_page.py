"""attune status-page: on a phone outside the room, whether it records."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from acquisition.commands.command import Command, recording_option, stop_on_signals
from acquisition.errors import AttunementError, ControlError
from acquisition.recorder.listener import Listener
from acquisition.terminal import echo

PAGE = "HOST:PORT; this machine alone if not given, and any free port."


status_page_option = click.option(
    "--status-page",
    is_flag=False,
    flag_value="",
    metavar="[HOST:PORT]",
    help="Also show states of devices on a phone (see status-page); this machine alone if not told where.",
)


@click.command("status-page", cls=Command)
@click.option("--address", default="", metavar="HOST:PORT", help=f"Where: {PAGE}")
@click.option("--allow-mark", is_flag=True, help='Offer one button: "mark: technician looks".')
@click.option("--ends", is_flag=True, hidden=True, help="End some time after the recording has.")
@recording_option
def status_page_command(address: str, allow_mark: bool, ends: bool, recording: str | None) -> None:
    """Show states of devices on a phone: whether it records, batteries, disk; nothing measured, no codes.

    The link serves once and for 15 minutes; after each use a new one is printed. On any address but this
    machine's own it is under TLS. Ctrl+C ends the page; the recording does not notice.
    """
    from acquisition.status_page.serving import address_of, serve
    from acquisition.status_page.watch import Watch

    place = address_of(address)
    serve(
        Watch(recording),
        place,
        _say_once() if ends else echo,
        marks=allow_mark,
        terminal=sys.stdout.isatty() and not ends,
        ends=ends,
        stop=stop_on_signals(),
    )


def _say_once() -> Callable[[str], None]:
    """Return what says the first link, and those before it: nobody reads what comes after."""
    said: list[str] = []

    def say(text: str) -> None:
        if not any("/enter/" in line for line in said):
            said.append(text)
            echo(text)
            sys.stdout.flush()

    return say


def begin_page(recording: Path, address: str) -> list[str]:
    """Begin the page of a recording in a process of its own, which outlives the recorder; return its links.

    Raises
    ------
    ControlError
        If it does not begin, with what it said.
    """
    command = [sys.executable, "-m", "acquisition.commands.status_page", "--recording", str(recording)]
    command += ["--ends", *(["--address", address] if address else [])]
    group: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        group = {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    child = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **group
    )
    assert child.stdout is not None and child.stderr is not None
    lines: list[str] = []
    while not lines or "/enter/" not in lines[-1]:
        line = child.stdout.readline()
        if not line:
            raise ControlError(f"the status page: {child.stderr.read().strip() or 'did not begin'}")
        lines.append(line.rstrip())
    return lines


class WithPage(Listener):
    """Hand all on to another listener, and begin the page once the recording has a place.

    Parameters
    ----------
    address : str
        HOST:PORT; "" for this machine alone.
    terminal : bool
        Whether the link comes with its QR code.
    """

    def __init__(self, inner: Listener, address: str, *, terminal: bool) -> None:
        self._inner, self._address, self._terminal = inner, address, terminal
        self.recording, self.notice, self.cycle = inner.recording, inner.notice, inner.cycle  # type: ignore[method-assign]
        self.problem = inner.problem  # type: ignore[method-assign]

    def started(self, path: Path) -> None:
        """Hand it on; the page takes a second to begin, for which no device waits."""
        self._inner.started(path)
        threading.Thread(target=self._begin, args=(path,), name="status page", daemon=True).start()

    def _begin(self, path: Path) -> None:
        for line in page_lines(path, self._address, terminal=self._terminal):
            self._inner.problem(line)


def page_lines(path: Path, address: str, *, terminal: bool) -> list[str]:
    """Begin the page of a recording; return what is to be said of it, also where it cannot begin."""
    from acquisition.status_page.serving import link_text

    try:
        *before, link = begin_page(path, address)
    except (AttunementError, OSError) as error:  # the recording goes on without it
        return [f"no status page: {error}"]
    return [*before, f"status page: {link_text(link, terminal=terminal)}"]


if __name__ == "__main__":
    status_page_command(prog_name="attune status-page")
