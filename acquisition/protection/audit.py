"""The laboratory's audit log: who did what when, each line bound to the one before by its hash.

It lies in the key store, and is kept from when there is one. A line names recordings by their id and
people by their role there: no code, no value, no note, so that it survives a withdrawal.
A chain alone does not show that its end was cut: `anchor` prints its head, to be kept elsewhere.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from acquisition.errors import RecordingError
from acquisition.events.overlay_file import append_made
from acquisition.protection.store_files import default_store, is_store, now, user
from acquisition.recording.identity import recorded_id
from acquisition.text import clean_line

AUDIT_NAME = "audit.jsonl"
BEGINNING = "0" * 64
"""Hash before the first line."""
SPOILT = "f" * 64
"""In place of the hash of a line that could not be read when the next one was written."""
FIRST = "store made"
"""What the first line of a log says: one that begins otherwise may have been begun anew."""
ACTS = (
    "recording began",
    "recording ended",
    "paused",
    "resumed",
    "confirmed",
    "devices swapped",
    "viewed",
    "rated",
    "processed",
    "reported",
    "exported",
    "unsealed",
    "made plain",
    "edited",
    "amended",
    "refilled",
    "linked",
    "unlinked",
    "withdrawn",
    FIRST,
    "store unlocked",
    "store locked",
    "recipient added",
    "recovery sheet made",
    "store rotated",
    "store remembered",
    "store forgotten",
)
logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """Hold a line of the log."""

    number: int
    when: str
    who: str
    act: str
    about: str
    more: dict[str, Any]
    before: str
    hash: str

    def __str__(self) -> str:
        """Return it as a line for people."""
        more = ", ".join(f"{k} {v}" for k, v in self.more.items())
        return f"{self.number} {self.when} {self.who}: {self.act} {self.about}{f' ({more})' if more else ''}"


def keep(
    act: str, recording: Path | str | None = None, *, store: Path | None = None, **more: str | int
) -> bool:
    """Write down that something was done; tell whether there is a log to write it into.

    It never fails and never delays: what could not be written is in the program's own log.

    Parameters
    ----------
    act : str
        One of `ACTS`.
    recording : Path or str, optional
        What it was done to, or its id.
    more : str or int
        Details that say nothing of a person.
    """
    path = (store or default_store()) / AUDIT_NAME
    if not is_store(path.parent):
        return False
    about = recording if isinstance(recording, str) else ""
    if isinstance(recording, Path):
        about = recorded_id(recording) or clean_line(recording.resolve().name)
    said = {"when": now(), "who": user(), "act": act, "about": about, "more": more}
    try:
        append_made(path, lambda last: _next(last, said))
    except RecordingError as error:
        logger.warning("the audit log misses '%s': %s", act, error)
        return False
    return True


def _next(last: bytes, said: dict[str, Any]) -> str:
    """Return the line after the last one; one that was spoilt stays for `verify` to name."""
    number, head = 0, BEGINNING
    if last:
        try:
            row = json.loads(last)
            number, head = int(row["n"]) + 1, str(row["hash"])
        except (ValueError, KeyError, TypeError, RecursionError):
            number, head = int((re.search(rb'"n": (\d{1,15})', last) or [b"", b"-1"])[1]) + 1, SPOILT
    row = {"n": number, **said, "before": head}
    return _written(row, _hash(row)) + "\n"


def _written(row: dict[str, Any], digest: str) -> str:
    return json.dumps(row | {"hash": digest}, ensure_ascii=False)


def _hash(row: dict[str, Any]) -> str:
    text = json.dumps(row, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def entries(store: Path | None = None) -> tuple[list[Entry], list[str]]:
    """Return the lines of the log that can be read, and all that is wrong with the chain.

    Raises
    ------
    RecordingError
        If there is no log.
    """
    path = (store or default_store()) / AUDIT_NAME
    try:
        # A name may hold what ends a line elsewhere, as U+2028 does.
        text = path.read_bytes().decode("utf-8", "replace")
        lines = text.removesuffix("\n").split("\n") if text else []
    except OSError as error:
        raise RecordingError(f"{path}: no audit log is there ({error.strerror})") from error
    # It is made with its first line: an empty one was cut.
    found, faults = list[Entry](), [] if lines else ["is empty: all its lines were cut"]
    number, head = 0, BEGINNING
    for k, line in enumerate(lines, 1):
        entry = _parsed(line)
        if entry is None:
            faults.append(f"line {k}: cannot be read, or was changed")
            number, head = number + 1, SPOILT
            continue
        if (entry.number, entry.before) != (number, head):
            faults.append(f"line {k}: does not follow the line before: lines are missing or moved")
        found.append(entry)
        number, head = entry.number + 1, entry.hash
    return found, faults


def _parsed(line: str) -> Entry | None:
    """Return a line, if it is as it was written."""
    try:
        row = json.loads(line)
        said = row.pop("hash")
        if said != _hash(row) or line != _written(row, said):
            return None
        return Entry(
            number=int(row["n"]),
            when=str(row["when"]),
            who=str(row["who"]),
            act=str(row["act"]),
            about=str(row["about"]),
            more=dict(row["more"]),
            before=str(row["before"]),
            hash=str(said),
        )
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None


def head_of(found: list[Entry]) -> str:
    """Return the head of the chain as it is printed: how many lines, and the last one's hash."""
    return f"{len(found)}:{found[-1].hash if found else BEGINNING}"


def anchored(found: list[Entry], head: str) -> str:
    """Say what is wrong with the chain by a head that was printed before; "" if it goes on from there.

    Raises
    ------
    RecordingError
        If it is no head.
    """
    number, _, digest = head.strip().partition(":")
    if not number.isdecimal() or len(digest) != len(BEGINNING):
        raise RecordingError(
            f"{head[:80]!r}: no head of an audit log (NUMBER:HASH, as `attune audit anchor` prints)"
        )
    n = int(number)
    if n > len(found):
        return f"the log had {n} lines when that head was printed, and has {len(found)}: its end was cut"
    there = found[n - 1].hash if n else BEGINNING
    return "" if there == digest else f"line {n} is not the one of that head: the log was rewritten"
