"""Forms of one vendor's layout that other versions, devices and settings write."""

from __future__ import annotations

import gzip
import json
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from acquisition.errors import AttunementError
from acquisition.importing import packed
from acquisition.importing.assigning import import_as
from acquisition.importing.files import import_files, import_streams
from acquisition.importing.found import Found, FoundFile, Hints
from acquisition.importing.options import Options
from acquisition.importing.recognition import recognised
from acquisition.recording.recording import Recording
from acquisition.stream import Chunk, Modality, Role, StreamInfo
from acquisition.xdf.header import header_xml
from acquisition.xdf.writer import Writer

START = datetime(2024, 5, 20, 11, 53, 7)
UNIX_MS = 1_716_200_000_000
RR = [800 + 10 * (i % 5) for i in range(40)]
ENDS = np.cumsum(RR) / 1000


def at(seconds: float, form: str = "%Y-%m-%dT%H:%M:%S.%f") -> str:
    """Return a time of a clock on the wall, to the millisecond."""
    return (START + timedelta(seconds=float(seconds))).strftime(form)[:-3]


def file(folder: Path, name: str, lines: Sequence[str], encoding: str = "utf-8") -> FoundFile:
    """Write lines and read them as a stranger's file."""
    path = folder / name
    path.write_bytes(("\n".join(lines) + "\n").encode(encoding))
    return recognised(path)


def only(found: FoundFile, modality: Modality) -> Found:
    """Return the one stream of a kind."""
    (stream,) = [f for f in found.streams if f.modality is modality]
    return stream


@pytest.mark.parametrize(
    ("header", "row", "modality"),
    [
        ("Phone timestamp;sensor timestamp [ns];HR [bpm];RR-interval [ms]", "{t};0;70;{v}", Modality.RR),
        ("Phone timestamp;RR-interval [ms]", "{clock};{v}", Modality.RR),
        (
            "Phone Data RX timestamp;PP-interval [ms];error estimate [ms];blocker;contact;contact;hr [bpm]",
            "{t};{v};10;0;1;1;70",
            Modality.PPI,
        ),
        (
            "Phone timestamp;sensor timestamp [ns];HR [bpm];PP-interval [ms];error estimate [ms];blocker",
            "{t};0;0;{v};30;0",
            Modality.PPI,
        ),
    ],
)
def test_beats_of_a_polar_sensor_have_the_phones_times(
    tmp_path: Path, header: str, row: str, modality: Modality
) -> None:
    rows = [row.format(t=at(t), clock=at(t)[11:], v=v) for t, v in zip(ENDS, RR, strict=True)]
    found = only(file(tmp_path, "Polar_H10_RR.txt", [header, *rows]), modality)
    assert found.unit == "ms"
    np.testing.assert_allclose(found.times - found.times[0], ENDS - ENDS[0], atol=1e-3)
    assert found.samples[:, 0].tolist() == RR


def test_pulse_intervals_that_movement_spoils_are_lost_and_their_errors_kept(tmp_path: Path) -> None:
    head = "Phone timestamp;PP-interval [ms];error estimate [ms];blocker;contact;contact;hr [bpm]"
    told = enumerate(zip(ENDS, RR, strict=True))
    rows = [f"{at(t)};{v};{10 + k};{int(k == 2)};1;1;70" for k, (t, v) in told]
    read = file(tmp_path, "Polar_Sense_PPI.txt", [head, *rows])
    found = only(read, Modality.PPI)
    assert found.labels == ("PPI", "error")
    assert found.samples[:, 1].tolist() == [10.0 + k for k in range(len(RR))]
    assert np.isnan(found.samples[:, 0]).nonzero()[0].tolist() == [2]
    assert any(f"1 of {len(RR)} pulse intervals are spoilt by movement" in note for note in read.notes)


def test_pulse_intervals_stay_where_nothing_is_said_of_movement(tmp_path: Path) -> None:
    head = "Phone timestamp;PP-interval [ms];error estimate [ms];blocker;contact;contact;hr [bpm]"
    rows = [f"{at(t)};{v};10;;1;1;70" for t, v in zip(ENDS, RR, strict=True)]
    found = only(file(tmp_path, "Polar_Sense_PPI.txt", [head, *rows]), Modality.PPI)
    assert found.samples[:, 0].tolist() == RR


def test_beats_past_midnight_go_on(tmp_path: Path) -> None:
    rows = ["Phone timestamp;RR-interval [ms]"]
    rows += [f"{h}:{m}:{s};800" for h, m, s in (("23", "59", "59.500"), ("00", "00", "00.300"))]
    assert only(file(tmp_path, "x_RR.txt", rows), Modality.RR).times.tolist() == pytest.approx([0.0, 0.8])


