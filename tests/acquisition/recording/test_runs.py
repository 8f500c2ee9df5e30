"""Many slices at once: runs give what a walk from chunk to chunk gives, whatever became of the file."""

from __future__ import annotations

import itertools
import tempfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from acquisition.recording import tail
from acquisition.recording.slices import Block, merge
from acquisition.stream import Role
from acquisition.xdf import Decoder, TickMark, Writer, decoder
from acquisition.xdf.checksums import continued
from acquisition.xdf.form import BOUNDARY_UUID
from acquisition.xdf.header import header_xml
from acquisition.xdf.runs import TICK_HEAD, Run
from tests.acquisition.simulated import ECG, STREAMS, record

modest = settings(deadline=None, max_examples=40)
NEVER = 1 << 60
EDIT = st.tuples(
    st.sampled_from(["flip", "cut out", "put in", "again"]),
    st.floats(0, 1, exclude_max=True),
    st.integers(1, 4000),
    st.sampled_from([b"\0", BOUNDARY_UUID, TICK_HEAD, TICK_HEAD + bytes(40)]),
)


@pytest.fixture(scope="module")
def client(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = record(tmp_path_factory.mktemp("r") / "a", seed=5, n_ticks=500)
    return (path / "client.xdf").read_bytes()


def edited(raw: bytes, edits: list[tuple[str, float, int, bytes]]) -> bytes:
    """Return a file after damage of several kinds."""
    for kind, share, n, junk in edits:
        at = int(share * len(raw))
        if kind == "flip":
            raw = raw[:at] + bytes([raw[at] ^ (1 + n % 255)]) + raw[at + 1 :]
        else:
            put = {"cut out": b"", "put in": junk, "again": 2 * raw[at : at + n]}[kind]
            raw = raw[:at] + put + raw[at + (0 if kind == "put in" else n) :]
    return raw


def read(raw: bytes, portion: int, worth: int) -> dict[str, Any]:
    """Read a file in portions, as runs from `worth` bytes on; return all that came of it."""
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(decoder, "WORTH", worth)
        patch.setattr(tail, "_BLOCK", portion)
        path = Path(folder) / "client.xdf"
        path.write_bytes(raw)
        reader = tail.Tail(path, Role.CLIENT, lambda: STREAMS)
        reader.fill(1 << 40, final=True)
        blocks = reader.take(1 << 60)
        return {
            "damage": [str(d) for d in reader.damage],
            "counts": (reader.last, reader.n_slices, reader.n_ready, reader.closed),
            "block": content(merge(blocks)) if blocks else None,
        }


def content(block: Block) -> Any:
    columns = {
        key: (c.times.tobytes(), c.samples.tobytes(), str(c.samples.dtype), c.slices.tolist(), c.offsets)
        for key, c in block.columns.items()
    }
    ticks = (block.numbers.tolist(), block.times.tolist(), block.walls.tolist())
    return ticks, columns, block.events, block.notices


@modest
@given(edits=st.lists(EDIT, max_size=4), portion=st.sampled_from([1 << 12, 5000, 1 << 14, 1 << 18]))
def test_runs_give_what_the_walk_gives_whatever_became_of_the_file(
    client: bytes, edits: list[tuple[str, float, int, bytes]], portion: int
) -> None:
    raw = edited(client, edits)
    assert read(raw, portion, 0) == read(raw, portion, NEVER)


def test_the_head_of_a_tick_within_a_tick_is_no_tick(client: bytes) -> None:
    tick = len(TICK_HEAD) + 40
    places = [k for k in range(len(client)) if client.startswith(TICK_HEAD, k)]
    bare = [b for a, b in itertools.pairwise(places) if b == a + tick]  # slices of nothing but a tick
    for place in bare[:8]:
        raw = client[:place] + TICK_HEAD + client[place:]
        assert read(raw, 1 << 18, 0) == read(raw, 1 << 18, NEVER)


def test_nearly_all_of_a_plain_file_is_read_as_runs(client: bytes) -> None:
    items = Decoder().feed_runs(client, final=True)
    in_runs = sum(len(i.numbers) for i in items if isinstance(i, Run))
    walked = sum(isinstance(i, TickMark) for i in items)
    assert in_runs + walked == 500
    assert walked < 100  # the first, and those with texts


def test_slices_that_come_again_are_dropped_from_a_run(tmp_path: Path) -> None:
    once, twice = tmp_path / "once.xdf", tmp_path / "twice.xdf"
    for path, numbers in ((once, range(60)), (twice, [*range(40), *range(20, 60)])):
        writer = Writer(path)
        stream = writer.header(99, header_xml(ECG))
        for number in numbers:
            writer.samples(stream, np.array([0.1 * number]), np.array([[number, number]]))
            writer.offset(stream, 0.1 * number, 1e-3 * number)
            writer.seal(number, 0.1 * number, 1e9 + number)
        writer.flush()
        writer.close()
    got, wanted = (read(path.read_bytes(), 1 << 18, 0) for path in (twice, once))
    assert len(got["damage"]) == 20
    assert got["block"] == wanted["block"]


def test_checksums_go_on_as_zlib_takes_them_on() -> None:
    rng = np.random.default_rng(1)
    sums = rng.integers(0, 1 << 32, 200, dtype=np.uint32)
    for n in (1, 8, 32):
        ends = rng.integers(0, 256, (200, n), dtype=np.uint8)
        wanted = [zlib.crc32(end.tobytes(), start) for start, end in zip(sums.tolist(), ends, strict=True)]
        assert continued(sums, ends).tolist() == wanted
