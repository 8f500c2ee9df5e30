"""What each number on screen is: title, unit, window and definition, shown on hover."""

from __future__ import annotations

from dataclasses import dataclass

from processing.config import PipelineConfig
from processing.indices import INDICES, SIGNALS

LINE = 6.0
"""How far apart two values may be that no record tells of [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """Describe an index or a raw signal; `gap` is how far apart two values may be [s] and still be joined."""

    title: str
    unit: str
    window: str
    text: str
    decimals: int = 1
    gap: float = LINE

    def hover(self) -> str:
        """Return the text that is shown on hover."""
        head = f"{self.title} [{self.unit}]" if self.unit else self.title
        return f"<b>{head}</b><br>Window: {self.window}<br>{self.text}"


USUAL = PipelineConfig()
"""The window computes with the usual parameters."""

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

SYNC_SIGNALS = {name: signal.title for name, signal in SIGNALS.items()}
"""Signals whose coupling is computed, and how they are called on screen."""

NOTICE = (
    "Research use only. Not a medical device. Not for diagnosis, treatment decisions or emergency detection."
)


def definition(index: str) -> Definition:
    """Return the definition of an index by its name in the tables."""
    record = INDICES.get(index)
    if record is None:
        return Definition(title=index, unit="", window="see docs/indices.md", text="")
    return Definition(
        title=record.title or record.name,
        unit=record.unit_on_screen,
        window=record.spanned(USUAL),
        text=record.on_hover(USUAL),
        decimals=record.decimals,
        gap=record.gap(USUAL),
    )


def gap_of(index: str) -> float:
    """Return how far apart two samples of an index may be [s] and still be joined by a line."""
    record = INDICES.get(index)
    return LINE if record is None else record.gap(USUAL)


def titled() -> list[Definition]:
    """Return the definitions of all indices that have a title on screen."""
    return [definition(record.name) for record in INDICES.values() if record.title]
