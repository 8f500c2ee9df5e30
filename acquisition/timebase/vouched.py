"""Whose stamps need no time base: those that their maker vouches for."""

from __future__ import annotations

from collections.abc import Iterable

from acquisition.stream import Modality, StreamInfo

REGULAR = frozenset((Modality.ECG, Modality.EDA, Modality.RESP, Modality.ACC))
"""Modalities of evenly sampled signals."""
SIMULATED = "simulated"


def needs_time_base(info: StreamInfo, streams: Iterable[StreamInfo]) -> bool:
    """Tell whether a stream's times are to be estimated.

    Recordings made before streams said `exact` are known by what stands beside: our own drivers store the
    device's stamps as a stream of their own, and the simulated dyad has its name.

    Parameters
    ----------
    streams : iterable of StreamInfo
        All streams of the recording.
    """
    if info.exact or info.modality not in REGULAR or info.device == SIMULATED:
        return False
    return not any(
        s.modality is Modality.DEVICE_TIME and (s.role, s.device) == (info.role, info.device) for s in streams
    )
