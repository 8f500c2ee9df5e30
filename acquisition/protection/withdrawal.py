"""Take one person out of a recording: the rows beside it, keys, files; what is the other's stays whole."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

from acquisition.errors import KeyGoneError, KeyStoreError, RecordingError, SessionError
from acquisition.events.assignments import Stretch
from acquisition.events.corrections import CORRECTIONS_NAME
from acquisition.events.overlay import rows_of
from acquisition.protection.frames import Header
from acquisition.protection.keystore import KeyStore
from acquisition.protection.leftovers import left_behind, restore
from acquisition.protection.sealed_rows import keys_beside, persons_of, sealed_anew
from acquisition.protection.store_files import (
    ENVIRONMENT,
    default_store,
    put,
    put_instead,
    shred,
    shred_renamed,
)
from acquisition.protection.vault import TOGETHER, sealed_header
from acquisition.ratings.files import FOLDER, files_of, sealed_for_the_other, whose_of
from acquisition.recording import manifest
from acquisition.recording.amendments import AMENDMENTS_NAME, covariates_of
from acquisition.recording.assigned import misfiled
from acquisition.recording.contents import (
    MANIFEST_NAME,
    OVERLAY_NAME,
    RATERS,
    RECORD_NAME,
    SESSION_NAME,
    UNCONFIRMED,
    refuse_links,
)
from acquisition.recording.identity import exchanged
from acquisition.recording.lock import held
from acquisition.recording.noted import parted, stripped, without
from acquisition.recording.recording import Recording
from acquisition.recording.refill import refill_name
from acquisition.recording.repair import copy_without
from acquisition.session.toml import dump_session, load_session, parse_session
from acquisition.stream import PEOPLE, ROLES, Role

Act = Literal[
    "destroy key",
    "delete file",
    "take out stretch",
    "take out rows",
    "take out answers",
    "seal rows anew",
    "seal file anew",
]


@dataclass(frozen=True, slots=True)
class Step:
    """Say what is done to a file, and how much of it is concerned: bytes, or rows."""

    act: Act
    path: Path
    amount: int
    about: str = ""

    def __str__(self) -> str:
        """Return it as a line for people."""
        unit = {"take out answers": "answers"}.get(self.act, "rows" if "rows" in self.act else "bytes")
        amount = "" if self.act in ("destroy key", "take out stretch") else f" ({self.amount} {unit})"
        return f"{self.act}: {self.about or self.path}{amount}"


def plan(path: Path, role: Role, *, without_keys: bool = False, store: Path | None = None) -> list[Step]:
    """Return what holds anything of a person in a recording's directory, or of the dyad.

    Parameters
    ----------
    without_keys : bool
        The store is locked, or lost: sealed rows stay where they are, and those that need the person's key
        open no more once it is destroyed.

    Raises
    ------
    RecordingError
        If there is no recording, it still grows, a file of it is a link or says that it is another's, or
        the dyad's file is to go while one of a person is there: it belongs to both.
    KeyStoreError
        If it is sealed with a key that the store does not have, or rows cannot be opened.
    """
    left = [r for r in PEOPLE if (path / f"{r}.xdf").exists()]
    if role not in PEOPLE and left:
        raise RecordingError(
            f"{path}: {role}.xdf belongs to the {left[0]} too (choices: {', '.join(PEOPLE)})"
        )
    names = (MANIFEST_NAME, *(f"{r}.xdf" for r in ROLES))
    if not any((path / name).exists() for name in names):
        raise RecordingError(f"{path}: no recording is there (none of {', '.join(names)})")
    refuse_links(path)
    if held(path):
        raise RecordingError(f"{path}: the recorder is still at work; stop it first")
    restore(path)
    if found := exchanged(path):
        what = "; ".join(f"{f.file} {f.message}" for f in found)
        raise RecordingError(
            f"{path}: {what}: another's data would be erased for {role}'s. Nothing was erased: put each file "
            "in its place first"
        )
    files = [path / f"{role}.xdf", path / refill_name(role)]
    files += sorted((path / UNCONFIRMED).glob(f"{role}_*.xdf"))
    steps = [
        Step("destroy key", f, 0, f"key {h.key} of {f.name}")
        for f in files
        if (h := _header(f)) and _in_store(h.key, f, store, without_keys=without_keys)
    ]
    files += [file for file in left_behind(path, role) if file not in files]
    steps += [Step("delete file", f, f.stat().st_size) for f in files if f.is_file()]
    steps += [Step("take out stretch", path / f"{s.file}.xdf", 0, str(s)) for s in _stretches(path, role)]
    own = keys_beside(path).get(role)
    closed = without_keys and own is not None
    ids = set[str]() if closed else _ids(path, role)
    for file in [] if closed else _row_files(path):
        rows = rows_of(file)
        if n := sum(_concerns(row.text, role, ids) for row in rows):
            steps.append(Step("take out rows", file, n))
        elif m := sum(own in row.keys for row in rows):
            steps.append(Step("seal rows anew", file, m))
    if n := _answers(path, role):
        steps.append(Step("take out answers", path / SESSION_NAME, n))
    return steps + _ratings(path, role, own)


def _ratings(path: Path, role: Role, own: str | None) -> list[Step]:
    """Return what becomes of ratings: a person's own and those of them go, those of both are the other's."""
    steps, others = [], any((path / f"{r}.xdf").exists() for r in PEOPLE if r is not role)
    for file in files_of(path):
        whose, header, size = whose_of(file), _header(file), file.stat().st_size
        if whose is None or whose.theirs(role) or not others:
            steps.append(Step("delete file", file, size))
        elif header is not None and own in header.key.split(TOGETHER):
            steps.append(Step("seal file anew", file, size))
    return steps


def carry_out(path: Path, role: Role, steps: list[Step], why: str, store: Path | None = None) -> list[str]:
    """Do what was planned: rows, keys, files; return the ids of the keys that were destroyed.

    Each step may be done again: a withdrawal that was cut off is finished by the next one.
    """
    rows = [step for step in steps if "rows" in step.act]
    ids = _ids(path, role) if rows else set()  # while the file can be read: rows are found by them
    for step in steps:
        if step.act in ("take out rows", "seal rows anew"):
            _take_out(step.path, role, ids)
        elif step.act == "seal file anew":
            sealed_for_the_other(step.path, role)
        elif step.act == "take out answers":
            _strip_session(path, role)
    _take_out_stretches(path, role)
    keys = [_destroy(step.path, why, store) for step in steps if step.act == "destroy key"]
    gone = [step.path for step in steps if step.act == "delete file"]
    for file in gone:
        if file.name.startswith("."):
            shred(file)
        else:
            shred_renamed(file)
    manifest.write_without(path, _gone(path, role), {})
    return [key for key in keys if key]


def _gone(path: Path, role: Role) -> list[str]:
    """Return the person's files that the manifest lists and that are gone, the last time or now."""
    known = manifest.read(path / MANIFEST_NAME)
    listed = known.files if isinstance(known, manifest.Manifest) else {}
    own = [n for n in listed if n == f"{role}.xdf" or n.startswith(f"{UNCONFIRMED}/{role}_")]
    return [name for name in own if not (path / name).exists()]


