"""Time synchrony beside multiSyncPy, NeuroKit2 and plain numpy loops, in one run.

    OPENBLAS_NUM_THREADS=1 python benchmarks/synchrony.py

The dyad is synthetic: 50 min at 4 Hz, the client follows by 2 s. A peer that is not installed is left out;
figures are CPU seconds of the fastest of several runs. multiSyncPy and NeuroKit2 have no lag table, so their
nearest function stands beside ours.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable

import numpy as np

from processing.config import PipelineConfig
from processing.coupling.synchrony import Synchrony
from processing.coupling.wclc import LagTable, TableShape
from processing.index import IndexSample
from processing.indices import SIGNALS, SPEECH
from processing.surrogates.synchrony import (
    circular_shift_test,
    lagged_correlation,
    lead,
    permutation_test,
    phase_locking,
    susy,
    wavelet_coherence,
)

SFREQ, SECONDS, SEGMENT, LAG = 4.0, 3000, 120, 20
N = int(SFREQ * SECONDS)


def dyad() -> tuple[np.ndarray, np.ndarray]:
    """Return two heart rates [bpm] of which the client's follows by 2 s."""
    rng = np.random.default_rng(1)
    x = np.convolve(rng.standard_normal(N + 107), np.exp(-np.arange(100) / 20.0), "valid") + 70.0
    own = np.convolve(rng.standard_normal(N + 99), np.exp(-np.arange(100) / 20.0), "valid")
    return x[8:], 40.0 + 0.5 * x[:-8] + 0.8 * own


def cpu(work: Callable[[], object], repeats: int = 3) -> float:
    """Return the CPU seconds of the fastest run."""
    best = np.inf
    for _ in range(repeats):
        start = time.process_time()
        work()
        best = min(best, time.process_time() - start)
    return best


def show(what: str, seconds: float, note: str = "") -> None:
    """Print one line."""
    print(f"{what:62s} {seconds * 1e3:12.2f} ms  {note}")


def ours(x: np.ndarray, y: np.ndarray) -> None:
    """Time the offline functions."""
    print("50-min dyad at 4 Hz, offline")
    rng = np.random.default_rng(0)
    show("susy", cpu(lambda: susy(x, y, sfreq=SFREQ)))
    show("permutation_test, 1000", cpu(lambda: permutation_test(x, y, sfreq=SFREQ, rng=rng)), "goal 50")
    show(
        "circular_shift_test, 1000 shifts of all lags",
        cpu(lambda: circular_shift_test(x, y, sfreq=SFREQ, rng=rng)),
        "goal 1000",
    )
    show("lagged_correlation, step 1 s, 41 lags", cpu(lambda: lagged_correlation(x, y, sfreq=SFREQ)))
    show("lead, 1000 permutations, 1000 bootstraps", cpu(lambda: lead(x, y, sfreq=SFREQ, rng=rng)))
    band = (0.04, 0.15)
    locking = cpu(lambda: phase_locking(x, y, sfreq=SFREQ, band=band, rng=rng))
    show("phase_locking, 1000 shifts", locking)
    with contextlib.suppress(ImportError):
        coherence = cpu(lambda: wavelet_coherence(x[::4], y[::4], sfreq=1.0, band=band, rng=rng), 1)
        show("wavelet_coherence at 1 Hz, 23 scales, 200 shifts", coherence)


def numpy_loops(x: np.ndarray, y: np.ndarray) -> None:
    """Time the same in plain loops, parts of them scaled up."""
    print("numpy loops")

    def table() -> None:
        for t in range(SEGMENT + LAG - 1, SEGMENT + LAG - 1 + 100 * 4, 4):
            for k in range(-LAG, LAG + 1):
                a, b = t - max(k, 0), t - max(-k, 0)
                np.corrcoef(x[a - SEGMENT + 1 : a + 1], y[b - SEGMENT + 1 : b + 1])

    def correlate_all(shifted: np.ndarray) -> float:
        sizes = []
        for s in range(0, N - SEGMENT - LAG, SEGMENT):
            a = x[s : s + SEGMENT] - x[s : s + SEGMENT].mean()
            c = np.correlate(shifted[s : s + SEGMENT + LAG], a, "valid")
            sizes.append(np.abs(c).mean() / (a.std() * shifted[s : s + SEGMENT].std()))
        return float(np.mean(sizes))

    rng = np.random.default_rng(0)
    show("lag table, 2861 windows × 41 lags (100 windows, scaled)", cpu(table, 1) * 28.61)
    shifts = rng.integers(240, N - 240, 20)
    loop = cpu(lambda: [correlate_all(np.roll(y, int(s))) for s in shifts], 1) * 50
    show("1000 circular shifts, 21 lags only (20 shifts, scaled)", loop)