@pytest.mark.parametrize(("one", "unit"), [(1.0, "g"), (1000.0, "mg"), (9.81, "m/s2")])
def test_gravity_tells_the_unit_of_an_acceleration(tmp_path: Path, one: float, unit: str) -> None:
    rows = ["time,acc_x,acc_y,acc_z", *(f"{i / 50:.3f},0,{0.01 * one},{one}" for i in range(100))]
    found = file(tmp_path, "a.csv", rows)
    assert only(found, Modality.ACC).unit == unit
    assert any(f"taken as {unit}" in note for note in found.notes)


def test_an_acceleration_that_is_none_keeps_no_unit(tmp_path: Path) -> None:
    rows = ["time,acc_x,acc_y,acc_z", *(f"{i / 50:.3f},0,0,64" for i in range(100))]
    assert only(file(tmp_path, "a.csv", rows), Modality.ACC).unit == ""


@pytest.mark.parametrize(
    ("head", "stamp", "wall"),
    [
        (
            [
                '"sep=\t"',
                "Shimmer_AD66_Timestamp_FormattedUnix_CAL\tShimmer_AD66_GSR_Skin_Conductance_CAL\t",
                "yyyy/mm/dd hh:mm:ss.000\tuS\t",
            ],
            lambda t: at(t, "%Y/%m/%d %H:%M:%S.%f"),
            True,
        ),
        (
            ["S_Chair_Timestamp_Unix_CAL\tS_Chair_GSR_Skin_Conductance_CAL", "ms\tuS"],
            lambda t: f"{UNIX_MS + 1000 * t:.3f}",
            False,
        ),
        (
            ["Shimmer\tShimmer\t", "Timestamp\tGSR\t", "CAL\tCAL\t", "ms\tuS\t"],
            lambda t: f"{1000 * t:.3f}",
            False,
        ),
    ],
)
def test_a_shimmer_of_any_name_and_stamp_is_read(
    tmp_path: Path, head: list[str], stamp: object, wall: bool
) -> None:
    assert callable(stamp)
    rows = [f"{stamp(i / 50)}\t{4 + i / 100:.3f}" for i in range(100)]
    found = file(tmp_path, "a.csv", [*head, *rows])
    eda = only(found, Modality.EDA)
    assert (eda.unit, eda.sfreq, eda.samples[3, 0]) == ("uS", 50.0, 4.03)
    assert found.zoned != wall


def test_of_the_leads_of_one_shimmer_one_is_taken_and_the_others_are_named(tmp_path: Path) -> None:
    leads = [f"Shimmer_820D_ECG_{lead}_24BIT_CAL" for lead in ("LA-RA", "LL-RA", "Vx-RL")]
    head = ["\t".join(["Shimmer_820D_Timestamp_Unix_CAL", *leads]), "ms\tmV\tmV\tmV"]
    found = file(tmp_path, "a.csv", [*head, *(f"{UNIX_MS + 4 * i}\t1\t2\t3" for i in range(100))])
    assert only(found, Modality.ECG).samples[0, 0] == 2.0
    assert [text.split(":")[0] for text in found.left_out] == [leads[0], leads[2]]
    streams = import_files([found.path], [f"client:ecg:mV={leads[0]}"], out=tmp_path / "r")
    assert streams[0].sfreq == 250.0


def opensignals(folder: Path, **changed: object) -> FoundFile:
    """Read two channels of a RespiBAN, 16 bit."""
    device: dict[str, object] = {
        "sensor": ["ECG", "EDA"],
        "device name": "RespiBan",
        "column": ["nSeq", "DI", "CH1", "CH2"],
        "device": "biosignalsplux",
        "sampling rate": 700,
        "label": ["CH1", "CH2"],
        "resolution": [16, 16],
        "date": "2017-5-22",
        "time": "9:39:1.0",
    }
    device |= changed
    header = json.dumps({"00:07": {k: v for k, v in device.items() if v is not None}})
    rows = [f"{i}\t0\t{32768 + 100 * i}\t10486\t" for i in range(100)]
    return file(folder, "o.txt", ["# OpenSignals Text File Format", f"# {header}", "# EndOfHeader", *rows])


def test_the_gain_of_a_respiban_is_its_own(tmp_path: Path) -> None:
    found = opensignals(tmp_path)
    np.testing.assert_allclose(only(found, Modality.ECG).samples[1, 0], 100 / 65536 * 3.0)
    np.testing.assert_allclose(only(found, Modality.EDA).samples[0, 0], 4.0, atol=1e-3)


def test_channels_without_labels_are_the_columns_that_are_no_ports(tmp_path: Path) -> None:
    assert [f.name for f in opensignals(tmp_path, label=None).streams] == ["CH1", "CH2"]


def test_counts_of_an_unsaid_width_are_refused(tmp_path: Path) -> None:
    with pytest.raises(AttunementError, match="resolution"):
        opensignals(tmp_path, resolution=None)


