"""The user's runtime directory: endpoints of recorders and locks, which nobody else may see or put there."""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from pathlib import Path

from acquisition.errors import ControlError

NAME = "attunement"
logger = logging.getLogger(__name__)


def runtime_directory() -> Path:
    """Return the directory of endpoint files, made if need be; only the user may look into it.

    A place that somebody else has taken is named in the log, and the next one serves: programs of the same
    user meet the same places taken, and so find each other.

    Raises
    ------
    ControlError
        If every place is somebody else's, which it names with the way out, or others can read the user's own.
    """
    taken: list[str] = []
    for path in _places():
        if whose := _taken(path):
            taken.append(f"{path}: {whose}")
            continue
        if hasattr(os, "getuid") and path.lstat().st_mode & 0o077:
            raise ControlError(f"{path}: must be a directory that only you can read (chmod 700)")
        if taken:
            logger.warning("%s; %s serves instead", "; ".join(taken), path)
        return path
    raise ControlError(f"{'; '.join(taken)} (set XDG_RUNTIME_DIR to a directory that only you can read)")


def _places() -> list[Path]:
    """Return where the directory may be: where the system says, else among temporary files, else at home."""
    base = os.environ.get("XDG_RUNTIME_DIR")
    said = [Path(base) / NAME] if base else []
    user = str(os.getuid()) if hasattr(os, "getuid") else os.environ.get("USERNAME", "user")
    shared = Path(tempfile.gettempdir()) / f"{NAME}-{user}"
    state = os.environ.get("XDG_STATE_HOME")
    home = Path(state) if state else Path.home() / ".local" / "state"
    return [*said, shared, home / NAME / "run"]


def _taken(path: Path) -> str:
    """Make a place, and say who has it if the user has not; "" if it is the user's."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
        found = path.lstat()
    except OSError as error:
        return f"no runtime directory: {error.strerror}"
    if path.is_symlink():
        return f"is a link that {_owner(found.st_uid)} made, not a directory"
    if hasattr(os, "getuid") and found.st_uid != os.getuid():
        return f"belongs to {_owner(found.st_uid)}, not to you"
    return ""


def _owner(number: int) -> str:
    """Return how people call a user."""
    if sys.platform == "win32":
        return f"the user with number {number}"
    import pwd

    try:
        return f"user {pwd.getpwuid(number).pw_name!r} (uid {number})"
    except KeyError:
        return f"the user with uid {number}"
