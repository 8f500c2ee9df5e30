"""Responses and artefacts of EDA against what people labelled, beside other packages.

Responses are labelled as moments `time,label` with the label scr, at their peak. A finding is matched to at
most one label within 2 s, nearest first; what lies in a stretch that a person labelled as an artefact counts
for nothing. The peers see the whole recording at once.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator

import numpy as np

from acquisition.stream import BoolArray, FloatArray
from benchmarks.eda_signals import matches
from benchmarks.labels import Labelled
from processing.skin.eda import detect_scrs

Finder = Callable[[FloatArray, float], FloatArray]
TOLERANCE = 2.0
NAMES = ("scr", "response", "peak")
"""What labels of a response are called, in small letters."""
CLEAN = ("good", "clean", "ok", "none")
"""Labels of stretches that say that nothing is wrong."""
OURS = "Attunement (causal)"


def ours(eda: FloatArray, sfreq: float) -> FloatArray:
    """Return peaks [s]."""
    return detect_scrs(eda, sfreq).peak


def peers() -> dict[str, Finder]:
    """Return the finders of other packages that are installed, each as its own pipeline finds peaks."""
    found: dict[str, Finder] = {}
    try:
        import neurokit2
    except ImportError:
        pass
    else:

        def neurokit(eda: FloatArray, sfreq: float, method: str, absolute: bool) -> FloatArray:
            clean = neurokit2.eda_clean(eda, sampling_rate=sfreq)
            phasic = neurokit2.eda_phasic(clean, sampling_rate=sfreq, method=method)["EDA_Phasic"].to_numpy()
            least = 1e-6 if absolute else 0.1
            _, info = neurokit2.eda_peaks(phasic, sampling_rate=sfreq, amplitude_min=least)
            peaks, heights = (np.asarray(info[k], float) for k in ("SCR_Peaks", "SCR_Amplitude"))
            kept = np.isfinite(peaks) & (heights >= 0.05 if absolute else True)
            return np.asarray(peaks[kept] / sfreq)

        found["NeuroKit2"] = lambda x, f: neurokit(x, f, "highpass", False)
        found["NeuroKit2, high-pass, absolute"] = lambda x, f: neurokit(x, f, "highpass", True)
    try:
        from biosppy.signals import eda as biosppy
    except ImportError:
        pass
    else:

        def kbk(eda: FloatArray, sfreq: float) -> FloatArray:
            out = biosppy.eda(signal=eda, sampling_rate=sfreq, show=False, min_amplitude=0.05)
            return np.asarray(out["peaks"], float) / sfreq

        found["BioSPPy"] = kbk
    return found


def true_responses(recording: Labelled) -> FloatArray:
    """Return labelled moments of responses outside labelled artefacts [s]."""
    labels = recording.labels
    named = np.array([name.lower() in NAMES for name in labels.names], bool)
    times: FloatArray = labels.times[named] if len(named) else np.empty(0)
    there: FloatArray = times[~inside(times, recording)]
    return there


def inside(times: FloatArray, recording: Labelled) -> BoolArray:
    """Tell which moments lie in a stretch labelled as an artefact."""
    labels, out = recording.labels, np.zeros(len(times), bool)
    for start, end, name in zip(labels.starts.tolist(), labels.ends.tolist(), labels.stretches, strict=True):
        if name.lower() not in CLEAN:
            out |= (times >= start) & (times < end)
    return out


def found_by(find: Finder, recording: Labelled) -> FloatArray | None:
    """Return the moments that a finder gives, outside labelled artefacts [s]; None where it fails."""
    begin = float(recording.times[0]) if len(recording.times) else 0.0
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = begin + np.sort(np.asarray(find(recording.signals["eda"], recording.sfreq), float))
    except (ValueError, IndexError, TypeError, ZeroDivisionError):
        return None
    there: FloatArray = found[~inside(found, recording)]
    return there


def rows(recordings: list[Labelled], *, alone: bool, each: bool) -> Iterator[str]:
    """Yield a table of responses; nothing where no recording has labels of them."""
    with_labels = [r for r in recordings if "eda" in r.signals and len(true_responses(r))]
    if not with_labels:
        return
    what = f"responses of {len(with_labels)} recordings, within {TOLERANCE:g} s"
    yield f"| {what} | labelled | found % | right % | F1 % |"
    yield "|---|---|---|---|---|"
    for name, find in {OURS: ours, **({} if alone else peers())}.items():
        counts = []
        for recording in with_labels:
            true, found = true_responses(recording), found_by(find, recording)
            if found is None:
                continue
            counts.append((matches(found, true, TOLERANCE), len(found), len(true)))
            if each:
                yield _line(f"{name}: {recording.name}", counts[-1:])
        yield _line(name, counts)


def _line(name: str, counts: list[tuple[int, int, int]]) -> str:
    if not counts:
        return f"| {name} | fails | – | – | – |"
    matched, found, true = np.sum(counts, axis=0).tolist()
    shares = (
        100.0 * matched / max(1, true),
        100.0 * matched / max(1, found),
        200.0 * matched / max(1, found + true),
    )
    return f"| {name} | {true} | " + " | ".join(f"{share:.1f}" for share in shares) + " |"
