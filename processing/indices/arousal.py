"""Indices of the arousal index and its band, in the order of the tables."""

from __future__ import annotations

from processing.indices.record import MOMENT, Bounds, Index, Timing, Words, always

_SECOND = Timing(MOMENT, "1 s", always(1.0), lambda c: c.arousal_delay)

INDICES = (
    Index(
        name="arousal",
        unit="SD",
        of=("arousal",),
        timing=_SECOND,
        text="weighted mean of z(hr), z(ln scl), z(√scr_rate) against `baseline_rest`: "
        "{c.arousal.median:g} s median, then {c.arousal.tau:g} s smoothing; HRV is not part of it",
        gap=always(2.5),
        title="Arousal index",
        span="{c.arousal.median:g} s median, then {c.arousal.tau:g} s smoothing, every second",
        hover="Arousal index, relative to the person's own reference (today's baselines, or with --reference "
        "those of earlier sessions): weighted mean of HR, ln SCL and √SCR rate in "
        "SD of the rest baseline. Dashed lines: the reference band. Dotted: partial, a cardiac or an EDA "
        "channel is missing. HRV is not part of it. A convention of ours, not a validated instrument.",
        bounds=Bounds("arousal_low", "arousal_high"),
        reach=0.5,
        summary="level",
        words=Words("", "arousal index", ""),
    ),
    Index(
        name="arousal_low",
        unit="SD",
        of=("arousal",),
        timing=_SECOND,
        text="lower edge of the reference band",
        reach=0.5,
    ),
    Index(
        name="arousal_high",
        unit="SD",
        of=("arousal",),
        timing=_SECOND,
        text="upper edge of the reference band",
        reach=0.5,
    ),
    Index(
        name="arousal_state",
        unit="",
        of=("arousal",),
        timing=_SECOND,
        text="−1 below, 0 within, 1 above, nan unknown; out after {c.arousal.hold:g} s past an edge, back "
        "after {c.arousal.back:g} s at least {c.arousal.inside:g} s_A within it",
    ),
    Index(
        name="arousal_channels",
        unit="",
        of=("arousal",),
        timing=_SECOND,
        text="which channels were in: bits 1 hr, 2 scl, 4 scr, 8 f0",
        reach=0.5,
        silent="value",
        judges=True,
    ),
)
