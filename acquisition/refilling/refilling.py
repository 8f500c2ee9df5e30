"""Refill a recording: what is missing is fetched from what its devices kept, and written beside it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from acquisition.drivers.ble_radio import Radio
from acquisition.errors import DeviceError, RecordingError
from acquisition.lsl.clock import local_clock
from acquisition.protection import audit
from acquisition.recording.lock import held
from acquisition.recording.recording import Recording
from acquisition.refilling.beats import read_beats
from acquisition.refilling.beats import stretches as beat_stretches
from acquisition.refilling.fetching import fetch
from acquisition.refilling.hint import keepers, memory_of
from acquisition.refilling.kept import Kept, Wanted
from acquisition.refilling.missing import Contents, Gap, Received, read_contents, wanted
from acquisition.refilling.placing import Stretch, refuse, stretches
from acquisition.refilling.writing import write
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
    recording = Recording(path)
    session = recording.session
    if session is None:
        raise RecordingError(f"{path}: has no session.toml, so that nobody knows its devices")
    return keepers(session, path)


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
    beats = _of_beats(path, devices, radio, clock, said) if folder is None else []
    done = [result for result, _, _ in beats]
    found = [stretch for _, put, _ in beats for stretch in put]
    devices = [d for d in devices if memory_of(d).KEEPS == "samples"]
    contents = read_contents(path) if devices or beats else None
    if contents is None or not len(contents.ticks.times):
        return done
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
            found += put
    for role in dict.fromkeys(stretch.info.role for stretch in found):
        some = [stretch for stretch in found if stretch.info.role is role]
        write(path, role, contents.ticks, some)
        audit.keep("refilled", path, role=str(role), stretches=len(some))
    for _, _, forget in beats:
        forget()
    return done


Of = tuple[Refilled, list[Stretch], Callable[[], None]]


def _of_beats(
    path: Path,
    devices: Sequence[Device],
    radio: Radio | None,
    clock: Callable[[], float],
    said: Callable[[str], None],
) -> list[Of]:
    """Fetch the intervals that belts were told to keep; each with what frees its memory afterwards."""
    keeping_rr = [d for d in devices if memory_of(d).KEEPS == "beats"]
    every = read_beats(path) if keeping_rr else None
    out: list[Of] = []
    for device in keeping_rr:
        assert every is not None
        memory = memory_of(device)
        for one in every.streams:
            if (one.info.role, one.info.device) != (device.role, device.profile):
                continue
            asked = [Wanted(one.info, (), 0)]
            try:
                (kept,) = fetch(device, asked, memory.over_the_air, radio=radio, clock=clock, said=said)
            except DeviceError as error:
                out.append((Refilled(*one.info.key, left=len(one.gaps()), why=str(error)), [], _nothing))
                continue
            put = list(beat_stretches(every, one, kept))
            ends = [float(s.times[-1]) for s in put]
            left = sum(
                not any(one.times[k] < t < one.times[k + 1] for t in ends) for k in one.gaps().tolist()
            )
            samples = sum(len(s.times) for s in put)
            why = "" if put or not left else f"its memory has nothing that fits its {left} gaps"
            result = Refilled(*one.info.key, stretches=len(put), samples=samples, left=left, why=why)
            free = partial(_freed, device, asked, memory, radio=radio, clock=clock, said=said)
            out.append((result, put, free if not left else _nothing))
    return out


def _freed(device: Device, asked: Sequence[Wanted], memory: Any, **more: Any) -> None:
    """Free a belt's memory: all of it that was missing is written."""
    with suppress(DeviceError):
        fetch(device, asked, memory.forget, **more)


def _nothing() -> None:
    """Leave a belt's memory as it is."""


def _kept(
    device: Device,
    missing: Sequence[Received],
    contents: Contents,
    folder: Path | None,
    radio: Radio | None,
    clock: Callable[[], float],
    said: Callable[[str], None],
) -> list[Kept]:
    memory = memory_of(device)
    end = float(contents.ticks.times[-1])
    asked = [wanted(r, contents.gaps(r), end) for r in missing]
    if folder is not None:
        files: list[Kept] = memory.from_files(folder, device, asked)
        return files
    said(f"{device.title}: looking for it")
    return fetch(device, asked, memory.over_the_air, radio=radio, clock=clock, said=said)


def _judged(contents: Contents, of: Received, kept: Kept) -> tuple[Refilled, list[Stretch]]:
    gaps = contents.gaps(of)
    if why := refuse(of, kept):
        return Refilled(*of.info.key, left=len(gaps), why=why), []
    put = list(stretches(contents, of, kept))
    some = [s for s in put if s.is_there]
    samples = sum(len(s.times) for s in some)
    if not put:
        why = f"its memory holds nothing of its {len(gaps)} gaps"
        return Refilled(*of.info.key, left=len(gaps), why=why), []
    left = sum(not _covered(of, gap, kept) for gap in gaps)
    return Refilled(*of.info.key, stretches=len(some), samples=samples, left=left), put


def _covered(of: Received, gap: Gap, kept: Kept) -> bool:
    """Tell whether what was kept fills a gap to its last sample."""
    if not gap.same_clock:
        return gap.after == -1  # nobody can tell how much there should be
    low, high = of.stamps[gap.before], of.stamps[gap.after]
    half = 0.5e9 / of.info.sfreq
    inside = kept.stamps[(kept.stamps > low + half) & (kept.stamps < high - half)]
    return bool(np.diff(np.concatenate([[low], inside, [high]])).max() <= 3 * half)
