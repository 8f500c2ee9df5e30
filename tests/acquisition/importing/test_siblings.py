"""What files look like that came by another way than the vendor's own."""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
import pytest

from acquisition.errors import AttunementError, RecordingError, StreamError
from acquisition.importing.assigning import import_as
from acquisition.importing.files import import_streams
from acquisition.importing.found import Hints
from acquisition.importing.layouts.wav import sound_of
from acquisition.importing.recognition import recognised
from acquisition.importing.tables.dialect import dialect_of
from acquisition.importing.tables.naming import modality_of
from acquisition.recording.recording import Recording
from acquisition.stream import Chunk, Modality, Role
from tests.acquisition.importing.layout_files import riff

START = 1_716_200_000
SKIN = [4.0 + 0.01 * i for i in range(40)]


def samples(path: Path) -> list[float]:
    """Return the samples of the one signal of a recording."""
    return [x for c in Recording(path) if isinstance(c, Chunk) for x in c.samples[:, 0].tolist()]


@pytest.mark.parametrize(
    ("start", "rate", "form"),
    [
        (f"{START}.000000", "4.000000", "{:.6f}"),
        (f"{START}000.000", "4.000000", "{:.6f}"),
        (f"{START},000000", "4,000000", "{:.6f}"),
        (f"{START}000000", "4", "{:.6f}"),
    ],
)
def test_an_e4_that_another_program_saved_again_has_its_start_and_rate(
    tmp_path: Path, start: str, rate: str, form: str
) -> None:
    path = tmp_path / "EDA.csv"
    rows = [form.format(v) for v in SKIN]
    path.write_text("\n".join([start, rate, *(r.replace(".", ",") if "," in rate else r for r in rows)]))
    found = recognised(path)
    assert found.epoch == START
    assert found.streams[0].sfreq == 4.0
    np.testing.assert_allclose(found.streams[0].samples[:, 0], SKIN)
    done = import_streams([path], ["client:eda:uS:4=1"], out=tmp_path / "r")
    np.testing.assert_allclose(samples(tmp_path / "r"), SKIN)
    assert done.streams[0].sfreq == 4.0


def test_accelerations_of_an_e4_with_decimal_commas_have_three_axes(tmp_path: Path) -> None:
    path = tmp_path / "ACC.csv"
    head = [";".join([f"{START},0"] * 3), ";".join(["32,0"] * 3)]
    path.write_text("\n".join([*head, *["0;0;64"] * 40]))
    assert recognised(path).streams[0].samples[5].tolist() == [0.0, 0.0, 1.0]


def test_an_e4_without_samples_is_refused_as_such(tmp_path: Path) -> None:
    (tmp_path / "EDA.csv").write_text(f"{START}.0\n4.0\n")
    with pytest.raises(RecordingError, match="no samples"):
        recognised(tmp_path / "EDA.csv")


def test_a_shimmer_that_has_only_resistance_gives_its_conductance(tmp_path: Path) -> None:
    head = ["Shimmer_1A2B_Timestamp_Unix_CAL\tShimmer_1A2B_GSR_Skin_Resistance_CAL\t", "ms\tkOhms\t"]
    rows = [f"{1000 * START + 250 * i}\t250.0\t" for i in range(100)]
    (tmp_path / "a.csv").write_text("\n".join([*head, *rows]))
    done = import_as([(Role.CLIENT, tmp_path / "a.csv")], out=tmp_path / "r")
    assert [(s.modality, s.unit) for s in done.streams] == [(Modality.EDA, "kOhms")]


@pytest.mark.parametrize("name", ["EDA, X, PPGED-R", "EDA,PPGED-R", "GSR;left"])
def test_a_name_that_a_comma_parts_says_what_it_says(name: str) -> None:
    assert modality_of(name) is Modality.EDA


@pytest.mark.parametrize(("unit", "scale", "other"), [("ms", 1.0, "s"), ("s", 1000.0, "ms")])
@pytest.mark.parametrize("timed", [True, False])
def test_intervals_in_another_unit_than_is_said_are_refused(
    tmp_path: Path, unit: str, scale: float, other: str, timed: bool
) -> None:
    path = tmp_path / "a.csv"
    beats = np.full(60, 0.85)
    path.write_text(
        "t,rr\n" + "".join(f"{e:.3f},{b * scale:.3f}\n" for e, b in zip(beats.cumsum(), beats, strict=True))
    )
    with pytest.raises(AttunementError, match=f"looks like {other}$|interval|as s: intervals"):
        import_streams([path], [f"client:rr:{unit}=rr"], times=["t"] if timed else [], out=tmp_path / "r")


