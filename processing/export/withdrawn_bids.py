"""Take a session out of a BIDS dataset that holds others: its own files go, tables keep the others' rows.

A file below `sub-…/ses-…` is of one session. What lies above is of the whole dataset: a table loses the rows
of the session, and of people of whom nothing is left; all of it goes with the last session.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from acquisition.protection.store_files import put, shred

DESCRIPTION = "dataset_description.json"


def dataset_of(file: Path) -> Path | None:
    """Return the BIDS dataset in which a file lies; None if it lies in none."""
    return next((folder for folder in file.parents if (folder / DESCRIPTION).is_file()), None)


def parted(files: Sequence[Path]) -> tuple[list[Path], list[Path]]:
    """Return the files of one session, or of no dataset, which go whole; and those of whole datasets."""
    datasets = {file: dataset_of(file) for file in files}
    shared = [f for f, root in datasets.items() if root is not None and _session(f, root) is None]
    return [f for f in files if f not in shared], shared


def _session(file: Path, root: Path) -> tuple[str, str] | None:
    """Return subject and session of a file below `sub-…/ses-…`; None elsewhere."""
    parts = file.relative_to(root).parts
    found = len(parts) > 2 and parts[0].startswith("sub-") and parts[1].startswith("ses-")
    return (parts[0], parts[1]) if found else None


def sessions_of(files: Iterable[Path]) -> set[tuple[str, str]]:
    """Return the subjects and sessions whose files these are."""
    pairs = ((f, root) for f in files if (root := dataset_of(f)) is not None)
    return {said for f, root in pairs if (said := _session(f, root)) is not None}


def take_out(shared: Sequence[Path], gone: set[tuple[str, str]]) -> None:
    """Take sessions whose files are gone out of the files of their datasets.

    The description of a dataset goes last, since it tells where the dataset is.
    """
    roots = {file: dataset_of(file) for file in shared}
    for file in sorted(shared, key=lambda f: (f.name == DESCRIPTION, -len(f.parts))):
        root = roots[file]
        if root is None or not file.is_file():
            continue
        left = _left(root)
        if not left:
            shred(file)
        elif file.suffix == ".tsv":
            _without(file, gone, {subject for subject, _ in left}, left)


def _left(root: Path) -> set[tuple[str, str]]:
    """Return the subjects and sessions of which a dataset still holds files."""
    files = (p for p in root.glob("sub-*/ses-*/**/*") if p.is_file())
    return {said for f in files if (said := _session(f, root)) is not None}


def _without(file: Path, gone: set[tuple[str, str]], people: set[str], left: set[tuple[str, str]]) -> None:
    """Write a table without the rows of sessions that are gone; without any row it goes itself."""
    text = file.read_text("utf-8")
    rows = list(csv.DictReader(io.StringIO(text), delimiter="\t", quoting=csv.QUOTE_NONE))
    own = next((part for part in file.parts if part.startswith("sub-")), "")
    lines = text.splitlines(keepends=True)
    kept = [line for line, row in zip(lines[1:], rows, strict=False) if _stays(row, own, gone, people, left)]
    if not kept:
        shred(file)
    elif len(kept) < len(rows):
        put(file, (lines[0] + "".join(kept)).encode())


def _stays(
    row: dict[str, str], own: str, gone: set[tuple[str, str]], people: set[str], left: set[tuple[str, str]]
) -> bool:
    subject, session = row.get("participant_id") or own, row.get("session_id") or ""
    if session:
        return (subject, session) not in gone or (subject, session) in left
    if row.get("filename"):  # of scans: a session's own file, were it not beside the sessions
        return not any(row["filename"].startswith(f"{ses}/") for sub, ses in gone if sub == subject)
    return subject in people or subject not in {sub for sub, _ in gone}


def remove_empty(folders: Iterable[Path], below: Sequence[Path]) -> None:
    """Remove folders that are empty now, up to the places into which something was exported: names tell."""
    for folder in sorted(set(folders), key=lambda f: -len(f.parts)):
        while any(folder != base and folder.is_relative_to(base) for base in below):
            try:
                folder.rmdir()
            except OSError:
                break
            folder = folder.parent
