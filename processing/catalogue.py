"""The names and units of all indices that a pipeline gives, before it has given any."""

from __future__ import annotations

from collections.abc import Iterable

from acquisition.stream import PEOPLE, StreamInfo
from processing.pipeline import SIGNALS, sources
from processing.voice.voice import UNITS

Names = tuple[tuple[str, str], ...]
"""(index, unit)."""

HEART: Names = (
    ("hr", "bpm"),
    ("ibi", "ms"),
    ("ibi_class", ""),
    ("rmssd", "ms"),
    ("rmssd_low", "ms"),
    ("rmssd_high", "ms"),
    ("lnrmssd", "ln ms"),
    ("sdnn", "ms"),
    ("hf", "ms2"),
    ("lnhf", "ln ms2"),
    ("rsa_pb", "ln ms2"),
    ("resp_rate", "1/min"),
    ("ecg_quality", ""),
)
BREATH: Names = (("resp_rate", "1/min"),)
"""Of a respiration stream where there are no beats; else the heart's names hold it."""
SKIN: Names = (
    ("scl", "uS"),
    ("scr", "uS"),
    ("scr_onset", "s"),
    ("scr_rate", "1/min"),
    ("scr_amp", "ln uS"),
    ("eda_quality", ""),
)
AROUSAL: Names = (
    ("arousal", "SD"),
    ("arousal_low", "SD"),
    ("arousal_high", "SD"),
    ("arousal_state", ""),
    ("arousal_channels", ""),
)
VOICE: Names = tuple(UNITS.items())
COUPLING: Names = (
    ("", ""),
    ("_lag", "s"),
    ("_coverage", ""),
    ("_chance_low", ""),
    ("_chance_high", ""),
    ("_p", ""),
    ("_lead", ""),
)
"""What follows sync_<signal>."""


def emitted(streams: Iterable[StreamInfo]) -> dict[str, Names]:
    """Return per entity the indices that the pipeline of these expected streams gives."""
    fed = sources(streams)
    out: dict[str, Names] = {}
    for role in PEOPLE:
        parts = {part for r, part in fed if r == role}
        heart, skin = HEART if "heart" in parts else (), SKIN if "skin" in parts else ()
        heart = BREATH if "breath" in parts and not heart else heart
        voice = VOICE if parts & {"voice", "turns"} else ()
        arousal = AROUSAL if parts & {"heart", "skin"} else ()
        if names := (*arousal, *heart, *skin, *voice):
            out[role.value] = names
    coupled = [s for p, signals in SIGNALS.items() if all((r, p) in fed for r in PEOPLE) for s in signals]
    if coupled:
        out["dyad"] = tuple((f"sync_{s}{end}", unit) for s in coupled for end, unit in COUPLING)
    return out