def test_seconds_that_are_said_to_be_milliseconds_are_refused_whatever_the_stamps(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    ends = 0.85 * np.arange(1, 60)
    path.write_text("t,rr\n" + "".join(f"{1000 * e:.0f},0.85\n" for e in ends))
    with pytest.raises(StreamError, match=r"over 0.85 ms, and no heart's: its unit looks like s"):
        import_streams([path], ["client:rr:ms=rr"], times=["t"], out=tmp_path / "r")


def test_rows_of_another_device_are_no_missing_samples(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    rows = [f"{i / 4:.4f},1,\n{i / 4 + 0.01:.4f},2,{v:.3f}\n" for i, v in enumerate(SKIN)]
    path.write_text("time,source,skin\n" + "".join(rows))
    done = import_streams([path], ["client:eda:uS=skin"], out=tmp_path / "r")
    assert done.streams[0].sfreq == 4.0
    np.testing.assert_allclose(samples(tmp_path / "r"), SKIN)
    assert any("40 of 80 rows without a value left out" in note for note in done.notes)


FORM = struct.pack("<HHIIHH", 1, 1, 8000, 16000, 2, 16)


def test_a_wav_that_is_cut_says_what_is_missing(tmp_path: Path) -> None:
    whole = riff(FORM, bytes(16000 * 4))
    (tmp_path / "a.wav").write_bytes(whole[: len(whole) - 16000])
    sound = sound_of(tmp_path / "a.wav")
    assert (len(sound.frames), sound.damage, sound.notes) == (
        24000,
        ("cut: the last 1 s are missing",),
        (),
    )


def test_a_wav_whose_head_was_not_brought_up_to_date_is_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(riff(FORM, bytes(range(1, 251)) * 64, size=4000))
    sound = sound_of(tmp_path / "a.wav")
    assert len(sound.frames) == 8000
    assert sound.notes == ("its header says 4000 of 16000 bytes; read to its end",)


def test_chunks_after_the_samples_of_a_wav_are_none(tmp_path: Path) -> None:
    more = b"LIST" + struct.pack("<I", 4) + b"INFO"
    (tmp_path / "a.wav").write_bytes(riff(FORM, bytes(16000)) + more)
    sound = sound_of(tmp_path / "a.wav")
    assert (len(sound.frames), sound.notes, sound.damage) == (8000, (), ())


def test_of_very_many_columns_some_are_named_and_the_others_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    names = [f"c{i}" for i in range(300)]
    path.write_text("\n".join([",".join(names), *[",".join(["1.5"] * 300)] * 3]))
    with pytest.raises(RecordingError, match=r"no column 'eda' \(there are: c0, .*c39 and 260 more\)$"):
        import_streams([path], ["client:eda:uS:4=eda"], out=tmp_path / "r")


def imotions(path: Path, step: float, n: int = 400) -> Path:
    """Write EDA whose stamps go up by a step, among rows of another sensor."""
    rows = [f"{i},{i * step:.6f},{4 + i % 7 / 10 if i % 2 == 0 else ''}" for i in range(n)]
    path.write_text("\n".join(["#INFO,", "#DATA,,", "Row,Timestamp,GSR Conductance CAL", *rows]))
    return path


@pytest.mark.parametrize("rate", [4.0, 15.0, 50.0, 128.0])
@pytest.mark.parametrize("per_second", [1.0, 1e3])
def test_stamps_of_an_imotions_export_are_in_the_unit_that_is_plausible(
    tmp_path: Path, rate: float, per_second: float
) -> None:
    found = recognised(imotions(tmp_path / "a.csv", per_second / rate / 2))
    assert found.streams[0].sfreq == pytest.approx(rate, rel=1e-3)
    assert [n for n in found.notes if "'Timestamp'" in n] == (
        ["column 'Timestamp' read as s: not plausible in ms"] if per_second == 1.0 else []
    )


def test_stamps_of_an_imotions_export_that_two_units_fit_are_refused_until_one_is_said(
    tmp_path: Path,
) -> None:
    path = imotions(tmp_path / "a.csv", 0.5)
    with pytest.raises(
        StreamError, match=r"in two ways \(ms: 0.199 s long, or s: 199 s long\); say --time-u"
    ):
        recognised(path)
    for unit, rate in (("s", 1.0), ("ms", 1000.0)):
        assert recognised(path, Hints(time_unit=unit)).streams[0].sfreq == pytest.approx(rate)


@pytest.mark.parametrize("head", ["Timestamp,GSR", "Shimmer_1A2B_Timestamp_Unix_CAL\tShimmer_1A2B_GSR_CAL\t"])
def test_the_unit_of_stamps_that_is_said_holds_for_layouts_too(tmp_path: Path, head: str) -> None:
    path = tmp_path / "a.csv"
    sign = "\t" if "\t" in head else ","
    path.write_text("\n".join([head, *[f"{i / 240:.6f}{sign}{v:.3f}" for i, v in enumerate(SKIN)]]))
    found = recognised(path, Hints(time_unit="min"))
    assert [round(f.sfreq, 3) for f in found.streams] == [4.0]


TWICE = [f"{i // 1000},{i % 1000:03d},0,{850 + i % 7}" for i in range(853, 40_000, 853)]


@pytest.mark.parametrize("decimal", ["", ","])
@pytest.mark.parametrize("separator", ["", ","])
def test_a_comma_that_stands_for_both_is_refused_with_the_choices(
    tmp_path: Path, decimal: str, separator: str
) -> None:
    path = tmp_path / "a.csv"
    path.write_text("\n".join(["time,rr", *TWICE]))
    choices = r"4 cells for 2 names: .*both; save it with another sign .*or say --separator , --decimal \."
    with pytest.raises(RecordingError, match=choices):
        recognised(path, Hints(separator=separator, decimal=decimal))
    assert dialect_of(path, Hints(separator=",", decimal=".")).separator == ","
    if separator == decimal == ",":
        path.write_text("\n".join(TWICE))
        with pytest.raises(
            RecordingError, match=r"has 4 cells: a comma cannot stand between columns and before"
        ):
            recognised(path, Hints(separator=separator, decimal=decimal))


@pytest.mark.parametrize("quoted", [True, False])
def test_a_comma_that_stands_for_one_of_both_is_no_reason_to_refuse(tmp_path: Path, quoted: bool) -> None:
    path = tmp_path / "a.csv"
    rows = [
        f'"{i // 4},{25 * (i % 4):02d}","{4 + i % 7},5"' if quoted else f"{i},{4 + i % 7},1,2"
        for i in range(80)
    ]
    path.write_text("\n".join(["time,eda_uS" if quoted else "time,eda_uS,a,b", *rows]))
    found = recognised(path)
    assert found.streams[0].samples[:3, 0].tolist() == ([4.5, 5.5, 6.5] if quoted else [4.0, 5.0, 6.0])
