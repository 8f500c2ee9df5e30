"""XDF bytes: any cut, any damage, other programs' forms, and other readers."""

from __future__ import annotations

import gzip
import logging
import re
import uuid
import warnings
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path
from struct import pack
from typing import Any

import numpy as np
import pytest
import pyxdf
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.errors import RecordingError
from acquisition.recording.tail import presumed_streams
from acquisition.stream import ROLES, Role
from acquisition.xdf import (
    Damage,
    Decoder,
    Header,
    Item,
    Offset,
    Samples,
    Stream,
    TickMark,
    Writer,
    load_foreign,
)
from acquisition.xdf.form import BOUNDARY_CHUNK, BOUNDARY_UUID, MAGIC, MAX_CHUNK, chunk, stream_id
from acquisition.xdf.header import header_xml, parse_header, stream_info
from tests.acquisition.simulated import ECG, MARKERS, STREAMS, record

modest = settings(deadline=None, max_examples=25)


def flat(items: Sequence[Item]) -> list[Any]:
    """Return items as values that compare."""
    out: list[Any] = []
    for item in items:
        if isinstance(item, Samples):
            out.append(("samples", item.stream.id, item.times.tolist(), item.samples.tolist()))
        elif isinstance(item, Offset):
            out.append(("offset", item.stream.id, item.collected, item.value))
        elif isinstance(item, TickMark | Damage):
            out.append((type(item).__name__, tuple(item) if isinstance(item, TickMark) else astuple(item)))
        else:
            out.append((type(item).__name__, item.stream.id))
    return out


def read(data: bytes, step: int = 1 << 30, presumed: Sequence[Stream] = ()) -> list[Item]:
    """Decode a whole file in portions of `step` bytes."""
    decoder, out = Decoder(presumed), []
    for at in range(0, len(data), step):
        out += decoder.feed(data[at : at + step])
    return out + decoder.feed(b"", final=True)


class Files(dict[str, bytes]):
    """Hold bytes by file; short to print."""

    __repr__ = object.__repr__


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    path = record(tmp_path_factory.mktemp("x") / "a", seed=1, n_ticks=250)
    return Files({f"{role}.xdf": (path / f"{role}.xdf").read_bytes() for role in ROLES})


def test_a_cut_at_every_byte_yields_every_complete_chunk(files: Files) -> None:
    raw = files["client.xdf"][:4500]
    whole = flat(Decoder().feed(raw))
    assert len(whole) > 30
    # Where each item ends, found by feeding byte by byte.
    decoder, ends = Decoder(), []
    for at in range(len(raw)):
        ends += [at + 1] * len(decoder.feed(raw[at : at + 1]))
    assert len(ends) == len(whole)
    for cut in range(len(raw)):
        got = read(raw[:cut])
        complete = whole[: sum(end <= cut for end in ends)]
        assert flat([i for i in got if not isinstance(i, Damage)]) == complete
        assert len([i for i in got if isinstance(i, Damage)]) <= 1


def test_only_the_last_byte_of_the_tick_streams_footer_closes_a_file(tmp_path: Path) -> None:
    raw = (record(tmp_path / "a", n_ticks=5) / "dyad.xdf").read_bytes()
    for cut in range(len(raw) + 1):
        decoder = Decoder()
        ticks = [i for i in decoder.feed(raw[:cut], final=True) if isinstance(i, TickMark)]
        assert decoder.closed == (cut == len(raw))
        assert all(t.intact for t in ticks)
    assert len(ticks) == 5


@modest
@given(step=st.integers(1, 3000))
def test_items_do_not_depend_on_the_portions(files: Files, step: int) -> None:
    for raw in files.values():
        assert flat(read(raw[:6000], step)) == flat(read(raw[:6000]))


