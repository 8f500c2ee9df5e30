"""The tables of labels that benchmarks read: what is taken, and what is refused with its line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from benchmarks.labels import read_labels, read_recording


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def test_moments_and_stretches_are_read_in_order_of_time(tmp_path: Path) -> None:
    moments = read_labels(written(tmp_path / "m.csv", "time,label\n2.5,V\n1.0, N \n"))
    assert moments.times.tolist() == [1.0, 2.5]
    assert moments.names == ["N", "V"]
    text = "start\tend\tlabel\n5\t6\tmovement\n1\t2.5\toff\n"
    stretches = read_labels(written(tmp_path / "s.tsv", text))
    assert (stretches.starts.tolist(), stretches.ends.tolist()) == ([1.0, 5.0], [2.5, 6.0])
    assert stretches.stretches == ["off", "movement"]


def test_a_byte_order_mark_hides_no_column(tmp_path: Path) -> None:
    assert read_labels(written(tmp_path / "b.csv", "\ufefftime,label\n1,scr\n")).names == ["scr"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("when,what\n1,N\n", "needed: time,label or start,end,label"),
        ("time,label\n1,N\nsoon,V\n", "line 3"),
        ("start,end,label\n1,,x\n", "line 2"),
    ],
)
def test_what_is_no_table_of_labels_is_refused(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        read_labels(written(tmp_path / "x.csv", text))


def test_a_recording_may_hold_its_labels_itself_or_take_them_from_a_table(tmp_path: Path) -> None:
    path = tmp_path / "r.npz"
    ecg = np.zeros(3600)
    np.savez(path, ecg=ecg, sfreq=360.0, beats=np.array([360, 720]), symbols=np.array(["N", "V"]))
    own = read_recording(path)
    assert (own.labels.times.tolist(), own.labels.names) == ([1.0, 2.0], ["N", "V"])
    other = read_recording(path, written(tmp_path / "t.csv", "time,label\n3,A\n"))
    assert (other.labels.times.tolist(), other.labels.names) == ([3.0], ["A"])
    np.savez(path, pressure=ecg, sfreq=360.0)
    with pytest.raises(ValueError, match="no signal named ecg, eda or rr"):
        read_recording(path)
