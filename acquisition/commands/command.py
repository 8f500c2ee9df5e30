"""How every command ends: 0 done, 1 the work failed (one line a fault on stderr), 2 wrong usage."""

from __future__ import annotations

import errno
import json
import logging
import signal
import threading
from collections.abc import Mapping, MutableMapping
from pathlib import Path
from typing import Any

import click

from acquisition.commands.completing import RecordingPath, running
from acquisition.commands.given import OutputPath
from acquisition.errors import AttunementError
from acquisition.terminal import PrintableFormatter, echo, guard_warnings

DEBUG = "attunement.debug"
FILE = click.Path(path_type=Path, exists=True, dir_okay=False)
DIRECTORY = RecordingPath(path_type=Path, exists=True, file_okay=False)
PERSON = click.Choice(["client", "therapist"])
recording_option = click.option(
    "--recording",
    metavar="NAME",
    shell_complete=running,
    help="Which recorder, where several run: its recording's name or path.",
)
study_option = click.option(
    "--study",
    type=FILE,
    metavar="STUDY.toml",
    help="The study file; by default the one beside the session file or in a folder above it.",
)
as_json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


class Command(click.Command):
    """Run a command; an error that a user can act on becomes a message; --debug shows the traceback too."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(
            click.Option(
                ["--debug"],
                is_flag=True,
                expose_value=False,
                callback=_note_debug,
                help="Show the traceback of an error, and the log.",
            )
        )

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command and turn its errors into exit code 1."""
        guard_warnings()
        meta: MutableMapping[str, Any] = ctx.meta
        if fault := next(filter(None, map(_fault, _paths(ctx.params))), ""):
            return _fail(ctx, fault)
        if meta.get(DEBUG):
            return super().invoke(ctx)
        try:
            return super().invoke(ctx)
        except BrokenPipeError:
            raise  # click ends quietly when the reader of a pipe is gone
        except AttunementError as error:
            return _fail(ctx, str(error))
        except OSError as error:
            where = error.filename or _written(ctx)
            return _fail(
                ctx, f"{where}: {error.strerror or error}" if where else error.strerror or str(error)
            )


def _written(ctx: click.Context) -> str:
    """Return what a command was told to write: the system names no file where a disk is full."""
    outs = [ctx.params.get(p.name or "") for p in ctx.command.params if isinstance(p.type, OutputPath)]
    return ", ".join(str(out) for out in outs if out is not None)


def _paths(given: Mapping[str, Any]) -> list[Path]:
    """Return the paths among the values a command was given."""
    flat = [one for v in given.values() for one in (v if isinstance(v, tuple) else (v,))]
    return [one for one in flat if isinstance(one, Path)]


def _fault(path: Path) -> str:
    """Say why a path is neither read nor written: it has no end, or writing would put a file in its place."""
    try:
        if path.exists() and not (path.is_file() or path.is_dir()):
            return f"{path}: neither a file nor a folder (a device or pipe), so it is not opened"
        path.stat()
        return _pipe_in(path)
    except OSError as error:
        if error.errno == errno.ELOOP:
            return f"{path}: links that lead back to themselves"
    return ""


def _pipe_in(path: Path) -> str:
    """Say what in a folder that holds a recording would be waited for, if it were read."""
    from acquisition.recording.contents import irregular
    from acquisition.stream import ROLES

    if not any((path / f"{role}.xdf").exists() for role in ROLES):
        return ""
    found = [f for f in irregular(path) if f.problem != "linked"]  # a link, commands themselves judge
    return f"{path}: {found[0].file} {found[0].message} (take it away)" if found else ""


class Group(click.Group):
    """Group commands of this kind."""

    command_class = Command


def _note_debug(ctx: click.Context, _: click.Parameter, value: bool) -> None:
    ctx.meta[DEBUG] = value
    if value:
        said = logging.StreamHandler()
        said.setFormatter(PrintableFormatter("%(asctime)s %(name)s %(levelname)s %(message)s"))
        logging.basicConfig(level=logging.DEBUG, handlers=[said])


def _fail(ctx: click.Context, message: str) -> None:
    echo(message or "failed", err=True)
    ctx.exit(1)


def stop_on_signals() -> threading.Event:
    """Return an event that the first Ctrl+C or termination sets; a second one ends the process at once."""
    stop = threading.Event()

    def end(number: int, _: object) -> None:
        if stop.is_set() and number == signal.SIGINT:
            raise KeyboardInterrupt
        stop.set()

    for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), end)
    return stop


def print_json(value: object) -> None:
    """Print a value for another program."""
    echo(json.dumps(value, ensure_ascii=False, allow_nan=False, default=str))
