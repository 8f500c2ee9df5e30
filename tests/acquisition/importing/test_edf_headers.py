"""What headers of EDF say that is not so: limits that are one, and counts that nobody brought up to date."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from acquisition.errors import RecordingError
from acquisition.importing.assigning import import_as
from acquisition.importing.files import import_streams
from acquisition.importing.layouts.edf import read_signals
from acquisition.importing.recognition import recognised
from acquisition.stream import Modality, Role

SECONDS = 30
N_RECORDS = slice(236, 244)


def edf(path: Path, limits: dict[str, tuple[object, ...]], records: int | str = SECONDS) -> Path:
    """Write signals at 100 Hz, each with its physical and digital limits as the header says them."""
    fields = [
        (name, "", "uS" if name == "EDA" else "mV", *said, "", 100, "") for name, said in limits.items()
    ]
    head = "0".ljust(168) + "20.05.2411.53.07" + str(256 * (len(fields) + 1)).ljust(8) + " " * 44
    head += f"{records:<8}{1:<8}{len(fields):<4}"
    for texts, width in zip(zip(*fields, strict=True), (16, 80, 8, 8, 8, 8, 8, 80, 8, 32), strict=True):
        head += "".join(str(t).ljust(width) for t in texts)
    counts = np.tile(np.arange(100) % 50, len(fields)).astype("<i2")
    path.write_bytes(head.encode() + counts.tobytes() * SECONDS)
    return path


GOOD = (-1, 1, -32768, 32767)


@pytest.mark.parametrize(
    ("limits", "why"),
    [
        ((0, 0, -32768, 32767), "its physical limits in the header are both 0"),
        ((5, "5.0", -32768, 32767), "its physical limits in the header are both 5"),
        ((-1, 1, 0, 0), "its digital limits in the header are both 0"),
        (("", "", -32768, 32767), "a physical limit in its header is no number"),
        ((-1, "nan", -32768, 32767), "a physical limit in its header is no number"),
        ((-1, 1, "inf", 0), "a digital limit in its header is no number"),
    ],
)
def test_limits_that_say_nothing_cost_their_signal_and_no_other(
    tmp_path: Path, limits: tuple[object, ...], why: str
) -> None:
    path = edf(tmp_path / "a.edf", {"ECG": GOOD, "EDA": limits})
    done = import_as([(Role.CLIENT, path)], out=tmp_path / "r")
    assert [s.modality for s in done.streams] == [Modality.ECG]
    assert any(f"signal 'EDA': {why}, so its values are not known: leave it out" in n for n in done.notes)
    with pytest.raises(RecordingError, match=f"signal 'EDA': {why}"):
        import_streams([path], ["client:eda:uS=EDA"], out=tmp_path / "x")
    import_streams([path], ["client:ecg:mV=ECG"], out=tmp_path / "y")


def test_a_file_of_which_no_signal_has_limits_is_refused_for_them(tmp_path: Path) -> None:
    path = edf(tmp_path / "a.edf", {"EDA": (0, 0, -1, 1)})
    with pytest.raises(RecordingError, match=r"no signal that can be imported: .*physical limits .* both 0"):
        recognised(path)


def test_limits_turned_over_are_a_signal_turned_over(tmp_path: Path) -> None:
    path = edf(tmp_path / "a.edf", {"ECG": (32767, -32768, -32768, 32767)})
    np.testing.assert_allclose(recognised(path).streams[0].samples[:3, 0], [-1.0, -2.0, -3.0])


@pytest.mark.parametrize(
    ("said", "note"),
    [
        (10, "its header says 10 of 30 records; all read"),
        (0, "its header says 0 of 30 records; all read"),
        (-1, "its header does not say how many records it has; all 30 read"),
        ("", "its header does not say how many records it has; all 30 read"),
    ],
)
def test_records_that_the_header_does_not_count_are_read_and_said(
    tmp_path: Path, said: int | str, note: str
) -> None:
    path = edf(tmp_path / "a.edf", {"ECG": GOOD}, said)
    found = recognised(path)
    assert (len(found.streams[0].samples), found.notes, found.damage) == (100 * SECONDS, (note,), ())
    done = import_streams([path], ["client:ecg:mV=ECG"], out=tmp_path / "r")
    assert any(note in n for n in done.notes)


def test_a_count_that_is_right_needs_no_note_and_one_too_high_is_damage(tmp_path: Path) -> None:
    assert read_signals(edf(tmp_path / "a.edf", {"ECG": GOOD})).notes == ()
    file = read_signals(edf(tmp_path / "b.edf", {"ECG": GOOD}, 40))
    assert (file.damage, file.notes) == (("30 of 40 records are there; the last 10 s are missing",), ())


def discontinuous(path: Path, onsets: list[float], silent: int = -1) -> Path:
    """Write records of 1 s of a signal that tells when it was, at 100 and 4 Hz; one may not say its onset."""
    fields = [(name, "", unit, -50, 50, -32768, 32767, "", n, "") for name, unit, n in CHANNELS]
    fields.append(("EDF Annotations", "", "", -1, 1, -32768, 32767, "", 20, ""))
    head = "0".ljust(168) + "20.05.2411.53.07" + str(256 * 4).ljust(8) + "EDF+D".ljust(44)
    head += f"{len(onsets):<8}{1:<8}{3:<4}"
    for texts, width in zip(zip(*fields, strict=True), (16, 80, 8, 8, 8, 8, 8, 80, 8, 32), strict=True):
        head += "".join(str(t).ljust(width) for t in texts)
    body = b""
    for k, onset in enumerate(onsets):
        for _, _, n in CHANNELS:
            values = onset + np.arange(n) / n
            body += np.rint((values + 50.0) / 100.0 * 65535 - 32768).astype("<i2").tobytes()
        body += (b"" if k == silent else f"+{onset:g}\x14\x14\0".encode()).ljust(40, b"\0")
    path.write_bytes(head.encode() + body)
    return path


CHANNELS = (("ECG", "mV", 100), ("EDA", "uS", 4))


@pytest.mark.parametrize(
    "onsets",
    [
        [0.0, 1.0, 3.0, 2.0, 4.0],
        [4.0, 3.0, 2.0, 1.0, 0.0],
        [0.0, 1.0, 9.25, 12.5, 7.0],
        [0.0, 2.0, 1.0, 3.004, 5.5],
    ],
)
def test_records_out_of_order_are_read_in_the_order_of_their_times(
    tmp_path: Path, onsets: list[float]
) -> None:
    """Skin conductance was 2 s off from there on: a clock set back was seen in it."""
    found = recognised(discontinuous(tmp_path / "a.edf", onsets))
    for stream in found.streams:
        np.testing.assert_allclose(stream.samples[:, 0], stream.times, atol=0.001)
        assert (np.diff(stream.times) > 0.0).all()
    (note,) = found.notes
    assert "begin before the one before them: read in the order of their times" in note


def test_records_that_overlap_stand_as_they_came(tmp_path: Path) -> None:
    """A clock was set back: what was taken meanwhile is no other second's."""
    found = recognised(discontinuous(tmp_path / "a.edf", [0.0, 1.0, 2.0, 1.5, 2.5]))
    assert found.notes == ()
    assert found.streams[1].times.tolist()[8:16] == [2.0, 2.25, 2.5, 2.75, 1.5, 1.75, 2.0, 2.25]


def test_a_record_that_does_not_say_its_time_is_named(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"\(EDF\+D\), and 1 of 4 records do not say when they begin"):
        recognised(discontinuous(tmp_path / "a.edf", [0.0, 1.0, 5.0, 6.0], silent=2))
