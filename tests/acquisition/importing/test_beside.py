"""What stands beside a signal and cannot be read refuses no file: it is blank, and told once."""

from __future__ import annotations

import gzip
import json
from datetime import datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from acquisition.errors import AttunementError
from acquisition.importing.files import import_files
from acquisition.importing.found import FoundFile
from acquisition.importing.recognition import recognised
from acquisition.recording.recording import Recording
from acquisition.stream import Chunk, Modality

START = datetime(2024, 5, 20, 11, 53, 7)
RR = [800 + 10 * (i % 5) for i in range(40)]
HEAD = "Phone timestamp;PP-interval [ms];error estimate [ms];blocker;contact;contact;hr [bpm]"


def logger(folder: Path, error: dict[int, str], blocker: dict[int, str]) -> FoundFile:
    """Read pulse intervals of Polar Sensor Logger with these texts in rows from 0."""
    at = (START + timedelta(milliseconds=float(t)) for t in np.cumsum(RR))
    rows = [
        f"{t.isoformat(timespec='milliseconds')};{v};{error.get(k, '10')};{blocker.get(k, '0')};1;1;70"
        for k, (t, v) in enumerate(zip(at, RR, strict=True))
    ]
    path = folder / "Polar_Sense_PPI.txt"
    path.write_text("\n".join([HEAD, *rows]) + "\n")
    return recognised(path)


@pytest.mark.parametrize("yes", ["true", "TRUE", "True", '"true"', "1"])
@pytest.mark.parametrize("no", ["false", "False", "0", "", "n/a", "maybe"])
def test_a_yes_in_words_spoils_an_interval_and_nothing_else_does(tmp_path: Path, yes: str, no: str) -> None:
    read = logger(tmp_path, {}, {k: yes if k in (2, 7) else no for k in range(len(RR))})
    [found] = read.streams
    assert found.labels == ("PPI", "error")
    assert np.isnan(found.samples[:, 0]).nonzero()[0].tolist() == [2, 7]
    assert [v for k, v in enumerate(found.samples[:, 0].tolist()) if k not in (2, 7)] == [
        v for k, v in enumerate(RR) if k not in (2, 7)
    ]
    told = [n for n in read.notes if "is not a number" in n]
    assert told == (
        ["row 1 (line 2), column 'blocker': 'maybe' is not a number: left blank, as 37 others of it"]
        if no == "maybe"
        else []
    )


@pytest.mark.parametrize("text", ["true", "--", "12ms", "n/a", ""])
def test_an_error_that_is_no_number_is_none_and_told_once(tmp_path: Path, text: str) -> None:
    read = logger(tmp_path, {4: text, 9: text}, {})
    [found] = read.streams
    assert found.samples[:, 0].tolist() == RR
    assert np.isnan(found.samples[:, 1]).nonzero()[0].tolist() == [4, 9]
    told = [n for n in read.notes if "is not a number" in n]
    where = "row 5 (line 6), column 'error estimate [ms]'"
    said = f"{where}: {text!r} is not a number: left blank, as 1 other of it"
    assert told == ([] if text in ("n/a", "") else [said])


def test_an_interval_that_is_no_number_still_refuses_a_file(tmp_path: Path) -> None:
    path = tmp_path / "Polar_Sense_PPI.txt"
    rows = [f"2024-05-20T11:53:0{i}.000;{'x' if i == 3 else 800};10;0;1;1;70\n" for i in range(9)]
    path.write_text("".join([f"{HEAD}\n", *rows]))
    with pytest.raises(AttunementError, match=r"line 5\), column 'PP-interval \[ms\]': 'x' is not a number"):
        recognised(path)


@pytest.mark.parametrize("asked", [False, True], ids=["recognised", "asked for"])
def test_a_stamp_in_words_refuses_no_table(tmp_path: Path, asked: bool) -> None:
    path = tmp_path / "a.csv"
    rows = [f"{'lost' if i == 30 else f'{i / 4:.2f}'},{5 + i / 100:.2f}" for i in range(400)]
    path.write_text("time [s],eda [uS]\n" + "\n".join(rows) + "\n")
    if asked:
        import_files([path], ["client:eda:uS=eda [uS]"], time_column="time [s]", out=tmp_path / "rec")
        n = sum(len(b.times) for b in Recording(tmp_path / "rec") if isinstance(b, Chunk))
    else:
        read = recognised(path)
        n = len(read.streams[0].times)
        assert any("1 of 400 rows without a time left out" in note for note in read.notes)
    assert n == 399


