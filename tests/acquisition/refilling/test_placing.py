"""What of a card goes where: pauses, clocks that began anew, holes in the card; and what is said of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from acquisition.cli import main
from acquisition.event import Event
from acquisition.events.assignments import assign_event
from acquisition.gatt.shimmer_values import conductance
from acquisition.recording.altered import standing
from acquisition.recording.recording import Recording
from acquisition.recording.refill import refill_name
from acquisition.recording.verify import verify
from acquisition.refilling.refilling import refill
from acquisition.stream import FloatArray, Modality, Role
from tests.acquisition.refilling.synthetic import BEGIN, EDA, GAP, LENGTH, card, moves_to, truth, written


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
    assert "client/Shimmer EDA: 1 stretch, 20 s" in line
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


def by_owner(path: Path) -> dict[Role, tuple[FloatArray, FloatArray]]:
    """Return stamps and values of the unit, by whose they are."""
    found: dict[Role, list[Any]] = {}
    for batch in Recording(path).batches():
        for part in batch.streams.values():
            if part.info.modality is Modality.EDA:
                found.setdefault(part.info.role, []).append(part)
    return {
        role: (np.concatenate([p.times for p in some]), np.concatenate([p.samples[:, 0] for p in some]))
        for role, some in found.items()
    }


SWAPS: dict[str, list[tuple[float, Role | None]]] = {
    "before the gap": [(20.0, Role.THERAPIST)],
    "within the gap": [(50.0, Role.THERAPIST)],
    "twice within": [(45.0, Role.THERAPIST), (55.0, Role.CLIENT)],
    "there and back": [(20.0, Role.THERAPIST), (80.0, Role.CLIENT)],
    "given to nobody": [(50.0, None)],
}


@pytest.mark.parametrize("swaps", SWAPS.values(), ids=SWAPS)
def test_what_is_put_back_is_that_persons_who_wore_it_then(
    tmp_path: Path, swaps: list[tuple[float, Role | None]]
) -> None:
    torn = written(tmp_path / "torn", swaps=swaps)
    whole = written(tmp_path / "whole", swaps=swaps, gap=(0.0, 0.0))
    before = {p.name: p.read_bytes() for p in torn.glob("*.xdf")}
    (done,) = refill(torn, folder=card(tmp_path / "card"))
    assert (done.why, done.samples > 200) == ("", True)
    wanted, got = by_owner(whole), by_owner(torn)
    assert got.keys() == wanted.keys()
    for role, (times, values) in wanted.items():
        # Somebody's samples may end a slice earlier or later: stamps of a gap are within milliseconds.
        assert abs(len(got[role][0]) - len(times)) <= 6
        assert np.all(np.diff(got[role][0]) > 0)
        near = np.searchsorted(times, got[role][0] - 0.009).clip(max=len(times) - 1)
        there = np.abs(times[near] - got[role][0]) < 0.009
        assert there.sum() > len(times) - 12
        assert np.array_equal(values[near][there], got[role][1][there])
    assert {p.name: p.read_bytes() for p in torn.glob("*.xdf")} == before
    assert verify(torn) == verify(whole)
    assert [d.why for d in refill(torn, folder=tmp_path / "card")] == ["nothing is missing"]


def test_nothing_of_a_person_is_put_into_the_file_of_the_other(tmp_path: Path) -> None:
    torn = written(tmp_path / "torn", swaps=[(50.0, Role.THERAPIST)])
    refill(torn, folder=card(tmp_path / "card"))
    (torn / refill_name(Role.THERAPIST)).unlink()
    left = by_owner(torn)
    inside = (left[Role.CLIENT][0] > BEGIN + GAP[0]) & (left[Role.CLIENT][0] < BEGIN + GAP[1])
    assert inside.sum() > 400
    assert left[Role.CLIENT][0].max() < BEGIN + 50.3
    assert not ((left[Role.THERAPIST][0] > BEGIN + GAP[0]) & (left[Role.THERAPIST][0] < BEGIN + GAP[1])).any()


def test_a_unit_that_was_the_others_from_the_start_is_refilled_as_theirs(tmp_path: Path) -> None:
    swap = assign_event(BEGIN + 70.0, "start", moves_to(Role.THERAPIST), "from the start")
    torn = written(tmp_path / "torn", events=[swap])
    assert list(by_owner(torn)) == [Role.THERAPIST]
    (done,) = refill(torn, folder=card(tmp_path / "card"))
    assert (done.why, done.left) == ("", 0)
    times, _ = by_owner(torn)[Role.THERAPIST]
    assert np.diff(times).max() * 51.2 < 1.1
    assert not (torn / refill_name(Role.CLIENT)).exists()


def test_a_pause_counts_for_the_person_who_wore_it_then(tmp_path: Path) -> None:
    paused: dict[str, Any] = {"code": "consent_pause", "actor": "therapist", "source": "key"}
    pause = [
        Event(time=BEGIN + 44.0, phase="on", id="on", **paused),
        Event(time=BEGIN + 58.0, phase="off", id="off", **paused),
    ]
    torn = written(tmp_path / "torn", swaps=[(50.0, Role.THERAPIST)], events=pause)
    refill(torn, folder=card(tmp_path / "card"))
    client, therapist = by_owner(torn)[Role.CLIENT][0], by_owner(torn)[Role.THERAPIST][0]
    assert ((client > BEGIN + 44.0) & (client < BEGIN + 50.0)).sum() > 290
    assert not ((therapist > BEGIN + 44.0) & (therapist < BEGIN + 58.0)).any()
    assert ((therapist > BEGIN + 58.0) & (therapist < BEGIN + 60.0)).sum() > 90


def test_the_end_of_a_recording_says_what_could_be_had(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torn = written(tmp_path / "torn")

    class Stopped:
        @staticmethod
        def stop() -> dict[str, str]:
            return {"recording": str(torn)}

        @staticmethod
        def await_end() -> None:
            """The files are closed."""

    monkeypatch.setattr("acquisition.cli.Client.find", lambda _: Stopped)
    closed, said = CliRunner().invoke(main, ["stop"]).output.splitlines()
    assert closed == f"{torn}: closed"
    assert said.startswith(f"`attune refill {torn}` would look for 1 gap in what the devices kept")
    assert json.loads(CliRunner().invoke(main, ["stop", "--json"]).output)["hint"] == said
    refill(torn, folder=card(tmp_path / "card"))
    assert CliRunner().invoke(main, ["stop"]).output == f"{torn}: closed\n"


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
