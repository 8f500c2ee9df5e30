"""A small file of every layout, written after public descriptions, with what it holds."""

from __future__ import annotations

import gzip
import io
import json
import wave
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from acquisition.importing.store import Imported, store
from acquisition.stream import Modality, Role, StreamInfo

START = 1_716_200_000
EDA = [4.0 + 0.01 * i for i in range(60)]
ECG = [round(0.1 * ((i % 100) == 0) + 0.001 * (i % 7), 4) for i in range(600)]


def e4_zip(folder: Path) -> Path:
    """EDA at 4 Hz, acceleration of 1 g on z, two intervals, one tag."""
    path = folder / "1716200000_A00000.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("EDA.csv", f"{START}.0\n4.0\n" + "".join(f"{v}\n" for v in EDA))
        archive.writestr("ACC.csv", f"{START}.0, {START}.0, {START}.0\n32.0, 32.0, 32.0\n" + "0,0,64\n" * 40)
        archive.writestr("IBI.csv", f"{START}.0, IBI\n1.2,0.8\n2.0,0.8\n")
        archive.writestr("tags.csv", f"{START + 3}.5\n")
        archive.writestr("TEMP.csv", f"{START}.0\n4.0\n31.0\n")
    return path


def e4_csv(folder: Path) -> Path:
    """EDA alone."""
    path = folder / "EDA.csv"
    path.write_text(f"{START}.0\n4.0\n" + "".join(f"{v}\n" for v in EDA))
    return path


def embrace_avro(folder: Path) -> Path:
    """EDA at 4 Hz, acceleration in counts of ± 16 g, one tag."""
    import fastavro

    numbers = {"type": "array", "items": "float"}
    whole = {"type": "array", "items": "int"}
    imu = {
        "type": "record",
        "name": "Imu",
        "fields": [
            {"name": n, "type": "int"} for n in ("physicalMin", "physicalMax", "digitalMin", "digitalMax")
        ],
    }
    head = [{"name": "timestampStart", "type": "long"}, {"name": "samplingFrequency", "type": "float"}]
    eda = {"type": "record", "name": "Eda", "fields": [*head, {"name": "values", "type": numbers}]}
    acc = {
        "type": "record",
        "name": "Acc",
        "fields": [*head, {"name": "imuParams", "type": imu}, *({"name": a, "type": whole} for a in "xyz")],
    }
    tags = {
        "type": "record",
        "name": "Tags",
        "fields": [{"name": "tagsTimeMicros", "type": {"type": "array", "items": "long"}}],
    }
    raw = {
        "type": "record",
        "name": "Raw",
        "fields": [{"name": n, "type": t} for n, t in (("eda", eda), ("accelerometer", acc), ("tags", tags))],
    }
    schema = {"type": "record", "name": "Session", "fields": [{"name": "rawData", "type": raw}]}
    start = START * 1_000_000
    record = {
        "rawData": {
            "eda": {"timestampStart": start, "samplingFrequency": 4.0, "values": EDA},
            "accelerometer": {
                "timestampStart": start,
                "samplingFrequency": 64.0,
                "imuParams": {
                    "physicalMin": -16,
                    "physicalMax": 16,
                    "digitalMin": -32768,
                    "digitalMax": 32767,
                },
                "x": [0] * 64,
                "y": [0] * 64,
                "z": [2048] * 64,
            },
            "tags": {"tagsTimeMicros": [start + 1_500_000]},
        }
    }
    path = folder / "1-1-001_1716200000.avro"
    with path.open("wb") as file:
        fastavro.writer(file, fastavro.parse_schema(schema), [record])
    return path


