"""Every layout is recognised and read; damaged, a file is read or named in one line, and nothing else."""

from __future__ import annotations

import os
import re
import shutil
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.errors import AttunementError, RecordingError, StreamError
from acquisition.importing import recognition
from acquisition.importing.assigning import import_as
from acquisition.importing.files import import_files, import_streams
from acquisition.importing.found import FoundFile, Hints
from acquisition.importing.layouts.wav import frames_of
from acquisition.importing.recognition import recognised
from acquisition.recording.recording import Recording
from acquisition.stream import Chunk, Modality, Role
from acquisition.voice.rows import ROW_CHANNELS
from tests.acquisition.importing.layout_files import FILES, first, opensignals_txt, riff, table, unisens

NAMES = sorted(FILES)


def facts(file: FoundFile) -> set[tuple[str, str, float, int, float]]:
    """Return what is compared of a file."""
    return {
        (str(f.modality), f.unit, f.sfreq, len(f.times), round(first(f.samples[0, 0]), 4))
        for f in file.streams
    }


def refusal(path: Path) -> str:
    """Return what is said of a file that cannot be read; "" if it can."""
    try:
        recognised(path)
    except AttunementError as error:
        return str(error) or "nothing said"
    return ""


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_each_layout_gives_what_it_holds(name: str, tmp_path: Path) -> None:
    make, layout, expected = FILES[name]
    file = recognised(make(tmp_path))
    assert layout in file.layout
    assert facts(file) == expected
    assert not file.damage
    for found in file.streams:
        assert np.all(np.diff(found.times) >= 0)
        assert len(found.labels) == found.samples.shape[1] == np.asarray(found.samples).shape[1]


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("wav", "unisens")])
def test_a_file_of_each_layout_becomes_a_recording(name: str, tmp_path: Path) -> None:
    path = FILES[name][0](tmp_path)
    done = import_as([(Role.CLIENT, path)], out=tmp_path / "rec")
    assert {str(i.modality) for i in done.streams} == {m for m, *_ in FILES[name][2]}


APART = ("embrace avro", "opensignals h5")
"""Read in a process of their own, which takes its time to begin."""


