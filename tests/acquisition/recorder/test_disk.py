from __future__ import annotations

import math
from pathlib import Path

import pytest

from acquisition.recorder.disk import LIMIT, DiskWatch, bytes_per_second, free_bytes
from acquisition.stream import Role
from tests.acquisition.sine_driver import info

ECG = [info(Role.CLIENT, sfreq=1000.0), info(Role.THERAPIST, sfreq=1000.0)]


def test_the_estimate_fits_what_two_ecgs_take() -> None:
    assert bytes_per_second(ECG) == pytest.approx(2 * 1000 * 13, rel=0.2)


def test_a_disk_too_small_for_the_session_is_told_at_the_start(tmp_path: Path) -> None:
    watch = DiskWatch(tmp_path, lambda _: 100.0 * 2**20)
    assert watch.preflight() == ""
    assert "room for about 51 min at 29 kB" in watch.estimate(ECG, 7200.0)
    assert watch.estimate(ECG, 600.0) == ""


def test_the_countdown_is_told_once_and_then_it_stops(tmp_path: Path) -> None:
    room = [1e9, LIMIT + 1e7, LIMIT + 9e6, LIMIT - 1]
    watch = DiskWatch(tmp_path, lambda _: room.pop(0), period=2.0)
    assert watch.look(0.0, ECG) == (False, "")
    assert watch.look(1.0, ECG) == (False, "")
    assert watch.look(2.0, ECG) == (False, "the disk has room for 6 min more")
    assert watch.look(4.0, ECG) == (False, "")
    stop, line = watch.look(6.0, ECG)
    assert stop
    assert line.startswith("16.0 MB free on the disk")


def test_a_disk_that_cannot_be_asked_stops_nothing(tmp_path: Path) -> None:
    watch = DiskWatch(tmp_path, lambda _: math.nan)
    assert watch.preflight() == watch.estimate(ECG, 7200.0) == ""
    assert watch.look(0.0, ECG) == (False, "")


def test_the_room_is_that_of_the_disk_which_will_hold_the_path(tmp_path: Path) -> None:
    assert free_bytes(tmp_path / "not" / "there") == pytest.approx(free_bytes(tmp_path), rel=0.1)