def opensignals_txt(folder: Path) -> Path:
    """A biosignalsplux of 16 bit with a known and a raw channel."""
    about = {
        "sensor": ["EDA", "RAW"],
        "column": ["nSeq", "DI", "CH1", "CH2"],
        "label": ["CH1", "CH2"],
        "resolution": [16, 1, 16, 16],
        "sampling rate": 100,
        "device": "biosignalsplux",
        "date": "2024-5-20",
        "time": "11:53:7.200",
    }
    lines = [
        "# OpenSignals Text File Format. Version 1",
        f"# {json.dumps({'00:07:80:AA': about})}",
        "# EndOfHeader",
    ]
    lines += [f"{i}\t0\t{32768}\t{100}" for i in range(50)]
    path = folder / "opensignals.txt"
    path.write_text("\n".join(lines) + "\n")
    return path


def opensignals_h5(folder: Path) -> Path:
    """A BITalino of 10 bit with EDA."""
    import h5py

    path = folder / "opensignals.h5"
    with h5py.File(path, "w") as file:
        group = file.create_group("00:07:80:AA")
        about = {"sampling rate": 100, "device": "bitalino_rev", "date": "2024-5-20", "time": "11:53:7.2"}
        for key, value in about.items():
            group.attrs[key] = value
        group.attrs["channels"] = [3]
        group.attrs["resolution"] = [10]
        data = group.create_dataset("raw/channel_3", data=np.full((50, 1), 512))
        data.attrs["sensor"] = "EDA"
    return path


def polar_acc(folder: Path) -> Path:
    """Acceleration of an H10 in mG."""
    head = "Phone timestamp;sensor timestamp [ns];X [mG];Y [mG];Z [mG]"
    rows = [f"2024-05-20T11:53:07.{i:03d};{10**17 + i * 20_000_000};0;0;1000" for i in range(40)]
    path = folder / "Polar_H10_ACC.txt"
    path.write_text("\n".join([head, *rows]) + "\n")
    return path


def emotibit_raw(folder: Path) -> Path:
    """Packets of EA with two others between."""
    lines = ["60000,1,2,TL,1,100,2024-05-20"]
    for k in range(20):
        values = ",".join(str(round(2 + 0.01 * (3 * k + j), 4)) for j in range(3))
        lines += [
            f"{60100 + 200 * k},{2 * k + 2},3,EA,1,100,{values}",
            f"{60100 + 200 * k},{2 * k + 3},1,HR,1,100,70",
        ]
    path = folder / "2024-05-20_11-53-07.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def shimmer_csv(folder: Path) -> Path:
    """An old export: names, kind of signal, units; acceleration of 9.81 m/s² on z."""
    axes = [f"Shimmer_1_Accel_LN_{axis}_CAL" for axis in "XYZ"]
    names = "\t".join(["Shimmer_1_Timestamp_Unix_CAL", *axes])
    rows = [f"{START * 1000 + 20 * i}.0\t0.0\t0.0\t9.80665" for i in range(40)]
    path = folder / "shimmer.csv"
    path.write_text("\n".join(["sep=\t", names, "ms\tm/(s^2)\tm/(s^2)\tm/(s^2)", *rows]) + "\n")
    return path


def acqknowledge_txt(folder: Path) -> Path:
    """Two channels at 500 Hz without a column of time."""
    head = [
        "dyad.acq",
        "2 msec/sample",
        "2 channels",
        "ECG100C",
        "mV",
        "EDA100C",
        "microsiemens",
        "CH1\tCH2",
        "600\t600",
    ]
    rows = [f"{v}\t{4.0}" for v in ECG]
    path = folder / "dyad.txt"
    path.write_text("\n".join([*head, *rows]) + "\n")
    return path


def labchart_txt(folder: Path) -> Path:
    """Two channels at 100 Hz and a comment."""
    head = [
        "Interval=\t0.01 s",
        "ExcelDateTime=\t4.5432495219907407e+004\t5/20/2024 11:53:07",
        "TimeFormat=\tStartOfBlock",
        "ChannelTitle=\tECG\tGSR",
        "Range=\t10.0 mV\t40.0 µS",
    ]
    rows = [f"{i / 100:.2f}\t{0.1}\t{4.0}" + ("\t#* start" if i == 5 else "") for i in range(60)]
    path = folder / "labchart.txt"
    path.write_text("\n".join([*head, *rows]) + "\n", "cp1252")
    return path


