"""Labels of beats laid where the beats are: what a person marked by eye lies some ms off, now and then 30.

Differences of two intervals hold such an error up to four times, which where RMSSD is 10 ms is more than they
are. So each label is moved to where the ECG is most like the median of the beats labelled as normal, in the
lead in which these are most alike; nothing of the detector that is judged is in it.
"""

from __future__ import annotations

import numpy as np
from scipy.interpolate import CubicSpline
from scipy.signal import butter, sosfiltfilt

from acquisition.stream import FloatArray
from benchmarks.labels import Labelled

REACH, SHIFT = 0.07, 0.05
"""Half length of what is compared, and how far a label may lie off [s]."""
FINE = 0.0005
"""Steps in which the place is sought [s]."""
TURNS = 3
EARLY = 0.75
"""In labels that know no atrial beats, a normal beat before this share of the usual interval is one."""
PAUSED = 0.87
"""Before this share of it a beat is early if a longer one than usual follows: of 62 such beats of INCART I06
48 are labelled as early, 14 as normal."""
AROUND = 5
"""Intervals to either side whose median is the usual one."""


def laid(recordings: list[Labelled]) -> list[Labelled]:
    """Return the leads of one record, with labels that lie where the beats are and tell early ones.

    The beats that are not normal keep their time: their shapes differ.
    """
    labels = recordings[0].labels
    normal = np.isin(labels.names, list("NLRej"))
    if normal.sum() < 2 * AROUND:
        return recordings
    found = [moved(recording, normal) for recording in recordings]
    at, _ = max(found, key=lambda one: float(np.percentile(one[1][normal], 5)))
    at = at - np.median((at - labels.times)[normal])
    names = list(labels.names)
    if not np.isin(names, list("AaJS")).any():
        names = with_early(labels.times, names)
    same = labels._replace(times=np.where(normal, at, labels.times), names=names)
    return [recording._replace(labels=same) for recording in recordings]


def moved(recording: Labelled, normal: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return where each labelled beat lies in a lead [s], and how much it is like the median normal one."""
    sos = butter(2, (2.0, 40.0), "bandpass", fs=recording.sfreq, output="sos")
    curve = CubicSpline(recording.times, sosfiltfilt(sos, recording.signals["ecg"]))
    n, wide = round(REACH / FINE), round(SHIFT / FINE)
    pieces = curve(recording.labels.times[:, None] + FINE * np.arange(-n - wide, n + wide + 1))
    length, off, like = 2 * n + 1, np.full(len(pieces), wide), np.zeros(len(pieces))
    for _ in range(TURNS):
        cut = pieces[np.arange(len(pieces))[:, None], off[:, None] + np.arange(length)]
        typical = np.median(cut[normal], axis=0)
        typical -= typical.mean()
        typical /= np.linalg.norm(typical)
        for k, piece in enumerate(pieces):
            views = np.lib.stride_tricks.sliding_window_view(piece, length)
            spread = np.sqrt(length) * views.std(axis=1) + 1e-12
            fits = (views @ typical) / spread
            off[k] = int(fits.argmax())
            like[k] = fits[off[k]]
    return recording.labels.times + FINE * (off - wide), like


def with_early(times: FloatArray, names: list[str]) -> list[str]:
    """Return symbols in which normal beats that come early by their time are atrial ones."""
    steps = np.diff(times, prepend=np.nan)
    out = list(names)
    for k in range(1, len(times)):
        usual = np.nanmedian(steps[max(1, k - AROUND) : k + AROUND + 1])
        before = names[k - 1] in "NLRej"
        if names[k] in "NLRej" and before and steps[k] < EARLY * usual:
            out[k] = "A"
    return out


def with_paused(times: FloatArray, names: list[str]) -> list[str]:
    """Return symbols in which normal beats that come early, with a pause after them, are atrial ones."""
    steps = np.diff(times, prepend=np.nan)
    out = list(names)
    for k in range(1, len(times) - 1):
        usual = np.nanmedian(steps[max(1, k - AROUND) : k + AROUND + 1])
        normal = names[k] in "NLRej" and names[k - 1] in "NLRej"
        if normal and steps[k] < PAUSED * usual and steps[k + 1] > usual:
            out[k] = "A"
    return out
