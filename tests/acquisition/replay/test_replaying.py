"""A recording is published as its devices would."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from acquisition.errors import AttunementError
from acquisition.importing.store import Imported, store
from acquisition.lsl.outlet import Announcement
from acquisition.replay.replaying import Published, replay
from acquisition.replay.tracks import corrected, load_tracks
from acquisition.stream import FloatArray, Modality, Role, StreamInfo
from tests.acquisition.lsl_sender import binding, listening
from tests.waiting import wait_for

pytestmark = pytest.mark.realtime

RNG = np.random.default_rng(7)


def imported(name: str, times: FloatArray, samples: np.ndarray, **changes: Any) -> Imported:
    said: dict[str, Any] = {"role": Role.CLIENT, "modality": Modality.ECG, "sfreq": 500.0, "unit": "mV"}
    said |= {"channels": ("a",), "format": "float32", "source_id": f"id-{name}"}
    offsets = changes.pop("offsets", [])
    return Imported(
        info=StreamInfo(name=name, **(said | changes)), times=times, samples=samples, offsets=offsets
    )


@pytest.fixture
def recording(tmp_path: Path) -> Path:
    """Write two seconds of ECG at 500 Hz with jitter, interbeat intervals, and three markers."""
    times = np.arange(1000) / 500 + RNG.uniform(0, 1e-3, 1000)
    beats = np.array([0.2, 1.0, 1.9])
    words = np.array([["begin"], ["µ"], ["end"]], object)
    path = tmp_path / "rec"
    store(
        path,
        [
            imported("ECG", times, np.arange(1000, dtype=np.float32)[:, np.newaxis]),
            imported(
                "RR",
                beats,
                beats[:, np.newaxis],
                modality=Modality.RR,
                sfreq=0.0,
                unit="s",
                format="double64",
            ),
            imported(
                "words",
                beats,
                words,
                role=Role.DYAD,
                modality=Modality.MARKERS,
                sfreq=0.0,
                unit="",
                format="string",
                source_id="",
            ),
        ],
        sources=[],
    )
    return path


@contextmanager
def replaying(path: Path, **options: Any) -> Iterator[tuple[list[Announcement], list[Published]]]:
    """Replay in a thread; give what is announced and, at the end, what was sent."""
    announced: list[Announcement] = []
    sent: list[Published] = []
    stop = threading.Event()

    def run() -> None:
        sent.extend(replay(path, ready=announced.extend, stop=stop, **options))

    thread = threading.Thread(target=run)
    thread.start()
    try:
        wait_for(lambda: bool(announced), "the streams")
        yield announced, sent
        thread.join(90.0)
        assert not thread.is_alive()
    finally:
        stop.set()
        thread.join(60.0)


def test_nothing_is_lost_and_spacing_is_kept(recording: Path) -> None:
    with (
        replaying(recording, flush=1.0) as (announced, sent),
        listening(
            binding("id-ECG"),
            binding("id-RR", modality=Modality.RR),
            binding(name="words", role=Role.DYAD, modality=Modality.MARKERS),
        ) as listener,
    ):
        listener.until(lambda: bool(sent), "the end of the replay")
        listener.until(lambda: len(listener.values("words markers")) == 3, "the last marker")
        listener.until(lambda: len(listener.values("id-ECG")) == 1000, "the last sample")
        infos = {info.name: info for info in listener.driver.streams()}
    tracks = {t.announcement.name: t for t in load_tracks(recording)}
    for name, received in (("ECG", "id-ECG"), ("RR", "id-RR"), ("words", "words markers")):
        assert np.array_equal(listener.values(received), tracks[name].samples)
        steps = np.diff(listener.times(received)) - np.diff(tracks[name].times)
        assert np.max(np.abs(steps)) < 1e-6
    between = listener.times("id-RR")[0] - listener.times("id-ECG")[0]
    assert between == pytest.approx(tracks["RR"].times[0] - tracks["ECG"].times[0], abs=1e-6)
    assert {(a.name, a.type, a.units) for a in announced} == {
        ("ECG", "ECG", ("mV",)),
        ("RR", "RR", ("s",)),
        ("words", "Markers", ("",)),
    }
    assert {s.stream.name: s.n_samples for s in sent} == {"ECG": 1000, "RR": 3, "words": 3}
    assert (infos["id-ECG"].sfreq, infos["id-ECG"].unit) == (500.0, "mV")


def test_ticks_notices_and_device_stamps_are_not_published(tmp_path: Path) -> None:
    times = np.arange(10) / 10
    values = times[:, np.newaxis].astype(np.float32)
    path = tmp_path / "rec"
    store(
        path,
        [
            imported("ECG", times, values),
            imported("ECG stamps", times, values, modality=Modality.DEVICE_TIME, unit=""),
        ],
        sources=[],
    )
    assert [t.announcement.name for t in load_tracks(path)] == ["ECG"]


def test_streams_without_an_identity_get_one_that_lasts_and_no_two_are_alike(tmp_path: Path) -> None:
    times, values = np.arange(4) / 10, np.zeros((4, 1), np.float32)
    path = tmp_path / "rec"
    store(
        path,
        [
            imported("a", times, values, source_id="", device="polar_h10"),
            imported("left", times, values, source_id="one"),
            imported("right", times, values, source_id="one", role=Role.THERAPIST),
        ],
        sources=[],
    )
    ids = [t.announcement.source_id for t in load_tracks(path)]
    assert ids == ["attunement-client-polar_h10-ecg", "one", "one-right"]
    assert [t.announcement.source_id for t in load_tracks(path)] == ids


def test_clock_offsets_are_applied(tmp_path: Path) -> None:
    times = 10 + np.arange(100) / 10
    path = tmp_path / "rec"
    offsets = [(0, 10.0, 5.0), (50, 15.0, 5.0)]
    store(path, [imported("ECG", times, np.zeros((100, 1), np.float32), offsets=offsets)], sources=[])
    assert np.allclose(load_tracks(path)[0].times, times + 5, atol=1e-12)


def test_offsets_are_joined_by_lines_but_a_reset_is_a_step() -> None:
    times = np.arange(6.0)
    assert corrected(times, []).tolist() == times.tolist()
    assert corrected(times, [(0, 1.0), (4, 1.4)]).tolist() == pytest.approx([1, 2.1, 3.2, 4.3, 5.4, 6.4])
    assert corrected(times, [(0, 1.0), (3, 9.0)]).tolist() == [1, 2, 3, 12, 13, 14]
    assert corrected(times, [(2, 1.0), (99, 1.0)]).tolist() == (times + 1).tolist()


def test_a_foreign_file_is_published_under_its_own_names(data_dir: Path) -> None:
    tracks = load_tracks(data_dir / "xdf" / "minimal.xdf")
    assert len(tracks) == 2
    assert {t.announcement.format for t in tracks} == {"string", "int16"}
    assert len({t.announcement.source_id for t in tracks}) == 2


def test_it_ends_when_told_or_after_some_seconds(recording: Path) -> None:
    with replaying(recording, wait=0.0, flush=0.0, loop=True, seconds=0.3) as (_, sent):
        wait_for(lambda: bool(sent), "the end")
    count = {s.stream.name: s.n_samples for s in sent}["ECG"]
    assert 100 <= count <= 200
    stop = threading.Event()
    ended = replay(recording, wait=60.0, stop=stop, ready=lambda _: stop.set())
    assert all(s.n_samples == 0 for s in ended)


def test_ctrl_c_ends_it_and_says_what_was_sent(recording: Path) -> None:
    def press(_: list[Announcement]) -> None:
        raise KeyboardInterrupt

    assert len(replay(recording, ready=press)) == 3


def test_a_loop_begins_anew(tmp_path: Path) -> None:
    times = np.arange(20) / 100
    store(tmp_path / "rec", [imported("x", times, np.zeros((20, 1), np.float32))], sources=[])
    sent = replay(tmp_path / "rec", wait=0.0, flush=0.0, loop=True, seconds=1.0)
    assert 60 <= sent[0].n_samples <= 100


def test_faster_replay_keeps_the_ratio_of_times(recording: Path) -> None:
    with replaying(recording, speed=4.0, flush=1.0) as (_, sent), listening(binding("id-ECG")) as listener:
        listener.until(lambda: bool(sent), "the end of the replay")
        listener.until(lambda: len(listener.values("id-ECG")) == 1000, "the last sample")
        assert listener.driver.streams()[0].sfreq == 2000.0
    track = next(t for t in load_tracks(recording) if t.announcement.name == "ECG")
    assert np.max(np.abs(np.diff(listener.times("id-ECG")) * 4 - np.diff(track.times))) < 1e-6


@pytest.mark.parametrize("speed", [0.0, -1.0, float("nan"), float("inf")])
def test_an_impossible_speed_is_refused(recording: Path, speed: float) -> None:
    with pytest.raises(AttunementError, match="speed"):
        replay(recording, speed=speed)


def test_a_place_without_a_recording_is_named(tmp_path: Path) -> None:
    with pytest.raises(AttunementError, match=str(tmp_path)):
        replay(tmp_path)
