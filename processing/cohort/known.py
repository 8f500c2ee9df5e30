"""What is known of a recording before it is processed: its keys, its covariates, the hash of its input.

Hashing a thousand recordings takes minutes: what was known is kept, and holds as long as no file of the
recording has another size or time than then.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from acquisition.errors import AttunementError, ResultsError
from acquisition.protection.sealed_file import is_sealed_recording
from acquisition.ratings.files import FOLDER as RATED
from acquisition.recording.contents import SESSION_NAME
from acquisition.recording.derived import DERIVED_NAME
from acquisition.recording.recording import Recording
from acquisition.recording.refill import FOLDER as REFILLED
from acquisition.stream import PEOPLE, ROLES
from processing.results.results import input_digest, own_instruments
from processing.results.session_json import joining_keys

VERSION = 1
CERTIFICATES = "withdrawal-*.certificate.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Hold what is known of a recording.

    Parameters
    ----------
    path : str
        Absolute.
    keys : dict
        dyad, session (number), recording, client, therapist, started, setting; None where nobody said.
    covariates : dict
        session, client, therapist → name → value.
    input : str
        SHA-256 of all that results depend on.
    withdrawn : tuple of str
        Roles of whoever withdrew.
    """

    path: str
    keys: Mapping[str, str | int | None]
    covariates: Mapping[str, Mapping[str, str | float]]
    input: str
    sealed: bool
    withdrawn: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """Return the name of the recording's directory."""
        return Path(self.path).name

    def text(self, key: str) -> str:
        """Return a key as a text; "" where nobody said."""
        value = self.keys.get(key)
        return "" if value is None else str(value)


def recordings_in(places: Iterable[Path]) -> list[Path]:
    """Return the recordings that some paths are or hold, each once, in order.

    Raises
    ------
    ResultsError
        If a path holds none.
    """
    found: dict[Path, None] = {}
    for place in places:
        here = [place] if _is_recording(place) else sorted(_below(place))
        if not here:
            raise ResultsError(f"{place}: no recording is there or below")
        found.update(dict.fromkeys(path.resolve() for path in here))
    return list(found)


def _is_recording(path: Path) -> bool:
    return any((path / f"{role}.xdf").is_file() for role in ROLES)


def _below(place: Path) -> Iterator[Path]:
    for folder, inside, files in os.walk(place):
        if any(f"{role}.xdf" in files for role in ROLES):
            inside.clear()  # what lies in a recording is of that recording
            yield Path(folder)


class Ledger:
    """Keep what is known of recordings in a folder, a file each, which goes when somebody withdraws."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def place(self, recording: Path) -> Path:
        """Return where it is kept of a recording."""
        return self.folder / f"{hashlib.sha256(str(recording.resolve()).encode()).hexdigest()[:24]}.json"

    def known(self, recording: Path) -> Known:
        """Return what is known of a recording, read again if a file of it is not as it was.

        Raises
        ------
        AttunementError
            If it cannot be read, or has no session file.
        OSError
            If a file cannot be read.
        """
        said = self._said(self.place(recording))
        if said is not None and said["files"] == _files(recording, said["beside"]):
            return _from_json(said["known"])
        known, beside = read_known(recording)
        row = {"v": VERSION, "files": _files(recording, beside), "beside": beside, "known": asdict(known)}
        self.folder.mkdir(parents=True, exist_ok=True)
        place = self.place(recording)
        fresh = place.with_suffix(".tmp")
        fresh.write_text(json.dumps(row, sort_keys=True), "utf-8")
        fresh.replace(place)
        return known

    def remembered(self) -> list[Path]:
        """Return the recordings of which something is kept."""
        each = [self._said(file) for file in sorted(self.folder.glob("*.json"))]
        return sorted(Path(said["known"]["path"]) for said in each if said is not None)

    def last(self, recording: Path) -> Known | None:
        """Return what was known of a recording when it was last there."""
        said = self._said(self.place(recording))
        return None if said is None else _from_json(said["known"])

    def forget(self, recording: Path) -> None:
        """Keep nothing of a recording."""
        self.place(recording).unlink(missing_ok=True)

    @staticmethod
    def _said(file: Path) -> dict[str, Any] | None:
        try:
            said: dict[str, Any] = json.loads(file.read_text("utf-8"))
        except (OSError, ValueError):
            return None
        return said if isinstance(said, dict) and said.get("v") == VERSION else None


def read_known(recording: Path) -> tuple[Known, list[str]]:
    """Read a recording's keys and hash its input; also return the files outside it that it depends on."""
    session = Recording(recording).session
    if session is None:
        raise ResultsError(f"{recording}: no {SESSION_NAME}: nobody knows whose session it is")
    people = {str(role): dict(session.participant(role).covariates) for role in PEOPLE}
    known = Known(
        path=str(recording.resolve()),
        keys=joining_keys(session, recording),
        covariates={"session": dict(session.covariates), **people},
        input=input_digest(recording),
        sealed=is_sealed_recording(recording),
        withdrawn=_withdrawn(recording),
    )
    return known, own_instruments(recording)


def _withdrawn(recording: Path) -> tuple[str, ...]:
    """Return the roles of whoever withdrew from a recording, as its certificates say."""
    roles = set()
    for file in recording.glob(CERTIFICATES):
        try:
            roles.add(str(json.loads(file.read_text("utf-8"))["role"]))
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return tuple(sorted(roles))


def _files(recording: Path, beside: Sequence[str]) -> list[list[object]]:
    """Return name, size and times of every file of a recording; what was made of it is not among them."""
    with os.scandir(recording) as entries:
        own = [(e.name, e.stat()) for e in entries if e.is_file() and e.name != DERIVED_NAME]
    for folder in (REFILLED, RATED):
        own += [(f"{folder}/{p.name}", p.stat()) for p in (recording / folder).glob("*") if p.is_file()]
    others = [(name, (recording / name).stat()) for name in beside if (recording / name).is_file()]
    return [[name, s.st_size, s.st_mtime_ns, s.st_ctime_ns] for name, s in sorted([*own, *others], key=_name)]


def _name(pair: tuple[str, os.stat_result]) -> str:
    return pair[0]


def _from_json(said: dict[str, Any]) -> Known:
    return Known(**{**said, "withdrawn": tuple(said["withdrawn"])})


def faults_as_lines(error: AttunementError | OSError, recording: Path) -> str:
    """Return an error in one line."""
    if isinstance(error, OSError) and not isinstance(error, AttunementError):
        return f"{error.filename or recording}: {error.strerror or error}"
    return "; ".join(str(error).splitlines())