@modest
@given(
    at=st.floats(0, 1),
    junk=st.binary(min_size=1, max_size=400) | st.just(bytes(300)) | st.just(b"\x04" * 40),
    step=st.integers(100, 9000),
)
def test_junk_costs_at_most_the_way_to_the_next_boundary_and_is_named(
    files: Files, at: float, junk: bytes, step: int
) -> None:
    whole = files["client.xdf"]
    footers = len(whole) - 1500
    raw = bytearray(whole)
    first = int(at * (footers - len(junk)))
    raw[first : first + len(junk)] = junk
    presumed = presumed_streams([info for info in STREAMS if info.role == Role.CLIENT])
    items = read(bytes(raw), step, presumed)
    assert flat(items) == flat(read(bytes(raw), presumed=presumed))
    before = [i for i in read(whole) if isinstance(i, TickMark)]
    intact = {i.number for i in items if isinstance(i, TickMark) and i.intact}
    changed = [place for place, (a, b) in enumerate(zip(raw, whole, strict=True)) if a != b]
    # What stood before a boundary's own sixteen bytes follows from them: without it nothing is lost.
    heads = {m.start() - k for m in re.finditer(re.escape(BOUNDARY_UUID), whole) for k in (1, 2, 3, 4)}
    lost = [t for t in before if t.number not in intact]
    named = [i for i in items if isinstance(i, Damage) or (isinstance(i, TickMark) and not i.intact)]
    assert bool(named) == bool(changed)
    assert bool(lost) == bool(set(changed) - heads)
    if lost:
        following = whole.find(BOUNDARY_UUID, first + len(junk))
        assert lost[0].stop > first
        assert lost[-1].start < (following if following >= 0 else len(whole))
        assert named[0].start <= first + len(junk)
        assert len(lost) <= 101 + 100  # junk may hide the boundary itself


def test_a_wrong_length_that_swallows_boundaries_is_found(files: Files) -> None:
    raw = bytearray(files["client.xdf"])
    tick = next(i for i in read(bytes(raw)) if isinstance(i, TickMark) and i.number == 20)
    at = tick.stop - 57
    assert raw[at] == 4
    for length, key in ((60_000, 1), (60_000, 99), (MAX_CHUNK, 99)):
        raw[at + 1 : at + 5] = pack("<I", length)
        raw[at + 7 : at + 11] = pack("<I", key)
        numbers = [i.number for i in read(bytes(raw)) if isinstance(i, TickMark)]
        assert numbers == [*range(20), *range(101, 250)]


def test_a_tail_of_zeros_is_a_cut(files: Files) -> None:
    whole = read(files["client.xdf"])
    end = next(i.stop for i in whole if isinstance(i, TickMark) and i.number == 60)
    *items, last = read(files["client.xdf"][:end] + bytes(5000))
    assert last == Damage(end, end + 5000, "zeros")
    assert flat(items) == flat(read(files["client.xdf"][:end]))


def test_nothing_after_the_end_is_read(files: Files) -> None:
    raw = files["client.xdf"]
    for step in (1000, 1 << 20):
        assert flat(read(raw + raw[5000:7000], step)) == flat(read(raw))


@modest
@given(data=st.binary(max_size=300), head=st.sampled_from([b"", MAGIC, MAGIC + BOUNDARY_CHUNK]))
def test_any_bytes_are_read_without_an_exception(data: bytes, head: bytes) -> None:
    one = flat(read(head + data))
    assert one == flat(read(head + data, 1))


@pytest.mark.parametrize(
    "xml", [b"<info>", b"\xff", b"<!DOCTYPE x [<!ENTITY a 'b'>]><info>&a;</info>", b"<info/>"]
)
def test_a_malformed_header_costs_its_stream_only(xml: bytes) -> None:
    good = header_xml(ECG)
    data = MAGIC + chunk(2, pack("<I", 5) + xml) + chunk(2, pack("<I", 6) + good)
    damage, header = read(data)
    assert isinstance(damage, Damage) and not damage.breaks
    assert isinstance(header, Header) and header.stream.name == ECG.name


@pytest.mark.parametrize(
    "field", ["<channel_count>-1<", "<channel_count>9999999<", "<channel_format>float16<"]
)
def test_impossible_headers_are_refused(field: str) -> None:
    xml = header_xml(ECG).decode()
    tag = field[: field.index(">") + 1]
    start = xml.index(tag)
    broken = xml[:start] + field + xml[xml.index("<", start + 1) + 1 :]
    with pytest.raises(ValueError, match="a stream of"):
        parse_header(5, broken.encode())


@pytest.mark.parametrize("info", STREAMS, ids=lambda info: f"{info.role}-{info.name}")
def test_a_header_says_what_the_stream_info_says(info: Any) -> None:
    stream = parse_header(7, header_xml(info))
    assert stream_info(stream, info.role) == info


def test_ids_follow_from_names_and_never_meet() -> None:
    first = stream_id("ECG")
    assert stream_id("ECG") == first
    assert stream_id("ECG", {first}) != first


