"""False discovery rate over the modalities of a session."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.stats import false_discovery_control


def benjamini_hochberg(p: Mapping[str, float]) -> dict[str, float]:
    """Return adjusted p values by name; a nan stays nan and is not counted as a test.

    Raises
    ------
    ValueError
        If a p lies outside 0-1.

    References
    ----------
    Benjamini & Hochberg (1995), doi:10.1111/j.2517-6161.1995.tb02031.x
    """
    there = {name: value for name, value in p.items() if np.isfinite(value)}
    for name, value in there.items():
        if not 0.0 <= value <= 1.0:
            raise ValueError(f"{name}: a p lies in 0-1, not at {value}")
    adjusted = false_discovery_control(list(there.values())) if there else np.empty(0)
    found = dict(zip(there, np.asarray(adjusted).tolist(), strict=True))
    return {name: found.get(name, float("nan")) for name in p}
