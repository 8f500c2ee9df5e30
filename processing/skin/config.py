"""The parameters of the skin indices, and how long what is made with them takes to settle."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from processing.bounds import numbers_of, refuse_outside
from processing.skin.eda_quality import EdaQualityConfig
from processing.skin.falls import FallConfig
from processing.skin.scl import CONSTANTS, SclConfig
from processing.skin.scr import ScrConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class SkinConfig:
    """Hold the parameters of the skin indices.

    Parameters
    ----------
    rate_window : float
        Window of `scr_rate` and `scr_amp` [s].
    covered : float
        Share of a window that must be valid.
    """

    quality: EdaQualityConfig = field(default_factory=EdaQualityConfig)
    falls: FallConfig = field(default_factory=FallConfig)
    scr: ScrConfig = field(default_factory=ScrConfig)
    scl: SclConfig = field(default_factory=SclConfig)
    rate_window: float = 60.0
    covered: float = 0.8

    step: ClassVar[float] = 0.25
    """Everything is settled at a multiple of this data time [s]."""

    def __post_init__(self) -> None:
        """Refuse what nothing can be computed with."""
        refuse_outside(
            self,
            lengths=(
                "rate_window",
                "scl.window",
                "scl.recovery",
                "scl.spread",
                "scl.memory",
                "scl.lag",
                "falls.lag",
                "falls.recovery",
                "falls.base",
                "falls.usual",
                "falls.longest",
                "quality.slope",
                "quality.flat",
                "quality.flat_per_step",
                "quality.high",
                "scr.minimum",
                "scr.trial.before",
                "scr.noise.smallest",
                "scr.noise.over",
                *numbers_of(self, "scr.trial.swings"),
                *numbers_of(self, "scr.trial.swings.rhythm"),
            ),
            from_zero=(
                "scl.lookahead",
                "quality.around",
                "quality.low",
                "scr.wait",
                "scr.dip",
                "scr.tilt",
                "scr.trial.after",
                "scr.trial.slow_after",
                "scr.noise.deviations",
                "scr.noise.steps",
                "scr.noise.least",
                "falls.least",
                "falls.noise",
                "falls.steps",
                "scl.deviations",
            ),
            shares=(
                "covered",
                "scl.quantile",
                "scl.least",
                "scl.share",
                "falls.back",
                "scr.landing",
                "scr.coarse_landing",
                "scr.long_landing",
            ),
        )

        if not self.quality.low < self.quality.high:
            raise ValueError(f"quality.high = {self.quality.high:g}: must be above quality.low")
        low, high = float(CONSTANTS[0]), float(CONSTANTS[-1])
        if not low <= self.scl.recovery <= high:
            raise ValueError(f"scl.recovery = {self.scl.recovery:g}: must be {low:g} to {high:g} s")

    @property
    def settled(self) -> float:
        """Return how long after a sample it is known whether it is valid, at the latest [s]."""
        return self.quality.around + self.step

    @property
    def level_wait(self) -> float:
        """Return how long after its window the tonic level is settled [s]."""
        return max(self.quality.around, self.scl.lookahead)

    @property
    def response_wait(self) -> float:
        """Return how long after its peak a response is settled at the latest [s]."""
        return self.scr.latest + self.step

    @property
    def rates_wait(self) -> float:
        """Return how long after their window rates are settled [s]: when its last response is known."""
        return max(self.quality.around, self.response_wait)

    @property
    def kept(self) -> float:
        """Return how far back responses and levels are kept [s]: no window may reach further."""
        level, rates = self.scl.window + self.level_wait, self.rate_window + self.rates_wait
        return max(self.rate_window + 60.0, 60.0 + level, 60.0 + rates)