def e4(folder: Path) -> Path:
    """Write an archive whose IBI.csv and tags.csv are empty, as they often are."""
    path = folder / "a.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("d/EDA.csv", "1716200000.00\r\n4.000000\r\n" + "4.0\r\n" * 40)
        archive.writestr("d/IBI.csv", "1716200000.00, IBI\r\n")
        archive.writestr("d/tags.csv", "")
        archive.writestr("__MACOSX/d/._EDA.csv", b"\0\1")
    return path


def test_an_e4_without_beats_is_read(tmp_path: Path) -> None:
    found = recognised(e4(tmp_path))
    assert [f.name for f in found.streams] == ["EDA"]
    assert found.left_out == ("IBI: no samples in it",)


@pytest.mark.parametrize(
    ("header", "rows", "modality", "unit"),
    [
        ("unix_timestamp,eda", [f"{UNIX_MS * 1000 + i * 250_000},4.{i:02d}" for i in range(40)], "eda", "uS"),
        ("unix_timestamp,x,y,z", [f"{UNIX_MS * 1000 + i * 15_625},0,0,1" for i in range(40)], "acc", "g"),
        ("tags_timestamp", [f"{UNIX_MS * 1000 + i * 10**7}" for i in range(3)], "markers", ""),
        ("systolic_peak_timestamp", [f"{UNIX_MS * 10**6 + int(t * 1e9)}" for t in ENDS], "ppi", "s"),
    ],
)
def test_tables_made_of_an_embraceplus_have_times_and_units(
    tmp_path: Path, header: str, rows: list[str], modality: str, unit: str
) -> None:
    found = file(tmp_path, "e.csv", [header, *rows])
    (stream,) = found.streams
    assert (stream.modality, stream.unit) == (modality, unit)
    assert abs(float(stream.times[0]) - UNIX_MS / 1000) < 2.0


LABCHART = [
    "Interval=\t0.002 s",
    "ExcelDateTime=\t4.5432495219907407e+004\t5/20/2024 11:53:07.000000",
    "TimeFormat=\tStartOfBlock",
    "ChannelTitle=\tECG\tGSR",
    "Range=\t2.000 mV\t40.00 uS",
]


def test_blocks_of_labchart_are_placed_at_their_own_starts(tmp_path: Path) -> None:
    rows = [f"{0.002 * i:.3f}\t0.1\t4.0" for i in range(100)]
    later = [LABCHART[0], LABCHART[1].replace("4.5432495219907407e+004", "4.5432495914351852e+004")]
    found = file(tmp_path, "l.txt", [*LABCHART, *rows, *later, *LABCHART[2:], *rows])
    ecg = only(found, Modality.ECG)
    assert len(ecg.times) == 200
    np.testing.assert_allclose(ecg.times[100] - ecg.times[0], 60.0, atol=1e-4)


def test_times_of_day_of_labchart_are_not_added_to_its_start(tmp_path: Path) -> None:
    rows = [f"{at(0.002 * i)[11:]}\t0.1\t4.0" for i in range(100)]
    found = file(tmp_path, "l.txt", [*LABCHART[:2], "TimeFormat=\tTimeOfDay", *LABCHART[3:], *rows])
    first = found.epoch + float(only(found, Modality.ECG).times[0])
    assert first == pytest.approx(
        datetime(2024, 5, 20, 11, 53, 7).timestamp() - datetime(1970, 1, 1).timestamp()
    )


@pytest.mark.parametrize("title", ["milliSec", "sec", "min"])
def test_the_column_of_time_of_acqknowledge_is_no_channel(tmp_path: Path, title: str) -> None:
    scale = {"milliSec": 1000.0, "sec": 1.0, "min": 1 / 60}[title]
    head = ["d.acq", "2 msec/sample", "2 channels", "ECG", "mV", "EDA", "microsiemens", f"{title}\tCH1\tCH2"]
    rows = [f"{i * 0.002 * scale:.8g}\t0.5\t4.0" for i in range(100)]
    found = file(tmp_path, "a.txt", [*head, "\t100\t100", *rows])
    assert only(found, Modality.ECG).samples[:3, 0].tolist() == [0.5] * 3
    assert only(found, Modality.EDA).unit == "uS"


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("0,{f};0,5;4,25", "utf-16-le"),
        ("0,{f};0,5;4,25", "utf-16-be"),
        ('"0,{f}","0,5","4,25"', "utf-8"),
        ("0.{f},0.5,4.25", "cp1252"),
    ],
)
def test_a_table_of_any_alphabet_and_quotes_is_read(tmp_path: Path, text: str, encoding: str) -> None:
    sign = ";" if ";" in text else ","
    head = sign.join(["Zeit [s]", "EKG [mV]", "EDA [µS]"])
    rows = [text.format(f=f"{4 * i:03d}") for i in range(100)]
    found = file(tmp_path, "a.csv", [head, *rows], encoding)
    assert (only(found, Modality.EDA).unit, only(found, Modality.EDA).samples[5, 0]) == ("uS", 4.25)
    assert only(found, Modality.ECG).sfreq == 250.0


