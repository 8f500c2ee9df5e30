"""Files of ratings beside a recording: ratings/NAME.xdf, a new file for each sitting, never written again.

A sitting is a segment: whoever goes on later, or after the window was killed, writes NAME+2.xdf and so on.
Stamps are those of the recording, at the moment that was being rated. Each write is a slice of a fifth of a
second, so that is the most that a kill takes.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from acquisition.errors import KeyGoneError, KeyStoreError, RecordingError
from acquisition.protection.frames import Header, Seal, is_sealed
from acquisition.protection.plain import open_plain
from acquisition.protection.sealed_file import read_file, sealed_bytes
from acquisition.protection.store_files import put
from acquisition.protection.vault import sealed_header, secret_of
from acquisition.ratings.whose import BY, Whose, key_of
from acquisition.recording.contents import refuse_links
from acquisition.recording.fsync import FsyncThread, sync_directory, sync_file
from acquisition.recording.identity import recorded_id
from acquisition.recording.lock import held
from acquisition.session.rating_settings import Axis
from acquisition.stream import ROLES, FloatArray, Modality, Role, StreamInfo
from acquisition.units import UNBOUNDED
from acquisition.xdf import Damage, Writer, load_foreign
from acquisition.xdf.form import stream_id
from acquisition.xdf.header import header_xml

FOLDER = "ratings"
SFREQ = 20.0
"""Rate of a rating [Hz]."""
SLICE = 4
"""Samples of a write: a fifth of a second."""
NAME = re.compile(r"(?P<rater>[A-Za-z0-9][A-Za-z0-9_.-]{0,63})(\+(?P<number>[1-9]\d{0,4}))?\.xdf")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sitting:
    """Say what is rated in a file: by whom, of whom, on which axes, how, and the how-manieth time.

    Parameters
    ----------
    rater : str
        A code, or client or therapist.
    bounded : bool
        The scale goes from -1 to 1.
    turn : int
        From 1: whoever rates an hour twice does it in two turns.
    input, shown : str
        What was used, and what the rater saw of the session.
    """

    rater: str
    whose: Whose
    axes: tuple[Axis, ...] = (Axis(),)
    bounded: bool = True
    turn: int = 1
    input: str = "mouse"
    shown: str = "nothing"

    def info(self) -> StreamInfo:
        """Return the stream of the file."""
        return StreamInfo(
            name="rating",
            role=self.whose.of,
            modality=Modality.RATING,
            sfreq=SFREQ,
            unit="-1..1" if self.bounded else UNBOUNDED,
            channels=tuple(axis.name for axis in self.axes),
            exact=True,
            metadata={
                "rater": self.rater,
                "by": str(self.whose.by or ""),
                "of": str(self.whose.of),
                "anchors": json.dumps([[a.less, a.more] for a in self.axes], ensure_ascii=False),
                "turn": str(self.turn),
                "input": self.input,
                "shown": self.shown,
            },
        )


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Rated:
    """Hold one turn of one rater: every sitting of it, in order of time.

    Parameters
    ----------
    times : ndarray, shape (n_samples,)
        Stamps on the clock of the recording [s].
    values : ndarray, shape (n_samples, n_axes)
        From -1 to 1, or of a scale without ends.
    files : tuple of str
        Names of the files.
    damage : tuple of str
        What of them could not be read.
    """

    sitting: Sitting
    times: FloatArray
    values: FloatArray
    files: tuple[str, ...]
    damage: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return how tables call it: the rater, with the turn from the second on."""
        turn = self.sitting.turn
        return self.sitting.rater + (f" ({turn})" if turn > 1 else "")


