"""Who a stream came from when the devices were checked: what a recording compares its streams with.

`attune devices check` and the set-up write it into the user's runtime directory; it holds for half a day.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from acquisition.lsl.network import Remote
from acquisition.runtime import runtime_directory

FILE = "checked.json"
VALID = 43_200.0
"""Seconds for which a check tells who a stream comes from."""


@dataclass(frozen=True, slots=True)
class Identity:
    """Name the machine and the outlet that a stream came from."""

    host: str
    uid: str

    def differs(self, remote: Remote) -> str:
        """Say in what a stream is another than this; "" if in nothing."""
        if remote.host != self.host:
            return f"it comes from {remote.host!r}, at the check it came from {self.host!r}"
        if remote.uid != self.uid:
            return f"its outlet is another than at the check ({remote.outlet}, then {self.uid[:4]})"
        return ""


def remember(remotes: Iterable[Remote], *, now: float | None = None, directory: Path | None = None) -> None:
    """Keep who these streams come from, beside what earlier checks found."""
    path, at = (directory or runtime_directory()) / FILE, time.time() if now is None else now
    rows = _rows(path, at) | {r.source_id: {"host": r.host, "uid": r.uid, "at": at} for r in remotes}
    temporary = path.with_name(f".{FILE}.{os.getpid()}")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with open(handle, "w", encoding="utf-8", errors="replace") as file:
        json.dump(rows, file)
    temporary.replace(path)


def checked(*, now: float | None = None, directory: Path | None = None) -> Mapping[str, Identity]:
    """Return source_id → who it came from at the last check; nothing where there was none."""
    at = time.time() if now is None else now
    rows = _rows((directory or runtime_directory()) / FILE, at)
    return {key: Identity(row["host"], row["uid"]) for key, row in rows.items()}


def _rows(path: Path, now: float) -> dict[str, dict[str, str]]:
    try:
        rows = json.loads(path.read_text("utf-8"))
        return {
            str(key): row
            for key, row in rows.items()
            if 0.0 <= now - float(row["at"]) <= VALID and isinstance(row["host"] + row["uid"], str)
        }
    except (OSError, ValueError, AttributeError, KeyError, TypeError):
        return {}
