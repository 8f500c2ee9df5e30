"""Offline decomposition of EDA with cvxEDA: looks ahead over the whole recording, so it never runs live.

For comparison with studies that used it; the pipeline's own indices come from `processing.skin.skin`, and
what is made here goes to a table of its own and never among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from acquisition.errors import AttunementError
from acquisition.recording.recording import Recording
from acquisition.stream import BoolArray, FloatArray, Role, StreamInfo
from acquisition.units import convert
from processing.admission import Admission
from processing.corrections.edits import Edits
from processing.parts import sources
from processing.skin.config import SkinConfig
from processing.skin.eda_quality import EdaGate, Fault, said_by_hand
from processing.skin.rises import ScrConfig
from processing.skin.scr import ResponseFinder
from processing.skin.scr_signal import Limits, Smoother
from processing.skin.signal import Signal

SFREQ = 4.0
"""Rate to which EDA is decimated first [Hz]; the solver's cost grows faster than the number of samples."""
SHORTEST = 60.0
"""A shorter stretch without a gap or fault is left out [s]: the tonic part is a spline of knots each 10 s."""
DOUBTED = 1.0 / 3.0
"""A signal of which this share of the seconds is in doubt, for its unit or zero, is left out as a whole."""
STEP = 0.05
"""A jump of a smaller share of the level than this is left in: it costs less than what lies beside it."""
EQUAL = 1e-9
"""What was taken out as a jump differs by no more than rounding where there is none [µS]."""
METHOD = "offline: cvxEDA (NeuroKit2)"


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Decomposition:
    """Hold tonic and phasic parts [µS], shape (n,), at `sfreq` [Hz]; `method` says that it is offline."""

    tonic: FloatArray
    phasic: FloatArray
    sfreq: float
    method: str


class Stretch(NamedTuple):
    """Hold one stretch of EDA without a gap or fault: stamps [s, LSL clock] of blocks, and their parts."""

    times: FloatArray
    parts: Decomposition


def cvx_decompose(eda: FloatArray, sfreq: float) -> Decomposition:
    """Decompose EDA into its tonic and phasic parts with cvxEDA.

    Parameters
    ----------
    eda : ndarray, shape (n_samples,)
        Skin conductance [µS], without nan: cut the recording at gaps first.
    sfreq : float
        Sampling rate [Hz].

    Raises
    ------
    ValueError
        If a sample is missing: the method would have to make it up.
    AttunementError
        If cvxopt, which NeuroKit2 needs for it, is not installed.

    References
    ----------
    Greco et al. (2016), doi:10.1109/TBME.2015.2474131, as in NeuroKit2

    Departures
    ----------
    - the signal is first averaged over blocks to about 4 Hz.
    """
    require_cvxopt()
    import neurokit2

    eda = np.asarray(eda, float)
    if not np.isfinite(eda).all():
        raise ValueError("cvxEDA needs every sample; cut the recording at its gaps first")
    rate = sfreq / _block(sfreq)
    parts = neurokit2.eda_phasic(_means(eda, sfreq), sampling_rate=rate, method="cvxeda")
    return Decomposition(
        tonic=parts["EDA_Tonic"].to_numpy(np.float64),
        phasic=parts["EDA_Phasic"].to_numpy(np.float64),
        sfreq=rate,
        method=METHOD,
    )


def require_cvxopt() -> None:
    """Raise AttunementError if the solver is not installed."""
    if find_spec("cvxopt") is None:
        raise AttunementError("cvxEDA needs cvxopt: pip install 'attunement[cvxeda]'")


def cvx_stretches(
    times: FloatArray,
    eda: FloatArray,
    sfreq: float,
    config: SkinConfig | None = None,
    edits: Edits | None = None,
) -> list[Stretch]:
    """Decompose EDA stretch by stretch: nothing is made up for a gap, a missing sample or a fault.

    What the rules of `processing.skin.eda_quality` call invalid, and what is near it, is left out, and so
    are falls, jumps, noise, filled gaps, what stands at a limit, and stretches of less than 60 s; and the
    whole of a signal that looks like ohms or has been below zero: what falls would be called a response.

    Parameters
    ----------
    times, eda : ndarray, shape (n_samples,)
        Stamps [s], not decreasing, and skin conductance [µS]; nan where a sample is missing.
    sfreq : float
        Sampling rate [Hz].
    config : SkinConfig, optional
        The rules, where they are not the usual ones.
    edits : Edits, optional
        What was marked and accepted by hand.
    """
    config = config or SkinConfig()
    around = config.quality.around
    codes, gaps = EdaGate(sfreq, config.quality).push(times, eda)
    if edits is not None:
        codes = said_by_hand(edits, times, codes)
    faults = times[(codes > Fault.MISSING) & (codes != Fault.MARKED)]
    first = np.searchsorted(faults, times - around)
    near = first < np.searchsorted(faults, times + around, side="right")
    finder = ResponseFinder(sfreq, config.scr, config.quality, config.falls, edits)
    for one in finder.push(times, eda, codes, gaps).stretches:
        near[slice(*np.searchsorted(times, (one.start, one.stop), side="right").tolist())] = True
    if edits is not None:
        near &= ~edits.accepts(times)
    if _doubted(times, eda, sfreq, config, edits):
        return []
    valid = (codes == Fault.NONE) & ~near
    for start, stop in _runs(valid, gaps):
        valid[start:stop] &= ~_stepped(times[start:stop], eda[start:stop], sfreq, config.scr)
    out = []
    for start, stop in _runs(valid, gaps):
        if stop - start >= SHORTEST * sfreq:
            parts = cvx_decompose(eda[start:stop], sfreq)
            out.append(Stretch(_means(times[start:stop], sfreq), parts))
    return out


