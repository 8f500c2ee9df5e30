"""Compare response detection and tonic level with peers on the same simulated signals, and time our own.

    python -m benchmarks.eda [--recordings 12] [--seed 20000] [--peers]

Peers are NeuroKit2's default, its smoothmedian, its high-pass with an absolute threshold, and cvxEDA (4 Hz,
first two recordings; half a minute each).
"""

from __future__ import annotations

import argparse
import time
import warnings
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from acquisition.stream import Chunk, FloatArray, Modality, Role, StreamInfo
from benchmarks.eda_signals import Simulated, f1, matches, simulate
from processing.lookahead.cvxeda import cvx_decompose
from processing.skin.eda import Skin, SkinConfig, detect_scrs, tonic_level

Finder = Callable[[FloatArray, int], FloatArray]
RATES = (4, 25, 100)
ABSOLUTE = 0.05


def ours(eda: FloatArray, sfreq: int) -> FloatArray:
    """Return onsets [s]."""
    return detect_scrs(eda, sfreq).onset


def neurokit(method: str, absolute: bool) -> Finder:
    """Return a finder of NeuroKit2: cleaned as its own pipeline does, peaks by default or from 0.05 µS on."""
    import neurokit2

    def find(eda: FloatArray, sfreq: int) -> FloatArray:
        clean = neurokit2.eda_clean(eda, sampling_rate=sfreq)
        phasic = neurokit2.eda_phasic(clean, sampling_rate=sfreq, method=method)["EDA_Phasic"].to_numpy()
        return _neurokit_onsets(phasic, sfreq, absolute)

    return find


def cvx(eda: FloatArray, sfreq: int) -> FloatArray:
    """Return onsets of cvxEDA's phasic part from 0.05 µS on."""
    return _neurokit_onsets(cvx_decompose(eda, sfreq).phasic, sfreq, True)


def _neurokit_onsets(phasic: FloatArray, sfreq: float, absolute: bool) -> FloatArray:
    import neurokit2

    _, found = neurokit2.eda_peaks(phasic, sampling_rate=sfreq, amplitude_min=1e-6 if absolute else 0.1)
    onsets, heights = (np.asarray(found[key], float) for key in ("SCR_Onsets", "SCR_Amplitude"))
    kept = np.isfinite(onsets) & (heights >= ABSOLUTE if absolute else True)
    return np.asarray(onsets[kept] / sfreq)


def scored(find: Finder, signals: list[Simulated], sfreq: int) -> float:
    """Return pooled F1 [%]."""
    counts = []
    for signal in signals:
        found, true = find(signal.sampled(sfreq), sfreq), signal.truth()[0]
        counts.append((matches(found, true), len(found), len(true)))
    return f1(counts)


def detection(n: int, seed: int, peers: bool) -> None:
    """Print F1 for each kind of signal and rate."""
    sets = {
        "7-18/min": [simulate(seed + i, r) for i, r in enumerate(np.linspace(7, 18, n))],
        "2-8/min": [simulate(seed + 100 + i, r) for i, r in enumerate(np.linspace(2, 8, n))],
        "7-18/min, 1 movement/min": [
            simulate(seed + i, r, artefacts=True) for i, r in enumerate(np.linspace(7, 18, n))
        ],
    }
    finders: dict[str, Finder] = {"Attunement (causal)": ours}
    if peers:
        finders |= {
            "NeuroKit2 default": neurokit("highpass", False),
            "NeuroKit2 smoothmedian": neurokit("smoothmedian", False),
            "high-pass, absolute threshold": neurokit("highpass", True),
            "cvxEDA, absolute threshold": cvx,
        }
    print(f"F1 [%], strict truth, {n} x 30 min, seeds {seed}-; at {RATES} Hz")
    for kind, signals in sets.items():
        for name, find in finders.items():
            slow = find is cvx
            rates = (4,) if slow else RATES
            values = [scored(find, signals[:2] if slow else signals, r) for r in rates]
            print(f"  {kind:26s} {name:32s}", "  ".join(f"{v:5.1f}" for v in values), flush=True)


def level(n: int, seed: int, peers: bool) -> None:
    """Print bias and spread of the tonic level against the true one."""
    methods = ["ours"] + (["highpass", "smoothmedian"] if peers else [])
    for rate in (1.5, 4.0, 10.0, 20.0):
        errors: dict[str, list[FloatArray]] = {m: [] for m in methods}
        for i in range(n):
            signal = simulate(seed + i, rate, 1200.0)
            eda = signal.sampled(4)
            for method in methods:
                if method == "ours":
                    times, got = tonic_level(eda, 4.0)
                else:
                    import neurokit2

                    parts = neurokit2.eda_phasic(eda, sampling_rate=4, method=method)
                    got = parts["EDA_Tonic"].to_numpy()
                    times = np.arange(len(got)) / 4.0
                late = times >= 60.0
                true = np.interp(times[late], np.arange(len(signal.tonic)) / 100, signal.tonic)
                errors[method].append(got[late] - true)
        cells = []
        for method, parts_ in errors.items():
            e = np.concatenate(parts_)
            cells.append(f"{method} {np.nanmean(e):+.3f} (sd {np.nanstd(e):.3f})")
        print(f"  level at {rate:4.1f}/min, 4 Hz: bias [µS]", ";  ".join(cells), flush=True)


def cost(seed: int) -> None:
    """Print CPU seconds per recorded hour, in batches of 300 s and in calls of 0.1 s."""
    signal = simulate(seed, 10.0, 3600.0)
    ends = 0.1 * np.arange(1, 36001)
    for sfreq in (4, 25, 100, 1000):
        eda = np.repeat(signal.sampled(min(sfreq, 100)), max(1, sfreq // 100))
        times = np.arange(len(eda)) / sfreq
        info = StreamInfo(
            name="eda", role=Role.CLIENT, modality=Modality.EDA, sfreq=sfreq, unit="uS", channels=("EDA",)
        )
        spent = []
        for n in (3000, 1):
            skin, start = Skin("client", config=SkinConfig()), time.process_time()
            cuts = np.searchsorted(times, np.concatenate(([0.0], ends[n - 1 :: n])))
            for k, (a, b) in enumerate(pairwise(cuts.tolist())):
                if b > a:
                    skin.update(Chunk(info, times[a:b], eda[a:b, None]))
                ticks = ends[k * n : (k + 1) * n]
                skin.advance(ticks, {"skin": ticks})
            spent.append(time.process_time() - start)
        share = spent[1] / 36.0
        print(f"  {sfreq:5d} Hz: {spent[0]:.2f} s offline, {spent[1]:.1f} s live ({share:.2f} % of a core)")


def main() -> None:
    """Run everything."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recordings", type=int, default=12)
    parser.add_argument("--seed", type=int, default=20000)
    parser.add_argument("--peers", action="store_true")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    detection(options.recordings, options.seed, options.peers)
    print("Tonic level")
    level(5, options.seed + 1000, options.peers)
    print("CPU per recorded hour")
    cost(options.seed)


if __name__ == "__main__":
    main()
