"""The parameters of synchrony."""

from __future__ import annotations

from dataclasses import dataclass

from processing.bounds import LONGEST, refuse_outside
from processing.coupling.wclc import TableShape
from processing.indices import SIGNALS

LEAST_WINDOW = 4.0
"""Seconds: as many samples of the slowest signal make a correlation."""
LEAST_SEGMENTS = 6
"""Fewer segments cannot be shifted against each other."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SynchronyConfig:
    """Fix synchrony, in seconds where nothing else is said.

    Parameters
    ----------
    window, max_lag, step : float
        Width, lags (±) and movement of the windows; Boker et al. (2002), doi:10.1037/1082-989X.7.3.338.
    slow_window, slow_max_lag : float
        The same for slow signals, which are means over a minute or so themselves.
    coverage : float
        Least valid share of a window.
    renew : float
        Interval at which running sums are summed afresh.
    detrend : bool
        Take a straight line out of each window: a shared slow drift then looks like coupling less often.
    pool_step, pool_apart, band_every, band_from : float
        Grid of the windows in the chance pool, their least distance; how often the band is taken before the
        first look, and since when. Later it is taken at the looks.
    least_pool : int
        Chance values that a band needs.
    look_every, first_look, last_look : float
        When statements are made. Every further look is a further chance of a false one: there is a last.
    until : float
        Since when the pool grows no more, as it grows with the square of the time: the band then stays.
    least_segments : int
        Segments that a statement needs.
    p_stated : float
        Largest p of a look that states coupling: nine looks at three signals share the error of a session.
    p_leader, least_lag : float
        What names a leader, at two successive looks.
    """

    window: float = 30.0
    max_lag: float = 5.0
    step: float = 1.0
    slow_window: float = 120.0
    slow_max_lag: float = 15.0
    coverage: float = 0.8
    renew: float = 600.0
    detrend: bool = False
    pool_step: float = 10.0
    pool_apart: float = 60.0
    band_every: float = 60.0
    band_from: float = 300.0
    least_pool: int = 200
    look_every: float = 300.0
    first_look: float = 600.0
    last_look: float = 3000.0
    until: float = 14400.0
    least_segments: int = 8
    p_stated: float = 0.001
    p_leader: float = 0.05
    least_lag: float = 1.0

    def __post_init__(self) -> None:
        """Refuse what no coupling can be computed with, and intervals that do not fit each other."""
        refuse_outside(
            self,
            lengths=("renew", "pool_step", "look_every", "last_look", "until"),
            from_zero=("band_from", "first_look", "least_lag"),
            shares=("coverage", "p_stated", "p_leader"),
            counts=("max_lag", "slow_max_lag", "least_pool", "least_segments"),
        )
        for name, width in (("window", self.window), ("slow_window", self.slow_window)):
            if not LEAST_WINDOW <= width <= LONGEST:
                raise ValueError(
                    f"{name} = {width:g}: must be at least {LEAST_WINDOW:g} s and at most {LONGEST:g} s"
                )
        if not (1.0 <= self.step <= LONGEST and self.step == round(self.step)):
            raise ValueError(f"step = {self.step:g}: must be a whole number of seconds, as the grids are")
        if self.least_segments < LEAST_SEGMENTS:
            raise ValueError(
                f"least_segments = {self.least_segments}: must be at least {LEAST_SEGMENTS} to be shifted"
            )
        whole = (
            ("band_every", self.band_every, "pool_step", self.pool_step),
            ("look_every", self.look_every, "step", self.step),
            ("pool_apart", self.pool_apart, "pool_step", self.pool_step),
        )
        for name, value, unit, part in whole:
            if part <= 0 or not part <= value <= LONGEST or value % part:
                raise ValueError(
                    f"synchrony: {name} must be a multiple of {unit} ({part:g} s), not {value:g} s"
                )

    def window_of(self, *, slow: bool) -> float:
        """Return the width of the windows of a signal [s]."""
        return self.slow_window if slow else self.window

    def lag_of(self, *, slow: bool) -> float:
        """Return the largest lag of the windows of a signal [s]."""
        return self.slow_max_lag if slow else self.max_lag

    @property
    def often(self) -> str:
        """Return the step of the windows in words."""
        return "every second" if self.step == 1.0 else f"every {self.step:g} s"

    @property
    def first_look_min(self) -> float:
        """Return when the first statement is made [min]."""
        return self.first_look / 60.0

    def shape(self, signal: str) -> TableShape:
        """Return the lag table of a signal, in samples."""
        slow, sfreq = SIGNALS[signal].slow, SIGNALS[signal].sfreq
        return TableShape(
            window=round(self.window_of(slow=slow) * sfreq),
            max_lag=round(self.lag_of(slow=slow) * sfreq),
            coverage=self.coverage,
            renew=round(self.renew * sfreq),
            detrend=self.detrend,
        )
