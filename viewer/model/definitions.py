"""What each number on screen is: title, unit, window and definition, shown on hover."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """Describe an index or a raw signal; `gap` is how far apart two values may be [s] and still be joined."""

    title: str
    unit: str
    window: str
    text: str
    decimals: int = 1
    gap: float = 6.0

    def hover(self) -> str:
        """Return the text that is shown on hover."""
        head = f"{self.title} [{self.unit}]" if self.unit else self.title
        return f"<b>{head}</b><br>Window: {self.window}<br>{self.text}"


UNITS = {"uS": "µS", "ln uS": "ln µS", "ms2": "ms²", "ln ms2": "ln ms²"}
"""How units of tables are spelled on screen."""

ECG = Definition(
    title="ECG",
    unit="mV",
    window="each sample, as recorded",
    text="Raw electrocardiogram. A break in the line is a gap in the data; nothing is filled in.",
    decimals=2,
)
EDA = Definition(
    title="EDA",
    unit="µS",
    window="each sample, as recorded",
    text="Raw skin conductance; the numbers are the tonic level (SCL). A break in the line is a gap. Small "
    "marks are responses of at least 0.05 µS from trough to peak (Boucsein 2012), known up to 3 s later.",
    decimals=2,
)

INDICES: dict[str, Definition] = {
    "hr": Definition(
        title="HR",
        unit="bpm",
        window="10 s, at each beat",
        text="60000 / mean NN. Shown when accepted beats cover at least 8 of the 10 s (Task Force 1996).",
        decimals=0,
    ),
    "lnrmssd": Definition(
        title="lnRMSSD",
        unit="ln ms",
        window="last 60 s, at each beat",
        text="Vagally mediated HRV: ln of the root mean square of successive NN differences. Shown with at "
        "least 30 differences, 80 % of the window covered, at most 5 % of beats corrected (Task Force 1996, "
        "Laborde 2017). Dotted lines: interval of the estimate; RMSSD of 60 s is within ± 20 % of that of 5 "
        "minutes in 78 % of cases. Speech and breathing change it.",
        decimals=2,
    ),
    "scl": Definition(
        title="SCL",
        unit="µS",
        window="10 s, every second",
        text="Tonic skin conductance: the level without its responses (Boucsein 2012).",
        decimals=2,
    ),
    "scr_rate": Definition(
        title="SCR rate",
        unit="1/min",
        window="60 s, every 5 s",
        text="Skin conductance responses of at least 0.05 µS per minute.",
    ),
    "turn": Definition(
        title="Talk",
        unit="",
        window="each turn; seconds while it is not over",
        text="Who speaks. Solid: whole turns, which end with a second of silence. Paler: seconds of a turn "
        "that is not over. The line between the rows: both at once. The numbers: share of the last 5 min.",
    ),
    "f0_shift": Definition(
        title="F0",
        unit="semitones",
        window="10 s, at least 2 s voiced",
        text="Median pitch of own speech, relative to the speaker's own baseline talk, else to their first "
        "minute of voiced speech. A gap is a stretch without enough own speech.",
        gap=2.5,
    ),
    "arousal": Definition(
        title="Arousal index",
        unit="SD",
        window="10 s median, then 5 s smoothing, every second",
        text="Arousal index, relative to the person's own reference (today's baselines, or with --reference "
        "those of earlier sessions): weighted mean of HR, ln SCL and √SCR rate in "
        "SD of the rest baseline. Dashed lines: the reference band. Dotted: partial, a cardiac or an EDA "
        "channel is missing. HRV is not part of it. A convention of ours, not a validated instrument.",
        gap=2.5,
    ),
    "sync": Definition(
        title="Synchrony",
        unit="z",
        window="30 s, lags ± 5 s, every second",
        text="Windowed cross-lagged correlation of the two people (Boker 2002), largest |Fisher z| over "
        "lags. Dashed lines: chance band, from windows at least 60 s apart; about 5 % leave it by chance.",
        decimals=2,
        gap=2.5,
    ),
    "ecg_quality": Definition(
        title="ECG quality",
        unit="",
        window="10 s",
        text="Share of accepted beats, saturation, line noise, template correlation, lead-off.",
        decimals=2,
    ),
    "eda_quality": Definition(
        title="EDA quality",
        unit="",
        window="10 s",
        text="Range 0.05-60 µS and slope up to 10 µS/s, after Kleckner 2018.",
        decimals=2,
    ),
}

SYNC_SIGNALS = {
    "hr": "HR",
    "scl": "SCL",
    "sclslope": "SCL slope",
    "lnrmssd": "lnRMSSD",
    "f0": "F0",
    "intensity": "intensity",
}
"""Signals whose coupling is computed, and how they are called on screen."""

NOTICE = (
    "Research use only. Not a medical device. Not for diagnosis, treatment decisions or emergency detection."
)


def definition(index: str) -> Definition:
    """Return the definition of an index by its name in the tables."""
    if index.startswith("sync_"):
        return INDICES["sync"]
    return INDICES.get(index, Definition(title=index, unit="", window="see docs/indices.md", text=""))


def gap_of(index: str) -> float:
    """Return how far apart two samples of an index may be [s] and still be joined by a line."""
    return definition(index).gap