@pytest.mark.parametrize("cell", ["NaN", "#NUM!", "-inf", "None", "?", "1.#QNAN", ""])
def test_what_programs_write_for_no_value_is_missing(tmp_path: Path, cell: str) -> None:
    rows = [f"{i / 50:.2f},{4 + i % 3}" for i in range(100)]
    rows[7] = f"0.14,{cell}"
    eda = only(file(tmp_path, "a.csv", ["time,eda_uS", *rows]), Modality.EDA)
    assert not np.isinf(eda.samples).any()
    assert np.flatnonzero(np.isnan(eda.samples[:, 0])).tolist() in ([7], [])


def test_groups_of_thousands_are_read_where_decimals_tell_them(tmp_path: Path) -> None:
    rows = [f"{i / 50:.2f};4,{i:03d}.5" for i in range(100)]
    eda = only(file(tmp_path, "a.csv", ["time;eda [nS]", *rows]), Modality.EDA)
    assert eda.samples[:2, 0].tolist() == [4000.5, 4001.5]


@pytest.mark.parametrize(
    ("stamp", "names"),
    [
        (lambda i: f"{45432.5 + i / 86_400 / 50:.10f}", "Time,eda_uS"),
        (lambda i: f"2024-05-20,12:00:{i // 50:02d}.{i % 50 * 20:03d}", "Date,Time,eda_uS"),
        (lambda i: f"05/20/2024 12:00:{i // 50:02d}.{i % 50 * 20:03d} PM", "Time,eda_uS"),
    ],
    ids=["excel", "two columns", "twelve hours"],
)
def test_a_day_is_told_however_a_table_writes_it(tmp_path: Path, stamp: object, names: str) -> None:
    assert callable(stamp)
    found = file(tmp_path, "a.csv", [names, *(f"{stamp(i)},4.0" for i in range(100))])
    eda = only(found, Modality.EDA)
    assert found.epoch + float(eda.times[0]) == pytest.approx(1_716_206_400.0, abs=1e-3)
    assert not found.zoned
    assert eda.sfreq == pytest.approx(50.0, rel=1e-3)


def test_a_day_that_is_set_back_an_hour_stays_in_order(tmp_path: Path) -> None:
    first = datetime.fromisoformat("2024-10-27T02:59:58+02:00")
    rows = [
        (first + timedelta(seconds=i / 50)).isoformat()
        if i < 100
        else f"2024-10-27T02:00:{(i - 100) // 50:02d}.{i % 50 * 20:03d}+01:00"
        for i in range(200)
    ]
    eda = only(file(tmp_path, "a.csv", ["time,eda_uS", *(f"{t},4.0" for t in rows)]), Modality.EDA)
    np.testing.assert_allclose(np.diff(eda.times), 0.02, atol=1e-6)


def test_a_few_stamps_of_unix_milliseconds_are_told(tmp_path: Path) -> None:
    rows = [f"{UNIX_MS + 5000 * i},S{i}" for i in range(4)]
    found = file(tmp_path, "events.csv", ["timestamp,marker", *rows])
    assert np.diff(found.streams[0].times).tolist() == [5.0] * 3
    assert found.epoch == 0.0


def test_intervals_of_no_unit_are_told_by_their_size(tmp_path: Path) -> None:
    rows = [f"{t:.3f},{v},x" for t, v in zip(ENDS, RR, strict=True)]
    found = file(tmp_path, "a.csv", ["since start,rr,note", *rows])
    assert only(found, Modality.RR).unit == "ms"
    assert any("by their size" in note for note in found.notes)


def test_intervals_of_nothing_move_no_beat(tmp_path: Path) -> None:
    found = file(tmp_path, "a.txt", [str(v) for v in [800, 0, 850, *RR]])
    assert only(found, Modality.RR).times[:2].tolist() == pytest.approx([0.8, 1.65])
    assert any("1 intervals of 0" in note for note in found.notes)