def labrecorder_file() -> bytes:
    """Return a file in LabRecorder's forms: deduced stamps, multichannel text, three sizes of integers."""

    def header(key: int, name: str, kind: str, n: int, rate: float, form: str) -> bytes:
        xml = f"<info><name>{name}</name><type>{kind}</type><channel_count>{n}</channel_count>"
        xml += f"<nominal_srate>{rate}</nominal_srate><channel_format>{form}</channel_format></info>"
        return chunk(2, pack("<I", key) + xml.encode())

    def samples(key: int, count: bytes, body: bytes) -> bytes:
        return chunk(3, pack("<I", key) + count + body)

    numbers = pack("<Bd2h", 8, 10.0, 1, -1) + pack("<B2h", 0, 2, -2) + pack("<B2h", 0, 3, -3)
    later = pack("<B2h", 0, 4, -4)
    text = pack("<Bd", 8, 10.5) + b"\x01\x02hi" + b"\x04\x03\x00\x00\x00\xe2\x82\xac"
    text += pack("<Bd", 8, 11.5) + b"\x08" + pack("<Q", 1) + b"x" + b"\x01\x00"
    return (
        MAGIC
        + chunk(1, b"<info><version>1.0</version></info>")
        + header(1, "amp", "EEG", 2, 4.0, "int16")
        + header(2, "psy", "Markers", 2, 0.0, "string")
        + header(3, "big", "ECG", 1, 0.0, "int64")
        + samples(1, b"\x04\x03\x00\x00\x00", numbers)
        + chunk(4, pack("<Idd", 1, 12.0, 0.25))
        + chunk(5, uuid.UUID("43A546DC-CBF5-410F-B30E-D5467383CBE4").bytes)
        + samples(1, b"\x01\x01", later)
        + samples(2, b"\x08" + pack("<Q", 2), text)
        + samples(3, b"\x01\x01", pack("<Bdq", 8, 1.5, -(2**62)))
        + chunk(6, pack("<I", 1) + b"<info><sample_count>4</sample_count></info>")
    )


def test_labrecorders_forms_are_read_as_pyxdf_reads_them(tmp_path: Path) -> None:
    path = tmp_path / "lab.xdf"
    path.write_bytes(labrecorder_file())
    damage: list[Damage] = []
    amp, psy, big = load_foreign(path, damage=damage)
    assert damage == []
    assert amp.times.tolist() == [10.0, 10.25, 10.5, 10.75]
    assert amp.samples.tolist() == [[1, -1], [2, -2], [3, -3], [4, -4]]
    assert amp.offsets == [(3, 12.0, 0.25)]
    assert amp.info is None
    assert psy.samples.tolist() == [["hi", "€"], ["x", ""]]
    assert psy.info is not None and psy.info.role == Role.DYAD
    assert big.samples.tolist() == [[-(2**62)]]
    theirs = load_pyxdf(path, select_streams=[1, 2, 3])
    for mine in (amp, psy, big):
        assert mine.times.tolist() == theirs[mine.header.id]["time_stamps"].tolist()
        assert mine.samples.tolist() == np.asarray(theirs[mine.header.id]["time_series"]).tolist()


def test_a_gzipped_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "a.xdfz").write_bytes(gzip.compress(labrecorder_file()))
    assert len(load_foreign(tmp_path / "a.xdfz")) == 3


@pytest.mark.parametrize(
    "data",
    [b"", b"RIFF1234", gzip.compress(b"no"), gzip.compress(b"XDF:" * 99)[:20]],
    ids=["empty", "another format", "zipped text", "zipped and cut"],
)
def test_what_is_no_xdf_file_is_named(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "a.xdf").write_bytes(data)
    with pytest.raises(RecordingError, match=r"a\.xdf"):
        load_foreign(tmp_path / "a.xdf")


def test_the_reference_file_is_read_as_pyxdf_reads_it(data_dir: Path) -> None:
    path = data_dir / "xdf" / "minimal.xdf"
    damage: list[Damage] = []
    mine = load_foreign(path, damage=damage)
    assert mine
    assert damage == []
    theirs = load_pyxdf(path)
    for stream in mine:
        got = theirs[stream.header.id]
        assert stream.times.tolist() == got["time_stamps"].tolist()
        assert stream.samples.tolist() == np.asarray(got["time_series"]).tolist()


