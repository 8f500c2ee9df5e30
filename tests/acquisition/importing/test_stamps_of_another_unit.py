"""Streams of an XDF that a program stamped in milli-, micro- or nanoseconds."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from acquisition.errors import StreamError
from acquisition.importing.files import import_streams
from acquisition.importing.found import FoundFile
from acquisition.importing.recognition import recognised
from acquisition.stream import Modality, Role, StreamInfo
from acquisition.xdf.header import header_xml
from acquisition.xdf.writer import Writer

EPOCH, BOOT = 1_716_200_000.0, 81_234.5
UNITS = {1e3: "milliseconds", 1e6: "microseconds", 1e9: "nanoseconds"}


def xdf(path: Path, streams: dict[str, tuple[float, np.ndarray]]) -> Path:
    """Write streams by name: the rate that each says, and its stamps."""
    file = Writer(path, created="")
    for number, (name, (said, times)) in enumerate(streams.items(), 9):
        modality = Modality.ECG if name == "ECG" else Modality.EDA
        info = StreamInfo(
            name=name,
            role=Role.CLIENT,
            modality=modality,
            sfreq=said,
            unit="",
            channels=(name,),
            format="float32",
        )
        stream = file.header(number, header_xml(info))
        file.samples(stream, times, np.arange(len(times), dtype=np.float32)[:, np.newaxis] % 7)
    file.seal(0, 110.0, 0.0)
    file.flush()
    file.close()
    return path


def told(file: FoundFile) -> list[str]:
    return [n for n in file.notes if "not seconds" in n]


@pytest.mark.parametrize("by", UNITS)
@pytest.mark.parametrize(("begin", "said"), [(EPOCH, 130.0), (EPOCH, 0.0), (EPOCH, 100.0), (BOOT, 130.0)])
def test_the_unit_of_stamps_is_told_by_the_calendar_or_by_the_rate(
    tmp_path: Path, by: float, begin: float, said: float
) -> None:
    times = begin + np.arange(3000) / 130
    path = xdf(tmp_path / "a.xdf", {"ECG": (said, np.rint(times * by))})
    file = recognised(path)
    assert told(file) == [f"ECG: stamps are {UNITS[by]}, not seconds: they are read as such"]
    np.testing.assert_allclose(file.streams[0].times, times, atol=6e-4)
    assert file.streams[0].sfreq == pytest.approx(130.0, rel=1e-3)
    done = import_streams([path], ["client:ecg:mV=ECG"], out=tmp_path / "r")
    assert any(UNITS[by] in n for n in done.notes)
    assert done.streams[0].sfreq == pytest.approx(130.0, rel=1e-3)


@pytest.mark.parametrize("begin", [0.0, BOOT, EPOCH])
@pytest.mark.parametrize(
    ("said", "rate"), [(130.0, 130.0), (0.0, 0.1), (130.0, 0.2), (4.0, 0.0067), (1.0, 1.1)]
)
def test_seconds_stay_seconds_whatever_the_rate_is(
    tmp_path: Path, begin: float, said: float, rate: float
) -> None:
    times = begin + np.arange(300) / rate
    file = recognised(xdf(tmp_path / "a.xdf", {"EDA": (said, times)}))
    assert told(file) == []
    np.testing.assert_array_equal(file.streams[0].times, times)


def test_a_stream_in_milliseconds_lies_beside_one_in_seconds(tmp_path: Path) -> None:
    times = BOOT + np.arange(400) / 4
    file = recognised(xdf(tmp_path / "a.xdf", {"EDA": (4.0, times), "EDA2": (4.0, times * 1000)}))
    assert [s.times[0] for s in file.streams] == [BOOT, BOOT]
    assert told(file) == ["EDA2: stamps are milliseconds, not seconds: they are read as such"]


@pytest.mark.parametrize("odd", [0, 1, 40])
@pytest.mark.parametrize("zone", ["Z", "+02:00"])
@pytest.mark.parametrize("most", [True, False])
def test_dates_of_which_some_say_a_zone_are_refused_at_the_first_that_differs(
    tmp_path: Path, odd: int, zone: str, most: bool
) -> None:
    path = tmp_path / "a.csv"
    rows = [f"2024-05-20T11:53:{i / 4:06.3f}{zone if (i == odd) is not most else ''}" for i in range(80)]
    path.write_text("time,eda_uS\n" + "".join(f"{t},4.5\n" for t in rows))
    at, has = odd or 1, (odd == 0) is most
    said = ("says its zone", "says none") if has else ("says no zone", "does")
    told = f"row {at + 1}: column 'time': {rows[at]!r} {said[0]}, the first one, {rows[0]!r}, {said[1]}"
    for read in (
        lambda: recognised(path),
        lambda: import_streams([path], ["client:eda:uS=eda_uS"], out=tmp_path / "r"),
    ):
        with pytest.raises(StreamError, match=re.escape(told)):
            read()