def _stretches(path: Path, role: Role) -> list[Stretch]:
    """Return what is a person's and stands in the other's file, since the devices changed hands."""
    try:
        found = misfiled(path)
    except (RecordingError, SessionError):
        return []
    return [s for s in found if s.owner is role and s.file is not role and (path / f"{s.file}.xdf").exists()]


def _take_out_stretches(path: Path, role: Role) -> None:
    """Write the other person's file anew without what is this person's."""
    stretches = _stretches(path, role)
    for file in dict.fromkeys(s.file for s in stretches):
        own = [s for s in stretches if s.file is file]
        for target in (path / f"{file}.xdf", path / refill_name(file)):
            if not target.exists():
                continue
            new = target.with_name(f".{file}.xdf.new")
            new.unlink(missing_ok=True)
            copy_without(path, file, new, partial(_within, own), source=target)
            # Before the file: should it end in between, the next time writes both once more.
            manifest.write_without(path, (), {target.name: new} if target.parent == path else {})
            put_instead(new, target)


def _within(stretches: list[Stretch], name: str, number: int) -> bool:
    mine = [s for s in stretches if s.stream == name]
    return any(s.first <= number and (number < s.stop or s.stop < 0) for s in mine)


def _header(file: Path) -> Header | None:
    try:
        return sealed_header(file)
    except RecordingError:
        return None


