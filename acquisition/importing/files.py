"""Turn files of other programs into a recording, with ticks made up from the stamps."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from acquisition.errors import StreamError
from acquisition.importing.readers import read_columns
from acquisition.importing.request import FORM, INTERVALS, IRREGULAR, Request, parse_request
from acquisition.importing.store import Imported, store
from acquisition.importing.table import Column, Wanted
from acquisition.importing.voice import analysed
from acquisition.rates import too_slow
from acquisition.stream import FloatArray, Modality, Role, StreamInfo
from acquisition.units import CANONICAL, convert, factor, known

SINGLE = frozenset((Modality.ECG, Modality.EDA, Modality.RR, Modality.PPI, Modality.RESP, Modality.MARKERS))
TOLERANCE = 0.05
"""Share by which the steps of a time column may differ from the stated rate, or from their median."""
FORMATS = {"<f4": "float32", "<f8": "double64", "<i1": "int8", "|i1": "int8", "<i2": "int16", "<i4": "int32"}
FORMATS |= {"<i8": "int64"}


def import_files(
    files: Sequence[str | Path], streams: Sequence[str], *, time_column: str | None = None, out: str | Path
) -> list[StreamInfo]:
    """Import columns of files into a new, closed recording.

    Parameters
    ----------
    files : sequence of path
        .csv (.tsv, .txt), .npz, .edf, .wav, .xdf.
    streams : sequence of str
        ROLE:MODALITY:UNIT[:SFREQ]=[N#]COLUMN each: N is the file, counted from 1 (1 if not given); COLUMN a
        header or number from 1 (.csv, .edf, .wav), an array (.npz), or a stream name[:channel] (.xdf).
    time_column : str, optional
        Column of stamps [s] in .csv and .npz files. Without it sample i is at i / SFREQ, and intervals (rr,
        ppi) follow one another from 0.
    out : path
        The recording; it names the session.

    Returns
    -------
    list of StreamInfo
        What was imported.

    Raises
    ------
    StreamError
        If a request is malformed, or does not fit its file, or nothing can be made of a stream so slow.
    RecordingError
        If a file cannot be read, or the recording not be written.
    UnitError
        If a unit does not fit its modality.
    """
    paths = [Path(f) for f in files]
    requests = [parse_request(text, len(paths)) for text in streams]
    if not requests:
        raise StreamError(f"nothing to import: --stream {FORM} says what")
    _check_time_column(paths, requests, time_column)
    columns = _columns(paths, requests, time_column)
    imported = [
        _imported(request, column, paths[request.file - 1])
        for request, column in zip(requests, columns, strict=True)
    ]
    imported = _named(analysed(_named(imported)))
    store(Path(out), imported, sources=[path.name for path in paths])
    return [item.info for item in imported]


def _check_time_column(paths: Sequence[Path], requests: Sequence[Request], time_column: str | None) -> None:
    used = {paths[r.file - 1].suffix.casefold() for r in requests}
    if time_column is not None and not used - {".xdf", ".wav", ".edf"}:
        raise StreamError(f"--time {time_column!r}: {', '.join(sorted(used))} files have their own times")


def _columns(paths: Sequence[Path], requests: Sequence[Request], time: str | None) -> list[Column]:
    """Read each file once."""
    found: dict[int, Column] = {}
    for number, path in enumerate(paths, 1):
        mine = [i for i, r in enumerate(requests) if r.file == number]
        wanted = [Wanted(requests[i].column, requests[i].modality is Modality.MARKERS) for i in mine]
        if mine:
            found |= dict(zip(mine, read_columns(path, wanted, time), strict=True))
    return [found[i] for i in range(len(requests))]


def _imported(request: Request, column: Column, path: Path) -> Imported:
    where = f"{path}: column {request.column!r}"
    samples = column.samples
    if request.modality in SINGLE and samples.shape[1] != 1:
        labels = ", ".join(column.labels)
        raise StreamError(f"{where}: {request.modality} is one channel, it has {samples.shape[1]} ({labels})")
    if request.modality is Modality.MARKERS and column.times is None:
        raise StreamError(f"{where}: markers need a time column (--time)")
    _check_unit(request, column, where)
    times, sfreq = _times(request, column, where)
    if why := too_slow(request.modality, sfreq):
        raise StreamError(
            f"{where}: {why}; give the recording before it was thinned out, or its beats as rr or ppi, or "
            "leave this stream out"
        )
    offsets = column.offsets
    if samples.dtype == object and column.sfreq is None:
        keep = np.array([bool(text) for text in samples[:, 0]], bool)
        times, samples = times[keep], samples[keep]
    if samples.dtype != object and samples.dtype.newbyteorder("<").str not in FORMATS:
        samples = samples.astype(np.float64)
    info = StreamInfo(
        name=request.column,
        role=request.role,
        modality=request.modality,
        sfreq=sfreq,
        unit=request.unit,
        channels=column.labels,
        format="string" if samples.dtype == object else FORMATS[samples.dtype.newbyteorder("<").str],
        source_id="",
        device="import",
        metadata={"imported_from": path.name},
    )
    return Imported(info=info, times=times, samples=samples, offsets=offsets)


def _check_unit(request: Request, column: Column, where: str) -> None:
    """Refuse a unit that is another than the file says; a spelling that is not known says nothing."""
    modality, one = request.modality, np.ones(1)
    if column.unit and modality in CANONICAL and known(column.unit, modality):
        said, wanted = (float(convert(one, unit, modality)[0]) for unit in (column.unit, request.unit))
        if said != wanted:
            raise StreamError(f"{where}: unit {request.unit!r}, but the file says {column.unit!r}")


def _times(request: Request, column: Column, where: str) -> tuple[FloatArray, float]:
    """Return stamps and nominal rate (0 if irregular)."""
    if column.times is not None:
        return _own_times(request, column, where)
    if request.modality in INTERVALS:
        return _summed(request, column, where), 0.0
    if column.sfreq is not None and request.sfreq is not None and column.sfreq != request.sfreq:
        raise StreamError(f"{where}: SFREQ {request.sfreq:g} Hz, but the file says {column.sfreq:g} Hz")
    sfreq = column.sfreq if column.sfreq is not None else request.sfreq
    if sfreq is None:
        raise StreamError(
            f"{where}: neither a time column nor a rate: give --time COLUMN, or SFREQ in {FORM}"
        )
    return np.arange(len(column.samples)) / sfreq, sfreq


def _own_times(request: Request, column: Column, where: str) -> tuple[FloatArray, float]:
    assert column.times is not None
    times = np.asarray(column.times, np.float64)
    if column.sfreq is not None:
        return times, 0.0 if request.modality in IRREGULAR else column.sfreq
    bad = np.flatnonzero(~np.isfinite(times))
    if len(bad):
        raise StreamError(f"{where}: row {bad[0] + 1}: no time ({times[bad[0]]})")
    steps = np.diff(times)
    bad = np.flatnonzero(steps < 0 if request.modality in IRREGULAR else steps <= 0)
    if len(bad):
        i = int(bad[0])
        raise StreamError(
            f"{where}: row {i + 2}: time {times[i + 1]:.15g} does not come after {times[i]:.15g}"
        )
    if request.modality in IRREGULAR or len(steps) == 0:
        return times, request.sfreq or 0.0
    median = float(np.median(steps))
    if request.sfreq is not None:
        if abs(median * request.sfreq - 1) > TOLERANCE:
            raise StreamError(
                f"{where}: SFREQ {request.sfreq:g} Hz, but the time column [s] says {1 / median:g} Hz"
            )
        return times, request.sfreq
    regular = np.mean(np.abs(steps - median) <= TOLERANCE * median) >= 0.9
    return times, float(f"{1 / median:.6g}") if regular else 0.0


def _summed(request: Request, column: Column, where: str) -> FloatArray:
    """Return the end of each interval, counted from the first one's beginning [s]."""
    seconds = np.asarray(column.samples[:, 0], np.float64) * factor(request.unit, request.modality) / 1000
    bad = np.flatnonzero(~(seconds > 0))
    if len(bad):
        raise StreamError(
            f"{where}: row {bad[0] + 1}: interval {column.samples[bad[0], 0]}: without a time column "
            "every interval must be there"
        )
    return np.cumsum(seconds)


def _named(imported: Sequence[Imported]) -> list[Imported]:
    """Give streams of one person names that differ."""
    taken: set[tuple[Role, str]] = set()
    out = []
    for item in imported:
        base = f"{item.info.name} {item.info.modality}"
        names = [item.info.name, base, *(f"{base} {i}" for i in range(2, len(imported) + 2))]
        name = next(n for n in names if (item.info.role, n) not in taken)
        taken.add((item.info.role, name))
        out.append(item.renamed(name))
    return out
