"""Bridges that push a packet's samples one by one, at another rate than they say, or by a clock that is set
wrongly, from LSL to indices."""

from __future__ import annotations

import threading
from pathlib import Path

import numpy as np
import pylsl
import pytest

from acquisition.drivers.lsl import LslDriver
from acquisition.event import Notice
from acquisition.recorder.begin import record
from acquisition.recorder.listener import Listener
from acquisition.recorder.recorder import Outcome
from acquisition.recording.recording import Recording
from acquisition.stream import FloatArray, Modality, Role
from acquisition.timebase.manner import Manner
from processing.config import PipelineConfig
from processing.results.session_run import SessionRun, run_recording
from tests.acquisition.lsl_sender import binding, outlet
from tests.acquisition.sine_driver import SESSION
from tests.processing.heart.test_heart import ecg
from tests.processing.world import comparable
from tests.waiting import wait_for

pytestmark = pytest.mark.realtime

SFREQ, PACKET, SECONDS = 130.0, 73, 8.0
BEAT = 0.8
"""Seconds between beats."""
SKIN, AHEAD = 32.0, 5.0
"""Rate of the EDA [Hz], and seconds by which its clock is ahead."""


class Ears(Listener):
    """Keep what the recorder tells."""

    def __init__(self) -> None:
        self.notices: list[Notice] = []

    def notice(self, notice: Notice) -> None:
        self.notices.append(notice)


def send(over: threading.Event) -> None:
    """Send packets as they come over the radio: sample by sample, or at once with a wrong rate; and EDA
    by another clock."""
    one, once = outlet("bursts", sfreq=SFREQ), outlet("says250", sfreq=250.0)
    skin = outlet("ahead", sfreq=SKIN, type="EDA", units=("uS",), labels=("EDA",))
    signal: FloatArray = ecg(np.arange(0.5, 90.0, BEAT), SFREQ, 90.0)
    begin, sent, level = pylsl.local_clock(), 0, 0
    while not over.wait(0.005):
        due = np.arange(level, int((pylsl.local_clock() - begin) * SKIN))
        if len(due):
            skin.push(begin + due / SKIN + AHEAD, 5.0 + 0.01 * np.sin(due)[:, None])
            level += len(due)
        if pylsl.local_clock() - begin < (sent + 1) * PACKET / SFREQ:
            continue
        packet = signal[sent * PACKET : (sent + 1) * PACKET, None]
        for sample in packet:
            one.push(np.array([pylsl.local_clock()]), sample[None])
        once.push(pylsl.local_clock() - np.arange(PACKET - 1, -1, -1) / 250.0, packet)
        sent += 1
    skin.close()
    one.close()
    once.close()


@pytest.fixture(scope="module")
def recorded(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, SessionRun, list[Notice]]:
    """Return a recording of both, what was computed while it grew, and what its recorder told."""
    parent, ears = tmp_path_factory.mktemp("bridges"), Ears()
    over, stop, outcomes = threading.Event(), threading.Event(), list[Outcome | BaseException]()
    ahead = binding("ahead", modality=Modality.EDA, role=Role.THERAPIST, unit="uS")
    driver = LslDriver([binding("bursts"), binding("says250", role=Role.THERAPIST), ahead])

    def run() -> None:
        try:
            out = parent / "out"
            outcomes.append(
                record(SESSION, out, seconds=SECONDS, drivers=[driver], stop=stop, listener=ears, fsync=0)
            )
        except BaseException as error:
            outcomes.append(error)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_RUNTIME_DIR", str(parent / "run"))
        sender, recorder = threading.Thread(target=send, args=(over,)), threading.Thread(target=run)
        sender.start()
        try:
            recorder.start()
            wait_for(lambda: outcomes or [*parent.glob("out/*/session.toml")], "the recording begins")
            wait_for(lambda: outcomes or Recording(next(parent.glob("out/*"))).state == "growing", "it grows")
            (path,) = parent.glob("out/*")
            live = run_recording(path, config=PipelineConfig(), follow=True)
        finally:
            stop.set()
            recorder.join(90)
            over.set()
            sender.join(90)
    assert isinstance(outcomes[0], Outcome), outcomes
    return path, live, ears.notices


def test_bridges_give_beats_and_no_gaps(recorded: tuple[Path, SessionRun, list[Notice]]) -> None:
    _, live, notices = recorded
    assert not [n for n in notices if n.kind == "gap"]
    for entity in ("client", "therapist"):
        beats = np.array([s.time for s in live.samples if (s.entity, s.index) == (entity, "ibi")])
        steps = np.diff(beats[beats > live.begin + 2.5])
        assert len(steps) >= 3
        # the machine may be busy, and packets late; without the time base steps are 0.56 s or 0.004
        assert np.abs(steps / BEAT - 1.0).max() < 0.2
    assert not [s for s in live.samples if "off" in s.reason]


def test_what_bridges_send_is_the_same_live_and_afterwards(
    recorded: tuple[Path, SessionRun, list[Notice]],
) -> None:
    path, live, _ = recorded
    offline = run_recording(path, config=PipelineConfig())
    assert comparable(live.samples) == comparable(offline.samples)
    assert len(live.samples) > 100
    accounts = [run.pipeline.time_bases for run in (live, offline)]
    assert repr(accounts[0]) == repr(accounts[1])
    manners = {key[1]: account.manner for key, account in accounts[0].items() if "ahead" not in str(key)}
    assert list(manners.values()) == [Manner.PACKETS] * 2
    assert not [loss for account in accounts[0].values() for loss in account.losses]
    said = {key: " ".join(account.lines()) for key, account in accounts[0].items()}
    assert ["says 250 Hz, sends 1" in text for text in said.values()] == [
        "says250" in str(key) for key in said
    ]
    assert ["placed by when they came" in text for text in said.values()] == [
        "ahead" in str(key) for key in said
    ]
    [(late, future)] = [n for key, n in offline.pipeline.dropped.items() if "ahead" in str(key)]
    assert future == 0
    assert late < 2.0 * SKIN  # what waited for the first clock offset
