"""The parameters of the heart and of breathing, and how long what is made with them takes to settle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from processing.bounds import refuse_outside

SHORTEST_HF, LONGEST_HF = 64.0, 128.0
"""Bounds of the window of HF [s]: one segment of the spectrum, and all three of them."""
LONGEST_HOLE = 3.0
"""With a longer one breathing rates would come after the HF and RSA that they decide about [s]."""
RMSSD_REACH = 8.0
"""Lengths of the RMSSD window within which earlier windows tell how much it varies."""
LEAST_SPEECH_LAG = 1.0
"""Speech of a second is settled half a second after it, and its rows come once a second [s]."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeartConfig:
    """Hold the parameters of the cardiac indices; defaults after Task Force (1996) unless said otherwise."""

    hr_window: float = 10.0
    """Seconds."""
    hr_cover: float = 0.8
    """Share of the window that accepted intervals must cover."""
    rmssd_window: float = 60.0
    """Seconds; within ± 20 % of the 5-minute value in 78 % of cases (measured on 24 h sinus rhythm)."""
    cover: float = 0.8
    """Share of the RMSSD and SDNN windows that judged beats must account for, and of spectral windows that NN
    intervals must cover; ours."""
    rmssd_differences: int = 30
    """Least differences between NN intervals; ours."""
    ectopic: float = 0.30
    """Largest share of beats that are not normal in a window of RMSSD or SDNN; ours."""
    doubtful: float = 0.05
    """Largest share of those of them that are known by their time alone, or by a shape at the limit; ours."""
    largest: float = 0.30
    """Largest share of the sum of squares that the two largest differences may hold; ours."""
    ectopic_by_time: float = 0.02
    """Instead of `ectopic` and `doubtful`, where only the times of beats are known; ours."""
    largest_by_time: float = 0.20
    """Instead of `largest`, where only the times of beats are known; ours."""
    corrected: float = 0.05
    """Largest share of beats that are not normal in a window of HF or RSA (Quigley et al. 2024)."""
    sdnn_window: float = 120.0
    """Seconds."""
    hf_window: float = 128.0
    """Seconds; shorter at the start, not under 64."""
    rsa_window: float = 30.0
    """Seconds (Porges & Bohrer 1990)."""
    breathing: tuple[float, float] = (0.18, 0.37)
    """Breathing rates that HF and RSA are valid for [Hz]: at the edges of the band leakage loses 70 %;
    ours."""
    breathing_per_beat: float = 0.30
    """Largest breathing rate times mean NN interval: the cubic loses 7 % there, 40 % at 0.42; ours."""
    speech: float = 0.5
    """Share of own speech in a window from which HF and RSA have no value and vagal HRV is flagged; ours."""
    speech_lag: float = 5.0
    """Speech of the last seconds of a window is left out [s]: it may not have arrived."""
    silence: float = 5.0
    """Seconds without an accepted beat after which rows say so."""

    step: ClassVar[float] = 5.0
    """Seconds between values that need interpolated intervals."""
    longest: ClassVar[float] = 2.5
    """A longer time without a beat is a gap, not an interval [s]."""
    beat_wait: ClassVar[float] = 1.0
    """A beat is settled at most so long after its R peak [s]."""
    class_wait: ClassVar[float] = 1.8
    """Its class is settled at most so long after it [s], with or without the next beat."""
    settling: ClassVar[float] = 2.0
    """Values on a grid wait so long after the last time they describe [s]: every beat is judged by then."""
    quality_wait: ClassVar[float] = 1.2
    """A second of ECG quality waits so long after its end [s]: every beat is decided by then."""
    closing: ClassVar[float] = 3.0
    """Further wait for the beat that closes an interpolated window [s]."""
    rsa_edge: ClassVar[float] = 15.0
    """Seconds that the two filters of RSA need on either side."""
    breath_window: ClassVar[float] = 30.0
    """Seconds of beats behind one breathing rate."""

    def __post_init__(self) -> None:
        """Refuse windows that nothing can be computed in."""
        refuse_outside(
            self,
            lengths=("hr_window", "rmssd_window", "sdnn_window", "rsa_window", "silence"),
            shares=(
                "hr_cover",
                "cover",
                "corrected",
                "speech",
                "ectopic",
                "doubtful",
                "largest",
                "ectopic_by_time",
                "largest_by_time",
            ),
            counts=("rmssd_differences",),
        )
        if not SHORTEST_HF <= self.hf_window <= LONGEST_HF:
            raise ValueError(
                f"hf_window = {self.hf_window:g}: must be {SHORTEST_HF:g} to {LONGEST_HF:g} s, "
                "which one to three segments of the spectrum span"
            )
        if not LEAST_SPEECH_LAG <= self.speech_lag < float("inf"):
            raise ValueError(f"speech_lag = {self.speech_lag:g}: must be at least {LEAST_SPEECH_LAG:g} s")
        if not self.silence >= self.longest:
            raise ValueError(
                f"silence = {self.silence:g}: must be at least {self.longest:g} s, which lie between beats"
            )
        if not 0.0 <= self.breathing[0] < self.breathing[1]:
            raise ValueError(f"breathing = {list(self.breathing)}: must be two rates, the lower one first")
        if not self.breathing_per_beat > 0.0:
            raise ValueError(f"breathing_per_beat = {self.breathing_per_beat:g}: must be above 0")

    @property
    def cover_pct(self) -> float:
        """Return the share of a window that accepted intervals must cover [%]."""
        return 100.0 * self.cover

    @property
    def corrected_pct(self) -> float:
        """Return the largest share of beats that are not normal in a window of HF or RSA [%]."""
        return 100.0 * self.corrected

    @property
    def ectopic_pct(self) -> float:
        """Return the largest share of beats that are not normal in a window of RMSSD or SDNN [%]."""
        return 100.0 * self.ectopic

    @property
    def ectopic_by_time_pct(self) -> float:
        """Return the same where only the times of beats are known [%]."""
        return 100.0 * self.ectopic_by_time

    @property
    def hr_covered(self) -> float:
        """Return how much of its window accepted intervals must cover for a heart rate [s]."""
        return self.hr_cover * self.hr_window

    @property
    def judged(self) -> float:
        """Return how long after a beat the windows that end at it are settled [s]: a tick after its class."""
        return self.class_wait + 0.2

    @property
    def rmssd_reach(self) -> float:
        """Return how far back the interval of RMSSD learns from [s]."""
        return RMSSD_REACH * self.rmssd_window

    @property
    def kept(self) -> float:
        """Return how far back beats and speech are kept [s]: no window may reach further."""
        around_rsa = self.rsa_window + 2.0 * (self.rsa_edge + self.closing)
        longest = max(self.rmssd_reach, self.sdnn_window, self.hf_window, around_rsa)
        return max(300.0, 60.0 + longest)


