"""Corrections by hand are kept whole, say who, when and why, and are undone to the bit."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.errors import RecordingError
from acquisition.events.corrected import Acts, ActsSoFar, acts_of, editors, fold
from acquisition.events.corrections import (
    CORRECTIONS_NAME,
    MOMENTS,
    Correction,
    line_of,
    parse_correction,
    read_corrections,
)
from acquisition.events.corrections_file import append_corrections
from acquisition.recording.contents import is_beside

NUMBERS: Iterator[int] = count()


def act(op: str, *moments: float, who: str = "R2", signal: str = "heart", **more: Any) -> Correction:
    """Return one act of its own."""
    times: dict[str, Any] = dict(zip(MOMENTS.get(op, ()), moments, strict=True))
    key = f"a{next(NUMBERS)}"
    said: dict[str, Any] = {
        "id": key,
        "who": who,
        "when": "t",
        "why": "w",
        "role": "client",
        "signal": signal,
    }
    return Correction(op=op, **(said | times | more))


def back(op: str, of: Correction) -> Correction:
    return Correction(op=op, id=f"b{next(NUMBERS)}", ref=of.id, who=of.who, when="t", why="")


TIMES = st.integers(0, 40).map(lambda k: 1000.0 + 0.7 * k)


@st.composite
def corrections(draw: st.DrawFn) -> Correction:
    """Return any act of R2 or R3 on one of few places, so that acts meet."""
    op = draw(st.sampled_from(sorted(MOMENTS)))
    a, b = draw(TIMES), draw(TIMES)
    pair = (min(a, b), max(a, b) + 0.5)
    moments = pair if op in ("mark", "accept", "clear") else (*pair, a, a + 1.0) if op == "edge" else (a, b)
    signal = "heart" if op in ("insert", "delete", "move") else draw(st.sampled_from(["heart", "skin"]))
    who = draw(st.sampled_from(["R2", "R3"]))
    return act(op, *moments[: len(MOMENTS[op])], who=who, signal=signal)


def plain(lines: list[Correction], who: str = "R2") -> dict[Any, Any]:
    return dict(fold(lines, who).signals)


@given(st.lists(corrections(), max_size=30))
@settings(max_examples=60, deadline=None)
def test_what_was_appended_is_read_back_to_the_bit(made: list[Correction]) -> None:
    assert repr([parse_correction(line_of(c), "x") for c in made]) == repr(made)


@given(st.lists(corrections(), max_size=30))
@settings(max_examples=60, deadline=None)
def test_undoing_all_leaves_nothing_and_doing_it_again_leaves_all(made: list[Correction]) -> None:
    mine = [c for c in made if c.who == "R2"]
    undone = [*made, *(back("undo", c) for c in reversed(mine))]
    assert not fold(undone, "R2")
    assert plain(undone, "R3") == plain(made, "R3")
    again = [*undone, *(back("redo", c) for c in mine)]
    assert plain(again) == plain(made)
    assert acts_of(again, "R2").held == acts_of(made, "R2").held


@given(st.lists(corrections(), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_stretches_never_overlap_and_no_beat_is_in_two_places(made: list[Correction]) -> None:
    for by_hand in fold(made, "R2").signals.values():
        stretches = sorted([*by_hand.marked, *by_hand.accepted])
        assert all(a < b for a, b in stretches)
        assert all(b <= c for (_, b), (c, _) in pairwise(stretches))
        assert not set(by_hand.deleted) & set(by_hand.moved)


def test_a_thousand_acts_and_their_undo_leave_what_was_there_to_the_bit(tmp_path: Path) -> None:
    before = [act("insert", 1.5), act("mark", 3.0, 4.0), act("move", 7.0, 7.1)]
    append_corrections(tmp_path, before)
    was = repr(plain(read_corrections(tmp_path)))
    acts = [act("reject", 100.0 + k / 7.0) for k in range(1000)]
    append_corrections(tmp_path, acts)
    assert len(fold(read_corrections(tmp_path), "R2").of("client", "heart").rejected) == 1000
    append_corrections(tmp_path, [back("undo", c) for c in reversed(acts)])
    assert repr(plain(read_corrections(tmp_path))) == was


def test_acts_on_a_beat_that_was_placed_follow_it() -> None:
    made = [act("insert", 1.0), act("move", 1.0, 1.1), act("reject", 1.1), act("move", 1.1, 1.2)]
    now = fold(made, "R2").of("client", "heart")
    assert (list(now.inserted), list(now.rejected), now.moved) == ([1.2], [1.2], {})
    assert not fold([*made, act("delete", 1.2)], "R2")


def test_a_detected_beat_that_was_moved_is_known_by_where_it_was_put() -> None:
    made = [act("move", 1.0, 1.1), act("move", 1.1, 1.3)]
    assert fold(made, "R2").of("client", "heart").moved == {1.0: 1.3}
    assert list(fold([*made, act("delete", 1.3)], "R2").of("client", "heart").deleted) == [1.0]
    assert not fold([*made, act("restore", 1.3)], "R2")
    assert not fold([*made, act("move", 1.3, 1.0)], "R2")


def test_lines_of_one_id_are_one_act() -> None:
    one, two = act("insert", 1.0, id="list"), act("delete", 2.0, id="list")
    assert len(acts_of([one, two], "R2").held) == 1
    assert not fold([one, two, back("undo", one)], "R2")


def test_a_new_act_forgets_what_was_undone() -> None:
    one = act("insert", 1.0)
    assert acts_of([one, back("undo", one)], "R2") == Acts(held=[], undone=[[one]])
    two = act("insert", 2.0)
    forgotten = [one, back("undo", one), two, back("redo", one)]
    assert acts_of(forgotten, "R2") == Acts(held=[[two]], undone=[])
    so_far = ActsSoFar("R2")
    for k, line in enumerate(forgotten):
        so_far.take([line])
        assert so_far.acts() == acts_of(forgotten[: k + 1], "R2")


def test_overlapping_stretches_count_as_far_as_they_are_new_and_are_told() -> None:
    made = [act("mark", 10.0, 20.0), act("accept", 15.0, 25.0)]
    found = fold(made, "R2")
    now = found.of("client", "heart")
    assert (list(now.marked), list(now.accepted)) == ([(10.0, 20.0)], [(20.0, 25.0)])
    assert len(found.faults) == 1 and "overlaps" in found.faults[0] and "\n" not in found.faults[0]


def test_an_edge_moves_and_keeps_its_reason() -> None:
    made = [act("mark", 10.0, 20.0, why="movement"), act("edge", 10.0, 20.0, 9.0, 21.5, why="")]
    assert fold(made, "R2").of("client", "heart").marked == {(9.0, 21.5): "movement"}


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"op": "insert", "id": "1", "role": "client", "signal": "heart"}, "time = None"),
        ({"op": "insert", "id": "1", "role": "dyad", "signal": "heart", "time": 1}, "role = 'dyad'"),
        ({"op": "insert", "id": "1", "role": "client", "signal": "skin", "time": 1}, "for beats"),
        ({"op": "mark", "id": "1", "role": "client", "signal": "skin", "start": 2, "stop": 2}, "before"),
        ({"op": "insert", "id": "1", "role": "client", "signal": "heart", "time": math.inf}, "seconds"),
        ({"op": "insert", "id": "1", "role": "client", "signal": "heart", "time": True}, "seconds"),
        ({"op": "undo", "id": "1"}, "ref"),
        ({"op": "wipe", "id": "1"}, "insert, delete"),
        ([], "insert, delete"),
    ],
)
def test_a_line_that_is_no_correction_is_named(tmp_path: Path, row: object, said: str) -> None:
    good = act("insert", 1.0)
    text = line_of(good) + "\n" + json.dumps(row) + "\n"
    (tmp_path / CORRECTIONS_NAME).write_text(text, "utf-8")
    with pytest.raises(RecordingError, match="line 2") as error:
        read_corrections(tmp_path)
    assert said in str(error.value) and "\n" not in str(error.value)


def test_a_write_that_was_killed_loses_only_itself_and_the_next_one_goes_on(tmp_path: Path) -> None:
    one, two = act("insert", 1.0), act("delete", 2.0)
    append_corrections(tmp_path, [one])
    whole = (tmp_path / CORRECTIONS_NAME).read_bytes()
    line = (line_of(two) + "\n").encode()
    for cut in range(1, len(line) - 1):
        (tmp_path / CORRECTIONS_NAME).write_bytes(whole + line[:cut])
        assert repr(read_corrections(tmp_path)) == repr([one])
    append_corrections(tmp_path, [two])
    assert repr(read_corrections(tmp_path)) == repr([one, two])


def test_no_name_gets_into_a_recording(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="code"):
        append_corrections(tmp_path, [act("insert", 1.0), act("insert", 2.0, who="Anna")])
    assert not (tmp_path / CORRECTIONS_NAME).exists()


def test_two_people_correct_apart() -> None:
    made = [act("insert", 1.0), act("insert", 2.0, who="R3")]
    assert editors(made) == ["R2", "R3"]
    assert list(fold(made, "R3").of("client", "heart").inserted) == [2.0]


def test_the_file_may_stand_beside_a_recording() -> None:
    assert is_beside(CORRECTIONS_NAME)


def test_an_act_of_many_lines_counts_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    first = act("reject", 3.0)
    many = [replace(act("insert", 10.0 + k), id="many", lines=5) for k in range(5)]
    append_corrections(tmp_path, [first])
    before = (tmp_path / CORRECTIONS_NAME).stat().st_size
    append_corrections(tmp_path, many)
    whole = (tmp_path / CORRECTIONS_NAME).read_bytes()
    assert len(fold(read_corrections(tmp_path), "R2").of("client", "heart").inserted) == 5
    for stop in (*range(before, len(whole) - 1, 29), len(whole) - 2):
        (tmp_path / CORRECTIONS_NAME).write_bytes(whole[:stop])
        folded = fold(read_corrections(tmp_path), "R2")
        by_hand = folded.of("client", "heart")
        assert list(by_hand.rejected) == [3.0] and not by_hand.inserted
        assert all("none of them counts" in fault for fault in folded.faults)
    append_corrections(tmp_path, many)  # done again, it counts; what was torn does not
    assert len(fold(read_corrections(tmp_path), "R2").of("client", "heart").inserted) == 5
