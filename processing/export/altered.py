"""Mark an export of a recording whose files are not as they were when it was closed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

HEAD = "Exported from a recording that is not, or not only, what was closed:"


def mark_altered(kind: str, recording: Path, out: Path, lines: Sequence[str]) -> list[Path]:
    """Write beside an export what of its recording was changed; return the files.

    Parameters
    ----------
    kind : str
        The format: of BIDS, the README says it, since a dataset holds no other text.
    lines : sequence of str
        As `acquisition.recording.altered.standing` returns them; none takes an older mark away.
    """
    text = "\n".join([HEAD, *(f"- {line}" for line in lines), ""])
    if kind == "bids":
        if lines:
            with (out / "README").open("a", encoding="utf-8") as file:
                file.write(f"\n{text}")
        return []
    note = out / f"{recording.resolve().name}_altered.txt"
    if not lines:
        note.unlink(missing_ok=True)
        return []
    note.write_text(text, "utf-8")
    return [note]
