"""Rows that begin with a word, and columns of dates of which some have none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from acquisition.errors import RecordingError, StreamError
from acquisition.importing.found import FoundFile, Hints
from acquisition.importing.recognition import recognised
from acquisition.importing.stamps import texts
from acquisition.stream import Modality

ROWS = "".join(f"{k / 4};{4 + k / 100}\n" for k in range(1, 60))


def read(folder: Path, text: str, hints: Hints | None = None) -> FoundFile:
    (folder / "a.csv").write_text(text)
    return recognised(folder / "a.csv", hints)


def test_a_first_row_whose_time_is_a_word_is_a_row_without_a_time(tmp_path: Path) -> None:
    file = read(tmp_path, f"time;eda_uS\nstart;4.0\n{ROWS}")
    assert "eda_uS: 1 of 60 rows without a time left out" in file.notes
    assert file.streams[0].samples[0, 0] == 4.01


def test_a_row_of_units_is_none(tmp_path: Path) -> None:
    file = read(tmp_path, f"time;eda\ns;uS\n{ROWS}")
    assert len(file.streams[0].times) == 59
    assert file.streams[0].unit == "uS"


def test_names_of_numbers_stay_names(tmp_path: Path) -> None:
    hints = Hints(sensors={"1": Modality.EDA}, units={Modality.EDA: "uS"})
    file = read(tmp_path, f"time;1\n{ROWS}", hints)
    assert [f.name for f in file.streams] == ["1"]


def test_a_first_row_that_may_be_names_is_refused_with_both_readings(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"line 1 \(start;4.5\) can be read in two ways.*--header no"):
        read(tmp_path, f"start;4.5\n{ROWS}")
    hints = Hints(header="no", sensors={"2": Modality.EDA})
    with pytest.raises(StreamError, match="neither a column of time nor a rate"):
        read(tmp_path, f"start;4.5\n{ROWS}", hints)  # nothing says which column is the time, nor is any lost


def test_hours_after_a_date_are_of_its_day(tmp_path: Path) -> None:
    at = texts(
        ["2024-05-20 23:59:58", "23:59:59", "00:00:00", "2024-05-21 00:00:01", "", "00:00:02"], "t", "a.csv"
    )
    assert np.array_equal(at.times - at.times[0], [0, 1, 2, 3, np.nan, 4], equal_nan=True)
    assert at.absolute
    assert not at.zoned


@pytest.mark.parametrize(
    ("stamps", "words"),
    [
        (["11:00:00", "2024-05-20 11:00:01"], "row 2: .*has a date, '11:00:00' before it none"),
        (["2024-05-20T11:00:00Z", "11:00:01"], "row 2: .*says no zone, the first one"),
    ],
)
def test_hours_of_which_the_day_is_not_known_are_refused(stamps: list[str], words: str) -> None:
    with pytest.raises(StreamError, match=words):
        texts(stamps, "t", "a.csv")
