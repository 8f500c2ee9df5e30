"""Indices of the heart, in the order of the tables."""

from __future__ import annotations

from acquisition.stream import Modality
from processing.indices.record import MOMENT, Bounds, Index, Lane, Seconds, Timing, Words, always

VAGAL = "lnrmssd"
"""The vagal index: the second axis beside arousal."""


def _beat(window: Seconds = MOMENT) -> Timing:
    return Timing(window, "beat", lambda c: c.heart.longest, lambda c: c.heart.judged)


_RMSSD = _beat(lambda c: c.heart.rmssd_window)
_SPECTRUM = Timing(lambda c: c.heart.hf_window, "5 s", lambda c: c.heart.step, lambda c: c.heart.settling)
_BREATHS = (
    "needs breathing at {c.heart.breathing[0]:g}-{c.heart.breathing[1]:g} Hz, slow enough for the heart "
    "rate, and little own speech"
)

INDICES = (
    Index(
        name="hr",
        unit="bpm",
        of=("heart",),
        timing=_beat(lambda c: c.heart.hr_window),
        text="60000 / mean NN (Task Force 1996); needs accepted NN over {c.heart.hr_covered:g} s of it, "
        "in an irregular rhythm within 2.5 bpm of all judged intervals; none where beats may be missing",
        title="HR",
        span="{c.heart.hr_window:g} s, at each beat",
        hover="60000 / mean NN. Shown when accepted beats cover at least {c.heart.hr_covered:g} of the "
        "{c.heart.hr_window:g} s (Task Force 1996).",
        decimals=0,
        lane=Lane("HR", span=14.0),
        reach=2.0,
        summary="level",
        words=Words("heart rate", "heart rate", "heart rate"),
    ),
    Index(
        name="ibi",
        unit="ms",
        of=("heart",),
        timing=Timing(MOMENT, "beat", lambda c: c.heart.longest, lambda c: c.heart.beat_wait),
        text="time since the beat before; one row per detected beat at its R time; nan where it is known "
        "by then to be no NN interval: after a beat that is not normal, of another QRS shape, noise, the "
        "first beat, where a beat may be missing or a mark lies on another wave of its QRS than usual. "
        "Counts as NN only if its `ibi_class` is 0",
        summary="count",
    ),
    Index(
        name="ibi_class",
        unit="",
        of=("heart",),
        timing=_beat(),
        text="0 normal, 1 ectopic, 2 long (missed), 3 short (extra), 4 misplaced (codes of Lipponen & "
        "Tarvainen 2019), by shape and time; a row of its own, settled with the next beat",
    ),
    Index(
        name="rmssd",
        unit="ms",
        of=("heart",),
        timing=_RMSSD,
        text="√mean((NN_i − NN_{{i−1}})²), not detrended (Task Force 1996); needs "
        "{c.heart.rmssd_differences} differences of NN, judged beats over {c.heart.cover_pct:g} % of the "
        "window, a regular rhythm, and at most {c.heart.ectopic_pct:g} % of ectopic beats "
        "({c.heart.ectopic_by_time_pct:g} % where only their time is known)",
        shown=False,
        reach=2.0,
        summary="level",
    ),
    Index(name="rmssd_low", unit="ms", of=("heart",), timing=_RMSSD, text="lower end of its 95 % interval"),
    Index(name="rmssd_high", unit="ms", of=("heart",), timing=_RMSSD, text="upper end of its 95 % interval"),
    Index(
        name=VAGAL,
        unit="ln ms",
        of=("heart",),
        timing=_RMSSD,
        text="ln(RMSSD / 1 ms): vagally mediated HRV (Laborde 2017); needs what rmssd needs",
        title="lnRMSSD",
        span="last {c.heart.rmssd_window:g} s, at each beat",
        hover="Vagally mediated HRV: ln of the root mean square of successive NN differences. Shown with at "
        "least {c.heart.rmssd_differences} differences, {c.heart.cover_pct:g} % of the window known, a "
        "regular rhythm and few ectopic beats (Task Force 1996, "
        "Laborde 2017). Dotted lines: interval of the estimate; RMSSD of 60 s is within ± 20 % of that of 5 "
        "minutes in 78 % of cases. Speech and breathing change it.",
        decimals=2,
        lane=Lane("lnRMSSD", span=1.0),
        bounds=Bounds("rmssd_low", "rmssd_high", log=True),
        reach=2.0,
        summary="level",
        words=Words("lnRMSSD", "lnRMSSD", "lnRMSSD"),
    ),
    Index(
        name="sdnn",
        unit="ms",
        of=("heart",),
        timing=_beat(lambda c: c.heart.sdnn_window),
        text="standard deviation of NN, ddof 1; needs judged beats over {c.heart.cover_pct:g} % of the "
        "window, a regular rhythm and few ectopic beats, as rmssd",
        shown=False,
        summary="level",
    ),
    Index(
        name="hf",
        unit="ms2",
        of=("heart",),
        timing=_SPECTRUM,
        text="cubic interpolation to 4 Hz, linear detrend, Welch (Hann, 256 samples, 50 %), 0.15-0.40 Hz; "
        + _BREATHS,
        shown=False,
    ),
    Index(
        name="lnhf",
        unit="ln ms2",
        of=("heart",),
        timing=_SPECTRUM,
        text="ln of hf",
        shown=False,
        summary="level",
    ),
    Index(
        name="rsa_pb",
        unit="ln ms2",
        of=("heart",),
        timing=Timing(
            lambda c: c.heart.rsa_window,
            "5 s",
            lambda c: c.heart.step,
            lambda c: c.heart.rsa_edge + c.heart.closing + c.heart.settling,
        ),
        text="Porges-Bohrer: moving cubic, band-pass 0.12-0.40 Hz, ln variance; compare only at like "
        "breathing rates; " + _BREATHS,
        shown=False,
        summary="level",
    ),
    Index(
        name="resp_rate",
        unit="1/min",
        of=("breath", "heart"),
        timing=Timing(
            lambda c: c.heart.breath_window,
            "5 s",
            lambda c: c.heart.step,
            lambda c: c.heart.closing + c.heart.settling,
        ),
        text="from a respiration stream where the session expects one, else from R amplitude and RR; needs "
        "two estimates that agree",
        summary="level",
    ),
    Index(
        name="ecg_quality",
        judges=True,
        unit="",
        of=("heart",),
        only=Modality.ECG,
        timing=Timing(always(1.0), "1 s", always(1.0), lambda c: c.heart.quality_wait),
        text="0-1: saturation, line noise, template correlation, electrode off; of an ECG only",
        title="ECG quality",
        span="10 s",
        hover="Share of accepted beats, saturation, line noise, template correlation, lead-off.",
        decimals=2,
    ),
)
