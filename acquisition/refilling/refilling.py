"""Refill a recording: what is missing is fetched from what its devices kept, and written beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np

from acquisition.drivers.ble_radio import Radio
from acquisition.drivers.table import TABLE
from acquisition.errors import AttunementError, DeviceError, RecordingError
from acquisition.lsl.clock import local_clock
from acquisition.protection import audit
from acquisition.recording.lock import held
from acquisition.recording.recording import Recording
from acquisition.refilling.fetching import fetch
from acquisition.refilling.kept import Kept
from acquisition.refilling.missing import Contents, Gap, Received, read_contents, wanted
from acquisition.refilling.placing import Stretch, refuse, stretches
from acquisition.refilling.writing import write
from acquisition.session.profile import load_profile
from acquisition.session.session import Device
from acquisition.stream import Role


@dataclass(frozen=True, slots=True)
class Refilled:
    """Say what became of a stream: how many stretches and samples were put in, or why none were.

    `left` is how many gaps are there still.
    """

    role: Role
    stream: str
    stretches: int = 0
    samples: int = 0
    left: int = 0
    why: str = ""

    def __str__(self) -> str:
        """Return it as a line for people."""
        if self.why:
            return f"{self.role}/{self.stream}: {self.why}"
        left = f"; {self.left} gaps are left" if self.left else ""
        return (
            f"{self.role}/{self.stream}: refilled {self.samples} samples in {self.stretches} stretches{left}"
        )


def keeping(path: Path) -> list[Device]:
    """Return the devices of a recording that keep what they measure.

    Raises
    ------
    RecordingError
        If it still grows, or has no session file.
    """
    if held(path):
        raise RecordingError(f"{path}: is still growing; refill it when it has ended")
    session = Recording(path).session
    if session is None:
        raise RecordingError(f"{path}: has no session.toml, so that nobody knows its devices")
    found = []
    for device in session.devices:
        try:
            definition = device.definition or load_profile(device.profile, path)
        except AttunementError:
            continue
        if definition.driver in TABLE and TABLE[definition.driver].memory:
            found.append(replace(device, definition=definition))
    return found


def refill(
    path: Path,
    *,
    folder: Path | None = None,
    radio: Radio | None = None,
    clock: Callable[[], float] = local_clock,
    said: Callable[[str], None] = lambda _: None,
) -> list[Refilled]:
    """Fetch what is missing and write it beside a recording, which stays as it is.

    Parameters
    ----------
    folder : Path, optional
        Where a device's card is, in place of its connection.
    said : callable
        Told what goes on.

    Raises
    ------
    RecordingError
        If the recording still grows, or cannot be read.
    KeyStoreError
        If it is sealed, and its keys are not at hand.
    """
    devices = keeping(path)
    contents = read_contents(path) if devices else None
    if contents is None or not len(contents.ticks.times):
        return []
    found: dict[Role, list[Stretch]] = {}
    done: list[Refilled] = []
    for device in devices:
        streams = [
            r for r in contents.received if (r.info.role, r.info.device) == (device.role, device.profile)
        ]
        missing = [r for r in streams if contents.gaps(r)]
        done += [Refilled(*r.info.key, why="nothing is missing") for r in streams if r not in missing]
        if not missing:
            continue
        try:
            kept = _kept(device, missing, contents, folder, radio, clock, said)
        except (DeviceError, OSError) as error:
            done += [Refilled(*r.info.key, why=str(error)) for r in missing]
            continue
        for of, one in zip(missing, kept, strict=True):
            result, put = _judged(contents, of, one)
            done.append(result)
            found.setdefault(of.info.role, []).extend(put)
    for role, some in found.items():
        if some:
            write(path, role, contents.ticks, some)
            audit.keep("refilled", path, role=str(role), stretches=len(some))
    return done


def _kept(
    device: Device,
    missing: Sequence[Received],
    contents: Contents,
    folder: Path | None,
    radio: Radio | None,
    clock: Callable[[], float],
    said: Callable[[str], None],
) -> list[Kept]:
    assert device.definition is not None
    memory: Any = import_module(TABLE[device.definition.driver].memory)
    asked = [wanted(r, contents.gaps(r)) for r in missing]
    if folder is not None:
        files: list[Kept] = memory.from_files(folder, device, asked)
        return files
    said(f"{device.title}: looking for it")
    return fetch(device, asked, memory.over_the_air, radio=radio, clock=clock, said=said)


def _judged(contents: Contents, of: Received, kept: Kept) -> tuple[Refilled, list[Stretch]]:
    n = len(contents.gaps(of))
    if why := refuse(of, kept):
        return Refilled(*of.info.key, left=n, why=why), []
    put = list(stretches(contents, of, kept))
    some = [s for s in put if np.isfinite(s.samples).all()]
    samples = sum(len(s.times) for s in some)
    if not put:
        return Refilled(*of.info.key, left=n, why=f"its memory holds nothing of its {n} gaps"), []
    left = sum(not _covered(of, gap, kept) for gap in contents.gaps(of))
    return Refilled(*of.info.key, stretches=len(some), samples=samples, left=left), put


def _covered(of: Received, gap: Gap, kept: Kept) -> bool:
    """Tell whether what was kept fills a gap to its last sample."""
    if not gap.same_clock:
        return gap.after == -1  # nobody can tell how much there should be
    low, high = of.stamps[gap.before], of.stamps[gap.after]
    due = round((high - low) * 1e-9 * of.info.sfreq) - 1
    half = 0.5e9 / of.info.sfreq
    return bool(((kept.stamps > low + half) & (kept.stamps < high - half)).sum() >= due)