@dataclass(frozen=True, slots=True, kw_only=True)
class RespirationConfig:
    """Hold what a breathing rate from a respiration stream must satisfy; limits are ours unless said."""

    stream: bool = True
    """Use a respiration stream where the session expects one; false: the heart's beats in its place."""
    tolerance: float = 0.10
    """Largest difference of the two estimates, as a share of the rate (never under `least`)."""
    least: float = 0.025
    """Difference of the two estimates that is always allowed [Hz]: 1.5 a minute."""
    regular: float = 0.35
    """Least share of the spectrum that lies within 0.05 Hz of its highest place; with the agreement it lets
    1-2 % of windows of noise pass (benchmarks/respiration.py)."""
    swing: float = 0.2
    """A breath must pass this share of the upper quartile of the excursions on both sides of the middle
    (Schäfer & Kratky 2008)."""
    hole: float = 1.0
    """A longer time without a sample is not bridged [s]; so long after its window a value is settled."""
    flat: float = 10.0
    """Seconds without any change that make the signal flat, as for EDA."""

    def __post_init__(self) -> None:
        """Refuse what no breathing rate can be computed with."""
        refuse_outside(
            self, from_zero=("tolerance", "least", "swing"), shares=("regular",), lengths=("flat",)
        )
        if not 0.0 < self.hole <= LONGEST_HOLE:
            raise ValueError(f"hole = {self.hole:g}: must be above 0 and at most {LONGEST_HOLE:g} s")
