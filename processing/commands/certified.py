"""What a certificate says of files: which went, which stay; and under which name it is put."""

from __future__ import annotations

from pathlib import Path

from acquisition.recording.contents import SESSION_NAME, is_recorded
from acquisition.recording.derived import DERIVED_NAME, Derived


def files_made(made: Derived) -> list[Path]:
    """Return the files that something derived consists of; links are none, nor files of recordings."""
    whole = made.path.is_dir() and not made.path.is_symlink()
    files = (
        [p for p in made.path.rglob("*") if p.is_file() and not p.is_symlink()]
        if whole
        else [made.path] * made.path.is_file()
    )
    return [file for file in files if not is_recorded(file)]


def kept_at(path: Path) -> list[str]:
    """Return the names of the recording's own files that stay."""
    names = {p.name for p in path.iterdir() if p.is_file()}
    return sorted(n for n in names if n.endswith(".xdf") or n in (SESSION_NAME, DERIVED_NAME))


def free_name(path: Path, name: str) -> Path:
    """Return the first path of a certificate that is not taken."""
    numbered = (name if n == 1 else f"{name}_{n}" for n in range(1, 1000))
    return next(p for n in numbered if not (p := path / f"{n}.certificate.json").exists())
