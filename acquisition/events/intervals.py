"""Intervals: what the marks of a session mean together. The one place where on, off and void are folded.

The rules, which the recorder, the window, the pipeline, the metrics, the report and the exports share:

- A `void` takes back the event whose id is in its `ref`, whenever that came; a void cannot be voided, and
  takes nothing back if it names nothing.
- An `off` with a reference ends the interval whose beginning has that id and the same code, and no other one.
  If what it names does not hold (voided, withdrawn with its person's file) or has an end already, it ends
  nothing. A reference to an event of another code (a repair names its rupture) is none to an interval.
- An `off` without such a reference ends the one of its code and actor that began last and has no end.
- Where others gave several beginnings one id, each end that names it ends the first that has none.
- "First" and "last" go by the moment meant, and at one moment by the order in which the events came. With
  references the order does not matter.
- An interval never ends before it begins: an end that is meant for an earlier moment makes it empty.
- Intervals may overlap, also those of one code and actor; each has its own beginning and its own end.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from acquisition.event import Event, Phase, Value


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Hold one interval: its beginning and, once it has one, its end.

    Parameters
    ----------
    key, off_key : str
        What an edit names the two events with; `off_key` is "" while it is open.
    """

    key: str
    on: Event
    off_key: str = ""
    off: Event | None = None

    @property
    def code(self) -> str:
        """Return the code."""
        return self.on.code

    @property
    def actor(self) -> str:
        """Return whose it is."""
        return self.on.actor

    @property
    def open(self) -> bool:
        """Tell whether it has no end."""
        return self.off is None

    @property
    def start(self) -> float:
        """Return the moment it begins [s, LSL clock]."""
        return self.on.onset

    @property
    def stop(self) -> float:
        """Return the moment it ends [s, LSL clock]; nan while it is open."""
        return math.nan if self.off is None else max(self.on.onset, self.off.onset)

    @property
    def value(self) -> Value:
        """Return the value of its beginning, of its end where that has none."""
        return self.off.value if self.on.value is None and self.off is not None else self.on.value


class Intervals:
    """Hold the intervals of some events: equal events give equal intervals, however many there are so far.

    Parameters
    ----------
    events : iterable of Event
        As they came, voids included; more may be added.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._raw = list(events)
        self._held: dict[str, Event] | None = None
        self._spans: tuple[list[Span], dict[str, Event]] | None = None

    @classmethod
    def of(cls, held: Mapping[str, Event]) -> Intervals:
        """Return the intervals of events that hold, by the id that an edit names them with."""
        out = cls(held.values())
        out._held = dict(held)
        return out

    def add(self, event: Event) -> None:
        """Take in one more event."""
        self._raw.append(event)
        self._held = self._spans = None

    def act(self, event: Event) -> tuple[list[Span], list[Span]]:
        """Take in one more event; return the intervals that it ends, and the ends that it takes back."""
        before = self._ended()
        self.add(event)
        now = self._ended()
        return [s for s in now if s not in before], [s for s in before if s not in now]

    def _ended(self) -> list[Span]:
        return [s for s in self.spans if not s.open]

    def also(self, events: Iterable[Event]) -> Intervals:
        """Return the intervals of these events and more; these are left as they are."""
        return Intervals([*self._raw, *events])

    @property
    def held(self) -> Mapping[str, Event]:
        """Return the events that hold, as they came."""
        if self._held is None:
            self._held = that_hold(self._raw)
        return self._held

    @property
    def spans(self) -> list[Span]:
        """Return the intervals, by the moment they begin."""
        return self._folded()[0]

    @property
    def loose(self) -> Mapping[str, Event]:
        """Return the ends that end nothing."""
        return self._folded()[1]

    @property
    def open(self) -> list[Span]:
        """Return the intervals without an end, by the moment they begin."""
        return [s for s in self.spans if s.open]

    def _folded(self) -> tuple[list[Span], dict[str, Event]]:
        if self._spans is None:
            self._spans = _fold(self.held)
        return self._spans

    def running(self, code: str, actor: str) -> Span | None:
        """Return the interval of a code and actor that began last and has no end; None if none runs."""
        return next((s for s in reversed(self.open) if (s.code, s.actor) == (code, actor)), None)

    def toggled(self, code: str, actor: str) -> tuple[Phase, str]:
        """Return phase and reference of the next press: the first begins an interval, the second ends it."""
        running = self.running(code, actor)
        return ("on", "") if running is None else ("off", running.key)


def that_hold(events: Iterable[Event]) -> dict[str, Event]:
    """Return the events that were not taken back, as they came, by the id that an edit names them with."""
    raw = list(events)
    undone = {e.ref for e in raw if e.phase == "void"} - {""}
    return {k: e for k, e in keyed(raw).items() if e.phase != "void" and e.id not in undone}


def keyed(events: Iterable[Event]) -> dict[str, Event]:
    """Return events by id; a foreign marker without one is named by its stamp.

    The stamp stays the same when the file of a person is gone, a place in the order does not. Where others
    gave one id twice both events hold, the later one under a key of its own; the same event counts once.
    """
    out: dict[str, Event] = {}
    for event in events:
        key = event.id or f"#{event.time!r}"
        while key in out and not (event.id and out[key] == event):
            key += "'"
        out[key] = event
    return out


def _fold(held: Mapping[str, Event]) -> tuple[list[Span], dict[str, Event]]:
    """Return the intervals of events that hold, and the ends that end nothing."""
    ordered = sorted(held.items(), key=lambda item: _moment(item[1]))
    named = _by_name(ordered)
    ends = _by_reference(ordered, named)
    paired = set(ends.values())
    running: dict[tuple[str, str], list[str]] = {}
    loose: dict[str, Event] = {}
    for key, event in ordered:
        stack = running.setdefault((event.code, event.actor), [])
        if event.phase == "on" and key not in ends:
            stack.append(key)
        elif event.phase == "off" and key not in paired:
            if stack and not _refers(event, named):
                ends[stack.pop()] = key
            else:
                loose[key] = event
    begun = [(k, e) for k, e in ordered if e.phase == "on"]
    offs = {k: ends.get(k, "") for k, _ in begun}
    return [Span(key=k, on=e, off_key=offs[k], off=held.get(offs[k])) for k, e in begun], loose


def _moment(event: Event) -> float:
    """Return where an event stands in the order: one whose moment is not known yet is the newest."""
    return math.inf if math.isnan(event.onset) else event.onset


def _by_name(ordered: Iterable[tuple[str, Event]]) -> dict[str, list[tuple[str, Event]]]:
    """Return the events that a reference may mean: those with that id or key."""
    named: dict[str, list[tuple[str, Event]]] = {}
    for key, event in ordered:
        for name in {key, event.id} - {""}:
            named.setdefault(name, []).append((key, event))
    return named


def _by_reference(
    ordered: Iterable[tuple[str, Event]], named: Mapping[str, Sequence[tuple[str, Event]]]
) -> dict[str, str]:
    """Return beginning → end, by key, where an end names its beginning: the first that has none yet."""
    ends: dict[str, str] = {}
    for key, event in ordered:
        meant = named.get(event.ref, ()) if event.phase == "off" and event.ref else ()
        begun = [k for k, on in meant if on.phase == "on" and on.code == event.code and k not in ends]
        if begun:
            ends[begun[0]] = key
    return ends


def _refers(off: Event, named: Mapping[str, Sequence[tuple[str, Event]]]) -> bool:
    """Tell whether an end names an interval, be it one that does not hold."""
    meant = named.get(off.ref, ()) if off.ref else ()
    return bool(off.ref) and (not meant or any(event.code == off.code for _, event in meant))
