"""Tables of other coding programs are read as they write them."""

from __future__ import annotations

import math

import pytest

from acquisition.errors import AnnotationError
from processing.codings.annotations.annotation import Annotation
from processing.codings.annotations.table import read_table

BORIS = """Observation id,Subject,Behavior,Behavioral category,Behavior type,Time,Comment
o,client,laughter,,POINT,12.480,loud
o,therapist,mismatch,,START,30.000,
o,client,mismatch,,START,31.000,
o,therapist,mismatch,,STOP,42.000,
o,client,mismatch,,STOP,43.500,
"""
AGGREGATED = (
    "Subject,Behavior,Behavior type,Start (s),Stop (s),Duration (s)\nclient,mismatch,STATE,30.0,42.0,12.0\n"
)
ELAN = "default\t\t00:00:12.480\t12.48\t00:00:13.480\t13.48\t00:00:01.000\t1.0\tmismatch\n"
ELAN_NAMED = (
    "Tier\tParticipant\tBegin Time - hh:mm:ss.ms\tBegin Time - ss.msec\tEnd Time - ss.msec\tAnnotation\n"
    "default\tclient\t00:00:12.480\t12.48\t13.48\tmismatch\n"
)
OBSERVER = (
    "Time_Relative_hms;Time_Relative_sf;Duration_sf;Subject;Behavior;Event_Type\n"
    "00:00:05;5.25;0;client;nod;Point\n00:00:06;6;4;therapist;int_support;State start\n"
    "00:00:10;10;0;therapist;int_support;State stop\n"
)
AUDACITY = "12,480000\t12,480000\tmismatch\n20,0\t25,5\tover_observed\n"
JOURNAL = "Event ID\tTime\tType\tChannel\tLabel\n1\t12.48 sec\tUser Type 1\tGlobal\tmismatch\n"

OLD_BORIS = (
    "Observation id\to\n\nMedia file(s)\n\n"
    "Time\tMedia file path\tSubject\tBehavior\tComment\tStatus\n"
    "12.48\ts.mp4\tclient\tlaughter\t\tPOINT\n30.0\ts.mp4\tclient\tmismatch\t\tSTART\n"
    "33.0\ts.mp4\tclient\tmismatch\t\tSTOP\n"
)
BANDS = "12.48\t13.5\tmismatch\n\\\t0.0\t500.0\n20.0\t20.0\tlaughter\n\\\t10.0\t90.0\n"


def brief(found: list[Annotation]) -> list[tuple[float, float | None, str, str]]:
    """Return start, stop (None for a point), text and actor."""
    return [
        (a.start, None if math.isnan(a.stop) else a.stop, a.text, a.fields.get("actor", "")) for a in found
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            BORIS,
            [
                (12.48, None, "laughter", "client"),
                (30.0, 42.0, "mismatch", "therapist"),
                (31.0, 43.5, "mismatch", "client"),
            ],
        ),
        (AGGREGATED, [(30.0, 42.0, "mismatch", "client")]),
        (ELAN, [(12.48, 13.48, "mismatch", "")]),
        (ELAN_NAMED, [(12.48, 13.48, "mismatch", "client")]),
        (OBSERVER, [(5.25, None, "nod", "client"), (6.0, 10.0, "int_support", "therapist")]),
        (AUDACITY, [(12.48, None, "mismatch", ""), (20.0, 25.5, "over_observed", "")]),
        (JOURNAL, [(12.48, None, "mismatch", "")]),
        (JOURNAL.replace("12.48 sec", "0,208 min"), [(12.48, None, "mismatch", "")]),
        (JOURNAL.replace("12.48 sec", "12480 msec"), [(12.48, None, "mismatch", "")]),
        (OLD_BORIS, [(12.48, None, "laughter", "client"), (30.0, 33.0, "mismatch", "client")]),
        (BANDS, [(12.48, 13.5, "mismatch", ""), (20.0, None, "laughter", "")]),
        ("default\tclient\t12480\t13480\t1000\tmismatch\n", [(12.48, 13.48, "mismatch", "client")]),
        ("default\t\t12.48\t13.48\t1.0\tmismatch\n", [(12.48, 13.48, "mismatch", "")]),
        ("sep=;\nonset;code\n12.5;mismatch\n", [(12.5, None, "mismatch", "")]),
        ("Zeit;Kode\n12,5;mismatch\n", [(12.5, None, "mismatch", "")]),
    ],
    ids=[
        "boris",
        "boris aggregated",
        "elan",
        "elan with names",
        "observer",
        "audacity",
        "acqknowledge",
        "acqknowledge, minutes",
        "acqknowledge, milliseconds",
        "boris of older versions",
        "audacity with frequencies",
        "elan in milliseconds",
        "elan in seconds",
        "sep",
        "german",
    ],
)
def test_a_table_of_each_program_is_read(
    text: str, expected: list[tuple[float, float | None, str, str]]
) -> None:
    found = brief(read_table(text.encode()))
    assert [row[2:] for row in found] == [row[2:] for row in expected]
    for got, said in zip(found, expected, strict=True):
        assert got[0] == pytest.approx(said[0], abs=1e-9)
        assert (got[1] is None) == (said[1] is None) and (got[1] or 0.0) == pytest.approx(said[1] or 0.0)


def test_three_numbers_that_are_no_begin_end_and_length_are_no_table_of_elan() -> None:
    with pytest.raises(AnnotationError, match="line 1: no column of times"):
        read_table(b"default\t\t12480\t13480\t900\tmismatch\n")


def test_a_comment_is_kept_as_a_note() -> None:
    assert read_table(BORIS.encode())[0].fields["note"] == "loud"


def test_a_stop_without_a_start_names_its_line() -> None:
    lines = BORIS.splitlines()
    with pytest.raises(AnnotationError, match=r"line 2: 'mismatch' ends without a beginning"):
        read_table("\n".join([lines[0], lines[4]]).encode())


def test_a_time_that_is_none_names_its_line() -> None:
    with pytest.raises(AnnotationError, match="line 2: start"):
        read_table(AGGREGATED.replace("30.0", "soon").encode())
