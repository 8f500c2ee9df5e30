"""RR series and spectrum of each person in each phase, on request: what the heart's numbers are made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from matplotlib.figure import FigureBase

from acquisition.stream import FloatArray
from processing.heart.spectrum import BAND, RATE, SEGMENT, detrended
from processing.index import IndexSample
from processing.metrics.session_metrics import PEOPLE, Hour
from processing.report.figures import COLOURS, DIM, Place, own_figure, sheet_of
from processing.report.phase_values import beats_of
from processing.report.phases import Phase, phases
from processing.results.session_run import SessionRun
from processing.splines import cubics

SEGMENT_S = SEGMENT / RATE
LOW = (0.04, 0.15)
"""LF band [Hz] (Task Force 1996): shaded, and not summed up, as breathing decides what it means."""
MOST = 0.5
"""Highest frequency drawn [Hz]."""
NOTE = (
    "Left: NN intervals (accepted intervals between two normal beats) over time; a gap is what was not "
    f"accepted. Right: Welch's periodogram of the NN intervals at {RATE:g} Hz (Hann, {SEGMENT_S:g} s, half "
    "overlap, each less its line), mean of n segments that lie in one piece of the phase; grey: 0.04-0.15 "
    "and 0.15-0.40 Hz. Speech and breathing alter both."
)
Table = Mapping[tuple[str, str], Sequence[IndexSample]]


@dataclass(frozen=True, slots=True, eq=False)
class Spectrum:
    """Hold a power spectrum: frequencies [Hz], density [ms²/Hz], and of how many segments it is the mean."""

    frequencies: FloatArray
    density: FloatArray
    n: int


def spectrum(pieces: Sequence[tuple[FloatArray, FloatArray]]) -> Spectrum:
    """Return the mean periodogram of pieces of NN intervals without a gap.

    Parameters
    ----------
    pieces : sequence of (times [s], NN intervals [ms])
        Those under 64 s are left out; n is 0 and the density nan where none is left.

    References
    ----------
    Task Force (1996), doi:10.1161/01.CIR.93.5.1043; the method is that of `hf_power`, over all segments.
    """
    window = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(SEGMENT) / SEGMENT)
    total, n = np.zeros(SEGMENT // 2 + 1), 0
    for times, nn in pieces:
        if len(times) < 4:
            continue
        known = int((times[-1] - times[0]) * RATE + 1e-6) + 1
        if known < SEGMENT:
            continue
        values = cubics([(times, nn)], (times[0] + np.arange(known) / RATE)[None])[0]
        for start in range(0, known - SEGMENT + 1, SEGMENT // 2):
            line = np.fft.rfft(detrended(values[start : start + SEGMENT]) * window)
            total += np.abs(line) ** 2
            n += 1
    frequencies = np.arange(SEGMENT // 2 + 1) * RATE / SEGMENT
    scale = 2.0 / (n * RATE * float((window**2).sum())) if n else math.nan
    return Spectrum(frequencies, total * scale, n)


def pieces(table: Table, entity: str, phase: Phase) -> list[tuple[FloatArray, FloatArray]]:
    """Return the NN intervals of a person in a phase, each run without a gap by itself."""
    beats = beats_of(table, entity)
    inside = phase.holds(beats.times, np.nan_to_num(beats.values) / 1000.0) & np.isfinite(beats.values)
    found: list[tuple[FloatArray, FloatArray]] = []
    begun = False
    edges = []
    for k, (known, joined) in enumerate(zip(inside.tolist(), beats.joined.tolist(), strict=True)):
        if known and not (begun and joined):
            edges.append((k, k + 1))
        elif known:
            edges[-1] = (edges[-1][0], k + 1)
        begun = known
    for first, stop in edges:
        found.append((beats.times[first:stop], beats.values[first:stop]))
    return found


def series(run: SessionRun, hour: Hour) -> list[tuple[str, Callable[[Place], FigureBase]]]:
    """Return what draws RR series and spectrum, by person and phase; none where a person has no beats."""
    table = run.rows
    out: list[tuple[str, Callable[[Place], FigureBase]]] = []
    for entity in PEOPLE:
        if (entity, "ibi") not in table:
            continue
        for phase in phases(hour.line, run.end):
            runs = pieces(table, entity, phase)
            if runs:
                out.append((f"{entity}, {phase.title}", partial(_draw, entity, runs, hour.line.begin)))
    return out


def _draw(
    entity: str, runs: Sequence[tuple[FloatArray, FloatArray]], begin: float, place: Place = own_figure
) -> FigureBase:
    figure, axes = sheet_of(place, 1.7, 1, 2, left=0.6, width_ratios=[2.2, 1.0])
    figure.subplots_adjust(wspace=0.28)
    left, right = axes[0]
    gap = np.array([np.nan])
    times = np.concatenate([part for t, _ in runs for part in (t, gap)])
    nn = np.concatenate([part for _, v in runs for part in (v, gap)])
    left.plot((times - begin) / 60.0, nn, color=COLOURS[entity], lw=0.6, rasterized=len(nn) > 20_000)
    left.set_ylabel("NN interval [ms]", fontsize=7)
    left.set_xlabel("minutes since the recording began", fontsize=7)
    found = spectrum(runs)
    for low, high in (LOW, BAND):
        right.axvspan(low, high, color="#E4E8EB", lw=0)
    right.axvline(BAND[0], color=DIM, lw=0.5, ls=":")
    if found.n:
        shown = found.frequencies <= MOST
        right.plot(found.frequencies[shown], found.density[shown] / 1e3, color=COLOURS[entity], lw=1.0)
    words = f"n = {found.n}" if found.n else f"no {SEGMENT_S:g} s in one piece"
    right.text(0.97, 0.9, words, transform=right.transAxes, ha="right", fontsize=6.5)
    right.set_xlim(0.0, MOST)
    right.set_ylim(bottom=0.0)
    right.set_ylabel("power [10³ ms²/Hz]", fontsize=7)
    right.set_xlabel("frequency [Hz]", fontsize=7)
    for ax in (left, right):
        ax.tick_params(labelsize=6)
    return figure
