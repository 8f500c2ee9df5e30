"""Files of other programs become recordings."""

from __future__ import annotations

import wave
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from acquisition.errors import AttunementError
from acquisition.importing.files import import_files, import_streams
from acquisition.importing.store import Imported, store
from acquisition.recording.recording import Recording
from acquisition.session.toml import load_session
from acquisition.stream import Chunk, ClockOffset, Modality, Role, StreamInfo
from acquisition.tick import Tick

Write = Callable[[str, str], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write a text file and return its path."""

    def written(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return written


def stream(path: Path, role: Role, name: str) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Return stamps and samples of a stream of a recording."""
    chunks = [c for c in Recording(path) if isinstance(c, Chunk) and c.info.key == (role, name)]
    return np.concatenate([c.times for c in chunks]), np.concatenate([c.samples for c in chunks])


def test_columns_of_a_csv_are_stored_as_they_are(write: Write, tmp_path: Path) -> None:
    rows = [(100 + i / 4, i * 0.5, -i) for i in range(20)]
    table = write("a.csv", "time,ecg,eda\n" + "\n".join(f"{t},{a},{b}" for t, a, b in rows))
    out = tmp_path / "rec"
    infos = import_files(
        [table], ["client:resp:V:4=ecg", "therapist:eda:uS=eda"], time_column="time", out=out
    )
    assert [(i.role, i.modality, i.unit, i.sfreq) for i in infos] == [
        (Role.CLIENT, Modality.RESP, "V", 4.0),
        (Role.THERAPIST, Modality.EDA, "uS", 4.0),
    ]
    times, samples = stream(out, Role.CLIENT, "ecg")
    assert times.tolist() == [t for t, _, _ in rows]
    assert samples[:, 0].tolist() == [a for _, a, _ in rows]
    assert stream(out, Role.THERAPIST, "eda")[1][:, 0].tolist() == [float(b) for _, _, b in rows]


def test_the_recording_is_closed_and_says_what_was_imported(write: Write, tmp_path: Path) -> None:
    table = write("a.csv", "ecg\n1\n2\n3\n")
    out = tmp_path / "D07_S03"
    import_files([table], ["client:ecg:mV:250=ecg"], out=out)
    recording, session = Recording(out), load_session(out / "session.toml")
    assert recording.state == "closed"
    assert (session.id, session.client.code, session.therapist.code) == ("D07_S03", "C00", "T00")
    assert session.crisis_contact == "import"
    assert (session.client.consent.ecg, session.client.consent.eda) == (True, False)
    assert not session.therapist.consent.ecg
    assert [i.name for i in recording.streams] == ["ecg"]
    assert (out / "manifest.json").exists()


def test_ticks_are_made_from_the_stamps(write: Write, tmp_path: Path) -> None:
    table = write("a.csv", "t,x\n-5,1\n-4.95,2\n-4.9,3\n-4.35,4\n")
    import_files([table], ["client:resp:=x"], time_column="t", out=tmp_path / "rec")
    items = [i for i in Recording(tmp_path / "rec") if isinstance(i, Tick | Chunk)]
    ticks = [i for i in items if isinstance(i, Tick)]
    assert [t.number for t in ticks] == list(range(8))
    assert np.allclose([t.time for t in ticks], -5 + 0.1 * np.arange(8))
    now = -np.inf
    for item in reversed(items):
        if isinstance(item, Tick):
            now = item.time
        else:
            assert np.all(item.times <= now + 1e-6)
            assert np.all(item.times > now - 0.1 - 1e-6)


def test_without_a_time_column_sample_i_is_at_i_over_sfreq(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", ecg=np.arange(1000, dtype=np.int16), acc=np.zeros((50, 3), np.float32))
    out = tmp_path / "rec"
    import_files([tmp_path / "a.npz"], ["client:ecg:mV:360=ecg", "client:acc:g:25=acc"], out=out)
    times, samples = stream(out, Role.CLIENT, "ecg")
    assert np.array_equal(times, np.arange(1000) / 360)
    assert samples.dtype == np.int16
    assert stream(out, Role.CLIENT, "acc")[1].shape == (50, 3)


def test_files_are_numbered_and_a_column_may_serve_twice(write: Write, tmp_path: Path) -> None:
    first, second = write("a.csv", "x\n1\n2\n"), write("b.csv", "x;y\n3;4\n5;6\n")
    out = tmp_path / "rec"
    requests = ["client:ecg:mV:100=x", "therapist:ecg:mV:100=1#x", "client:eda:uS:1=2#y", "dyad:resp::1=2#1"]
    infos = import_files([first, second], requests, out=out)
    assert [i.metadata["imported_from"] for i in infos] == ["a.csv", "a.csv", "b.csv", "b.csv"]
    assert (
        stream(out, Role.CLIENT, "x")[1].tolist()
        == stream(out, Role.THERAPIST, "x")[1].tolist()
        == [[1], [2]]
    )
    assert stream(out, Role.CLIENT, "y")[1].tolist() == [[4], [6]]
    assert stream(out, Role.DYAD, "1")[1].tolist() == [[3], [5]]


def test_one_column_as_two_streams_of_one_person_gets_two_names(write: Write, tmp_path: Path) -> None:
    table = write("a.csv", "x\n1\n2\n")
    infos = import_files([table], ["client:ecg:mV:100=x", "client:resp::1=x"], out=tmp_path / "rec")
    assert [i.name for i in infos] == ["x", "x resp"]


def test_missing_cells_stay_nan(write: Write, tmp_path: Path) -> None:
    table = write("a.csv", "x,y\n1,\n,2\nNaN,NA\n4,5\n")
    import_files([table], ["client:ecg:mV:100=x", "client:resp::1=y"], out=tmp_path / "rec")
    assert np.array_equal(
        stream(tmp_path / "rec", Role.CLIENT, "x")[1][:, 0], [1, np.nan, np.nan, 4], equal_nan=True
    )
    assert np.array_equal(
        stream(tmp_path / "rec", Role.CLIENT, "y")[1][:, 0], [np.nan, 2, np.nan, 5], equal_nan=True
    )


@pytest.mark.parametrize("unit", ["ms", "s"])
def test_intervals_without_a_time_column_follow_one_another(write: Write, tmp_path: Path, unit: str) -> None:
    scale = 1000 if unit == "ms" else 1
    table = write("rr.csv", "rr\n" + "\n".join(str(v * scale) for v in (0.8, 0.9, 1.0)))
    [info] = import_files([table], [f"client:rr:{unit}=rr"], out=tmp_path / "rec")
    times, samples = stream(tmp_path / "rec", Role.CLIENT, "rr")
    assert info.sfreq == 0.0
    assert np.allclose(times, [0.8, 1.7, 2.7])
    assert np.allclose(samples[:, 0], np.array([0.8, 0.9, 1.0]) * scale)


def test_intervals_with_a_time_column_keep_its_stamps_and_their_holes(write: Write, tmp_path: Path) -> None:
    table = write("rr.csv", "t,rr\n0.8,800\n1.7,\n9,1000\n")
    import_files([table], ["client:rr:ms=rr"], time_column="t", out=tmp_path / "rec")
    times, samples = stream(tmp_path / "rec", Role.CLIENT, "rr")
    assert times.tolist() == [0.8, 1.7, 9.0]
    assert np.isnan(samples[1, 0])


def test_markers_are_text_at_their_times(write: Write, tmp_path: Path) -> None:
    table = write("m.csv", 't,what\n1,start\n2,\n2.5,"end, and µ"\n')
    import_files([table], ["dyad:markers:=what"], time_column="t", out=tmp_path / "rec")
    [batch] = Recording(tmp_path / "rec").batches()
    chunks = [c for c in Recording(tmp_path / "rec") if isinstance(c, Chunk)]
    texts = [str(v) for c in chunks for v in c.samples[:, 0]] or [e.code for _, e in batch.events]
    assert texts == ["start", "end, and µ"]


def test_clock_offsets_of_an_xdf_are_applied_to_its_stamps(tmp_path: Path) -> None:
    times = 50 + np.arange(100) / 10
    info = StreamInfo(
        name="EDA", role=Role.CLIENT, modality=Modality.EDA, sfreq=10.0, unit="uS", channels=("left", "right")
    )
    samples = np.arange(200, dtype=np.float32).reshape(100, 2)
    source = Imported(info=info, times=times, samples=samples, offsets=[(0, 50.0, 7.0), (60, 56.0, 7.01)])
    store(tmp_path / "source", [source], sources=[])
    [made] = import_files(
        [tmp_path / "source" / "client.xdf"], ["therapist:eda:uS=EDA:right"], out=tmp_path / "rec"
    )
    assert (made.channels, made.sfreq) == (("right",), 10.0)
    got, values = stream(tmp_path / "rec", Role.THERAPIST, "EDA:right")
    assert np.allclose(got, times + np.interp(times, [50.0, 56.0], [7.0, 7.01]), atol=1e-9)
    assert np.array_equal(values, samples[:, 1:])
    left = [i.value for i in Recording(tmp_path / "rec") if isinstance(i, ClockOffset)]
    assert not any(left)


def test_the_reference_xdf_can_be_imported(data_dir: Path, tmp_path: Path) -> None:
    from acquisition.xdf import load_foreign

    file = data_dir / "xdf" / "minimal.xdf"
    numbers = next(s for s in load_foreign(file) if s.samples.dtype != object)
    import_files([file], [f"client:acc:g={numbers.header.name}"], out=tmp_path / "rec")
    times, samples = stream(tmp_path / "rec", Role.CLIENT, numbers.header.name)
    [(_, _, offset), *_] = numbers.offsets
    assert np.allclose(times, numbers.times + offset, atol=1e-9)
    assert np.array_equal(samples, numbers.samples)


def test_real_recordings_pass_unchanged(data_dir: Path, tmp_path: Path) -> None:
    ecg, eda = data_dir / "ecg" / "mitdb_100.npz", data_dir / "eda" / "wrist_e4_61min.npz"
    import_files([ecg, eda], ["client:ecg:mV:360=ecg", "client:eda:uS:4=2#eda"], out=tmp_path / "rec")
    assert np.array_equal(stream(tmp_path / "rec", Role.CLIENT, "ecg")[1][:, 0], np.load(ecg)["ecg"])
    assert np.array_equal(stream(tmp_path / "rec", Role.CLIENT, "eda")[1][:, 0], np.load(eda)["eda"])


def test_pyxdf_reads_what_was_imported(write: Write, tmp_path: Path) -> None:
    import pyxdf

    table = write("a.csv", "t,x\n" + "\n".join(f"{i / 10},{i}" for i in range(50)))
    import_files([table], ["client:eda:uS:10=x"], time_column="t", out=tmp_path / "rec")
    streams, _ = pyxdf.load_xdf(str(tmp_path / "rec" / "client.xdf"), dejitter_timestamps=False)
    [found] = [s for s in streams if s["info"]["name"] == ["x"]]
    assert found["time_series"][:, 0].tolist() == list(range(50))
    assert np.allclose(found["time_stamps"], np.arange(50) / 10)


def test_channels_of_a_wav_become_audio(tmp_path: Path) -> None:
    frames = np.arange(3200, dtype="<i2").reshape(1600, 2)
    with wave.open(str(tmp_path / "two.wav"), "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(frames.tobytes())
    requests = ["therapist:audio:=left", "client:audio:=2"]
    infos = import_files([tmp_path / "two.wav"], requests, out=tmp_path / "rec")
    assert [i.sfreq for i in infos] == [16_000.0, 16_000.0]
    assert np.array_equal(stream(tmp_path / "rec", Role.CLIENT, "2")[1], frames[:, 1:])
    assert load_session(tmp_path / "rec" / "session.toml").client.consent.raw_audio


def edf(path: Path, signals: dict[str, NDArray[np.int16]], low: float, high: float) -> Path:
    """Write a plain EDF with records of one second."""
    n, seconds = len(signals), 4

    def field(*texts: object, width: int) -> bytes:
        return b"".join(str(t).encode().ljust(width) for t in texts)

    head = field("0", width=8) + bytes(160).replace(b"\0", b" ") + field("01.01.00", "00.00.00", width=8)
    head += field(256 * (n + 1), width=8) + b" " * 44 + field(seconds, 1, width=8) + field(n, width=4)
    rates = [len(v) // seconds for v in signals.values()]
    for texts, width in (
        (list(signals), 16),
        ([""] * n, 80),
        (["mV"] * n, 8),
        ([low] * n, 8),
        ([high] * n, 8),
        ([-32768] * n, 8),
        ([32767] * n, 8),
        ([""] * n, 80),
        (rates, 8),
        ([""] * n, 32),
    ):
        head += field(*texts, width=width)
    body = b"".join(
        v[k * r : (k + 1) * r].tobytes()
        for k in range(seconds)
        for v, r in zip(signals.values(), rates, strict=True)
    )
    path.write_bytes(head + body)
    return path


def test_signals_of_an_edf_come_in_physical_units(tmp_path: Path) -> None:
    ecg = np.linspace(-32768, 32767, 400).astype("<i2")
    eda = np.arange(16, dtype="<i2")
    file = edf(tmp_path / "a.edf", {"ECG": ecg, "EDA": eda}, -5, 5)
    infos = import_files([file], ["client:ecg:mV=ECG", "client:resp::4=EDA"], out=tmp_path / "rec")
    assert [i.sfreq for i in infos] == [100.0, 4.0]
    expected = (ecg.astype(float) + 32768) * 10 / 65535 - 5
    assert np.allclose(stream(tmp_path / "rec", Role.CLIENT, "ECG")[1][:, 0], expected, atol=1e-12)


def test_a_unit_other_than_the_file_says_is_refused(tmp_path: Path) -> None:
    file = edf(tmp_path / "a.edf", {"ECG": np.zeros(400, "<i2")}, -5, 5)
    with pytest.raises(AttunementError, match="unit 'uV', but the file says 'mV'"):
        import_files([file], ["client:ecg:uV=ECG"], out=tmp_path / "rec")
    import_files([file], ["client:ecg:millivolts=ECG"], out=tmp_path / "rec")


@pytest.mark.parametrize(
    ("request_", "time", "reason"),
    [
        ("client:ecg:mV:4=pulse", None, "no column 'pulse' (there are: n, ecg, word)"),
        ("client:ecg:mV=ecg", None, "neither a time column nor a rate"),
        ("client:ecg:furlong:4=ecg", None, "known: V, mV, µV, nV"),
        ("client:ecg::4=ecg", None, "no unit said"),
        ("patient:ecg:mV:4=ecg", None, "no role 'patient' (known: client, therapist, dyad)"),
        ("client:eeg:mV:4=ecg", None, "no modality 'eeg' (known: ecg, eda"),
        ("client:ecg=ecg", None, "must be ROLE:MODALITY:UNIT[:SFREQ]=[N#]COLUMN"),
        ("client:ecg:mV:fast=ecg", None, "SFREQ 'fast'"),
        ("client:ecg:mV:0=ecg", None, "SFREQ '0'"),
        ("client:ecg:mV:4=2#ecg", None, "no file 2 (there are 1"),
        ("client:rr:ms:4=ecg", None, "rr is irregular"),
        ("client:ecg:mV:4=word", None, "row 2 (line 3), column 'word': 'b' is not a number"),
        (
            "client:ecg:mV:10=ecg",
            None,
            "column 'ecg': ECG at 10 Hz: 100-1000 Hz are needed to place an R peak",
        ),
        ("client:ecg:mV=ecg", "t", "ECG at 1 Hz: 100-1000 Hz are needed"),
        ("client:ecg:mV:1000=ecg", "t", "its stamps [s] say 1 Hz"),
        ("dyad:markers:=word", None, "markers need a time column"),
    ],
)
def test_a_request_that_cannot_be_met_says_why_and_writes_nothing(
    write: Write, tmp_path: Path, request_: str, time: str | None, reason: str
) -> None:
    table = write("a.csv", f"{time or 'n'},ecg,word\n1,5,1\n2,6,b\n3,7,3\n")
    with pytest.raises(AttunementError) as error:
        import_files([table], [request_], time_column=time, out=tmp_path / "rec")
    assert reason in str(error.value)
    assert "\n" not in str(error.value)
    assert not (tmp_path / "rec").exists()


@pytest.mark.parametrize("bad", ["0.48", "", "9000000", "-7"])
def test_a_single_bad_stamp_is_left_out_and_counted(write: Write, tmp_path: Path, bad: str) -> None:
    times = [f"{i / 100:.2f}" for i in range(400)]
    times[50] = bad
    table = write("a.csv", "t,x\n" + "\n".join(f"{t},{i}" for i, t in enumerate(times)))
    done = import_streams([table], ["client:ecg:mV=x"], times=["t"], out=tmp_path / "rec")
    assert done.streams[0].sfreq == 100.0
    assert any("left out" in note for note in done.notes)
    stamps, samples = stream(tmp_path / "rec", Role.CLIENT, "x")
    assert samples[:, 0].tolist() == [i for i in range(400) if i != 50]
    assert np.array_equal(stamps, np.array([i for i in range(400) if i != 50]) / 100)


def test_a_missing_interval_without_a_time_column_names_the_row(write: Write, tmp_path: Path) -> None:
    table = write("rr.csv", "rr,x\n800,1\n,2\n900,3\n")
    with pytest.raises(AttunementError, match="row 2"):
        import_files([table], ["client:rr:ms=rr"], out=tmp_path / "rec")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("a.mat", b"x", "of no layout that is known"),
        ("a.npz", b"no zip", "cannot be read"),
        ("a.edf", b"no edf", "not an EDF or BDF file"),
        ("a.wav", b"no wav", "no WAV file"),
        ("a.xdf", b"no xdf", "no XDF"),
        ("a.csv", b"", "empty"),
        ("a.csv", b"x\n", "no rows"),
        ("absent.csv", None, "no such file"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, name: str, content: bytes | None, reason: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(AttunementError, match=reason) as error:
        import_files([tmp_path / name], ["client:ecg:mV:250=x"], out=tmp_path / "rec")
    assert name in str(error.value)


def test_a_name_that_cannot_be_a_session_is_refused(write: Write, tmp_path: Path) -> None:
    table = write("a.csv", "x\n1\n2\n")
    for name in ("Anna Meier", "Anna_Meier"):
        with pytest.raises(AttunementError, match="names the session"):
            import_files([table], ["client:ecg:mV:250=x"], out=tmp_path / name)


def test_a_recording_is_never_written_over(write: Write, tmp_path: Path) -> None:
    table = write("a.csv", "x\n1\n2\n")
    import_files([table], ["client:ecg:mV:250=x"], out=tmp_path / "rec")
    with pytest.raises(AttunementError, match="rec"):
        import_files([table], ["client:ecg:mV:250=x"], out=tmp_path / "rec")


@settings(max_examples=25, deadline=None)
@given(
    rows=st.lists(
        st.tuples(st.floats(0.01, 2.0), st.floats(-1e6, 1e6) | st.just(float("nan"))), min_size=1, max_size=30
    )
)
def test_any_table_comes_back_as_it_was(
    rows: list[tuple[float, float]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("any")
    times, values = np.cumsum([step for step, _ in rows]), np.array([value for _, value in rows])
    lines = [f"{t!r},{v!r}" for t, v in zip(times.tolist(), values.tolist(), strict=True)]
    (folder / "a.csv").write_text("t,x\n" + "\n".join(lines))
    import_files([folder / "a.csv"], ["client:resp:=x"], time_column="t", out=folder / "rec")
    got, samples = stream(folder / "rec", Role.CLIENT, "x")
    assert np.array_equal(got, times)
    assert np.array_equal(samples[:, 0], values, equal_nan=True)


def valid(folder: Path, suffix: str) -> Path:
    """Write a small valid file of a kind."""
    path = folder / f"a{suffix}"
    if suffix == ".csv":
        path.write_text("t,x\n" + "\n".join(f"{i},{i * 0.5}" for i in range(9)))
    elif suffix == ".npz":
        np.savez(path, x=np.arange(9.0), t=np.arange(9.0))
    elif suffix == ".edf":
        edf(path, {"x": np.arange(16, dtype="<i2"), "t": np.arange(8, dtype="<i2")}, -1, 1)
    elif suffix == ".wav":
        with wave.open(str(path), "wb") as file:
            file.setparams((2, 2, 100, 0, "NONE", ""))
            file.writeframes(np.arange(18, dtype="<i2").tobytes())
    else:
        info = StreamInfo(
            name="x", role=Role.DYAD, modality=Modality.RESP, sfreq=1.0, unit="", channels=("a",)
        )
        item = Imported(info=info, times=np.arange(9.0), samples=np.zeros((9, 1), np.float32), offsets=[])
        store(folder / "valid", [item], sources=[])
        path = folder / "valid" / "dyad.xdf"
    return path


@pytest.mark.parametrize("suffix", [".csv", ".npz", ".edf", ".wav", ".xdf"])
@settings(max_examples=40, deadline=None)
@given(data=st.data())
def test_a_damaged_file_is_read_or_named_and_nothing_else(
    suffix: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("damaged")
    whole = valid(folder, suffix).read_bytes()
    begin = data.draw(st.integers(0, len(whole)))
    wrong = data.draw(st.binary(max_size=8) | st.text("0123456789-e. ,", max_size=8).map(str.encode))
    end = data.draw(st.just(begin + len(wrong)) | st.just(len(whole)))
    damaged = folder / f"damaged{suffix}"
    damaged.write_bytes(whole[:begin] + wrong + whole[end:])
    column = "1" if suffix == ".wav" else "x"
    try:
        time = "t" if suffix in (".csv", ".npz") else None
        import_files([damaged], [f"client:resp:={column}"], time_column=time, out=folder / "rec")
    except AttunementError as error:
        said = str(error)
        event(said.partition(":")[2][:30])
        assert "\n" not in said
