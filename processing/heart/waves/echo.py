"""Waves that follow beats and may be beats themselves: ectopic ones so early that they pass for T waves.

A T wave is followed by rest, an ectopic beat by a T wave of its own, most often turned the other way. That
is seen only later than a candidate must be decided. So what was passed over is looked at again once the next
beat is known, and where it proves to have been a beat its shape is remembered.
"""

from __future__ import annotations

import numpy as np

from acquisition.stream import FloatArray

SOON, LATEST = 0.24, 0.52
"""How long after a beat a wave may pass for its T wave [s], by the envelope."""
HIGH = 0.45
"""Envelope over that of the beat before from which a wave is no usual T wave: those of six records reach 0.2,
in noise 0.4; nine in ten ectopic beats as early reach 0.48."""
LOW = 0.30
"""The same from which it may be a beat."""
CONTRAST = 4.0
"""The same over the noise floor."""
ROOM = 0.50
"""Least time from the wave to the next beat [s]: or its own T wave cannot be told from that beat's P wave."""
OWN, BEGIN, END, REST = 0.08, 0.16, 0.45, 0.24
"""A wave's own swing is taken so far around its middle, that of what follows from then until then, but not
nearer than this to the next beat [s]."""
SCORE, HALF, LIKE = 1.0, 0.5, 0.90
"""What is passed over may be a beat if its own evidence (log-odds) and its envelope over that of the beat
before are more than this, or its correlation with trusted beats. In five records with 10 700 beats that was
so of five waves, one of them a beat; in the sixth, with runs of ectopic beats in fibrillation, of 134, of
them 93 beats."""
SMOOTH = 0.06
"""What follows is smoothed over this time [s]."""
DOUBT, SWING = 0.33, 0.50
"""Swing of what follows over the wave's own from which it may be a T wave of its own, and from which it is
one: a P wave after a tall T wave reaches 0.31, what follows a wave of motion 0.49."""


def swing_after(ecg: FloatArray, middle: int, before: int, rate: float) -> float:
    """Return how far the ECG swings after a wave, over the wave's own swing.

    Parameters
    ----------
    ecg : ndarray, shape (n_samples,)
        Low-passed ECG [mV].
    middle, before : int
        Samples in the middle of the wave and of the next beat.
    rate : float
        Of these samples [Hz].

    Returns
    -------
    float
        0 where less than 0.1 s is seen.
    """
    own, box = int(OWN * rate), max(1, round(SMOOTH * rate))
    start, stop = middle + int(BEGIN * rate), min(middle + int(END * rate), before - int(REST * rate))
    if stop - start < 0.1 * rate or middle < own:
        return 0.0
    around = ecg[middle - own : middle + own + 1]
    sums = np.convolve(ecg[start - box // 2 : stop + box // 2], np.full(box, 1.0 / box), "valid")
    return float(np.ptp(sums)) / max(float(np.ptp(around)), 1e-12)
