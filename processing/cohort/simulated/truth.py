"""What is true of a simulated cohort."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """Hold the truth of a cohort; where a number is one of many dyads, `_sd` is how much they differ.

    Parameters
    ----------
    dyads, sessions, dyads_of_therapist : int
        How many; each therapist has as many dyads.
    of_therapist : float
        Share of the variance between dyads (of what has a mean here) that is their therapists'.
    dropped : float
        Chance that a dyad ends after a session, from the third on; doubled after a session of little time
        within the band: whoever leaves can be told from what was recorded.
    sd_person, sd_session, sd_within : float
        Of ratings and of lnRMSSD at rest (without `within`): ICC(1) of one value a session is
        sd_person² / (sd_person² + sd_session²).
    ratings : int
        A session.
    day_sd : float
        SD of a day's offset of heart rate [bpm].
    edge, edge_sd, edge_slope, edge_slope_sd : float
        Upper tolerated edge [SD], its movement [SD a session]; `edge_slopes` are those of single dyads.
    labels : int
        A session; half of them near the edge.
    steepness : float
        Of the labels' curve [1/SD].
    slope, slope_sd, bend, bend_sd : float
        Of time within the band [% a session, % a session²].
    therapist_slope_sd : float
        How much the slopes of one therapist's dyads differ together from those of others.
    coupling, coupling_sd, hour_sd : float
        What a dyad has beyond pseudo-dyads, in |atanh r|; what an hour has with whomever.
    lag, lag_sd : float
        Of stated coupling [s]; `lags` are those of single dyads.
    latency, latency_sd : float
        Median time until an answer [s], its SD over therapists on the logarithm; `latencies` of single ones.
    shown_late, shown_late_sd, shown_far_share, shown_far : float
        How much later an excursion begins in the index than without error of measurement [s]: mean and SD,
        and the share of those that are up to `shown_far` s off besides, as in 12 whole sessions of 50 min.
    steadiness, steadiness_sd : float
        ln odds of the way back in 5 s per SD of the therapist's steadiness.
    response, response_sd, response_session_sd : float
        What follows int_support beyond matched moments [SD]; `_sd` over dyads and over sessions.
    minutes : (float, float)
        Of supportive and change-oriented work a session.
    begun_out, begun_out_sd : float
        Share of interventions that began in an excursion, and how much dyads differ in it.
    carried, within, between, fed_back : float
        outcome(s + 1) = carried · outcome(s) + within · (process − mean) + between · mean; `within_sd`: how
        much dyads differ in `within`; `fed_back`: what today's outcome adds to today's process.
    """

    dyads: int = 12
    sessions: int = 8
    dyads_of_therapist: int = 1
    of_therapist: float = 0.0
    dropped: float = 0.0
    sd_person: float = 1.0
    sd_session: float = 1.0
    sd_within: float = 1.0
    ratings: int = 4
    day_sd: float = 4.0
    edge: float = 1.5
    edge_sd: float = 0.4
    edge_slope: float = 0.0
    edge_slope_sd: float = 0.1
    edge_slopes: tuple[float, ...] = ()
    labels: int = 20
    steepness: float = 2.0
    slope: float = 0.0
    slope_sd: float = 1.0
    bend: float = 0.0
    bend_sd: float = 0.0
    therapist_slope_sd: float = 0.0
    coupling: float = 0.0
    coupling_sd: float = 0.005
    hour_sd: float = 0.01
    lag: float = 0.0
    lag_sd: float = 0.5
    lags: tuple[float, ...] = ()
    latency: float = 30.0
    latency_sd: float = 0.3
    latencies: tuple[float, ...] = ()
    excursions: int = 6
    shown_late: float = 2.0
    shown_late_sd: float = 2.0
    shown_far_share: float = 0.12
    shown_far: float = 50.0
    steadiness: float = 0.0
    steadiness_sd: float = 0.1
    response: float = 0.0
    response_sd: float = 0.2
    response_session_sd: float = 0.2
    minutes: tuple[float, float] = (8.0, 5.0)
    begun_out: float = 0.3
    begun_out_sd: float = 0.0
    carried: float = 0.5
    within: float = 0.0
    within_sd: float = 0.0
    between: float = 0.0
    fed_back: float = 0.0


KNOWN = Truth(
    dyads=3,
    sessions=4,
    edge_slopes=(0.7, 0.0, -0.7),
    latencies=(15.0, 60.0, 30.0),
    lags=(3.0, 0.0, -3.0),
    labels=60,
    excursions=20,
)
"""Twelve sessions of three dyads: edges that move up, not, and down; therapists, nobody and clients lead."""