def peers(x: np.ndarray, y: np.ndarray) -> None:
    """Time what the peers have."""
    print("peers")
    with contextlib.suppress(ImportError):
        from multiSyncPy import synchrony_metrics as peer

        data, rng = np.stack([x, y]), np.random.default_rng(0)

        def surrogates() -> None:
            for _ in range(20):
                peer.symbolic_entropy(np.stack([data[0], np.roll(data[1], int(rng.integers(240, N - 240)))]))

        show("multiSyncPy symbolic_entropy × 200 surrogates (20, scaled)", cpu(surrogates, 1) * 10)
        show("multiSyncPy get_sync_coef, 20 lags", cpu(lambda: peer.get_sync_coef(x, y, 20), 1))
    with contextlib.suppress(ImportError):
        import neurokit2

        for method in ("correlation", "hilbert"):
            work = cpu(lambda m=method: neurokit2.signal_synchrony(x, y, method=m, window_size=SEGMENT), 1)
            show(f"NeuroKit2 signal_synchrony, {method}, lag 0 only", work)


def rows(x: np.ndarray, y: np.ndarray, signal: str) -> list[IndexSample]:
    """Return index samples on the grid of a signal, as an estimator would give them."""
    rule = SIGNALS[signal]
    step = round(SFREQ / rule.sfreq)
    scaled = {"hr": lambda v: 60_000.0 / v, "lnrmssd": lambda v: v / 20.0}.get(signal, lambda v: v / 70.0)
    found = [
        IndexSample(k / rule.sfreq, k / rule.sfreq + 1.0, entity, rule.index, float(v), "", 1.0, "")
        for k, pair in enumerate(zip(scaled(x[::step]), scaled(y[::step]), strict=True))
        for entity, v in zip(("therapist", "client"), pair, strict=True)
    ]
    found += [row._replace(index=rule.check, value=0.0) for row in found if rule.check]
    # Both talk in turns of ten seconds, known a second later.
    talk = [
        IndexSample(float(t), t + 1.0, entity, SPEECH, float((t // 10 + k) % 2), "", 1.0, "")
        for t in range(SECONDS)
        for k, entity in enumerate(("therapist", "client"))
    ]
    return sorted(found + talk, key=IndexSample.order)


def listener(signal: str, heard: list[IndexSample], n_ticks: int) -> float:
    """Return CPU seconds of a listener that is given so many ticks at a time."""
    synchrony = Synchrony(signal, config=PipelineConfig())
    ticks = np.arange(1, SECONDS * 10 + 400) * 0.1
    at, spent = 0, 0.0
    for k in range(0, len(ticks), n_ticks):
        some = ticks[k : k + n_ticks]
        stop = at
        while stop < len(heard) and heard[stop].available <= some[-1]:
            stop += 1
        start = time.process_time()
        synchrony.hear(heard[at:stop])
        synchrony.advance(some, {"heart": some - 0.05, "skin": some - 0.05})
        spent += time.process_time() - start
        at = stop
    return spent


def live(x: np.ndarray, y: np.ndarray) -> None:
    """Time the listener, batched and tick by tick, and one push into the lag table."""
    print("live: whole listener (signals, table, peak, band, statements, rows), 50 min")
    total = 0.0
    for signal in ("hr", "scl", "sclslope", "lnrmssd"):
        heard = rows(x, y, signal)
        batched, single = listener(signal, heard, 3000), listener(signal, heard, 1)
        total += batched
        note = f"tick by tick {single * 1e3:.0f} ms = {single / SECONDS / 10 * 1e3:.3f} ms a tick (goal 0.1)"
        show(f"{signal}, 3000 ticks at a time", batched, note)
    show("four signals", total)
    table = LagTable(TableShape(window=SEGMENT, max_lag=LAG, coverage=0.8, renew=2400))
    pushes = cpu(lambda: [table.push(x[k : k + 1], y[k : k + 1]) for k in range(2000)], 3) / 2000
    show("one sample into a 41-lag table, alone", pushes, "prototype 0.127")


if __name__ == "__main__":
    therapist, client = dyad()
    ours(therapist, client)
    numpy_loops(therapist, client)
    peers(therapist, client)
    live(therapist, client)
