"""Headers of streams that were damaged: what they said is known without them."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import pytest

from acquisition.recording.tail import presumed_streams
from acquisition.stream import ROLES, Role
from acquisition.xdf import Damage, Item, TickMark
from acquisition.xdf.form import EVENTS_ID
from tests.acquisition.simulated import STREAMS, record
from tests.acquisition.xdf.test_xdf import flat, read


@pytest.fixture(scope="module", params=[r for r in ROLES if r != Role.DYAD])
def file(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Role, bytes]:
    """Return a person's file of 106 slices, with a boundary after each hundred."""
    path = record(tmp_path_factory.mktemp("x") / "a", seed=1, n_ticks=106)
    whole = (path / f"{request.param}.xdf").read_bytes()
    return request.param, whole[: next(i.stop for i in ticks(read(whole)) if i.number == 105)]


def ticks(items: Sequence[Item]) -> list[TickMark]:
    return [i for i in items if isinstance(i, TickMark)]


def slices(items: Sequence[Item]) -> dict[int, list[Any]]:
    """Return what each whole slice holds, by its number."""
    found: dict[int, list[Any]] = {}
    pending: list[Item] = []
    for item in items:
        if isinstance(item, TickMark):
            found |= {item.number: flat(pending)} if item.intact else {}
            pending = []
        elif isinstance(item, Damage):
            pending = [] if item.breaks else pending
        else:
            pending.append(item)
    return found


def opened(role: Role, raw: bytes) -> list[Item]:
    return read(raw, presumed=presumed_streams([info for info in STREAMS if info.role == role]))


def test_a_flipped_bit_in_a_header_costs_no_more_than_the_way_to_the_next_boundary(
    file: tuple[Role, bytes],
) -> None:
    """Whatever it says instead: without ticks a file has no slice, in rows of another length no sample."""
    role, whole = file
    marks, held = ticks(opened(role, whole)), slices(opened(role, whole))
    assert list(held) == list(range(106))
    assert any(key > EVENTS_ID for of in held.values() for _, key, *_ in of), "a device sent samples"
    alone = n = 0
    for header in re.finditer(rb"<info><name>.*?<source_id", whole):
        own = next(t.number for t in marks if t.stop > header.start())
        for at in range(header.start(), header.end()):
            raw = bytearray(whole)
            raw[at] ^= 1
            items = opened(role, bytes(raw))
            found = slices(items)
            assert found == {n: held[n] for n in found}, bytes(raw[at - 20 : at + 20])
            lost = set(held) - set(found)
            assert lost in ({own}, set(range(own, 101))), bytes(raw[at - 20 : at + 20])
            assert any(isinstance(i, Damage) for i in items) or not all(t.intact for t in ticks(items))
            alone, n = alone + (lost == {own}), n + 1
    assert alone > 0.9 * n, "a boundary is sought only if samples do not fit the row any more"


def test_ticks_whose_header_says_that_they_are_none_still_end_slices(file: tuple[Role, bytes]) -> None:
    role, whole = file
    items = opened(role, whole.replace(b"<type>Tick<", b"<type>Tuck<", 1))
    assert [i.why for i in items if isinstance(i, Damage)] == [
        "a header of the ticks that says something else"
    ]
    assert [(t.number, t.intact) for t in ticks(items)] == [(-1, False), *((n, True) for n in range(1, 106))]
