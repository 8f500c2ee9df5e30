"""Offline decomposition of EDA with cvxEDA: looks ahead over the whole recording, so it never runs live.

For comparison with studies that used it; the pipeline's own indices come from `processing.skin`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from acquisition.stream import FloatArray

SFREQ = 4.0
"""Rate to which EDA is decimated first [Hz]; the solver's cost grows faster than the number of samples."""


@dataclass(frozen=True, slots=True, eq=False, kw_only=True)
class Decomposition:
    """Hold tonic and phasic parts [µS], shape (n,), at `sfreq` [Hz]; `method` says that it is offline."""

    tonic: FloatArray
    phasic: FloatArray
    sfreq: float
    method: str


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
    ImportError
        If cvxopt, which NeuroKit2 needs for it, is not installed.

    References
    ----------
    Greco et al. (2016), doi:10.1109/TBME.2015.2474131, as in NeuroKit2

    Departures
    ----------
    - the signal is first averaged over blocks to about 4 Hz.
    """
    import neurokit2

    eda = np.asarray(eda, float)
    if not np.isfinite(eda).all():
        raise ValueError("cvxEDA needs every sample; cut the recording at its gaps first")
    block = max(1, int(sfreq // SFREQ))
    means = eda[: len(eda) // block * block].reshape(-1, block).mean(axis=1)
    rate = sfreq / block
    parts = neurokit2.eda_phasic(means, sampling_rate=rate, method="cvxeda")
    return Decomposition(
        tonic=parts["EDA_Tonic"].to_numpy(np.float64),
        phasic=parts["EDA_Phasic"].to_numpy(np.float64),
        sfreq=rate,
        method="offline: cvxEDA (NeuroKit2)",
    )
