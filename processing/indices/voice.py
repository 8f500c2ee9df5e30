"""Indices of the voice, in the order of the tables."""

from __future__ import annotations

from processing.indices.record import MOMENT, Index, Lane, Timing, always

_SECOND = Timing(MOMENT, "1 s", always(1.0), lambda c: c.voice.wait)
_SHORT = Timing(lambda c: c.voice.window, "1 s", always(1.0), lambda c: c.voice.wait)
_LONG = Timing(lambda c: c.voice.range_window, "1 s", always(1.0), lambda c: c.voice.wait)
_QUALITY = Timing(
    lambda c: c.voice.range_window,
    "{c.voice.quality_step} s",
    lambda c: c.voice.quality_step,
    lambda c: c.voice.wait,
)
_TURN = Timing(MOMENT, "turn", always(0.0), always(float("inf")))
_SPOKEN = "needs {c.voice.voiced:g} s of it"
_RATE = "needs {c.voice.rate_phonation:g} s of phonation"
_EXPLORATORY = "exploratory; needs {c.voice.range_voiced:g} s voiced"

INDICES = (
    Index(
        name="speaking",
        unit="",
        of=("voice",),
        timing=_SECOND,
        text="1 where the person speaks in at least half of the second that ends at `time`, else 0",
        reach=0.5,
    ),
    Index(
        name="f0_shift",
        unit="semitones",
        of=("voice",),
        timing=_SHORT,
        text="median pitch of own speech relative to the speaker's own baseline; " + _SPOKEN,
        gap=always(2.5),
        title="F0",
        span="{c.voice.window} s, at least {c.voice.voiced:g} s voiced",
        hover="Median pitch of own speech, relative to the speaker's own baseline talk, else to their first "
        "minute of voiced speech. A gap is a stretch without enough own speech.",
        lane=Lane("F0", span=6.0, late=True),
        reach=0.5,
    ),
    Index(
        name="f0_range",
        unit="semitones",
        of=("voice",),
        timing=_LONG,
        text="P90 − P10 of the pitch of own speech; needs {c.voice.range_voiced:g} s voiced",
        shown=False,
    ),
    Index(
        name="intensity_shift",
        unit="dB",
        of=("voice",),
        timing=_SHORT,
        text="intensity of own speech relative to the speaker's own baseline; " + _SPOKEN,
    ),
    Index(
        name="alpha_ratio",
        unit="dB",
        of=("voice",),
        timing=_SHORT,
        text="power in 1-5 kHz over that in 50-1000 Hz, of voiced own speech; " + _SPOKEN,
        shown=False,
    ),
    Index(
        name="articulation_rate",
        unit="syll/s",
        of=("voice",),
        timing=_TURN,
        text="syllables per second of an own turn without its pauses; `time` is its middle; " + _RATE,
        silent="none",
    ),
    Index(
        name="speech_rate",
        unit="syll/s",
        of=("voice",),
        timing=_TURN,
        text="syllables per second of an own turn with its pauses; " + _RATE,
        silent="none",
    ),
    Index(
        name="pause_ratio",
        unit="",
        of=("voice",),
        timing=_TURN,
        text="share of pauses of 0.2 s and more in an own turn",
        silent="none",
    ),
    Index(
        name="mid_band_share",
        unit="",
        of=("voice",),
        timing=_QUALITY,
        text="share of the power of 50 Hz-8 kHz that lies in 500 Hz-4 kHz; " + _EXPLORATORY,
        shown=False,
    ),
    Index(
        name="hnr",
        unit="dB",
        of=("voice",),
        timing=_QUALITY,
        text="harmonics-to-noise ratio, where voice quality is measured; " + _EXPLORATORY,
        silent="none",
    ),
    Index(
        name="jitter",
        unit="%",
        of=("voice",),
        timing=_QUALITY,
        text="as hnr: change of the period from cycle to cycle",
        silent="none",
    ),
    Index(
        name="shimmer",
        unit="%",
        of=("voice",),
        timing=_QUALITY,
        text="as hnr: change of the amplitude from cycle to cycle",
        silent="none",
    ),
    Index(
        name="turn",
        unit="s",
        of=("voice",),
        timing=_TURN,
        text="each own turn: its length; `time` is its beginning",
        title="Talk",
        scale="",
        span="each turn; seconds while it is not over",
        hover="Who speaks. Solid: whole turns, which end with a second of silence. Paler: seconds of a turn "
        "that is not over. The line between the rows: both at once. The numbers: share of the last 5 min.",
        silent="none",
    ),
    Index(name="turn_f0", unit="Hz", of=("voice",), timing=_TURN, text="its median pitch", silent="none"),
    Index(name="turn_intensity", unit="dB", of=("voice",), timing=_TURN, text="its intensity", silent="none"),
    Index(
        name="f0_ref",
        unit="Hz",
        of=("voice",),
        timing=Timing(MOMENT, "baseline", always(0.0), lambda c: c.voice.wait),
        text="pitch of the baseline that holds from `time` on",
        shown=False,
        silent="none",
    ),
    Index(
        name="intensity_ref",
        unit="dB",
        of=("voice",),
        timing=Timing(MOMENT, "baseline", always(0.0), lambda c: c.voice.wait),
        text="its intensity",
        shown=False,
        silent="none",
    ),
    Index(
        name="voice_ref_n",
        unit="s",
        of=("voice",),
        timing=Timing(MOMENT, "baseline", always(0.0), lambda c: c.voice.wait),
        text="its voiced seconds",
        shown=False,
        silent="none",
    ),
)
