"""Whether a device kept what a recording lacks: said when it ends, and in its results."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterable
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any

from acquisition.drivers.table import TABLE
from acquisition.errors import AttunementError
from acquisition.event import Notice
from acquisition.recording.recording import Recording
from acquisition.session.profile import load_profile
from acquisition.session.session import Device, Session
from acquisition.stream import Role, StreamInfo
from acquisition.text import how_many

logger = logging.getLogger(__name__)

_MISSING = re.compile(r"missing(, how many is not known)?$")
"""Ends what is told of a gap that has no reason of its own, such as a change of range: a drop-out."""


def memory_of(device: Device) -> Any:
    """Return what reads what a device keeps; None if it keeps nothing."""
    definition = device.definition
    if definition is None or definition.driver not in TABLE or not TABLE[definition.driver].memory:
        return None
    memory = import_module(TABLE[definition.driver].memory)
    return memory if memory.keeps(device) else None


def known(devices: Iterable[Device], path: Path) -> list[Device]:
    """Return devices with what their profiles say; those whose profile is not there any more are left out."""
    found = []
    for device in devices:
        try:
            found.append(replace(device, definition=device.definition or load_profile(device.profile, path)))
        except AttunementError:
            continue
    return found


def keepers(session: Session, path: Path) -> list[Device]:
    """Return the devices of a session that were to keep what they measure."""
    return [device for device in known(session.devices, path) if memory_of(device) is not None]


def gaps_left(notices: Iterable[Notice]) -> dict[tuple[Role, str], int]:
    """Return how many drop-outs of each stream nobody has looked for in a memory yet."""
    gaps: dict[tuple[Role, str], list[Notice]] = {}
    open_: dict[tuple[Role, str], Notice] = {}
    looked: dict[tuple[Role, str], list[Notice]] = {}
    for n in notices:
        key = (n.role, n.stream)
        if n.kind == "lost" and not math.isnan(n.start):
            open_[key] = n
        elif n.kind == "resumed":
            open_.pop(key, None)
        elif n.kind == "gap" and _MISSING.search(n.message):
            gaps.setdefault(key, []).append(n)
        elif n.kind == "refilled":
            looked.setdefault(key, []).append(n)
    left = {
        key: sum(not any(g.start < r.start < g.stop for r in looked.get(key, ())) for g in some)
        for key, some in gaps.items()
    }
    for key, lost in open_.items():
        if not any(r.start > lost.start for r in looked.get(key, ())):
            left[key] = left.get(key, 0) + 1
    return {key: n for key, n in left.items() if n}


def hint(
    session: Session, streams: Iterable[StreamInfo], notices: Iterable[Notice], path: Path, name: str = ""
) -> str:
    """Say in a line what `attune refill` would look for; "" if no device kept what is missing.

    Parameters
    ----------
    name : str
        How the recording is called; its path if not given.
    """
    left, devices = gaps_left(notices), keepers(session, path)
    found: dict[str, int] = {}
    for info in streams:
        same = [device for device in devices if device.profile == info.device]
        # One that changed hands is in the session file as its first owner's.
        for device in [d for d in same if d.role is info.role] or same:
            if info.modality in memory_of(device).keeps(device) and left.get(info.key):
                found[f"{info.role}/{info.name}"] = left[info.key]
    if not found:
        return ""
    n = sum(found.values())
    gaps = f"{how_many(n, 'gap')} in what the devices kept ({', '.join(found)})"
    return f"`attune refill {name or path}` would look for {gaps}"


def hint_of(path: Path) -> str:
    """Return the hint of a recording that has ended; "" where it cannot be read, which is told elsewhere."""
    try:
        recording = Recording(path)
        if recording.session is None or not keepers(recording.session, path):
            return ""
        notices = [n for batch in recording.batches() for _, n in batch.notices]
        return hint(recording.session, recording.streams, notices, path)
    except (AttunementError, OSError):
        return ""
    except Exception:  # whatever it is, the recording is whole, and its end is what is told
        logger.exception("no hint")
        return ""
