"""Devices that change hands: whatever the moment, each person's values are of their own heart and skin."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from itertools import pairwise
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, Phase, given
from hypothesis import strategies as st

from acquisition.batch import Item
from acquisition.event import Event
from acquisition.events.assignments import Stretch
from acquisition.recorder.assigning import Assigning
from acquisition.recorder.store import RecordingStore
from acquisition.recording import manifest
from acquisition.recording.assigned import misfiled
from acquisition.recording.recording import Recording
from acquisition.recording.tail import Tail
from acquisition.recording.verify import verify
from acquisition.session.session import Consent, Participant, Recorded, Session
from acquisition.session.toml import dump_session
from acquisition.stream import Chunk, ClockOffset, Role, StreamInfo
from acquisition.tick import Tick
from processing.commands.withdraw import withdraw_command
from processing.coupling import one_skin
from processing.coupling.slopes import RATE
from processing.index import IndexSample
from processing.pipeline import Pipeline
from tests.drawing import few
from tests.processing.world import INFOS, START, World, comparable, items, swapped

CONSENT = Consent(version="1", ecg=True, eda=True, voice=True, acc=True, resp=True)
N_TICKS = sum(isinstance(i, Tick) for i in items(World()))
Act = tuple[int, str]
"""Number of a slice, and what is done in it: swap from "now" or "start", or "undo" the last."""
quick = few(
    3,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=list(HealthCheck),
)


def written(path: Path, session: Sequence[Item], infos: Sequence[StreamInfo], acts: Sequence[Act]) -> Path:
    """Write a session as its recorder would, with devices that change hands meanwhile."""
    store = RecordingStore(path, fsync=0)
    people = Participant("C07", CONSENT), Participant("T02", CONSENT)
    recorded = Recorded(started="2026-11-22T10:00:00+00:00", streams=tuple(infos))
    head = Session(id="test", crisis_contact="x", client=people[0], therapist=people[1], recorded=recorded)
    (path / "session.toml").write_text(dump_session(head), encoding="utf-8")
    assigning, due, given_ = Assigning(lambda: store.number), dict(acts), list[Event]()
    assigning.expect(infos)
    for info in infos:
        store.open_stream(info)
    for item in session:
        if isinstance(item, Tick):
            for routed in [] if item.number not in due else [due[item.number]]:
                event = _act(assigning, item.time, routed, given_)
                store.event(event)
                assigning.hear(event, item.time)
            store.tick(item.time, item.wall)
        elif isinstance(item, Event):
            store.event(item)
        elif isinstance(item, Chunk | ClockOffset):
            for routed_ in assigning.route([item]):
                if isinstance(routed_, Chunk):
                    store.samples(routed_.info, routed_.times, routed_.samples)
                elif isinstance(routed_, ClockOffset):
                    store.offset(routed_.info, routed_.collected, routed_.value)
    store.close()
    return path


def _act(assigning: Assigning, now: float, what: str, before: list[Event]) -> Event:
    if what == "undo":
        last = before.pop()
        return replace(last, time=now, phase="void", ref=last.id, id=f"{last.id}-void", note="", value=None)
    before.append(assigning.swap(now, what))
    return before[-1]


def computed(path: Path, cut: int = 3000) -> list[IndexSample]:
    recording = Recording(path)
    pipeline = Pipeline(recording.streams, session_id="test", epochs=recording.epochs)
    return [sample for batch in recording.batches(cut) for sample in pipeline.push(batch)]


def run(
    session: Sequence[Item], infos: Sequence[StreamInfo], acts: Sequence[Act], cut: int = 3000
) -> list[IndexSample]:
    with tempfile.TemporaryDirectory() as folder:
        return computed(written(Path(folder) / "r", session, infos, acts), cut)


def relabelled(session: Sequence[Item], infos: Sequence[StreamInfo]) -> list[Item]:
    """Return the session with the streams of the two people exchanged."""
    other = {i.key: j for i, j in zip(infos, swapped(infos), strict=True)}
    return [replace(i, info=other[i.info.key]) if isinstance(i, Chunk | ClockOffset) else i for i in session]


@cache
def as_they_were() -> list[IndexSample]:
    return run(items(World(offsets=4)), INFOS, [])


@quick
@given(at=st.integers(0, N_TICKS - 2), offsets=st.integers(0, 6), cut=st.integers(3, 900))
def test_swapped_from_the_start_at_any_moment_is_recorded_so_from_the_start(
    at: int, offsets: int, cut: int
) -> None:
    session = items(World(offsets=offsets))
    right = run(relabelled(session, INFOS), swapped(INFOS), [])
    assert comparable(run(session, INFOS, [(at, "start")], cut)) == comparable(right)


@quick
@given(at=st.integers(0, N_TICKS - 2), later=st.integers(1, 300), what=st.sampled_from(["now", "start"]))
def test_a_swap_that_is_undone_never_was(at: int, later: int, what: str) -> None:
    acts = [(at, what), (min(at + later, N_TICKS - 1), "undo")]
    assert comparable(run(items(World(offsets=4)), INFOS, acts)) == comparable(as_they_were())


@quick
@given(at=st.integers(1, N_TICKS - 2), cuts=st.integers(3, 900))
def test_a_swap_from_now_leaves_all_before_as_it_was_and_any_batching_gives_the_same(
    at: int, cuts: int
) -> None:
    session = items(World(offsets=4))
    ticks = [i.time for i in session if isinstance(i, Tick)]
    rows = run(session, INFOS, [(at, "now")])
    assert comparable(run(session, INFOS, [(at, "now")], cuts)) == comparable(rows)
    before = [s for s in as_they_were() if s.available <= ticks[at]]
    assert comparable([s for s in rows if s.available <= ticks[at]]) == comparable(before)
    assert [s.order() for s in rows] == sorted(s.order() for s in rows)
    assert len({(s.entity, s.index, s.time) for s in rows}) == len(rows)
    for entity in ("client", "therapist"):
        for index in ("hr", "scl", "eda_quality"):
            times = [s.time for s in rows if (s.entity, s.index) == (entity, index)]
            assert times == sorted(times)


@pytest.mark.parametrize("at", [300, N_TICKS - 100])
def test_both_skins_are_looked_at_alike_however_a_swap_is_batched(
    at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The session is shorter than what a look is made of: looks are made earlier here."""
    step = 10 * RATE
    settings = {"STEP": 10.0, "FIRST": 20.0, "NEW": step, "BINS": step + 2 * one_skin.BEYOND, "LEAST": 1}
    for name, value in settings.items():
        monkeypatch.setattr(one_skin, name, value)
    session = items(World(offsets=4))
    rows = run(session, INFOS, [(at, "now")])
    assert any(s.index == "one_skin" and s.value == 0.0 for s in rows)
    for cut in (7, 250):
        assert comparable(run(session, INFOS, [(at, "now")], cut)) == comparable(rows)