class RatingWriter:
    """Write a sitting.

    Parameters
    ----------
    recording : Path
        A finished recording.

    Raises
    ------
    RecordingError
        If nothing can be written there, or what is sealed has no key at hand.
    """

    def __init__(self, recording: Path, sitting: Sitting) -> None:
        self.path = next_file(recording, sitting.rater)
        self._waiting: list[tuple[float, tuple[float, ...]]] = []
        self._number = 0
        id = recorded_id(recording)
        key = key_of(recording, sitting.whose)
        seal = None
        if key:
            header = Header.new(key, recording=id, role=str(sitting.whose))
            seal = Seal(secret_of(key), header, self.path.name)
        try:
            self.path.parent.mkdir(mode=0o700, exist_ok=True)
            created = datetime.now(UTC).isoformat(timespec="seconds")
            self._writer = Writer(
                self.path, created=created, recording=id, role=str(sitting.whose.of), seal=seal
            )
            sync_directory(self.path.parent)
        except OSError as error:
            raise RecordingError(f"{self.path}: cannot be written: {error.strerror}") from error
        info = sitting.info()
        self._stream = self._writer.header(stream_id(info.name), header_xml(info))
        self._writer.offset(self._stream, 0.0, 0.0)
        self._sync = FsyncThread({self.path: self._writer.fd}, 1.0)

    def add(self, time: float, values: tuple[float, ...]) -> None:
        """Take a sample [s, clock of the recording]; every fifth of a second they reach the file.

        Raises
        ------
        OSError
            If the disk refuses; the samples are kept for the next call.
        """
        self._waiting.append((time, values))
        if len(self._waiting) >= SLICE:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if self._waiting:
            times = np.array([t for t, _ in self._waiting])
            self._writer.samples(self._stream, times, np.array([v for _, v in self._waiting], np.float32))
            self._writer.seal(self._number, float(times[-1]), datetime.now(UTC).timestamp())
            self._number += 1
            self._waiting.clear()
        self._writer.flush()

    def close(self) -> None:
        """End the file; one that holds no sample is taken away."""
        try:
            self.flush()
            self._writer.finish()
            sync_file(self._writer.fd)
        finally:
            self._sync.stop()
            self._writer.close()
        if not self._number:
            self.path.unlink(missing_ok=True)


def files_of(recording: Path) -> list[Path]:
    """Return the files of ratings beside a recording, by rater and number; links are none."""
    found = [p for p in (recording / FOLDER).glob("*.xdf") if p.is_file() and not p.is_symlink()]
    return sorted(found, key=_order)


def _order(path: Path) -> tuple[str, int]:
    said = NAME.fullmatch(path.name)
    return (said["rater"], int(said["number"] or 1)) if said else (path.name, 0)


def refuse_rating(recording: Path, whose: Whose) -> None:
    """Refuse to rate what still grows, or somebody of whom nothing is there.

    Raises
    ------
    RecordingError
        Says why.
    """
    refuse_links(recording)
    if held(recording):
        raise RecordingError(f"{recording}: is still recorded; it is rated once it has ended")
    for role in ROLES:
        if role == whose.of and not (recording / f"{role}.xdf").is_file():
            there = ", ".join(r for r in ROLES if (recording / f"{r}.xdf").is_file()) or "nobody"
            raise RecordingError(f"{recording}: nothing of the {role} is there (there is: {there})")


def next_file(recording: Path, rater: str) -> Path:
    """Return the file of the next sitting of a rater."""
    taken = [n for name, n in map(_order, files_of(recording)) if name == rater]
    number = max(taken, default=0) + 1
    return recording / FOLDER / (f"{rater}.xdf" if number == 1 else f"{rater}+{number}.xdf")


def whose_of(path: Path) -> Whose | None:
    """Return whose a file is: a sealed one says it in its head, any other in its stream."""
    with open(path, "rb") as file:
        sealed = is_sealed(file.read(8))
    if sealed:
        header = sealed_header(path)
        return Whose.read(header.role) if header is not None else None
    return next((s.whose for s, _, _ in _sittings(path, [])), None)


