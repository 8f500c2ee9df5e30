"""A sender that floods: log, window, counts and files stay bounded, and what was held back is told."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from acquisition.drivers import Drained
from acquisition.event import Event, Notice, NoticeKind
from acquisition.events.vocabulary import PAUSE
from acquisition.lsl.clock import local_clock
from acquisition.recorder import quota
from acquisition.recorder.begin import record
from acquisition.recorder.listener import Listener
from acquisition.recorder.quota import BURST, RATE, TELL, Allowance, Quota, samples_of
from acquisition.recorder.recorder import Outcome
from acquisition.recording.recording import Recording
from acquisition.recording.verify import verify
from acquisition.session.session import EventSettings
from acquisition.stream import Chunk, Role
from acquisition.timebase.account import KEPT, Account
from tests.acquisition import simulated
from tests.acquisition.sine_driver import SESSION, SineDriver, info

pytestmark = pytest.mark.realtime

N = 5000
OWN = """group,code,kind,actor,hotkey,value,meaning,seed_term,maps_to,hed,profiles,markers
own,button,point,client,-,-,the button,-,-,-,-,B1
consent and rights,consent_pause,interval,client,F12,scope,pause,-,-,-,technician,B9
"""
MARKERS = replace(simulated.MARKERS, channels=("marker",))


@pytest.fixture(autouse=True)
def runtime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path / "run"))


class Flooding(SineDriver):
    """Send a thousand things in each of the first calls after the start."""

    def __init__(self, *items: Drained) -> None:
        super().__init__()
        self.left = list(items)
        self.calls = 0

    def drain(self) -> list[Drained]:
        self.calls += 1
        if self.calls > 3 and self.left:
            self.extra += self.left[:1000]
            del self.left[:1000]
        return super().drain()


class Hearing(Listener):
    """Count what a log or a window would be told."""

    def __init__(self) -> None:
        self.heard: list[Notice] = []

    def notice(self, notice: Notice) -> None:
        self.heard.append(notice)


def recorded(parent: Path, driver: SineDriver, **changes: object) -> tuple[Outcome, Hearing]:
    hearing = Hearing()
    session = replace(SESSION, **changes)  # type: ignore[arg-type]  # fields of Session
    return record(session, parent, seconds=1.5, drivers=[driver], fsync=0, listener=hearing), hearing


def counted(notices: list[Notice], what: str) -> int:
    """Add up what the counts say."""
    return sum(int(found[1]) for n in notices if (found := re.match(rf"(\d+) {what}", n.message)))


def test_notices_of_one_stream_are_bounded_counted_and_end_with_its_state(tmp_path: Path) -> None:
    kinds: tuple[NoticeKind, NoticeKind] = ("lost", "resumed")
    flood = [
        Notice(time=local_clock(), kind=kinds[k % 2], role=Role.CLIENT, stream="ECG", message=f"again {k}")
        for k in range(N)
    ]
    driver = Flooding(*flood)
    outcome, hearing = recorded(tmp_path, driver)
    assert driver.left == [], "all were sent"
    stored = [i for i in Recording(outcome.path) if isinstance(i, Notice)]
    mine = [n for n in stored if n.message.startswith("again")]
    assert BURST <= len(mine) <= BURST + 10
    held = counted(stored, "more notices of this stream are only counted")
    counts = sum("only counted" in n.message for n in stored)
    assert len(mine) + held == N + counts, "none is lost untold; with each count the state by then is said"
    assert mine[-1].message == f"again {N - 1}", "how the stream is in the end"
    assert [n.message for n in hearing.heard] == [n.message for n in stored]
    assert sum(f.stat().st_size for f in outcome.path.glob("*.xdf")) < 200_000
    chunks = [i for i in Recording(outcome.path) if isinstance(i, Chunk)]
    for role in (Role.CLIENT, Role.THERAPIST):
        assert sum(len(c.times) for c in chunks if c.info.role is role) == driver.sent[role]
    assert verify(outcome.path) == []


def test_stamps_that_jump_at_every_sample_are_told_within_bounds(tmp_path: Path) -> None:
    odd = info(Role.CLIENT, name="odd")
    rng = np.random.default_rng(1)
    flood = [Chunk(odd, rng.uniform(-1e6, 1e6, 5), np.zeros((5, 1), np.float32)) for _ in range(N)]
    driver = Flooding(*flood)
    outcome, hearing = recorded(tmp_path, driver)
    assert driver.left == []
    assert sum(n.stream == "odd" for n in hearing.heard) <= BURST + 10
    chunks = [i for i in Recording(outcome.path) if isinstance(i, Chunk)]
    assert sum(len(c.times) for c in chunks if c.info.name == "odd") == 5 * N, "they are data all the same"
    assert sum(len(c.times) for c in chunks if c.info.role is Role.THERAPIST) == driver.sent[Role.THERAPIST]


def test_foreign_markers_that_flood_are_kept_as_text_and_still_pause(tmp_path: Path) -> None:
    (tmp_path / "lab.csv").write_text(OWN, "utf-8")
    texts = ["B1"] * 4000 + ["B9"] + ["B1"] * 999
    flood = [Chunk(MARKERS, np.array([local_clock()]), np.array([[t]], object)) for t in texts]
    driver = Flooding(*flood)
    driver.infos.append(MARKERS)
    events = EventSettings(vocabulary=str(tmp_path / "lab.csv"))
    outcome, _ = recorded(tmp_path / "out", driver, events=events)
    items = list(Recording(outcome.path))
    marks = [i for i in items if isinstance(i, Event) and i.id]
    assert 600 <= sum(e.code == "button" for e in marks) <= 700
    assert [e.phase for e in marks if e.code == PAUSE] == ["on"], "a pause always takes hold"
    assert sum(isinstance(i, Event) and not i.id for i in items) == len(texts), "the text of each is there"
    stored = [i for i in items if isinstance(i, Notice)]
    assert counted(stored, "foreign markers are recorded as text only") > 2000


def test_an_allowance_is_a_burst_and_some_more_a_second() -> None:
    mine = Allowance()
    assert sum(mine.admit(5.0) for _ in range(1000)) == BURST
    assert sum(mine.admit(5.0 + 100.0) for _ in range(1000)) == 100 * RATE
    assert mine.due(105.0) == 2000 - BURST - 100 * RATE
    assert not mine.admit(105.0)
    assert mine.due(105.0 + TELL / 2) == 0
    assert mine.due(105.0 + TELL / 2, last=True) == 1
    hour = sum(mine.admit(200.0 + k / 100) for k in range(360_000))
    assert hour <= BURST + 3600 * RATE


def test_a_sender_that_runs_wild_is_stored_up_to_a_bound_and_the_rest_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(quota, "TIMES", 2.0)
    monkeypatch.setattr(quota, "LEAST", 200.0)
    odd = info(Role.CLIENT, name="odd")
    n = 10_000
    times = np.arange(n) / 1e6
    flood = [Chunk(odd, times + local_clock() + k, np.zeros((n, 1), np.float32)) for k in range(10)]
    driver = Flooding(*flood)
    outcome, hearing = recorded(tmp_path, driver)
    assert driver.left == []
    chunks = [i for i in Recording(outcome.path) if isinstance(i, Chunk)]
    stored = sum(len(c.times) for c in chunks if c.info.name == "odd")
    assert stored == 8 * n, "what four hundred seconds may hold"
    assert counted(hearing.heard, "samples dropped: far more a second") == 2 * n
    for role in (Role.CLIENT, Role.THERAPIST):
        mine = sum(len(c.times) for c in chunks if c.info.role is role and c.info.name != "odd")
        assert mine == driver.sent[role]


@pytest.mark.parametrize("sfreq", [0.0, 4.0, 250.0, 2000.0, 48_000.0])
def test_a_backlog_of_six_minutes_passes_whole(sfreq: float) -> None:
    mine = samples_of(info(Role.CLIENT, sfreq=sfreq))
    assert mine.admit(5.0, round(360 * (sfreq or 100)))
    assert all(mine.admit(5.0 + 0.1 * k, round(0.1 * (sfreq or 100))) for k in range(36_000))


def test_what_the_recorder_says_of_its_end_is_never_held_back() -> None:
    mine = Quota()
    kinds: tuple[NoticeKind, ...] = ("ended", "disk")
    for kind in kinds:
        said = Notice(time=1.0, kind=kind, role=Role.DYAD, message="the end")
        assert all(mine.admit(said, 1.0) for _ in range(1000))


def test_an_account_of_stamps_keeps_so_many_places_and_counts_the_rest() -> None:
    account = Account(100.0)
    for k in range(KEPT + 500):
        account.lost(k, 2.0, 0.02)
    assert len(account.losses) == KEPT
    assert account.samples_lost == 2 * (KEPT + 500)
    assert f"in {KEPT + 500} places, 410 s together" in account.lines()[-1]
    assert json.dumps(account.lines())
