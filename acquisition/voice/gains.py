"""Gains of microphones in a session file: `gain_db` of their devices, where the recorder reads it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from acquisition.errors import SessionError
from acquisition.session.devices import TABLE, replace_text, same, write_devices
from acquisition.session.session import Device
from acquisition.session.toml import load_session, parse_session
from acquisition.session.toml_table import read
from acquisition.stream import Role

KEY = "gain_db"
_GIVEN = re.compile(rf"(\b{KEY}\s*=\s*)[-+0-9._eE]+")
_SETTINGS = re.compile(r"^(\s*settings\s*=\s*\{)(.*?)(\}.*)$")


def store_gains(path: Path, gains: Mapping[Role, float], devices: tuple[Device, ...]) -> None:
    """Write the gain [dB] of each person's microphone into a session file; comments and layout stay.

    Parameters
    ----------
    devices : tuple of Device
        The microphones, as the session names them.

    Raises
    ------
    SessionError
        If the file is faulty; it is then left as it was.
    OSError
        If it cannot be written.
    """
    session = load_session(path)
    mine = {(d.role, d.profile, d.name, d.address, d.source_id) for d in devices}
    rounded: dict[int, float] = {
        k: round(gains[Role(d.role)], 1)
        for k, d in enumerate(session.devices)
        if (d.role, d.profile, d.name, d.address, d.source_id) in mine
    }
    wanted = tuple(
        replace(d, settings={**d.settings, KEY: rounded[k]}) if k in rounded else d
        for k, d in enumerate(session.devices)
    )
    text, faults = read(path)
    if faults:
        raise SessionError(path, faults)
    fresh = _edited(text, rounded)
    try:
        if same(parse_session(fresh, str(path), path.parent), replace(session, devices=wanted)):
            replace_text(path, fresh)
            return
    except SessionError:
        pass  # a layout that the editing of lines does not know
    write_devices(path, wanted)


def _edited(text: str, gains: Mapping[int, float]) -> str:
    """Return the text with gains in the device tables of these numbers."""
    blocks: list[list[str]] = [[]]
    for line in text.splitlines():
        if line.strip().startswith("[") and not line.strip().startswith("[device."):
            blocks.append([])
        blocks[-1].append(line)
    number = -1
    for block in blocks:
        if block and block[0].strip().startswith(TABLE):
            number += 1
            if number in gains:
                _set(block, gains[number])
    return "\n".join(line for block in blocks for line in block) + "\n"


def _set(block: list[str], gain: float) -> None:
    for i, line in enumerate(block):
        code = line.partition("#")[0]
        if _GIVEN.search(code):
            block[i] = _GIVEN.sub(rf"\g<1>{gain}", line, count=1)
            return
        if found := _SETTINGS.match(line):
            head, inner, tail = found.groups()
            inner = f"{inner.strip()}, " if inner.strip() else ""
            block[i] = f"{head} {inner}{KEY} = {gain} {tail}"
            return
    last = max(i for i, line in enumerate(block) if line.strip() and not line.strip().startswith("#"))
    block.insert(last + 1, f"settings = {{ {KEY} = {gain} }}")
