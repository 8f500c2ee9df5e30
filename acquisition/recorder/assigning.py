"""Whose each stream is while recording: devices change hands, and a new one takes the place of another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from acquisition.drivers import Drained
from acquisition.errors import ControlError
from acquisition.event import Event, Notice
from acquisition.events.assignments import (
    FROM,
    Assignments,
    Key,
    Move,
    assign_event,
    free_name,
    partner,
)
from acquisition.stream import PEOPLE, Chunk, ClockOffset, Modality, Role, StreamInfo

KINDS: dict[str, tuple[Modality, ...]] = {
    "heart": (Modality.ECG, Modality.RR, Modality.PPI),
    "skin": (Modality.EDA,),
    "breath": (Modality.RESP,),
    "voice": (Modality.VOICE, Modality.AUDIO),
}
"""What a device may be called by when it is swapped."""


class Assigning:
    """Route what drivers bring to whose it is, under the name that it has in that person's file.

    Parameters
    ----------
    number : callable
        Returns the number of the slice that is being written.
    """

    def __init__(self, number: Callable[[], int]) -> None:
        self._number = number
        self._infos: dict[Key, StreamInfo] = {}
        self._names: dict[tuple[Key, Role], str] = {}
        self._now: dict[Key, Key | None] = {}
        self._offsets: dict[Key, tuple[float, float]] = {}
        self._events: list[tuple[int, Event]] = []
        self._seeds: list[ClockOffset] = []

    def expect(self, infos: Iterable[StreamInfo]) -> None:
        """Take in the streams that the recording says it expects: only these can be assigned."""
        for info in infos:
            self._infos[info.key] = info
            self._now.setdefault(info.key, info.key)
            self._names[info.key, info.role] = info.name

    @property
    def moved(self) -> bool:
        """Tell whether anything was ever assigned."""
        return bool(self._events)

    def key(self, key: Key) -> Key | None:
        """Return whose a stream is now and how it is called; None if nobody's."""
        return self._now.get(key, key)

    def info(self, info: StreamInfo) -> StreamInfo | None:
        """Return a stream as that of whose it is now; None if nobody's."""
        key = self.key(info.key)
        if key is None or key == info.key:
            return None if key is None else info
        return replace(info, role=key[0], name=key[1])

    def note(self, offset: ClockOffset) -> None:
        """Remember the clock offset of a stream."""
        self._offsets[offset.info.key] = offset.collected, offset.value

    def route(self, items: Iterable[Drained]) -> list[Drained]:
        """Return items as those of whose they are now, first of all the clock offsets of what moved."""
        out: list[Drained] = list(self._seeds)
        self._seeds = []
        for item in items:
            if isinstance(item, ClockOffset):
                self.note(item)
            routed = self._route(item) if self.moved else item
            if routed is not None:
                out.append(routed)
        return out

    def _route(self, item: Drained) -> Drained | None:
        if isinstance(item, Notice):
            key = self.key((item.role, item.stream))
            return None if key is None else replace(item, role=key[0], stream=key[1])
        info = self.info(item.info)
        if info is None or info is item.info:
            return None if info is None else item
        if isinstance(item, Chunk):
            return Chunk(info, item.times, item.samples)
        return replace(item, info=info)

    def swap(self, now: float, since: str, kinds: Sequence[str] = ()) -> Event:
        """Return the event by which client and therapist exchange their devices.

        Parameters
        ----------
        since : str
            "now" or "start".
        kinds : sequence of str
            Of `KINDS`: only devices that measure one of these; all without any.

        Raises
        ------
        ControlError
            If there is no such device, or the recording has not begun.
        """
        if since not in FROM:
            raise ControlError(f"from = {since[:40]!r}: must be one of {', '.join(FROM)}")
        for kind in kinds:
            if kind not in KINDS:
                raise ControlError(f"swap {str(kind)[:40]!r}: must be one of {', '.join(KINDS)}")
        if not self._infos:
            raise ControlError("the recording has not begun yet: swap once it has")
        modalities = {m for kind in kinds for m in KINDS[kind]} or set(Modality)
        owned = {key: now_ for key, now_ in self._now.items() if now_ is not None and now_[0] in PEOPLE}
        devices = {self._device(k) for k in owned if self._infos[k].modality in modalities}
        chosen = [k for k in owned if self._device(k) in devices]
        if not chosen:
            there = ", ".join(dict.fromkeys(str(info.modality) for info in self._infos.values())) or "none"
            raise ControlError(f"nothing to swap: no such device is expected (streams: {there})")
        moves = [self._move(key, partner(owned[key][0])) for key in chosen]
        what = f" ({', '.join(kinds)})" if kinds else ""
        held = "from the start" if since == "start" else "from now"
        return assign_event(now, since, moves, f"client ⇄ therapist {held}{what}")

    def replaced(self, now: float, new: Sequence[StreamInfo], old: Sequence[Key], words: str) -> Event:
        """Return the event by which new streams, named by `new_names`, take the place of others."""
        moves = [Move(of=i.key, to=i.role, name=i.name, stream=i) for i in new]
        moves += [Move(of=key, to=None, name=key[1]) for key in old]
        return assign_event(now, "now", moves, words)

    def of(self, role: Role, modalities: Iterable[Modality]) -> list[Key]:
        """Return the first keys of the streams of those devices that measure these for a person now."""
        wanted = set(modalities)
        owned = [key for key, now in self._now.items() if now is not None and now[0] is role]
        devices = {self._device(k) for k in owned if self._infos[k].modality in wanted}
        return [k for k in owned if self._device(k) in devices]

    def new_names(self, infos: Iterable[StreamInfo]) -> list[StreamInfo]:
        """Return streams under names that no stream of their person has yet."""
        out: list[StreamInfo] = []
        for info in infos:
            taken = self._taken(info.role) | {i.name for i in out}
            out.append(replace(info, name=free_name(info.name, taken)))
        return out

    def _device(self, key: Key) -> tuple[Role | str, str]:
        """Tell devices apart: by the person of now and the profile, a stream without a device by its name."""
        now = self._now[key]
        return (now[0] if now else ""), self._infos[key].device or key[1]

    def _taken(self, role: Role) -> set[str]:
        return {name for (_, owner), name in self._names.items() if owner is role}

    def _move(self, key: Key, to: Role) -> Move:
        name = self._names.get((key, to)) or free_name(key[1], self._taken(to))
        return Move(of=key, to=to, name=self._names.setdefault((key, to), name))

    def hear(self, event: Event, now: float) -> list[tuple[Key | None, StreamInfo | None]]:
        """Let an event that was recorded take hold, after this slice.

        Returns
        -------
        list of (Key or None, StreamInfo or None)
            For each stream that moved: what it was, and what it is now.
        """
        self._events.append((self._number(), event))
        fold = Assignments(list(self._infos.values()), self._events)
        for one in fold.made:
            for move in one.moves:
                if move.stream is not None and move.of not in self._infos:
                    self._infos[move.of] = move.stream
                    self._now[move.of] = None
                    self._names[move.of, move.stream.role] = move.name
        moved: list[tuple[Key | None, StreamInfo | None]] = []
        for origin, steps in fold.steps.items():
            role, before = steps[-1].role, self._now[origin]
            key = None if role is None else (role, self._names[origin, role])
            if key == before:
                continue
            self._now[origin] = key
            info = self.info(self._infos[origin])
            if info is not None and (before is not None or origin in self._offsets):
                self._seeds.append(ClockOffset(info, *self._offsets.get(origin, (now, 0.0))))
            moved.append((before, info))
        return moved


def swap_fields(fields: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    """Return since when, and which kinds of device, a client's fields say.

    Raises
    ------
    ControlError
        If they are not as they must be.
    """
    since, kinds = fields.get("since", "now"), fields.get("only", [])
    fit = isinstance(kinds, list) and all(isinstance(kind, str) for kind in kinds)
    if not isinstance(since, str) or not fit:
        raise ControlError("swap: needs since, now or start, and only, a list of texts")
    return since, tuple(kinds)