def read_ratings(recording: Path) -> list[Rated]:
    """Return every turn of every rater, by rater and turn; a file whose key was destroyed is left out.

    Raises
    ------
    RecordingError
        If a file holds no rating of ours, or is sealed and its keys are not at hand.
    """
    parts: dict[tuple[object, ...], list[tuple[Path, Sitting, FloatArray, FloatArray, list[Damage]]]] = {}
    for path in files_of(recording):
        damage: list[Damage] = []
        try:
            found = list(_sittings(path, damage))
        except KeyGoneError:
            continue
        if not found:
            raise RecordingError(f"{path}: no rating of attune rate is in it")
        for sitting, times, values in found:
            key = (sitting.rater, sitting.turn, sitting.whose, sitting.axes, sitting.bounded)
            parts.setdefault(key, []).append((path, sitting, times, values, damage))
    return [_joined(sittings) for sittings in parts.values()]


def _sittings(path: Path, damage: list[Damage]) -> Iterable[tuple[Sitting, FloatArray, FloatArray]]:
    for stream in load_foreign(path, damage=damage, opened=open_plain):
        info = stream.info
        if info is None or info.modality is not Modality.RATING or "rater" not in info.metadata:
            continue
        said = info.metadata
        by = said.get("by", "")
        whose = Whose.read(said.get("of", "") + (f"{BY}{by}" if by else ""))
        axes = tuple(Axis(name, *ends) for name, ends in zip(info.channels, _anchors(said), strict=False))
        sitting = Sitting(
            rater=said["rater"],
            whose=whose or Whose(Role.DYAD),
            axes=axes,
            bounded=info.unit != UNBOUNDED,
            turn=_turn(said.get("turn", "")),
            input=said.get("input", ""),
            shown=said.get("shown", ""),
        )
        yield sitting, stream.times, np.asarray(stream.samples, np.float64)


def _turn(said: str) -> int:
    """Return which turn a header says; 1 where it says none."""
    # "²" is a digit and no number; thousands of digits are refused by int.
    return int(said) if said.isdecimal() and len(said) < 10 else 1


def _anchors(said: dict[str, str]) -> list[tuple[str, str]]:
    """Return the words at the ends of each axis, as far as a header says them."""
    try:
        found = [(str(less), str(more)) for less, more in json.loads(said.get("anchors", ""))]
    except (ValueError, TypeError, RecursionError):
        found = []
    return [*found, *[("less", "more")] * 2]


def _joined(parts: list[tuple[Path, Sitting, FloatArray, FloatArray, list[Damage]]]) -> Rated:
    """Return the sittings of a turn as one; of what was rated again the later sitting counts."""
    times, values = np.empty(0), np.empty((0, len(parts[0][1].axes)))
    for _, _, t, v, _ in parts:
        if not len(t):
            continue
        kept = (times < t[0]) | (times > t[-1])
        times, values = np.concatenate((times[kept], t)), np.concatenate((values[kept], v))
        order = np.argsort(times, kind="stable")
        times, values = times[order], values[order]
    return Rated(
        sitting=parts[-1][1],
        times=times,
        values=values,
        files=tuple(path.name for path, *_ in parts),
        damage=tuple(f"{path.name}: {d}" for path, *_, found in parts for d in found),
    )


def sealed_for_the_other(path: Path, without: Role) -> None:
    """Write a sealed file of a rating anew for whoever remains when a person withdraws.

    Raises
    ------
    RecordingError
        If it does not open.
    """
    whose = whose_of(path) or Whose(Role.DYAD)
    recording = path.parent.parent
    key = key_of(recording, whose, without)
    data = sealed_bytes(read_file(path), path.name, [key], recorded_id(recording), role=str(whose))
    put(path, data)


def unreadable(path: Path) -> list[str]:
    """Return what of a file of ratings cannot be read; nothing of one whose key is not at hand."""
    damage: list[Damage] = []
    try:
        found = list(_sittings(path, damage))
    except KeyStoreError:
        return []
    except RecordingError as error:
        return [str(error).removeprefix(f"{path}: ")]
    return [str(d) for d in damage] or ([] if found else ["no rating of attune rate is in it"])
