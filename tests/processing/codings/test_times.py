"""Times of events as other programs and computers write them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from acquisition.errors import AnnotationError
from acquisition.events.vocabulary import load_vocabulary
from processing.codings.event_import import Reading, read_events

UNIX = 1_716_200_000
BEGIN = 5000.0
UTC, WALL = "2024-05-20T10:13:20Z", "2024-05-20T12:13:20"
MOMENTS = (60.25, 120.0)


def clock(t: float, zone: str, hours: int) -> str:
    """Return a moment as a date with a zone."""
    minutes, seconds = divmod(13 * 60 + 20 + t, 60)
    return f"2024-05-20T{hours:02d}:{int(minutes):02d}:{seconds:06.3f}{zone}"


FORMS: list[tuple[str, Callable[[float], str], str]] = [
    ("time", lambda t: f"{BEGIN + t}", ""),
    ("time", lambda t: f"{UNIX + t}", UTC),
    ("timestamp", lambda t: f"{1000 * (UNIX + t):.0f}", UTC),
    ("timestamp", lambda t: f"{round(1e6 * (UNIX + t))}", UTC),
    ("unix_time", lambda t: f"{UNIX * 10**9 + round(t * 1e9)}", UTC),
    ("time", lambda t: clock(t, "Z", 10), UTC),
    ("time", lambda t: clock(t, "+02:00", 12), UTC),
    ("time", lambda t: clock(t, "-05:00", 5), UTC),
    ("Time", lambda t: clock(t, "", 12), WALL),
    ("Onset [ms]", lambda t: f"{1000 * t:.0f}", ""),
    ("time_ms", lambda t: f"{1000 * t:.0f}", ""),
    ("Start (s)", lambda t: f"{t}", ""),
]


@pytest.mark.parametrize(("name", "write", "started"), FORMS)
def test_a_moment_is_found_however_it_is_written(
    tmp_path: Path, name: str, write: Callable[[float], str], started: str
) -> None:
    path = tmp_path / "e.csv"
    path.write_text(f"{name},code\n" + "".join(f"{write(t)},now_moment\n" for t in MOMENTS))
    found = read_events(path, load_vocabulary(), BEGIN, Reading(started=started)).events
    np.testing.assert_allclose([e.time - BEGIN for e in found], MOMENTS, atol=1e-3)


def test_the_hour_that_comes_twice_in_autumn_stays_in_order(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    rows = ["2024-10-27T02:59:30+02:00", "2024-10-27T02:00:30+01:00"]
    path.write_text("time,code\n" + "".join(f"{t},now_moment\n" for t in rows))
    how = Reading(started="2024-10-27T00:59:00Z")
    assert [e.time - BEGIN for e in read_events(path, load_vocabulary(), BEGIN, how).events] == [30.0, 90.0]


@pytest.mark.parametrize(
    ("text", "started", "reason"),
    [
        (clock(60, "Z", 10), "", "does not say when it began"),
        (clock(60, "", 12), UTC, "clock on the wall, the recording's start is UTC"),
        (f"{UNIX + 60}", WALL, "is UTC, the recording's start is the time of a clock on the wall"),
        ("yesterday", UTC, "is no time"),
    ],
)
def test_a_moment_that_cannot_be_told_is_named_with_a_way_out(
    tmp_path: Path, text: str, started: str, reason: str
) -> None:
    path = tmp_path / "e.csv"
    path.write_text(f"time,code\n{text},now_moment\n")
    with pytest.raises(AnnotationError, match=reason) as error:
        read_events(path, load_vocabulary(), BEGIN, Reading(started=started))
    assert "e.csv" in str(error.value)


@pytest.mark.parametrize("odd", [0, 2, 4])
@pytest.mark.parametrize("zone", ["Z", "+02:00"])
@pytest.mark.parametrize("started", [UTC, WALL])
def test_dates_of_which_some_say_no_zone_are_refused_at_the_first_that_differs(
    tmp_path: Path, odd: int, zone: str, started: str
) -> None:
    path = tmp_path / "e.csv"
    rows = [clock(10 * i, "" if i == odd else zone, 10) for i in range(5)]
    path.write_text("time,code\n" + "".join(f"{t},now_moment\n" for t in rows))
    at = odd or 1
    said = ("says its zone", "says none") if odd == 0 else ("says no zone", "does")
    with pytest.raises(AnnotationError) as error:
        read_events(path, load_vocabulary(), BEGIN, Reading(started=started))
    assert f"line {at + 2}: time: {rows[at]!r} {said[0]}, the first one, {rows[0]!r}, {said[1]}" in str(
        error.value
    )