def test_a_row_that_was_cut_is_damage_and_no_row(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time,ecg_mV,eda_uS\n" + "".join(f"{i / 50},0.5,4.0\n" for i in range(100)) + "2.0,0.")
    found = recognised(path)
    assert len(only(found, Modality.ECG).times) == 100
    assert found.damage == ("its last row is cut: '2.0,0.'",)


def test_what_a_file_is_called_tells_its_one_column(tmp_path: Path) -> None:
    rows = [f"{8 * i},{i}" for i in range(100)]
    found = file(tmp_path, "20240520T115307Z_174630000192_ecg_stream.csv", ["timestamp,sample", *rows])
    assert only(found, Modality.ECG).sfreq == 125.0
    assert recognised(found.path, Hints(units={Modality.ECG: "mV"})).streams


def test_without_a_rate_the_column_of_time_of_a_table_is_taken_and_told(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time,a,b\n" + "".join(f"{10 + i / 50},{i},1\n" for i in range(100)))
    done = import_streams([path], ["client:eda:uS=a"], out=tmp_path / "r")
    assert done.streams[0].sfreq == 50.0
    assert any("column 'time' taken as the stamps" in note for note in done.notes)
    with pytest.raises(AttunementError, match="no column 'clock'"):
        import_streams([path], ["client:eda:uS=a"], times=["clock"], out=tmp_path / "s")


def test_a_stream_of_a_vendors_table_is_asked_for_as_it_was_shown(tmp_path: Path) -> None:
    rows = [f"{at(t)};0;70;{v}" for t, v in zip(ENDS, RR, strict=True)]
    found = file(
        tmp_path, "h.txt", ["Phone timestamp;sensor timestamp [ns];HR [bpm];RR-interval [ms]", *rows]
    )
    done = import_streams([found.path], ["client:rr:ms=rr"], out=tmp_path / "r")
    assert done.streams[0].modality is Modality.RR
    with pytest.raises(AttunementError, match="no column 'rrr'"):
        import_streams([found.path], ["client:rr:ms=rrr"], out=tmp_path / "s")


def long_edf(folder: Path, hours: int) -> Path:
    """Write skin conductance whose value is the hour, 1 Hz in records of an hour."""
    fields = ["EDA".ljust(16), " " * 80, "uS".ljust(8), "0".ljust(8), "1000".ljust(8), "0".ljust(8)]
    fields += ["1000".ljust(8), " " * 80, "3600".ljust(8), " " * 32]
    head = "0".ljust(8) + " " * 160 + "20.05.2411.53.07" + "512".ljust(8) + " " * 44
    head += str(hours).ljust(8) + "3600".ljust(8) + "1".ljust(4)
    values = np.repeat(np.arange(hours, dtype="<i2"), 3600)
    path = folder / "week.edf"
    path.write_bytes((head + "".join(fields)).encode() + values.tobytes())
    return path


def test_of_a_week_only_the_part_that_is_wanted_is_read(tmp_path: Path) -> None:
    path = long_edf(tmp_path, 168)
    with pytest.raises(AttunementError, match=r"week\.edf: a file of 168\.0 h \(EDA.*--part"):
        recognised(path)
    part = (100 * 3600.0, 102 * 3600.0)
    found = recognised(path, Hints(part=part))
    assert len(found.streams[0].times) == 4 * 3600
    for asked in ([], ["client:eda:uS=EDA"]):
        out = tmp_path / f"rec{len(asked)}"
        options = Options(part=part)
        if asked:
            import_streams([path], asked, out=out, options=options, hints=Hints(part=part))
        else:
            import_as([(Role.CLIENT, path)], out=out, options=options, hints=Hints(part=part))
        chunks = [c for c in Recording(out) if isinstance(c, Chunk)]
        assert np.concatenate([c.samples[:, 0] for c in chunks]).tolist() == [100.0] * 3600 + [101.0] * 3600
        assert float(chunks[0].times[0]) == part[0]


def avro(path: Path, start: float, imu: dict[str, float] | None = None, seconds: int = 60) -> Path:
    """Write raw data of an EmbracePlus: skin conductance at 4 Hz, 1 g on z at 64 Hz, a beat a second."""
    import fastavro

    said = imu or {"physicalMin": -16, "physicalMax": 16, "digitalMin": -32768, "digitalMax": 32768}
    one = round(1 / said["conversionFactor"]) if imu else 2048
    head = {"timestampStart": round(start * 1e6)}
    n = 64 * seconds
    record = {
        "rawData": {
            "eda": {**head, "samplingFrequency": 4.0, "values": [4.0 + start % 10] * (4 * seconds)},
            "accelerometer": {
                **head,
                "samplingFrequency": 64.0,
                "imuParams": said,
                "x": [0] * n,
                "y": [0] * n,
                "z": [one] * n,
            },
            "tags": {"tagsTimeMicros": [round(start * 1e6) + 500_000]},
            "systolicPeaks": {"peaksTimeNanos": [round((start + k) * 1e9) for k in range(seconds)]},
        }
    }
    numbers = {"type": "array", "items": "float"}
    whole = {"type": "array", "items": "long"}
    base = [{"name": "timestampStart", "type": "long"}, {"name": "samplingFrequency", "type": "float"}]

    def block(name: str, fields: list[object]) -> object:
        return {"name": name, "type": {"type": "record", "name": name.title(), "fields": fields}}

    parameters = block("imuParams", [{"name": k, "type": "double"} for k in said])
    raw = [
        block("eda", [*base, {"name": "values", "type": numbers}]),
        block("accelerometer", [*base, parameters, *({"name": a, "type": whole} for a in "xyz")]),
        block("tags", [{"name": "tagsTimeMicros", "type": whole}]),
        block("systolicPeaks", [{"name": "peaksTimeNanos", "type": whole}]),
    ]
    schema = {"type": "record", "name": "Data", "fields": [block("rawData", raw)]}
    with path.open("wb") as out:
        fastavro.writer(out, schema, [record])
    return path


@pytest.mark.parametrize("imu", [{}, {"conversionFactor": 1 / 4096}], ids=["ranges", "factor"])
def test_an_embraceplus_of_either_schema_is_read(tmp_path: Path, imu: dict[str, float]) -> None:
    found = recognised(avro(tmp_path / "a.avro", UNIX_MS / 1000, imu))
    assert {str(f.modality) for f in found.streams} == {"eda", "acc", "markers", "ppi"}
    np.testing.assert_allclose(only(found, Modality.ACC).samples[0], [0.0, 0.0, 1.0])
    assert only(found, Modality.PPI).samples[:, 0].tolist() == [1.0] * 59


def test_files_that_go_on_one_after_another_are_one_recording(tmp_path: Path) -> None:
    folder = tmp_path / "v6"
    folder.mkdir()
    paths = [avro(folder / f"1-1-001_{k}.avro", UNIX_MS / 1000 + 60 * k) for k in (1, 0, 2)]
    found = recognised(folder)
    assert len(only(found, Modality.EDA).times) == 4 * 180
    done = import_as([(Role.CLIENT, p) for p in paths], out=tmp_path / "rec")
    assert sorted(str(i.modality) for i in done.streams) == ["acc", "eda", "markers", "ppi"]
    chunks = [
        c for c in Recording(tmp_path / "rec") if isinstance(c, Chunk) and c.info.modality is Modality.EDA
    ]
    times = np.concatenate([c.times for c in chunks])
    np.testing.assert_allclose(np.diff(times), 0.25, atol=1e-5)


@pytest.mark.parametrize(
    ("head", "row", "unit"),
    [
        (["# created 2026-03-04T09:57:51.782845Z", "elapsed,ecg"], "{s:.6f},{v:.3f}", "mV"),
        (["# created 2026-03-04T09:57:51.782845Z"], "{s:.6f},{v:.3f}", "mV"),
        (["Timestamp (ms),Sample (mV)"], "{ms:.0f},{v:.3f}", "mV"),
        (["timestamp,ecg"], "{ms:.0f},{counts}", "uV"),
    ],
)
def test_a_movesense_table_of_any_head_is_read(tmp_path: Path, head: list[str], row: str, unit: str) -> None:
    rows = [
        row.format(s=i / 125, ms=8 * i, v=0.5 if i % 100 == 0 else 0.001 * (i % 7), counts=i % 50)
        for i in range(500)
    ]
    found = file(tmp_path, "MovesenseECG-2026-03-04T09_57_51.782845Z.csv", [*head, *rows])
    ecg = only(found, Modality.ECG)
    assert (ecg.sfreq, ecg.unit, found.zoned) == (125.0, unit, True)
    assert found.epoch + float(ecg.times[0]) == pytest.approx(1_772_618_271.0, abs=1.0)


def test_files_of_an_e4_that_were_made_for_another_watch_are_in_g_and_seconds(tmp_path: Path) -> None:
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / "EDA.csv").write_text("1716200000.0\n4.0\n" + "4.0\n" * 40)
    (folder / "ACC.csv").write_text(
        "1716200000.0,1716200000.0,1716200000.0\n64,64,64\n" + "0.0,0.1,0.99\n" * 640
    )
    (folder / "tags.csv").write_text("1716200003500000\n")
    found = recognised(folder)
    assert only(found, Modality.ACC).samples[0].tolist() == [0.0, 0.1, 0.99]
    assert only(found, Modality.MARKERS).times.tolist() == [3.5]


def test_the_head_of_an_xdf_says_when_it_was_begun(tmp_path: Path) -> None:
    info = StreamInfo(
        name="E",
        role=Role.CLIENT,
        modality=Modality.EDA,
        sfreq=4.0,
        unit="uS",
        channels=("E",),
        format="float32",
    )
    path = tmp_path / "r.xdf"
    file = Writer(path, created="2024-05-20T11:53:07+0200")
    stream = file.header(9, header_xml(info))
    file.offset(stream, 100.0, 0.0)
    file.samples(stream, 100.0 + np.arange(40) / 4, np.full((40, 1), 5.0, np.float32))
    file.seal(0, 110.0, 0.0)
    file.flush()
    file.close()
    assert recognised(path).opened == "2024-05-20T11:53:07+02:00"
    import_as([(Role.CLIENT, path)], out=tmp_path / "rec")
    session = Recording(tmp_path / "rec").session
    assert session is not None
    assert session.recorded is not None
    assert session.recorded.began == "2024-05-20T11:53:07+02:00"


@pytest.mark.parametrize("name", ["a.csv.gz", "a.zip"])
def test_a_packed_table_is_read_under_its_own_name(tmp_path: Path, name: str) -> None:
    text = "time,eda_uS\n" + "".join(f"{i / 4},4.5\n" for i in range(100))
    path = tmp_path / name
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(text.encode()))
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("folder/a.csv", text)
            archive.writestr("__MACOSX/folder/._a.csv", "x")
    found = recognised(path)
    assert (found.path, only(found, Modality.EDA).sfreq) == (path, 4.0)
    assert import_streams([path], ["client:eda:uS=eda_uS"], out=tmp_path / "r").streams[0].sfreq == 4.0


