"""What keeps a process to itself: no word to the makers of libraries, no file for others, no core dump.

Each command calls `keep_private` before it imports anything that could do otherwise.
"""

from __future__ import annotations

import atexit
import os
import secrets
import shutil
import sys
import tempfile
from pathlib import Path

UMASK = 0o077
SILENT = {
    # onnxruntime 1.29 and later opens connections to its maker's collector when it is imported, and keeps an
    # id of the device in the user's cache; its own disable_telemetry_events() comes too late.
    "ORT_DISABLE_TELEMETRY": "1",
    # A convention that other libraries keep.
    "DO_NOT_TRACK": "1",
}
"""Environment in which libraries do not tell anybody that they are used."""
_PR_SET_DUMPABLE = 4


def keep_private() -> None:
    """Make what this process, and those it starts, write and leave behind the user's alone."""
    silence()
    leave_no_cache()
    os.umask(UMASK)
    leave_no_core()


def silence() -> None:
    """Switch the telemetry of libraries off; it has to come before they are imported."""
    os.environ.update(SILENT)


def leave_no_cache() -> None:
    """Let matplotlib's list of fonts be gone with this process; a place that the user has set is theirs."""
    if "MPLCONFIGDIR" not in os.environ:
        # Whoever knew the name could put a list of fonts there. It is made when matplotlib is imported.
        place = Path(tempfile.gettempdir()) / f"attunement-{secrets.token_hex(8)}"
        os.environ["MPLCONFIGDIR"] = str(place)
        atexit.register(shutil.rmtree, place, ignore_errors=True)


def leave_no_core() -> None:
    """Let a crash of this process leave no image of its memory, in a file or with the system's collector."""
    if sys.platform == "win32":
        return
    import resource

    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        import ctypes

        # A collector that the system pipes to is not bound by the limit, but by this. It is lost on exec:
        # each process says it for itself.
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def only_for_owner(path: Path) -> None:
    """Take away what others may do with a file that was there before it was written: no umask does that."""
    if sys.platform != "win32":
        path.chmod(path.stat().st_mode & 0o700)
