"""Beats that a laboratory has corrected elsewhere come in as they are, and go out to be read again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.errors import RecordingError
from acquisition.events.corrected import fold
from processing.correcting.beat_lists import Beat, read_beats, write_beats
from processing.correcting.matching import Purpose, leading_to, matched

TIMES = [0.5, 1.302, 2.1005, 61.25]
PURPOSE = Purpose(role="client", who="R2", when="t", why="from the laboratory")


@pytest.mark.parametrize(
    "text",
    [
        "time\n0.5\n1.302\n2.1005\n61.25\n",
        "0.5\n1.302\n2.1005\n61.25\n",
        "Time (s);RR interval (s)\n0,5;0,8\n1,302;0,802\n2,1005;0,7985\n61,25;0,8\n",
        "time [ms],class\n500,N\n1302,N\n2100.5,N\n61250,V\n",
        "beat_time,interval_ms,type\n0.5,,N\n1.302,802,N\n2.1005,798.5,V\n61.25,800,N\n",
        "time,interval_ms,class,by_hand\n0.5,,0,\n1.302,802,0,moved\n2.1005,798.5,1,\n61.25,,0,inserted\n",
    ],
)
def test_tables_of_times_are_read(tmp_path: Path, text: str) -> None:
    (tmp_path / "beats.csv").write_text(text, "utf-8")
    np.testing.assert_allclose(read_beats(tmp_path / "beats.csv").times, TIMES, rtol=0, atol=1e-12)


def test_annotations_of_wfdb_are_read_beats_alone(tmp_path: Path) -> None:
    lines = [
        "    0:00.050       18     +    0    0    0\t(N",
        "    0:00.500      180     N    0    0    0",
        "    0:01.302      469     V    1    0    0",
        "    0:01.700      612     ~    0    0    0",
        "    0:02.100      756     N    0    0    0",
        "    1:01.250    22050     N    0    0    0",
    ]
    (tmp_path / "106.txt").write_text("\n".join(lines) + "\n", "utf-8")
    found = read_beats(tmp_path / "106.txt", 360.0)
    assert (found.times.tolist(), found.skipped) == ([180 / 360, 469 / 360, 756 / 360, 22050 / 360], 2)
    assert read_beats(tmp_path / "106.txt").times.tolist() == [0.5, 1.302, 2.1, 61.25]
    headed = ["      Elapsed time   Sample #  Type  Sub Chan  Num\tAux", *lines[:3], "", *lines[3:], ""]
    (tmp_path / "107.txt").write_text("\n".join(headed) + "\n", "utf-8")
    assert read_beats(tmp_path / "107.txt", 360.0).times.tolist() == found.times.tolist()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("time\n0.5\n0.4\n", "line 3: 0.4 s does not come after 0.5 s"),
        ("", "empty"),
        ("a,b\n1,2\n3,4\n", "no column of times of beats"),
        ("1;2\n3;4\n", "named time"),
        ("rr\n800\n810\n790\n", "intervals"),
        ("beat,r_peak\n1,2\n3,4\n", "two columns"),
    ],
)
def test_what_is_no_list_of_beats_is_refused_in_a_line(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "beats.csv").write_text(text, "utf-8")
    with pytest.raises(RecordingError) as error:
        read_beats(tmp_path / "beats.csv")
    assert said in str(error.value) and "\n" not in str(error.value)


@pytest.mark.parametrize("name", ["beats.csv", "beats.txt"])
def test_what_is_written_is_read_again(tmp_path: Path, name: str) -> None:
    beats = [Beat(time=t, interval=np.nan, kind=float(k % 2), by_hand="") for k, t in enumerate(TIMES)]
    write_beats(tmp_path / name, beats, 1000.0)
    within = 0.0 if name.endswith("csv") else 5e-4
    np.testing.assert_allclose(read_beats(tmp_path / name, 1000.0).times, TIMES, rtol=0, atol=within)


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"\.csv"):
        write_beats(tmp_path / "beats.xlsx", [], 0.0)


def beat_lists() -> st.SearchStrategy[list[float]]:
    """Return beats at least 60 ms apart, on a grid of a ms."""
    steps = st.lists(st.integers(60, 1500), min_size=1, max_size=40)
    return steps.map(lambda s: (np.cumsum(s) / 1000.0).tolist())


@given(beat_lists(), beat_lists(), st.sampled_from([0.0, 0.01, 0.05]))
@settings(max_examples=80, deadline=None)
def test_corrections_lead_from_any_beats_to_any_list(
    now: list[float], wanted: list[float], move_over: float
) -> None:
    made = leading_to(np.array(now), np.array(wanted), PURPOSE, move_over)
    by_hand = fold(made, "R2").of("client", "heart")
    left = [t for t in now if t not in by_hand.deleted and t not in by_hand.moved]
    result = np.array(sorted([*left, *by_hand.moved.values(), *by_hand.inserted]))
    inside = result[(result >= wanted[0] - 0.05) & (result <= wanted[-1] + 0.05)]
    assert len(inside) == len(wanted)
    np.testing.assert_allclose(inside, wanted, rtol=0, atol=move_over + 1e-9)
    assert set(by_hand.inserted) | set(by_hand.moved.values()) <= set(wanted)
    again = leading_to(result, np.array(wanted), PURPOSE, move_over)
    assert again == []


def test_each_beat_is_matched_with_its_nearest() -> None:
    pairs = matched(np.array([1.0, 1.09, 2.0]), np.array([1.05, 1.08, 2.06]))
    assert (pairs.one.tolist(), pairs.other.tolist()) == ([0, 1], [0, 1])
