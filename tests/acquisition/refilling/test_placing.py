"""What of a card goes where: pauses, clocks that began anew, holes in the card; and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from acquisition.cli import main
from acquisition.errors import RecordingError
from acquisition.event import Event
from acquisition.gatt.shimmer_values import conductance
from acquisition.recording.altered import standing
from acquisition.recording.recording import Recording
from acquisition.recording.verify import verify
from acquisition.refilling.refilling import refill
from acquisition.stream import FloatArray
from tests.acquisition.refilling.synthetic import BEGIN, EDA, GAP, LENGTH, card, truth, written


def read(path: Path) -> tuple[FloatArray, FloatArray]:
    parts = [b.streams[EDA.key] for b in Recording(path).batches() if EDA.key in b.streams]
    return np.concatenate([p.times for p in parts]), np.concatenate([p.samples[:, 0] for p in parts])


def between(low: float, high: float) -> int:
    """Return how many samples were measured between two moments of the recording [s]."""
    _, times, _ = truth(round(LENGTH * 51.2))
    return int(((times >= BEGIN + low) & (times < BEGIN + high)).sum())


def test_every_sample_is_there_as_if_nothing_had_been_lost(tmp_path: Path) -> None:
    whole = written(tmp_path / "whole", gap=(0.0, 0.0))
    torn = written(tmp_path / "torn")
    (done,) = refill(torn, folder=card(tmp_path / "card"))
    assert (done.stretches, done.samples, done.left) == (1, between(*GAP), 0)
    for a, b in zip(read(whole), read(torn), strict=True):
        assert np.allclose(a, b, rtol=0.0, atol=1e-6)
    one, other = (list(Recording(p).batches(n_ticks=7)) for p in (whole, torn))
    # In the same slices, too, whatever the cut.
    assert [len(b.streams[EDA.key].times) for b in one if EDA.key in b.streams] == [
        len(b.streams[EDA.key].times) for b in other if EDA.key in b.streams
    ]
    assert verify(torn) == []
    (line,) = [x for x in standing(torn) if x.startswith("refilled")]
    assert "client/Shimmer EDA: 1 stretches, 20 s" in line
    assert not any(x.startswith("refilled") for x in standing(whole))


def test_what_was_measured_while_a_person_was_paused_stays_out(tmp_path: Path) -> None:
    events = [
        Event(time=BEGIN + 45.0, code="consent_pause", phase="on", actor="client", source="cli"),
        Event(time=BEGIN + 52.0, code="consent_pause", phase="off", actor="client", source="cli"),
    ]
    torn = written(tmp_path / "torn", events=events)
    (done,) = refill(torn, folder=card(tmp_path / "card"))
    times, _ = read(torn)
    assert not ((times >= BEGIN + 45.0) & (times < BEGIN + 52.0)).any()
    assert done.stretches == 2
    assert done.samples == between(GAP[0], 45.0) + between(52.0, GAP[1])
    (again,) = refill(torn, folder=tmp_path / "card")
    assert again.why == "nothing is missing"


def test_a_unit_that_was_started_anew_fills_both_ends_of_its_gap(tmp_path: Path) -> None:
    torn = written(tmp_path / "torn", restart=5000.0)
    (done,) = refill(torn, folder=card(tmp_path / "card", restart_after=48.0, restart=5000.0))
    times, values = read(torn)
    assert (done.stretches, done.left) == (2, 1)
    _, true, words = truth(round(LENGTH * 51.2))
    place = np.searchsorted(true, times - 0.009)
    assert np.abs(times - true[place]).max() < 0.005
    assert np.array_equal(values, conductance(words)[place].astype(np.float32))
    missing = np.setdiff1d(np.arange(len(true)), place)
    assert len(missing) == (~((true < BEGIN + 48.0) | (true > BEGIN + 52.0))).sum()


def test_holes_in_the_card_stay_holes(tmp_path: Path) -> None:
    torn = written(tmp_path / "torn")
    lost = range(2200, 2210)
    (done,) = refill(torn, folder=card(tmp_path / "card", lost=list(lost)))
    assert (done.stretches, done.left) == (2, 1)
    times, _ = read(torn)
    assert np.diff(times).max() * 51.2 < 11.1
    # Another card fills the rest, and what was there stays.
    (again,) = refill(torn, folder=card(tmp_path / "other"))
    assert (again.samples, again.left) == (10, 0)
    assert np.diff(read(torn)[0]).max() * 51.2 < 1.1


def test_a_recording_whose_devices_changed_hands_is_refused(tmp_path: Path) -> None:
    move = {"of": ["client", EDA.name], "to": "therapist", "as": EDA.name}
    note = json.dumps({"v": 1, "from": "start", "streams": [move]})
    swap = Event(time=BEGIN + 10.0, code="assign", actor="system", source="auto", note=note)
    torn = written(tmp_path / "torn", events=[swap])
    assert Recording(torn).assignments.any
    with pytest.raises(RecordingError, match="changed hands"):
        refill(torn, folder=card(tmp_path / "card"))


def test_the_command_says_what_became_of_it(tmp_path: Path) -> None:
    torn = written(tmp_path / "torn")
    folder = card(tmp_path / "card")
    said = CliRunner().invoke(main, ["refill", str(torn), "--from", str(folder), "--json"])
    assert said.exit_code == 0
    assert json.loads(said.output)[0]["left"] == 0
    again = CliRunner().invoke(main, ["refill", str(torn), "--from", str(folder)])
    assert (again.exit_code, "nothing is missing" in again.output) == (0, True)
    whole = CliRunner().invoke(main, ["verify", str(torn)])
    assert (whole.exit_code, "noted: refilled: client/Shimmer EDA" in whole.output) == (0, True)
    (tmp_path / "empty").mkdir()
    other = written(tmp_path / "other")
    failed = CliRunner().invoke(main, ["refill", str(other), "--from", str(tmp_path / "empty")])
    assert failed.exit_code == 1
    assert "no log file" in failed.output
