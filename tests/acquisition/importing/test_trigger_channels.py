"""Numbers of an XDF that are markers: a channel sampled on and on, and numbers sent one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from acquisition.importing.files import import_streams
from acquisition.importing.recognition import recognised
from acquisition.stream import FloatArray, Modality, Role, StreamInfo
from acquisition.xdf.header import header_xml
from acquisition.xdf.writer import Writer


def xdf(path: Path, said: float, times: FloatArray, codes: FloatArray) -> Path:
    """Write numbers in a stream of markers that says a rate."""
    file = Writer(path, created="")
    info = StreamInfo(
        name="T",
        role=Role.DYAD,
        modality=Modality.MARKERS,
        sfreq=said,
        unit="",
        channels=("T",),
        format="float32",
    )
    stream = file.header(9, header_xml(info))
    file.samples(stream, times, codes.astype(np.float32)[:, np.newaxis])
    file.seal(0, 10.0, 0.0)
    file.flush()
    file.close()
    return path


@pytest.mark.parametrize("rest", [0, 255])
@pytest.mark.parametrize("first", [False, True])
def test_of_a_sampled_trigger_channel_what_leaves_rest_is_an_event_and_rest_is_none(
    tmp_path: Path, rest: int, first: bool
) -> None:
    times = 100 + np.arange(1000) / 100
    codes = np.full(1000, float(rest))
    codes[200:220], codes[500:510], codes[510:530], codes[800:801] = 1, 2, 1, 2
    codes[: 5 * first] = 7
    path = xdf(tmp_path / "a.xdf", 100.0, times, codes)
    expected = [("7", 100.0)] * first + [("1", 102.0), ("2", 105.0), ("1", 105.1), ("2", 108.0)]
    [found] = recognised(path).streams
    assert [(t, round(s, 6)) for t, s in zip(found.samples[:, 0], found.times, strict=True)] == expected
    done = import_streams([path], ["dyad:markers:=T"], out=tmp_path / "r")
    told = f"1000 samples of a trigger channel: {len(expected)} edges from rest"
    assert any(told in n for n in done.notes)


@pytest.mark.parametrize("said", [0.0, 100.0])
def test_numbers_that_are_sent_one_by_one_stay_as_they_came(tmp_path: Path, said: float) -> None:
    times = 100 + np.array([0.0, 1.3, 1.4, 7.0, 7.1, 30.0])
    path = xdf(tmp_path / "a.xdf", said, times, np.array([1.0, 0.0, 1.0, 1.0, 0.0, 3.0]))
    [found] = recognised(path).streams
    assert found.samples[:, 0].tolist() == ["1", "0", "1", "1", "0", "3"]
