"""EmotiBit's lines."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.errors import PacketError
from acquisition.gatt.emotibit import Line, flagged, read_datagram, sample_times


def test_a_line_is_read_and_its_values_are_dated_between_stamps() -> None:
    line = Line.from_text("60100,512,3,EA,1,100,2.104,2.1045,2.1051\n")
    assert (line.ms, line.number, line.tag, line.values()) == (60100, 512, "EA", [2.104, 2.1045, 2.1051])
    assert [round(t, 2) for t in sample_times(60100, 3, 59900, 15.0)] == [59966.67, 60033.33, 60100.0]
    assert [round(t, 2) for t in sample_times(60100, 2, None, 15.0)] == [60033.33, 60100.0]


def test_a_line_survives_the_round_trip() -> None:
    line = Line(2**32 - 1, 65535, "HH", ("DP", "-1", "DI", "MD-V5-0000108"))
    assert Line.from_text(str(line)) == line
    assert line.named == {"DP": "-1", "DI": "MD-V5-0000108"}


def test_clipped_values_are_counted_in_both_versions() -> None:
    assert flagged(Line(0, 0, "DC", ("EA", "EA", "PI"))) == {"EA": 2, "PI": 1}
    assert flagged(Line(0, 0, "DC", ("EA", "3", "PI", "1"), version=2)) == {"EA": 3, "PI": 1}


@pytest.mark.parametrize(
    "text",
    ["", "a,b", "1,2,1,EA,1,100", "1,2,1,EA,1,100,2.1\x19", "-1,2,1,EA,1,100,2", "1,70000,1,EA,1,100,2"],
)
def test_what_is_no_line_is_named(text: str) -> None:
    with pytest.raises(PacketError, match="emotibit"):
        Line.from_text(text)


@settings(max_examples=30, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_are_read_without_an_error(data: bytes) -> None:
    lines, damaged = read_datagram(data)
    assert all(Line.from_text(str(line)) == line for line in lines)
    assert damaged >= 0