def test_a_packed_file_that_cannot_be_read_is_named_as_it_was_given(tmp_path: Path) -> None:
    path = tmp_path / "b.csv.gz"
    path.write_bytes(gzip.compress(b"a,b\nx,y\n"))
    with pytest.raises(AttunementError, match=r"b\.csv\.gz: no rows"):
        recognised(path)
    path.write_bytes(gzip.compress(b"time,eda\n1,2\n" * 900)[:-40])
    with pytest.raises(AttunementError, match=r"b\.csv\.gz: packed, and cannot be unpacked"):
        recognised(path)


def test_a_bomb_is_not_unpacked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "MAX_TEXT_BYTES", 1 << 20)
    path = tmp_path / "b.csv.gz"
    path.write_bytes(gzip.compress(b"0" * (3 << 20)))
    with pytest.raises(AttunementError, match="more than 1 MiB unpacked"):
        recognised(path)


def edf(
    folder: Path, signals: Sequence[tuple[str, str, int, np.ndarray]], n: int, *, wide: bool = False
) -> FoundFile:
    """Write records of a second of signals (label, unit, rate, digital values), 1 unit a count."""
    top = 8_388_607 if wide else 32_767
    low, high = str(-top - 1), str(top)
    columns = [
        ([s[0] for s in signals], 16),
        ([""] * len(signals), 80),
        ([s[1] for s in signals], 8),
        *(([v] * len(signals), 8) for v in (low, high, low, high)),
        ([""] * len(signals), 80),
        ([str(s[2]) for s in signals], 8),
        ([""] * len(signals), 32),
    ]
    head = ("\xffBIOSEMI" if wide else "0".ljust(8)) + " " * 160 + "20.05.2411.53.07"
    head += str(256 * (len(signals) + 1)).ljust(8) + " " * 44 + str(n).ljust(8) + "1".ljust(8)
    head += str(len(signals)).ljust(4) + "".join(v.ljust(w) for values, w in columns for v in values)
    body = b""
    for k in range(n):
        for _, _, rate, values in signals:
            part = values[k * rate : (k + 1) * rate].astype("<i4").tobytes()
            body += np.frombuffer(part, np.uint8).reshape(-1, 4)[:, : 3 if wide else 2].tobytes()
    path = folder / ("a.bdf" if wide else "a.edf")
    path.write_bytes(head.encode("latin-1") + body)
    return recognised(path)


