"""Read an XDF file of any origin whole: LabRecorder's, another program's, or one of ours."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from acquisition.errors import RecordingError
from acquisition.stream import FloatArray, Role, StreamInfo
from acquisition.xdf.decoder import Decoder
from acquisition.xdf.form import MAGIC, Stream
from acquisition.xdf.header import stream_info
from acquisition.xdf.items import Damage, Item, Offset, Samples

_BLOCK = 1 << 20
MAX_BYTES = 1 << 31
"""Longest file that is read whole, unpacked."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class ForeignStream:
    """Hold a stream of a file.

    Parameters
    ----------
    header : Stream
        Name, type (`kind`), channels, nominal rate, format and the whole header as XML.
    info : StreamInfo or None
        What the header says in our terms, of role `dyad` since a file does not say whose it is; None if the
        type is of no modality that we know.
    times : ndarray, shape (n_samples,)
        Stamps as stored [s].
    samples : ndarray, shape (n_samples, n_channels)
    offsets : list of (position, collected, value)
        Clock offsets [s], each before sample `position`.
    places : list of (position, number)
        Which chunk of the file the samples from `position` on stand in.
    """

    header: Stream
    info: StreamInfo | None
    times: FloatArray
    samples: NDArray[Any]
    offsets: list[tuple[int, float, float]]
    places: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True)
class _Parts:
    got: list[Samples] = field(default_factory=list)
    n: int = 0
    offsets: list[tuple[int, float, float]] = field(default_factory=list)
    places: list[tuple[int, int]] = field(default_factory=list)


def read_items(
    path: Path, damage: list[Damage], *, opened: Callable[[Path], BinaryIO] | None = None
) -> Iterator[Item]:
    """Yield the items of a file (.xdf, also gzipped) and collect its damage.

    Raises
    ------
    RecordingError
        If the file cannot be opened or is no XDF.
    """
    try:
        with open(path, "rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
        size = MAX_BYTES if packed else path.stat().st_size
        decoder, taken, block = Decoder(longest=min(size, MAX_BYTES)), 0, _BLOCK
        with opened(path) if opened else gzip.open(path, "rb") if packed else open(path, "rb") as file:
            data = file.read(_BLOCK)
            if data[:4] != MAGIC:
                raise RecordingError(f"{path}: no XDF file (it does not begin with 'XDF:')")
            while data:
                if (taken := taken + len(data)) > MAX_BYTES:
                    raise RecordingError(
                        f"{path}: more than {MAX_BYTES >> 30} GiB{' unpacked' * packed}; cut it"
                    )
                yield from _sorted_out(decoder.feed(data), damage)
                # A long chunk is put together in few steps, not in as many as it has MiB.
                block = max(_BLOCK, decoder.waiting)
                data = file.read(block)
    except EOFError as error:
        if not taken:
            raise RecordingError(f"{path}: {error}") from error
        damage.append(Damage(taken, taken, "the packed file is cut"))
    except (OSError, zlib.error) as error:
        raise RecordingError(f"{path}: {error}") from error
    yield from _sorted_out(decoder.feed(b"", final=True), damage)


def _sorted_out(items: list[Item], damage: list[Damage]) -> Iterator[Item]:
    for item in items:
        if isinstance(item, Damage):
            damage.append(item)
        else:
            yield item


def load_foreign(
    path: Path,
    *,
    damage: list[Damage] | None = None,
    opened: Callable[[Path], BinaryIO] | None = None,
) -> list[ForeignStream]:
    """Return every stream of an XDF file, except ticks; stamps and offsets as they are stored.

    Parameters
    ----------
    damage : list, optional
        Takes what could not be read.
    opened : callable, optional
        Opens the file, in place of `open`.
    """
    parts: dict[int, _Parts] = {}
    streams: dict[int, Stream] = {}
    for number, item in enumerate(read_items(path, [] if damage is None else damage, opened=opened)):
        stream = getattr(item, "stream", None)
        if stream is None:
            continue
        streams[stream.id] = stream
        part = parts.setdefault(stream.id, _Parts())
        if isinstance(item, Samples):
            part.got.append(item)
            part.places.append((part.n, number))
            part.n += len(item.times)
        elif isinstance(item, Offset):
            part.offsets.append((part.n, item.collected, item.value))
    return [_gathered(streams[key], part) for key, part in parts.items() if streams[key].kind != "Tick"]


def _gathered(stream: Stream, part: _Parts) -> ForeignStream:
    kind: Any = object if stream.dtype is None else stream.dtype["v"].base
    none = np.empty((0, stream.n_channels), kind)
    return ForeignStream(
        header=stream,
        info=stream_info(stream, Role.DYAD),
        times=np.concatenate([np.empty(0), *(s.times for s in part.got)]),
        samples=np.concatenate([s.samples for s in part.got]) if part.got else none,
        offsets=part.offsets,
        places=part.places,
    )
