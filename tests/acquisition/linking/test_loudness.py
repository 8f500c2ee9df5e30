"""Loudness of a sound that comes piece by piece, from any place on."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from acquisition.linking.loudness import Listener, Loudness
from acquisition.voice.models import SFREQ

SOUND = np.random.default_rng(5).normal(0.0, 0.1, 3 * SFREQ).astype(np.float32)


def heard(*pieces: tuple[int, int, int]) -> Loudness:
    """Return what is heard of pieces of the sound: its place, and from where to where it is taken."""
    listener = Listener()
    for place, begin, end in pieces:
        listener.push(place, SOUND[begin:end])
    return listener.finish()


@given(place=st.integers(-SFREQ, SFREQ), cuts=st.lists(st.integers(0, len(SOUND)), min_size=1, max_size=6))
def test_any_pieces_that_follow_on_each_other_give_the_same_as_one(place: int, cuts: list[int]) -> None:
    spans = pairwise([0, *sorted(cuts), len(SOUND)])
    whole, cut = heard((place, 0, len(SOUND))), heard(*((place + a, a, b) for a, b in spans))
    assert np.array_equal(whole.power, cut.power, equal_nan=True)
    assert np.array_equal(whole.total, cut.total, equal_nan=True)


@pytest.mark.parametrize("end", [4000, 16_000])
def test_sound_that_ends_before_the_pictures_begin_is_not_theirs(end: int) -> None:
    early = (-SFREQ, 0, end)
    with_it, without = heard(early, (8000, 0, SFREQ)), heard((8000, 0, SFREQ))
    assert np.array_equal(with_it.power, without.power, equal_nan=True)
    assert heard(early).heard == 0.0
