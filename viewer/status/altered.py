"""Words for a recording whose files are not as they were when it was closed; found out beside the window."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

from acquisition.recording.altered import UNPROVEN, alterations


def altered_words(path: Path) -> str:
    """Return what the strip says of a recording's files; "" where they are as they were, or still grow."""
    try:
        lines = alterations(path)
    except OSError as error:
        return f"FILES NOT COMPARED WITH THE CLOSE: {error.strerror or error}"
    if not lines:
        return ""
    if lines == [UNPROVEN]:
        return "NO MANIFEST: changes cannot be told"
    more = f" and {len(lines) - 1} more" if len(lines) > 1 else ""
    return f"CHANGED SINCE THE CLOSE: {lines[0].partition(':')[0]}{more} (attune verify)"


def watch_altered(path: Path, tell: Callable[[str], None]) -> None:
    """Read all files beside the window, which may take seconds; tell once if there is anything to say."""

    def look() -> None:
        if words := altered_words(path):
            tell(words)

    threading.Thread(target=look, name="altered", daemon=True).start()
