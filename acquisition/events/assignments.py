"""Assignments: whose a device's streams are, from which slice on. The one place that folds `assign` events.

A recording says at its start which streams there are and whose. What is put right later is an event of the
recorder (`system`), whose note says for each stream whose it is from then on, or was from the start:

    {"v": 1, "from": "now", "streams": [{"of": ["client", "ECG"], "to": "therapist", "as": "ECG 2"}, …]}

- `of` is the stream as it was first recorded, `to` the person (none: its device was replaced), `as` the name
  under which the recorder writes it in that person's file from the next slice on.
- "now" holds from the next slice on, "start" for the whole recording; a later event goes over an earlier one.
- An event that a `void` names never was. The files were written by it all the same, and are read so.
- A stream that was not there before comes with its `stream` table, and belongs to nobody before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from itertools import pairwise
from typing import Any, Literal, cast

import numpy as np

from acquisition.event import Event, own_fields
from acquisition.stream import PEOPLE, Modality, Role, StreamInfo

ASSIGN = "assign"
"""Only the recorder writes it."""
Key = tuple[Role, str]
From = Literal["start", "now"]
FROM: tuple[From, ...] = ("start", "now")
_FIELDS = tuple(f.name for f in fields(StreamInfo) if f.name != "metadata")


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """Say whose one stream is.

    Parameters
    ----------
    of : (Role, str)
        Role and name under which it was first recorded.
    to : Role or None
        Whose it is; None for nobody's.
    name : str
        What it is called in that person's file.
    stream : StreamInfo, optional
        Its table, where it was not there before.
    """

    of: Key
    to: Role | None
    name: str
    stream: StreamInfo | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """Hold one `assign` event: in which slice it stands, since when it holds, and its moves."""

    id: str
    slice: int
    time: float
    since: From
    words: str
    moves: tuple[Move, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stretch:
    """Say that a stream stands in the file of one person in these slices, and was another's.

    Parameters
    ----------
    file : Role
        Whose file.
    owner : Role or None
        Whose device it was; None for nobody's.
    first, stop : int
        Slices first … stop − 1; stop is −1 for all that follow.
    """

    file: Role
    stream: str
    owner: Role | None
    first: int
    stop: int

    def __str__(self) -> str:
        """Return it as a line for people."""
        whose = f"the {self.owner}'s" if self.owner is not None else "of no further use"
        until = f"to {self.stop - 1}" if self.stop >= 0 else "on"
        return f"{self.file}.xdf: {self.stream}: from slice {self.first} {until}: {whose}, as assigned later"


@dataclass(frozen=True, slots=True)
class Step:
    """Say whose a stream is from slice `first` on."""

    first: int
    role: Role | None


def assign_event(time: float, since: From, moves: Sequence[Move], words: str) -> Event:
    """Return the event of an assignment; `words` say it to people."""
    streams = [_said(move) for move in moves]
    note = json.dumps({"v": 1, "from": since, "streams": streams}, ensure_ascii=False)
    return Event(
        time=time, code=ASSIGN, actor="system", source="cli", value=words, note=note, t_unc=0.0
    ).identified()


def _said(move: Move) -> dict[str, Any]:
    said: dict[str, Any] = {"of": [str(move.of[0]), move.of[1]]}
    if move.to is not None:
        said |= {"to": str(move.to), "as": move.name}
    if move.stream is not None:
        said["stream"] = {name: getattr(move.stream, name) for name in _FIELDS}
    return said


def assignment_of(slice_: int, event: Event) -> Assignment | None:
    """Return what an event assigns; None if it is none, or cannot be read."""
    if event.code != ASSIGN or event.phase != "point" or event.actor != "system":
        return None
    said = own_fields(event.note, needs="streams") or {}
    rows = said.get("streams")
    try:
        moves = tuple(_move(row) for row in rows) if isinstance(rows, list) else ()
    except (KeyError, TypeError, ValueError):
        return None
    if not moves or said.get("from") not in FROM:
        return None
    return Assignment(
        id=event.id,
        slice=slice_,
        time=event.time,
        since=cast(From, said["from"]),
        words=str(event.value or ""),
        moves=moves,
    )


def _move(row: Mapping[str, Any]) -> Move:
    role, name = row["of"]
    table = row.get("stream")
    return Move(
        of=(Role(role), str(name)),
        to=Role(row["to"]) if "to" in row else None,
        name=str(row.get("as", name)),
        stream=None if table is None else _stream(table),
    )


def _stream(table: Mapping[str, Any]) -> StreamInfo:
    known = {name: table[name] for name in _FIELDS}
    known |= {"role": Role(known["role"]), "modality": Modality(known["modality"])}
    return StreamInfo(
        **known | {"channels": tuple(map(str, known["channels"])), "sfreq": float(known["sfreq"])}
    )


def concern(given: Iterable[tuple[int, Event]]) -> list[tuple[int, Event]]:
    """Return the assignments among events with their slices, and what takes them back."""
    events = list(given)
    ids = {event.id for k, event in events if assignment_of(k, event) is not None}
    return [
        (k, e)
        for k, e in events
        if (e.id in ids and e.code == ASSIGN) or (e.phase == "void" and e.ref in ids)
    ]


def in_force(given: Iterable[tuple[int, Event]]) -> tuple[list[Assignment], list[Assignment]]:
    """Return all assignments among events with their slices, in order, and those that were not taken back."""
    events = list(given)
    made = [found for k, event in events if (found := assignment_of(k, event)) is not None]
    gone = {event.ref for _, event in events if event.phase == "void"}
    return made, [one for one in made if one.id not in gone]


def free_name(name: str, taken: Iterable[str]) -> str:
    """Return a name that is not taken: the name itself, or with the first number that makes it new."""
    there = set(taken)
    return next(n for k in range(1, len(there) + 2) if (n := name if k == 1 else f"{name} {k}") not in there)


@dataclass(slots=True, eq=False)
class Assignments:
    """Fold assignments: which stream of which file is whose, slice by slice.

    Parameters
    ----------
    streams : sequence of StreamInfo
        As the recorder expected them at the start.
    events : sequence of (slice, Event)
        The `assign` events and what takes them back; see `concern`.
    """

    streams: Sequence[StreamInfo]
    events: Sequence[tuple[int, Event]] = ()
    made: list[Assignment] = field(init=False)
    held: list[Assignment] = field(init=False)
    steps: dict[Key, list[Step]] = field(init=False)
    """First key of a stream → whose it is, in order; the first step is from slice 0 on."""
    _infos: dict[Key, StreamInfo] = field(init=False)
    _origins: dict[Key, Key] = field(init=False)
    _logical: dict[tuple[Key, Role], StreamInfo] = field(init=False)

    def __post_init__(self) -> None:
        self.made, self.held = in_force(self.events)
        self._infos = {info.key: info for info in self.streams}
        self.steps = {key: [Step(0, key[0])] for key in self._infos}
        self._origins = {key: key for key in self._infos}
        for one in self.made:
            for move in one.moves:
                if move.stream is not None and move.of not in self._infos:
                    self._infos[move.of] = move.stream
                    self.steps[move.of] = [Step(0, None)]
                if move.to is not None:
                    self._origins[move.to, move.name] = move.of
        for one in self.held:
            for move in one.moves:
                self.steps[move.of] = _stepped(self.steps.get(move.of, [Step(0, move.of[0])]), one, move.to)
        self._logical = self._named()

    def _named(self) -> dict[tuple[Key, Role], StreamInfo]:
        """Name each stream of each person it belongs to; who is its first owner keeps the name."""
        out: dict[tuple[Key, Role], StreamInfo] = {}
        owned = [(k, role) for k, steps in self.steps.items() for role in _owners(steps) if k in self._infos]
        for key, role in sorted(owned, key=lambda pair: pair[0][0] is not pair[1]):  # stable
            taken = [info.name for info in out.values() if info.role is role]
            out[key, role] = replace(self._infos[key], role=role, name=free_name(key[1], taken))
        return {pair: out[pair] for pair in owned}

    @property
    def any(self) -> bool:
        """Tell whether anything was ever assigned."""
        return bool(self.made)

    @property
    def bounds(self) -> list[int]:
        """Return the slices from which on a stream may stand elsewhere, one an event, in order."""
        return [k + 1 for k, _ in self.events]

    def origin(self, key: Key) -> Key | None:
        """Return as what the stream of a file was first recorded; None if nothing is known of it."""
        return self._origins.get(key)

    def belongs(self, origin: Key, slice_: int) -> StreamInfo | None:
        """Return the stream as that of whose it is in a slice; None where it is nobody's."""
        steps = self.steps[origin]
        at = int(np.searchsorted([s.first for s in steps], slice_, side="right")) - 1
        role = steps[at].role
        return None if role is None else self._logical.get((origin, role))

    def firsts(self) -> dict[Key, Key]:
        """Return, for each stream as that of an owner, as what it was first recorded."""
        return {info.key: key for (key, _), info in self._logical.items()}

    def name_in(self, origin: Key, role: Role) -> str:
        """Return how a stream is called in the file of a person."""
        if origin[0] is role:
            return origin[1]
        return next(key[1] for key, of in self._origins.items() if of == origin and key[0] is role)

    @property
    def epochs(self) -> list[tuple[int, tuple[StreamInfo, ...]]]:
        """Return from which slice on which streams there are, in the order of the recording."""
        firsts = sorted({step.first for steps in self.steps.values() for step in steps} | {0})
        return [(first, self._there(first)) for first in firsts]

    def _there(self, slice_: int) -> tuple[StreamInfo, ...]:
        found = (self.belongs(key, slice_) for key in self._infos)
        return tuple(info for info in found if info is not None)

    def all_streams(self) -> tuple[StreamInfo, ...]:
        """Return every stream there is at some time; one that has two owners is there twice."""
        return tuple(self._logical.values())

    def misfiled(self) -> list[Stretch]:
        """Return what stands in the file of one person and is another's; the files are never changed."""
        found = []
        bounds = [0, *self.bounds, -1]
        for n, (first, stop) in enumerate(pairwise(bounds)):
            then = Assignments(self.streams, self.events[:n])
            for origin, steps in then.steps.items():
                file, owner = steps[-1].role, self.belongs(origin, first)
                if file is not None and first != stop and (owner is None or owner.role is not file):
                    name = next(
                        (m for m, of in self._origins.items() if of == origin and m[0] is file), origin
                    )[1]
                    role = None if owner is None else owner.role
                    found.append(Stretch(file=file, stream=name, owner=role, first=first, stop=stop))
        return found

    def lines(self, t0: float) -> list[str]:
        """Say in plain lines what was assigned; `t0` is the first tick [s]."""
        return [f"at {_clock(one.time - t0)}: {one.words}" for one in self.held]


def _stepped(steps: list[Step], one: Assignment, to: Role | None) -> list[Step]:
    if one.since == "start":
        return [Step(0, to)]
    kept = [step for step in steps if step.first <= one.slice]
    return kept if kept and kept[-1].role is to else [*kept, Step(one.slice + 1, to)]


def _owners(steps: Iterable[Step]) -> list[Role]:
    found = [step.role for step in steps if step.role is not None]
    return list(dict.fromkeys(found))


def _clock(seconds: float) -> str:
    minutes, rest = divmod(max(0, round(seconds)), 60)
    return f"{minutes}:{rest:02d}"


def partner(role: Role) -> Role:
    """Return the other one of two people."""
    return PEOPLE[1 - PEOPLE.index(role)]