def _stepped(times: FloatArray, eda: FloatArray, sfreq: float, config: ScrConfig) -> BoolArray:
    """Tell which samples of an unbroken stretch lie in a jump as high as a response, and not small beside the
    level."""
    jump, coarse = (config.jump, config.jump_share), (config.coarse_jump, config.coarse_jump_share)
    means = Smoother(sfreq, Limits(*jump), Limits(*coarse)).push(times, eda).means
    out = np.zeros(len(times), bool)
    if len(means.times) < 2:
        return out
    taken = means.eda - means.steady
    moved = np.flatnonzero(np.abs(np.diff(taken)) > EQUAL)
    for part in np.split(moved, np.flatnonzero(np.diff(moved) > 1) + 1) if len(moved) else ():
        first, last = int(part[0]), int(part[-1]) + 1
        if abs(taken[last] - taken[first]) >= max(config.minimum, STEP * means.eda[first]):
            out[slice(*np.searchsorted(times, (means.times[first], means.times[last])).tolist())] = True
    return out


def _doubted(
    times: FloatArray, eda: FloatArray, sfreq: float, config: SkinConfig, edits: Edits | None
) -> bool:
    """Tell whether the signal looks like ohms, or has no zero, for much of its time."""
    if len(times) == 0:
        return False
    signal = Signal(sfreq, config, edits)
    signal.push(times, eda)
    signal.settle(np.inf)
    seconds = np.arange(np.floor(times[0]), np.floor(times[-1]))
    return len(seconds) > 0 and float(np.mean([why != "" for why in signal.level.doubts(seconds)])) >= DOUBTED


def decompose_recording(
    path: Path | str,
    config: SkinConfig | None = None,
    corrected: Mapping[tuple[str, str], Edits] | None = None,
) -> dict[Role, list[Stretch]]:
    """Decompose the EDA of each person of a recording.

    Raises
    ------
    RecordingError
        If the recording cannot be read.
    AttunementError
        If cvxopt is not installed.
    """
    require_cvxopt()
    recording = Recording(path)
    skins = {role: info for (role, part), info in sources(recording.streams).items() if part == "skin"}
    gates = {role: Admission(info.lateness) for role, info in skins.items()}
    times: dict[Role, list[FloatArray]] = {role: [np.empty(0)] for role in skins}
    eda: dict[Role, list[FloatArray]] = {role: [np.empty(0)] for role in skins}
    for batch in recording.batches():
        for role, info in skins.items():
            part = batch.streams.get(info.key)
            admitted = gates[role].admit(part, np.asarray(batch.ticks))
            if part is not None:
                samples = np.asarray(part.samples[admitted.keep, 0], np.float64)
                times[role].append(admitted.times)
                eda[role].append(convert(samples, part.info.unit or info.unit, info.modality))
    said = {role: (corrected or {}).get((role.value, "skin")) for role in skins}
    return {
        role: _stretches(info, np.concatenate(times[role]), np.concatenate(eda[role]), config, said[role])
        for role, info in skins.items()
    }


def _stretches(
    info: StreamInfo,
    times: FloatArray,
    eda: FloatArray,
    config: SkinConfig | None,
    edits: Edits | None,
) -> list[Stretch]:
    if len(times) < 2:
        return []
    sfreq = info.sfreq if info.sfreq > 0.0 else 1.0 / float(np.median(np.diff(times)))
    return cvx_stretches(times, eda, sfreq, config, edits)


def write_decomposition(
    path: Path | str,
    file: Path,
    config: SkinConfig,
    corrected: Mapping[tuple[str, str], Edits] | None = None,
    said: str = "",
) -> None:
    """Write the decomposition of a recording as Parquet, one row a block.

    Columns: `time` [s, LSL clock], `entity`, `stretch` (counted from 1 in each person; parts of two stretches
    do not belong together), `tonic` and `phasic` [µS], `method`. Where EDA was corrected by hand, `said`
    names by whom, and the schema repeats it.
    """
    names = ("time", "entity", "stretch", "tonic", "phasic", "method")
    rows = [
        (time, role.value, number, tonic, phasic, parts.method)
        for role, stretches in decompose_recording(path, config, corrected).items()
        for number, (times, parts) in enumerate(stretches, 1)
        for time, tonic, phasic in zip(
            times.tolist(), parts.tonic.tolist(), parts.phasic.tolist(), strict=True
        )
    ]
    columns = zip(*rows, strict=True) if rows else [()] * len(names)
    types = (pa.float64(), pa.string(), pa.int64(), pa.float64(), pa.float64(), pa.string())
    arrays = [pa.array(column, kind) for column, kind in zip(columns, types, strict=True)]
    table = pa.table(arrays, names=list(names))
    if said:
        table = table.replace_schema_metadata({"corrected": said})
    pq.write_table(table, file, compression="zstd")


def _block(sfreq: float) -> int:
    return max(1, int(sfreq // SFREQ))


def _means(values: FloatArray, sfreq: float) -> FloatArray:
    block = _block(sfreq)
    return np.asarray(values[: len(values) // block * block].reshape(-1, block).mean(axis=1))


def _runs(valid: BoolArray, gaps: BoolArray) -> list[tuple[int, int]]:
    """Return first and one past last of each run of valid samples without a gap inside."""
    begins = valid & np.concatenate(([True], ~valid[:-1] | gaps[1:]))
    ends = valid & np.concatenate((~valid[1:] | gaps[1:], [True]))
    return list(zip(np.flatnonzero(begins).tolist(), (np.flatnonzero(ends) + 1).tolist(), strict=True))
