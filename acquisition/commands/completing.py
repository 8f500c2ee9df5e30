"""What a shell may complete: recordings, those that run, and codes of the vocabulary."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

_FILES = ("client.xdf", "therapist.xdf", "dyad.xdf")
_HOME = Path("recordings")
"""Where recordings are, unless a session file says another place."""


class RecordingPath(click.Path):
    """Take a path; a shell is offered recordings, and folders that may hold some."""

    def convert(
        self, value: str | os.PathLike[str], param: click.Parameter | None, ctx: click.Context | None
    ) -> Any:
        """Return the path; links that lead back to themselves are there, and the command names them."""
        try:
            os.stat(value)
        except (OSError, ValueError) as error:
            if getattr(error, "errno", None) == errno.ELOOP:
                return Path(os.fsdecode(value))
        return super().convert(value, param, ctx)

    def shell_complete(
        self, ctx: click.Context, param: click.Parameter, incomplete: str
    ) -> list[CompletionItem]:
        """Return the recordings whose path begins so, and then what any path may be."""
        given = Path(incomplete)
        parent = given if incomplete.endswith("/") else given.parent
        found = [str(p) for p in _recordings(parent) if str(p).startswith(incomplete)]
        if "/" not in incomplete:
            found += [str(p) for p in _recordings(_HOME) if p.name.startswith(incomplete)]
        others = super().shell_complete(ctx, param, incomplete)
        return [*(CompletionItem(path) for path in dict.fromkeys(found)), *others]


def _recordings(parent: Path) -> list[Path]:
    try:
        inside = sorted(parent.iterdir())
    except OSError:
        return []
    return [p for p in inside if p.is_dir() and any((p / name).is_file() for name in _FILES)]


def running(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:
    """Return the recordings that are being written."""
    from acquisition.recorder.control import endpoints

    return _begun((e.name for e in endpoints()), incomplete)


def codes(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[Any]:
    """Return the codes of the shipped vocabulary that a person may set, with their meanings."""
    from acquisition.events.vocabulary import SOFTWARE, load_vocabulary

    known = [c for c in load_vocabulary().codes.values() if c.group != SOFTWARE]
    return [CompletionItem(c.code, help=c.meaning) for c in known if c.code.startswith(incomplete)]


def _begun(names: Iterable[str], incomplete: str) -> list[str]:
    return [name for name in names if name.startswith(incomplete)]
