"""The files that can be imported, by their suffix."""

from __future__ import annotations

import csv
import struct
import tokenize
import wave
import zipfile
import zlib
from collections.abc import Sequence
from pathlib import Path

from acquisition.errors import RecordingError, StreamError
from acquisition.importing.edf import read_edf
from acquisition.importing.table import Column, Wanted, choose, read_csv, read_npz
from acquisition.importing.wav import read_wav
from acquisition.lsl.network import channel_number, describe
from acquisition.xdf import ForeignStream, load_foreign

TABLES = (".csv", ".tsv", ".txt")
SUFFIXES = (".csv", ".npz", ".edf", ".wav", ".xdf")
BROKEN = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    MemoryError,
    OverflowError,
    RuntimeError,
    SyntaxError,
    csv.Error,
    struct.error,
    tokenize.TokenError,
    wave.Error,
    zipfile.BadZipFile,
    zlib.error,
)
"""What the readers of Python and numpy raise on a damaged file."""


def read_columns(path: Path, wanted: Sequence[Wanted], time: str | None) -> list[Column]:
    """Read columns of a file; `time` names the column of stamps in .csv and .npz files.

    Raises
    ------
    RecordingError
        If the file cannot be read or has no such column; it names the choices.
    """
    if not path.is_file():
        raise RecordingError(f"{path}: no such file")
    try:
        return _read(path, wanted, time)
    except BROKEN as error:
        what = " ".join(str(error).split()) or type(error).__name__
        raise RecordingError(f"{path}: cannot be read: {what[:200]}") from error


def _read(path: Path, wanted: Sequence[Wanted], time: str | None) -> list[Column]:
    suffix = path.suffix.casefold()
    if suffix in TABLES:
        return read_csv(path, wanted, time)
    if suffix == ".npz":
        return read_npz(path, wanted, time)
    if suffix == ".edf":
        return read_edf(path, wanted)
    if suffix == ".wav":
        return read_wav(path, wanted)
    if suffix == ".xdf":
        return read_xdf(path, wanted)
    raise RecordingError(f"{path}: not a kind of file that can be imported (known: {', '.join(SUFFIXES)})")


def read_xdf(path: Path, wanted: Sequence[Wanted]) -> list[Column]:
    """Read streams by name, or a channel by name:channel, with raw stamps and clock offsets beside them."""
    streams = load_foreign(path)
    names = [s.header.name for s in streams]
    return [_xdf_column(path, streams, names, want) for want in wanted]


def _xdf_column(path: Path, streams: Sequence[ForeignStream], names: Sequence[str], want: Wanted) -> Column:
    name, channel = want.name, ""
    if name not in names and ":" in name:
        name, channel = name.rsplit(":", 1)
    stream = streams[choose(path, "stream", name, names)]
    samples = stream.samples
    if len(stream.times) == 0:
        raise RecordingError(f"{path}: stream {name!r} has no samples")
    if (samples.dtype == object) != want.text and samples.dtype == object:
        raise RecordingError(f"{path}: stream {name!r} holds text, which can only be imported as markers")
    labels, units = _channels(stream)
    if channel:
        try:
            i = channel_number(labels, channel, first=1)
        except StreamError as error:
            raise RecordingError(f"{path}: stream {name!r}: {error}") from error
        samples, labels, units = samples[:, i : i + 1], (labels[i],), (units[i],)
    return Column(
        times=stream.times,
        samples=samples,
        labels=labels,
        sfreq=stream.header.sfreq,
        unit=units[0] if len(set(units)) == 1 else "",
        offsets=stream.offsets,
    )


def _channels(stream: ForeignStream) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return label (numbers from 1 where it says none) and unit of each channel of a stream."""
    xml = (stream.header.xml or b"<info/>").decode("utf-8", "replace")
    said = describe(xml, stream.header.n_channels, first=1)
    return said.labels, said.units
