"""The correction desk: what it does, what it refuses in one line, and undo to the bit."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from acquisition.events.corrected import fold
from acquisition.events.corrections import CORRECTIONS_NAME, read_corrections
from processing.correcting.matching import rmssd_at
from processing.heart.config import HeartConfig
from tests.viewer.corrections.made import desk, read
from viewer.corrections.desk import CorrectionDesk
from viewer.corrections.places import Place


def beats(of: CorrectionDesk) -> list[float]:
    return [float(t) for t in of.lane.before.rows.beats.times - of.bench.begin]


def state(of: CorrectionDesk) -> str:
    """Return what holds, and what becomes of the beats, in full."""
    of.bench.judge()
    lanes = sorted(of.bench.lanes.items())
    return repr(
        [
            (key, lane.by_hand, lane.after.rows.beats.times.tolist(), lane.after.rows.beats.values.tolist())
            for key, lane in lanes
        ]
    )


def test_each_act_is_on_the_disk_with_who_when_and_why(tmp_path: Path) -> None:
    of = desk(tmp_path)
    of.why = "ectopic beat"
    assert of.reject(beats(of)[50])
    (line,) = read_corrections(tmp_path)
    assert (line.op, line.who, line.why, line.role, line.signal) == (
        "reject",
        "R2",
        "ectopic beat",
        "client",
        "heart",
    )
    assert line.when
    assert desk(tmp_path).by_hand == of.by_hand


def test_an_inserted_beat_snaps_and_one_that_is_kept_does_not(tmp_path: Path) -> None:
    of = desk(tmp_path)
    beat = beats(of)[60]
    assert of.delete(beat)
    at = of.insert(beat + 0.05)
    assert at == pytest.approx(beat, abs=0.004)
    assert of.undo() == ("client", "heart")
    assert of.insert(beat + 0.05, keep=True) == pytest.approx(beat + 0.05, abs=1e-9)


@pytest.mark.parametrize(
    ("act", "said"),
    [
        (lambda d, b: d.insert(1e6), "outside the recording (0:00:00 to"),
        (lambda d, b: d.insert(-1.0), "outside the recording (0:00:00 to"),
        (lambda d, b: d.insert(b[70], keep=True), "a beat is there already"),
        (lambda d, b: d.move(b[70], b[71], keep=True), "a beat is there already"),
        (lambda d, b: d.delete(0.5 * (b[70] + b[71])), "no beat is at"),
        (lambda d, b: d.stretch("mark", 700.0, 1e6), "outside the recording"),
        (lambda d, b: d.stretch("mark", 100.0, 100.001), "too short"),
        (
            lambda d, b: d.stretch("mark", 20.0, 30.0) and d.stretch("accept", 25.0, 35.0),
            "overlaps the stretch",
        ),
        (lambda d, b: d.reject(b[9]) and d.reject(b[9]), "rejected already"),
        (lambda d, b: d.restore(b[70]), "nothing was done to it"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line_and_stores_nothing(
    tmp_path: Path, act: object, said: str
) -> None:
    of = desk(tmp_path)
    assert callable(act)
    act(of, beats(of))
    assert of.failed and said in of.message and "\n" not in of.message
    assert len(read_corrections(tmp_path)) <= 1


def test_beats_cannot_be_made_for_the_skin(tmp_path: Path) -> None:
    of = desk(tmp_path)
    of.turn(("client", "skin"))
    assert of.insert(100.0) is None and "of the heart" in of.message
    peak = float(of.lane.found.peaks[3] - of.bench.begin)
    assert of.reject(peak)
    assert list(of.lane.responses_in(of.bench.begin, of.bench.end).peaks) == [
        p for k, p in enumerate(of.lane.found.peaks.tolist()) if k != 3
    ]


def test_nobody_corrects_without_a_code(tmp_path: Path) -> None:
    of = desk(tmp_path, who="")
    assert not of.reject(beats(of)[50]) and "code such as R2" in of.message
    of.take_who("Anna")
    assert not of.reject(beats(of)[50])
    assert not (tmp_path / CORRECTIONS_NAME).exists()


def test_two_people_correct_apart(tmp_path: Path) -> None:
    of = desk(tmp_path)
    of.reject(beats(of)[50])
    other = desk(tmp_path, who="R3")
    assert not other.by_hand
    other.delete(beats(of)[80])
    of.reload()
    assert list(of.by_hand.rejected) and not of.by_hand.deleted
    assert of.undo() and not of.by_hand
    assert fold(read_corrections(tmp_path), "R3").of("client", "heart").deleted


def test_a_faulty_file_is_told_and_nothing_is_written_over_it(tmp_path: Path) -> None:
    (tmp_path / CORRECTIONS_NAME).write_text("nonsense\n", "utf-8")
    of = desk(tmp_path)
    assert not of.reject(beats(of)[50]) and "line 1" in of.message
    assert (tmp_path / CORRECTIONS_NAME).read_text("utf-8") == "nonsense\n"


def test_a_thousand_acts_are_undone_to_the_bit_and_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("acquisition.events.overlay_file.sync_file", lambda fd: None)
    of = desk(tmp_path)
    before = state(of)
    found = beats(of)
    for k in range(1000):
        if k % 3 == 0:
            assert of.insert(0.5 * (found[k // 3 + 10] + found[k // 3 + 11]), keep=True) is not None
        elif k % 3 == 1:
            assert of.reject(found[k // 3 + 10])
        else:
            assert of.restore(found[(k - 2) // 3 + 10])
    after = state(of)
    assert after != before
    for _ in range(1000):
        assert of.undo()
    assert state(of) == before and of.undo() is None
    assert state(desk(tmp_path)) == before
    for _ in range(100):
        assert of.redo()
    for _ in range(100):
        assert of.undo()
    assert state(of) == before


ACTS = st.lists(st.tuples(st.sampled_from("idvrmaecuk"), st.integers(3, 60), st.integers(1, 40)), max_size=12)


@given(ACTS)
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_any_acts_are_undone_to_the_bit(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str, int, int]]
) -> None:
    folder = tmp_path_factory.mktemp("acts")
    of = desk(folder)
    found = beats(of)
    seen = [repr(of.by_hand)]
    for op, k, by in acts:
        lines = len(of.lines)
        stretches = [*of.by_hand.marked, *of.by_hand.accepted]
        match op:
            case "i":
                of.insert(found[k] + 0.02 * by, keep=True)
            case "d":
                of.delete(found[k])
            case "v":
                of.move(found[k], found[k] + 0.01 * by, keep=by % 2 == 0)
            case "r":
                of.reject(found[k])
            case "m":
                of.stretch("mark", found[k], found[k] + 0.1 * by)
            case "a":
                of.stretch("accept", found[k], found[k] + 0.1 * by)
            case "e" if stretches:
                of.edge(stretches[k % len(stretches)], found[k], found[k] + 0.1 * by)
            case "c" if stretches:
                of.clear(stretches[k % len(stretches)])
            case "u":
                of.restore(found[k])
            case "k":
                of.keep(Place(found[k], found[k], found[k], "ectopic"))
        if len(of.lines) > lines:
            seen.append(repr(of.by_hand))
    assert repr(desk(folder).by_hand) == seen[-1]
    for known in reversed(seen[:-1]):
        assert of.undo() is not None
        assert repr(of.by_hand) == known
    for known in seen[1:]:
        assert of.redo() is not None
        assert repr(of.by_hand) == known


def test_places_are_done_when_corrected_or_found_right(tmp_path: Path) -> None:
    of = desk(tmp_path)
    found = beats(of)
    place = Place(found[30], found[30], found[30], "ectopic")
    t0 = read().begin
    assert not place.done(of.by_hand, t0)
    assert of.keep(place) and place.done(of.by_hand, t0) and not of.by_hand
    of.undo()
    of.stretch("mark", found[29], found[31])
    assert place.done(of.by_hand, t0)


def test_rmssd_is_told_before_and_after(tmp_path: Path) -> None:
    of = desk(tmp_path)
    found = beats(of)
    middle = found[90]
    before, same = of.lane.rmssd(of.bench.begin + middle)
    assert before == same and np.isfinite(before.value)
    of.move(found[90], found[90] + 0.12, keep=True)
    of.bench.judge()
    _, after = of.lane.rmssd(of.bench.begin + middle)
    assert after != before


def test_rmssd_is_that_of_the_parameters_that_were_given() -> None:
    usual, lane = read().lanes["client", "heart"], read().lanes["client", "heart"]
    lane = replace(lane, config=replace(lane.config, heart=replace(lane.config.heart, rmssd_window=30.0)))
    centre = read().begin + 90.0
    beats = usual.before.rows
    for one, length in ((usual, 60.0), (lane, 30.0)):
        want = rmssd_at(
            beats, np.array([centre + length / 2]), has_shapes=True, config=HeartConfig(rmssd_window=length)
        )
        assert one.rmssd(centre)[0].value == want[0] and np.isfinite(want[0])
    assert usual.rmssd(centre)[0] != lane.rmssd(centre)[0]


def test_two_windows_of_one_person_see_what_the_other_has_done(tmp_path: Path) -> None:
    one, other = desk(tmp_path), desk(tmp_path)
    found = beats(one)
    at = 0.5 * (found[40] + found[41])
    assert one.insert(at, keep=True) is not None
    assert other.insert(at, keep=True) is None and "a beat is there already" in other.message
    assert other.reject(found[60]) and one.delete(found[70])
    assert other.undo() is not None and "delete" in other.message
    assert one.by_hand != other.by_hand
    assert one.reject(found[80])
    assert one.by_hand.counts() == {
        "inserted": 1, "deleted": 0, "moved": 0, "rejected": 2, "marked_s": 0.0, "accepted_s": 0.0
    }  # fmt: skip
    one.reload()
    other.reload()
    assert state(one) == state(other)
