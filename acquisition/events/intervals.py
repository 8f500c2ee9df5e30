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

NOT_THE_HOUR = ("baseline_rest", "baseline_talk", "calib_challenge", "break")
"""Intervals that are no part of the hour: the reference itself, a task, and the absence of someone."""


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


@dataclass(slots=True)
class _Fold:
    """Hold intervals by the key of their beginning, in the order in which they begin.

    Parameters
    ----------
    loose : dict
        Ends that end nothing.
    newest : float
        The latest moment that is in it [s].
    """

    spans: dict[str, Span]
    open: dict[str, Span]
    loose: dict[str, Event]
    newest: float

    def takes(self, key: str, event: Event) -> bool:
        """Take in an event that is the newest of all; tell whether what was folded before stays as it was."""
        moment = _moment(event)
        if moment < self.newest:
            return False
        self.newest = moment
        if event.phase == "on":
            self.spans[key] = self.open[key] = Span(key=key, on=event)
        elif event.phase == "off":
            named = [s for s in self.open.values() if event.ref in (s.key, s.on.id)] if event.ref else []
            span = named[0] if named else self.running(event.code, event.actor)
            if event.ref and (len(named) != 1 or named[0].code != event.code):
                return False
            if span is None:
                self.loose[key] = event
            else:
                self.spans[span.key] = Span(key=span.key, on=span.on, off_key=key, off=event)
                del self.open[span.key]
        return True

    def running(self, code: str, actor: str) -> Span | None:
        """Return the interval of a code and actor that began last and has no end."""
        return next((s for s in reversed(self.open.values()) if (s.code, s.actor) == (code, actor)), None)


class Intervals:
    """Hold the intervals of some events: equal events give equal intervals, however many there are so far.

    One more event at a time costs no more the longer the session is, as long as it is the newest and voids
    nothing.

    Parameters
    ----------
    events : iterable of Event
        As they came, voids included; more may be added.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self._raw = list(events)
        self._ids = {event.id for event in self._raw}
        self._names = {name for event in self._raw for name in (event.id or _stamp(event), event.ref)}
        self._held: dict[str, Event] | None = None
        self._known: _Fold | None = None

    @classmethod
    def of(cls, held: Mapping[str, Event]) -> Intervals:
        """Return the intervals of events that hold, by the id that an edit names them with."""
        out = cls(held.values())
        out._held = dict(held)
        return out

    def add(self, event: Event) -> None:
        """Take in one more event."""
        key = event.id or _stamp(event)
        self._raw.append(event)
        if self._held is None or key in self._names or event.phase == "void":
            self._held = self._known = None  # it may change what there was
        else:
            self._held[key] = event
            if self._known is not None and not self._known.takes(key, event):
                self._known = None
        self._ids.add(event.id)
        self._names |= {key, event.ref}

    def act(self, event: Event) -> tuple[list[Span], list[Span]]:
        """Take in one more event; return the intervals that it ends, and the ends that it takes back."""
        before = self._ended()
        self.add(event)
        now = self._ended()
        return [s for k, s in now.items() if k not in before], [s for k, s in before.items() if k not in now]

    def _ended(self) -> dict[tuple[str, str], Span]:
        return {(s.key, s.off_key): s for s in self.spans if not s.open}

    def also(self, events: Iterable[Event]) -> Intervals:
        """Return the intervals of these events and more, those that are new; these are left as they are."""
        return Intervals([*self._raw, *(e for e in events if not self.knows(e.id))])

    def knows(self, id: str) -> bool:
        """Tell whether an event with that id is among them, be it one that was taken back."""
        return id in self._ids

    @property
    def held(self) -> Mapping[str, Event]:
        """Return the events that hold, as they came."""
        if self._held is None:
            self._held = that_hold(self._raw)
        return self._held

    @property
    def spans(self) -> list[Span]:
        """Return the intervals, by the moment they begin."""
        return list(self._folded().spans.values())

    @property
    def loose(self) -> Mapping[str, Event]:
        """Return the ends that end nothing."""
        return self._folded().loose

    @property
    def open(self) -> list[Span]:
        """Return the intervals without an end, by the moment they begin."""
        return list(self._folded().open.values())

    def _folded(self) -> _Fold:
        if self._known is None:
            self._known = _fold(self.held)
        return self._known

    def running(self, code: str, actor: str) -> Span | None:
        """Return the interval of a code and actor that began last and has no end; None if none runs."""
        return self._folded().running(code, actor)

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
        key = event.id or _stamp(event)
        while key in out and not (event.id and out[key] == event):
            key += "'"
        out[key] = event
    return out


def _stamp(event: Event) -> str:
    return f"#{event.time!r}"


def _fold(held: Mapping[str, Event]) -> _Fold:
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
    begun = [(k, e, ends.get(k, "")) for k, e in ordered if e.phase == "on"]
    spans = {k: Span(key=k, on=e, off_key=off, off=held.get(off)) for k, e, off in begun}
    newest = _moment(ordered[-1][1]) if ordered else -math.inf
    return _Fold(spans, {k: s for k, s in spans.items() if s.open}, loose, newest)


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