def mindware_txt(folder: Path) -> Path:
    """Signals of a MindWare mobile."""
    rows = [f"{i / 500}\t{v}\t{4.0}" for i, v in enumerate(ECG)]
    path = folder / "mindware.txt"
    path.write_text("\n".join(["Sample Rate:\t500", "Time (s)\tMWMOBILEJ_Bio\tMWMOBILEJ_GSC", *rows]) + "\n")
    return path


def mindware_events(folder: Path) -> Path:
    """Its events."""
    path = folder / "mindware_events.txt"
    path.write_text("Event Type\tName\tTime\nKeyboard\tbaseline\t1.5\nKeyboard\tstory\t60.25\n")
    return path


def imotions_csv(folder: Path) -> Path:
    """A GSR sensor among rows of another device."""
    head = ["#INFO,", "#METADATA,,,", "#DATA,,,", "Row,Timestamp,GSR RAW,GSR Conductance CAL"]
    rows = [f"{i},{20 * i}.0," + ("," if i % 4 == 0 else f"400,{4.0}") for i in range(80)]
    path = folder / "001.csv"
    path.write_text("\n".join([*head, *rows]) + "\n", "utf-8-sig")
    return path


def movesense_json(folder: Path) -> Path:
    """Packets of 16 samples at 128 Hz."""
    packets = [
        {"ecg": {"Timestamp": 5000 + 125 * k, "Samples": [k * 16 + j for j in range(16)]}} for k in range(10)
    ]
    path = folder / "20240520T115307Z_movesense_ecg.json"
    path.write_text(json.dumps({"data": packets}))
    return path


def rr_list(folder: Path) -> Path:
    """Intervals in ms, one a line."""
    path = folder / "rr.txt"
    path.write_text("\n".join(str(800 + i % 7) for i in range(40)) + "\n")
    return path


def bids_physio(folder: Path) -> Path:
    """A column of skin conductance with a hole."""
    stem = "sub-01_task-talk_recording-eda_physio"
    about = {"SamplingFrequency": 4.0, "StartTime": -2.0, "Columns": ["skin_conductance"]}
    about["skin_conductance"] = {"Units": "uS"}
    (folder / f"{stem}.json").write_text(json.dumps(about))
    rows = ["n/a" if i == 10 else str(v) for i, v in enumerate(EDA)]
    path = folder / f"{stem}.tsv.gz"
    path.write_bytes(gzip.compress(("\n".join(rows) + "\n").encode()))
    return path


def bids_events(folder: Path) -> Path:
    """A point and an interval."""
    path = folder / "sub-01_task-talk_events.tsv"
    path.write_text("onset\tduration\ttrial_type\n1.5\t0\tclap\n2.0\t3.0\tstory\n")
    return path


def unisens(folder: Path) -> Path:
    """A folder with ECG in binary, intervals and a trigger as text."""
    place = folder / "unisens"
    place.mkdir()
    (place / "unisens.xml").write_text(
        """<?xml version="1.0"?><unisens xmlns="http://www.unisens.org/unisens2.0" version="2.0"
        timestampStart="2024-05-20T11:53:07.000"><signalEntry id="ecg.bin" contentClass="ECG"
        dataType="int16" sampleRate="256" lsbValue="0.001" baseline="100" unit="mV">
        <binFileFormat endianess="LITTLE"/>
        <channel name="I"/></signalEntry><valuesEntry id="nn.csv" contentClass="RR" sampleRate="1000"
        unit="ms">
        <csvFileFormat separator=";" decimalSeparator="."/><channel name="rr"/></valuesEntry>
        <eventEntry id="trigger.csv" sampleRate="1000"><csvFileFormat separator=";"/></eventEntry>
        </unisens>"""
    )
    (place / "ecg.bin").write_bytes(np.arange(100, 612, dtype="<i2").tobytes())
    (place / "nn.csv").write_text("800;800\n1610;810\n")
    (place / "trigger.csv").write_text("1500;T;start\n")
    return place


