"""Indices of the skin, in the order of the tables."""

from __future__ import annotations

from processing.indices.record import MOMENT, Bounds, Index, Timing, Words, always

_LEVEL = Timing(lambda c: c.skin.scl.window, "1 s", always(1.0), lambda c: c.skin.level_wait)
_RESPONSE = Timing(MOMENT, "response", always(0.0), lambda c: c.skin.response_wait)
_RATE = Timing(lambda c: c.skin.rate_window, "5 s", always(5.0), lambda c: c.skin.rates_wait)

INDICES = (
    Index(
        name="scl",
        unit="uS",
        of=("skin",),
        timing=_LEVEL,
        text="tonic level (Boucsein 2012): quantile {c.skin.scl.quantile:g} of 1-s means less the decaying "
        "tail of each response, never below the lowest of the means",
        title="SCL",
        span="{c.skin.scl.window:g} s, every second",
        hover="Tonic skin conductance: the level without its responses (Boucsein 2012).",
        decimals=2,
        bounds=Bounds("scl_low", "scl_high"),
        reach=0.5,
        summary="level",
        words=Words("skin conductance level", "conductance level", "skin conductance"),
    ),
    Index(
        name="scl_low",
        unit="uS",
        of=("skin",),
        timing=_LEVEL,
        text="lower end of the interval in which the level without any response lies: where responses follow "
        "each other closely the signal never reaches it",
    ),
    Index(name="scl_high", unit="uS", of=("skin",), timing=_LEVEL, text="upper end of that interval"),
    Index(
        name="scr",
        unit="uS",
        of=("skin",),
        timing=_RESPONSE,
        text="response of {c.skin.scr.minimum:g} µS or more from trough to peak, rise "
        "{c.skin.scr.shortest:g}-{c.skin.scr.longest:g} s: its amplitude; `time` is its peak. The threshold "
        "is absolute, never relative to the file's largest",
        silent="none",
        summary="count",
    ),
    Index(
        name="scr_onset",
        unit="s",
        of=("skin",),
        timing=_RESPONSE,
        text="onset of that response [s, LSL clock]; `time` is its peak",
        shown=False,
        silent="none",
    ),
    Index(
        name="scr_rate",
        unit="1/min",
        of=("skin",),
        timing=_RATE,
        text="responses per minute of valid signal",
        title="SCR rate",
        span="{c.skin.rate_window:g} s, every 5 s",
        hover="Skin conductance responses of at least {c.skin.scr.minimum:g} µS per minute.",
        reach=2.5,
        summary="level",
    ),
    Index(
        name="scr_amp",
        unit="ln uS",
        of=("skin",),
        timing=_RATE,
        text="mean ln(1 + amplitude) of the responses",
        shown=False,
    ),
    Index(
        name="eda_quality",
        judges=True,
        unit="",
        of=("skin",),
        timing=Timing(always(2.0), "1 s", always(1.0), lambda c: c.skin.quality.around),
        text="0-1, Kleckner 2018: range, slope, ± {c.skin.quality.around:g} s around; flat; electrode off; "
        "falls that no skin makes; over 1 s, 2 s below 4 Hz",
        title="EDA quality",
        span="10 s",
        hover="Range {c.skin.quality.low:g}-{c.skin.quality.high:g} µS and slope up to "
        "{c.skin.quality.slope:g} µS/s, after Kleckner 2018.",
        decimals=2,
    ),
)
