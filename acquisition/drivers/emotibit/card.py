"""What an EmotiBit writes to its card: the lines that it sends; read from a folder, as they were streamed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from acquisition.drivers.emotibit.signals import MISSING, DeviceMs
from acquisition.errors import DeviceError, PacketError
from acquisition.gatt.emotibit import TAGS, Line, sample_times
from acquisition.refilling.kept import (
    LEAST_SAME,
    LEAST_SHARE,
    Kept,
    OverTheAir,
    Wanted,
    agreeing,
    nothing,
)
from acquisition.session.session import Device
from acquisition.stream import Modality

KEEPS = "samples"
HEAD = 50
"""Lines by which a file is recognised."""


def keeps(device: Device) -> tuple[Modality, ...]:
    """Return what a device was asked to write to its card: all that it sends, or nothing."""
    return tuple(TAGS) if device.effective.get("card", "off") == "on" else ()


@dataclass(slots=True)
class _Part:
    """Packets of one stream from one start of the device on: stamp of the last value [ms], values of each."""

    packets: list[tuple[int, np.ndarray]] = field(default_factory=list)

    def kept(self, sfreq: float, channels: int) -> Kept:
        """Return the samples, dated as the driver dates them."""
        if not self.packets:
            return nothing(channels)
        stamps: list[float] = []
        before: float | None = None
        for ms, rows in self.packets:
            if before is not None and (ms - before) * 1e-3 * sfreq - len(rows) > MISSING:
                before = None
            stamps += sample_times(ms, len(rows), before, sfreq)
            before = float(ms)
        samples = np.concatenate([rows for _, rows in self.packets])
        return Kept(np.round(np.array(stamps) * 1e6).astype(np.int64), samples)


def from_files(folder: Path, device: Device, wanted: Sequence[Wanted]) -> list[Kept]:
    """Return what the raw files of a card hold for each stream; those of other hours are passed over.

    Raises
    ------
    DeviceError
        If there is no raw file in it.
    """
    files = [file for file in sorted(folder.rglob("*.csv")) if _is_raw(file)]
    if not files:
        raise DeviceError(
            f"{folder}: no raw file of an EmotiBit in it (lines such as 60100,512,3,EA,1,100,2.104,…)"
        )
    return [_of(one, files) for one in wanted]


def _is_raw(file: Path) -> bool:
    """Tell whether most of the first lines are packets; the parsed files beside have none."""
    if file.is_symlink() or not file.is_file():
        return False
    with file.open(encoding="ascii", errors="replace") as text:
        lines = [line for _, line in zip(range(HEAD), text, strict=False)]
    return sum(_line(line) is not None for line in lines) > len(lines) // 2


def _line(text: str) -> Line | None:
    try:
        return Line.from_text(text)
    except PacketError:
        return None


def _of(wanted: Wanted, files: Sequence[Path]) -> Kept:
    info = wanted.info
    tags, n = TAGS[info.modality], len(info.channels)
    parts = [part.kept(info.sfreq, n) for file in files for part in _parts(file, tags)]
    if not parts:
        return nothing(n)
    agree = [agreeing(wanted.came, part, info.sfreq) for part in parts]
    fitting = [
        part
        for part, (both, same) in zip(parts, agree, strict=True)
        if both >= LEAST_SAME and same >= LEAST_SHARE * both
    ]
    if not fitting:
        # What holds other values is handed on, so that it is said why it is not used.
        fitting = [parts[int(np.argmax([both for both, _ in agree]))]]
    stamps = np.concatenate([p.stamps for p in fitting])
    stamps, first = np.unique(stamps, return_index=True)
    return Kept(stamps, np.concatenate([p.samples for p in fitting])[first])


def _parts(file: Path, tags: tuple[str, ...]) -> Iterator[_Part]:
    """Yield what a file holds of a stream: a part for each start of the device."""
    clock, part, seen = DeviceMs(), _Part(), set[tuple[int, int, str]]()
    open_: dict[tuple[int, int], dict[str, list[float]]] = {}
    starts = 0
    with file.open(encoding="ascii", errors="replace") as text:
        for raw in text:
            line = _line(raw) if f",{tags[0][:1]}" in raw else None
            if line is None or line.tag not in tags or (line.ms, line.number, line.tag) in seen:
                continue
            seen.add((line.ms, line.number, line.tag))
            ms = clock.full(line.ms)
            if clock.restarts > starts:
                starts = clock.restarts
                yield part
                part, open_, seen = _Part(), {}, set()
            values = line.values()
            of = open_.setdefault((ms, len(values)), {})
            of[line.tag] = values
            if len(of) == len(tags) and values:
                part.packets.append((ms, np.array([of[t] for t in tags], np.float32).T))
                del open_[ms, len(values)]
                for key in list(open_)[:-4]:
                    del open_[key]
    yield part


def over_the_air(device: Device, wanted: Sequence[Wanted]) -> OverTheAir:
    """Refuse: it sends no files.

    Raises
    ------
    DeviceError
        Always, with what to do.
    """
    raise DeviceError(
        f"{device.title}: sends no files: put its card into this computer, and say --from FOLDER"
    )
