"""Sealed files: whatever is cut, flipped, moved or exchanged, no wrong byte comes out, and it shows."""

from __future__ import annotations

import random
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.errors import RecordingError
from acquisition.protection.frames import MARK, Header, Lost, Opener, Seal, read_header, seems_closed

SECRET = bytes(range(32))
SLICES = st.lists(st.binary(max_size=200), min_size=1, max_size=12)


def sealed(slices: list[bytes], *, name: str = "client.xdf", closed: bool = True) -> tuple[bytes, list[int]]:
    """Return a file, and where each frame begins and the last one ends."""
    seal = Seal(SECRET, Header.new("k", recording="r", role="client"), name)
    out, places = seal.head, []
    for n, data in enumerate(slices):
        places.append(len(out))
        out += seal.frame(data, final=closed and n == len(slices) - 1)
        seal.kept()
    return out, [*places, len(out)]


def opened(file: bytes, *, name: str = "client.xdf", cuts: int = 0) -> tuple[list[bytes], list[Lost], bool]:
    header, begin = read_header(file, name) or (None, 0)
    assert header is not None
    opener = Opener(SECRET, header, name)
    rng = random.Random(cuts)
    places = sorted(rng.randrange(begin, len(file) + 1) for _ in range(cuts))
    parts: list[bytes | Lost] = []
    for a, b in pairwise([begin, *places, len(file)]):
        parts += opener.feed(file[a:b])
    parts += opener.feed(b"", final=True)
    plain = [p for p in parts if isinstance(p, bytes)]
    return plain, [p for p in parts if isinstance(p, Lost)], opener.closed


@given(SLICES, st.integers(0, 20))
def test_what_was_sealed_comes_out_in_any_portions(slices: list[bytes], cuts: int) -> None:
    plain, lost, closed = opened(sealed(slices)[0], cuts=cuts)
    assert plain == slices
    assert not lost
    assert closed


@given(SLICES, st.data())
def test_a_cut_leaves_the_frames_before_it_and_shows(slices: list[bytes], data: st.DataObject) -> None:
    file, places = sealed(slices)
    stop = data.draw(st.integers(places[0], len(file) - 1))
    plain, lost, closed = opened(file[:stop], cuts=data.draw(st.integers(0, 5)))
    whole = sum(b <= stop for b in places[1:])
    assert plain == slices[:whole]
    assert not closed
    assert bool(lost) == (stop not in places)
    assert not seems_closed(file[:stop])


@given(SLICES, st.data())
def test_a_flip_costs_its_frame_alone_and_shows(slices: list[bytes], data: st.DataObject) -> None:
    file, places = sealed(slices)
    at = data.draw(st.integers(places[0], len(file) - 1))
    changed = bytearray(file)
    changed[at] ^= data.draw(st.integers(1, 255))
    hit = sum(b <= at for b in places[1:])
    plain, lost, closed = opened(bytes(changed), cuts=data.draw(st.integers(0, 5)))
    assert plain == slices[:hit] + slices[hit + 1 :]
    assert len(lost) == 1
    assert (lost[0].start, lost[0].stop) == (places[hit], places[hit + 1])
    assert closed == (hit < len(slices) - 1)


@given(SLICES, st.data())
def test_a_flip_in_the_head_opens_nothing(slices: list[bytes], data: st.DataObject) -> None:
    file, places = sealed(slices)
    at = data.draw(st.integers(0, places[0] - 1))
    changed = bytearray(file)
    changed[at] ^= data.draw(st.integers(1, 255))
    try:
        plain, lost, closed = opened(bytes(changed))
    except (RecordingError, AssertionError):
        return
    assert plain == []
    assert lost
    assert not closed


@given(st.lists(st.binary(max_size=50), min_size=2, max_size=8), st.randoms(use_true_random=False))
def test_frames_that_are_missing_moved_or_repeated_show(slices: list[bytes], rng: random.Random) -> None:
    file, places = sealed(slices)
    frames = [file[a:b] for a, b in pairwise(places)]
    order = [rng.randrange(len(frames)) for _ in range(rng.randrange(1, 2 * len(frames)))]
    if order == list(range(len(frames))):
        return
    plain, lost, closed = opened(file[: places[0]] + b"".join(frames[i] for i in order))
    kept, last = [], -1
    for i in order:
        if i > last and (last < len(frames) - 1):
            kept.append(i)
            last = i
    assert plain == [slices[i] for i in kept]
    assert lost or not closed


def test_a_file_opens_under_its_own_name_with_its_own_key_alone() -> None:
    file, _ = sealed([b"heart"])
    assert opened(file, name="therapist.xdf")[0] == []
    other, places = sealed([b"skin", b"voice"])
    mixed = other[: places[1]] + file[len(sealed([])[0]) :]
    assert opened(mixed)[0] == [b"skin"]
    header, begin = read_header(file, "client.xdf") or (None, 0)
    assert header is not None
    parts = Opener(bytes(32), header, "client.xdf").feed(file[begin:], final=True)
    assert not [p for p in parts if isinstance(p, bytes)]


@given(st.lists(st.sampled_from(["written", "refused", "taken back"]), max_size=20))
def test_no_nonce_is_used_twice_though_the_disk_refuses(story: list[str]) -> None:
    seal = Seal(SECRET, Header.new("k"), "client.xdf")
    file, used, kept, state = seal.head, set(), [], None
    for n, what in enumerate(story):
        frame = seal.frame(data := f"slice {n}".encode())
        counter = frame[4:8]
        assert counter not in used
        used.add(counter)
        if what == "refused":
            continue
        state = seal.kept()
        if what == "taken back":
            seal.take_back(state)
            continue
        file += frame
        kept.append(data)
    plain, lost, _ = opened(file)
    assert plain == kept
    assert not lost


def test_salts_are_new_for_every_file() -> None:
    salts = {Header.new("k").salt for _ in range(1000)}
    assert len(salts) == 1000


def test_a_wrong_length_holds_nothing_up() -> None:
    """A follower gets the later frames before the file ends."""
    file, places = sealed([b"a" * 50, b"b" * 50, b"c" * 50], closed=False)
    changed = bytearray(file)
    changed[places[1] + 12 : places[1] + 16] = (1 << 25).to_bytes(4, "little")
    header, begin = read_header(bytes(changed), "client.xdf") or (None, 0)
    assert header is not None
    parts = Opener(SECRET, header, "client.xdf").feed(bytes(changed[begin:]))
    assert [p for p in parts if isinstance(p, bytes)] == [b"a" * 50, b"c" * 50]


def test_marks_inside_what_is_sealed_confuse_nothing() -> None:
    slices = [MARK * 40, MARK + bytes(12), b"", MARK * 3]
    assert opened(sealed(slices)[0], cuts=9)[0] == slices


@pytest.mark.parametrize("head", [b"ATS1", b"ATS1\xff\xff\xff\xff", b"ATS1\x02\0\0\0{}", b"ATS1\x01\0\0\0["])
def test_a_damaged_head_is_named(head: bytes) -> None:
    if head == b"ATS1":
        assert read_header(head, "client.xdf") is None  # more may come
        return
    with pytest.raises(RecordingError, match=r"client\.xdf: the head of a sealed file is damaged"):
        read_header(head, "client.xdf")