def test_axes_of_an_edf_are_one_acceleration_and_its_triggers_are_events(tmp_path: Path) -> None:
    marker = np.zeros(60, int)
    marker[[31, 32, 50]] = [7, 7, 9]
    axes = [(f"Accelerometer_{a}", "mg", 25, np.full(250, v)) for a, v in (("X", 1), ("Y", 2), ("Z", 1000))]
    found = edf(tmp_path, [*axes, ("Marker", "", 6, marker)], 10)
    acc = only(found, Modality.ACC)
    assert acc.labels == ("x", "y", "z")
    np.testing.assert_allclose(acc.samples[0], [1.0, 2.0, 1000.0], atol=0.01)
    marks = only(found, Modality.MARKERS)
    assert marks.samples[:, 0].tolist() == ["7", "9"]
    np.testing.assert_allclose(marks.times, [31 / 6, 50 / 6])


def test_of_biosemis_status_the_trigger_is_read(tmp_path: Path) -> None:
    status = np.full(640, 0x100000 | 65_280)
    status[128:140] |= 12
    found = edf(
        tmp_path, [("GSR1", "nS", 64, np.full(640, 3000)), ("Status", "Boolean", 64, status)], 10, wide=True
    )
    marks = only(found, Modality.MARKERS)
    assert (marks.times.tolist(), marks.samples[:, 0].tolist()) == ([2.0], ["65292"])


@pytest.mark.parametrize("rest", ["0", "none"])
def test_a_column_of_triggers_with_a_value_in_each_row_gives_its_changes(tmp_path: Path, rest: str) -> None:
    states = [rest] * 200
    states[50:60], states[100] = ["A"] * 10, "B"
    rows = [f"{i / 50},4.0,{s}" for i, s in enumerate(states)]
    marks = only(file(tmp_path, "a.csv", ["time,eda_uS,trigger", *rows]), Modality.MARKERS)
    assert (marks.times.tolist(), marks.samples[:, 0].tolist()) == ([1.0, 2.0], ["A", "B"])


