"""What a Shimmer's channels mean: bytes of each, skin conductance in µS, ECG in mV.

References
----------
ShimmerResearch/log-and-stream-common (channels); Shimmer Java SensorGSR and SensorEXG (scales).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from acquisition.errors import PacketError
from acquisition.stream import FloatArray, IntArray

GSR = 0x1C
EXG1_STATUS, EXG1_CH1, EXG1_CH2 = 0x1D, 0x1E, 0x1F
EXG2_STATUS, EXG2_CH1, EXG2_CH2 = 0x20, 0x21, 0x22
FEEDBACK = (40.2, 287.0, 1000.0, 3300.0)
"""Feedback resistor of each range [kOhm]."""
OPEN, FULL = 682, 4095
"""Converter reading up to which nothing conducts, and the one at its end, which may stand for any more."""
SETTLING = 0.08
"""Seconds for which a unit repeats its last word after it has changed its range."""
NEW_CONVERSION = 0x80
GAINS = {0: 6, 1: 1, 2: 2, 3: 3, 4: 4, 5: 8, 6: 12}
"""Bits 4 to 6 of CHnSET → gain."""
REFERENCE_MV = 2420.0

_U16, _I16, _U8, _I24, _I16_BE = ("<u2", 2), ("<i2", 2), ("u1", 1), (">i3", 3), (">i2", 2)
_KINDS: dict[int, tuple[str, int]] = {
    **dict.fromkeys((0x00, 0x01, 0x02, *range(0x04, 0x0D)), _I16),
    **dict.fromkeys((0x03, *range(0x0D, 0x14), GSR), _U16),
    **dict.fromkeys((EXG1_STATUS, EXG2_STATUS), _U8),
    **dict.fromkeys((EXG1_CH1, EXG1_CH2, EXG2_CH1, EXG2_CH2), _I24),
    **dict.fromkeys(range(0x23, 0x27), _I16_BE),
}


class Layout(NamedTuple):
    """Say where each channel lies in a frame, counted from its stamp on."""

    channels: tuple[int, ...]
    places: dict[int, int]
    size: int
    """Bytes of a frame with its stamp, without its first byte 00 and its checksum."""


def layout(channels: tuple[int, ...]) -> Layout:
    """Return the layout of a frame.

    Raises
    ------
    PacketError
        On a channel nobody knows the width of, one that is there twice, or none.
    """
    places, at = {}, 3
    for channel in channels:
        if channel not in _KINDS:
            raise PacketError(f"shimmer: channel {channel:02X} of a frame is not known")
        if channel in places:
            raise PacketError(f"shimmer: channel {channel:02X} twice in a frame")
        places[channel] = at
        at += _KINDS[channel][1]
    if not places:
        raise PacketError("shimmer: frames without channels")
    return Layout(tuple(channels), places, at)


def stamps(frames: NDArray[np.uint8]) -> IntArray:
    """Return the stamps of frames, shape (n_frames, size), as 24 bits."""
    part = frames[:, :3].astype(np.int64)
    return part[:, 0] | part[:, 1] << 8 | part[:, 2] << 16


def column(frames: NDArray[np.uint8], of: Layout, channel: int) -> IntArray:
    """Return the readings of one channel of frames, shape (n_frames,).

    Raises
    ------
    PacketError
        If frames have no such channel.
    """
    if channel not in of.places:
        raise PacketError(f"shimmer: frames have no channel {channel:02X}")
    kind, width = _KINDS[channel]
    part = frames[:, of.places[channel] : of.places[channel] + width].astype(np.int64)
    if kind[0] == "<":
        part = part[:, ::-1]
    values = np.zeros(len(frames), np.int64)
    for k in range(width):
        values = values << 8 | part[:, k]
    if "i" in kind:
        half = 1 << (8 * width - 1)
        values = (values ^ half) - half
    return values


def conductance(words: IntArray, *, fixed_range: int | None = None) -> FloatArray:
    """Return skin conductance [µS] of words, shape (n,); nan where nothing conducts, and beyond the range.

    Parameters
    ----------
    words : ndarray of int
        Bits 0 to 11 the converter's reading, 14 and 15 the range.
    fixed_range : int, optional
        The range that was set, 0 to 3; that of each word if not given, which is right where the unit chooses.
    """
    adc = (words & 0x0FFF).astype(np.float64)
    ranges = (words >> 14 & 0x03) if fixed_range is None else np.full(len(words), fixed_range)
    feedback = np.array(FEEDBACK)[ranges]
    ohms = np.divide(
        feedback, adc * 6.0 / 4095.0 - 1.0, out=np.full(len(adc), np.nan), where=(adc > OPEN) & (adc < FULL)
    )
    return np.asarray(1000.0 / ohms)


def held_over(words: IntArray, longest: int) -> NDArray[np.bool_]:
    """Tell which words only repeat the one before a change of range, shape (n,).

    A unit that changes its range repeats its last word until the converter has settled. Which words those are
    is seen once the new range comes: those equal to the last one before it, at most `longest` of them.
    """
    held = np.zeros(len(words), np.bool_)
    for k in np.flatnonzero(np.diff(words >> 14 & 0x03)).tolist():
        first = k
        while first > 0 and words[first - 1] == words[k] and k - first < longest:
            first -= 1
        held[first + 1 : k + 1] = True
    return held


def gain(channel_setting: int) -> int:
    """Return the gain that CH1SET or CH2SET sets.

    Raises
    ------
    PacketError
        If it is none of the chip's.
    """
    bits = channel_setting >> 4 & 0x07
    if bits not in GAINS:
        raise PacketError(f"shimmer: channel setting {channel_setting:02X} has no gain")
    return GAINS[bits]


def millivolts(raw: IntArray, gain: int) -> FloatArray:
    """Return 24-bit readings in mV."""
    return raw * REFERENCE_MV / gain / (2**23 - 1)