@pytest.mark.parametrize("name", APART)
@settings(max_examples=5, deadline=None)
@given(data=st.data())
def test_a_damaged_file_for_another_library_is_read_or_named(
    name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    _damaged(name, data, tmp_path_factory)


def test_what_a_library_says_of_noise_is_one_line(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "noise.acq"
    path.write_bytes(np.random.default_rng(3).bytes(3000))
    with pytest.raises(RecordingError, match="AcqKnowledge that cannot be read: ") as error:
        recognised(path)
    assert "object" not in str(error.value) and "\n" not in str(error.value)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", [n for n in NAMES if n not in ("unisens", *APART)])
@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_read_or_named_and_nothing_else(
    name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    _damaged(name, data, tmp_path_factory)


def _damaged(name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    path = FILES[name][0](folder)
    whole = path.read_bytes()
    begin = data.draw(st.integers(0, len(whole)))
    wrong = data.draw(
        st.binary(max_size=12)
        | st.text("0123456789-e. ,;\t\n", max_size=12).map(str.encode)
        | st.just(b"\xff" * 8)
    )
    end = data.draw(
        st.just(begin + len(wrong)) | st.just(begin) | st.just(len(whole)) | st.integers(begin, len(whole))
    )
    path.write_bytes(whole[:begin] + wrong + whole[end:])
    said = refusal(path)
    assert "\n" not in said
    assert not said or path.name in said
    shutil.rmtree(folder)


def test_a_reader_of_another_library_that_finds_no_end_is_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recognition, "PATIENCE", 0.0)
    path = FILES["opensignals h5"][0](tmp_path)
    assert "without an end" in refusal(path)


@settings(max_examples=60, deadline=None)
@given(
    content=st.binary(max_size=400),
    suffix=st.sampled_from(
        [
            ".csv",
            ".txt",
            ".edf",
            ".xdf",
            ".wav",
            ".json",
            ".zip",
            ".fif",
            ".tsv",
            ".bdf",
            ".xdfz",
        ]
    ),
)
def test_any_bytes_are_read_or_named(
    content: bytes, suffix: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("any") / f"a{suffix}"
    path.write_bytes(content)
    said = refusal(path)
    assert "\n" not in said


@settings(max_examples=30, deadline=None)
@given(data=st.data())
def test_a_damaged_unisens_is_read_or_named(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place = unisens(tmp_path_factory.mktemp("u"))
    file = place / data.draw(st.sampled_from(["unisens.xml", "ecg.bin", "nn.csv", "trigger.csv"]))
    whole = file.read_bytes()
    begin = data.draw(st.integers(0, len(whole)))
    file.write_bytes(
        whole[:begin] + data.draw(st.binary(max_size=6)) + whole[data.draw(st.integers(begin, len(whole))) :]
    )
    said = refusal(place)
    assert "\n" not in said


def test_a_link_out_of_a_folder_is_not_followed(tmp_path: Path) -> None:
    place = unisens(tmp_path)
    (tmp_path / "secret").write_bytes(b"\1\0" * 50)
    (place / "ecg.bin").unlink()
    (place / "ecg.bin").symlink_to(tmp_path / "secret")
    file = recognised(place)
    assert all(f.modality is not Modality.ECG for f in file.streams)
    assert "no such file" in file.left_out[0]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs here")
def test_a_pipe_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.csv")
    with pytest.raises(RecordingError, match="neither a file nor a folder"):
        recognised(tmp_path / "a.csv")


@pytest.mark.parametrize(
    ("kind", "bits", "data", "expected"),
    [
        (1, 8, bytes([128, 255, 0]), [0, 127 << 8, -128 << 8]),
        (1, 16, struct.pack("<3h", 0, 5, -5), [0, 5, -5]),
        (1, 24, (5).to_bytes(3, "little") + (-5).to_bytes(3, "little", signed=True), [5 << 8, -5 << 8]),
        (1, 32, struct.pack("<2i", 7, -7), [7, -7]),
        (3, 32, struct.pack("<2f", 0.5, -0.5), [0.5, -0.5]),
        (3, 64, struct.pack("<2d", 0.5, -0.5), [0.5, -0.5]),
    ],
)
@pytest.mark.parametrize("extensible", [False, True])
@pytest.mark.parametrize("size", [None, 0, 0xFFFFFFFF])
def test_a_wav_of_any_width_and_stated_length_is_read(
    tmp_path: Path,
    kind: int,
    bits: int,
    data: bytes,
    expected: list[float],
    extensible: bool,
    size: int | None,
) -> None:
    form = struct.pack("<HHIIHH", 0xFFFE if extensible else kind, 1, 8000, 8000 * bits // 8, bits // 8, bits)
    if extensible:
        form += struct.pack("<HHIH", 22, bits, 4, kind) + bytes(14)
    (tmp_path / "a.wav").write_bytes(riff(form, data, size=size))
    frames, rate, said = frames_of(tmp_path / "a.wav")
    assert frames[:, 0].tolist() == expected
    assert rate == 8000.0
    assert bool(said) == (size is not None)


@pytest.mark.parametrize(
    ("kind", "name"), [(2, "ADPCM"), (6, "A-law"), (7, "µ-law"), (0x55, "MP3"), (99, "99")]
)
def test_compressed_sound_is_named(tmp_path: Path, kind: int, name: str) -> None:
    (tmp_path / "a.wav").write_bytes(riff(struct.pack("<HHIIHH", kind, 1, 8000, 8000, 1, 8), b"abc"))
    with pytest.raises(RecordingError, match=name):
        frames_of(tmp_path / "a.wav")


def test_a_raw_channel_takes_the_sensor_that_is_said(tmp_path: Path) -> None:
    file = recognised(opensignals_txt(tmp_path), Hints(sensors={"CH2": Modality.ECG}))
    [ecg] = [f for f in file.streams if f.modality is Modality.ECG]
    assert ecg.samples[0, 0] == pytest.approx((100 / 2**16 - 0.5) * 3.0 / 1.019)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("separator", [";", "\t"])
@pytest.mark.parametrize("decimal", [",", "."])
def test_a_table_is_read_however_it_is_written(
    tmp_path: Path, encoding: str, separator: str, decimal: str
) -> None:
    text = table(tmp_path).read_text("cp1252").replace(";", separator).replace(",", decimal)
    (tmp_path / "b.csv").write_text(text, encoding)
    assert facts(recognised(tmp_path / "b.csv")) == FILES["table"][2]


def test_a_row_of_numbers_as_pandas_names_columns_is_a_row_of_names(tmp_path: Path) -> None:
    rows = [f"{i},{0.5 + i},{9.5 - i}" for i in range(40)]
    (tmp_path / "a.csv").write_text("\n".join([",0,1", *rows]) + "\n")
    from tests.acquisition.importing.test_importing import stream

    out = tmp_path / "rec"
    import_files([tmp_path / "a.csv"], ["client:eda:uS:4=0", "therapist:eda:uS:4=1"], out=out)
    assert stream(out, Role.CLIENT, "0")[1][0, 0] == 0.5
    assert stream(out, Role.THERAPIST, "1")[1][0, 0] == 9.5


def test_a_row_of_numbers_that_may_be_names_is_refused_with_both_readings(tmp_path: Path) -> None:
    rows = [f"{0.5 + i},{9.5 - i}" for i in range(40)]
    (tmp_path / "a.csv").write_text("\n".join(["0,1", *rows]) + "\n")

    with pytest.raises(RecordingError, match=r"two ways.*--header"):
        import_files([tmp_path / "a.csv"], ["client:eda:uS:4=1"], out=tmp_path / "rec")
    import_files([tmp_path / "a.csv"], ["client:eda:uS:4=1"], out=tmp_path / "rec", hints=Hints(header="yes"))


def test_what_was_made_of_a_channel_that_is_there_too_is_left_out_and_told(tmp_path: Path) -> None:
    rows = [f"{i / 4},{5 + i % 3},{i % 2}" for i in range(40)]
    (tmp_path / "a.csv").write_text("\n".join(["time,EDA [uS],EDA filtered [uS]", *rows]) + "\n")
    done = import_as([(Role.CLIENT, tmp_path / "a.csv")], out=tmp_path / "rec")
    assert [i.name for i in done.streams] == ["EDA [uS]"]
    assert any("EDA filtered [uS]: made of another channel" in note for note in done.notes)


def test_rows_of_prosody_come_by_the_names_of_their_columns(tmp_path: Path) -> None:
    names = ["time", *ROW_CHANNELS]
    rows = [",".join([str(i + 0.5), *(str(k) for k in range(len(ROW_CHANNELS)))]) for i in range(40)]
    (tmp_path / "voice.csv").write_text("\n".join([",".join(names), *rows]) + "\n")
    [info] = import_as([(Role.CLIENT, tmp_path / "voice.csv")], out=tmp_path / "rec").streams
    assert (info.modality, info.sfreq, info.channels) == (Modality.VOICE, 0.0, ROW_CHANNELS)


def test_rows_of_prosody_without_names_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", rows=np.zeros((20, 13)), t=np.arange(20.0))
    with pytest.raises(StreamError, match="voice_activity"):
        import_files([tmp_path / "a.npz"], ["client:voice:=rows"], time_column="t", out=tmp_path / "rec")


TEXTS = ["imotions", "mindware", "mindware events", "polar acc", "shimmer", "bids events", "rr list"]
NONE = ["nan", "NaN", "inf", "-inf", "1e300"]


@pytest.mark.parametrize("name", TEXTS)
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_stamp_that_is_none_passes_no_reader_and_is_counted(
    name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = FILES[name][0](tmp_path_factory.mktemp("none"))
    lines = path.read_text("utf-8").splitlines(keepends=True)
    row = data.draw(st.sampled_from([*range(min(6, len(lines))), len(lines) - 1]))
    numbers = [m for m in re.finditer(r"[^\s,;]+", lines[row]) if m[0].lstrip("-")[:1].isdigit()]
    if not numbers:
        return
    cell = data.draw(st.sampled_from(numbers[:2]))
    word = data.draw(st.sampled_from(NONE))
    lines[row] = lines[row][: cell.start()] + word + lines[row][cell.end() :]
    path.write_text("".join(lines), "utf-8")
    try:
        file = recognised(path)
    except AttunementError:
        return
    for found in file.streams:
        assert (np.abs(found.times) <= 1e11).all()


@pytest.mark.parametrize("word", [*NONE, ""])
@pytest.mark.parametrize("row", [1, 2, 30, 60])
@pytest.mark.parametrize("asked", [False, True], ids=["recognised", "asked for"])
def test_a_row_of_a_table_without_a_time_is_left_out_and_counted(
    tmp_path: Path, word: str, row: int, asked: bool
) -> None:
    lines = ["time,EDA (uS)", *(f"{0.25 * k:.2f},{4 + 0.01 * (k % 9):.2f}" for k in range(60))]
    lines[row] = f"{word},{lines[row].partition(',')[2]}"
    path, out = tmp_path / "table.csv", tmp_path / "D01_S01"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    if asked:
        done = import_streams([path], ["client:eda:uS=EDA (uS)"], times=["time"], out=out)
    else:
        done = import_as([(Role.CLIENT, path)], out=out)
    assert any(re.search(r"\b1 of 60 rows (without a time )?left out", note) for note in done.notes), (
        done.notes
    )
    times = np.concatenate([i.times for i in Recording(out) if isinstance(i, Chunk)])
    assert len(times) == 59
    assert np.isfinite(times).all()


@pytest.mark.parametrize("word", ["inf", "1e300", "nan", "-inf"])
def test_an_array_of_times_without_numbers_is_left_out_and_counted(tmp_path: Path, word: str) -> None:
    times = 0.25 * np.arange(60)
    times[0] = float(word)
    np.savez(tmp_path / "a.npz", t=times, eda=4.0 + 0.01 * (np.arange(60) % 9))
    done = import_streams([tmp_path / "a.npz"], ["client:eda:uS=eda"], times=["t"], out=tmp_path / "D01_S01")
    assert any("1 of 60 rows left out" in note for note in done.notes)


@pytest.mark.parametrize("word", ["inf", "1e300"])
def test_an_interval_without_end_is_refused_with_its_row(tmp_path: Path, word: str) -> None:
    path = tmp_path / "rr.txt"
    path.write_text("\n".join([*["800"] * 30, word, *["810"] * 30]), "utf-8")
    with pytest.raises(StreamError, match="row 31: interval"):
        recognised(path)
