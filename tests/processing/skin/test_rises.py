"""The limits of a rise, from both sides: a little within them and a little beyond."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from acquisition.stream import FloatArray
from processing.skin.eda import Scrs, detect_scrs

AT = 20.0


def lines(sfreq: float, parts: Sequence[tuple[float, float]]) -> FloatArray:
    """Return a level of 5 µS that rises in straight parts (seconds, µS) from 20 s on, then recovers."""
    seconds, rises = np.array(parts).T
    t = np.arange(60 * int(sfreq)) / sfreq
    y = np.interp(t, AT + np.append(0.0, np.cumsum(seconds)), np.append(0.0, np.cumsum(rises)))
    return np.asarray(5.0 + y * 2.0 ** -(np.maximum(t - AT - seconds.sum(), 0.0) / 8.0))


def stepped(sfreq: float, slope: float, seconds: float, height: float) -> Scrs:
    """Return what is found of a straight rise in whose middle the signal jumps within one sample."""
    t = np.arange(60 * int(sfreq)) / sfreq
    y = slope * np.clip(t - AT, 0.0, seconds) + height * (t >= AT + seconds / 2.0)
    return detect_scrs(5.0 + y * 2.0 ** -(np.maximum(t - AT - seconds, 0.0) / 8.0), sfreq)


@pytest.mark.parametrize("sfreq", [25.0, 100.0])
@pytest.mark.parametrize(("share", "onset"), [(0.09, 21.8), (0.11, 20.2)])
def test_a_response_begins_where_the_slope_is_a_tenth_of_the_steepest(
    sfreq: float, share: float, onset: float
) -> None:
    scrs = detect_scrs(lines(sfreq, [(2.0, 0.6 * share), (2.0, 0.6)]), sfreq)
    assert scrs.onset == pytest.approx([onset], abs=0.1)


@pytest.mark.parametrize("sfreq", [25.0, 100.0])
@pytest.mark.parametrize(("height", "found"), [(0.038, 1), (0.042, 0)])
def test_a_jump_of_forty_nanosiemens_is_no_part_of_a_rise(sfreq: float, height: float, found: int) -> None:
    t = np.arange(60 * int(sfreq)) / sfreq
    rise = 0.0225 * (1.0 - np.cos(np.pi * np.clip((t - AT) / 2.0, 0.0, 1.0)))
    y = (rise + height * (t >= AT + 1.0)) * 2.0 ** -(np.maximum(t - AT - 2.0, 0.0) / 8.0)
    assert len(detect_scrs(5.0 + y, sfreq).onset) == found


@pytest.mark.parametrize("sfreq", [25.0, 100.0])
@pytest.mark.parametrize(("share", "left"), [(0.47, 0.06), (0.53, 0.0)])
def test_a_jump_is_beyond_the_slope_beside_it_by_half_of_its_height(
    sfreq: float, share: float, left: float
) -> None:
    slope = 0.06 * (1.0 - share) / (0.2 * share)  # what rises within the 0.2 s of a jump
    (amplitude,) = stepped(sfreq, slope, 2.0, 0.06).amplitude
    assert amplitude == pytest.approx(2.0 * slope + left, abs=0.006)


@pytest.mark.parametrize(("sfreq", "lasts"), [(4.0, 0.5), (8.0, 0.375)])
@pytest.mark.parametrize(("share", "taken"), [(0.83, False), (0.87, True)])
def test_below_ten_hertz_a_jump_is_beyond_it_by_85_percent(
    sfreq: float, lasts: float, share: float, taken: bool
) -> None:
    slope = 0.2 * (1.0 - share) / (lasts * share)
    amplitudes = stepped(sfreq, slope, 4.0, 0.2).amplitude
    assert (amplitudes.tolist() == pytest.approx([4.0 * slope], abs=0.003)) == taken


@pytest.mark.parametrize(("height", "found"), [(0.115, 1), (0.13, 0), (0.14, 0)])
def test_at_four_hertz_a_jump_is_one_from_120_nanosiemens_on(height: float, found: int) -> None:
    """A wrist: up within half a second, down again after two."""
    x = np.full(240, 5.0)
    shape = [0.60, 1.0, 0.88, 0.93, 1.0, 0.86, 0.86, 0.585, 0.48, 0.374, 0.26, 0.244, 0.163, 0.081]
    x[80:94] += height * np.array(shape)
    assert len(detect_scrs(x, 4.0).onset) == found


@pytest.mark.parametrize("height", [0.05, 0.06])
def test_a_rise_of_2_2_times_its_height_a_second_is_a_movement(height: float) -> None:
    """A sag of one sample, and what follows it, on a wrist."""
    x = np.full(240, 5.0)
    x[80:86] += height * np.array([-1.0, 0.0, 0.6, 0.9, 0.5, 0.0])
    assert not len(detect_scrs(x, 4.0).onset)


@pytest.mark.parametrize("sfreq", [25.0, 100.0])
def test_on_the_tail_of_another_a_response_is_as_steep_as_the_tail_leaves_it(sfreq: float) -> None:
    t = np.arange(60 * int(sfreq)) / sfreq
    x = 5.0 + 1.5 * np.clip((t - 18.0) / 2.0, 0.0, 1.0) * 2.0 ** -(np.maximum(t - 20.0, 0.0) / 2.5)
    up = 0.5 - 0.5 * np.cos(np.pi * np.clip(t - 23.0, 0.0, 1.0))
    x += 0.2 * up * 2.0 ** -(np.maximum(t - 24.0, 0.0) / 4.0)
    np.testing.assert_allclose(detect_scrs(x, sfreq).peak, [20.0, 24.0], atol=0.3)


@pytest.mark.parametrize(
    ("sfreq", "seconds", "pause", "within", "beyond"),
    [(25.0, 1.2, 0.8, 0.2, 0.24), (4.0, 1.5, 1.0, 0.36, 0.4), (25.0, 2.4, 1.4, 0.64, 0.68)],
)
def test_a_rise_that_nearly_stands_still_is_two(
    sfreq: float, seconds: float, pause: float, within: float, beyond: float
) -> None:
    """At a slope of at most 15 % of the steeper parts, 30 % below 8 Hz, 60 % where it takes over 5 s: at its
    corners smoothing makes a pause stiller and the parts beside it steeper."""
    for share, n in ((within, 2), (beyond, 1)):
        steep = (seconds, 0.3 * seconds)
        scrs = detect_scrs(lines(sfreq, [steep, (pause, 0.3 * share * pause), steep]), sfreq)
        assert len(scrs.onset) == (n if n == 2 or 2 * seconds + pause <= 5.0 else 0)
