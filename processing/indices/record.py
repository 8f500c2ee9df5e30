"""What an index is, said once: its name, unit, words and timing (the records themselves: processing.indices).

Whatever follows from parameters is a function of the configuration, so that a parameter which moves a window
moves everything that depends on it. Texts are templates over it: `{c.heart.rmssd_window:g}`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

from acquisition.stream import Modality

if TYPE_CHECKING:
    from processing.config import PipelineConfig

Seconds = Callable[["PipelineConfig"], float]
"""A length of time that the configuration decides [s]."""
SPELLED = {"uS": "µS", "ln uS": "ln µS", "ms2": "ms²", "ln ms2": "ln ms²", "SD s": "SD·s"}
"""How units of tables are spelled for people."""


def always(seconds: float) -> Seconds:
    """Return a length of time that no parameter changes."""
    return lambda _: seconds


MOMENT = always(0.0)
LINE = always(6.0)
"""How far apart two values may usually be and still be joined by a line: a step of 5 s and some more."""


def spelled(unit: str) -> str:
    """Return a unit as people write it."""
    return SPELLED.get(unit, unit)


class Lane(NamedTuple):
    """Say that an index has a lane of its own: its name, its share of height, and its least span.

    A lane that is `late` is shown once there is a value.
    """

    name: str
    span: float
    height: int = 10
    late: bool = False


class Bounds(NamedTuple):
    """Name the indices that hold the limits of an index; with `log` it is the ln of their scale."""

    low: str
    high: str
    log: bool = False


class Words(NamedTuple):
    """Hold how a report calls an index: at an axis, where there is little room, and its sensor's signal."""

    axis: str
    narrow: str
    sensor: str


class Timing(NamedTuple):
    """Say what a row describes, how often there is one, and when its value is settled.

    Fields
    ------
    window : callable
        Length of the window around `time`; 0 for a moment [s].
    each : str
        What brings a row: beat, response, turn, look, or the step, such as 5 s.
    step : callable
        Longest time between two rows while the data are good [s].
    wait : callable
        A value is settled at the latest so long after the end of its window [s].
    """

    window: Seconds
    each: str
    step: Seconds
    wait: Seconds


@dataclass(frozen=True, slots=True, kw_only=True)
class Index:
    """Say what an index is.

    Parameters
    ----------
    name, unit : str
        As in the tables.
    of : tuple of str
        The estimators that give it; where a person has several, the first.
    only : Modality, optional
        It needs this modality, of those that may feed its estimator.
    channels : int
        It needs so many channels of the stream that feeds its estimator.
    text : str
        How it is defined and when it has a value.
    timing : Timing
    gap : callable
        How far apart two values may be and still be joined by a line [s].
    title, span, hover : str
        On screen: title, the window in words, and what is shown on hover.
    scale : str, optional
        On screen: what stands in place of the unit.
    decimals : int
        Of the number on screen.
    lane : Lane, optional
        It has a lane of its own.
    bounds : Bounds, optional
        The limits of its interval or its band, drawn beside it.
    shown : bool
        Something on screen is made of it.
    silent : str
        What rows a stream gives that stays silent: nan with a reason, a value, or none at all.
    reach : float
        How far from a second a row may lie that stands for it in session metrics [s]; 0 for an index that
        has no place there.
    summary : str
        Which session metrics are made of it alone: its level, the number of its values, or none.
    words : Words, optional
        It is in the report's figures.
    judges : bool
        It says how good something is or what there is: its value holds at quality 0, too.
    """

    name: str
    unit: str
    of: tuple[str, ...]
    only: Modality | None = None
    channels: int = 1
    text: str
    timing: Timing
    gap: Seconds = LINE
    title: str = ""
    span: str = ""
    hover: str = ""
    scale: str | None = None
    decimals: int = 1
    lane: Lane | None = None
    bounds: Bounds | None = None
    shown: bool = True
    silent: Literal["nan", "value", "none"] = "nan"
    reach: float = 0.0
    summary: Literal["level", "count", ""] = ""
    words: Words | None = None
    judges: bool = False

    def settled(self, config: PipelineConfig) -> float:
        """Return how long after its `time` a value is settled at the latest [s]."""
        return self.timing.window(config) / 2.0 + self.timing.wait(config)

    def described(self, config: PipelineConfig) -> str:
        """Return the definition with the numbers of a configuration."""
        return self.text.format(c=config)

    @property
    def unit_on_screen(self) -> str:
        """Return the unit as people write it, or what stands in its place."""
        return spelled(self.unit) if self.scale is None else self.scale

    def edges(self) -> tuple[str, ...]:
        """Return the names of the limits on the scale of the index itself."""
        if self.bounds is None:
            return ()
        if self.bounds.log:
            return f"{self.name}_low", f"{self.name}_high"
        return self.bounds.low, self.bounds.high

    def on_hover(self, config: PipelineConfig) -> str:
        """Return what is shown on hover."""
        return (self.hover or self.text).format(c=config)

    def spanned(self, config: PipelineConfig) -> str:
        """Return the window and the step in words."""
        if self.span:
            return self.span.format(c=config)
        window, each = self.timing.window(config), self.timing.each.format(c=config)
        often = f"every {each}" if each.endswith(" s") else f"at each {each}"
        return f"{window:g} s, {often}" if window else often


@dataclass(frozen=True, slots=True, kw_only=True)
class Signal:
    """Say how a signal of a person that is compared with the other's comes from index samples.

    Parameters
    ----------
    index : str
        The index it is made of.
    sfreq : float
        Rate of the grid [Hz]; grid point g lies at g / sfreq on the LSL clock.
    form : str
        "joined": linear between valid rows at most `join` seconds apart; "rows": the row at that grid point.
    scale : str
        "rate": 60000 / value; "ln": natural logarithm; "same".
    join : float
        Longest gap that is joined [s].
    slope : int
        Number of grid points, odd, of a centred least-squares slope per second; 0 for the level itself.
    check : str
        An index with a row at the same time as each of `index`, which comes with it or later: a value counts
        only once that row is there and 0. "" if none is needed.
    spare : float
        What a grid point waits longer than it must [s].
    slow : bool
        It changes over minutes: windows and lags are the long ones.
    courses : bool
        It answers the beginning of a turn for up to a minute, which is taken out before coupling is tested.
    untested : str
        Why its coupling is described and never stated; "" if it is tested.
    title, words : str
        What it is called on screen, and in the report's figures; "" where it is not drawn there.
    """

    index: str
    sfreq: float
    form: Literal["joined", "rows"]
    scale: Literal["rate", "ln", "same"]
    join: float = 2.5
    slope: int = 0
    check: str = ""
    spare: float = 0.0
    slow: bool = False
    courses: bool = False
    untested: str = ""
    title: str
    words: str = ""

    @property
    def needs(self) -> tuple[str, ...]:
        """Return every index whose rows it is read from."""
        return (self.index, self.check) if self.check else (self.index,)

    @property
    def reach(self) -> float:
        """Return how far after a grid point the rows lie that it needs [s]."""
        return self.join if self.form == "joined" else (self.slope // 2) / self.sfreq
