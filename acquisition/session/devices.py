"""The devices of a session file, put in place of those that stand there; all else stays as it was written."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path

from acquisition.errors import SessionError
from acquisition.session.session import Device, Session
from acquisition.session.toml import dump_session, parse_session
from acquisition.session.toml_table import lines, read

TABLE = "[[device]]"


def device_text(devices: Sequence[Device]) -> str:
    """Return devices as TOML tables."""
    out: list[str] = []
    for device in devices:
        out += lines(
            TABLE, {f.name: getattr(device, f.name) for f in fields(Device) if f.name != "definition"}
        )
    return "\n".join(out)


def with_devices(text: str, devices: Sequence[Device], place: str, base: Path | None = None) -> str:
    """Return the text of a session file with other devices; comments outside their tables stay.

    Raises
    ------
    SessionError
        If the text is faulty, or the devices do not go with the session.
    """
    session = parse_session(text, place, base)
    fresh = _replaced(text, device_text(devices))
    wanted = replace(session, devices=tuple(devices))
    try:
        if same(parse_session(fresh, place, base), wanted):
            return fresh
    except SessionError:
        pass  # a layout that the replacing of lines does not know: written anew, or refused by its faults
    fresh = dump_session(wanted)
    parse_session(fresh, place, base)
    return fresh


def same(one: Session, other: Session) -> bool:
    """Tell whether two sessions say the same."""
    return dump_session(one) == dump_session(other)


def _replaced(text: str, tables: str) -> str:
    kept: list[str] = []
    inside, place = False, -1
    for line in text.splitlines():
        start = line.strip()
        if start.startswith("["):
            inside = start.startswith((TABLE, "[device.", "[[device."))
            place = len(kept) if inside and place < 0 else place
        if not inside:
            kept.append(line)
    if place < 0:
        kept, place = [*kept, ""], len(kept) + 1
    return "\n".join([*kept[:place], tables, *kept[place:]]).rstrip() + "\n"


def write_devices(path: Path, devices: Sequence[Device]) -> None:
    """Put devices into a session file, in one step: it is never half written.

    Raises
    ------
    SessionError
        If the file is faulty, or the devices do not go with the session; it is then left as it was.
    OSError
        If it cannot be written.
    """
    text, faults = read(path)
    if faults:
        raise SessionError(path, faults)
    replace_text(path, with_devices(text, devices, str(path), path.parent))


def replace_text(path: Path, text: str) -> None:
    """Put a text in the place of a file's, in one step."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        os.chmod(name, path.stat().st_mode & 0o777)
        os.replace(name, path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