def edf_plus(folder: Path, *, wide: bool = False) -> Path:
    """ECG at 100 Hz and an annotation; a BDF if `wide`."""
    n, seconds, width = 2, 3, 3 if wide else 2

    def field(*texts: object, size: int) -> bytes:
        return b"".join(str(t).encode().ljust(size) for t in texts)

    top = 8_388_607 if wide else 32_767
    head = b"\xffBIOSEMI" if wide else field("0", size=8)
    head += b" " * 160 + field("20.05.24", "11.53.07", size=8) + field(256 * (n + 1), size=8)
    head += field("24BIT" if wide else "EDF+C", size=44) + field(seconds, 1, size=8) + field(n, size=4)
    label = "BDF Annotations" if wide else "EDF Annotations"
    for texts, size in (
        (["ECG", label], 16), (["", ""], 80), (["mV", ""], 8), ([-1, -1], 8), ([1, 1], 8), ([-top, -top], 8),
        ([top, top], 8), (["", ""], 80), ([100, 30], 8), (["", ""], 32),
    ):  # fmt: skip
        head += field(*texts, size=size)
    body = b""
    for k in range(seconds):
        values = np.full(100, top // 2)
        body += (
            values.astype("<i2").tobytes()
            if not wide
            else b"".join(int(v).to_bytes(3, "little") for v in values)
        )
        tal = f"+{k}\x14\x14\0".encode() + (b"+1.5\x152\x14task\x14\0" if k == 1 else b"")
        body += tal.ljust(30 * width, b"\0")
    path = folder / ("a.bdf" if wide else "a.edf")
    path.write_bytes(head + body)
    return path


def bdf(folder: Path) -> Path:
    """The same in 24 bit."""
    return edf_plus(folder, wide=True)


def xdf(folder: Path) -> Path:
    """A file of ours, which is one of XDF."""
    info = StreamInfo(
        name="EDA", role=Role.DYAD, modality=Modality.EDA, sfreq=4.0, unit="uS", channels=("EDA",)
    )
    item = Imported(info=info, times=10 + np.arange(60) / 4, samples=np.array(EDA)[:, np.newaxis], offsets=[])
    store(folder / "made", [item], sources=[])
    path = folder / "a.xdf"
    path.write_bytes((folder / "made" / "dyad.xdf").read_bytes())
    return path


def wav(folder: Path) -> Path:
    """A second of two channels."""
    path = folder / "a.wav"
    with wave.open(str(path), "wb") as file:
        file.setparams((2, 2, 8000, 0, "NONE", ""))
        file.writeframes(np.arange(16_000, dtype="<i2").tobytes())
    return path


def table(folder: Path) -> Path:
    """A German table."""
    rows = [f"{i / 4:.2f};{v:.4f};{'Start' if i == 4 else ''}".replace(".", ",") for i, v in enumerate(EDA)]
    path = folder / "sitzung.csv"
    path.write_text("\n".join(["Zeit [s];Hautleitwert [µS];Ereignis", *rows]) + "\n", "cp1252")
    return path


def fif(folder: Path) -> Path:
    """A second of ECG in volt."""
    import mne

    raw = mne.io.RawArray(
        np.full((1, 200), 1e-3), mne.create_info(["client ECG"], 200.0, "ecg"), verbose="error"
    )
    raw.set_annotations(mne.Annotations([0.5], [0.0], ["clap"]))
    path = folder / "a_raw.fif"
    raw.save(path, verbose="error")
    return path


Expected = set[tuple[str, str, float, int, float]]
"""Modality, unit, rate, samples and first value of each stream; nan-free."""
FILES: dict[str, tuple[Callable[[Path], Path], str, Expected]] = {
    "e4 zip": (
        e4_zip,
        "Empatica E4",
        {
            ("eda", "uS", 4.0, 60, 4.0),
            ("acc", "g", 32.0, 40, 0.0),
            ("rr", "s", 0.0, 2, 0.8),
            ("markers", "", 0.0, 1, 0.0),
        },
    ),
    "e4 csv": (e4_csv, "Empatica E4", {("eda", "uS", 4.0, 60, 4.0)}),
    "embrace avro": (
        embrace_avro,
        "EmbracePlus",
        {("eda", "uS", 4.0, 60, 4.0), ("acc", "g", 64.0, 64, 0.0), ("markers", "", 0.0, 1, 0.0)},
    ),
    "opensignals txt": (opensignals_txt, "OpenSignals", {("eda", "uS", 100.0, 50, 12.5)}),
    "opensignals h5": (opensignals_h5, "OpenSignals", {("eda", "uS", 100.0, 50, 12.5)}),
    "polar acc": (polar_acc, "Polar", {("acc", "mg", 50.0, 40, 0.0)}),
    "emotibit raw": (emotibit_raw, "EmotiBit", {("eda", "uS", 15.0, 60, 2.0)}),
    "shimmer": (shimmer_csv, "Shimmer", {("acc", "m/s2", 50.0, 40, 0.0)}),
    "acqknowledge txt": (
        acqknowledge_txt,
        "AcqKnowledge text",
        {("ecg", "mV", 500.0, 600, 0.1), ("eda", "uS", 500.0, 600, 4.0)},
    ),
    "labchart": (
        labchart_txt,
        "LabChart",
        {("ecg", "mV", 100.0, 60, 0.1), ("eda", "uS", 100.0, 60, 4.0), ("markers", "", 0.0, 1, 0.0)},
    ),
    "mindware": (mindware_txt, "MindWare", {("ecg", "mV", 500.0, 600, 0.1), ("eda", "uS", 500.0, 600, 4.0)}),
    "mindware events": (mindware_events, "MindWare", {("markers", "", 0.0, 2, 0.0)}),
    "imotions": (imotions_csv, "iMotions", {("eda", "uS", 50.0, 60, 4.0)}),
    "movesense json": (movesense_json, "Movesense", {("ecg", "uV", 128.0, 160, 0.0)}),
    "rr list": (rr_list, "RR", {("rr", "ms", 0.0, 40, 800.0)}),
    "bids physio": (bids_physio, "BIDS", {("eda", "uS", 4.0, 59, 4.0)}),
    "bids events": (bids_events, "BIDS", {("markers", "", 0.0, 3, 0.0)}),
    "unisens": (
        unisens,
        "Unisens",
        {("ecg", "mV", 256.0, 512, 0.0), ("rr", "ms", 0.0, 2, 800.0), ("markers", "", 0.0, 1, 0.0)},
    ),
    "edf": (edf_plus, "EDF+C", {("ecg", "mV", 100.0, 300, 0.5), ("markers", "", 0.0, 2, 0.0)}),
    "bdf": (bdf, "BDF", {("ecg", "mV", 100.0, 300, 0.5), ("markers", "", 0.0, 2, 0.0)}),
    "xdf": (xdf, "XDF", {("eda", "uS", 4.0, 60, 4.0)}),
    "wav": (wav, "WAV", {("voice", "", 8000.0, 8000, 0.0), ("voice", "", 8000.0, 8000, 1.0)}),
    "table": (table, "table", {("eda", "uS", 4.0, 60, 4.0), ("markers", "", 0.0, 1, 0.0)}),
    "fif": (fif, "MNE", {("ecg", "mV", 200.0, 200, 1.0), ("markers", "", 0.0, 1, 0.0)}),
}


def riff(fmt: bytes, data: bytes, *, size: int | None = None) -> bytes:
    """Return a WAV file with any format chunk and any stated length."""
    out = io.BytesIO()
    length = len(data) if size is None else size
    body = b"WAVEfmt " + len(fmt).to_bytes(4, "little") + fmt + b"data" + length.to_bytes(4, "little") + data
    out.write(b"RIFF" + (len(body) & 0xFFFFFFFF).to_bytes(4, "little") + body)
    return out.getvalue()


def first(value: Any) -> float:
    """Return a first value as a number; 0 for text."""
    return 0.0 if isinstance(value, str) else float(value)
