"""A baseline that was marked after the recording gives a band when the recording is processed again."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from acquisition.event import Event
from acquisition.events.overlay import Edit
from acquisition.events.overlay_file import append_edits
from acquisition.importing.store import Imported, store
from acquisition.recorder.store import RecordingStore
from acquisition.recording.recording import Recording
from acquisition.stream import Modality, Role, StreamInfo
from processing.config import PipelineConfig
from processing.index import IndexSample
from processing.results.later_baselines import REMARK, LaterBaselines, later_baselines
from processing.results.session_run import SessionRun, run_recording

EDA = StreamInfo(name="eda", role=Role.CLIENT, modality=Modality.EDA, sfreq=4.0, unit="uS", channels=("",))
SPANS = (("baseline_rest", 10.0, 250.0), ("baseline_talk", 260.0, 500.0))


SECONDS = 600


def course(seconds: int = SECONDS) -> np.ndarray:
    """Return skin conductance that wanders and responds [µS]."""
    rng = np.random.default_rng(3)
    t = np.arange(4 * seconds) / 4
    level = 5 + np.cumsum(rng.normal(0, 0.004, len(t)))
    for onset in np.arange(7.0, seconds, 23.0):
        rise = np.clip(t - onset, 0, None)
        level += 0.3 * (np.exp(-rise / 4) - np.exp(-rise / 0.8)) * (t > onset)
    return level


def marks() -> list[Event]:
    """Return the marks of a rest and a talk baseline."""
    out = []
    for code, start, stop in SPANS:
        on = Event(time=start, code=code, phase="on", actor="client", source="import", id=f"{code}-on")
        out += [
            on,
            Event(
                time=stop,
                code=code,
                phase="off",
                actor="client",
                source="import",
                id=f"{code}-off",
                ref=on.id,
            ),
        ]
    return out


@pytest.fixture
def imported(tmp_path: Path) -> Path:
    """Write a recording without baselines."""
    values = course()
    item = Imported(info=EDA, times=np.arange(len(values)) / 4, samples=values[:, np.newaxis], offsets=[])
    store(tmp_path / "rec", [item], sources=["a.csv"])
    return tmp_path / "rec"


def add_later(recording: Path) -> None:
    """Mark the baselines afterwards, as `attune events import` does."""
    edits = [
        Edit(
            op="add",
            id=e.id,
            fields={"time": e.time, "code": e.code, "phase": e.phase, "actor": e.actor, "ref": e.ref},
            who="R2",
            when="2026-01-01T00:00:00",
            why="",
        )
        for e in marks()
    ]
    append_edits(recording / "overlay.jsonl", edits)


def arousal(run: SessionRun) -> list[tuple[float, float]]:
    """Return time and value of the index where there is one."""
    return [(s.time, s.value) for s in run.samples if s.index == "arousal" and not math.isnan(s.value)]


def test_without_a_baseline_there_is_no_index_and_with_a_later_one_there_is(imported: Path) -> None:
    before = run_recording(imported, config=PipelineConfig())
    assert not arousal(before)
    assert REMARK not in before.remarks
    add_later(imported)
    after = run_recording(imported, config=PipelineConfig())
    assert arousal(after)
    assert min(t for t, _ in arousal(after)) >= SPANS[0][2]  # what came before it has none
    assert REMARK in after.remarks
    assert [e.code for e in after.events] == [
        "baseline_rest",
        "baseline_rest",
        "baseline_talk",
        "baseline_talk",
    ]


def test_a_later_baseline_gives_what_a_live_one_gives(imported: Path, tmp_path: Path) -> None:
    add_later(imported)
    later = run_recording(imported, config=PipelineConfig())
    values = course()
    live = tmp_path / "live"
    with RecordingStore(live, fsync=0) as recording, recording.bulk():
        (live / "session.toml").write_bytes((imported / "session.toml").read_bytes())
        recording.open_stream(EDA)
        times = np.arange(len(values)) / 4
        waiting = marks()
        last = 0
        for number in range(10 * SECONDS):
            stop = int(np.searchsorted(times, number / 10 + 1e-6, side="right"))
            if stop > last:
                recording.samples(EDA, times[last:stop], values[last:stop, np.newaxis])
                last = stop
            while waiting and waiting[0].time <= number / 10:
                recording.event(waiting.pop(0))
            recording.tick(number / 10, math.nan)
    assert arousal(run_recording(live, config=PipelineConfig())) == arousal(later)


def test_an_edit_of_something_else_changes_nothing(imported: Path) -> None:
    edit = Edit(op="add", id="x", fields={"time": 5.0, "code": "note"}, who="R2", when="", why="")
    append_edits(imported / "overlay.jsonl", [edit])
    assert later_baselines(imported) is None


@pytest.mark.parametrize("size", [1, 7, 3000])
def test_marks_act_at_their_time_however_the_recording_is_cut(imported: Path, size: int) -> None:
    add_later(imported)
    now = later_baselines(imported)
    assert now is not None
    baselines = LaterBaselines(now)
    acted = [
        (float(batch.ticks[k]), e.time)
        for batch in map(baselines.put_in, Recording(imported).batches(size))
        for k, e in batch.events
    ]
    assert [time for _, time in acted] == [e.time for e in marks()]
    assert all(time <= tick < time + 0.1 + 1e-9 for tick, time in acted)


def test_the_window_shows_the_band_that_the_results_have(imported: Path) -> None:
    opening = pytest.importorskip("viewer.opening")
    add_later(imported)
    after = run_recording(imported, config=PipelineConfig())
    source = opening.feed(imported, follow=False)
    push = opening.new_push(source)
    shown: list[IndexSample] = []
    while not source.ended:
        batch = source.poll()
        shown += push(batch) if batch is not None else []
    push.close()
    assert [(s.time, s.value) for s in shown if s.index == "arousal" and not math.isnan(s.value)] == arousal(
        after
    )
    assert {v.code for v in push.verdicts()} == {code for code, _, _ in SPANS}
