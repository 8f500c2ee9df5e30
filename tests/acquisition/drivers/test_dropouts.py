"""Every driver of a wearable through drop-outs, in virtual time."""

from __future__ import annotations

import math

import pytest

from acquisition.drivers.ble import Opener
from acquisition.drivers.table import names, opener
from acquisition.session.profile import load_profile
from tests.acquisition.dropouts import AWAY, KINDS, Kind, measured

pytestmark = pytest.mark.slow


def test_every_driver_with_a_radio_is_among_them() -> None:
    radio = {name for name in names() if isinstance(opener(name), Opener)}
    assert {load_profile(k.profile).driver for k in KINDS} == radio


@pytest.mark.parametrize("kind", KINDS, ids=lambda k: k.profile)
def test_a_wearable_that_goes_out_of_range_leaves_a_gap_and_comes_back_in_time(kind: Kind) -> None:
    found = measured(kind)
    assert found.samples > 100
    assert found.away == 0  # so it was away, and nothing was made up
    assert found.backwards == 0
    assert found.notices >= len(AWAY)
    assert found.back < 12.0
    assert math.isnan(found.error) or found.error < 0.010