def test_many_stamps_in_words_refuse_a_table(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [f"{'lost' if i % 9 == 3 else f'{i / 4:.2f}'},{5 + i / 100:.2f}" for i in range(400)]
    path.write_text("time [s],eda [uS]\n" + "\n".join(rows) + "\n")
    with pytest.raises(AttunementError, match=r"line 5\), column 'time \[s\]': 'lost' is not a number"):
        recognised(path)


def test_a_text_in_a_column_of_bids_that_is_left_out_refuses_no_file(tmp_path: Path) -> None:
    path = tmp_path / "sub-1_task-x_physio.tsv.gz"
    with gzip.open(path, "wt") as file:
        file.write("".join(f"{5 + i / 100}\t{'ok' if i % 2 else 'bad'}\n" for i in range(50)))
    about = {"SamplingFrequency": 4.0, "StartTime": 0.0, "Columns": ["skin_conductance", "verdict"]}
    path.with_name("sub-1_task-x_physio.json").write_text(json.dumps(about))
    read = recognised(path)
    assert read.streams[0].samples[:, 0].tolist() == [5 + i / 100 for i in range(50)]
    assert read.left_out == ("verdict: --sensor says what it is",)


def test_an_event_whose_duration_is_no_number_is_a_moment(tmp_path: Path) -> None:
    path = tmp_path / "sub-1_task-x_events.tsv"
    path.write_text("onset\tduration\ttrial_type\n1.5\tlong\tone\n3.0\t2\ttwo\n")
    read = recognised(path)
    assert read.streams[0].times.tolist() == [1.5, 3.0, 5.0]
    assert read.notes == ("line 2: duration 'long' is no number: taken as none",)


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ({"heartRate": {"rrData": ["x"]}}, "rr: left out: a value of it is no number"),
        ({"acc": {"Timestamp": 500, "ArrayAcc": [{"x": 1, "y": 2}]}}, "acc: left out: a sample without 'z'"),
    ],
)
def test_what_a_movesense_says_beside_its_ecg_refuses_no_file(
    tmp_path: Path, broken: dict[str, object], said: str
) -> None:
    ecg = [{"ecg": {"Timestamp": 1000 * k, "Samples": [k, k + 1]}} for k in range(20)]
    acc = {"acc": {"Timestamp": 100, "ArrayAcc": [{"x": 1, "y": 2, "z": 9}]}}
    path = tmp_path / "Movesense_ecg.json"
    path.write_text(json.dumps({"data": [*ecg, acc, broken]}))
    read = recognised(path)
    assert [s.modality for s in read.streams] == [Modality.ECG]
    assert any(note.startswith(said) for note in read.notes)


@pytest.mark.parametrize("clock", [True, False], ids=["stamped", "one after the other"])
def test_columns_behind_intervals_in_which_a_device_says_something_come_with_them(
    tmp_path: Path, clock: bool
) -> None:
    ends = np.cumsum(RR) / 1000
    rows = [
        (f"{t:.3f}," if clock else "") + f"{v},{'soft' if k == 3 else 7},{k != 5!s},x"
        for k, (t, v) in enumerate(zip(ends, RR, strict=True))
    ]
    path = tmp_path / "pulses.csv"
    head = ("time [s]," if clock else "") + "PPI [ms],Error [ms],contact,remark"
    path.write_text("\n".join([head, *rows]) + "\n")
    read = recognised(path)
    [found] = read.streams
    assert found.labels == ("PPI", "error", "contact")
    assert found.samples[:, 0].tolist() == RR
    assert np.allclose(found.times, ends)
    assert np.isnan(found.samples[:, 1]).nonzero()[0].tolist() == [3]
    assert found.samples[:, 2].tolist() == [float(k != 5) for k in range(len(RR))]
    assert read.left_out == ("remark: its name does not say what it holds",)
    assert sum("'soft' is not a number: left blank" in note for note in read.notes) == 1


def test_a_table_of_beh_without_onsets_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "sub-1_acq-rr_beh.tsv"
    path.write_text("rr\n800\n810\n")
    path.with_suffix(".json").write_text("{}")
    with pytest.raises(AttunementError, match="columns are not onset and values"):
        recognised(path)
