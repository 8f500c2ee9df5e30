"""Each given file of another tool is recognised without options, or refused with a way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from acquisition.errors import AttunementError
from acquisition.importing.found import FoundFile, Hints
from acquisition.importing.recognition import recognised
from acquisition.stream import Modality

ECG, EDA, RR, ACC, MARKERS = Modality.ECG, Modality.EDA, Modality.RR, Modality.ACC, Modality.MARKERS

KNOWN = [
    (
        "01-e4-eda/*.zip",
        "Empatica E4",
        {(EDA, "uS", 4.0), (ACC, "g", 32.0), (RR, "s", 0.0), (MARKERS, "", 0.0)},
    ),
    ("01-e4-eda/EDA.csv", "Empatica E4", {(EDA, "uS", 4.0)}),
    ("02-opensignals-txt/*.txt", "OpenSignals", {(ECG, "mV", 1000.0), (EDA, "uS", 1000.0)}),
    ("03-polar-sensor-logger/*_ECG.txt", "Polar", {(ECG, "uV", 130.0)}),
    ("03-polar-sensor-logger/*_RR.txt", "Polar", {(RR, "ms", 0.0)}),
    ("04-emotibit/*.csv", "EmotiBit", {(EDA, "uS", 15.0)}),
    ("05-shimmer/*.csv", "Shimmer", {(EDA, "uS", 51.2)}),
    ("07-rr-decimal-comma/two_columns.txt", "RR", {(RR, "s", 0.0)}),
    ("07-rr-decimal-comma/two_columns_tab_comma.txt", "RR", {(RR, "s", 0.0)}),
    ("08-german-csv/point_cp1252.csv", "table", {(ECG, "mV", 250.0), (EDA, "uS", 250.0)}),
    ("08-german-csv/point_utf16.csv", "table", {(ECG, "mV", 250.0), (EDA, "uS", 250.0)}),
    ("08-german-csv/sitzung_cp1252.csv", "table", {(ECG, "mV", 250.0), (EDA, "uS", 250.0)}),
    ("08-german-csv/sitzung_utf8.csv", "table", {(ECG, "mV", 250.0), (EDA, "uS", 250.0)}),
    ("08-german-csv/excel_sep.csv", "table", {(ECG, "", 250.0)}),
    ("09-biopac-txt/dyad01.txt", "AcqKnowledge", {(ECG, "mV", 500.0), (EDA, "uS", 500.0)}),
    ("09-biopac-txt/labchart.txt", "LabChart", {(ECG, "mV", 400.0), (EDA, "uS", 400.0)}),
    ("10-imotions/001_P01.csv", "iMotions", {(EDA, "uS", 51.2)}),
    ("11-milliseconds/ecg_ms.csv", "table", {(ECG, "mV", 250.0)}),
    ("11-milliseconds/eda_ms.csv", "table", {(EDA, "uS", 4.0)}),
    ("11-milliseconds/events_ms.csv", "table", {(EDA, "uS", 4.0), (MARKERS, "", 0.0)}),
    ("11-milliseconds/rr_ms.csv", "table", {(RR, "ms", 0.0)}),
    ("12-embraceplus/*.csv", "EmbracePlus", {(EDA, "uS", 0.0166667)}),
    ("13-movesense/*.csv", "Movesense", {(ECG, "uV", 128.0)}),
    ("13-movesense/*.json", "Movesense", {(ECG, "uV", 128.0)}),
    ("17-bids-physio/*.tsv.gz", "BIDS", {(ECG, "mV", 400.0)}),
    ("20-edf-annotations/plus.edf", "EDF+C", {(ECG, "mV", 256.0), (EDA, "uS", 4.0), (MARKERS, "", 0.0)}),
    ("21-edf-discontinuous/plusd_gap.edf", "EDF+D", {(ECG, "mV", 256.0), (MARKERS, "", 0.0)}),
    ("22-edf-comma/zmax.edf", "EDF", {(ECG, "mV", 256.0)}),
    ("34-xdf-int-markers/int32.xdf", "XDF", {(ECG, "mV", 130.0), (MARKERS, "", 0.0)}),
    ("37-xdf-srate-0/rate0.xdf", "XDF", {(ECG, "mV", 130.0), (EDA, "microsiemens", 4.0)}),
    ("41-xdf-gz/rec.xdf.gz", "XDF", {(ECG, "mV", 130.0)}),
    ("41-xdf-gz/rec.xdfz", "XDF", {(ECG, "mV", 130.0)}),
    ("44-xdf-wrong-rate/says250.xdf", "XDF", {(ECG, "mV", 130.0)}),
    *(
        (f"36-xdf-header-forms/{name}.xdf", "XDF", {(ECG, "mV", 130.0)})
        for name in ("cdata", "comment", "nul_end")
    ),
]


def case(data_dir: Path, pattern: str) -> Path:
    """Return a given file."""
    found = sorted((data_dir / "cases").glob(pattern))
    if not found:
        pytest.skip(f"no case {pattern}")
    return found[0]


@pytest.mark.parametrize(("pattern", "layout", "streams"), KNOWN, ids=[k[0] for k in KNOWN])
def test_a_given_file_is_recognised(
    data_dir: Path, pattern: str, layout: str, streams: set[tuple[Modality, str, float]]
) -> None:
    file = recognised(case(data_dir, pattern))
    assert layout in file.layout
    assert {(f.modality, f.unit, f.sfreq) for f in file.streams} == streams
    assert not file.damage


@pytest.mark.parametrize(
    ("pattern", "words"),
    [
        ("07-rr-decimal-comma/one_column_seconds.txt", ("two ways", "0.853", "0 and 853", "--decimal")),
    ],
)
def test_what_can_be_read_in_two_ways_is_refused_with_both(
    data_dir: Path, pattern: str, words: tuple[str, ...]
) -> None:
    with pytest.raises(AttunementError) as error:
        recognised(case(data_dir, pattern))
    assert all(word in str(error.value) for word in words)
    assert "\n" not in str(error.value)


def test_a_decimal_comma_that_is_said_is_read(data_dir: Path) -> None:
    file = recognised(case(data_dir, "07-rr-decimal-comma/one_column_seconds.txt"), Hints(decimal=","))
    assert file.streams[0].samples[:3, 0].tolist() == [0.853, 0.876, 0.864]


def test_a_unit_in_another_alphabet_is_read(data_dir: Path) -> None:
    [ecg] = recognised(case(data_dir, "36-xdf-header-forms/latin1.xdf")).streams
    assert ecg.unit == "uV"


def test_damage_is_named_with_its_place(data_dir: Path) -> None:
    half = recognised(case(data_dir, "38-xdf-cut/half.xdf"))
    inside = recognised(case(data_dir, "38-xdf-cut/zeros_inside.xdf"))
    edf = recognised(case(data_dir, "24-bdf-and-dupes/cut.edf"))
    assert half.damage[0].startswith("bytes 154237-")
    assert inside.damage[0].startswith("bytes 154237-")
    assert edf.damage == ("119 of 240 records are there; the last 121 s are missing",)


def named(file: FoundFile) -> dict[str, list[float]]:
    """Return the first stamps of the streams by their names."""
    return {f.name: f.times[:2].tolist() for f in file.streams}


def test_two_straps_of_one_name_are_told_apart(data_dir: Path) -> None:
    file = recognised(case(data_dir, "30-xdf-duplicate-names/two_straps.xdf"))
    assert [f.name for f in file.streams] == ["PolarECG@H10-AAAA", "PolarECG@H10-BBBB"]


def test_a_marker_before_the_first_clock_offset_is_on_the_same_clock(data_dir: Path) -> None:
    stamps = named(recognised(case(data_dir, "31-xdf-first-marker-remote/remote.xdf")))
    assert stamps["PsychoPy"][0] == pytest.approx(1001.0)
    assert stamps["ECG remote"][0] == pytest.approx(1000.0)


def test_markers_of_another_clock_are_put_where_they_came(data_dir: Path) -> None:
    file = recognised(case(data_dir, "39-xdf-epoch-stamps/muse.xdf"))
    marks = next(f for f in file.streams if f.modality is MARKERS)
    assert marks.times[0] - file.streams[0].times[0] == pytest.approx(1.0, abs=1.0)
    assert any("another clock" in note for note in file.notes)


def test_parts_of_a_restarted_stream_are_joined(data_dir: Path) -> None:
    [found] = recognised(case(data_dir, "43-xdf-restarted/restart.xdf")).streams
    assert len(found.times) == 23_400


def test_channels_of_markers_are_streams_and_empty_texts_are_left_out(data_dir: Path) -> None:
    file = recognised(case(data_dir, "35-xdf-multichannel-markers/multi.xdf"))
    texts = {f.name: f.samples[:, 0].tolist() for f in file.streams if f.modality is MARKERS}
    assert texts["mk:2"] == ["1", "2", "3"]
    assert all(t.strip() for some in texts.values() for t in some)
