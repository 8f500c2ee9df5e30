"""Whole recordings of the simulated dyad on disk: twelve minutes of past and, if asked for, more."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from acquisition.event import Event, Notice, Phase
from acquisition.protection.vault import Keys
from acquisition.recorder.store import RecordingStore
from acquisition.session.session import Consent, Participant, Recorded, Session
from acquisition.session.toml import dump_session
from acquisition.simulation.dyad import Dyad, Feed, simulated_streams
from acquisition.simulation.past import write_past
from acquisition.simulation.script import PAST, Script
from acquisition.stream import Modality, Role, StreamInfo

START = 1720.25
"""LSL time of the start of the live part [s]: the recording begins 720 s before."""
EVERYTHING = Consent(version="1", ecg=True, eda=True, acc=True, resp=True, voice=True)


def infos(
    *, roles: Iterable[Role] = (Role.CLIENT, Role.THERAPIST), leave_out: Iterable[Modality] = ()
) -> tuple[StreamInfo, ...]:
    """Return ECG at 130 Hz, EDA at 4 Hz, respiration and voice of the two people, or some of them."""
    out = set(leave_out)
    return tuple(
        i for i in simulated_streams(ecg=130.0, eda=4.0) if i.role in set(roles) and i.modality not in out
    )


def marks(seed: int, minutes: float) -> list[Event]:
    """Return a now_moment at the start of each excursion of the live part, and labels of a cued review."""
    out = []
    for k, e in enumerate(Script(seed).excursions(1.0, 60.0 * minutes)):
        if e.start < 0:
            continue
        out.append(Event(time=START + e.start, code="now_moment", id=f"now{k}"))
        felt = "felt_over" if e.role is Role.CLIENT else "felt_ok"
        for j, (at, code) in enumerate(
            ((e.start - 30.0, "felt_ok"), (e.stop, felt), (e.stop + 95.0, "felt_ok"))
        ):
            out.append(Event(time=START + at, code=code, actor="client", source="review", id=f"felt{k}{j}"))
    return [e for e in out if e.time < START + 60.0 * minutes - 5.0]


BRIEF = 7.0
"""The past of a brief recording [min]."""


def brief(seed: int = 1, past: float = BRIEF) -> list[Event]:
    """Return the marks of a recording with such a past [min]: a rest, then the script.

    It has an excursion, interventions, a rupture and its repair, and numbers that the client said.
    The rest is long enough for the client's band if the past is `BRIEF`.
    """
    begin, end = START - 60.0 * past + 2.0, START - 220.0
    edges: tuple[tuple[float, Phase], ...] = ((begin, "on"), (end, "off"))
    rested = [Event(time=t, code="baseline_rest", phase=p, actor="tech", id=f"rest_{p}") for t, p in edges]
    return rested + [e for e in Script(seed).events(START) if e.time > end]


def write_hour(
    path: Path,
    *,
    seed: int = 1,
    minutes: float = 0.0,
    past: float = PAST / 60.0,
    streams: Sequence[StreamInfo] | None = None,
    events: Sequence[Event] = (),
    session_id: str | None = None,
    keys: Keys | None = None,
    id: str = "",
    dyad: str = "",
    number: int = 0,
    people: tuple[str, str] = ("C01", "T01"),
    started: str = "2026-11-22T00:00:00+00:00",
) -> Path:
    """Write a closed recording of the past and `minutes` more; `people` are client and therapist.

    A `past` of less than its twelve minutes has neither the events nor the pauses of a whole one.
    """
    chosen = infos() if streams is None else tuple(streams)
    id = keys.recording if keys is not None else id
    store = RecordingStore(path, fsync=0.0, id=id, keys=keys)
    session = Session(
        id=session_id or f"D{seed:02d}_S01",
        crisis_contact="test desk",
        client=Participant(people[0], EVERYTHING),
        therapist=Participant(people[1], EVERYTHING),
        dyad=dyad,
        number=number,
        recorded=Recorded(started=started, streams=chosen, id=id),
    )
    (path / "session.toml").write_text(dump_session(session), "utf-8")
    two, first = Dyad(Script(seed), chosen), 0
    if 60.0 * past == PAST:
        feed = write_past(store, two, START, wall=1.7e9)
    else:
        feed, first = Feed(two, START), round(-600 * past)
        feed.take(START + 0.1 * (first - 1))
        for info in chosen:
            store.open_stream(info)
    waiting = sorted(events, key=lambda e: e.time)
    with store.bulk():
        for k in range(first, round(600 * minutes)):
            tick = START + 0.1 * k
            while waiting and waiting[0].time <= tick:
                store.event(waiting.pop(0))
            for item in feed.take(tick):
                if isinstance(item, Notice):
                    store.notice(item)
                else:
                    store.samples(item.info, item.times, item.samples)
            store.tick(tick, 1.7e9 + 0.1 * k)
    store.close()
    return path
