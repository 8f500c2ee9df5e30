"""Where the system may write memory to a disk in plain: there it outlives the session (Linux)."""

from __future__ import annotations

import os
import re
from pathlib import Path

_SWAPS, _SYS = Path("/proc/swaps"), Path("/sys")
_ESCAPED = re.compile(r"\\(\d{3})")


def plain_swaps() -> list[str]:
    """Return the places of swap on a disk that are not known to be encrypted; none where there is no swap.

    Compressed memory (zram) counts where it writes back to a disk. A file of swap is as its disk is.
    """
    try:
        rows = [line.split() for line in _SWAPS.read_text("utf-8").splitlines()[1:]]
    except OSError:
        return []
    places = [_ESCAPED.sub(lambda m: chr(int(m[1], 8)), row[0]) for row in rows if row]
    return [place for place in places if not _is_kept(place)]


def _is_kept(place: str) -> bool:
    """Tell whether nothing readable of what is swapped there stays; False where nobody can tell."""
    name = Path(os.path.realpath(place)).name
    if name.startswith("zram"):
        return _said(_SYS / "block" / name / "backing_dev") in ("none", "")
    device = _SYS / "class" / "block" / name
    if not place.startswith("/dev/"):
        try:
            number = os.stat(place).st_dev
        except OSError:
            return False
        device = _SYS / "dev" / "block" / f"{os.major(number)}:{os.minor(number)}"
    return _is_encrypted(device)


def _is_encrypted(device: Path, depth: int = 8) -> bool:
    """Tell whether a block device, or each that it is made of, is one of dm-crypt."""
    if _said(device / "dm" / "uuid").startswith("CRYPT-"):
        return True
    try:
        below = sorted((device / "slaves").iterdir())
    except OSError:
        return False
    return depth > 0 and bool(below) and all(_is_encrypted(one, depth - 1) for one in below)


def _said(file: Path) -> str:
    try:
        return file.read_text("utf-8", "replace").strip()
    except OSError:
        return ""
