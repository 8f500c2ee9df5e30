"""A clock offset belongs to a segment of the sender's clock, not to a place in the file."""

from __future__ import annotations

from pathlib import Path
from struct import pack

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.replay.tracks import load_tracks
from acquisition.xdf import load_foreign
from acquisition.xdf.clock_segments import on_one_clock, segments
from acquisition.xdf.form import MAGIC, SAMPLES, STREAM_HEADER, chunk, offset_chunk
from acquisition.xdf.header import parse_header
from acquisition.xdf.items import Damage


def header(kind: str, form: str, sfreq: float, name: str = "x") -> bytes:
    """Return a stream's header as LabRecorder writes it."""
    return (
        f"<info><name>{name}</name><type>{kind}</type><channel_count>1</channel_count>"
        f"<nominal_srate>{sfreq}</nominal_srate><channel_format>{form}</channel_format></info>"
    ).encode()


def test_what_came_before_the_first_offset_is_of_its_segment() -> None:
    out = on_one_clock(
        np.array([90_001.0, 90_006.0]), [(1, 90_005.0, -89_000.0), (2, 90_010.0, -89_000.0)]
    ).times
    assert out.tolist() == [1001.0, 1006.0]


def test_a_clock_that_was_set_anew_takes_its_own_offset_at_once() -> None:
    # The sender starts again at 3 s; its next offset comes five samples later.
    times = np.concatenate([1000 + np.arange(10.0), 3 + np.arange(10.0)])
    offsets = [(2, 1002.0, 5.0), (7, 1007.0, 5.001), (15, 8.0, 1007.0), (18, 11.0, 1007.0)]
    out = on_one_clock(times, offsets).times
    assert np.allclose(out[10:], times[10:] + 1007.0)
    assert np.allclose(out[:10], times[:10] + np.interp(times[:10], [1002, 1007], [5.0, 5.001]))
    assert len(segments(offsets)) == 2


@given(
    offset=st.floats(-1e6, 1e6),
    drift=st.floats(-1e-4, 1e-4),
    at=st.lists(st.integers(0, 99), min_size=2, max_size=10, unique=True),
)
def test_a_drift_is_followed_wherever_offsets_stand(offset: float, drift: float, at: list[int]) -> None:
    times = 100 + np.arange(100.0)
    measured = [(k, float(times[k]), offset + drift * k) for k in sorted(at)]
    out = on_one_clock(times, measured).times
    inside = slice(min(at), max(at) + 1)
    assert np.allclose((out - times)[inside], (offset + drift * np.arange(100))[inside], atol=1e-6)


def test_offsets_that_are_no_numbers_are_passed_over() -> None:
    times = np.arange(5.0)
    assert on_one_clock(times, [(0, np.nan, 1.0), (0, 0.0, np.inf)]).times.tolist() == times.tolist()


def test_replay_applies_offsets_by_segment_too(tmp_path: Path) -> None:
    path = tmp_path / "a.xdf"
    stream = parse_header(5, header("Markers", "string", 0))
    rows = [pack("<Bd", 8, t) + pack("<BB", 1, 1) + b"m" for t in (90_001.0, 90_020.0)]
    body = MAGIC + chunk(STREAM_HEADER, pack("<I", 5) + header("Markers", "string", 0))
    body += chunk(SAMPLES, pack("<IBB", 5, 1, 1) + rows[0])
    body += offset_chunk(stream, 90_005.0, -89_000.0)
    body += chunk(SAMPLES, pack("<IBB", 5, 1, 1) + rows[1])
    path.write_bytes(body)
    [track] = load_tracks(path)
    assert track.times.tolist() == [1001.0, 1020.0]


@pytest.mark.parametrize("sfreq", [130.0, 0.0])
def test_a_stream_in_one_chunk_of_more_than_16_mib_is_read(tmp_path: Path, sfreq: float) -> None:
    n = 2_000_000
    table = np.empty(n, [("b", "u1"), ("t", "<f8"), ("v", "<f4")])
    table["b"], table["t"], table["v"] = 8, 10 + np.arange(n) / 130, np.arange(n) % 1000
    body = MAGIC + chunk(STREAM_HEADER, pack("<I", 5) + header("ECG", "float32", sfreq))
    body += chunk(SAMPLES, pack("<IBI", 5, 4, n) + table.tobytes())
    assert len(body) > 1 << 24
    (tmp_path / "a.xdf").write_bytes(body)
    damage: list[Damage] = []
    [stream] = load_foreign(tmp_path / "a.xdf", damage=damage)
    assert not damage
    assert np.array_equal(stream.times, table["t"])
    assert np.array_equal(stream.samples[:, 0], table["v"])


@pytest.mark.parametrize(("sfreq", "step"), [(130.0, 1 / 130), (0.0, 0.0)])
def test_deduced_stamps_are_read_with_a_rate_and_without(tmp_path: Path, sfreq: float, step: float) -> None:
    rows = pack("<Bdf", 8, 10.0, 1.0) + b"".join(pack("<Bf", 0, v) for v in (2.0, 3.0))
    body = MAGIC + chunk(STREAM_HEADER, pack("<I", 5) + header("ECG", "float32", sfreq))
    body += chunk(SAMPLES, pack("<IBB", 5, 1, 3) + rows)
    (tmp_path / "a.xdf").write_bytes(body)
    damage: list[Damage] = []
    [stream] = load_foreign(tmp_path / "a.xdf", damage=damage)
    assert not damage
    assert stream.times.tolist() == pytest.approx([10.0, 10.0 + step, 10.0 + 2 * step])
    assert stream.samples[:, 0].tolist() == [1.0, 2.0, 3.0]


