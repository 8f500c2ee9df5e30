"""Whether a session is being recorded already: a second recorder of it is asked for, and never just begun."""

from __future__ import annotations

import sys

import click

from acquisition.errors import ControlError
from acquisition.recorder.control import Client, endpoints

beside_option = click.option(
    "--beside",
    is_flag=True,
    help="Also where this session is being recorded already: a second recording of it.",
)
PATIENCE = 2.0
"""Seconds in which a recorder has to say what it records."""


def ask_if_recorded(session_id: str, *, beside: bool) -> None:
    """Ask before a session is recorded a second time; without a terminal, refuse.

    Raises
    ------
    ControlError
        If it is not to be.
    """
    names = [] if beside else _recording(session_id)
    if not names:
        return
    text = f"session {session_id} is being recorded already: {', '.join(names)}"
    if not sys.stdin.isatty():
        raise ControlError(f"{text} (attune status shows it; --beside records it a second time)")
    if not click.confirm(f"{text}. Record it a second time?", default=False, err=True):
        raise ControlError("nothing was begun")


def _recording(session_id: str) -> list[str]:
    found = []
    for endpoint in endpoints():
        try:
            status = Client(endpoint, timeout=PATIENCE).status()
        except ControlError:  # it has ended meanwhile, or hangs: it says nothing of this session
            continue
        if status.get("session") == session_id:
            found.append(endpoint.name)
    return found