def test_a_folder_of_an_emotibit_is_one_recording(tmp_path: Path) -> None:
    head = "LocalTimestamp,EmotiBitTimestamp,PacketNumber,DataLength,TypeTag,ProtocolVersion,DataReliability,"
    for tag in ("EA", "AX", "AY", "AZ", "HR"):
        rows = [f"{UNIX_MS / 1000 + i / 25:.6f},{i * 40},{i},1,{tag},1,100,0.{i % 9}" for i in range(100)]
        (tmp_path / f"2024_{tag}.csv").write_text(head + tag + "\n" + "\n".join(rows) + "\n")
    found = recognised(tmp_path)
    assert {(f.name, f.samples.shape) for f in found.streams} == {("EA", (100, 1)), ("ACC", (100, 3))}


def test_bids_with_a_head_a_column_of_stamps_and_triggers_is_read(tmp_path: Path) -> None:
    about = {"SamplingFrequency": 4, "StartTime": -2.5, "Columns": ["timestamp", "eda", "trigger"]}
    (tmp_path / "s_recording-eda_physio.json").write_text(
        json.dumps(about | {"eda": {"Units": "microsiemens"}})
    )
    rows = ["timestamp\teda\ttrigger", *(f"{i / 4}\t4.5\t{int(i in (20, 21))}" for i in range(100))]
    found = file(tmp_path, "s_recording-eda_physio.tsv", rows)
    assert only(found, Modality.EDA).times[0] == -2.5
    assert only(found, Modality.MARKERS).times.tolist() == [2.5]
    events = file(tmp_path, "s_events.tsv", ["onset\tduration\ttrial_type", "1.0\tn/a\ta", "n/a\t0\tb"])
    assert events.notes == ("1 event without an onset left out",)


@pytest.mark.parametrize(
    ("name", "head"),
    [("s_events.tsv", "onset\tduration\ttrial_type"), ("m.txt", "Event Type\tName\tTime")],
)
def test_a_file_of_events_in_which_nothing_was_marked_takes_nothing_with_it(
    tmp_path: Path, name: str, head: str
) -> None:
    assert (found := file(tmp_path, name, [head])).streams == () and found.notes == ("no events in it",)
    about = {"SamplingFrequency": 4, "StartTime": 0, "Columns": ["eda"], "eda": {"Units": "uS"}}
    (tmp_path / "s_physio.json").write_text(json.dumps(about))
    skin = file(tmp_path, "s_physio.tsv", ["4.5"] * 100).path
    pairs = [(Role.CLIENT, tmp_path / name), (Role.CLIENT, skin)]
    done = import_as(pairs, out=tmp_path / "out")
    assert f"{name}: no events in it" in done.notes
    assert [s.modality for s in Recording(tmp_path / "out").streams] == [Modality.EDA]
    with pytest.raises(AttunementError, match="no events in it"):
        import_as(pairs[:1], out=tmp_path / "none")


def test_a_raw_emotibit_tells_its_start_and_the_notes_of_its_user(tmp_path: Path) -> None:
    rows = [f"{1000 + 133 * i},{i},2,EA,1,100,4.0{i % 9},4.1" for i in range(60)]
    rows[10] += "\n2330,900,1,TL,1,100,2022-04-20_12-11-15-086868"
    rows[20] += "\n3660,901,1,TL,1,100,2022-04-20_12-11-16-416868"
    rows[30] += "\n4990,902,1,TL,1,100,2022-04-20_12-11-30-000000\n5000,903,1,UN,1,100,he sat down, at last"
    found = file(tmp_path, "raw.csv", rows)
    assert found.epoch + 2.330 == pytest.approx(datetime(2022, 4, 20, 12, 11, 15, 86868, UTC).timestamp())
    notes = only(found, Modality.MARKERS)
    assert (notes.times.tolist(), notes.samples[0, 0]) == ([5.0], "he sat down, at last")


def test_a_file_of_which_nothing_is_left_is_refused_by_its_name(tmp_path: Path) -> None:
    path = tmp_path / "events_unix.csv"
    path.write_text("timestamp,marker\n99999999999999999999,S0\n1716200005000,S")
    with pytest.raises(AttunementError, match=r"^events_unix\.csv: no samples to import"):
        import_as([(Role.CLIENT, path)], out=tmp_path / "rec", options=Options(accept_damage=True))


@pytest.mark.parametrize(("label", "named"), [("EDA", "EDA"), ("ECG\tEDA", "ECG")])
def test_counts_whose_remarks_tell_of_a_rate_are_no_intervals(tmp_path: Path, label: str, named: str) -> None:
    """150 s of EDA in counts of a converter, as BioSPPy writes it, were intervals over four days."""
    head = [
        "# Simple Text Format",
        "# Sampling Rate (Hz):= 1000.00",
        "# Resolution:= 12",
        f"# Labels:= {label}",
    ]
    rows = ["\t".join([f"{2000 + k % 90}.0"] * (1 + label.count("\t"))) for k in range(300)]
    with pytest.raises(AttunementError, match=rf"{named}: neither a column of time nor a rate"):
        file(tmp_path, "eda.txt", [*head, *rows])