def load_pyxdf(path: Path, **options: Any) -> dict[int, Any]:
    """Return pyxdf's streams by id, with stamps as they are stored."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        streams, _ = pyxdf.load_xdf(path, synchronize_clocks=False, dejitter_timestamps=False, **options)
    return {s["info"]["stream_id"]: s for s in streams}


@pytest.mark.parametrize("close", [True, False])
def test_pyxdf_loads_every_file_without_complaint_and_agrees(
    tmp_path: Path, close: bool, caplog: pytest.LogCaptureFixture
) -> None:
    path = record(tmp_path / "a", seed=4, close=close)
    for role in ROLES:
        file = path / f"{role}.xdf"
        with caplog.at_level(logging.WARNING):
            streams, _ = pyxdf.load_xdf(file)  # with its clock synchronisation and dejittering
        assert streams
        assert caplog.records == []
        theirs = load_pyxdf(file)
        for stream in load_foreign(file):
            got = theirs[stream.header.id]
            assert got["info"]["desc"][0] is not None
            assert stream.times.tolist() == got["time_stamps"].tolist()
            assert stream.samples.tolist() == np.asarray(got["time_series"]).tolist()
        if close:
            counts = {
                s["info"]["stream_id"]: int(s["footer"]["info"]["sample_count"][0]) for s in theirs.values()
            }
            assert counts == {key: len(s["time_stamps"]) for key, s in theirs.items()}


def test_a_tick_holds_number_wall_crc_and_clock_offset(tmp_path: Path) -> None:
    path = record(tmp_path / "a", n_ticks=5)
    ticks = load_pyxdf(path / "client.xdf")[1]
    assert ticks["info"]["type"] == ["Tick"]
    assert ticks["time_series"].dtype == np.float64
    assert ticks["time_series"][:, 0].tolist() == [0, 1, 2, 3, 4]
    assert ticks["time_series"][:, 1].tolist() == [1.7e9 + t for t in ticks["time_stamps"].tolist()]
    assert ticks["time_series"][:, 3].tolist() == [0] * 5
    for role in ROLES:
        others = load_pyxdf(path / f"{role}.xdf")[1]
        assert others["time_stamps"].tolist() == ticks["time_stamps"].tolist()


def test_a_crc_covers_the_tick_itself(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "a.xdf")
    for k in range(3):
        writer.seal(k, 0.1 * k, 0.0)
    writer.flush()
    writer.close()
    raw = (tmp_path / "a.xdf").read_bytes()
    ticks = [i for i in read(raw) if isinstance(i, TickMark)]
    assert all(t.intact for t in ticks)
    for byte in range(ticks[0].stop, ticks[1].stop):
        flipped = bytearray(raw)
        flipped[byte] ^= 1
        items = read(bytes(flipped))
        assert not any(isinstance(i, TickMark) and i.intact and i.number == 1 for i in items)


def test_texts_of_several_channels_go_out_and_come_back(tmp_path: Path) -> None:
    writer = Writer(tmp_path / "a.xdf")
    stream = writer.header(9, header_xml(MARKERS))
    writer.samples(stream, np.array([1.0, 2.0]), np.array([["a", ""], ["ß\x00", "d" * 300]], object))
    writer.samples(stream, np.array([]), np.empty((0, 2), object))
    writer.seal(0, 3.0, 0.0)
    writer.flush()
    writer.close()
    (got,) = [i for i in read((tmp_path / "a.xdf").read_bytes()) if isinstance(i, Samples)]
    assert got.samples.tolist() == [["a", ""], ["ß\x00", "d" * 300]]


def test_a_stream_of_numbers_knows_its_row() -> None:
    assert Stream(5, "x", "ECG", 2, 1.0, "int16").row == 13
    assert Stream(5, "x", "Markers", 2, 1.0, "string").row == -1


def test_a_footer_names_the_first_and_last_stamp_and_the_count_of_its_stream(tmp_path: Path) -> None:
    record(tmp_path / "rec")
    for role in ROLES:
        streams, _ = pyxdf.load_xdf(
            str(tmp_path / "rec" / f"{role}.xdf"), dejitter_timestamps=False, synchronize_clocks=False
        )
        assert streams
        for stream in streams:
            (first,), (last,), (count,) = (
                stream["footer"]["info"][key] for key in ("first_timestamp", "last_timestamp", "sample_count")
            )
            stamps = stream["time_stamps"]
            assert int(count) == len(stamps)
            if len(stamps):
                assert (float(first), float(last)) == (stamps[0], stamps[-1])