def test_after_a_swap_from_now_the_beats_are_those_of_the_other_device() -> None:
    session, at = items(World()), 500
    moment = [i.time for i in session if isinstance(i, Tick)][at + 1]
    rows = run(session, INFOS, [(at, "now")])

    def beats(of: Sequence[IndexSample], entity: str, after: float) -> set[float]:
        return {round(s.time, 6) for s in of if (s.entity, s.index) == (entity, "ibi") and s.time > after}

    for entity, other in (("client", "therapist"), ("therapist", "client")):
        assert beats(rows, entity, moment + 5) == beats(as_they_were_without_offsets(), other, moment + 5)
    # No interval reaches from a beat of one person to one of the other.
    own = {
        round(s.time, 3)
        for s in as_they_were_without_offsets()
        if (s.entity, s.index) == ("therapist", "ibi")
    }
    late = [s for s in rows if (s.entity, s.index) == ("client", "ibi") and s.time >= moment]
    begun = [round(s.time - s.value / 1e3, 3) for s in late if math.isfinite(s.value)]
    assert len(begun) > 20
    assert own.issuperset(begun)
    # A grid goes on: each second is there, with or without a value.
    seconds = [s.time for s in rows if (s.entity, s.index) == ("client", "eda_quality")]
    assert all(b - a == 1.0 for a, b in pairwise(seconds))
    assert max(seconds) > START + 90


@cache
def as_they_were_without_offsets() -> list[IndexSample]:
    return run(items(World()), INFOS, [])


def test_a_swap_and_a_swap_back_each_hold_for_their_time() -> None:
    session = items(World())
    rows = run(session, INFOS, [(300, "now"), (700, "now")])
    ticks = [i.time for i in session if isinstance(i, Tick)]
    mine = {(s.entity, s.index, s.time): s.value for s in as_they_were_without_offsets()}
    late = [s for s in rows if s.index == "ibi" and s.time > ticks[701] + 8 and math.isfinite(s.value)]
    assert late
    assert all(s.value == mine[s.entity, s.index, s.time] for s in late)
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder) / "r", session, INFOS, [(300, "now"), (700, "now")])
        recording = Recording(path)
        assert [first for first, _ in recording.epochs] == [0, 301, 701]
        names = [(i.role, i.name) for i in recording.streams if i.role is Role.CLIENT]
        assert len(set(names)) == len(names)


def test_a_withdrawal_takes_what_stands_in_the_other_file_too(tmp_path: Path) -> None:
    """What was recorded as the therapist's before the swap was said is the client's own."""
    path = written(tmp_path / "r", list(items(World())), INFOS, [(400, "start")])
    manifest.write(path)
    with_both = gathered(path)
    stretches = misfiled(path)
    assert any(s.owner is Role.CLIENT and s.file is Role.THERAPIST for s in stretches)
    result = CliRunner().invoke(withdraw_command, [str(path), "client", "--yes"])
    assert result.exit_code == 0, result.output
    assert "take out stretch: therapist.xdf" in result.output
    assert verify(path) == []
    assert not any(_left(path, s) for s in stretches if s.owner is Role.CLIENT and s.file is Role.THERAPIST)
    left = gathered(path)
    assert {key[0] for key in left} == {Role.THERAPIST}
    for key, times in left.items():
        assert set(times) <= set(with_both[key])
        later = [t for t in with_both[key] if t > START + 60.0]
        assert times[-len(later) :] == later


def gathered(path: Path) -> dict[tuple[Role, str], list[float]]:
    """Return the stamps of each person's streams."""
    out: dict[tuple[Role, str], list[float]] = {}
    for batch in Recording(path).batches():
        for key, part in batch.streams.items():
            if key[0] is not Role.DYAD:
                out.setdefault(key, []).extend(part.times.tolist())
    return out


def _left(path: Path, stretch: Stretch) -> bool:
    """Tell whether samples of a stretch stand in its file."""
    tail = Tail(path / f"{stretch.file}.xdf", stretch.file)
    while not tail.ended:
        tail.fill(1, final=True)
        for block in tail.take(tail.last):
            for key, column in block.columns.items():
                numbers = block.numbers[column.slices]
                within = (numbers >= stretch.first) & ((numbers < stretch.stop) | (stretch.stop < 0))
                if key[1] == stretch.stream and within.any():
                    return True
    return False
