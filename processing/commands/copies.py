"""Copies of a recording: those that its index names, and those that lie below a place and bear its id."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from acquisition.recording.contents import MANIFEST_NAME
from acquisition.recording.derived import COPY, Derived, derived
from acquisition.recording.identity import recorded_id
from acquisition.stream import ROLES
from processing.commands.whose import recordings_below


def by_id(places: Sequence[Path]) -> dict[str, list[Path]]:
    """Return the recordings below some places by their ids; those without one are none's copies."""
    found: dict[str, list[Path]] = {}
    for path in recordings_below(places):
        if id := recorded_id(path):
            found.setdefault(id, []).append(path.resolve())
    return found


def copies_of(path: Path, made: Iterable[Derived], alike: Mapping[str, Sequence[Path]]) -> list[Path]:
    """Return the copies of a recording: those that are noted, and those that were made by hand.

    Parameters
    ----------
    made : iterable of Derived
        What its index names.
    alike : mapping
        Id → recordings below the places that are looked through.
    """
    noted = [d.path for d in made if d.what == COPY and is_copy(d.path, path)]
    return list(dict.fromkeys([*noted, *alike.get(recorded_id(path), ())]))


def originals(recordings: Sequence[Path]) -> list[Path]:
    """Return recordings without those that are copies of others of them, which go with these."""
    kept = list(recordings)
    for path in recordings:
        if any(path.resolve() in _copies_of(other) for other in kept if other is not path):
            kept.remove(path)
    return kept


def _copies_of(path: Path, known: frozenset[Path] = frozenset()) -> frozenset[Path]:
    known |= {path.resolve()}
    made = [d.path for d in derived(path) if d.what == COPY and d.path not in known]
    found = frozenset(copy for copy in made if is_copy(copy, path))
    return found.union(*(_copies_of(copy, known | found) for copy in found))


def is_copy(path: Path, of: Path) -> bool:
    """Tell whether a recording is there that says to be the same: another may have taken its place."""
    there = any((path / name).is_file() for name in (MANIFEST_NAME, *(f"{role}.xdf" for role in ROLES)))
    return there and not path.is_symlink() and bool(id := recorded_id(of)) and recorded_id(path) == id


def strange_copies(path: Path, made: Iterable[Derived]) -> list[Path]:
    """Return what the index calls a copy and is a recording that does not say to be of this one."""
    there = (d.path for d in made if d.what == COPY and any((d.path / f"{r}.xdf").exists() for r in ROLES))
    return [p for p in there if not is_copy(p, path) and recorded_id(p) in ("", recorded_id(path))]
