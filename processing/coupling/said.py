"""The words of a statement about coupling: one sentence for the lane and for the report."""

from __future__ import annotations

import math

SO_FAR = "so far"
WHOLE_HOUR = "whole hour"
SHARED_CAUSE = "a shared cause looks the same"
"""What every positive statement carries."""
SHARED_CAUSE_SHORT = "or a shared cause"
NO_SPEECH = "no speech record"
"""Why coupling is not tested where it is not known who spoke."""


def in_short(lead: float) -> str:
    """Return who leads where coupling is stated: 1 the therapist, −1 the client, 0 nobody, nan not clear."""
    if math.isnan(lead):
        return "coupled"
    return "moved together" if lead == 0.0 else f"{'therapist' if lead > 0.0 else 'client'} leads"


def said(
    stated: float,
    *,
    p: float,
    when: str,
    used: float = math.nan,
    lead: float = math.nan,
    lag: float = math.nan,
    reason: str = "",
) -> str:
    """Return what is said about the coupling of one signal.

    Parameters
    ----------
    stated : float
        1 or 0; nan where it was not tested, for `reason`.
    p : float
    when : str
        What part of the session it is about.
    used : float
        Share of that part which it rests on, told where not all of it; nan to leave it out.
    lead : float
        1 the therapist leads, −1 the client, 0 moved together, nan no clear leader.
    lag : float
        Of the peak [s]; nan to leave it out.
    """
    if math.isnan(stated):
        return f"coupling was not tested: {reason or 'too few data'}"
    if not stated:
        return f"no coupling above chance was found, {when} (p {p_text(p)}{_of_it(used)})"
    return f"coupling above chance, {when} (p {p_text(p)}{_of_it(used)}): {_who(lead, lag)}; {SHARED_CAUSE}"


def _of_it(used: float) -> str:
    return f", from {100.0 * used:.0f} % of it" if used < 0.995 else ""


def _who(lead: float, lag: float) -> str:
    if math.isnan(lead):
        return "no clear leader"
    if lead == 0.0:
        return "moved together"
    first, second = ("therapist", "client") if lead > 0.0 else ("client", "therapist")
    by = "" if math.isnan(lag) else f" by {abs(lag):.1f} s"
    return f"the {second} following the {first}{by}"


def p_text(p: float) -> str:
    """Return a p with its sign, to three digits."""
    return "< 0.001" if p < 0.001 else f"= {p:.3f}"