@pytest.mark.parametrize(
    "extra",
    [b"<!-- by hand -->", b"<desc><![CDATA[a & b]]></desc>", b"<desc>" + b"x" * (1 << 20) + b"</desc>"],
)
@pytest.mark.parametrize("end", [b"", b"\0", b"\0\0 \n"])
def test_legal_headers_are_read(tmp_path: Path, extra: bytes, end: bytes) -> None:
    xml = header("ECG", "float32", 130.0).replace(b"</info>", extra + b"</info>") + end
    body = MAGIC + chunk(STREAM_HEADER, pack("<I", 5) + xml)
    body += chunk(SAMPLES, pack("<IBB", 5, 1, 1) + pack("<Bdf", 8, 10.0, 1.0))
    (tmp_path / "a.xdf").write_bytes(body)
    damage: list[Damage] = []
    assert len(load_foreign(tmp_path / "a.xdf", damage=damage)) == 1
    assert not damage
    assert len(load_tracks(tmp_path / "a.xdf")) == 1


@pytest.mark.parametrize("extra", [b"<!DOCTYPE info>", b'<!ENTITY x "y">'])
def test_entities_are_refused(tmp_path: Path, extra: bytes) -> None:
    xml = extra + header("ECG", "float32", 130.0)
    body = MAGIC + chunk(STREAM_HEADER, pack("<I", 5) + xml)
    (tmp_path / "a.xdf").write_bytes(body)
    damage: list[Damage] = []
    assert load_foreign(tmp_path / "a.xdf", damage=damage) == []
    assert "declares entities" in str(damage[0])


def measured_by(
    seed: int, scatter: float, *, far: float = 0.0, set_by: float = 0.0
) -> tuple[np.ndarray, np.ndarray, list[tuple[int, float, float]]]:
    """Return true times, stamps, and offsets every 5 s that scatter, a share of them far off [s]."""
    rng, sfreq = np.random.default_rng(seed), 130.0
    true = np.arange(int(900 * sfreq)) / sfreq
    off = 50.0 + 2e-5 * true + np.where(true > 461.3, set_by, 0.0)
    at = (np.arange(5.0, 900.0, 5.0) * sfreq).astype(int)
    values = off[at] + scatter * rng.standard_normal(len(at))
    wrong = rng.random(len(at)) < far
    values[wrong] += rng.choice([-1.0, 1.0], len(at))[wrong] * rng.uniform(0.05, 0.9, len(at))[wrong]
    stamps = true - off
    return true, stamps, [(int(k), float(stamps[k]), float(v)) for k, v in zip(at, values, strict=True)]


@pytest.mark.parametrize(
    ("scatter", "far", "set_by"),
    [
        *((0.1, 0.0, 0.0), (0.02, 0.1, 0.0), (2e-4, 0.05, 0.0)),
        *((2e-4, 0.0, 0.1), (2e-4, 0.0, 2.0), (0.02, 0.0, 0.3), (2e-4, 0.0, -3600.0)),
    ],
)
def test_intervals_are_right_where_clock_offsets_scatter(scatter: float, far: float, set_by: float) -> None:
    for seed in range(4):
        true, stamps, offsets = measured_by(seed, scatter, far=far, set_by=set_by)
        out, notes = on_one_clock(stamps, offsets)
        wrong = np.abs((out[104:] - out[:-104]) - (true[104:] - true[:-104])) > 5e-3
        # at a clock that is set its two lines meet as well as they are known
        assert np.count_nonzero(wrong) <= (104 if set_by and scatter > 1e-3 else 0)
        assert np.abs(out - true).max() < 1e-3 + 4.0 * scatter / np.sqrt(len(offsets) / (2 if set_by else 1))
        assert any("left out" in note for note in notes) == (far > 0)
        assert any("scatter" in note for note in notes) == (scatter > 5e-3)


def test_how_far_a_stream_may_be_off_the_others_holds() -> None:
    within = 0
    for seed in range(20):
        true, stamps, offsets = measured_by(seed, 0.1)
        out, (note,) = on_one_clock(stamps, offsets)
        within += bool(np.abs(out - true).max() < 1e-3 * float(note.split("up to ")[1].split(" ms")[0]))
    assert within >= 18


def test_a_clock_that_wanders_is_followed() -> None:
    true = np.arange(3600 * 10) / 10.0
    off = 0.02 * np.sin(2 * np.pi * true / 1800.0)
    at = np.arange(50, len(true), 50)
    for scatter in (2e-4, 5e-3):
        values = off[at] + scatter * np.random.default_rng(3).standard_normal(len(at))
        rows = [(int(k), float(true[k] - off[k]), float(v)) for k, v in zip(at, values, strict=True)]
        assert np.abs(on_one_clock(true - off, rows).times - true).max() < 2e-3 + scatter
