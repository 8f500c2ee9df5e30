"""Mark an export of a recording whose files are not as they were when it was closed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from processing.export.dataset import write_text

HEAD = "xported from a recording that is not, or not only, what was closed:"


def mark_altered(kind: str, recording: Path, out: Path, lines: Sequence[str], *, session: str) -> list[Path]:
    """Write beside an export what of its recording was changed; return the files.

    Parameters
    ----------
    kind : str
        The format: of BIDS, the README says it of each session, since a dataset holds no other text.
    lines : sequence of str
        As `acquisition.recording.altered.standing` returns them; none takes an older mark away.
    session : str
        How a dataset calls the session; the recording's own name may tell its day.
    """
    said = "".join(f"- {line}\n" for line in lines)
    if kind == "bids":
        head = f"\nses-{session}: e{HEAD}\n"
        place = out / "README"
        old = place.read_text("utf-8")
        new = re.sub(rf"{re.escape(head)}(?:- .*\n)*", "", old) + (f"{head}{said}" if lines else "")
        if new != old:
            write_text(place, new)
        return []
    note = out / f"{recording.resolve().name}_altered.txt"
    if not lines:
        note.unlink(missing_ok=True)
        return []
    note.write_text(f"E{HEAD}\n{said}", "utf-8")
    return [note]
