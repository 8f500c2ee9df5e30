"""Rows beside a sealed recording: every line is sealed, to its person or to both people together.

    {"sealed": "…"}      base64 of a sealed file's bytes, one a line; what it holds is the line itself

A line is bound to the name of its file and to the line before, so that one that was changed, moved, repeated,
left out or put into another file does not open. Each has a salt of its own, and so a key of its own. What is
about nobody in particular needs both people's keys: once one of them withdraws no copy of it opens, and the
withdrawal seals it anew for the other.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from acquisition.errors import KeyGoneError, RecordingError
from acquisition.protection.frames import Opener, read_header
from acquisition.protection.sealed_file import sealed_bytes
from acquisition.protection.vault import TOGETHER, sealed_header, secret_of, was_destroyed
from acquisition.stream import PEOPLE, ROLES, Role

FOLDERS = ("raters", "ratings")
"""Folders of a recording in which such files lie."""
_BEGIN = '{"sealed": "'


@dataclass(frozen=True, slots=True)
class Row:
    """Hold a line of a file.

    Parameters
    ----------
    place : str
        How messages call it.
    text : str or None
        What it says; None if a key that it needs was destroyed.
    keys : tuple of str
        Ids of the keys that it needs; none if it is not sealed.
    """

    place: str
    text: str | None
    keys: tuple[str, ...] = ()


def recording_of(file: Path) -> Path:
    """Return the directory of the recording beside whose files a file of rows lies."""
    parent = file.absolute().parent
    return parent.parent if parent.name in FOLDERS else parent


def keys_beside(recording: Path) -> dict[Role, str]:
    """Return whose keys the files of a recording name: role → id; {} if it is not sealed."""
    found = {role: sealed_header(recording / f"{role}.xdf") for role in ROLES}
    return {role: header.key for role, header in found.items() if header is not None}


def is_sealed_row(line: bytes) -> bool:
    """Tell whether a line is sealed."""
    return line.startswith(_BEGIN.encode())


def persons_of(row: object) -> set[Role]:
    """Return the people a row says it is about: by its own word, or by the event in it."""
    if not isinstance(row, Mapping):
        return set()
    fields = row.get("fields")
    inner = fields if isinstance(fields, Mapping) else {}
    said = [row.get(name) for name in ("role", "about", "whose", "actor")] + [inner.get("actor")]
    return {role for role in PEOPLE if role in said}


def sealed(file: Path, last: bytes, text: str, without: Role | None = None) -> str:
    """Return whole lines as they are appended to a file: as they are, where the recording is not sealed.

    Parameters
    ----------
    last : bytes
        The file's last line so far.
    without : Role, optional
        Who withdraws: their key is no longer used.

    Raises
    ------
    KeyStoreError
        If the recording is sealed and the store is locked, or a key is gone.
    """
    there = {role: key for role, key in keys_beside(recording_of(file)).items() if role is not without}
    if not there:
        return text
    out = []
    for line in filter(str.strip, text.split("\n")):
        needed = _keys_for(line, there)
        data = sealed_bytes(line.encode("utf-8", errors="replace"), _bound(file, last), needed)
        made = f'{_BEGIN}{base64.b64encode(data).decode()}"}}'
        last = made.encode()
        out.append(made + "\n")
    return "".join(out)


def _keys_for(line: str, there: Mapping[Role, str]) -> list[str]:
    """Return the ids of the keys of whom a line is about: one person, or both."""
    try:
        about = persons_of(json.loads(line))
    except (ValueError, RecursionError):
        about = set()
    own = [there[role] for role in about if role in there] if len(about) == 1 else []
    both = [there[role] for role in PEOPLE if role in there]
    return own or both or [*there.values()][:1]


def opened(file: Path, lines: Iterable[tuple[str, str]]) -> list[Row]:
    """Return the lines of a file as they were before they were sealed.

    Parameters
    ----------
    lines : iterable of tuple of str
        Place and text of each line, all from the first one on.

    Raises
    ------
    KeyStoreError
        If the store is missing or locked.
    RecordingError
        If a line does not open, or came in plain after sealed ones; its place is named.
    """
    rows, last, any_sealed = list[Row](), "", False
    own = set(keys_beside(recording_of(file)).values())
    secrets: dict[str, bytes] = {}
    for place, line in lines:
        if line.startswith(_BEGIN):
            rows.append(_opened(file, place, line, last, own, secrets))
            any_sealed = True
        elif any_sealed:
            raise RecordingError(f"{place}: is not sealed, and lines before it are: another program wrote it")
        else:
            rows.append(Row(place, line))
        last = line
    return rows


def _opened(file: Path, place: str, line: str, last: str, own: set[str], secrets: dict[str, bytes]) -> Row:
    try:
        data = base64.b64decode(json.loads(line)["sealed"], validate=True)
    except (ValueError, KeyError, TypeError, binascii.Error) as error:
        raise RecordingError(f"{place}: a sealed line that is damaged") from error
    found = read_header(data, place)
    if found is None:
        raise RecordingError(f"{place}: a sealed line that is damaged")
    header, begin = found
    keys = tuple(header.key.split(TOGETHER))
    if own and not own.issuperset(keys) and not any(map(was_destroyed, keys)):
        raise RecordingError(f"{place}: a sealed line that is damaged, or of another recording")
    try:
        if header.key not in secrets:
            secrets[header.key] = secret_of(header.key)
    except KeyGoneError:
        return Row(place, None, keys)
    opener = Opener(secrets[header.key], header, _bound(file, last.encode("utf-8", errors="replace")))
    parts = opener.feed(data[begin:], final=True)
    if len(parts) != 1 or not isinstance(parts[0], bytes) or not opener.closed:
        raise RecordingError(
            f"{place}: does not open: it, or the line before, was changed, moved or taken away"
        )
    return Row(place, parts[0].decode("utf-8", errors="replace"), keys)


def sealed_anew(file: Path, texts: Sequence[str], without: Role) -> bytes:
    """Return a whole file of rows for whoever remains when a person withdraws."""
    return sealed(file, b"", "".join(text + "\n" for text in texts), without=without).encode()


def _bound(file: Path, last: bytes) -> str:
    return f"{file.name}\0{hashlib.sha256(last).hexdigest() if last else ''}"
