"""Refill of an EmotiBit from its card: lost packets and drop-outs, by the device's own stamps."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acquisition.event import Notice
from acquisition.gatt.emotibit import RECORD, Line
from acquisition.recorder.store import RecordingStore
from acquisition.recording.identity import new_id
from acquisition.recording.recording import Recording
from acquisition.refilling.hint import hint_of
from acquisition.refilling.refilling import refill
from acquisition.session.session import Recorded
from acquisition.session.toml import dump_session
from acquisition.stream import Chunk, FloatArray, StreamInfo
from tests.acquisition.ble_bench import device, session_of
from tests.acquisition.drivers.test_emotibit import APART, EDA, Network

SECONDS = 100.0
AWAY = ((30.0, 41.0), (60.0, 83.0))
"""Drop-outs, from and to [s]."""


def own(info: StreamInfo) -> StreamInfo:
    """Return a stream as that of a device of the session."""
    return replace(info, device="emotibit_direct")


def written(net: Network, path: Path, *, card: str = "on", seconds: float = SECONDS) -> Path:
    """Write what came into a recording."""
    chunks = [replace(c, info=own(c.info)) for c in net.out if isinstance(c, Chunk)]
    notices = [n for n in net.out if isinstance(n, Notice)]
    id = new_id()
    with RecordingStore(path, fsync=0.0, id=id) as store:
        streams = tuple({c.info.key: c.info for c in chunks}.values())
        recorded = Recorded(started="2026-11-22T10:00:00+00:00", streams=streams, id=id)
        table = device("emotibit_direct", address="127.0.0.1", settings={"card": card})
        (path / "session.toml").write_text(dump_session(replace(session_of(table), recorded=recorded)))
        for now in np.arange(APART, APART + seconds, 0.1).tolist():
            while chunks and chunks[0].times[-1] <= now:
                chunk = chunks.pop(0)
                store.samples(chunk.info, chunk.times, chunk.samples)
            while notices and notices[0].time <= now:
                store.notice(notices.pop(0))
            store.tick(now, 1.7e9 + now)
    return path


@dataclass(eq=False)
class Hour:
    """What came over the network, and what the device wrote to its card."""

    net: Network

    def put(self, folder: Path, *, change: Any = lambda text: text) -> Path:
        """Put the card into this computer, with what else lies on one."""
        folder.mkdir()
        for k, text in enumerate(self.net.device.files):
            (folder / f"2026-11-22_10-0{k}-00-000000.csv").write_text(change(text))
        (folder / "2026-11-22_10-00-00-000000_EA.csv").write_text(
            "LocalTimestamp,EmotiBitTimestamp,EA\n1,2,3\n"
        )
        (folder / "config.csv").write_text("ssid,password\n")
        return folder


@pytest.fixture(scope="module", params=[{"skew": -0.0004}, {"ms": 2**32 - 50_000, "number": 65_000}])
def hour(request: pytest.FixtureRequest) -> Hour:
    net = Network(**request.param)
    net.device.told(Line(0, 0, RECORD, ("2026-11-22_10-00-00-000000",)))
    at = 0.0
    for begin, end in AWAY:
        net.lose = 0.03
        net.run(at, begin)
        net.lose = 1.0
        net.run(begin, end)
        at = end
    net.lose = 0.03
    net.run(at, SECONDS)
    return Hour(net)


def samples(path: Path) -> tuple[FloatArray, FloatArray]:
    """Return stamps and values of the stream."""
    parts = [b.streams[EDA.key] for b in Recording(path).batches() if EDA.key in b.streams]
    return np.concatenate([p.times for p in parts]), np.concatenate([p.samples[:, 0] for p in parts])


def test_every_sample_is_there_afterwards_and_in_time(hour: Hour, tmp_path: Path) -> None:
    path = written(hour.net, tmp_path / "rec")
    before, _ = samples(path)
    assert "would look for" in hint_of(path)
    (done,) = refill(path, folder=hour.put(tmp_path / "card"))
    assert (done.left, done.why) == (0, "")
    times, values = samples(path)
    assert len(times) == len(before) + done.samples
    true, said = hour.net.truth()
    first = int(np.argmin(np.abs(true - times[0])))
    assert len(times) > 0.95 * SECONDS * 15
    assert np.abs(values - said[first : first + len(values)]).max() < 1e-5
    assert np.abs(times - true[first : first + len(times)]).max() < 0.012
    assert hint_of(path) == ""
    assert [d.why for d in refill(path, folder=tmp_path / "card")] == ["nothing is missing"]


def test_what_is_no_card_of_this_hour_is_refused(hour: Hour, tmp_path: Path) -> None:
    path = written(hour.net, tmp_path / "rec")
    (tmp_path / "empty").mkdir()
    (none,) = refill(path, folder=tmp_path / "empty")
    other = hour.put(tmp_path / "other", change=lambda text: text.replace(",EA,1,100,", ",EA,1,100,9"))
    (strange,) = refill(path, folder=other)
    (air,) = refill(path)
    assert "no raw file of an EmotiBit" in none.why
    assert "holds other values" in strange.why
    assert "say --from FOLDER" in air.why
    assert not (path / "refill").exists()


def test_a_file_with_damage_gives_the_rest(hour: Hour, tmp_path: Path) -> None:
    path = written(hour.net, tmp_path / "rec")

    def damaged(text: str) -> str:
        lines = text.splitlines(keepends=True)
        lines[700] = lines[700][:9] + "\x19\n"
        return "".join([*lines[:900], *lines[890:-3], lines[-3][:7]])

    (done,) = refill(path, folder=hour.put(tmp_path / "card", change=damaged))
    assert done.why == ""
    assert done.samples > 400
    times, _ = samples(path)
    assert np.all(np.diff(times) > 0)


def test_one_that_was_not_to_write_keeps_nothing(hour: Hour, tmp_path: Path) -> None:
    path = written(hour.net, tmp_path / "rec", card="off")
    assert hint_of(path) == ""
    assert refill(path, folder=hour.put(tmp_path / "card")) == []
