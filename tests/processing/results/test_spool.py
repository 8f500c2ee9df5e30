from __future__ import annotations

import struct
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from processing.index import IndexSample
from processing.results.spool import Spool

NUMBERS = st.floats(width=64)
WORDS = st.text(max_size=8)
SAMPLES = st.lists(
    st.builds(IndexSample, NUMBERS, NUMBERS, WORDS, WORDS, NUMBERS, WORDS, NUMBERS, WORDS), max_size=12
)


def bits(samples: list[IndexSample]) -> list[tuple[bytes, tuple[str, ...]]]:
    return [
        (struct.pack("<4d", s.time, s.available, s.value, s.quality), (s.entity, s.index, s.unit, s.reason))
        for s in samples
    ]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(SAMPLES, max_size=4))
def test_what_was_kept_on_disk_comes_back_to_the_bit(tmp_path: Path, parts: list[list[IndexSample]]) -> None:
    with Spool(tmp_path / "out") as spool:
        for part in parts:
            spool.add(part)
        assert bits(spool.read()) == bits([sample for part in parts for sample in part])


def test_nothing_of_it_has_a_name(tmp_path: Path) -> None:
    with Spool(tmp_path / "out") as spool:
        spool.add([IndexSample(1.0, 2.0, "client", "hr", 60.0, "bpm", 1.0, "")] * 100_000)
        assert list((tmp_path / "out").iterdir()) == []
        assert len(spool.read()) == 100_000