def _destroy(file: Path, why: str, store: Path | None) -> str:
    header = _header(file)
    if header is None:
        return ""
    try:
        KeyStore(store or default_store()).destroy(header.key, why)
    except KeyGoneError:
        return ""
    return header.key


def _in_store(key: str, file: Path, store: Path | None, *, without_keys: bool) -> bool:
    """Tell whether a key can be destroyed; where it was destroyed already, that is nothing more to do."""
    try:
        KeyStore(store or default_store()).record(key)
    except KeyGoneError:
        return True
    except KeyStoreError as error:
        if without_keys:
            return False
        way = f"${ENVIRONMENT} says where its store is; --without-keys erases without it"
        raise KeyStoreError(
            f"{file}: is sealed, and its key cannot be destroyed here: {error} ({way})"
        ) from error
    return True


def _event_ids(path: Path, role: Role) -> set[str]:
    """Return the ids of a person's own events and of the acts of correction on their signals.

    Events can be told while the person's file can be read.
    """
    ids = set[str]()
    rows = [_parsed(row.text or "") for row in rows_of(path / CORRECTIONS_NAME)]
    ids |= {str(row.get("id")) for row in rows if isinstance(row, dict) and row.get("role") == role}
    if not (path / f"{role}.xdf").exists():
        return ids
    try:
        batches = Recording(path).batches()
        return ids | {e.id for b in batches for _, e in b.events if e.id and e.actor == role}
    except RecordingError:
        return ids


def _ids(path: Path, role: Role) -> set[str]:
    """Return the ids of a person's events, with those that were added later and what refers to them.

    An edit of an added event names only its id: its note goes with the event.
    """
    ids = _event_ids(path, role)
    texts = [row.text for file in _row_files(path) for row in rows_of(file) if row.text is not None]
    rows = [row for row in map(_parsed, texts) if isinstance(row, dict) and isinstance(row.get("id"), str)]
    while more := {str(row["id"]) for row in rows if _is_of(row, role, ids)} - ids:
        ids |= more
    return ids


def _row_files(path: Path) -> list[Path]:
    names = (OVERLAY_NAME, CORRECTIONS_NAME, AMENDMENTS_NAME, RECORD_NAME)
    files = [path / name for name in names if (path / name).is_file()]
    return files + sorted(file for name in (RATERS, FOLDER) for file in (path / name).glob("*.jsonl"))


def _concerns(line: str | None, role: Role, ids: set[str]) -> bool:
    """Tell whether a row is about a person: their own word, their signal, their event; or opens no more."""
    if line is None or role not in PEOPLE:
        return True  # with the dyad's file the last of them goes
    row = _parsed(line)
    return isinstance(row, dict) and _is_of(row, role, ids)


def _is_of(row: dict[str, Any], role: Role, ids: set[str]) -> bool:
    fields = row.get("fields")
    inner: dict[str, Any] = fields if isinstance(fields, dict) else {}
    named = {row.get("id"), row.get("ref"), inner.get("ref")}
    return role in persons_of(row) or bool({n for n in named if isinstance(n, str)} & ids)


def _parsed(line: str) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None


def _take_out(file: Path, role: Role, ids: set[str]) -> None:
    """Write a file of rows anew without a person's; what stays is sealed for the others."""
    texts = [row.text for row in rows_of(file) if not _concerns(row.text, role, ids)]
    if kept := [text for text in texts if text is not None]:
        put(file, sealed_anew(file, kept, role))
    else:
        shred_renamed(file)


def _answers(path: Path, role: Role) -> int:
    try:
        session = load_session(path / SESSION_NAME)
    except (OSError, SessionError):
        return 0
    said = sum(len(part.answers) + (part.said > 0) for of, part in parted(session.record) if of is role)
    before, after = covariates_of(session), covariates_of(stripped(session, role))
    return said + len(before) - len(after)


def _strip_session(path: Path, role: Role) -> None:
    """Write the session file without a person's answers to instruments, and what was noted of them."""
    file = path / SESSION_NAME
    session = parse_session(file.read_text("utf-8"), str(file))
    kept = stripped(replace(session, record=without(session.record, role)), role)
    new = file.with_name(f".{file.name}.new")
    new.unlink(missing_ok=True)
    put(new, dump_session(kept).encode())
    manifest.write_without(path, (), {SESSION_NAME: new})
    put_instead(new, file)
