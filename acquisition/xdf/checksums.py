"""CRC-32 of many pieces that end with the same number of bytes: the ends are summed as arrays."""

from __future__ import annotations

from functools import cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

Sums = NDArray[np.uint32]


def continued(sums: Sums, ends: NDArray[np.uint8]) -> Sums:
    """Return `zlib.crc32(end, sum)` of each row.

    A checksum is linear: each bit of what came before and of each byte at its place flips its own bits of the
    result, whatever the others are.

    Parameters
    ----------
    sums : ndarray, shape (n,)
        Checksums of what comes before the ends.
    ends : ndarray, shape (n, n_bytes)
    """
    flips = _flips(ends.shape[1])
    before = sums.astype("<u4").view(np.uint8).reshape(-1, 4)
    rows = np.concatenate((before.T, ends.T)) + 256 * np.arange(len(flips) // 256)[:, None]
    none = np.uint32(crc32(bytes(ends.shape[1])))
    return np.asarray(np.bitwise_xor.reduce(flips.take(rows), axis=0) ^ none, np.uint32)


@cache
def _flips(n: int) -> Sums:
    """Return what each value of the four bytes of a sum, and of n bytes, flips in the sum after them."""
    none = crc32(bytes(n))
    sums = [crc32(bytes(n), value << 8 * place) for place in range(4) for value in range(256)]
    places = [(bytes(place), bytes(n - 1 - place)) for place in range(n)]
    ends = [crc32(before + bytes([value]) + after) for before, after in places for value in range(256)]
    return np.array([*sums, *ends], np.uint32) ^ np.uint32(none)
