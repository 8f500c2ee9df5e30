"""A session of which only some people's data are there: what is not in the model cannot be drawn. No Qt."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from acquisition.event import Event
from acquisition.stream import PEOPLE
from viewer.model.model import SessionModel

BOTH = frozenset(role.value for role in PEOPLE)


def restricted(model: SessionModel, people: frozenset[str], events: Iterable[Event]) -> SessionModel:
    """Return a session that holds the data of some people only; what belongs to both needs both.

    Lines are shared with `model`, which no longer grows, and not copied.

    Parameters
    ----------
    people : frozenset of str
        client, therapist, both or none.
    events : iterable of Event
        What may be shown of the events that hold.
    """
    entities = people | ({"dyad"} if people >= BOTH else frozenset())
    out = SessionModel(
        facts=replace(model.facts, consent=()),
        streams=[s for s in model.streams if s.role.value in entities],
        state=model.state,
        t0=model.t0,
        now=model.now,
        wall=model.wall,
        revision=model.revision,
    )
    out.health = {k: h for k, h in model.health.items() if h.info.role.value in entities}
    out.sources = {k: s for k, s in model.sources.items() if k[0].value in entities}
    out.waves = {k: w for k, w in model.waves.items() if k[0].value in entities}
    out.traces = {k: t for k, t in model.traces.items() if k[0] in entities}
    out.verdicts = tuple(v for v in model.verdicts if v.entity in entities)
    out.paused, out.pauses = dict(model.paused), {k: list(v) for k, v in model.pauses.items()}
    show_events(out, events)
    return out


def show_events(model: SessionModel, events: Iterable[Event]) -> None:
    """Put other events into a restricted session."""
    model.events = list(events)
    model.event_ids = {e.id for e in model.events}
    model.event_revision += 1
