"""Turn columns of files of other programs, as `--stream` names them, into a recording."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from acquisition.errors import StreamError
from acquisition.importing import stamps
from acquisition.importing.finishing import Done, finished
from acquisition.importing.found import Hints
from acquisition.importing.options import Options, refuse_unheeded
from acquisition.importing.rates import IRREGULAR, LONGEST, rate_of
from acquisition.importing.reading import Read, read_requests, said_unit
from acquisition.importing.request import FORM, INTERVALS, Request, parse_request
from acquisition.importing.store import Imported, Placed
from acquisition.importing.tables.table import Column
from acquisition.rates import too_slow
from acquisition.stream import FloatArray, Modality, Role, StreamInfo
from acquisition.timebase.account import OTHER_RATE
from acquisition.units import CANONICAL, convert, factor, known
from acquisition.voice.rows import ROW_CHANNELS, TURN_CHANNELS

SINGLE = frozenset((Modality.ECG, Modality.EDA, Modality.RR, Modality.PPI, Modality.RESP, Modality.MARKERS))
SOUND = 100.0
"""Rate above which a voice is speech [Hz]."""
TOLERANCE = 0.10
"""Share by which a measured rate may differ from the stated one, which is then told."""
FORMATS = {"<f4": "float32", "<f8": "double64", "<i1": "int8", "|i1": "int8", "<i2": "int16", "<i4": "int32"}
FORMATS |= {"<i8": "int64"}


def import_files(
    files: Sequence[str | Path],
    streams: Sequence[str],
    *,
    time_column: str | Sequence[str] | None = None,
    out: str | Path,
    options: Options | None = None,
    hints: Hints | None = None,
) -> list[StreamInfo]:
    """Import columns of files into a new, closed recording, as `import_streams`; return the streams."""
    columns = [time_column] if isinstance(time_column, str) else list(time_column or [])
    return import_streams(files, streams, times=columns, out=out, options=options, hints=hints).streams


def import_streams(
    files: Sequence[str | Path],
    streams: Sequence[str],
    *,
    times: Sequence[str] = (),
    out: str | Path,
    options: Options | None = None,
    hints: Hints | None = None,
) -> Done:
    """Import columns of files into a new, closed recording.

    Parameters
    ----------
    files : sequence of path
        Of any layout that is known.
    streams : sequence of str
        ROLE:MODALITY:UNIT[:SFREQ]=[N#]COLUMN each: N is the file, counted from 1 (1 if not given); COLUMN a
        header or number from 1 (tables, .edf, .wav), an array (.npz), or a stream name[:channel],
        name@source_id or #id (.xdf).
    times : sequence of str
        [N#]COLUMN of stamps in tables and .npz files; without N in each of them. Without one and without
        SFREQ it is the column that its name says to be time; with SFREQ sample i is at i / SFREQ; intervals
        (rr, ppi) without times follow one another from 0.
    out : path
        The recording; it names the session.

    Raises
    ------
    StreamError
        If a request is malformed, or does not fit its file, or nothing can be made of a stream so slow.
    RecordingError
        If a file cannot be read, is damaged, or the recording not be written.
    UnitError
        If a unit does not fit its modality.
    """
    paths = [Path(f) for f in files]
    requests = [parse_request(text, len(paths)) for text in streams]
    if not requests:
        raise StreamError(f"nothing to import: --stream {FORM} says what")
    clocks = _time_columns(paths, requests, times)
    hints = hints or Hints()
    read = _read(paths, requests, clocks, hints)
    _refuse_unused_times(paths, read, times)
    refuse_unheeded(hints, [paths[n - 1] for n in read], streams=True)
    placed: list[Placed] = []
    notes: list[str] = []
    at = {number: iter(one.columns) for number, one in read.items()}
    for request in requests:
        column = next(at[request.file])
        item, said = _imported(request, column, paths[request.file - 1])
        placed.append(Placed(item=item, file=request.file - 1))
        notes += said
    owners = [_owner(requests, number) for number in range(1, len(paths) + 1)]
    return finished(
        Path(out),
        placed,
        [read[n].source if n in read else None for n in range(1, len(paths) + 1)],
        owners,
        options or Options(),
        damage=[f"{paths[n - 1].name}: {text}" for n, one in read.items() for text in one.damage],
        notes=[*(f"{paths[n - 1].name}: {text}" for n, one in read.items() for text in one.notes), *notes],
        names=[path.name for path in paths],
    )


def _owner(requests: Sequence[Request], number: int) -> Role | None:
    """Return whose a file is; None if both people's, or the room's."""
    roles = {r.role for r in requests if r.file == number and r.role is not Role.DYAD}
    return roles.pop() if len(roles) == 1 else None


def _time_columns(paths: Sequence[Path], requests: Sequence[Request], times: Sequence[str]) -> dict[int, str]:
    """Return the column of time of each file."""
    out: dict[int, str] = {}
    for text in times:
        number, mark, name = text.partition("#")
        numbered = bool(mark) and number.isdecimal() and bool(name)
        if numbered and not 1 <= int(number) <= len(paths):
            raise StreamError(f"--time {text!r}: no file {number} (there are {len(paths)}, counted from 1)")
        for n in [int(number)] if numbered else range(1, len(paths) + 1):
            if numbered or n not in out:
                out[n] = name if numbered else text
    used = {paths[r.file - 1].suffix.casefold() for r in requests}
    if times and not used - {".xdf", ".wav", ".edf", ".bdf"}:
        raise StreamError(f"--time {times[0]!r}: {', '.join(sorted(used))} files have their own times")
    return out


def _read(
    paths: Sequence[Path], requests: Sequence[Request], clocks: dict[int, str], hints: Hints
) -> dict[int, Read]:
    """Read each file once."""
    found = {}
    for number, path in enumerate(paths, 1):
        mine = [r for r in requests if r.file == number]
        if mine:
            found[number] = read_requests(path, mine, clocks.get(number), hints)
    return found


def _refuse_unused_times(paths: Sequence[Path], read: dict[int, Read], times: Sequence[str]) -> None:
    """Refuse a column of stamps for files that have their own, or that nothing is asked of."""
    for text in times:
        number, mark, name = text.partition("#")
        asked = [int(number)] if mark and number.isdecimal() and name else list(read)
        if not any(n in read for n in asked):
            raise StreamError(f"--time {text!r}: no --stream asks for anything of that file")
        if not any(read[n].timed for n in asked if n in read):
            names = ", ".join(paths[n - 1].name for n in asked)
            raise StreamError(f"--time {text!r}: has its own times: {names}; leave it out")


def _imported(request: Request, column: Column, path: Path) -> tuple[Imported, list[str]]:
    where = f"{path}: column {request.column!r}"
    samples = column.samples
    if request.modality in SINGLE and samples.shape[1] != 1:
        labels = ", ".join(column.labels)
        raise StreamError(f"{where}: {request.modality} is one channel, it has {samples.shape[1]} ({labels})")
    if request.modality is Modality.MARKERS and column.times is None:
        raise StreamError(f"{where}: markers need a time column (--time)")
    _check_unit(request, column, where)
    times, sfreq, said = _times(request, column, where)
    if request.modality is Modality.VOICE and sfreq <= SOUND:
        _refuse_unnamed_rows(column, where)
        sfreq = 0.0
    if why := too_slow(request.modality, sfreq):
        raise StreamError(
            f"{where}: {why}; give the recording before it was thinned out, or its beats as rr or ppi, or "
            "leave this stream out"
        )
    if samples.dtype == object:
        keep = np.array([bool(str(text).strip()) for text in samples[:, 0]], bool)
        times, samples = times[keep], samples[keep]
    if not len(times):
        raise StreamError(f"{where}: no samples")
    return Imported(
        info=info_of(request, column, path, samples, sfreq),
        times=times,
        samples=stored(samples),
        offsets=[],
        began=column.began,
    ), [f"{request.column}: {text}" for text in said]


def _refuse_unnamed_rows(column: Column, where: str) -> None:
    """Refuse rows of prosody whose columns are not named: nothing could be made of them."""
    if not set(column.labels) & {*ROW_CHANNELS, *TURN_CHANNELS}:
        raise StreamError(
            f"{where}: voice takes speech of more than {SOUND:g} Hz, or rows of prosody with named columns "
            f"({', '.join(ROW_CHANNELS[:4])}, …): a table that has them is imported whole by --as"
        )


def stored(samples: NDArray[Any]) -> NDArray[Any]:
    """Return samples in a form that a recording takes."""
    if samples.dtype == object or samples.dtype.newbyteorder("<").str in FORMATS:
        return samples
    return samples.astype(np.float64)


def info_of(request: Request, column: Column, path: Path, samples: NDArray[Any], sfreq: float) -> StreamInfo:
    """Return how a stream is described."""
    return StreamInfo(
        name=request.column,
        role=request.role,
        modality=request.modality,
        sfreq=sfreq,
        unit=request.unit,
        channels=column.labels,
        format="string" if samples.dtype == object else FORMATS[stored(samples).dtype.newbyteorder("<").str],
        source_id="",
        device="import",
        metadata={"imported_from": path.name},
    )


def _check_unit(request: Request, column: Column, where: str) -> None:
    """Refuse a unit that is another than the file says; a spelling that is not known says nothing."""
    modality, one = request.modality, np.ones(1)
    unit = said_unit(column, modality)
    if unit and modality in CANONICAL and known(unit, modality):
        said, wanted = (float(convert(one, u, modality)[0]) for u in (unit, request.unit))
        if said != wanted:
            raise StreamError(f"{where}: unit {request.unit!r}, but the file says {column.unit!r}")


def _times(request: Request, column: Column, where: str) -> tuple[FloatArray, float, list[str]]:
    """Return stamps, nominal rate (0 if irregular), and what is said of them."""
    if column.times is not None:
        return _own_times(request, column, where)
    if request.modality in INTERVALS:
        return _summed(request, column, where), 0.0, []
    if column.sfreq is not None and request.sfreq is not None and _differ(column.sfreq, request.sfreq):
        raise StreamError(f"{where}: SFREQ {request.sfreq:g} Hz, but the file says {column.sfreq:g} Hz")
    sfreq = column.sfreq if column.sfreq is not None else request.sfreq
    if sfreq is None:
        raise StreamError(
            f"{where}: neither a time column nor a rate: give --time COLUMN, or SFREQ in {FORM}"
        )
    return np.arange(len(column.samples)) / sfreq, sfreq, []


def _differ(a: float, b: float) -> bool:
    return abs(a / b - 1) > TOLERANCE


def _own_times(request: Request, column: Column, where: str) -> tuple[FloatArray, float, list[str]]:
    assert column.times is not None
    times = np.asarray(column.times, np.float64)
    if request.modality in IRREGULAR:
        return times, 0.0, []
    measured = column.sfreq if column.stamped and column.sfreq else rate_of(times)
    if request.sfreq is None:
        return times, measured, []
    if measured and _differ(measured, request.sfreq):
        raise StreamError(f"{where}: SFREQ {request.sfreq:g} Hz, but its stamps [s] say {measured:.6g} Hz")
    if not measured and (why := stamps.implausible(times, request.modality)):
        raise StreamError(f"{where}: SFREQ {request.sfreq:g} Hz, but its stamps [s] say {why}")
    if measured and 0.005 < abs(measured / request.sfreq - 1) <= OTHER_RATE:  # beyond, the time base tells
        return (
            times,
            request.sfreq,
            [f"stamps say {measured:.6g} Hz, taken as the {request.sfreq:g} Hz that were given"],
        )
    return times, request.sfreq, []


def _summed(request: Request, column: Column, where: str) -> FloatArray:
    """Return the end of each interval, counted from the first one's beginning [s]."""
    seconds = np.asarray(column.samples[:, 0], np.float64) * factor(request.unit, request.modality) / 1000
    bad = np.flatnonzero(~((seconds > 0) & (seconds <= LONGEST)))
    if len(bad):
        raise StreamError(
            f"{where}: row {bad[0] + 1}: interval {column.samples[bad[0], 0]}: without a time column "
            "every interval must be there, and no longer than an hour"
        )
    return np.cumsum(seconds)
